/* SPDX-License-Identifier: MIT
 * user/sh/sh.h: the parts of the shell and what they hand to each other.
 *
 * Gives: a line goes from sh.c (reads it) to parse.c (takes it apart, a pipeline at a time) to
 *        run.c (starts processes and waits for them), which asks builtin.c first; jobs.c
 *        keeps what runs in the background.
 */
#ifndef USER_SH_SH_H
#define USER_SH_SH_H

#include "user/lib/user.h"

#define LINE_MAX     512
#define PIPELINE_MAX 8 /* commands in a pipeline */

#define STATUS_NOT_FOUND   127
#define STATUS_NOT_STARTED 126

struct command {
    i32 argc;
    char *argv[ARGC_MAX + 1]; /* ends with NULL */
    char *input;              /* what follows `<`, or NULL */
};

struct pipeline {
    struct command commands[PIPELINE_MAX];
    u32 count;       /* 0 for an empty one */
    bool background; /* ends with `&` */
    u32 used;
    char text[2 * LINE_MAX]; /* the words, each with its zero */
};

/* Takes the next pipeline off the line and moves *line behind it; an empty one has count 0. `$?`
 * becomes `status`. Returns NULL, or what is wrong with the syntax. */
const char *parse_pipeline(const char **line, i32 status, struct pipeline *pipeline);

/* Runs a whole line, or nothing of it if its syntax is wrong; sets last_status. */
void run_line(const char *line);

/* The exit status of what ran last, `$?`. */
extern i32 last_status;

/* The built-in command of this name, or NULL. It returns its exit status. */
typedef i32 (*builtin)(const struct command *command);
builtin find_builtin(const char *name);

#endif
