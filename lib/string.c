/* SPDX-License-Identifier: MIT
 * lib/string.c: memory and strings. The contracts are in lib/string.h.
 *
 * Copying and filling are inline asm also because the compiler may make a call of memcpy of a C
 * loop that copies, which here would be a call of the function itself.
 */
#include "lib/string.h"

/* Copies upwards, so the ranges may overlap if `to` is the lower one. */
static void
copy_up(void *to, const void *from, size_t count)
{
    size_t words = count / 4, bytes = count % 4;

    asm volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

/* Copies downwards. Rare, so a plain loop will do, and DF stays 0. The empty asm keeps the
 * compiler from seeing a memmove in it. */
static void
copy_down(u8 *to, const u8 *from, size_t count)
{
    while (count-- > 0) {
        to[count] = from[count];
        asm volatile("" : : : "memory");
    }
}

void *
memcpy(void *restrict to, const void *restrict from, size_t count)
{
    copy_up(to, from, count);
    return to;
}

/* The subtraction wraps when `to` is below `from`, so one comparison finds both safe cases. */
void *
memmove(void *to, const void *from, size_t count)
{
    if ((uintptr_t)to - (uintptr_t)from >= count)
        copy_up(to, from, count);
    else
        copy_down(to, from, count);
    return to;
}

void *
memset(void *to, int byte, size_t count)
{
    void *cursor = to;
    u32 pattern = (u8)byte * 0x01010101u;
    size_t words = count / 4, bytes = count % 4;

    asm volatile("rep stosl" : "+D"(cursor), "+c"(words) : "a"(pattern) : "memory");
    asm volatile("rep stosb" : "+D"(cursor), "+c"(bytes) : "a"(pattern) : "memory");
    return to;
}

int
memcmp(const void *a, const void *b, size_t count)
{
    const u8 *x = a, *y = b;

    for (; count > 0; count--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

size_t
strlen(const char *text)
{
    const char *end = text;

    while (*end != '\0')
        end++;
    return (size_t)(end - text);
}

int
strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

int
strncmp(const char *a, const char *b, size_t count)
{
    for (; count > 0; count--, a++, b++)
        if (*a != *b || *a == '\0')
            return (u8)*a - (u8)*b;
    return 0;
}

char *
strchr(const char *text, int wanted)
{
    for (; *text != (char)wanted; text++)
        if (*text == '\0')
            return NULL;
    return (char *)text;
}

size_t
strlcpy(char *restrict to, const char *restrict from, size_t size)
{
    size_t length = strlen(from);

    if (size > 0) {
        size_t copied = length < size ? length : size - 1;

        memcpy(to, from, copied);
        to[copied] = '\0';
    }
    return length;
}
