/* SPDX-License-Identifier: MIT
 * user/lib/snprintf.h: formatted text into memory, for programs and tests; the kernel has no use
 * for it.
 *
 * Read first: lib/format.h.
 */
#ifndef USER_LIB_SNPRINTF_H
#define USER_LIB_SNPRINTF_H

#include "lib/format.h"

/* Writes at most size - 1 characters and a zero; nothing if size is 0. Returns the length of
 * the whole text, so it was cut short if that is >= size. */
PRINTF_LIKE(3, 0) int vsnprintf(char *buffer, size_t size, const char *format, va_list args);
PRINTF_LIKE(3, 4) int snprintf(char *buffer, size_t size, const char *format, ...);

#endif
