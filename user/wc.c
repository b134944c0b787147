/* SPDX-License-Identifier: MIT
 * user/wc.c: counts lines, words and bytes of files, or of its standard input.
 */
#include "user/lib/user.h"

struct counts {
    u32 lines, words, bytes;
};

static struct counts count(i32 fd, const char *name) {
    static char buffer[PAGE_SIZE];
    struct counts counts = {0, 0, 0};
    bool in_word = false;
    i32 n;

    while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
        for (i32 i = 0; i < n; i++) {
            bool blank = strchr(" \t\n", buffer[i]) != NULL && buffer[i] != '\0';

            counts.lines += buffer[i] == '\n';
            counts.words += !blank && !in_word;
            in_word = !blank;
        }
        counts.bytes += (u32)n;
    }
    if (n < 0) fail("%s: %s", name, error_name(n));
    return counts;
}

static void print(struct counts counts, const char *name) {
    printf("%8u %8u %8u%s%s\n", counts.lines, counts.words, counts.bytes, name[0] ? "  " : "",
           name);
}

int main(int argc, char **argv) {
    struct counts total = {0, 0, 0};
    int status = 0;

    if (argc > 1 && argv[1][0] == '-') usage("wc [FILE]...");
    if (argc == 1) print(count(STDIN, "standard input"), "");
    for (int i = 1; i < argc; i++) {
        i32 fd = open(argv[i]);
        struct counts counts;

        if (fd < 0) {
            warn("%s: %s", argv[i], error_name(fd));
            status = EXIT_FAILURE;
            continue;
        }
        counts = count(fd, argv[i]);
        print(counts, argv[i]);
        total.lines += counts.lines;
        total.words += counts.words;
        total.bytes += counts.bytes;
        close(fd);
    }
    if (argc > 2) print(total, "total");
    return status;
}
