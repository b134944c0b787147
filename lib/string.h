/* SPDX-License-Identifier: MIT
 * lib/string.h: memory and strings, with the names and meanings of the C library.
 *
 * Runs:  anywhere. The compiler itself calls memcpy, memmove, memset and memcmp.
 * Needs: DF=0, as the ABI promises; so a trap handler must begin with `cld`.
 * Gives: copying and filling by four bytes an instruction, as costs are counted in instructions.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

/* The two ranges of memcpy must not overlap; those of memmove may. */
void *memcpy(void *to, const void *from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int byte, size_t count);
int memcmp(const void *a, const void *b, size_t count);

size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t count);

/* The first `wanted` in `text`, its final zero included, or NULL. */
char *strchr(const char *text, int wanted);

/* Copies at most size - 1 characters and a zero; nothing if size is 0. Returns strlen(from), so
 * the copy was cut short if that is >= size. */
size_t strlcpy(char *restrict to, const char *restrict from, size_t size);

#endif
