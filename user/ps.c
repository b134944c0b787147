/* SPDX-License-Identifier: MIT
 * user/ps.c: lists the processes and what they have used.
 */
#include "user/lib/user.h"

static const char *const states[] = {
    [PROC_RUNNING] = "running",
    [PROC_READY] = "ready",
    [PROC_BLOCKED] = "blocked",
    [PROC_ZOMBIE] = "zombie",
};

int main(int argc, char **argv) {
    struct procinfo info;
    i32 result;

    (void)argv;
    if (argc != 1) usage("ps");
    printf("%5s %6s  %-8s %6s %6s %7s  %s\n", "PID", "PARENT", "STATE", "PAGES", "TICKS", "FAULTS",
           "NAME");
    for (i32 pid = 0; (result = procinfo(pid, &info)) >= 0; pid = (i32)info.pid + 1) {
        printf("%5u %6u  %-8s %6u %6u %7u  %s\n", info.pid, info.parent,
               info.state < ARRAY_SIZE(states) ? states[info.state] : "?", info.pages, info.ticks,
               info.faults, info.name);
    }
    if (result != -ESRCH) fail("%s", error_name(result));
    return 0;
}
