/* SPDX-License-Identifier: MIT
 * user/usertests/pointers.c: addresses that are not the program's, for every call that takes one.
 *
 * Gives: each gets -EFAULT, and the program, which has done nothing wrong to itself, goes on.
 */
#include "user/usertests/test.h"

#define KERNEL_ADDRESS 0xC0100000u
#define HOLE           0x20000000u /* between heap and stack */

/* Text and constants: may be read but not written. */
static const u8 constant[512] = {1};

/* The last byte of the heap's only page; behind it nothing is mapped. */
static u32 end_of_heap(void) { return (u32)add_pages(1) + PAGE_SIZE - 1; }

/* Addresses at which not even one byte is the program's. */
static const u32 foreign[] = {
    4,          HOLE,           USER_TOP - USER_STACK_MAX - 4,
    USER_TOP,   0x7FFFFFFC,     0x80000000,
    0xC0000000, KERNEL_ADDRESS, 0xFFC00000,
    0xFFFFF000, 0xFFFFFFFF,
};

/* Addresses at which a structure begins but does not end: it runs into USER_TOP, into what is
 * not mapped, or around 4 GiB. */
static u32 cut_off[3];

static void find_cut_off(void) {
    cut_off[0] = USER_TOP - 1;
    cut_off[1] = end_of_heap();
    cut_off[2] = 0xFFFFFFFF;
}

/* One call of which one argument, 0 to 2, is a pointer. */
struct call {
    const char *name;
    u32 number;
    u32 pointer; /* which argument */
    u32 arguments[3];
    bool null_is_bad;
    bool writes; /* does the kernel write there? */
};

static void check_address(const struct call *call, u32 address) {
    u32 a[3] = {call->arguments[0], call->arguments[1], call->arguments[2]};
    i32 result;

    a[call->pointer] = address;
    result = syscall3(call->number, a[0], a[1], a[2]);
    if (result != -EFAULT)
        check_failed(__FILE__, __LINE__, "%s at %08x gives %d", call->name, address, result);
}

static void check_call(const struct call *call) {
    if (call->null_is_bad) check_address(call, 0);
    for (u32 i = 0; i < ARRAY_SIZE(foreign); i++) check_address(call, foreign[i]);
    for (u32 i = 0; i < ARRAY_SIZE(cut_off); i++) check_address(call, cut_off[i]);
    if (call->writes) {
        check_address(call, (u32)constant);
        check_address(call, (u32)check_call);
    }
}

/* --- structures ---------------------------------------------------------------------------- */

static void structures(void) {
    static const struct call calls[] = {
        {"readdir", SYS_readdir, 1, {0, 0, 0}, true, true},
        {"procinfo", SYS_procinfo, 1, {1, 0, 0}, true, true},
        {"meminfo", SYS_meminfo, 0, {0, 0, 0}, true, true},
        {"clock", SYS_clock, 0, {0, 0, 0}, true, true},
        {"pv info", SYS_pv, 2, {PV_Q_INFO, 0, 0}, true, true},
        {"pv op", SYS_pv, 2, {PV_Q_OP, 0, 0}, true, true},
        {"pv site", SYS_pv, 2, {PV_Q_SITE, 0, 0}, true, true},
    };

    find_cut_off();
    for (u32 i = 0; i < ARRAY_SIZE(calls); i++) check_call(&calls[i]);
}

/* The descriptors of a pipe that could not be told must be free again. */
static void pipe_descriptors(void) {
    static const struct call call = {"pipe", SYS_pipe, 0, {0, 0, 0}, true, true};

    find_cut_off();
    check_call(&call);
    CHECK_EQ(dup(0), 3);
}

/* The child has ended, but until its status can be told it must stay. */
static void wait_status(void) {
    struct call call = {"wait", SYS_wait, 1, {0, 0, 0}, false, true};
    i32 pid = fork_child();

    if (pid == 0) exit(42);
    call.arguments[0] = (u32)pid;
    find_cut_off();
    check_call(&call);
    CHECK_EQ(status_of(pid), 42);
}

/* --- buffers ------------------------------------------------------------------------------- */

/* What could not be delivered must still be there. */
static void read_from_file(void) {
    struct call call = {"read", SYS_read, 1, {0, 0, 100}, true, true};
    char first[100], again[100];
    i32 fd = open("README");

    CHECK_EQ(read(fd, first, sizeof(first)), sizeof(first));
    CHECK_EQ(close(fd), 0);
    fd = open("README");
    call.arguments[0] = (u32)fd;
    find_cut_off();
    check_call(&call);
    CHECK_EQ(read(fd, again, sizeof(again)), sizeof(again));
    CHECK(memcmp(first, again, sizeof(first)) == 0);
}

static void read_from_pipe(void) {
    struct call call = {"read", SYS_read, 1, {0, 0, 2}, true, true};
    char text[4];
    i32 fds[2];

    make_pipe(fds);
    CHECK_EQ(write(fds[1], "abcd", 4), 4);
    call.arguments[0] = (u32)fds[0];
    find_cut_off();
    check_call(&call);
    CHECK_EQ(read(fds[0], text, 4), 4);
    CHECK(memcmp(text, "abcd", 4) == 0);
    close_pipe(fds);
}

