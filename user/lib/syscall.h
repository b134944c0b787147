/* SPDX-License-Identifier: MIT
 * user/lib/syscall.h: the system calls as C functions, nothing added.
 *
 * Needs: lib/abi.h, where each call is described.
 * Gives: results as the kernel gives them: a value from -1 to -4095 is a negated error number.
 *        exit, fork and exec are not here: they have to empty the output buffer first and are
 *        functions of the library, see user.h.
 */
#ifndef USER_LIB_SYSCALL_H
#define USER_LIB_SYSCALL_H

#include "lib/abi.h"

/* The kernel reads and writes memory through the arguments, hence the clobber. */
static inline i32 syscall3(u32 number, u32 a, u32 b, u32 c) {
    i32 result;

    asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
    return result;
}

static inline i32 wait(i32 pid, i32 *status, u32 flags) {
    return syscall3(SYS_wait, (u32)pid, (u32)status, flags);
}

static inline i32 kill(i32 pid) { return syscall3(SYS_kill, (u32)pid, 0, 0); }

static inline i32 getpid(void) { return syscall3(SYS_getpid, 0, 0, 0); }

static inline i32 yield(void) { return syscall3(SYS_yield, 0, 0, 0); }

static inline i32 sleep(u32 milliseconds) { return syscall3(SYS_sleep, milliseconds, 0, 0); }

static inline i32 sbrk(i32 bytes) { return syscall3(SYS_sbrk, (u32)bytes, 0, 0); }

static inline i32 open(const char *path) { return syscall3(SYS_open, (u32)path, 0, 0); }

static inline i32 close(i32 fd) { return syscall3(SYS_close, (u32)fd, 0, 0); }

static inline i32 read(i32 fd, void *buffer, u32 size) {
    return syscall3(SYS_read, (u32)fd, (u32)buffer, size);
}

static inline i32 write(i32 fd, const void *buffer, u32 size) {
    return syscall3(SYS_write, (u32)fd, (u32)buffer, size);
}

static inline i32 dup(i32 fd) { return syscall3(SYS_dup, (u32)fd, 0, 0); }

static inline i32 pipe(i32 fds[2]) { return syscall3(SYS_pipe, (u32)fds, 0, 0); }

static inline i32 readdir(u32 index, struct dirent *entry) {
    return syscall3(SYS_readdir, index, (u32)entry, 0);
}

static inline i32 procinfo(i32 pid, struct procinfo *info) {
    return syscall3(SYS_procinfo, (u32)pid, (u32)info, 0);
}

static inline i32 meminfo(struct meminfo *info) { return syscall3(SYS_meminfo, (u32)info, 0, 0); }

static inline i32 clock(struct clockinfo *info) { return syscall3(SYS_clock, (u32)info, 0, 0); }

/* `answer` is the struct pv_q_* that belongs to `what`. */
static inline i32 pv_query(u32 what, u32 index, void *answer) {
    return syscall3(SYS_pv, what, index, (u32)answer);
}

static inline i32 power(u32 how, i32 status) { return syscall3(SYS_power, how, (u32)status, 0); }

static inline i32 crash(u32 how) { return syscall3(SYS_crash, how, 0, 0); }

#endif
