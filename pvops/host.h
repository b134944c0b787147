/* SPDX-License-Identifier: MIT
 * pvops/host.h: what pvops/ needs from the kernel that it is linked into.
 */
#ifndef PVOPS_HOST_H
#define PVOPS_HOST_H

#include "lib/types.h"

/* Formatted text to the console; any time. */
void printk(const char *format, ...) PRINTF_LIKE(1, 2);

/* Says why and ends the machine. */
NORETURN void panic(const char *format, ...) PRINTF_LIKE(1, 2);

/* The function that holds an address, and how far into it; "?" if none does. */
const char *ksym(va_t address, u32 *offset);

#endif
