/* SPDX-License-Identifier: MIT
 * kernel/sched.c: who runs: one queue, round robin, a new turn at each tick.
 *
 * Runs:  interrupts off wherever the ready queue is touched: interrupt handlers wake processes.
 * Gives: schedule() and what leads to it. There is no idle process: who finds the queue empty
 *        waits on its own stack for an interrupt to fill it.
 * Read first: kernel/proc.h, arch/x86/switch.asm.
 */
#include "kernel/kernel.h"

struct proc *current;
u32 need_work;
static struct list ready = {&ready, &ready};

/* A stack that has grown into struct proc has damaged it: nothing there can be trusted. So we
 * stop a little before, or when the canary shows that it was there in between. */
void check_stack(void) {
    va_t sp = (va_t)__builtin_frame_address(0);
    u32 pid;

    if (!current || (current->canary == STACK_CANARY && sp >= (va_t)(current + 1) + RED_ZONE))
        return;
    pid = current->pid;
    current = NULL;
    panic("kernel stack overflow in process %u: ESP is %08x", pid, sp);
}

void make_ready(struct proc *proc) {
    list_remove(&proc->queue);
    proc->state = PROC_READY;
    list_add_tail(&proc->queue, &ready);
}

bool someone_ready(void) { return !list_empty(&ready); }

/* Without ticks, but for the next sleeper. safe_halt lets no interrupt slip in between the test and the wait. */
static void idle(void) {
    while (list_empty(&ready)) {
        timer_set(timer_next());
        safe_halt();
        irq_disable();
    }
    timer_periodic(TICK_NS);
}

static struct proc *next_proc(void) {
    struct list *first;

    if (list_empty(&ready)) idle();
    first = list_first(&ready);
    list_remove(first);
    return container_of(first, struct proc, queue);
}

static void make_current(struct proc *proc) {
    current = proc;
    proc->state = PROC_RUNNING;
    need_work = proc->killed;
    lazy_begin(LAZY_CPU);
    load_sp0((va_t)stack_top(proc));
    root_load(proc->vm.root);
    lazy_end();
}

void schedule(void) {
    struct proc *old = current;
    struct proc *next;

    check_stack();
    next = next_proc();
    if (next == old) {
        old->state = PROC_RUNNING;
        need_work = old->killed;
        return;
    }
    make_current(next);
    switch_stack(&old->sp, next->sp);
    proc_reap(); /* as `old` again, or as a process that begins: see proc_create */
}

/* Off the boot stack, for good. */
void sched_start(struct proc *first) {
    va_t boot_sp;

    make_current(first);
    switch_stack(&boot_sp, first->sp);
    __builtin_unreachable();
}

void sched_yield(void) {
    u32 flags = irq_save();

    make_ready(current);
    schedule();
    irq_restore(flags);
}

int wait_on_locked(struct list *queue) {
    if (current->killed) return -EINTR;
    current->state = PROC_BLOCKED;
    list_add_tail(&current->queue, queue);
    schedule();
    return current->killed ? -EINTR : 0;
}

int wait_on(struct list *queue) {
    int error;

    irq_disable();
    error = wait_on_locked(queue);
    irq_enable();
    return error;
}

/* Who waits may be woken for another reason meanwhile, but nobody begins to wait. */
void wake_all(struct list *queue) {
    u32 flags;

    if (list_empty(queue)) return;
    flags = irq_save();
    while (!list_empty(queue)) make_ready(container_of(list_first(queue), struct proc, queue));
    irq_restore(flags);
}

/* Called by entry.asm, interrupts off, before it returns to a program, if need_work is set. */
void trap_exit_work(void) {
    need_work = 0;
    if (current->killed) proc_exit(STATUS_KILLED);
    sched_yield();
}
