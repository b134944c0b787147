/* SPDX-License-Identifier: MIT
 * lib/cmdline.c: takes a kernel command line apart. The contracts are in lib/cmdline.h.
 */
#include "lib/cmdline.h"

static bool
is_blank(char character)
{
    return character == ' ' || character == '\t';
}

/* Appends to the text in `array`, of `*length` characters, if it fits; else notes the cut. */
static void
append(struct cmdline_option *option, char *array, size_t size, size_t *length, char character)
{
    if (*length < size - 1)
        array[(*length)++] = character;
    else
        option->truncated = true;
}

bool
cmdline_next(const char **cursor, struct cmdline_option *option)
{
    const char *at = *cursor;
    size_t key_length = 0, value_length = 0;
    bool quoted = false;

    option->has_value = option->truncated = false;
    while (is_blank(*at))
        at++;

    bool found = *at != '\0';

    for (; *at != '\0' && (quoted || !is_blank(*at)); at++) {
        if (*at == '"') {
            quoted = !quoted;
            continue;
        }
        if (*at == '=' && !option->has_value) {
            option->has_value = true;
            continue;
        }
        if (*at == '\\' && (at[1] == '\\' || at[1] == '\'' || at[1] == '"'))
            at++;
        if (option->has_value)
            append(option, option->value, sizeof(option->value), &value_length, *at);
        else
            append(option, option->key, sizeof(option->key), &key_length, *at);
    }
    option->key[key_length] = '\0';
    option->value[value_length] = '\0';
    *cursor = at;
    return found;
}

const char *
cmdline_skip_name(const char *line)
{
    struct cmdline_option first;
    const char *behind = line;

    return cmdline_next(&behind, &first) && !first.has_value ? behind : line;
}
