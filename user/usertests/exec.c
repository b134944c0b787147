/* SPDX-License-Identifier: MIT
 * user/usertests/exec.c: exec: arguments, what a new program keeps, what it refuses to start.
 */
#include "user/usertests/test.h"

static char *const no_arguments[] = {"echo", NULL};

/* Runs `echo` with these arguments; what it prints goes to `text`. Returns its exit status. */
static i32 echo(char *const argv[], char *text, u32 size) {
    i32 fds[2], n;
    u32 used = 0;
    i32 pid;

    make_pipe(fds);
    pid = fork_child();
    if (pid == 0) {
        close(STDOUT);
        dup(fds[1]);
        close_pipe(fds);
        exit(-exec("echo", argv));
    }
    CHECK_EQ(close(fds[1]), 0);
    while ((n = read(fds[0], text + used, size - 1 - used)) > 0) used += (u32)n;
    CHECK_EQ(n, 0);
    text[used] = '\0';
    CHECK_EQ(close(fds[0]), 0);
    return status_of(pid);
}

/* The error number with which exec refuses. A process that it refuses goes on, with its memory
 * as it was. If exec does not refuse, the exit status of the program. */
static i32 exec_error(const char *path, char *const argv[]) {
    i32 pid = fork_child();

    if (pid == 0) {
        u32 *word = (u32 *)add_pages(1);
        i32 result;

        *word = 0x600DCAFE;
        result = exec(path, argv);
        CHECK_EQ(*word, 0x600DCAFE);
        CHECK(result < 0);
        exit(-result);
    }
    return status_of(pid);
}

static void arguments(void) {
    static char *const argv[] = {"echo", "one", "", "two words", "3", NULL};
    char text[64];

    CHECK_EQ(echo(argv, text, sizeof(text)), 0);
    CHECK(strcmp(text, "one  two words 3\n") == 0);
    CHECK_EQ(echo(no_arguments, text, sizeof(text)), 0);
    CHECK(strcmp(text, "\n") == 0);
    CHECK_EQ(echo(no_arguments + 1, text, sizeof(text)), 0); /* not even argv[0] */
    CHECK(strcmp(text, "\n") == 0);
}

static void most_arguments(void) {
    char *argv[ARGC_MAX + 2] = {"echo"};
    char text[2 * ARGC_MAX];

    for (u32 i = 1; i < ARGC_MAX; i++) argv[i] = "x";
    CHECK_EQ(echo(argv, text, sizeof(text)), 0);
    CHECK_EQ(strlen(text), 2 * (ARGC_MAX - 1));
    argv[ARGC_MAX] = "x";
    CHECK_EQ(exec_error("echo", argv), E2BIG);
}

static void longest_arguments(void) {
    static char longest[ARG_MAX + 1], text[ARG_MAX + 1];
    char *const argv[] = {"echo", longest, NULL};
    u32 length = ARG_MAX - strlen("echo") - 2; /* with two zeros it just fits */

    memset(longest, 'x', length);
    CHECK_EQ(echo(argv, text, sizeof(text)), 0);
    CHECK_EQ(strlen(text), length + 1);
    longest[length] = 'x';
    CHECK_EQ(exec_error("echo", argv), E2BIG);
    memset(longest, 'x', ARG_MAX);
    CHECK_EQ(exec_error("echo", argv), E2BIG);
}

static void missing_file(void) {
    static char name[NAME_MAX + 2];

    CHECK_EQ(exec_error("no-such-program", no_arguments), ENOENT);
    CHECK_EQ(exec_error("", no_arguments), ENOENT);
    memset(name, 'x', NAME_MAX);
    CHECK_EQ(exec_error(name, no_arguments), ENOENT);
    name[NAME_MAX] = 'x';
    CHECK_EQ(exec_error(name, no_arguments), ENAMETOOLONG);
}

static void not_a_program(void) { CHECK_EQ(exec_error("README", no_arguments), ENOEXEC); }

/* Files that the build has damaged, each in one way; see user/damaged.asm. */
static void damaged_programs(void) {
    struct dirent entry;
    u32 damaged = 0;

    for (u32 index = 0; readdir(index, &entry) == 0; index++) {
        i32 error;

        if (strncmp(entry.name, "bad-", 4) != 0 || strcmp(entry.name, "bad-none") == 0) continue;
        error = exec_error(entry.name, no_arguments);
        if (error != ENOEXEC)
            check_failed(__FILE__, __LINE__, "exec of %s gives %d", entry.name, error);
        damaged++;
    }
    CHECK(damaged > 0);
    CHECK_EQ(exec_error("bad-none", no_arguments), 42); /* which is not damaged */
}

/* A process with much memory becomes `cat`, which waits for input: the same process with the
 * same descriptors, but little memory. */
static void new_program_same_process(void) {
    enum { PAGES = 200 };
    static char *const argv[] = {"cat", NULL};
    struct procinfo info;
    i32 fds[2], pid;

    make_pipe(fds);
    pid = fork_child();
    if (pid == 0) {
        take_pages(PAGES);
        close(STDIN);
        dup(fds[0]);
        close_pipe(fds);
        exit(-exec("cat", argv));
    }
    CHECK_EQ(close(fds[0]), 0);
    until_blocked(pid);
    CHECK_EQ(procinfo(pid, &info), 0);
    CHECK(strcmp(info.name, "cat") == 0);
    CHECK(info.pages < PAGES);
    CHECK_EQ(close(fds[1]), 0);
    CHECK_EQ(status_of(pid), 0);
}

static const struct test tests[] = {
    {"arguments", arguments},
    {"most-arguments", most_arguments},
    {"longest-arguments", longest_arguments},
    {"missing-file", missing_file},
    {"not-a-program", not_a_program},
    {"damaged-programs", damaged_programs},
    {"new-program-same-process", new_program_same_process},
};

SUITE(exec, tests);
