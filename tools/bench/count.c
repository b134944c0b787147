/* SPDX-License-Identifier: MIT
 * tools/bench/count.c: a plugin of QEMU's TCG that counts the guest's instructions.
 *
 * Usage: qemu-system-i386 -plugin count.so,mark=ADDRESS,out=FILE[,profile=N]
 * Gives: a line in FILE each time the guest executes the instruction at ADDRESS: instructions so
 *        far, and how many of them were further rounds of a REP instruction, which QEMU counts
 *        like an instruction each. A CPU that waits executes none, so this sees what the TSC of
 *        -icount, which goes on, does not. With profile=N: after mark N+1 each address that was
 *        executed since mark N, and how often.
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
static uint64_t mark_address, profiled_mark = UINT64_MAX, marks;
static uint64_t executed, rounds;

/* --- the profile: a counter an address, in a hash table --------------------------------------- */

#define SLOTS (1u << 18)

static struct slot { uint64_t address, count; } profile[SLOTS];

static uint64_t *profile_counter(uint64_t address) {
    uint32_t slot = (uint32_t)(address * 2654435761u) % SLOTS;

    while (profile[slot].address && profile[slot].address != address) slot = (slot + 1) % SLOTS;
    profile[slot].address = address;
    return &profile[slot].count;
}

static void begin_profile(void) {
    for (uint32_t i = 0; i < SLOTS; i++) profile[i].count = 0;
}

static void print_profile(void) {
    for (uint32_t i = 0; i < SLOTS; i++)
        if (profile[i].count)
            fprintf(out, "at %" PRIx64 " %" PRIu64 "\n", profile[i].address, profile[i].count);
}

/* --- what happens while the guest runs ---------------------------------------------------------- */

static void on_mark(unsigned vcpu, void *data) {
    fprintf(out, "%" PRIu64 " %" PRIu64 "\n", executed, rounds);
    if (marks == profiled_mark) begin_profile();
    if (marks == profiled_mark + 1) print_profile();
    marks++;
    fflush(out);
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
        if (profiled_mark != UINT64_MAX)
            qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD_U64,
                                                       profile_counter(address), 1);
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
        else if (strncmp(argv[i], "profile=", 8) == 0)
            profiled_mark = strtoull(argv[i] + 8, NULL, 10);
    }
    if (!mark_address || !out) {
        fprintf(stderr, "count: needs mark=ADDRESS and out=FILE, which must be writable\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
