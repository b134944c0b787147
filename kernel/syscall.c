/* SPDX-License-Identifier: MIT
 * kernel/syscall.c: the system calls, each checked and handed on.
 *
 * Runs:  process context, interrupts on; called by entry.asm with up to three arguments.
 * Gives: what EAX comes back with. Addresses from programs go only to copy_*_user.
 * Read first: lib/abi.h.
 */
#include "kernel/kernel.h"

/* What these keep on the stack would otherwise be made room for in every call. */
#define OUT_OF_LINE static __attribute__((noinline))

/* Copies a string of the program's with its zero; its length without, -EFAULT, or -ENAMETOOLONG. */
static int copy_string(char *to, va_t from, u32 size) {
    for (u32 length = 0; length < size; length++) {
        if (copy_from_user(to + length, from + length, 1) != 0) return -EFAULT;
        if (to[length] == '\0') return (int)length;
    }
    return -ENAMETOOLONG;
}

/* Gathers argv[] in `args`, a page; *size bytes, *count strings. */
static int gather_arguments(char *args, va_t argv, u32 *size, u32 *count) {
    *size = *count = 0;
    for (;; ++*count, argv += 4) {
        va_t arg;
        int length;

        if (copy_from_user(&arg, argv, sizeof arg) != 0) return -EFAULT;
        if (arg == 0) return 0;
        if (*count == ARGC_MAX) return -E2BIG;
        length = copy_string(args + *size, arg, ARG_MAX - *size);
        if (length < 0) return length == -ENAMETOOLONG ? -E2BIG : length;
        *size += (u32)length + 1;
    }
}

OUT_OF_LINE int sys_exec(va_t name, va_t argv) {
    char path[NAME_MAX + 1];
    char *args;
    u32 size, count;
    int result = copy_string(path, name, sizeof path);

    if (result < 0) return result;
    args = page_alloc();
    if (!args) return -ENOMEM;
    result = gather_arguments(args, argv, &size, &count);
    if (result == 0) result = exec(path, args, size, count);
    page_put(args);
    /* The new program's EAX is ours to give as well. */
    return result;
}

OUT_OF_LINE int sys_open(va_t name) {
    char path[NAME_MAX + 1];
    int length = copy_string(path, name, sizeof path);

    return length < 0 ? length : file_open(path);
}

OUT_OF_LINE int sys_pipe(va_t answer) {
    int fd[2];
    int error = file_pipe(fd);

    if (error || copy_to_user(answer, fd, sizeof fd) == 0) return error;
    file_close((u32)fd[0]);
    file_close((u32)fd[1]);
    return -EFAULT;
}

OUT_OF_LINE int sys_pv(u32 what, u32 index, va_t address) {
    union pv_answer answer;
    int size = pv_query(what, index, &answer);

    return size < 0 ? size : copy_to_user(address, &answer, (u32)size);
}

static int sys_power(u32 how, u32 status) {
    if (how == POWER_OFF) machine_off(status);
    if (how == POWER_REBOOT) reboot();
    return -EINVAL;
}

/* Called by entry.asm: a line a call. */
PV_ABI int syscall(u32 a, u32 b, u32 c, u32 number) {
    switch (number) {
    case SYS_exit: proc_exit(a & 0xFF);
    case SYS_fork: return proc_fork();
    case SYS_exec: return sys_exec(a, b);
    case SYS_wait: return proc_wait((i32)a, b, c);
    case SYS_kill: return proc_kill(a);
    case SYS_getpid: return (int)current->pid;
    case SYS_yield: sched_yield(); return 0;
    case SYS_sleep: return timer_sleep(a);
    case SYS_sbrk: return vm_sbrk(&current->vm, (i32)a);
    case SYS_open: return sys_open(a);
    case SYS_close: return file_close(a);
    case SYS_read: return file_read(a, b, c);
    case SYS_write: return file_write(a, b, c);
    case SYS_dup: return file_dup(a);
    case SYS_pipe: return sys_pipe(a);
    case SYS_readdir: return initrd_info(a, b);
    case SYS_procinfo: return proc_info(a, b);
    case SYS_meminfo: return frame_info(a);
    case SYS_clock: return timer_info(a);
    case SYS_pv: return sys_pv(a, b, c);
    case SYS_power: return sys_power(a, b);
    case SYS_crash: return crash_on_purpose(a);
    case SYS_bench: return bench(a, b);
    }
    return -ENOSYS;
}
