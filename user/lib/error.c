/* SPDX-License-Identifier: MIT
 * user/lib/error.c: error numbers in words.
 */
#include "user/lib/user.h"

static const struct {
    i32 number;
    const char *name;
} errors[] = {
    {EPERM, "not allowed (EPERM)"},
    {ENOENT, "no such file (ENOENT)"},
    {ESRCH, "no such process (ESRCH)"},
    {EINTR, "interrupted (EINTR)"},
    {E2BIG, "arguments too long (E2BIG)"},
    {ENOEXEC, "not a program for this machine (ENOEXEC)"},
    {EBADF, "no such open file (EBADF)"},
    {ECHILD, "no such child (ECHILD)"},
    {ENOMEM, "not enough memory (ENOMEM)"},
    {EFAULT, "bad address (EFAULT)"},
    {EINVAL, "invalid argument (EINVAL)"},
    {ENFILE, "too many open files in the system (ENFILE)"},
    {EMFILE, "too many open files (EMFILE)"},
    {EPIPE, "nobody reads the pipe (EPIPE)"},
    {ENAMETOOLONG, "name too long (ENAMETOOLONG)"},
    {ENOSYS, "no such system call (ENOSYS)"},
};

const char *error_name(i32 result) {
    for (u32 i = 0; i < ARRAY_SIZE(errors); i++) {
        if (errors[i].number == -result) return errors[i].name;
    }
    return "unknown error";
}
