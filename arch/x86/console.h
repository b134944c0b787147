/* SPDX-License-Identifier: MIT
 * arch/x86/console.h: the devices behind native's console. Private to arch/x86.
 *
 * Each init function makes its device ready; each read returns the next byte, or CONSOLE_EMPTY.
 */
#ifndef ARCH_X86_CONSOLE_H
#define ARCH_X86_CONSOLE_H

#include "lib/types.h"

void uart_init(void);
void uart_write(const char *text, u32 length);
void uart_drain(void); /* until all of it has left the machine */
u32 uart_read(void);

void vga_init(void);
void vga_write(const char *text, u32 length);

void ps2_init(void);
u32 ps2_read(void);

#endif
