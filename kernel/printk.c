/* SPDX-License-Identifier: MIT
 * kernel/printk.c: formatted text to the console.
 *
 * Runs:  any time, from the first line of kernel_main; interrupts on or off.
 * Read first: lib/format.h.
 */
#include "kernel/kernel.h"
#include "lib/format.h"

static void to_console(void *context, const char *text, size_t length) {
    console_write(text, length);
}

void vprintk(const char *format, va_list args) { vformat(to_console, NULL, format, args); }

void printk(const char *format, ...) {
    va_list args;

    va_start(args, format);
    vprintk(format, args);
    va_end(args);
}
