/* SPDX-License-Identifier: MIT
 * user/sh/builtin.c: the commands that the shell carries out itself.
 */
#include "user/sh/sh.h"
#include "user/sh/jobs.h"

/* The one argument [N] of `exit` and `poweroff`, or `status` if there is none. */
static bool status_argument(const struct command *command, i32 *status) {
    if (command->argc == 1 || (command->argc == 2 && parse_number(command->argv[1], status)))
        return true;
    warn("usage: %s [N]", command->argv[0]);
    return false;
}

static i32 run_exit(const struct command *command) {
    i32 status = last_status;

    if (!status_argument(command, &status)) return EXIT_USAGE;
    exit(status);
}

static i32 run_poweroff(const struct command *command) {
    i32 status = 0;

    if (!status_argument(command, &status)) return EXIT_USAGE;
    warn("%s", error_name(power(POWER_OFF, status)));
    return EXIT_FAILURE;
}

static i32 run_reboot(const struct command *command) {
    (void)command;
    warn("%s", error_name(power(POWER_REBOOT, 0)));
    return EXIT_FAILURE;
}

static i32 run_wait(const struct command *command) {
    (void)command;
    jobs_wait();
    return 0;
}

static i32 run_help(const struct command *command) {
    (void)command;
    printf("COMMAND [ARGUMENT]...  run a program of the initrd; `ls` shows them\n"
           "A | B                  B reads what A writes\n"
           "A < FILE               A reads the file\n"
           "A ; B                  first A, then B\n"
           "A &                    do not wait for A\n"
           "\"...\"  '...'           one argument, blanks and all; $? is replaced in the first\n"
           "$?                     the exit status of what ran last\n"
           "\n"
           "exit [N]               end the shell; the first one powers off with this status\n"
           "help                   this\n"
           "poweroff [N]           end everything, with exit status N\n"
           "reboot                 start the machine anew\n"
           "wait                   until all commands in the background have ended\n");
    return 0;
}

static const struct {
    const char *name;
    builtin function;
} builtins[] = {
    {"exit", run_exit},     {"help", run_help}, {"poweroff", run_poweroff},
    {"reboot", run_reboot}, {"wait", run_wait},
};

builtin find_builtin(const char *name) {
    for (u32 i = 0; i < ARRAY_SIZE(builtins); i++) {
        if (strcmp(builtins[i].name, name) == 0) return builtins[i].function;
    }
    return NULL;
}
