/* SPDX-License-Identifier: MIT
 * lib/pit.h: the 8254 interval timer of a PC as a yardstick for the time-stamp counter.
 *
 * Runs:  interrupts off; who calls says how a port is read and written.
 * Source: Intel 8254 data sheet.
 */
#ifndef LIB_PIT_H
#define LIB_PIT_H

#include "lib/pc.h"
#include "lib/x86.h"

#define PIT_ROUND    (PIT_HZ / 1000) /* counts */
#define PIT_ROUNDS   3
#define PIT_PATIENCE 100000000u /* reads of a port in one round: it takes 1 ms */

/* Starts a channel anew, with a command that says low byte, then high byte. */
static inline void pit_start(void (*out)(u32, u32), u32 channel, u32 command, u32 count) {
    out(command, PIT_COMMAND);
    out(count & 0xFF, channel);
    out(count >> 8, channel);
}

/* How far the TSC comes while channel 2 counts PIT_ROUND down: the shortest of some rounds, since
 * an emulator may be held up in any of them, but never hurries. 0: it does not count. */
static inline u32 pit_measure_tsc(u32 (*in)(u32), void (*out)(u32, u32)) {
    u32 best = ~0u;

    out((in(PORT_B) & ~PORT_B_SPEAKER) | PORT_B_GATE, PORT_B);
    for (u32 round = 0; round < PIT_ROUNDS; round++) {
        u32 patience = PIT_PATIENCE, ticks;
        u64 start;

        pit_start(out, PIT_CHANNEL_2, PIT_ONE_SHOT_2, PIT_ROUND);
        start = rdtsc();
        while (!(in(PORT_B)&PORT_B_OUTPUT))
            if (!--patience) return 0;
        ticks = (u32)(rdtsc() - start);
        if (ticks < best) best = ticks;
    }
    return best;
}

#endif
