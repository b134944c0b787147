/* SPDX-License-Identifier: MIT
 * user/lib/output.c: what programs print, and the calls that must look after the buffer.
 *
 * Gives: printf, which collects characters until a line is complete; warn, fail and usage, which
 *        do not wait. A process that is forked or replaced leaves nothing in the buffer that
 *        could come out twice or never.
 */
#include "user/lib/user.h"

static struct {
    char text[256];
    u32 used;
} line;

i32 write_all(i32 fd, const void *data, u32 size) {
    const char *next = data;

    while (size > 0) {
        i32 n = write(fd, next, size);

        if (n < 0) return n;
        next += n;
        size -= (u32)n;
    }
    return 0;
}

void flush(void) {
    u32 used = line.used;

    line.used = 0; /* before exit below, which flushes */
    if (write_all(STDOUT, line.text, used) < 0) exit(EXIT_FAILURE);
}

static void put(void *context, const char *text, size_t length) {
    (void)context;
    for (size_t i = 0; i < length; i++) {
        line.text[line.used++] = text[i];
        if (text[i] == '\n' || line.used == sizeof(line.text)) flush();
    }
}

void printf(const char *format, ...) {
    va_list args;

    va_start(args, format);
    vformat(put, NULL, format, args);
    va_end(args);
}

/* "LABEL: text" as one write; text that does not fit is cut off. */
PRINTF_LIKE(2, 0)
static void complain(const char *label, const char *format, va_list args) {
    char text[256];
    int used = snprintf(text, sizeof(text), "%.31s: ", label);
    int length = used + vsnprintf(text + used, sizeof(text) - used, format, args);

    if (length > (int)sizeof(text) - 1) length = sizeof(text) - 1;
    text[length] = '\n'; /* in place of the zero */
    flush();
    write_all(STDERR, text, length + 1);
}

void warn(const char *format, ...) {
    va_list args;

    va_start(args, format);
    complain(program_name, format, args);
    va_end(args);
}

void fail(const char *format, ...) {
    va_list args;

    va_start(args, format);
    complain(program_name, format, args);
    va_end(args);
    exit(EXIT_FAILURE);
}

void usage(const char *text) {
    flush();
    write_all(STDERR, "usage: ", 7);
    write_all(STDERR, text, strlen(text));
    write_all(STDERR, "\n", 1);
    exit(EXIT_USAGE);
}

void exit(i32 status) {
    flush();
    for (;;) syscall3(SYS_exit, (u32)status, 0, 0);
}

i32 fork(void) {
    flush();
    return syscall3(SYS_fork, 0, 0, 0);
}

i32 exec(const char *path, char *const argv[]) {
    flush();
    return syscall3(SYS_exec, (u32)path, (u32)argv, 0);
}
