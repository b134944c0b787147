/* SPDX-License-Identifier: MIT
 * kernel/timer.c: ticks, and processes that sleep.
 *
 * Runs:  timer_interrupt in the interrupt, the rest with interrupts off where it says so.
 * Gives: a tick each TICK_NS while somebody runs. While nobody does, there are no ticks: one
 *        interrupt is set for the first sleeper.
 */
#include "kernel/kernel.h"

#define IDLE_MAX_NS 1000000000u /* nobody sleeps: wake up all the same, once a second */

static struct list sleepers = {&sleepers, &sleepers}; /* the first to wake comes first */
static u32 ticks;

static struct proc *sleeper_of(struct list *node) { return container_of(node, struct proc, queue); }

void timer_init(void) {
    clock_init();
    irq_unmask(IRQ_TIMER); /* first: Xen drops an event that has no channel yet */
    timer_periodic(TICK_NS);
}

static void wake_sleepers(void) {
    u64 now = clock_ns();

    while (!list_empty(&sleepers) && sleeper_of(list_first(&sleepers))->wake_at <= now)
        make_ready(sleeper_of(list_first(&sleepers)));
}

void timer_interrupt(void) {
    ticks++;
    if (current && current->state == PROC_RUNNING) current->ticks++;
    if (!list_empty(&sleepers)) wake_sleepers();
    if (someone_ready()) need_work = 1;
}

int timer_sleep(u32 milliseconds) {
    struct list *before;
    int error;

    irq_disable();
    current->wake_at = clock_ns() + (u64)milliseconds * 1000000;
    for (before = sleepers.next; before != &sleepers; before = before->next)
        if (sleeper_of(before)->wake_at > current->wake_at) break;
    error = wait_on_locked(before);
    irq_enable();
    return error;
}

u64 timer_next(void) {
    return list_empty(&sleepers) ? clock_ns() + IDLE_MAX_NS
                                 : sleeper_of(list_first(&sleepers))->wake_at;
}

int timer_info(va_t answer) {
    struct clockinfo info = {
        .uptime_ns = clock_ns(),
        .stolen_ns = stolen_ns(),
        .wall_s = wall_clock(),
        .ticks = ticks,
        .tick_ns = TICK_NS,
    };

    return copy_to_user(answer, &info, sizeof info);
}
