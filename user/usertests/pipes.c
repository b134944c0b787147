/* SPDX-License-Identifier: MIT
 * user/usertests/pipes.c: pipes: order, ends that close, blocking, many processes at once.
 */
#include "user/usertests/test.h"

static void order(void) {
    char text[8];
    i32 fds[2];

    make_pipe(fds);
    CHECK_EQ(write(fds[1], "abc", 3), 3);
    CHECK_EQ(write(fds[1], "defg", 4), 4);
    CHECK_EQ(read(fds[0], text, 2), 2);
    CHECK_EQ(read(fds[0], text + 2, sizeof(text)), 5); /* what there is, not more */
    CHECK(memcmp(text, "abcdefg", 7) == 0);
    close_pipe(fds);
}

/* Reading and writing at different paces moves the data across the end of the buffer. */
static void wrap_around(void) {
    enum { STEP = 1000, ROUNDS = 50 };
    static u8 out[STEP], in[STEP];
    i32 fds[2];

    make_pipe(fds);
    CHECK_EQ(write(fds[1], out, 7), 7);
    for (u32 round = 0; round < ROUNDS; round++) {
        memset(out, (i32)round, STEP);
        CHECK_EQ(write(fds[1], out, STEP), STEP);
        CHECK_EQ(read(fds[0], in, STEP), STEP);
        CHECK_EQ(in[0], round == 0 ? 0 : round - 1); /* 7 bytes behind */
        CHECK_EQ(in[7], round);
        CHECK_EQ(in[STEP - 1], round);
    }
    close_pipe(fds);
}

static void wrong_end(void) {
    i32 fds[2];
    char byte;

    make_pipe(fds);
    CHECK_EQ(write(fds[0], "x", 1), -EBADF);
    CHECK_EQ(read(fds[1], &byte, 1), -EBADF);
    close_pipe(fds);
}

static void nothing_to_do(void) {
    i32 fds[2];
    char byte;

    make_pipe(fds);
    CHECK_EQ(write(fds[1], "x", 0), 0);
    CHECK_EQ(read(fds[0], &byte, 0), 0);
    close_pipe(fds);
}

static void end_when_writers_are_gone(void) {
    i32 fds[2], copy;
    char byte;

    make_pipe(fds);
    copy = dup(fds[1]);
    tell(copy);
    CHECK_EQ(close(fds[1]), 0);
    tell(copy);
    CHECK_EQ(close(copy), 0);
    await(fds[0]);
    await(fds[0]);
    CHECK_EQ(read(fds[0], &byte, 1), 0);
    CHECK_EQ(read(fds[0], &byte, 1), 0);
}

static void error_when_readers_are_gone(void) {
    i32 fds[2], copy;

    make_pipe(fds);
    copy = dup(fds[0]);
    CHECK_EQ(close(fds[0]), 0);
    tell(fds[1]);
    CHECK_EQ(close(copy), 0);
    CHECK_EQ(write(fds[1], "x", 1), -EPIPE);
    CHECK_EQ(write(fds[1], "x", 1), -EPIPE);
}

static void reader_waits(void) {
    i32 fds[2], pid;

    make_pipe(fds);
    pid = fork_child();
    if (pid == 0) {
        await(fds[0]);
        exit(0);
    }
    until_blocked(pid);
    tell(fds[1]);
    CHECK_EQ(status_of(pid), 0);
    close_pipe(fds);
}

static void reader_waits_for_the_end(void) {
    i32 fds[2], pid;

    make_pipe(fds);
    pid = fork_child();
    if (pid == 0) {
        char byte;

        CHECK_EQ(close(fds[1]), 0);
        CHECK_EQ(read(fds[0], &byte, 1), 0);
        exit(0);
    }
    until_blocked(pid);
    close_pipe(fds);
    CHECK_EQ(status_of(pid), 0);
}

/* Starts a child that writes `size` bytes and is told the result that it must see. */
static i32 start_writer(const i32 fds[2], u32 size, i32 result) {
    static u8 data[PIPE_SIZE + 1];
    i32 pid = fork_child();

    if (pid != 0) return pid;
    CHECK_EQ(close(fds[0]), 0);
    CHECK_EQ(write(fds[1], data, size), result);
    exit(0);
}

static void writer_waits(void) {
    static u8 data[PIPE_SIZE + 1];
    u32 done = 0;
    i32 fds[2], pid;

    make_pipe(fds);
    pid = start_writer(fds, PIPE_SIZE + 1, PIPE_SIZE + 1);
    until_blocked(pid);
    while (done < sizeof(data)) {
        i32 n = read(fds[0], data, sizeof(data) - done);

        CHECK(n > 0);
        done += (u32)n;
    }
    CHECK_EQ(status_of(pid), 0);
    close_pipe(fds);
}

/* A writer that waits when the reader goes away learns what has been written: all but the last
 * byte, or nothing. */
static void writer_waits_in_vain(void) {
    i32 fds[2], first, second;

    make_pipe(fds);
    first = start_writer(fds, PIPE_SIZE + 1, PIPE_SIZE);
    until_blocked(first);
    second = start_writer(fds, 1, -EPIPE);
    until_blocked(second);
    CHECK_EQ(close(fds[0]), 0);
    CHECK_EQ(status_of(first), 0);
    CHECK_EQ(status_of(second), 0);
    CHECK_EQ(close(fds[1]), 0);
}

