/* SPDX-License-Identifier: MIT
 * user/usertests/test.h: what a test is, how it fails, and what tests have in common.
 *
 * Runs:  each test in a process of its own, which ends well unless a CHECK fails. It leaves no
 *        process and no memory behind: the runner compares the number of free pages.
 * Gives: CHECK, also for the processes that a test starts: the first one that fails reports, and
 *        whoever waits for it through status_of() ends quietly.
 */
#ifndef USER_USERTESTS_TEST_H
#define USER_USERTESTS_TEST_H

#include "user/lib/user.h"

struct test {
    const char *name;
    void (*run)(void);
};

/* The tests of one file. */
struct suite {
    const char *name;
    const struct test *tests;
    u32 count;
};

#define SUITE(subject, tests) \
    const struct suite subject##_suite = {#subject, tests, ARRAY_SIZE(tests)}

extern const struct suite process_suite, exec_suite, memory_suite, exhaustion_suite, files_suite,
    pipes_suite, pointers_suite, protection_suite, registers_suite, time_suite, pv_suite;

#define CHECK(condition) \
    ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, "%s", #condition))
#define CHECK_EQ(expression, wanted) \
    check_equal(__FILE__, __LINE__, #expression " == " #wanted, (i32)(expression), (i32)(wanted))

/* Prints "FAIL test: file:line: text" and ends this process. */
PRINTF_LIKE(3, 4)
NORETURN void check_failed(const char *file, int line, const char *format, ...);
void check_equal(const char *file, int line, const char *text, i32 value, i32 wanted);

/* --- processes ----------------------------------------------------------------------------- */

#define STATUS_CHECK_FAILED 99

/* fork, which must succeed. */
i32 fork_child(void);

/* A child that calls `body` and exits with 0. */
i32 start(void (*body)(void));

/* Waits for a child of ours; its exit status. */
i32 status_of(i32 pid);

/* Both in one. */
i32 status_of_run(void (*body)(void));

/* Runs `body` in a child, which must come back from it: an exec that succeeds where it should fail
 * would otherwise look like a good end. */
void must_return(void (*body)(void));

/* Waits for so many children, whichever end first; each must end with status 0. */
void all_end_well(u32 children);

/* Ends a child with kill. */
void end_child(i32 pid);

/* Waits until the process is blocked in a system call. */
void until_blocked(i32 pid);

/* Fails the test when more than half a minute has passed since `start_ns`: enough for the
 * slowest emulator, and the only use that tests make of the speed of time. */
void check_patience(u64 start_ns);
u64 uptime_ns(void);

/* --- pipes --------------------------------------------------------------------------------- */

void make_pipe(i32 fds[2]);
void close_pipe(const i32 fds[2]);

/* One byte, to tell another process to go on; it waits for that. */
void tell(i32 fd);
void await(i32 fd);

/* --- memory -------------------------------------------------------------------------------- */

u32 free_pages(void);

/* Adds so many pages to the heap; the address of the first. take_pages writes a 1 at the start of
 * each, add_pages does not touch them. */
u8 *add_pages(u32 count);
u8 *take_pages(u32 count);

/* Writes to each page of data and to the stack, so that this process needs no memory for what it
 * does from now on, if it does not fork. */
void own_pages(void);

/* Takes pages, for this process's stack, until exactly `leave` are free. At most 200 in all. */
void take_stack_pages(u32 leave);

/* A process that takes all memory but exactly `leave` pages and keeps it until end_hog, or until
 * the caller ends. The caller's own pages are its own then, as after own_pages. */
struct hog {
    i32 pid, leash;
};
struct hog start_hog(u32 leave);
void end_hog(struct hog hog);

#endif
