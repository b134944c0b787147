/* SPDX-License-Identifier: MIT
 * tools/bench/count.c: a plugin of QEMU's TCG that counts the guest's instructions.
 *
 * Usage: qemu-system-i386 -plugin count.so,mark=ADDRESS,out=FILE[,trace=N]
 * Gives: a line in FILE each time the guest executes the instruction at ADDRESS: instructions so
 *        far, and how many of them were further rounds of a REP instruction, which QEMU counts
 *        like an instruction each. A CPU that waits executes none, so this sees what the TSC of
 *        -icount, which goes on, does not. With trace=N: each instruction between marks N and N+1, by
 *        its address.
 *
 * Debian packages QEMU without qemu-plugin.h: what we need of its interface, version 1 (QEMU docs,
 * "QEMU TCG Plugins"), is declared here.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
                                            void (*callback)(unsigned vcpu, void *data), int flags,
                                            void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op,
                                                void *counter, uint64_t step);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
                                           void (*callback)(uint64_t id,
                                                            struct qemu_plugin_tb *tb));
enum { CB_NO_REGS = 0, INLINE_ADD_U64 = 0 };

/* What QEMU looks for. */
extern int qemu_plugin_version;
int qemu_plugin_version = 1;
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

static FILE *out;
static uint64_t mark_address, traced_mark, marks;
static uint64_t executed, rounds;

static void on_mark(unsigned vcpu, void *data) {
    fprintf(out, "%" PRIu64 " %" PRIu64 "\n", executed, rounds);
    marks++;
}

static void on_traced(unsigned vcpu, void *address) {
    if (marks == traced_mark) fprintf(out, "at %" PRIxPTR "\n", (uintptr_t)address);
}

/* A REP instruction that was the last one executed, too, goes into its next round. */
static void on_rep(unsigned vcpu, void *address) {
    static void *last_address;
    static uint64_t last_executed;

    if (address == last_address && executed == last_executed + 1) rounds++;
    last_address = address;
    last_executed = executed;
}

/* REP or REPNE, perhaps after another prefix, before a string instruction. SDM vol 2, "REP". */
static bool is_rep(const uint8_t *code, size_t size) {
    bool rep = false;

    for (; size > 1; code++, size--) {
        if (*code == 0xF2 || *code == 0xF3)
            rep = true;
        else if (!strchr("\x26\x2E\x36\x3E\x64\x65\x66\x67", *code))
            return false;
    }
    return rep && ((*code >= 0x6C && *code <= 0x6F) || (*code >= 0xA4 && *code <= 0xAF));
}

static void on_translation(uint64_t id, struct qemu_plugin_tb *tb) {
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t address = qemu_plugin_insn_vaddr(insn);

        qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD_U64, &executed, 1);
        if (traced_mark)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_traced, CB_NO_REGS,
                                                   (void *)(uintptr_t)address);
        if (is_rep(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn)))
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_rep, CB_NO_REGS,
                                                   (void *)(uintptr_t)address);
        if (address == mark_address)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, CB_NO_REGS, NULL);
    }
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv) {
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "mark=", 5) == 0)
            mark_address = strtoull(argv[i] + 5, NULL, 16);
        else if (strncmp(argv[i], "out=", 4) == 0)
            out = fopen(argv[i] + 4, "w");
        else if (strncmp(argv[i], "trace=", 6) == 0)
            traced_mark = strtoull(argv[i] + 6, NULL, 10);
    }
    if (!mark_address || !out) {
        fprintf(stderr, "count: needs mark=ADDRESS and out=FILE, which must be writable\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