static void killed_writer_ends_the_pipe(void) {
    i32 fds[2], pid;
    char byte;

    make_pipe(fds);
    pid = fork_child();
    if (pid == 0) {
        CHECK_EQ(close(fds[0]), 0);
        for (;;) sleep(UINT32_MAX);
    }
    CHECK_EQ(close(fds[1]), 0);
    until_blocked(pid);
    CHECK_EQ(kill(pid), 0);
    CHECK_EQ(read(fds[0], &byte, 1), 0);
    CHECK_EQ(status_of(pid), STATUS_KILLED);
    CHECK_EQ(close(fds[0]), 0);
}

/* --- under load ---------------------------------------------------------------------------- */

#define WRITERS  8
#define SEQUENCE 32 /* a byte is 32 * writer + number modulo 32 */
#define EACH     2000

static void write_sequence(i32 fd, u32 writer) {
    u8 chunk[50];

    for (u32 next = 0; next < EACH;) {
        for (u32 i = 0; i < sizeof(chunk); i++, next++)
            chunk[i] = (u8)(writer * SEQUENCE + next % SEQUENCE);
        CHECK_EQ(write(fd, chunk, sizeof(chunk)), sizeof(chunk));
    }
}

/* What several processes write may be mixed, but nothing is lost or comes too early. */
static void many_writers(void) {
    u32 next[WRITERS] = {0};
    i32 pids[WRITERS];
    u8 buffer[333];
    i32 fds[2], n;

    make_pipe(fds);
    for (u32 writer = 0; writer < WRITERS; writer++) {
        pids[writer] = fork_child();
        if (pids[writer] == 0) {
            write_sequence(fds[1], writer);
            exit(0);
        }
    }
    CHECK_EQ(close(fds[1]), 0);
    while ((n = read(fds[0], buffer, sizeof(buffer))) > 0) {
        for (i32 i = 0; i < n; i++)
            CHECK_EQ(next[buffer[i] / SEQUENCE]++ % SEQUENCE, buffer[i] % SEQUENCE);
    }
    CHECK_EQ(n, 0);
    for (u32 writer = 0; writer < WRITERS; writer++) {
        CHECK_EQ(next[writer], EACH);
        CHECK_EQ(status_of(pids[writer]), 0);
    }
    CHECK_EQ(close(fds[0]), 0);
}

#define LOAD (256 * 1024)

/* The next of a fixed sequence of bytes that looks random. */
static u8 next_byte(u32 *state) {
    *state = *state * 1103515245 + 12345;
    return (u8)(*state >> 16);
}

/* Writes LOAD bytes of the sequence in pieces of odd sizes. */
static void produce(i32 fd) {
    u8 piece[701];
    u32 state = 1, size;

    for (u32 left = LOAD; left > 0; left -= size) {
        size = left < sizeof(piece) ? left : sizeof(piece);
        for (u32 i = 0; i < size; i++) piece[i] = next_byte(&state);
        CHECK_EQ(write(fd, piece, size), size);
    }
}

/* Passes everything on, inverted. */
static void invert(i32 from, i32 to) {
    u8 piece[1999];
    i32 n;

    while ((n = read(from, piece, sizeof(piece))) > 0) {
        for (i32 i = 0; i < n; i++) piece[i] = (u8)~piece[i];
        CHECK_EQ(write(to, piece, n), n);
    }
    CHECK_EQ(n, 0);
}

static void consume(i32 fd) {
    u8 piece[1024];
    u32 state = 1, done = 0;
    i32 n;

    while ((n = read(fd, piece, sizeof(piece))) > 0) {
        for (i32 i = 0; i < n; i++) CHECK_EQ((u8)~piece[i], next_byte(&state));
        done += (u32)n;
    }
    CHECK_EQ(n, 0);
    CHECK_EQ(done, LOAD);
}

static void three_processes_under_load(void) {
    i32 first[2], second[2];
    i32 producer, inverter;

    make_pipe(first);
    producer = fork_child();
    if (producer == 0) {
        CHECK_EQ(close(first[0]), 0);
        produce(first[1]);
        exit(0);
    }
    CHECK_EQ(close(first[1]), 0);
    make_pipe(second);
    inverter = fork_child();
    if (inverter == 0) {
        CHECK_EQ(close(second[0]), 0);
        invert(first[0], second[1]);
        exit(0);
    }
    CHECK_EQ(close(first[0]), 0);
    CHECK_EQ(close(second[1]), 0);
    consume(second[0]);
    CHECK_EQ(status_of(producer), 0);
    CHECK_EQ(status_of(inverter), 0);
    CHECK_EQ(close(second[0]), 0);
}

static const struct test tests[] = {
    {"order", order},
    {"wrap-around", wrap_around},
    {"wrong-end", wrong_end},
    {"nothing-to-do", nothing_to_do},
    {"end-when-writers-are-gone", end_when_writers_are_gone},
    {"error-when-readers-are-gone", error_when_readers_are_gone},
    {"reader-waits", reader_waits},
    {"reader-waits-for-the-end", reader_waits_for_the_end},
    {"writer-waits", writer_waits},
    {"writer-waits-in-vain", writer_waits_in_vain},
    {"killed-writer-ends-the-pipe", killed_writer_ends_the_pipe},
    {"many-writers", many_writers},
    {"three-processes-under-load", three_processes_under_load},
};

SUITE(pipes, tests);
