/* SPDX-License-Identifier: MIT
 * user/sh/parse.c: takes a command line apart. Calls nothing that has an effect.
 *
 *     line     = [pipeline] { (";" | "&") [pipeline] }
 *     pipeline = command { "|" command }
 *     command  = word { word } [ "<" word ], the last two in any order
 *     word     = any of: characters, "..." (with `$?`), '...' (as it stands)
 */
#include "user/sh/sh.h"

static const char *skip_blanks(const char *p) {
    while (*p == ' ' || *p == '\t') p++;
    return p;
}

static bool ends_word(char c) {
    return strchr(" \t;&|<", c) != NULL; /* the final zero counts as one of them */
}

static bool store(struct pipeline *pipeline, char c) {
    if (pipeline->used == sizeof(pipeline->text)) return false;
    pipeline->text[pipeline->used++] = c;
    return true;
}

static bool store_number(struct pipeline *pipeline, i32 number) {
    char digits[12];

    snprintf(digits, sizeof(digits), "%d", number);
    for (const char *d = digits; *d != '\0'; d++) {
        if (!store(pipeline, *d)) return false;
    }
    return true;
}

/* Stores the word at *line and moves behind it; *word is where it begins. */
static const char *parse_word(const char **line, i32 status, struct pipeline *pipeline,
                              char **word) {
    const char *p = *line;
    char quote = '\0';
    bool fits = true;

    *word = pipeline->text + pipeline->used;
    for (; *p != '\0' && (quote != '\0' || !ends_word(*p)); p++) {
        if (*p == quote) {
            quote = '\0';
        } else if (quote == '\0' && (*p == '"' || *p == '\'')) {
            quote = *p;
        } else if (quote != '\'' && p[0] == '$' && p[1] == '?') {
            fits = fits && store_number(pipeline, status);
            p++;
        } else {
            fits = fits && store(pipeline, *p);
        }
    }
    *line = p;
    if (quote != '\0') return quote == '"' ? "a \" without its partner" : "a ' without its partner";
    return fits && store(pipeline, '\0') ? NULL : "the line is too long";
}

/* Adds the word or the `< word` at *line to the command. */
static const char *parse_argument(const char **line, i32 status, struct pipeline *pipeline,
                                  struct command *command) {
    bool input = **line == '<';

    if (input) {
        *line = skip_blanks(*line + 1);
        if (ends_word(**line)) return "no file name after <";
        return parse_word(line, status, pipeline, &command->input);
    }
    if (command->argc == ARGC_MAX) return "too many arguments";
    return parse_word(line, status, pipeline, &command->argv[command->argc++]);
}

static const char *parse_command(const char **line, i32 status, struct pipeline *pipeline,
                                 struct command *command) {
    const char *error = NULL;

    command->argc = 0;
    command->input = NULL;
    *line = skip_blanks(*line);
    while (error == NULL && (**line == '<' || !ends_word(**line))) {
        error = parse_argument(line, status, pipeline, command);
        *line = skip_blanks(*line);
    }
    command->argv[command->argc] = NULL;
    if (error == NULL && command->argc == 0 && command->input != NULL) return "no command for <";
    return error;
}

/* Moves behind what ends a pipeline. An empty one may be ended by nothing but `;`. */
static const char *parse_end(const char **line, struct pipeline *pipeline) {
    if (pipeline->count > 0 && pipeline->commands[pipeline->count - 1].argc == 0) pipeline->count--;
    if (**line == '&') {
        if (pipeline->count == 0) return "no command before &";
        pipeline->background = true;
    }
    if (**line != '\0') (*line)++;
    return NULL;
}

const char *parse_pipeline(const char **line, i32 status, struct pipeline *pipeline) {
    pipeline->count = 0;
    pipeline->used = 0;
    pipeline->background = false;
    for (;;) {
        struct command *command = &pipeline->commands[pipeline->count++];
        const char *error = parse_command(line, status, pipeline, command);

        if (error != NULL) return error;
        if (command->argc == 0 && (**line == '|' || pipeline->count > 1))
            return "no command next to |";
        if (**line != '|') return parse_end(line, pipeline);
        if (pipeline->count == PIPELINE_MAX) return "too many commands in a pipeline";
        (*line)++;
    }
}
