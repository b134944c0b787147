/* SPDX-License-Identifier: MIT
 * user/kill.c: ends processes.
 */
#include "user/lib/user.h"

int main(int argc, char **argv) {
    static const char synopsis[] = "kill PID...";
    int status = 0;

    if (argc == 1) usage(synopsis);
    for (int i = 1; i < argc; i++) {
        i32 pid, result;

        if (!parse_number(argv[i], &pid)) usage(synopsis);
        result = kill(pid);
        if (result < 0) {
            warn("%d: %s", pid, error_name(result));
            status = EXIT_FAILURE;
        }
    }
    return status;
}
