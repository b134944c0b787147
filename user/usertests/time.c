/* SPDX-License-Identifier: MIT
 * user/usertests/time.c: the clock, sleep, and that nobody keeps the CPU to himself.
 *
 * Gives: no test expects anything to be fast; all must hold on a slow emulator.
 */
#include "user/usertests/test.h"

#define NS_PER_MS 1000000ull

static void spin(void) {
    for (;;) asm volatile("");
}

static void clock_goes_on(void) {
    struct clockinfo first, now;
    u64 last_ns;

    CHECK_EQ(clock(&first), 0);
    last_ns = first.uptime_ns;
    do {
        CHECK_EQ(clock(&now), 0);
        CHECK(now.uptime_ns >= last_ns);
        CHECK(now.wall_s >= first.wall_s);
        CHECK(now.stolen_ns <= now.uptime_ns);
        CHECK(now.tick_ns > 0);
        last_ns = now.uptime_ns;
    } while (now.uptime_ns < first.uptime_ns + 20 * NS_PER_MS);
}

/* 2000-01-01 and 2100-01-01, in seconds since 1970. */
static void wall_clock_is_a_date(void) {
    struct clockinfo info;

    CHECK_EQ(clock(&info), 0);
    CHECK(info.wall_s > 946684800 && info.wall_s < 4102444800);
}

static void ticks_are_counted(void) {
    struct clockinfo first, now;

    CHECK_EQ(clock(&first), 0);
    do {
        CHECK_EQ(clock(&now), 0);
        check_patience(first.uptime_ns);
    } while (now.ticks - first.ticks < 3);
}

static void sleep_and_measure(u32 ms) {
    u64 start_ns = uptime_ns();

    CHECK_EQ(sleep(ms), 0);
    CHECK(uptime_ns() - start_ns >= ms * NS_PER_MS);
}

static void sleep_is_long_enough(void) {
    static const u32 lengths_ms[] = {0, 1, 5, 20, 50};

    for (u32 i = 0; i < ARRAY_SIZE(lengths_ms); i++) sleep_and_measure(lengths_ms[i]);
}

/* Several at a time: who sleeps longest comes first, so that each other has to overtake. */
static void many_sleepers(void) {
    enum { SLEEPERS = 6, STEP_MS = 7 };

    for (u32 i = SLEEPERS; i > 0; i--) {
        if (fork_child() == 0) {
            sleep_and_measure(i * STEP_MS);
            exit(0);
        }
    }
    all_end_well(SLEEPERS);
}

/* --- preemption ---------------------------------------------------------------------------- */

static void spinner_does_not_stop_others(void) {
    i32 pid = start(spin);

    for (u32 i = 0; i < 3; i++) CHECK_EQ(sleep(10), 0);
    end_child(pid);
}

static u32 ticks_of(i32 pid) {
    struct procinfo info;

    CHECK_EQ(procinfo(pid, &info), 0);
    CHECK_EQ(info.pid, pid);
    return info.ticks;
}

static void spinners_share_the_cpu(void) {
    enum { SPINNERS = 3, TICKS = 2 };
    i32 pids[SPINNERS];
    u64 start_ns = uptime_ns();

    for (u32 i = 0; i < SPINNERS; i++) pids[i] = start(spin);
    for (u32 i = 0; i < SPINNERS; i++) {
        while (ticks_of(pids[i]) < TICKS) {
            sleep(5);
            check_patience(start_ns);
        }
    }
    for (u32 i = 0; i < SPINNERS; i++) end_child(pids[i]);
}

/* Giving way to somebody who never does the same: the timer brings us back. */
static void yield_next_to_a_spinner(void) {
    i32 pid = start(spin);

    for (u32 i = 0; i < 3; i++) CHECK_EQ(yield(), 0);
    end_child(pid);
}

static const struct test tests[] = {
    {"clock-goes-on", clock_goes_on},
    {"wall-clock-is-a-date", wall_clock_is_a_date},
    {"ticks-are-counted", ticks_are_counted},
    {"sleep-is-long-enough", sleep_is_long_enough},
    {"many-sleepers", many_sleepers},
    {"spinner-does-not-stop-others", spinner_does_not_stop_others},
    {"spinners-share-the-cpu", spinners_share_the_cpu},
    {"yield-next-to-a-spinner", yield_next_to_a_spinner},
};

SUITE(time, tests);
