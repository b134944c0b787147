/* SPDX-License-Identifier: MIT
 * kernel/kernel.h: every function that one part of the kernel calls in another, on one page.
 *
 * The kernel runs on one CPU and is not preempted: a process gives up the CPU only where it
 * calls schedule() or a function marked "may block". Interrupts come at any time unless said
 * otherwise; what their handlers touch is marked "irq" and is touched with interrupts off.
 */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include "arch/x86/arch.h"
#include "kernel/proc.h"
#include "lib/abi.h"
#include "lib/string.h"
#include "lib/types.h"

/* main.c: the orderly end; prints `exit: N`. */
NORETURN void machine_off(u32 status);

/* printk.c; printk, panic and ksym themselves are in pvops/host.h, since pvops calls them too. */
void vprintk(const char *format, va_list args);

/* panic.c: says why, where and from where, and ends the machine with EXIT_PANIC. */
NORETURN void panic_trap(const struct trap_frame *frame, const char *format, ...) PRINTF_LIKE(2, 3);
#define assert(condition) \
    ((condition) ? (void)0 : panic("assert: %s, %s:%d", #condition, __FILE__, __LINE__))

/* options.c: the command line. */
struct options {
    char pv[16], patch[16], lazy[8], extensions[8], console[16];
    char run[256]; /* "": an interactive shell */
};
extern struct options options;
void options_parse(const char *cmdline);

#define MIN_FREE_PAGES 256 /* a kernel with less than this is of no use: 1 MiB */

/* frame.c: memory in pages. A page has owners; it is free again when the last one puts it. */
void frame_init(const struct boot_info *boot);
void *page_alloc(void);        /* one owner, contents undefined; NULL: none left */
void *page_alloc_zeroed(void); /* the same, zeroed */
bool pages_low(void);          /* only process 1's reserve is left, and that is not for forks */
void page_get(u32 pfn);        /* one more owner */
void page_put(void *page);     /* one owner less; NULL does nothing */
u32 page_owners(u32 pfn);
int frame_info(va_t answer);

/* vm.c: the address space of a program. */
pte_t *vm_fork(struct vm *child, const struct vm *parent); /* copy on write; NULL: no memory */
void vm_destroy(struct vm *vm, pte_t *next);
void *vm_add_page(struct vm *vm, va_t va, bool writable); /* zeroed; NULL: no memory */
bool vm_fault(va_t va, bool write, bool present);         /* false: the program may not do that */
int vm_sbrk(struct vm *vm, i32 bytes);

/* exec.c: replaces the program of the current process. On error nothing has changed. */
int exec(const char *path, const char *args, u32 args_size, u32 argc);

/* proc.c: processes. */
void proc_start_init(void);
int proc_fork(void);
int proc_wait(i32 pid, va_t status, u32 flags); /* may block */
int proc_kill(u32 pid);
NORETURN void proc_exit(u32 status);
NORETURN void program_fault(u32 status, const char *format, ...) PRINTF_LIKE(2, 3);
int proc_info(u32 pid, va_t answer); /* of the first with this pid or a larger one */
void proc_interrupt_console(void);   /* irq: Ctrl-C */
void proc_reap(void);                /* frees an orphan that has ended; from the scheduler */

/* How the process entered the kernel from its program: at the top of its stack. */
static inline struct trap_frame *trap_frame_of(struct proc *proc) {
    return (struct trap_frame *)stack_top(proc) - 1;
}

/* sched.c: who runs. */
void schedule(void);                    /* interrupts off; gives the CPU to the next */
void make_ready(struct proc *proc);     /* irq off */
int wait_on(struct list *queue);        /* may block; 0, or -EINTR if killed */
int wait_on_locked(struct list *queue); /* the same, for who has interrupts off already */
void wake_all(struct list *queue);      /* irq */
void sched_yield(void);
bool someone_ready(void); /* irq off */
NORETURN void sched_start(struct proc *first);
void check_stack(void); /* panics if the kernel stack has overflowed */

/* timer.c: ticks and sleepers. */
#define TICK_NS 10000000u
void timer_init(void);
void timer_interrupt(void);        /* irq */
int timer_sleep(u32 milliseconds); /* may block; 0 or -EINTR */
u64 timer_next(void);              /* irq off: when the next sleeper wakes, as clock_ns */
int timer_info(va_t answer);

/* initrd.c: the files, all of them in memory. */
struct initrd_file {
    char name[NAME_MAX + 1];
    const u8 *data;
    u32 size;
};
void initrd_init(const struct boot_info *boot);
const struct initrd_file *initrd_find(const char *name); /* NULL: no such file */
int initrd_info(u32 index, va_t answer);

/* file.c: open files and the descriptors of the current process. */
struct file *file_console(void);
struct file *file_get(struct file *file); /* one more owner; returns it */
void file_put(struct file *file);         /* one owner less; NULL does nothing */
int file_open(const char *path);
int file_close(u32 fd);
int file_dup(u32 fd);
int file_pipe(int fd[2]);
int file_read(u32 fd, va_t buffer, u32 length);  /* may block */
int file_write(u32 fd, va_t buffer, u32 length); /* may block */
bool file_is_console(const struct file *file);

/* pipe.c */
struct pipe *pipe_create(void);
void pipe_close(struct pipe *pipe, bool writer);
int pipe_read(struct pipe *pipe, va_t buffer, u32 length);  /* may block */
int pipe_write(struct pipe *pipe, va_t buffer, u32 length); /* may block */

/* console.c: lines from the keyboard, text to the screen. */
void console_init(void);
void console_interrupt(void);                   /* irq */
int console_read_line(va_t buffer, u32 length); /* may block */
int console_print(va_t buffer, u32 length);

/* crash.c: breaks the kernel on purpose. */
int crash_on_purpose(u32 how);

/* bench.c: does one of BENCH_* so often. */
int bench(u32 row, u32 count);

/* syscall.c, for entry.asm */
PV_ABI int syscall(u32 a, u32 b, u32 c, u32 number);

#endif
