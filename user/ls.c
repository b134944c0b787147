/* SPDX-License-Identifier: MIT
 * user/ls.c: lists the files of the initrd with their size in bytes.
 */
#include "user/lib/user.h"

int main(int argc, char **argv) {
    struct dirent entry;
    i32 result;

    (void)argv;
    if (argc != 1) usage("ls");
    for (u32 index = 0; (result = readdir(index, &entry)) == 0; index++)
        printf("%8u  %s\n", entry.size, entry.name);
    if (result != -ENOENT) fail("%s", error_name(result));
    return 0;
}
