/* SPDX-License-Identifier: MIT
 * lib/format.h: the one printf core, below printk, hv-stub's log and the programs' printf.
 *
 * Runs:  anywhere. Takes no memory but about 100 bytes of stack.
 * Gives: %d %i %u %x %X %c %s %p %% with the flags `-` and `0`, width and precision (digits
 *        or `*`) and the lengths l, ll and z, all with C's meaning. %p is 0x and every digit of
 *        a pointer. A NULL for %s prints (null). A directive that is none of these is printed
 *        as it stands and takes no argument.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include "lib/types.h"

/* Takes the next `length` (> 0) characters of the output; they are not zero-terminated. */
typedef void (*format_sink)(void *context, const char *text, size_t length);

/* Sends the text to `sink`, in runs as long as possible. Returns the number of characters. */
PRINTF_LIKE(3, 0)
size_t vformat(format_sink sink, void *context, const char *format, va_list args);

/* Writes at most size - 1 characters and a zero; nothing if size is 0. Returns the length of
 * the whole text, so it was cut short if that is >= size. */
PRINTF_LIKE(3, 0) int vsnprintf(char *buffer, size_t size, const char *format, va_list args);
PRINTF_LIKE(3, 4) int snprintf(char *buffer, size_t size, const char *format, ...);

#endif