static void write_to_pipe(void) {
    struct call call = {"write", SYS_write, 1, {0, 0, 2}, true, false};
    char text[4];
    i32 fds[2];

    make_pipe(fds);
    call.arguments[0] = (u32)fds[1];
    find_cut_off();
    check_call(&call);
    CHECK_EQ(write(fds[1], "abcd", 4), 4);
    CHECK_EQ(read(fds[0], text, 4), 4);
    CHECK(memcmp(text, "abcd", 4) == 0);
    close_pipe(fds);
}

/* Moves so many bytes through a pipe, so that the next ones go around the end of its ring. */
static void pass_through(const i32 fds[2], u32 count) {
    static u8 bytes[PIPE_SIZE];

    CHECK_EQ(write(fds[1], bytes, count), count);
    CHECK_EQ(read(fds[0], bytes, count), count);
}

/* A buffer that ends where the ring does: what was delivered is said, the rest is still to come. */
static void pipe_across_its_end(void) {
    enum { HALF = 72 };
    u8 *buffer = (u8 *)end_of_heap() + 1 - HALF, text[2 * HALF], again[2 * HALF];
    i32 fds[2];

    for (u32 i = 0; i < sizeof(text); i++) text[i] = (u8)i;
    make_pipe(fds);
    pass_through(fds, PIPE_SIZE - HALF);
    CHECK_EQ(write(fds[1], text, 2 * HALF), 2 * HALF);
    CHECK_EQ(read(fds[0], buffer, 2 * HALF), HALF);
    CHECK_EQ(read(fds[0], again, 2 * HALF), HALF);
    CHECK(memcmp(buffer, text, HALF) == 0 && memcmp(again, text + HALF, HALF) == 0);
    pass_through(fds, PIPE_SIZE - 2 * HALF);
    CHECK_EQ(write(fds[1], buffer, 2 * HALF), HALF);
    CHECK_EQ(read(fds[0], again, 2 * HALF), HALF);
    CHECK(memcmp(again, text, HALF) == 0);
    close_pipe(fds);
}

static void write_to_console(void) {
    static const struct call call = {"write", SYS_write, 1, {STDERR, 0, 2}, true, false};

    find_cut_off();
    check_call(&call);
}

/* Sizes with which the end of the buffer is far away, or wraps around. */
static void huge_sizes(void) {
    static const u32 sizes[] = {0x40000000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
    i32 fds[2];

    make_pipe(fds);
    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
        CHECK_EQ(write(fds[1], (const void *)KERNEL_ADDRESS, sizes[i]), -EFAULT);
        CHECK_EQ(write(fds[1], (const void *)HOLE, sizes[i]), -EFAULT);
        CHECK_EQ(write(STDERR, (const void *)(0u - sizes[i] / 2), sizes[i]), -EFAULT);
    }
    close_pipe(fds);
}

/* --- strings ------------------------------------------------------------------------------- */

/* No zero before the page ends, and nothing behind it. */
static char *endless_string(void) {
    char *string = (char *)end_of_heap() - 3;

    memset(string, 'x', 4);
    return string;
}

/* The structures that are cut off become strings that are. */
static void find_cut_off_strings(void) {
    find_cut_off();
    *(u8 *)cut_off[0] = 'x';
    *(u8 *)cut_off[1] = 'x';
}

static void open_path(void) {
    static const struct call call = {"open", SYS_open, 0, {0, 0, 0}, true, false};

    find_cut_off_strings();
    check_call(&call);
    CHECK_EQ(open(endless_string()), -EFAULT);
}

static void exec_bad_path(void) {
    static char *const argv[] = {"echo", NULL};
    struct call call = {"exec", SYS_exec, 0, {0, (u32)argv, 0}, true, false};

    find_cut_off_strings();
    check_call(&call);
    CHECK_EQ(exec(endless_string(), argv), -EFAULT);
}

static void exec_bad_argv(void) {
    struct call call = {"exec", SYS_exec, 1, {(u32) "echo", 0, 0}, true, false};
    char **argv;

    find_cut_off();
    check_call(&call);
    argv = (char **)(end_of_heap() - 3); /* one pointer, and no NULL behind it */
    argv[0] = "echo";
    CHECK_EQ(exec("echo", argv), -EFAULT);
}

static void exec_bad_argument(void) {
    char *argv[] = {"echo", NULL, NULL};

    for (u32 i = 0; i < ARRAY_SIZE(foreign); i++) {
        argv[1] = (char *)foreign[i];
        CHECK_EQ(exec("echo", argv), -EFAULT);
    }
    argv[1] = endless_string();
    CHECK_EQ(exec("echo", argv), -EFAULT);
}

static void exec_pointers(void) {
    must_return(exec_bad_path);
    must_return(exec_bad_argv);
    must_return(exec_bad_argument);
}

static const struct test tests[] = {
    {"structures", structures},
    {"pipe-descriptors", pipe_descriptors},
    {"wait-status", wait_status},
    {"read-from-file", read_from_file},
    {"read-from-pipe", read_from_pipe},
    {"write-to-pipe", write_to_pipe},
    {"pipe-across-its-end", pipe_across_its_end},
    {"write-to-console", write_to_console},
    {"huge-sizes", huge_sizes},
    {"open-path", open_path},
    {"exec-pointers", exec_pointers},
};

SUITE(pointers, tests);
