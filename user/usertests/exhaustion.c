/* SPDX-License-Identifier: MIT
 * user/usertests/exhaustion.c: what happens when there is no memory left.
 *
 * Gives: whatever fails for want of memory gives an error number and has taken nothing; a program
 *        that cannot go on without a page is ended; all of it comes back.
 */
#include "user/usertests/test.h"

#define SOME_PAGES 40 /* enough for a child to start */

/* Calls `attempt` with this many free pages, then with fewer and fewer. It must fail each time,
 * and must not keep a page. */
static void fail_with_few_pages(u32 most, i32 (*attempt)(void)) {
    struct hog hog = start_hog(most);

    for (u32 left = most + 1; left-- > 0;) {
        take_stack_pages(left);
        CHECK_EQ(attempt(), -ENOMEM);
        CHECK_EQ(free_pages(), left);
    }
    end_hog(hog);
}

/* A process is at least its own page, a root, an L2 and two L1 tables. */
static void fork_without_memory(void) { fail_with_few_pages(4, fork); }

static i32 exec_echo(void) {
    static char *const argv[] = {"echo", NULL};

    return exec("echo", argv);
}

/* A program is the tables, and pages of text, data and stack. */
static void exec_with_few_pages(void) { fail_with_few_pages(6, exec_echo); }

static void exec_without_memory(void) { must_return(exec_with_few_pages); }

static i32 make_any_pipe(void) {
    static i32 fds[2];

    return pipe(fds);
}

static void pipe_without_memory(void) { fail_with_few_pages(0, make_any_pipe); }

/* --- programs that cannot go on ------------------------------------------------------------ */

static void eat_all_memory(void) {
    for (;;) take_pages(100);
}

static void program_eats_all(void) { CHECK_EQ(status_of_run(eat_all_memory), STATUS_KILLED); }

/* The number of free pages when a process touches memory that needs a page and an L1 table. */
static u32 left_for_touch;

static u8 *untouched_page_without_table(void) {
    enum { SPAN_OF_L1 = 512 * PAGE_SIZE };
    u8 *page = add_pages(2 * SPAN_OF_L1 / PAGE_SIZE) + SPAN_OF_L1;

    own_pages();
    take_stack_pages(left_for_touch);
    return page;
}

static void touch_page(void) { *untouched_page_without_table() = 1; }

/* The kernel is the first to touch it. */
static void let_kernel_touch_page(void) {
    meminfo((struct meminfo *)untouched_page_without_table());
}

static void touch_without_memory(void) {
    struct hog hog = start_hog(SOME_PAGES);

    for (left_for_touch = 0; left_for_touch < 2; left_for_touch++) {
        CHECK_EQ(status_of_run(touch_page), STATUS_KILLED);
        CHECK_EQ(free_pages(), SOME_PAGES);
        CHECK_EQ(status_of_run(let_kernel_touch_page), STATUS_KILLED);
        CHECK_EQ(free_pages(), SOME_PAGES);
    }
    end_hog(hog);
}

static u8 *shared_pages;

static void write_shared_pages(void) {
    for (u32 i = 0; i < SOME_PAGES; i++) shared_pages[i * PAGE_SIZE] = 2;
}

/* A child that cannot have copies of its own ends; its parent's pages are as they were. */
static void copy_without_memory(void) {
    struct hog hog;

    shared_pages = take_pages(SOME_PAGES);
    hog = start_hog(SOME_PAGES);
    CHECK_EQ(status_of_run(write_shared_pages), STATUS_KILLED);
    for (u32 i = 0; i < SOME_PAGES; i++) CHECK_EQ(shared_pages[i * PAGE_SIZE], 1);
    end_hog(hog);
}

/* --- fork bomb ----------------------------------------------------------------------------- */

/* Every process forks, and so do its children, until none can. Then each closes its end of
 * `full` and keeps what it has until `go` is at its end. */
static void multiply(i32 full, i32 go) {
    i32 status;
    char byte;

    while (fork() >= 0)
        ;
    close(full);
    CHECK_EQ(read(go, &byte, 1), 0);
    while (wait(-1, &status, 0) > 0) CHECK(status == 0 || status == STATUS_KILLED);
}

static u32 count_processes_younger_than(i32 pid) {
    struct procinfo info;
    u32 count = 0;

    for (i32 next = pid + 1; procinfo(next, &info) == 0; next = (i32)info.pid + 1) count++;
    return count;
}

static void fork_bomb(void) {
    enum { PAGES = 500, PAGES_OF_A_PROCESS = 20 };
    struct hog hog = start_hog(PAGES);
    i32 full[2], go[2], pid, status;
    char byte;

    make_pipe(full);
    make_pipe(go);
    pid = fork_child();
    if (pid == 0) {
        close(full[0]);
        close(go[1]);
        close(hog.leash);
        await(go[0]);
        multiply(full[1], go[0]);
        exit(0);
    }
    own_pages();
    close(full[1]);
    tell(go[1]);
    CHECK_EQ(read(full[0], &byte, 1), 0);
    CHECK(count_processes_younger_than(pid) >= PAGES / PAGES_OF_A_PROCESS);
    close(go[1]);
    status = status_of(pid);
    CHECK(status == 0 || status == STATUS_KILLED);
    end_hog(hog);
}

static const struct test tests[] = {
    {"fork-without-memory", fork_without_memory},
    {"exec-without-memory", exec_without_memory},
    {"pipe-without-memory", pipe_without_memory},
    {"program-eats-all", program_eats_all},
    {"touch-without-memory", touch_without_memory},
    {"copy-without-memory", copy_without_memory},
    {"fork-bomb", fork_bomb},
};

SUITE(exhaustion, tests);
