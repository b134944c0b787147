/* SPDX-License-Identifier: MIT
 * user/usertests/test.c: what tests have in common, see test.h.
 */
#include "user/usertests/test.h"
#include "user/usertests/runner.h"

#define PATIENCE_NS 30000000000ull

void check_failed(const char *file, int line, const char *format, ...) {
    char text[160];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    printf("FAIL %s: %s:%d: %s\n", running_test, file, line, text);
    exit(STATUS_CHECK_FAILED);
}

void check_equal(const char *file, int line, const char *text, i32 value, i32 wanted) {
    if (value != wanted) check_failed(file, line, "%s (it is %d)", text, value);
}

i32 fork_child(void) {
    i32 pid = fork();

    CHECK(pid >= 0);
    return pid;
}

i32 start(void (*body)(void)) {
    i32 pid = fork_child();

    if (pid != 0) return pid;
    body();
    exit(0);
}

/* Whoever failed a CHECK has reported it: once is enough. */
static i32 pass_on_failure(i32 status) {
    if (status == STATUS_CHECK_FAILED) exit(STATUS_CHECK_FAILED);
    return status;
}

i32 status_of(i32 pid) {
    i32 status;

    CHECK_EQ(wait(pid, &status, 0), pid);
    return pass_on_failure(status);
}

i32 status_of_run(void (*body)(void)) { return status_of(start(body)); }

void must_return(void (*body)(void)) {
    enum { CAME_BACK = 42 };
    i32 pid = fork_child();

    if (pid == 0) {
        body();
        exit(CAME_BACK);
    }
    CHECK_EQ(status_of(pid), CAME_BACK);
}

void all_end_well(u32 children) {
    i32 status;

    while (children-- > 0) {
        CHECK(wait(-1, &status, 0) > 0);
        CHECK_EQ(pass_on_failure(status), 0);
    }
}

void end_child(i32 pid) {
    CHECK_EQ(kill(pid), 0);
    CHECK_EQ(status_of(pid), STATUS_KILLED);
}

u64 uptime_ns(void) {
    struct clockinfo info;

    CHECK_EQ(clock(&info), 0);
    return info.uptime_ns;
}

void check_patience(u64 start_ns) { CHECK(uptime_ns() - start_ns < PATIENCE_NS); }

void until_blocked(i32 pid) {
    u64 start_ns = uptime_ns();
    struct procinfo info;

    for (;;) {
        CHECK_EQ(procinfo(pid, &info), 0);
        CHECK_EQ(info.pid, pid);
        if (info.state == PROC_BLOCKED) return;
        yield();
        check_patience(start_ns);
    }
}

void make_pipe(i32 fds[2]) { CHECK_EQ(pipe(fds), 0); }

void close_pipe(const i32 fds[2]) {
    CHECK_EQ(close(fds[0]), 0);
    CHECK_EQ(close(fds[1]), 0);
}

void tell(i32 fd) { CHECK_EQ(write(fd, "", 1), 1); }

void await(i32 fd) {
    char byte;

    CHECK_EQ(read(fd, &byte, 1), 1);
}

u32 free_pages(void) {
    struct meminfo info;

    CHECK_EQ(meminfo(&info), 0);
    return info.free_pages;
}

u8 *add_pages(u32 count) {
    u32 end = (u32)sbrk(0);
    u32 aligned = ALIGN_UP(end, PAGE_SIZE);

    CHECK_EQ(sbrk((i32)(aligned - end + count * PAGE_SIZE)), end);
    return (u8 *)aligned;
}

u8 *take_pages(u32 count) {
    u8 *pages = add_pages(count);

    for (u32 i = 0; i < count; i++) pages[i * PAGE_SIZE] = 1;
    return pages;
}

/* A write that changes nothing. */
static void own_page(u32 address) { *(volatile u8 *)address |= 0; }

void own_pages(void) {
    extern u8 data_start[], data_end[]; /* user.ld */
    u32 here = (u32)__builtin_frame_address(0);

    for (u32 page = (u32)data_start; page < (u32)data_end; page += PAGE_SIZE) own_page(page);
    own_page(here - PAGE_SIZE);
    own_page(here);
    if (here < USER_TOP - PAGE_SIZE) own_page(here + PAGE_SIZE);
}

/* The stack's L1 table is there already, so a page touched is one page taken. */
void take_stack_pages(u32 leave) {
    static u32 lowest; /* what has been touched by this function */

    own_pages();
    if (lowest == 0) lowest = ((u32)__builtin_frame_address(0) & ~PAGE_MASK) - 2 * PAGE_SIZE;
    for (u32 left = free_pages() - leave; left > 0; left--) {
        lowest -= PAGE_SIZE;
        own_page(lowest);
    }
    CHECK_EQ(free_pages(), leave);
}

/* Down to a hundred pages or so in large steps; each 512 pages of the heap cost an L1 table. */
static void take_heap_pages(u32 leave) {
    u32 free;

    while ((free = free_pages()) > leave + 128) take_pages((free - leave - 64) * 511 / 512);
}

struct hog start_hog(u32 leave) {
    i32 go[2], done[2];
    struct hog hog;

    make_pipe(go);
    make_pipe(done);
    hog.leash = go[1];
    hog.pid = fork_child();
    if (hog.pid == 0) {
        CHECK_EQ(close(go[1]), 0); /* we end when nobody holds it any more */
        await(go[0]);
        take_heap_pages(leave);
        take_stack_pages(leave);
        tell(done[1]);
        while (read(go[0], &leave, sizeof(leave)) > 0)
            ;
        exit(0);
    }
    CHECK_EQ(close(done[1]), 0);
    own_pages();
    tell(go[1]);
    await(done[0]);
    return hog;
}

void end_hog(struct hog hog) {
    CHECK_EQ(close(hog.leash), 0);
    CHECK_EQ(status_of(hog.pid), 0);
}
