/* SPDX-License-Identifier: MIT
 * user/usertests/memory.c: sbrk, demand zero, the stack, copy on write, meminfo.
 */
#include "user/usertests/test.h"

/* --- heap ---------------------------------------------------------------------------------- */

static void sbrk_sizes(void) {
    i32 start = sbrk(0);

    CHECK(start > 0);
    CHECK_EQ(sbrk(1), start);
    CHECK_EQ(sbrk(0), start + 1);
    CHECK_EQ(sbrk(10000), start + 1);
    CHECK_EQ(sbrk(-10001), start + 10001);
    CHECK_EQ(sbrk(0), start);
}

static void sbrk_errors(void) {
    i32 start = sbrk(0);

    CHECK_EQ(sbrk(INT32_MAX), -ENOMEM);
    CHECK_EQ(sbrk((i32)(USER_TOP - (u32)start)), -ENOMEM);
    CHECK_EQ(sbrk((i32)(USER_TOP - USER_STACK_MAX - (u32)start + 1)), -ENOMEM);
    CHECK_EQ(sbrk(-1), -EINVAL);
    CHECK_EQ(sbrk(-(i32)PAGE_SIZE), -EINVAL);
    CHECK_EQ(sbrk(INT32_MIN), -EINVAL);
    CHECK_EQ(sbrk(0), start);
}

static bool is_zero(const u8 *bytes, u32 count) {
    for (u32 i = 0; i < count; i++) {
        if (bytes[i] != 0) return false;
    }
    return true;
}

/* What was there before must not show up, whether it was ours or another process's. */
static void new_memory_is_zero(void) {
    enum { PAGES = 20, BYTES = PAGES * PAGE_SIZE };
    u8 *bytes = add_pages(PAGES);

    CHECK(is_zero(bytes, BYTES));
    memset(bytes, 0xAA, BYTES);
    CHECK(sbrk(-BYTES) > 0);
    CHECK(add_pages(PAGES) == bytes);
    CHECK(is_zero(bytes, BYTES));
}

/* Giving back a part of a page keeps the page. */
static void part_of_a_page(void) {
    u8 *bytes = add_pages(1);

    memset(bytes, 0xAA, PAGE_SIZE);
    CHECK(sbrk(-100) > 0);
    CHECK_EQ(bytes[PAGE_SIZE - 101], 0xAA);
    CHECK(sbrk(100) > 0);
    CHECK_EQ(bytes[PAGE_SIZE - 101], 0xAA);
}

static void bss_is_zero(void) {
    static u8 bytes[3 * PAGE_SIZE];

    CHECK(is_zero(bytes, sizeof(bytes)));
}

static void touch_shrunk_heap(void) {
    volatile u8 *page = add_pages(1);

    *page = 1;
    sbrk(-(i32)PAGE_SIZE);
    *page = 2;
}

static void touch_behind_heap(void) { *(volatile u8 *)ALIGN_UP((u32)sbrk(0), PAGE_SIZE) = 1; }

static void outside_the_heap(void) {
    CHECK_EQ(status_of_run(touch_shrunk_heap), STATUS_MEMORY);
    CHECK_EQ(status_of_run(touch_behind_heap), STATUS_MEMORY);
}

/* A page is taken when it is touched, and given back when the heap shrinks. */
static void pages_on_demand(void) {
    enum { PAGES = 100, TABLES = 2 /* L1 tables that these may need */ };
    u32 before = free_pages();
    u8 *pages = add_pages(PAGES);
    u32 used;

    CHECK_EQ(free_pages(), before);
    for (u32 i = 0; i < PAGES; i++) pages[i * PAGE_SIZE] = 1;
    used = before - free_pages();
    CHECK(used >= PAGES && used <= PAGES + TABLES);
    sbrk(-(i32)(PAGES * PAGE_SIZE));
    CHECK(before - free_pages() <= TABLES);
}

/* --- stack --------------------------------------------------------------------------------- */

/* Recurses until the stack is so many bytes deep; the sum keeps the compiler from making a loop
 * of it. */
static u32 grow_stack(u32 bytes) {
    volatile u8 room[1024];

    room[0] = (u8)bytes;
    if ((u32)&room[0] < USER_TOP - bytes) return room[0];
    return grow_stack(bytes) + room[0];
}

static void use_nearly_all_stack(void) { grow_stack(USER_STACK_MAX - 2 * PAGE_SIZE); }

static void use_too_much_stack(void) { grow_stack(USER_STACK_MAX + PAGE_SIZE); }

