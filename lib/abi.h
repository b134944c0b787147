/* SPDX-License-Identifier: MIT
 * lib/abi.h: what the kernel and its programs agree on.
 *
 * A program puts a number below into EAX, up to three arguments into EBX, ECX and EDX,
 * and executes `int 0x80`. EAX comes back with the result; a value from -1 to -4095 is
 * a negated error number. All other registers are kept.
 */
#ifndef LIB_ABI_H
#define LIB_ABI_H

#include "lib/types.h"

#define SYS_exit     0  /* (status)                    does not return                          */
#define SYS_fork     1  /* ()                          child's pid, and 0 in the child          */
#define SYS_exec     2  /* (path, argv)                does not return on success               */
#define SYS_wait     3  /* (pid or -1, &status, flags) pid of the child that ended              */
#define SYS_kill     4  /* (pid)                       ends that process with status 128 + 9    */
#define SYS_getpid   5  /* ()                                                                   */
#define SYS_yield    6  /* ()                                                                   */
#define SYS_sleep    7  /* (milliseconds)                                                       */
#define SYS_sbrk     8  /* (bytes, may be negative)    the old end of the heap                  */
#define SYS_open     9  /* (path)                      a file of the initrd, read-only          */
#define SYS_close    10 /* (fd)                                                                 */
#define SYS_read     11 /* (fd, buf, n)                bytes read; 0 at the end                 */
#define SYS_write    12 /* (fd, buf, n)                bytes written                            */
#define SYS_dup      13 /* (fd)                        the lowest free descriptor               */
#define SYS_pipe     14 /* (int fd[2])                 fd[0] reads what fd[1] writes            */
#define SYS_readdir  15 /* (index, struct dirent *)    -ENOENT past the last                    */
#define SYS_procinfo 16 /* (pid, struct procinfo *)    the lowest pid >= pid; else -ESRCH      */
#define SYS_meminfo  17 /* (struct meminfo *)                                                   */
#define SYS_clock    18 /* (struct clockinfo *)                                                 */
#define SYS_pv       19 /* (what, index, struct pv_*)  what the pvops table holds, PV_Q_*       */
#define SYS_power    20 /* (how, status)               POWER_OFF or POWER_REBOOT                */
#define SYS_crash    21 /* (how)                       breaks the kernel on purpose, CRASH_*    */
#define SYS_bench    22 /* (row, count)                BENCH_*, that often; else -ENOENT          */
#define SYS_COUNT    23

#define EPERM        1
#define ENOENT       2
#define ESRCH        3
#define EINTR        4
#define E2BIG        7
#define ENOEXEC      8
#define EBADF        9
#define ECHILD       10
#define ENOMEM       12
#define EFAULT       14
#define EINVAL       22
#define ENFILE       23
#define EMFILE       24
#define EPIPE        32
#define ENAMETOOLONG 36
#define ENOSYS       38

#define WAIT_NOHANG 1 /* wait: 0 instead of blocking when no child has ended */

/* Exit statuses that the kernel gives; a program's own is 0 to 127. */
#define STATUS_KILLED 137 /* 128 + 9: kill, Ctrl-C, or no memory left for it            */
#define STATUS_MEMORY 139 /* 128 + 11: an address that is not its own, #PF #GP #SS      */
#define STATUS_OPCODE 132 /* 128 + 4: an instruction it may not use, #UD, #NM (the FPU) */
#define STATUS_DIVIDE 136 /* 128 + 8: #DE, #OF, #BR                                     */
#define STATUS_DEBUG  133 /* 128 + 5: #DB, #BP                                          */

#define USER_TOP       0x40000000u /* programs live below: one L2 table a process */
#define USER_STACK_MAX 0x00100000u /* the stack grows down from USER_TOP, to 1 MiB */
#define ARG_MAX        2048        /* bytes of all arguments of a program, with their zeros */
#define ARGC_MAX       32
#define NAME_MAX       31
#define FD_MAX         16
#define PIPE_SIZE      4072 /* bytes that a pipe holds: it lives in one page */

