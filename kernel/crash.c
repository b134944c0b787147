/* SPDX-License-Identifier: MIT
 * kernel/crash.c: breaks the kernel on purpose, so that one can see how that looks.
 *
 * Runs:  in the system call SYS_crash, which any program may make: this is a kernel to learn from.
 */
#include "kernel/kernel.h"

/* Each call leaves a frame on the stack, and lets others run: a switch checks the canary. */
static __attribute__((noinline)) u32 recurse(u32 depth) {
    volatile u8 frame[64];

    frame[0] = (u8)depth;
    sched_yield();
    return depth == 0 ? 0 : recurse(depth - 1) + frame[0];
}

int crash_on_purpose(u32 how) {
    volatile u32 *volatile nowhere = (volatile u32 *)16;

    switch (how) {
    case CRASH_NULL: *nowhere = 1; return 0;
    case CRASH_STACK: return (int)recurse(~0u);
    case CRASH_PANIC: panic("somebody asked for it (SYS_crash)");
    case CRASH_ASSERT: assert(how != CRASH_ASSERT); return 0;
    case CRASH_DF: crash_double_fault(); return 0;
    }
    return -EINVAL;
}
