/* SPDX-License-Identifier: MIT
 * user/bench.c: what things cost, in ticks of the TSC: lmbench's rows, and single operations.
 *
 * Gives: `bench`                every row, several samples each
 *        `bench [N] [ROW...]`   those rows; samples of N operations
 * A line a sample: its row, how many operations it holds, ticks, and how often the kernel went to
 * the hypervisor meanwhile, by reason. Under `qemu -icount shift=0` a tick is an instruction; what
 * the timing itself and the loops cost is measured by rows of its own and subtracted by
 * tools/bench/bench.py, which also turns samples into medians.
 * Read first: kernel/bench.c.
 */
#include "user/lib/user.h"

#define SAMPLES   7
#define REASONS   8 /* that are counted, at most */
#define PAGE_SIZE 4096u
#define PAGES     256u /* that fork_256 and sbrk touch */
#define LOOPS     64u  /* operations that one sample holds, pages that it faults on; .. */
#define KERNEL    256u /* .. of a row in the kernel */
#define STREAM    65536u

static char buffer[STREAM];
static int to_child[2], from_child[2]; /* pipes */

static inline u64 rdtsc(void) {
    u64 ticks;

    asm volatile("rdtsc" : "=A"(ticks) : : "memory");
    return ticks;
}

static i32 check(i32 result, const char *what) {
    if (result < 0) fail("%s: %s", what, error_name(result));
    return result;
}

/* --- helpers: a child that waits to be told, pages ------------------------------------------- */

static void make_pipes(void) {
    check(pipe(to_child), "pipe");
    check(pipe(from_child), "pipe");
}

static void close_pipes(void) {
    for (u32 end = 0; end < 2; end++) {
        close(to_child[end]);
        close(from_child[end]);
    }
}

static void put(int fd) { check(write(fd, buffer, 1), "write"); }

/* False: nobody will write any more. */
static bool get(int fd) { return check(read(fd, buffer, 1), "read") == 1; }

/* Forks a child that calls `serve` and ends; wait_for_child ends it, too. */
static void start_child(void (*serve)(void)) {
    make_pipes();
    if (check(fork(), "fork") == 0) {
        close(to_child[1]);
        close(from_child[0]);
        serve();
        exit(0);
    }
}

static void end_child(void) {
    close_pipes();
    check(wait(-1, NULL, 0), "wait");
}

static void reap(void) { check(wait(-1, NULL, 0), "wait"); }

static void touch(volatile char *from, u32 pages) {
    for (u32 i = 0; i < pages; i++) from[i * PAGE_SIZE] = 1;
}

static char *heap; /* where the pages of the row begin */

static void grow(void) { heap = (char *)check(sbrk(PAGES * PAGE_SIZE), "sbrk"); }

static void grow_and_touch(void) {
    grow();
    touch(heap, PAGES);
}

static void shrink(void) { check(sbrk(-(i32)(PAGES * PAGE_SIZE)), "sbrk"); }

/* --- what is timed ----------------------------------------------------------------------------- */

static void nothing(u32 count) {}

/* null_call without the call. */
static void loop(u32 count) {
    i32 result;

    for (u32 i = 0; i < count; i++)
        asm volatile("" : "=a"(result) : "a"(SYS_getpid), "b"(0), "c"(0), "d"(0) : "memory");
}

static void null_call(u32 count) {
    for (u32 i = 0; i < count; i++) getpid();
}

static void pipe_pingpong(u32 count) {
    for (u32 i = 0; i < count; i++) {
        put(to_child[1]);
        get(from_child[0]);
    }
}

static void pong(void) {
    while (get(to_child[0])) put(from_child[1]);
}

static void fork_exit(u32 count) {
    if (check(fork(), "fork") == 0) syscall3(SYS_exit, 0, 0, 0);
    reap();
}

static void fork_exec(u32 count) {
    static char *const argv[] = {"bench", "exit", NULL};

    if (check(fork(), "fork") == 0) check(exec(argv[0], argv), "exec");
    reap();
}

static void touch_loop(u32 count) {
    for (u32 i = 0; i < count; i++) asm volatile("" : : "r"(&heap[i * PAGE_SIZE]) : "memory");
}

static void touch_pages(u32 count) { touch(heap, count); }

/* A sleeping child shares all pages. */
static void share(void) {
    grow_and_touch();
    start_child(pong);
}

static void unshare(void) {
    end_child();
    shrink();
}

static void grow_touch_shrink(u32 count) {
    grow_and_touch();
    shrink();
}

/* One byte tells the child to begin. */
static void pipe_64k(u32 count) {
    u32 left = STREAM;

    put(to_child[1]);
    while (left > 0) left -= (u32)check(read(from_child[0], buffer, left), "read");
}

static void stream(void) {
    while (get(to_child[0])) check(write_all(from_child[1], buffer, STREAM), "write");
}

static void console_line(u32 count) {
    write(STDOUT, "0123456789012345678901234567890123456789\n", 41);
}

