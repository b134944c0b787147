/* SPDX-License-Identifier: MIT
 * user/sh/run.c: starts the processes of a pipeline and connects them.
 *
 * Needs: descriptors 0, 1 and 2 open, no other one.
 * Gives: the shell itself keeps no end of a pipe open, or its readers would never see the end.
 */
#include "user/sh/sh.h"
#include "user/sh/jobs.h"

i32 last_status;

/* Makes `target`, the lowest descriptor that is free once closed, mean what `fd` means. */
static void move_descriptor(i32 fd, i32 target) {
    if (fd == target) return;
    close(target);
    dup(fd);
    close(fd);
}

static void redirect_input(const char *path) {
    i32 fd = open(path);

    if (fd < 0) fail("%s: %s", path, error_name(fd));
    move_descriptor(fd, STDIN);
}

/* In the child: becomes the command. */
NORETURN static void run_command(const struct command *command) {
    const char *name = command->argv[0];
    builtin function = find_builtin(name);
    i32 error;

    if (command->input != NULL) redirect_input(command->input);
    if (function != NULL) exit(function(command));
    error = exec(name, command->argv);
    if (error == -ENOENT) {
        warn("%s: not found", name);
        exit(STATUS_NOT_FOUND);
    }
    warn("%s: %s", name, error_name(error));
    exit(STATUS_NOT_STARTED);
}

/* Forks. `next_input`, if not -1, belongs to the command behind this one. */
static i32 start_command(const struct command *command, i32 input, i32 output, i32 next_input) {
    i32 pid = fork();

    if (pid != 0) return pid;
    if (next_input != -1) close(next_input);
    move_descriptor(input, STDIN);
    move_descriptor(output, STDOUT);
    run_command(command);
}

/* A descriptor that is at its end already, so that a command in the background does not take
 * lines away from the shell. */
static i32 empty_input(void) {
    i32 fds[2];
    i32 error = pipe(fds);

    if (error < 0) return error;
    close(fds[1]);
    return fds[0];
}

/* Starts commands[0..n) and returns n: all of them, or as many as could be started. */
static u32 start_pipeline(const struct pipeline *pipeline, i32 pids[PIPELINE_MAX]) {
    i32 input = pipeline->background ? empty_input() : STDIN;

    for (u32 n = 0; n < pipeline->count; n++) {
        const struct command *command = &pipeline->commands[n];
        i32 fds[2] = {-1, STDOUT};
        i32 result = input < 0 ? input : 0;

        if (result == 0 && n + 1 < pipeline->count) result = pipe(fds);
        if (result == 0) result = start_command(command, input, fds[1], fds[0]);
        if (input > STDIN) close(input);
        if (fds[1] != STDOUT) close(fds[1]);
        input = fds[0];
        if (result < 0) {
            if (input != -1) close(input);
            warn("cannot start %s: %s", command->argv[0], error_name(result));
            return n;
        }
        pids[n] = result;
    }
    return pipeline->count;
}

/* Waits for commands[0..count); whatever else ends meanwhile is noted for later. */
static void wait_foreground(const struct pipeline *pipeline, const i32 pids[PIPELINE_MAX],
                            u32 count) {
    for (u32 left = count; left > 0;) {
        i32 status;
        i32 pid = wait(-1, &status, 0);
        u32 n = 0;

        if (pid < 0) return;
        while (n < count && pids[n] != pid) n++;
        if (n == count) {
            job_ended(pid, status);
            continue;
        }
        if (status > STATUS_NOT_FOUND)
            warn("%s: %s (%d)", pipeline->commands[n].argv[0], status_phrase(status), status);
        if (n == pipeline->count - 1) last_status = status;
        left--;
    }
}

static void run_pipeline(const struct pipeline *pipeline) {
    const struct command *first = &pipeline->commands[0];
    builtin function = find_builtin(first->argv[0]);
    i32 pids[PIPELINE_MAX];
    u32 started;

    if (function != NULL && pipeline->count == 1 && !pipeline->background) {
        last_status = function(first);
        return;
    }
    if (pipeline->background && !job_possible()) {
        warn("too many commands in the background");
        last_status = EXIT_FAILURE;
        return;
    }
    started = start_pipeline(pipeline, pids);
    last_status = started == pipeline->count ? 0 : EXIT_FAILURE;
    if (pipeline->background && last_status == 0)
        job_started(pids[started - 1], pipeline->commands[started - 1].argv[0]);
    else
        wait_foreground(pipeline, pids, started);
}

/* Parses the whole line, and runs it as well if told so. Returns what is wrong, or NULL. */
static const char *walk_line(const char *line, bool run) {
    struct pipeline pipeline;

    while (*line != '\0') {
        const char *error = parse_pipeline(&line, last_status, &pipeline);

        if (error != NULL) return error;
        if (run && pipeline.count > 0) run_pipeline(&pipeline);
    }
    return NULL;
}

void run_line(const char *line) {
    const char *error = walk_line(line, false);

    if (error == NULL) error = walk_line(line, true);
    if (error != NULL) {
        warn("%s", error);
        last_status = EXIT_USAGE;
    }
}
