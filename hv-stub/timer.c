/* SPDX-License-Identifier: MIT
 * hv-stub/timer.c: one timer of the machine for all the alarms of a guest: its PIT's, and VMI's.
 *
 * Runs:  in ring 0, interrupts off.
 * Gives: a request of line 0 when a deadline has come. A periodic alarm that was missed more than
 *        once comes once.
 */
#include "hv-stub/hv.h"
#include "hv-stub/hw.h"

/* For the first that is to come; 0: none is. */
void timer_arm(struct vcpu *vcpu) {
    u64 first = 0;

    for (u32 i = 0; i < ALARMS; i++) {
        u64 deadline = vcpu->alarm[i].deadline;

        if (deadline && (!first || deadline < first)) first = deadline;
    }
    host_timer(first);
}

void timer_interrupt(struct vcpu *vcpu) {
    u64 now = rdtsc();

    for (struct alarm *alarm = vcpu->alarm; alarm < vcpu->alarm + ALARMS; alarm++) {
        if (!alarm->deadline || alarm->deadline > now) continue;
        vpic_request(&vcpu->pic, 0);
        if (!alarm->period)
            alarm->deadline = 0;
        else
            alarm->deadline += ((now - alarm->deadline) / alarm->period + 1) * alarm->period;
    }
    timer_arm(vcpu);
}
