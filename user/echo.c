/* SPDX-License-Identifier: MIT
 * user/echo.c: prints its arguments with a space between them.
 */
#include "user/lib/user.h"

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) printf("%s%s", argv[i], i + 1 < argc ? " " : "");
    printf("\n");
    return 0;
}
