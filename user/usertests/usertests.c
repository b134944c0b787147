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
 *        the sums. A test in which a process faults or never ends well fails; the others go on.
 */
#include "user/usertests/test.h"
#include "user/usertests/runner.h"

static const struct suite *const suites[] = {
    &process_suite,    &exec_suite,       &memory_suite,    &exhaustion_suite,
    &files_suite,      &pipes_suite,      &pointers_suite,  &protection_suite,
    &registers_suite,  &time_suite,       &pv_suite,
};

char running_test[64];

static u32 passed, failed;

static void
nothing(void)
{
}

/* What a failed test has left running; processes are numbered in the order of their birth. */
static void
kill_younger_than(i32 pid)
{
    struct procinfo info;

    for (i32 next = pid + 1; procinfo(next, &info) == 0; next = (i32)info.pid + 1)
        kill((i32)info.pid);
}

/* Orphans of the test may take a moment to end. Returns what the number of free pages becomes. */
static u32
settled_free_pages(u32 wanted)
{
    u32 free = free_pages();

    for (u32 i = 0; i < 200 && free != wanted; i++) {
        sleep(10);
        free = free_pages();
    }
    return free;
}

/* Says what is wrong with a test that ended with this status; false if nothing is. */
static bool
report_failure(i32 status, u32 free_before)
{
    u32 free_after;

    if (status == STATUS_CHECK_FAILED)
        return true; /* it has reported itself */
    if (status != 0) {
        printf("FAIL %s: ended with status %d\n", running_test, status);
        return true;
    }
    free_after = settled_free_pages(free_before);
    if (free_after != free_before) {
        printf("FAIL %s: %u pages were free, now %u\n", running_test, free_before, free_after);
        return true;
    }
    return false;
}

static void
run_test(const struct suite *suite, const struct test *test)
{
    u32 free_before = free_pages();
    i32 pid, status;

    snprintf(running_test, sizeof(running_test), "%s/%s", suite->name, test->name);
    pid = start(test->run);
    CHECK_EQ(wait(pid, &status, 0), pid);
    if (report_failure(status, free_before)) {
        kill_younger_than(pid);
        failed++;
    } else {
        printf("ok %s\n", running_test);
        passed++;
    }
}

/* Is `name` NULL, the suite, or "suite/test"? */
static bool
is_chosen(const struct suite *suite, const struct test *test, const char *name)
{
    size_t length = strlen(suite->name);

    if (name == NULL || strcmp(name, suite->name) == 0)
        return true;
    return strncmp(name, suite->name, length) == 0 && name[length] == '/' &&
           strcmp(name + length + 1, test->name) == 0;
}

/* Calls `visit` for each test that is chosen; returns how many there are. */
static u32
for_each_test(const char *name, void (*visit)(const struct suite *, const struct test *))
{
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

static void
list_test(const struct suite *suite, const struct test *test)
{
    printf("%s/%s\n", suite->name, test->name);
}

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "-l") == 0) {
        for_each_test(NULL, list_test);
        return 0;
    }
    if (argc > 1 && argv[1][0] == '-')
        usage("usertests [-l | SUBJECT[/TEST]...]");
    CHECK_EQ(status_of_run(nothing), 0); /* touch what will be touched, before counting pages */
    if (argc == 1)
        for_each_test(NULL, run_test);
    for (int i = 1; i < argc; i++) {
        if (for_each_test(argv[i], run_test) == 0) {
            warn("no test is called %s", argv[i]);
            failed++;
        }
    }
    printf("usertests: %u passed, %u failed\n", passed, failed);
    return failed != 0;
}
