/* SPDX-License-Identifier: MIT
 * lib/string.c: memory and strings. The contracts are in lib/string.h.
 *
 * Copying and filling are inline asm also because the compiler may make a call of memcpy of a C
 * loop that copies, which here would be a call of the function itself.
 */
#include "lib/string.h"

void *memcpy(void *to, const void *from, size_t count) {
    void *next = to;
    size_t words = count / 4, bytes = count % 4;

    asm volatile("rep movsl" : "+D"(next), "+S"(from), "+c"(words) : : "memory");
    asm volatile("rep movsb" : "+D"(next), "+S"(from), "+c"(bytes) : : "memory");
    return to;
}

/* memcpy copies upwards, which is safe unless `to` lies inside the range to be copied: then the
 * subtraction, which wraps for `to` below `from`, is less than `count`. Downwards is rare, so a
 * plain loop will do, and DF stays 0. `volatile` keeps the compiler from seeing a memmove. */
void *memmove(void *to, const void *from, size_t count) {
    if ((uintptr_t)to - (uintptr_t)from >= count) return memcpy(to, from, count);
    while (count-- > 0) ((volatile u8 *)to)[count] = ((const u8 *)from)[count];
    return to;
}

void *memset(void *to, int byte, size_t count) {
    void *next = to;
    size_t words = count / 4, bytes = count % 4;

    asm volatile("rep stosl" : "+D"(next), "+c"(words) : "a"((u8)byte * 0x01010101u) : "memory");
    asm volatile("rep stosb" : "+D"(next), "+c"(bytes) : "a"(byte) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t count) {
    const u8 *x = a, *y = b;

    for (; count > 0; count--, x++, y++)
        if (*x != *y) return *x - *y;
    return 0;
}

size_t strlen(const char *text) { return (size_t)(strchr(text, '\0') - text); }

int strcmp(const char *a, const char *b) { return strncmp(a, b, SIZE_MAX); }

int strncmp(const char *a, const char *b, size_t count) {
    for (; count > 0; count--, a++, b++)
        if (*a != *b || *a == '\0') return (u8)*a - (u8)*b;
    return 0;
}

char *strchr(const char *text, int wanted) {
    for (; *text != (char)wanted; text++)
        if (*text == '\0') return NULL;
    return (char *)text;
}

size_t strlcpy(char *restrict to, const char *restrict from, size_t size) {
    size_t length = strlen(from);
    size_t copied = length < size ? length : size - 1;

    if (size > 0) {
        memcpy(to, from, copied);
        to[copied] = '\0';
    }
    return length;
}
