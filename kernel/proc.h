/* SPDX-License-Identifier: MIT
 * kernel/proc.h: what a process is.
 *
 * A process is one page: struct proc at its bottom, the kernel stack above it, growing down
 * towards `canary`.
 *
 *   page + 4096  +--------------------+
 *                | struct trap_frame  |  how it entered the kernel from its program
 *                | kernel stack       |
 *                |   ..  grows down   |
 *                +--------------------+
 *                | canary             |
 *                | struct proc        |
 *   page         +--------------------+
 */
#ifndef KERNEL_PROC_H
#define KERNEL_PROC_H

#include "lib/abi.h"
#include "lib/list.h"
#include "lib/types.h"

#define STACK_CANARY 0x5AFEC0DE
#define RED_ZONE     256 /* bytes above the canary that count as overflow already */
#define INIT_PID     1

/* The address space of a program. What is not a page of its file is demand zero. */
struct vm {
    pte_t *root;
    va_t anonymous; /* demand zero from here (bss, then the heap) .. */
    va_t heap;      /* where sbrk starts */
    va_t brk;       /* .. up to here */
    u32 pages;      /* mapped */
};

struct proc {
    u32 pid;
    enum proc_state state;
    va_t sp; /* of the kernel stack, while it does not run */
    struct vm vm;
    bool killed; /* it ends before its program runs again */
    u32 status;  /* exit status, once it is a zombie */
    u32 ticks, faults;
    u64 wake_at;             /* clock_ns, while it sleeps */
    struct proc *parent;     /* NULL: nobody waits for it: freed as soon as it has ended */
    struct list all;         /* in all_procs, by pid */
    struct list queue;       /* in the ready queue, or in what it waits for */
    struct list child_ended; /* it waits here in proc_wait */
    struct file *files[FD_MAX];
    char name[NAME_MAX + 1];
    u32 canary;
};

extern struct proc *current;

static inline void *stack_top(struct proc *proc) { return (char *)proc + PAGE_SIZE; }

#endif
