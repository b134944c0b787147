/* SPDX-License-Identifier: MIT
 * lib/cmdline.c: takes a kernel command line apart. The contracts are in lib/cmdline.h.
 */
#include "lib/cmdline.h"

bool cmdline_next(const char **cursor, struct cmdline_option *option) {
    const char *at = *cursor;
    bool quoted = false;

    *option = (struct cmdline_option){.has_value = false};
    while (*at == ' ' || *at == '\t') at++;

    bool found = *at != '\0';
    char *to = option->key, *last = to + sizeof(option->key) - 1; /* `last` is for the zero */

    for (; *at != '\0' && (quoted || (*at != ' ' && *at != '\t')); at++) {
        bool escaped = *at == '\\' && (at[1] == '\\' || at[1] == '\'' || at[1] == '"');

        at += escaped;
        if (*at == '"' && !escaped) {
            quoted = !quoted;
        } else if (*at == '=' && !option->has_value) {
            option->has_value = true;
            to = option->value;
            last = to + sizeof(option->value) - 1;
        } else if (to < last) {
            *to++ = *at;
        } else {
            option->truncated = true;
        }
    }
    *cursor = at;
    return found;
}

const char *cmdline_skip_name(const char *line) {
    struct cmdline_option first;
    const char *behind = line;

    return cmdline_next(&behind, &first) && !first.has_value ? behind : line;
}
