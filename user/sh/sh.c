/* SPDX-License-Identifier: MIT
 * user/sh/sh.c: the shell, reading lines from a person or from -c.
 *
 * Runs:  as process 1, started by the kernel, or from another shell.
 * Gives: its exit status is that of the last command. When process 1 ends, the kernel powers off
 *        with that status.
 */
#include "user/sh/sh.h"
#include "user/sh/jobs.h"

/* Reads and runs lines until there are no more. */
static void interact(void) {
    static const char prompt[] = "paravane$ ";
    char line[LINE_MAX];
    i32 result;

    for (;;) {
        jobs_report();
        write_all(STDERR, prompt, sizeof(prompt) - 1);
        result = read_line(STDIN, line, sizeof(line));
        if (result == 0) break;
        if (result > 0) {
            run_line(line);
            continue;
        }
        warn("%s", result == -E2BIG ? "the line is too long" : error_name(result));
        if (result != -E2BIG) exit(EXIT_FAILURE);
        last_status = EXIT_USAGE;
    }
    write_all(STDERR, "\n", 1);
}

int main(int argc, char **argv) {
    if (argc == 1)
        interact();
    else if (argc == 3 && strcmp(argv[1], "-c") == 0)
        run_line(argv[2]);
    else
        usage("sh [-c LINE]");
    return last_status;
}
