/* SPDX-License-Identifier: MIT
 * user/lib/snprintf.c: formatted text into memory. The contracts are in user/lib/snprintf.h.
 */
#include "user/lib/snprintf.h"

struct buffer {
    char *next;
    size_t room; /* without the final zero */
};

static void to_buffer(void *context, const char *text, size_t length) {
    struct buffer *buffer = context;

    for (; length > 0 && buffer->room > 0; length--, buffer->room--) *buffer->next++ = *text++;
}

int vsnprintf(char *text, size_t size, const char *format, va_list args) {
    struct buffer buffer = {.next = text, .room = size > 0 ? size - 1 : 0};
    size_t length = vformat(to_buffer, &buffer, format, args);

    if (size > 0) *buffer.next = '\0';
    return (int)length;
}

int snprintf(char *text, size_t size, const char *format, ...) {
    va_list args;

    va_start(args, format);
    int length = vsnprintf(text, size, format, args);
    va_end(args);
    return length;
}