static void sleep_tick(u32 count) { sleep(10); }

static void kernel_row(u32 row, u32 count) { check(syscall3(SYS_bench, row, count, 0), "bench"); }

static void kernel_loop(u32 count) { kernel_row(BENCH_NOTHING, count); }
static void irq_pair(u32 count) { kernel_row(BENCH_IRQ_PAIR, count); }
static void save_restore(u32 count) { kernel_row(BENCH_SAVE_RESTORE, count); }
static void hypercall(u32 count) { kernel_row(BENCH_HYPERCALL, count); }
static void pte_update(u32 count) { kernel_row(BENCH_PTE_UPDATE, count); }
static void pte_batched(u32 count) { kernel_row(BENCH_PTE_BATCHED, count); }
static void cr3_switch(u32 count) { kernel_row(BENCH_CR3_SWITCH, count); }
static void fault_reflect(u32 count) { kernel_row(BENCH_FAULT, count); }
static void port_read(u32 count) { kernel_row(BENCH_PORT_READ, count); }

/* --- the rows ------------------------------------------------------------------------------------ */

/* Once in advance: by then both have their own copies of the pages that they write to. */
static void start_pong(void) {
    start_child(pong);
    pipe_pingpong(1);
}

static void start_stream(void) {
    start_child(stream);
    pipe_64k(1);
}

static const struct row {
    const char *name;
    void (*run)(u32 count);
    u32 count; /* operations in a sample */
    void (*before)(void), (*after)(void);
} rows[] = {
    /* What is to be subtracted. */
    {"nothing", nothing, 1, NULL, NULL},
    {"loop", loop, LOOPS, NULL, NULL},
    {"touch_loop", touch_loop, LOOPS, NULL, NULL},
    {"kernel_loop", kernel_loop, KERNEL, NULL, NULL},

    {"null_call", null_call, LOOPS, NULL, NULL},
    {"pipe_pingpong", pipe_pingpong, LOOPS, start_pong, end_child},
    {"fork_exit", fork_exit, 1, NULL, NULL},
    {"fork_exec", fork_exec, 1, NULL, NULL},
    {"fork_256", fork_exit, 1, grow_and_touch, shrink},
    {"zero_fault", touch_pages, LOOPS, grow, shrink},
    {"cow_fault", touch_pages, LOOPS, share, unshare},
    {"sbrk", grow_touch_shrink, 1, NULL, NULL},
    {"pipe_64k", pipe_64k, 1, start_stream, end_child},
    {"console_line", console_line, 1, NULL, NULL},
    {"sleep_tick", sleep_tick, 1, NULL, NULL},

    {"irq_pair", irq_pair, KERNEL, NULL, NULL},
    {"save_restore", save_restore, KERNEL, NULL, NULL},
    {"hypercall", hypercall, KERNEL, NULL, NULL},
    {"pte_update", pte_update, KERNEL, NULL, NULL},
    {"pte_batched", pte_batched, KERNEL, NULL, NULL},
    {"cr3_switch", cr3_switch, KERNEL, NULL, NULL},
    {"fault_reflect", fault_reflect, KERNEL, NULL, NULL},
    {"port_read", port_read, KERNEL, NULL, NULL},
};

static void read_exits(u64 exits[REASONS]) {
    for (u32 i = 0; i < REASONS; i++)
        if (pv_query(PV_Q_EXITS, i, &exits[i]) < 0) exits[i] = 0;
}

static void sample(const struct row *row, u32 count) {
    u64 before[REASONS], after[REASONS], start, ticks;

    read_exits(before);
    kernel_row(BENCH_MARK, 1);
    start = rdtsc();
    row->run(count);
    ticks = rdtsc() - start;
    kernel_row(BENCH_MARK, 1);
    read_exits(after);
    printf("%s %u %llu", row->name, count, ticks);
    for (u32 i = 0; i < REASONS; i++) printf(" %llu", after[i] - before[i]);
    printf("\n");
}

static void measure(const struct row *row, i32 count) {
    if (row->run == hypercall && syscall3(SYS_bench, BENCH_HYPERCALL, 0, 0) < 0) return;
    for (u32 i = 0; i < SAMPLES; i++) {
        if (row->before) row->before();
        sample(row, count ? (u32)count : row->count);
        if (row->after) row->after();
    }
}

static void measure_named(const char *name, i32 count) {
    for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
        if (strcmp(name, rows[i].name) == 0) {
            measure(&rows[i], count);
            return;
        }
    fail("no row is called %s", name);
}

int main(int argc, char **argv) {
    i32 count = 0;
    int first = argc > 1 && parse_number(argv[1], &count) ? 2 : 1;

    if (argc == 2 && strcmp(argv[1], "exit") == 0) return 0; /* what fork_exec starts */
    for (int i = first; i < argc; i++) measure_named(argv[i], count);
    for (u32 i = 0; first == argc && i < ARRAY_SIZE(rows); i++) measure(&rows[i], count);
    return 0;
}
