/* SPDX-License-Identifier: MIT
 * kernel/pipe.c: a page between processes: bytes go in at one end and come out at the other.
 *
 * Runs:  process context. Processes are not preempted in the kernel, so between two calls that
 *        may block nobody else touches a pipe.
 */
#include "kernel/kernel.h"

struct pipe {
    u32 start;            /* of the oldest byte in data[] */
    u32 filled;           /* bytes */
    u32 readers, writers; /* open files for each end: 0 or 1 */
    struct list waiting;  /* while it is empty for data, while it is full for room */
    u8 data[PIPE_SIZE];
};

_Static_assert(sizeof(struct pipe) == PAGE_SIZE, "a pipe is one page");

struct pipe *pipe_create(void) {
    struct pipe *pipe = page_alloc();

    if (!pipe) return NULL;
    pipe->start = pipe->filled = 0;
    pipe->readers = pipe->writers = 1;
    list_init(&pipe->waiting);
    return pipe;
}

/* Whoever waits for the other end learns that it is gone. */
void pipe_close(struct pipe *pipe, bool writer) {
    *(writer ? &pipe->writers : &pipe->readers) = 0;
    wake_all(&pipe->waiting);
    if (!pipe->readers && !pipe->writers) page_put(pipe);
}

static u32 min(u32 a, u32 b) { return a < b ? a : b; }

/* What there is, up to `length` bytes; waits only while there is nothing. 0: no writer is left. */
int pipe_read(struct pipe *pipe, va_t buffer, u32 length) {
    u32 done = 0;

    while (length && !pipe->filled && pipe->writers) {
        int error = wait_on(&pipe->waiting);

        if (error) return error;
    }
    length = min(length, pipe->filled);
    while (done < length) {
        u32 count = min(length - done, PIPE_SIZE - pipe->start);

        if (copy_to_user(buffer + done, pipe->data + pipe->start, count) != 0) break;
        pipe->start = (pipe->start + count) % PIPE_SIZE;
        pipe->filled -= count;
        done += count;
    }
    if (done) wake_all(&pipe->waiting);
    return length && !done ? -EFAULT : (int)done;
}

/* Puts in what there is room for, which is not nothing; the bytes put in, or -EFAULT. */
static int put(struct pipe *pipe, va_t buffer, u32 length) {
    u32 end = (pipe->start + pipe->filled) % PIPE_SIZE;
    u32 count = min(min(length, PIPE_SIZE - pipe->filled), PIPE_SIZE - end);

    if (copy_from_user(pipe->data + end, buffer, count) != 0) return -EFAULT;
    pipe->filled += count;
    wake_all(&pipe->waiting);
    return (int)count;
}

/* All of it, waiting for room as often as it takes. If the reader goes away in between, what was
 * written is returned; if it was gone before, -EPIPE. */
int pipe_write(struct pipe *pipe, va_t buffer, u32 length) {
    u32 done = 0;

    while (done < length) {
        int result;

        if (!pipe->readers) return done ? (int)done : -EPIPE;
        result = pipe->filled == PIPE_SIZE ? wait_on(&pipe->waiting)
                                           : put(pipe, buffer + done, length - done);
        if (result < 0) return done ? (int)done : result;
        done += (u32)result;
    }
    return (int)done;
}
