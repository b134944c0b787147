/* SPDX-License-Identifier: MIT
 * user/usertests/registers.c: a system call keeps every register but EAX, an interrupt keeps all.
 *
 * Read first: registers.h.
 */
#include "user/usertests/test.h"
#include "user/usertests/registers.h"

static void calls_keep_registers(void) {
    static const struct {
        u32 number, a, b, c;
    } calls[] = {
        {SYS_getpid, 1, 2, 3}, {SYS_yield, 0xFFFFFFFF, 0xEEEEEEEE, 0xDDDDDDDD},
        {SYS_sleep, 1, 2, 3},  {SYS_write, STDOUT, 0xC0000000, 100},
        {SYS_open, 0, 1, 2},   {SYS_COUNT, 4, 5, 6},
        {0xFFFFFFFF, 7, 8, 9},
    };

    for (u32 i = 0; i < ARRAY_SIZE(calls); i++)
        CHECK_EQ(call_keeps_registers(calls[i].number, calls[i].a, calls[i].b, calls[i].c), 0);
}

/* In the child as well, which comes out of the same call. */
static void fork_keeps_registers(void) {
    i32 parent = getpid();

    CHECK_EQ(call_keeps_registers(SYS_fork, 1, 2, 3), 0);
    if (getpid() != parent) exit(0);
    all_end_well(1);
}

static u32 own_ticks(void) {
    struct procinfo info;

    CHECK_EQ(procinfo(getpid(), &info), 0);
    return info.ticks;
}

/* Computes until several timer ticks have hit this process. */
static void stay_under_ticks(u32 seed) {
    enum { TICKS = 3, ROUNDS = 20000 };
    u32 first = own_ticks();
    u64 start_ns = uptime_ns();

    while (own_ticks() - first < TICKS) {
        CHECK(registers_stay(seed, ROUNDS));
        check_patience(start_ns);
    }
}

/* Two processes, so that each tick also switches between them. */
static void interrupts_keep_registers(void) {
    i32 pid = fork_child();

    stay_under_ticks(pid == 0 ? 0x11110000 : 0xEEEE0000);
    if (pid == 0) exit(0);
    CHECK_EQ(status_of(pid), 0);
}

/* FS and GS are nobody's but the program's. */
static void segments_are_kept(void) {
    u32 selector = get_ss();
    i32 pid;

    set_fs_gs(0);
    pid = fork_child();
    if (pid == 0)
        set_fs_gs(selector);
    else
        selector = 0;
    for (u32 i = 0; i < 20; i++) {
        CHECK_EQ(get_fs_gs(), selector << 16 | selector);
        yield();
    }
    stay_under_ticks(0);
    CHECK_EQ(get_fs_gs(), selector << 16 | selector);
    if (pid == 0) exit(0);
    CHECK_EQ(status_of(pid), 0);
}

static const struct test tests[] = {
    {"calls-keep-registers", calls_keep_registers},
    {"fork-keeps-registers", fork_keeps_registers},
    {"interrupts-keep-registers", interrupts_keep_registers},
    {"segments-are-kept", segments_are_kept},
};

SUITE(registers, tests);
