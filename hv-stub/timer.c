/* SPDX-License-Identifier: MIT
 * hv-stub/timer.c: one timer of the machine for all the alarms of a guest: its PIT's, and VMI's.
 *
 * Runs:  in ring 0, interrupts off.
 * Gives: a request of line 0 when a deadline has come. A periodic alarm that was missed more than
 *        once comes once.
 */
#include "hv-stub/hv.h"
#include "hv-stub/hw.h"

static u64 earlier(u64 a, u64 b) { return !a || (b && b < a) ? b : a; }

void timer_arm(struct vcpu *vcpu) {
    u64 vmi = earlier(vcpu->alarm[0].deadline, vcpu->alarm[1].deadline);

    host_timer(earlier(vcpu->pit.alarm.deadline, vmi));
}

static void expire(struct vcpu *vcpu, struct alarm *alarm, u64 now) {
    if (!alarm->deadline || alarm->deadline > now) return;
    vpic_request(&vcpu->pic, 0);
    if (!alarm->period)
        alarm->deadline = 0;
    else
        alarm->deadline += ((now - alarm->deadline) / alarm->period + 1) * alarm->period;
}

void timer_interrupt(struct vcpu *vcpu) {
    u64 now = rdtsc();

    expire(vcpu, &vcpu->pit.alarm, now);
    expire(vcpu, &vcpu->alarm[0], now);
    expire(vcpu, &vcpu->alarm[1], now);
    timer_arm(vcpu);
}
