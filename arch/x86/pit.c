/* SPDX-License-Identifier: MIT
 * arch/x86/pit.c: native's time: the 8254 interval timer interrupts, the TSC tells the time.
 *
 * Runs:  interrupts off, but for clock_ns, which may run anywhere.
 * Needs: a TSC with a constant rate, as every CPU with PAE that we meet has.
 * Source: Intel 8254 data sheet; SDM vol 3, "Time-Stamp Counter".
 */
#include "arch/x86/arch.h"
#include "arch/x86/native.h"
#include "lib/pit.h"

#define ROUND_NS ((u32)(PIT_ROUND * 1000000000ull / PIT_HZ))

/* ns = (tsc - tsc_start) * tsc_scale >> SCALE_SHIFT */
#define SCALE_SHIFT 24
static u64 tsc_start;
static u32 tsc_scale;

PV_ABI void native_clock_init(void) {
    u32 best = pit_measure_tsc(in8, out8);

    if (!best) panic("the interval timer (8254, channel 2) does not count");
    if (best < ROUND_NS >> (32 - SCALE_SHIFT))
        panic("the time-stamp counter hardly advances: this CPU cannot tell the time");
    tsc_scale = (u32)(((u64)ROUND_NS << SCALE_SHIFT) / best);
    tsc_start = rdtsc();
}

PV_ABI u64 native_clock_ns(void) {
    u64 tsc = rdtsc() - tsc_start;
    u64 low = (u64)(u32)tsc * tsc_scale >> SCALE_SHIFT;
    u64 high = (u64)(u32)(tsc >> 32) * tsc_scale << (32 - SCALE_SHIFT);

    return high + low;
}

/* Nanoseconds to counts of the PIT, rounded up, within what it can do. */
static u32 counts(u64 ns) {
    u64 count;

    if (ns >= 50000000) return PIT_LONGEST;
    count = (ns * PIT_HZ + 999999999) / 1000000000;
    return count ? (u32)count : 1;
}

PV_ABI void native_timer_set(u64 deadline) {
    u64 now = clock_ns(); /* that of the backend in force */

    pit_start(out8, PIT_CHANNEL_0, PIT_ONE_SHOT_0, counts(deadline > now ? deadline - now : 0));
}

PV_ABI void native_timer_periodic(u32 period) {
    pit_start(out8, PIT_CHANNEL_0, PIT_PERIODIC_0, counts(period));
}
