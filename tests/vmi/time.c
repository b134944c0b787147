/* SPDX-License-Identifier: MIT
 * tests/vmi/time.c: counters and alarms. Nothing here depends on how fast the machine is: only
 * what comes too early, or not at all, is wrong.
 */
#include "tests/vmi/vmitest.h"

#define REAL      0u
#define AVAILABLE 1u
#define STOLEN    2u
#define PERIODIC  0x100u

#define PIT_HZ      1193182u
#define PIT_0       0x40
#define PIT_2       0x42
#define PIT_COMMAND 0x43
#define PORT_B      0x61
#define OUTPUT_2    0x20

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

static u64 hz;

static u64 counter(u32 which) { return call1(GetCycleCounter, which); }

static u64 ms(u32 count) { return hz / 1000 * count; }

static void set_alarm(u32 flags, u64 expiry, u64 period) {
    call(SetAlarm, flags, (u32)expiry, (u32)(expiry >> 32), (u32)period, (u32)(period >> 32));
}

static void wait_until(u64 time) {
    while (plain(GetCycleCounter, REAL, 0, 0, 0, 0) < time) continue;
}

static void start_counting(void) {
    interrupts = (struct interrupts){0};
    call0(EnableInterrupts);
}

/* --- what a cycle is ------------------------------------------------------------------------- */

/* One count of the PIT's channel 2, watched through port 61h. */
static u64 cycles_of_counts(u32 counts) {
    u64 start;

    out8(PORT_B, (in8(PORT_B) & ~2u) | 1);
    out8(PIT_COMMAND, 0xB0);
    out8(PIT_2, counts & 0xFF);
    out8(PIT_2, counts >> 8);
    start = plain(GetCycleCounter, REAL, 0, 0, 0, 0);
    while (!(in8(PORT_B) & OUTPUT_2)) continue;
    return plain(GetCycleCounter, REAL, 0, 0, 0, 0) - start;
}

static void frequency(void) {
    u64 shortest = ~0ull, expected;

    hz = call0(GetCycleFrequency);
    expected = hz / 40;
    EXPECT(hz > 1000000 && hz < 100000000000ull, "%u Hz", (u32)hz);
    for (u32 round = 0; round < 3; round++) {
        u64 cycles = cycles_of_counts(PIT_HZ / 40);

        shortest = cycles < shortest ? cycles : shortest;
    }
    EXPECT(shortest > expected / 100 * 95 && shortest < expected * 3,
           "%u cycles, expected about %u", (u32)shortest, (u32)expected);
    EXPECT(call0(GetCycleFrequency) == hz, "it changes");
}

static u32 second(void) {
    out8(CMOS_INDEX, 0);
    return in8(CMOS_DATA);
}

/* A second of the PC's clock, which is not ours. */
static void frequency_by_clock(void) {
    u32 first = second();
    u64 start;

    while (second() == first) continue;
    start = counter(REAL);
    first = second();
    while (second() == first) continue;
    start = counter(REAL) - start;
    EXPECT(start > hz / 2 && start < hz * 2, "a second has %u cycles of %u", (u32)start, (u32)hz);
}

/* real = available + stolen, at every instant. */
static void counters(void) {
    for (u32 i = 0; i < 100; i++) {
        u64 before = counter(REAL), sum = counter(AVAILABLE) + counter(STOLEN);
        u64 after = counter(REAL);

        EXPECT(before < after, "real time stands still");
        EXPECT(sum >= before && sum <= after, "available and stolen are not real");
    }
}

static void wallclock(void) {
    u64 first = call0(GetWallclockTime), year = 365ull * 24 * 3600 * 1000000000;

    EXPECT(first > 40 * year, "it is %u years after 1970", (u32)(first / year));
    call0(WallclockUpdated);
    EXPECT((u32)call0(WallclockUpdated) == 0, "it is updated all the time");
}

/* --- alarms ---------------------------------------------------------------------------------- */

static void one_shot(void) {
    for (u32 which = REAL; which <= AVAILABLE; which++) {
        u64 expiry;

        start_counting();
        expiry = counter(which) + ms(5);
        set_alarm(which, expiry, 0);
        while (!interrupts.count) continue;
        EXPECT(interrupts.time >= expiry, "it came too early");
        wait_until(expiry + ms(20));
        EXPECT(interrupts.count == 1, "it came %u times", interrupts.count);
        EXPECT((u32)call1(CancelAlarm, which) == 0, "it is still armed");
    }
}

