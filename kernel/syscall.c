/* SPDX-License-Identifier: MIT
 * kernel/syscall.c: the system calls, each checked and handed on.
 *
 * Runs:  process context, interrupts on; called by entry.asm with up to three arguments.
 * Gives: what EAX comes back with. Addresses from programs go only to copy_*_user.
 * Read first: lib/abi.h.
 */
#include "kernel/kernel.h"

#define ARGUMENTS u32 a, u32 b, u32 c

static PV_ABI int
sys_exit(ARGUMENTS) {
    proc_exit(a & 0xFF);
}

static PV_ABI int
sys_fork(ARGUMENTS) {
    return proc_fork();
}

/* Gathers argv[] in `args`, a page; *size bytes, *count strings. */
static int
gather_arguments(char *args, va_t argv, u32 *size, u32 *count) {
    *size = *count = 0;
    for (;; ++*count, argv += 4) {
        va_t arg;
        int length;

        if (copy_from_user(&arg, argv, sizeof arg) != 0)
            return -EFAULT;
        if (arg == 0)
            return 0;
        if (*count == ARGC_MAX)
            return -E2BIG;
        length = copy_string(args + *size, arg, ARG_MAX - *size);
        if (length < 0)
            return length == -ENAMETOOLONG ? -E2BIG : length;
        *size += (u32)length + 1;
    }
}

static PV_ABI int
sys_exec(ARGUMENTS) {
    char path[NAME_MAX + 1];
    char *args;
    u32 size, count;
    int result = copy_string(path, a, sizeof path);

    if (result < 0)
        return result;
    args = page_alloc();
    if (!args)
        return -ENOMEM;
    result = gather_arguments(args, b, &size, &count);
    if (result == 0)
        result = exec(path, args, size, count);
    page_put(args);
    /* The new program's EAX is ours to give as well. */
    return result;
}

static PV_ABI int
sys_wait(ARGUMENTS) {
    return proc_wait((i32)a, b, c);
}

static PV_ABI int
sys_kill(ARGUMENTS) {
    return proc_kill(a);
}

static PV_ABI int
sys_getpid(ARGUMENTS) {
    return (int)current->pid;
}

static PV_ABI int
sys_yield(ARGUMENTS) {
    sched_yield();
    return 0;
}

static PV_ABI int
sys_sleep(ARGUMENTS) {
    return timer_sleep(a);
}

static PV_ABI int
sys_sbrk(ARGUMENTS) {
    va_t old;
    int error = vm_sbrk(&current->vm, (i32)a, &old);

    return error ? error : (int)old;
}

static PV_ABI int
sys_open(ARGUMENTS) {
    char path[NAME_MAX + 1];
    int length = copy_string(path, a, sizeof path);

    return length < 0 ? length : file_open(path);
}

static PV_ABI int
sys_close(ARGUMENTS) {
    return file_close(a);
}

static PV_ABI int
sys_read(ARGUMENTS) {
    return file_read(a, b, c);
}

static PV_ABI int
sys_write(ARGUMENTS) {
    return file_write(a, b, c);
}

static PV_ABI int
sys_dup(ARGUMENTS) {
    return file_dup(a);
}

static PV_ABI int
sys_pipe(ARGUMENTS) {
    int fd[2];
    int error = file_pipe(fd);

    if (error || copy_to_user(a, fd, sizeof fd) == 0)
        return error;
    file_close((u32)fd[0]);
    file_close((u32)fd[1]);
    return -EFAULT;
}

static PV_ABI int
sys_readdir(ARGUMENTS) {
    const struct initrd_file *file = initrd_entry(a);
    struct dirent entry = {0};

    if (!file)
        return -ENOENT;
    strlcpy(entry.name, file->name, sizeof entry.name);
    entry.size = file->size;
    return copy_to_user(b, &entry, sizeof entry);
}

static PV_ABI int
sys_procinfo(ARGUMENTS) {
    struct procinfo info;
    int error = proc_info(a, &info);

    return error ? error : copy_to_user(b, &info, sizeof info);
}

static PV_ABI int
sys_meminfo(ARGUMENTS) {
    struct meminfo info;

    frame_info(&info);
    return copy_to_user(a, &info, sizeof info);
}

static PV_ABI int
sys_clock(ARGUMENTS) {
    struct clockinfo info;

    timer_info(&info);
    return copy_to_user(a, &info, sizeof info);
}

static PV_ABI int
sys_pv(ARGUMENTS) {
    union pv_answer answer;
    int size = pv_query(a, b, &answer);

    return size < 0 ? size : copy_to_user(c, &answer, (u32)size);
}

static PV_ABI int
sys_power(ARGUMENTS) {
    if (a == POWER_OFF)
        machine_off(b);
    if (a == POWER_REBOOT)
        reboot();
    return -EINVAL;
}

static PV_ABI int
sys_crash(ARGUMENTS) {
    return crash_on_purpose(a);
}

const u32 syscall_count = SYS_COUNT;

const syscall_function syscall_table[SYS_COUNT] = {
    [SYS_exit] = sys_exit,         [SYS_fork] = sys_fork,
    [SYS_exec] = sys_exec,         [SYS_wait] = sys_wait,
    [SYS_kill] = sys_kill,         [SYS_getpid] = sys_getpid,
    [SYS_yield] = sys_yield,       [SYS_sleep] = sys_sleep,
    [SYS_sbrk] = sys_sbrk,         [SYS_open] = sys_open,
    [SYS_close] = sys_close,       [SYS_read] = sys_read,
    [SYS_write] = sys_write,       [SYS_dup] = sys_dup,
    [SYS_pipe] = sys_pipe,         [SYS_readdir] = sys_readdir,
    [SYS_procinfo] = sys_procinfo, [SYS_meminfo] = sys_meminfo,
    [SYS_clock] = sys_clock,       [SYS_pv] = sys_pv,
    [SYS_power] = sys_power,       [SYS_crash] = sys_crash,
};
