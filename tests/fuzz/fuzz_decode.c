/* SPDX-License-Identifier: MIT
 * tests/fuzz/fuzz_decode.c: hv-stub/decode.c with whatever bytes libFuzzer finds.
 *
 * Aborts unless what decode() promises of any bytes holds. Bytes are given to it as exact heap
 * copies, so that ASan reports a read outside them.
 */
#include <stdlib.h>
#include <string.h>

#include "hv-stub/decode.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(bool promise) {
    if (!promise) abort();
}

/* *insn is cleared first, so that two of them can be compared with all that is between fields. */
static int decode_exactly(const u8 *data, size_t size, struct insn *insn) {
    u8 *copy = malloc(size);
    int length;

    memcpy(copy, data, size);
    memset(insn, 0, sizeof(*insn));
    length = decode(copy, (unsigned)size, insn);
    free(copy);
    return length;
}

/* Whatever stands behind the instruction, it is the same. */
static void check_independence(const u8 *data, const struct insn *expected) {
    u8 changed[INSN_MAX + 1];
    struct insn insn;

    for (int fill = 0; fill <= 0xFF; fill += 0xFF) {
        memset(changed, fill, sizeof(changed));
        memcpy(changed, data, expected->length);
        check(decode_exactly(changed, sizeof(changed), &insn) == expected->length);
        check(memcmp(&insn, expected, sizeof(insn)) == 0);
    }
}

static void check_fields(const struct insn *insn) {
    check(insn->operand_size == 1 || insn->operand_size == 2 || insn->operand_size == 4);
    check(insn->segment < SREG_NONE);
    check(insn->reg < GPR_NONE && insn->rm < GPR_NONE);
    check(insn->base <= GPR_NONE && insn->index <= GPR_NONE && insn->scale <= 3);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    static const u32 registers[8] = {1, 2, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, ~0u};
    struct insn insn, truncated;
    int length = decode_exactly(data, size, &insn);

    check(length >= 0 && length <= INSN_MAX && (size_t)length <= size);
    if (length == 0) {
        check(size < INSN_MAX);
        return 0;
    }
    check(insn.length == length);
    check_independence(data, &insn);
    for (int at = 0; at < length; at++) check(decode_exactly(data, (size_t)at, &truncated) == 0);
    if (insn.kind != INSN_UNKNOWN) check_fields(&insn);
    if (insn.memory) insn_offset(&insn, registers);
    return 0;
}
