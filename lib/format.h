/* SPDX-License-Identifier: MIT
 * lib/format.h: the one printf core, below printk, hv-stub's log and the programs' printf.
 *
 * Runs:  anywhere. Takes no memory but about 200 bytes of stack.
 * Gives: %d %u %x, for 64 bits %lld %llu %llx, %s and %%, with C's meaning. Behind the % may stand
 *        `-`, `0` (for numbers: at most 20 digits) and a width; for %s also a precision. Both are
 *        digits or `*`. A NULL for %s prints (null). A directive that is none of these is printed
 *        as it stands and takes no argument but those of a `*`.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include "lib/types.h"

/* Takes the next `length` (> 0) characters of the output; they are not zero-terminated. */
typedef void (*format_sink)(void *context, const char *text, size_t length);

/* Sends the text to `sink` in as few runs as possible: 64 characters, the last one what is left.
 * Returns the number of characters. */
PRINTF_LIKE(3, 0) size_t vformat(format_sink sink, void *context, const char *format, va_list args);

#endif