static void periodic(void) {
    u64 first, period = ms(4), last = 0;

    start_counting();
    first = counter(REAL) + period;
    set_alarm(REAL | PERIODIC, first, period);
    for (u32 i = 0; i < 10; i++) {
        while (interrupts.count <= i) continue;
        EXPECT(interrupts.time >= first + i * period, "tick %u came too early", i);
    }
    EXPECT((u32)call1(CancelAlarm, REAL) != 0, "CancelAlarm says that it was not armed");
    last = interrupts.count;
    wait_until(counter(REAL) + 4 * period);
    EXPECT(interrupts.count <= last + 1, "it goes on after CancelAlarm");
}

static void cancelled(void) {
    u64 expiry = counter(REAL) + ms(10);

    EXPECT((u32)call1(CancelAlarm, REAL) == 0, "it is armed already");
    start_counting();
    set_alarm(REAL, expiry, 0);
    EXPECT((u32)call1(CancelAlarm, REAL) == 1, "it was not armed");
    EXPECT((u32)call1(CancelAlarm, REAL) == 0, "it is still armed");
    wait_until(expiry + ms(10));
    EXPECT(interrupts.count == 0, "it came nevertheless");
}

static void replaced(void) {
    u64 expiry = counter(REAL) + ms(5);

    start_counting();
    set_alarm(REAL, expiry, 0);
    set_alarm(REAL, expiry + ms(20), 0);
    wait_until(expiry + ms(10));
    EXPECT(interrupts.count == 0, "the first one came");
    while (!interrupts.count) continue;
    EXPECT(interrupts.time >= expiry + ms(20), "it came too early");
}

static void in_the_past(void) {
    static const u64 times[] = {1, 0};

    for (u32 i = 0; i < ARRAY_SIZE(times); i++) {
        u64 start;

        start_counting();
        set_alarm(REAL, times[i], 0);
        start = counter(REAL);
        while (!interrupts.count && counter(REAL) < start + ms(200)) continue;
        EXPECT(interrupts.count == 1, "%u interrupts of an alarm at %u", interrupts.count,
               (u32)times[i]);
    }
}

/* Each counter has an alarm of its own. */
static void two_alarms(void) {
    u64 expiry = counter(REAL) + ms(10), start;

    start_counting();
    set_alarm(REAL, expiry, 0);
    set_alarm(AVAILABLE, counter(AVAILABLE) + ms(3000), 0);
    start = counter(REAL);
    while (!interrupts.count && counter(REAL) < start + ms(500)) continue;
    EXPECT(interrupts.count == 1, "one of available time has replaced that of real time");
    EXPECT((u32)call1(CancelAlarm, REAL) == 0, "that of real time is still armed");
    EXPECT((u32)call1(CancelAlarm, AVAILABLE) == 1, "that of available time is not armed");
}

/* There is none for stolen time: the call does nothing. */
static void stolen_alarm(void) {
    u64 expiry = counter(REAL) + ms(300);

    start_counting();
    set_alarm(REAL, expiry, 0);
    set_alarm(STOLEN, 1, 0);
    wait_until(expiry - ms(200));
    EXPECT(interrupts.count == 0 || interrupts.time >= expiry, "it came");
    EXPECT((u32)call1(CancelAlarm, REAL) == 1 || interrupts.count, "it has replaced another one");
}

/* Linux silences channel 0 of the PIT by a control word without a count. */
static void pit_silenced(void) {
    start_counting();
    out8(PIT_COMMAND, 0x34);
    out8(PIT_0, (PIT_HZ / 200) & 0xFF);
    out8(PIT_0, (PIT_HZ / 200) >> 8);
    while (interrupts.count < 3) continue;
    call0(DisableInterrupts);
    out8(PIT_COMMAND, 0x3A);
    settle();
    start_counting();
    wait_until(counter(REAL) + ms(50));
    EXPECT(interrupts.count == 0, "%u interrupts after it", interrupts.count);
}

const struct test time_tests[] = {
    {"GetCycleFrequency by the PIT", frequency},
    {"GetCycleFrequency by the PC's clock", frequency_by_clock},
    {"GetCycleCounter", counters},
    {"GetWallclockTime and WallclockUpdated", wallclock},
    {"an alarm that comes once", one_shot},
    {"an alarm that comes again", periodic},
    {"CancelAlarm", cancelled},
    {"an alarm instead of another", replaced},
    {"alarms in the past", in_the_past},
    {"two alarms", two_alarms},
    {"no alarm of stolen time", stolen_alarm},
    {"a silenced PIT", pit_silenced},
    {NULL, NULL},
};
