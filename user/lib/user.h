/* SPDX-License-Identifier: MIT
 * user/lib/user.h: the C library of the programs: system calls, printing, lines, numbers.
 *
 * Runs:  ring 3.
 * Gives: main(argc, argv) is called by crt0.asm; what it returns is the exit status. No errno:
 *        whatever can fail returns a negated error number. No malloc: sbrk gives memory.
 * Read first: lib/abi.h.
 */
#ifndef USER_LIB_USER_H
#define USER_LIB_USER_H

#include "lib/format.h"
#include "lib/string.h"
#include "user/lib/snprintf.h"
#include "user/lib/syscall.h"

#define STDIN  0
#define STDOUT 1
#define STDERR 2

#define EXIT_FAILURE 1
#define EXIT_USAGE   2

int main(int argc, char **argv);

/* argv[0], set before main. */
extern const char *program_name;

/* The three calls that must not lose or double what waits in the output buffer. */
NORETURN void exit(i32 status);
i32 fork(void);
i32 exec(const char *path, char *const argv[]);

/* To standard output. A line is one write, so that lines of several processes do not mix.
 * When nobody can read it any more, the program ends with EXIT_FAILURE. */
PRINTF_LIKE(1, 2) void printf(const char *format, ...);

/* Writes out an unfinished line, a prompt for example. */
void flush(void);

/* "NAME: text" as a line on standard error; fail ends the program with EXIT_FAILURE then. */
PRINTF_LIKE(1, 2) void warn(const char *format, ...);
PRINTF_LIKE(1, 2) NORETURN void fail(const char *format, ...);

/* "usage: text" on standard error, and EXIT_USAGE. */
NORETURN void usage(const char *text);

/* Writes all of it, in as many calls as that takes. 0, or a negated error number. */
i32 write_all(i32 fd, const void *data, u32 size);

/* Reads one line, without its end, of at most size - 1 characters. Takes single bytes, so that
 * whoever shares `fd` finds what comes after it. Returns 1; 0 at the end of the file; -E2BIG if
 * the line was longer (all of it has been read); or another negated error number. */
i32 read_line(i32 fd, char *line, u32 size);

/* A decimal number from 0 to 2^31 - 1 and nothing else; false if `text` is not one. */
bool parse_number(const char *text, i32 *number);

/* Says what a result from -1 to -4095 means: "no such file (ENOENT)". Never NULL. */
const char *error_name(i32 result);

#endif
