/* SPDX-License-Identifier: MIT
 * kernel/bench.c: single operations, again and again, for the program `bench` to time.
 *
 * Runs:  process context, in the system call SYS_bench; whatever it changes is as before at the end.
 * Read first: user/bench.c.
 */
#include "kernel/kernel.h"

#define COUNT_MAX 4096 /* the kernel is not preempted */

static pte_t *pte;       /* of a page that nobody touches meanwhile: the top of the stack */
static pte_t entries[2]; /* what it holds, and the same read-only */
static volatile u32 marks;

/* An instruction counter outside of the machine waits for this address: see tools/bench. */
static void bench_mark(u32 i) { marks++; }

static void nothing(u32 i) {}

static void irq_pair(u32 i) {
    irq_disable();
    irq_enable();
}

static void save_restore(u32 i) { irq_restore(irq_save()); }

static void hypercall(u32 i) { pv_info.null_exit(); }

static void update_pte(u32 i) { set_pte(entries[i & 1], pte); }

static void switch_root(u32 i) { root_load(i & 1 ? NULL : current->vm.root); }

static void fault(u32 i) { copy_from_user(&i, 0, 1); }

static void read_port(u32 i) { in8(PORT_SERIAL_STATUS); }

/* Does `row` `count` times; the last time i is 0, which leaves all as it was. */
int bench(u32 row, u32 count) {
    static void (*const rows[])(u32) = {bench_mark, nothing,    irq_pair,   save_restore,
                                        hypercall,  update_pte, update_pte, switch_root,
                                        fault,      read_port};

    if (row >= ARRAY_SIZE(rows) || count > COUNT_MAX) return -EINVAL;
    if (row == BENCH_HYPERCALL && !pv_info.null_exit) return -ENOENT;
    pte = pte_find(current->vm.root, USER_TOP - 1);
    entries[0] = *pte;
    entries[1] = *pte & ~PTE_W;
    if (row == BENCH_PTE_BATCHED) lazy_begin(LAZY_MMU);
    while (count-- > 0) rows[row](count);
    if (row == BENCH_PTE_BATCHED) lazy_end();
    return 0;
}