static void stack_limit(void) {
    CHECK_EQ(status_of_run(use_nearly_all_stack), 0);
    CHECK_EQ(status_of_run(use_too_much_stack), STATUS_MEMORY);
}

/* --- copy on write ------------------------------------------------------------------------- */

static u32 shared_word;

static void child_writes(void) {
    CHECK_EQ(shared_word, 1);
    shared_word = 2;
    CHECK_EQ(shared_word, 2);
}

static void parent_keeps_its_value(void) {
    shared_word = 1;
    CHECK_EQ(status_of_run(child_writes), 0);
    CHECK_EQ(shared_word, 1);
}

/* The parent writes while the child waits: the child keeps what it was born with. */
static void child_keeps_its_value(void) {
    i32 fds[2], pid;

    make_pipe(fds);
    shared_word = 1;
    pid = fork_child();
    if (pid == 0) {
        await(fds[0]);
        CHECK_EQ(shared_word, 1);
        shared_word = 2;
        CHECK_EQ(shared_word, 2);
        exit(0);
    }
    shared_word = 3;
    tell(fds[1]);
    CHECK_EQ(status_of(pid), 0);
    CHECK_EQ(shared_word, 3);
    close_pipe(fds);
}

/* Three generations share a page; each writes, the youngest first. */
static void three_generations(void) {
    i32 pid;

    shared_word = 1;
    pid = fork_child();
    if (pid == 0) {
        CHECK_EQ(status_of_run(child_writes), 0);
        CHECK_EQ(shared_word, 1);
        shared_word = 3;
        CHECK_EQ(shared_word, 3);
        exit(0);
    }
    CHECK_EQ(status_of(pid), 0);
    CHECK_EQ(shared_word, 1);
    shared_word = 4;
    CHECK_EQ(shared_word, 4);
}

/* The kernel itself writes to a page that is shared: read() into it must copy it too. */
static void kernel_writes(void) {
    i32 fds[2], pid;

    make_pipe(fds);
    shared_word = 1;
    pid = fork_child();
    if (pid == 0) {
        u32 word = 5;

        CHECK_EQ(write(fds[1], &word, sizeof(word)), sizeof(word));
        CHECK_EQ(read(fds[0], &shared_word, sizeof(shared_word)), sizeof(shared_word));
        CHECK_EQ(shared_word, 5);
        exit(0);
    }
    CHECK_EQ(status_of(pid), 0);
    CHECK_EQ(shared_word, 1);
    close_pipe(fds);
}

/* Read-only before fork, read-only after it. */
static void write_to_shared_text(void) { *(volatile u8 *)(u32)write_to_shared_text = 0; }

static void text_stays_read_only(void) {
    CHECK_EQ(status_of_run(write_to_shared_text), STATUS_MEMORY);
}

/* --- meminfo ------------------------------------------------------------------------------- */

static void meminfo_adds_up(void) {
    struct meminfo info;

    CHECK_EQ(meminfo(&info), 0);
    CHECK(info.free_pages > 0);
    CHECK(info.kernel_pages > 0);
    CHECK(info.initrd_pages > 0);
    CHECK(info.free_pages < info.total_pages);
    CHECK(info.shared_pages < info.total_pages - info.free_pages);
}

static void shared_pages_are_counted(void) {
    enum { PAGES = 50 };
    struct meminfo before, during;
    i32 fds[2], pid;

    make_pipe(fds);
    take_pages(PAGES);
    CHECK_EQ(meminfo(&before), 0);
    pid = fork_child();
    if (pid == 0) {
        await(fds[0]);
        exit(0);
    }
    CHECK_EQ(meminfo(&during), 0);
    CHECK(during.shared_pages >= before.shared_pages + PAGES);
    tell(fds[1]);
    CHECK_EQ(status_of(pid), 0);
    close_pipe(fds);
}

static const struct test tests[] = {
    {"sbrk-sizes", sbrk_sizes},
    {"sbrk-errors", sbrk_errors},
    {"new-memory-is-zero", new_memory_is_zero},
    {"part-of-a-page", part_of_a_page},
    {"bss-is-zero", bss_is_zero},
    {"outside-the-heap", outside_the_heap},
    {"pages-on-demand", pages_on_demand},
    {"stack-limit", stack_limit},
    {"parent-keeps-its-value", parent_keeps_its_value},
    {"child-keeps-its-value", child_keeps_its_value},
    {"three-generations", three_generations},
    {"kernel-writes", kernel_writes},
    {"text-stays-read-only", text_stays_read_only},
    {"meminfo-adds-up", meminfo_adds_up},
    {"shared-pages-are-counted", shared_pages_are_counted},
};

SUITE(memory, tests);
