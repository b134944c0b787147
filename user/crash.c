/* SPDX-License-Identifier: MIT
 * user/crash.c: breaks the kernel on purpose, to see its last words.
 */
#include "user/lib/user.h"

static const struct {
    const char *name;
    u32 how;
    const char *what;
} ways[] = {
    {"null", CRASH_NULL, "write to address 16"},
    {"stack", CRASH_STACK, "call itself without end"},
    {"panic", CRASH_PANIC, "panic"},
    {"assert", CRASH_ASSERT, "fail an assertion"},
    {"df", CRASH_DF, "fault with no stack to take it on"},
};

int main(int argc, char **argv) {
    for (u32 i = 0; argc == 2 && i < ARRAY_SIZE(ways); i++) {
        if (strcmp(argv[1], ways[i].name) != 0) continue;
        printf("crash: the kernel will now %s\n", ways[i].what);
        fail("the kernel survived: %s", error_name(crash(ways[i].how)));
    }
    usage("crash null|stack|panic|assert|df");
}
