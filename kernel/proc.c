/* SPDX-License-Identifier: MIT
 * kernel/proc.c: processes: how they begin, end and are waited for.
 *
 * Runs:  process context. all_procs is also read by proc_interrupt_console, in an interrupt:
 *        it is changed with interrupts off.
 * Read first: kernel/proc.h, kernel/sched.c.
 */
#include "kernel/kernel.h"

static struct list all_procs = {&all_procs, &all_procs};
static struct proc *ended_orphan; /* it cannot free the stack that it ends on */

static struct proc *proc_of(struct list *node) { return container_of(node, struct proc, all); }

static struct proc *proc_create(void) {
    static u32 last_pid;
    struct proc *proc = page_alloc();

    if (!proc) return NULL;
    memset(proc, 0, sizeof *proc);
    proc->pid = ++last_pid;
    proc->canary = STACK_CANARY;
    /* Where it comes out of the scheduler for the first time; see schedule(). */
    proc->sp = stack_prepare(trap_frame_of(proc), proc_reap, trap_return);
    list_init(&proc->queue);
    list_init(&proc->child_ended);
    return proc;
}

static void proc_free(struct proc *proc) {
    u32 flags = irq_save();

    list_remove(&proc->all);
    irq_restore(flags);
    page_put(proc);
}

void proc_reap(void) {
    if (ended_orphan) {
        proc_free(ended_orphan);
        ended_orphan = NULL;
    }
}

/* Process 1: the shell, alone or with the commands of run=. Its end is the machine's. */
void proc_start_init(void) {
    static char args[sizeof "sh\0-c" + sizeof options.run] = "sh\0-c";
    size_t length = strlcpy(args + sizeof "sh\0-c", options.run, sizeof options.run);
    struct proc *init = proc_create();
    int error;

    assert(init && init->pid == INIT_PID);
    for (u32 fd = 0; fd < 3; fd++) init->files[fd] = file_console();
    list_add_tail(&init->all, &all_procs);
    current = init;
    error = length ? exec("sh", args, sizeof "sh\0-c" + length + 1, 3)
                   : exec("sh", args, sizeof "sh", 1);
    if (error)
        panic("cannot start the shell, file 'sh' of the initrd: %s",
              error == -ENOENT    ? "there is no such file"
              : error == -ENOEXEC ? "it is not a program for this machine"
                                  : "not enough memory");
    sched_start(init);
}

int proc_fork(void) {
    struct proc *child = pages_low() ? NULL : proc_create();

    if (!child || !vm_fork(&child->vm, &current->vm)) {
        page_put(child);
        return -ENOMEM;
    }
    child->parent = current;
    memcpy(child->name, current->name, sizeof child->name);
    for (u32 fd = 0; fd < FD_MAX; fd++) child->files[fd] = file_get(current->files[fd]);
    *trap_frame_of(child) = *trap_frame_of(current);
    trap_frame_of(child)->eax = 0;
    irq_disable();
    child->killed = current->killed; /* a Ctrl-C during this fork did not see the child */
    list_add_tail(&child->all, &all_procs);
    make_ready(child);
    irq_enable();
    return (int)child->pid;
}

/* --- the end ------------------------------------------------------------------------------- */

/* A child of the current process that has ended, or NULL; *any: is there a child at all? */
static struct proc *find_ended(i32 pid, bool *any) {
    *any = false;
    list_for_each (node, &all_procs) {
        struct proc *child = proc_of(node);

        if (child->parent != current || (pid != -1 && child->pid != (u32)pid)) continue;
        *any = true;
        if (child->state == PROC_ZOMBIE) return child;
    }
    return NULL;
}

/* Nobody waits any more for those that have ended; those that go on belong to nobody. */
static void abandon_children(void) {
    struct proc *child;
    bool any;

    while ((child = find_ended(-1, &any))) proc_free(child);
    list_for_each (node, &all_procs)
        if (proc_of(node)->parent == current) proc_of(node)->parent = NULL;
}

void proc_exit(u32 status) {
    if (current->pid == INIT_PID) machine_off(status);
    for (u32 fd = 0; fd < FD_MAX; fd++) file_close(fd);
    abandon_children();
    vm_destroy(&current->vm, NULL);

    irq_disable();
    proc_reap();
    current->status = status;
    current->state = PROC_ZOMBIE;
    if (current->parent)
        wake_all(&current->parent->child_ended);
    else
        ended_orphan = current;
    schedule();
    __builtin_unreachable();
}

void program_fault(u32 status, const char *format, ...) {
    va_list args;

    va_start(args, format);
    printk("%s[%u]: ", current->name, current->pid);
    vprintk(format, args);
    printk(": ended with status %u\n", status);
    va_end(args);
    proc_exit(status);
}

int proc_wait(i32 pid, va_t status, u32 flags) {
    struct proc *child;
    bool any;

    if (flags & ~WAIT_NOHANG) return -EINVAL;
    while (!(child = find_ended(pid, &any))) {
        int error;

        if (!any) return -ECHILD;
        if (flags & WAIT_NOHANG) return 0;
        error = wait_on(&current->child_ended);
        if (error) return error;
    }
    if (status && copy_to_user(status, &child->status, sizeof child->status) != 0) return -EFAULT;
    pid = (i32)child->pid;
    proc_free(child);
    return pid;
}

/* It ends when it next leaves the kernel; if it waits there, it stops waiting. irq. */
static void end_soon(struct proc *proc) {
    proc->killed = true;
    if (proc->state == PROC_BLOCKED) make_ready(proc);
    if (proc == current) need_work = 1;
}

int proc_kill(u32 pid) {
    if (pid == INIT_PID) return -EPERM;
    list_for_each (node, &all_procs) {
        struct proc *proc = proc_of(node);

        if (proc->pid != pid || proc->state == PROC_ZOMBIE) continue;
        irq_disable();
        end_soon(proc);
        irq_enable();
        return 0;
    }
    return -ESRCH;
}

/* Ctrl-C ends who reads the console: every process but the first whose descriptor 0 it is. The
 * shell gives its background jobs another one. */
void proc_interrupt_console(void) {
    list_for_each (node, &all_procs) {
        struct proc *proc = proc_of(node);

        if (proc->pid != INIT_PID && proc->state != PROC_ZOMBIE && file_is_console(proc->files[0]))
            end_soon(proc);
    }
}

int proc_info(u32 pid, va_t answer) {
    list_for_each (node, &all_procs) {
        const struct proc *proc = proc_of(node);
        struct procinfo info = {
            .pid = proc->pid,
            .parent = proc->parent ? proc->parent->pid : 0,
            .state = proc->state,
            .pages = proc->vm.pages,
            .ticks = proc->ticks,
            .faults = proc->faults,
        };

        if (proc->pid < pid) continue;
        strlcpy(info.name, proc->name, sizeof info.name);
        return copy_to_user(answer, &info, sizeof info);
    }
    return -ESRCH;
}
