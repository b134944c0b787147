/* SPDX-License-Identifier: MIT
 * lib/cmdline.h: takes a kernel command line apart.
 *
 * Runs:  anywhere, on a zero-terminated line of any content.
 * Gives: its options one by one. Words are separated by spaces and tabs. Double quotes hold
 *        blanks together wherever they stand, so key="a b" and "key=a b", which is what GRUB
 *        makes of it, are the same; a quote without its partner runs to the end. GRUB also puts
 *        a backslash before \ ' and ", which is taken away again; any other one is kept.
 */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include "lib/types.h"

struct cmdline_option {
    char key[32];    /* up to the first '=' */
    char value[256]; /* behind it; "" without one */
    bool has_value;  /* there was a '=' */
    bool truncated;  /* key or value was longer than its array and was cut */
};

/* Reads the option at *cursor and moves *cursor behind it; false at the end of the line. */
bool cmdline_next(const char **cursor, struct cmdline_option *option);

/* Returns `line` behind its first word if that has no '=', as a loader puts the kernel's file
 * name there, else `line` itself. */
const char *cmdline_skip_name(const char *line);

#endif
