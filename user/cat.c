/* SPDX-License-Identifier: MIT
 * user/cat.c: copies files, or its standard input, to standard output.
 */
#include "user/lib/user.h"

static void copy(i32 fd, const char *name) {
    static char buffer[PAGE_SIZE];
    i32 n;

    while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
        i32 result = write_all(STDOUT, buffer, (u32)n);

        if (result < 0) fail("standard output: %s", error_name(result));
    }
    if (n < 0) fail("%s: %s", name, error_name(n));
}

int main(int argc, char **argv) {
    int status = 0;

    if (argc > 1 && argv[1][0] == '-') usage("cat [FILE]...");
    if (argc == 1) copy(STDIN, "standard input");
    for (int i = 1; i < argc; i++) {
        i32 fd = open(argv[i]);

        if (fd < 0) {
            warn("%s: %s", argv[i], error_name(fd));
            status = EXIT_FAILURE;
            continue;
        }
        copy(fd, argv[i]);
        close(fd);
    }
    return status;
}
