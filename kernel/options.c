/* SPDX-License-Identifier: MIT
 * kernel/options.c: the command line: which keys there are, and what they may be.
 *
 * Runs:  once, at boot, before the console and the backend are chosen.
 * Gives: `options`. A key that nobody knows is named and skipped.
 * Read first: lib/cmdline.h.
 */
#include "kernel/kernel.h"
#include "lib/cmdline.h"

struct options options = {
    .pv = "auto", .patch = "on", .lazy = "on", .extensions = "on", .console = "both"};

static const struct {
    const char *key;
    char *value;
    u32 size;
    const char *choices; /* words between bars, or NULL: anything */
} keys[] = {
    {"pv", options.pv, sizeof options.pv, NULL},
    {"pv.patch", options.patch, sizeof options.patch, "|on|off|count|poison|"},
    {"pv.lazy", options.lazy, sizeof options.lazy, "|on|off|"},
    {"pv.ext", options.extensions, sizeof options.extensions, "|on|off|"},
    {"console", options.console, sizeof options.console, "|serial|vga|both|"},
    {"run", options.run, sizeof options.run, NULL},
};

/* Is `value` one of the words in `choices`? */
static bool allowed(const char *value, const char *choices) {
    size_t length = strlen(value);

    if (!choices) return true;
    for (const char *word = choices + 1; *word; word = strchr(word, '|') + 1)
        if (strncmp(word, value, length) == 0 && word[length] == '|') return !strchr(value, '|');
    return false;
}

static void set(const struct cmdline_option *option) {
    for (u32 i = 0; i < ARRAY_SIZE(keys); i++) {
        if (strcmp(option->key, keys[i].key) != 0) continue;
        if (option->truncated || strlen(option->value) >= keys[i].size)
            printk("command line: the value of %s= is too long; ignored\n", option->key);
        else if (!allowed(option->value, keys[i].choices))
            printk("command line: %s=%s is none of %s; ignored\n", option->key, option->value,
                   keys[i].choices);
        else
            strlcpy(keys[i].value, option->value, keys[i].size);
        return;
    }
    printk("command line: nobody knows '%s'; ignored\n", option->key);
}

void options_parse(const char *cmdline) {
    struct cmdline_option option;

    cmdline = cmdline_skip_name(cmdline);
    while (cmdline_next(&cmdline, &option)) set(&option);
}