struct dirent {
    char name[NAME_MAX + 1];
    u32 size; /* bytes */
};

enum proc_state { PROC_RUNNING, PROC_READY, PROC_BLOCKED, PROC_ZOMBIE };

struct procinfo {
    u32 pid, parent;
    u32 state;  /* enum proc_state */
    u32 pages;  /* user pages mapped, shared ones included */
    u32 ticks;  /* timer ticks that found it running */
    u32 faults; /* page faults that the kernel resolved for it */
    char name[NAME_MAX + 1];
};

struct meminfo {
    u32 total_pages;  /* that the kernel gives out */
    u32 free_pages;   /* of these, the ones without an owner */
    u32 kernel_pages; /* the image, what lies below it, the table of owners, a reserve */
    u32 initrd_pages;
    u32 shared_pages; /* frames with more than one owner (copy on write) */
};

struct clockinfo {
    u64 uptime_ns; /* since clock_init, never goes back */
    u64 stolen_ns; /* of which a hypervisor gave to others */
    u64 wall_s;    /* seconds since 1970-01-01 UTC */
    u32 ticks;     /* timer interrupts so far */
    u32 tick_ns;   /* length of a full tick */
};

#define POWER_OFF    0
#define POWER_REBOOT 1

#define CRASH_NULL   0 /* the kernel writes to address 16 */
#define CRASH_STACK  1 /* the kernel recurses without end */
#define CRASH_PANIC  2
#define CRASH_ASSERT 3
#define CRASH_DF     4 /* a fault with no stack to take it on */

/* SYS_bench: what to do. PTE_BATCHED is one batch in lazy mode; HYPERCALL is -ENOENT if there is
 * nobody to call. */
enum bench_row {
    BENCH_MARK,
    BENCH_NOTHING,
    BENCH_IRQ_PAIR,
    BENCH_SAVE_RESTORE,
    BENCH_HYPERCALL,
    BENCH_PTE_UPDATE,
    BENCH_PTE_BATCHED,
    BENCH_CR3_SWITCH,
    BENCH_FAULT,
    BENCH_PORT_READ
};

/* SYS_pv: what to ask for, and what receives it. -ENOENT past the last index. */
#define PV_Q_INFO  0 /* struct pv_q_info, index 0 */
#define PV_Q_OP    1 /* struct pv_q_op, index = op */
#define PV_Q_SITE  2 /* struct pv_q_site, index */
#define PV_Q_EXITS 3 /* u64, index = enum hv_reason; none at all if nobody counts them */

struct pv_q_info {
    char backend[16];
    char patch[8]; /* on, off, count or poison */
    u32 ring;      /* the privilege level that the kernel runs at */
    u32 ops, sites, patched;
    va_t va_top; /* the linear space ends here for the kernel */
    u32 shared_kernel_l2, has_pc_devices;
    char signature[16]; /* of the hypervisor, in CPUID; empty on a bare machine */
    char found_by[24];  /* how the backend knows it */
};

struct pv_q_op {
    char group[12], name[20];
    char kind[8]; /* CALL, PATCH or JMP */
    char doc[104];
    u32 sites; /* places that call it */
    u32 count; /* calls so far; only counted with pv.patch=count */
    va_t body; /* what the table points at */
    char body_name[32];
};

#define PV_SITE_MAX 8 /* bytes of the longest site */

enum pv_site_how {
    PV_SITE_INDIRECT,
    PV_SITE_INLINE,
    PV_SITE_CALL,
    PV_SITE_JUMP,
    PV_SITE_COUNT,
    PV_SITE_POISON
};

struct pv_q_site {
    va_t address;
    char function[32];
    u32 function_offset;
    u32 op;
    u32 how;    /* enum pv_site_how: what the patcher put there */
    u32 length; /* bytes of the site */
    u32 used;   /* of which the backend's; the rest is one NOP */
    u8 before[PV_SITE_MAX], now[PV_SITE_MAX];
};

union pv_answer {
    struct pv_q_info info;
    struct pv_q_op op;
    struct pv_q_site site;
    u64 exits;
};

#endif
