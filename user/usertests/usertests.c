/* SPDX-License-Identifier: MIT
 * user/usertests/usertests.c: checks, from inside, every system call and every error of each,
 * and everything that a program may not do. This file chooses and runs the tests.
 *
 *     usertests                all; the exit status is 0 if all passed
 *     usertests pipes          those of a subject
 *     usertests pipes/order    one
 *     usertests -l             lists them
 *
 * Gives: a line a test, "ok NAME" or "FAIL NAME: what went wrong", and at the end a line with
 *        the sums. A test that ends in a fault or does not end at all fails; the others go on.
 */
#include "user/usertests/test.h"
#include "user/usertests/runner.h"

static const struct suite *const suites[] = {
    &process_suite,   &exec_suite,  &memory_suite,   &exhaustion_suite,
    &files_suite,     &pipes_suite, &pointers_suite, &protection_suite,
    &registers_suite, &time_suite,  &pv_suite,
};

char running_test[64];

static u32 passed, failed;

static void nothing(void) {}

/* What a failed test has left running; processes are numbered in the order of their birth. */
static void kill_younger_than(i32 pid) {
    struct procinfo info;

    for (i32 next = pid + 1; procinfo(next, &info) == 0; next = (i32)info.pid + 1)
        kill((i32)info.pid);
}

/* Orphans may take a moment to end. Returns what the number of free pages becomes. */
static u32 settled_free_pages(u32 wanted) {
    u32 free = free_pages();

    for (u32 i = 0; i < 50 && free != wanted; i++) {
        sleep(10);
        free = free_pages();
    }
    return free;
}

/* In the test: waits until the others have closed the gate, and with that done all that takes or
 * gives back memory. What changes from now on is the test's doing. */
static void pass_gate(const i32 gate[2]) {
    char byte;

    CHECK_EQ(close(gate[1]), 0);
    CHECK_EQ(read(gate[0], &byte, 1), 0);
    CHECK_EQ(close(gate[0]), 0);
}

/* Ends a test that has not ended by itself after a time that is enough for any emulator. */
NORETURN static void watch(i32 test, const i32 gate[2]) {
    enum { LIMIT_MS = 60000 };

    close_pipe(gate);
    sleep(LIMIT_MS);
    kill(test);
    exit(0);
}

/* Runs a test in a process of its own; its exit status. */
static i32 run_guarded(void (*run)(void)) {
    i32 test, watchdog, status, ignored;
    i32 gate[2];

    make_pipe(gate);
    test = fork_child();
    if (test == 0) {
        pass_gate(gate);
        run();
        exit(0);
    }
    watchdog = fork_child();
    if (watchdog == 0) watch(test, gate);
    close_pipe(gate);
    CHECK_EQ(wait(test, &status, 0), test);
    kill(watchdog);
    CHECK_EQ(wait(watchdog, &ignored, 0), watchdog);
    if (status != 0) kill_younger_than(watchdog);
    return status;
}

static void run_test(const struct suite *suite, const struct test *test) {
    u32 free_before = free_pages();
    u32 free_after;
    i32 status;

    snprintf(running_test, sizeof(running_test), "%s/%s", suite->name, test->name);
    status = run_guarded(test->run);
    free_after = settled_free_pages(free_before);
    if (status == 0 && free_after == free_before) {
        printf("ok %s\n", running_test);
        passed++;
        return;
    }
    failed++;
    if (status == 0)
        printf("FAIL %s: %u pages were free, now %u\n", running_test, free_before, free_after);
    else if (status != STATUS_CHECK_FAILED) /* that one has reported itself */
        printf("FAIL %s: ended with status %d\n", running_test, status);
}

/* Is `name` NULL, the suite, or "suite/test"? */
static bool is_chosen(const struct suite *suite, const struct test *test, const char *name) {
    size_t length = strlen(suite->name);

    if (name == NULL || strcmp(name, suite->name) == 0) return true;
    return strncmp(name, suite->name, length) == 0 && name[length] == '/' &&
           strcmp(name + length + 1, test->name) == 0;
}

/* Calls `visit` for each test that is chosen; returns how many there are. */
static u32 for_each_test(const char *name,
                         void (*visit)(const struct suite *, const struct test *)) {
    u32 count = 0;

    for (u32 s = 0; s < ARRAY_SIZE(suites); s++) {
        for (u32 t = 0; t < suites[s]->count; t++) {
            if (is_chosen(suites[s], &suites[s]->tests[t], name)) {
                visit(suites[s], &suites[s]->tests[t]);
                count++;
            }
        }
    }
    return count;
}

static void list_test(const struct suite *suite, const struct test *test) {
    printf("%s/%s\n", suite->name, test->name);
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "-l") == 0) {
        for_each_test(NULL, list_test);
        return 0;
    }
    if (argc > 1 && argv[1][0] == '-') usage("usertests [-l | SUBJECT[/TEST]...]");
    CHECK_EQ(status_of_run(nothing), 0); /* touch what will be touched, before counting pages */
    if (argc == 1) for_each_test(NULL, run_test);
    for (int i = 1; i < argc; i++) {
        if (for_each_test(argv[i], run_test) == 0) {
            warn("no test is called %s", argv[i]);
            failed++;
        }
    }
    printf("usertests: %u passed, %u failed\n", passed, failed);
    return failed != 0;
}
