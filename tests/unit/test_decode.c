/* SPDX-License-Identifier: MIT
 * tests/unit/test_decode.c: hv-stub/decode.c with every instruction that it knows, in every form.
 *
 * What is expected was written by hand from SDM vol 2. NASM has to agree with every row on what
 * the bytes mean. Code is decoded as exact heap copies, so that ASan reports a read outside them.
 *
 * `test_decode FOLDER` writes each row's bytes into a file there: what the fuzzer begins with.
 */
#include "tests/unit/unit.h"
#include "hv-stub/decode.h"

#define SLOT 16 /* bytes between two rows, as NASM lays them out */

/* Source in NASM's words, if it has any; code in hex; what describe() has to say. */
struct row {
    const char *source, *code, *expected;
};

static const struct row rows[] = {
    {"cli", "FA", "cli 32"},
    {"sti", "FB", "sti 32"},
    {"hlt", "F4", "hlt 32"},
    {"in al, 0x60", "E4 60", "in_imm 8 imm=60"},
    {"in ax, 0xFF", "66 E5 FF", "in_imm 16 imm=ff"},
    {"in eax, 0", "E5 00", "in_imm 32"},
    {"in al, dx", "EC", "in_dx 8"},
    {"o16 in al, dx", "66 EC", "in_dx 8"},
    {"in ax, dx", "66 ED", "in_dx 16"},
    {"in eax, dx", "ED", "in_dx 32"},
    {"out 0xF4, al", "E6 F4", "out_imm 8 imm=f4"},
    {"out 0x80, ax", "66 E7 80", "out_imm 16 imm=80"},
    {"out 0x7F, eax", "E7 7F", "out_imm 32 imm=7f"},
    {"out dx, al", "EE", "out_dx 8"},
    {"out dx, ax", "66 EF", "out_dx 16"},
    {"out dx, eax", "EF", "out_dx 32"},

    {"mov eax, cr0", "0F 20 C0", "mov_from_cr 32"},
    {"mov esp, cr2", "0F 20 D4", "mov_from_cr 32 reg=2 rm=4"},
    {"mov edi, cr3", "0F 20 DF", "mov_from_cr 32 reg=3 rm=7"},
    {"mov cr3, ebp", "0F 22 DD", "mov_to_cr 32 reg=3 rm=5"},
    {"mov cr4, ecx", "0F 22 E1", "mov_to_cr 32 reg=4 rm=1"},
    {"o16 mov cr0, edx", "66 0F 22 C2", "mov_to_cr 32 rm=2"},
    {"mov eax, dr7", "0F 21 F8", "mov_from_dr 32 reg=7"},
    {"mov dr6, ebx", "0F 23 F3", "mov_to_dr 32 reg=6 rm=3"},

    {"lgdt [0x12345678]", "0F 01 15 78 56 34 12", "lgdt 32 reg=2 ds:[12345678]"},
    {"o16 lgdt [eax]", "66 0F 01 10", "lgdt 16 reg=2 ds:[eax+0]"},
    {"lidt [esp + 2]", "0F 01 5C 24 02", "lidt 32 reg=3 ss:[esp+2]"},
    {"lidt [cs:ebx + 4]", "2E 0F 01 5B 04", "lidt 32 reg=3 cs:[ebx+4]"},
    {"sgdt [ebp - 8]", "0F 01 45 F8", "sgdt 32 ss:[ebp+fffffff8]"},
    {"sidt [gs:0]", "65 0F 01 0D 00 00 00 00", "sidt 32 reg=1 gs:[0]"},
    {"invlpg [ebx + edi * 8]", "0F 01 3C FB", "invlpg 32 reg=7 ds:[ebx+edi*8+0]"},
    {"invlpg [ds:ebp]", "3E 0F 01 7D 00", "invlpg 32 reg=7 ds:[ebp+0]"},
    {"lldt bx", "0F 00 D3", "lldt 32 reg=2 rm=3"},
    {"lldt [es:0x10]", "26 0F 00 15 10 00 00 00", "lldt 32 reg=2 es:[10]"},
    {"ltr ax", "0F 00 D8", "ltr 32 reg=3"},
    {"ltr [ebp + eax * 4 + 0x100]", "0F 00 9C 85 00 01 00 00", "ltr 32 reg=3 ss:[ebp+eax*4+100]"},

    {"clts", "0F 06", "clts 32"},
    {"wbinvd", "0F 09", "wbinvd 32"},
    {"rdmsr", "0F 32", "rdmsr 32"},
    {"cpuid", "0F A2", "cpuid 32"},

    {"pushfd", "9C", "pushf 32"},
    {"pushfw", "66 9C", "pushf 16"},
    {"popfd", "9D", "popf 32"},
    {"popfw", "66 9D", "popf 16"},
    {"iretd", "CF", "iret 32"},
    {"iretw", "66 CF", "iret 16"},
    {"int 0x80", "CD 80", "int 32 imm=80"},
    {"int 3", "CD 03", "int 32 imm=3"},
    {"int3", "CC", "int3 32"},
    {"into", "CE", "into 32"},

    {"mov ss, cx", "8E D1", "mov_ss 32 reg=2 rm=1"},
    {"mov ss, [esp]", "8E 14 24", "mov_ss 32 reg=2 ss:[esp+0]"},

    {"jmp 0x8:0x12345678", "EA 78 56 34 12 08 00", "jmp_far 32 imm=12345678 sel=8"},
    {"jmp word 0xFFFF:0xFEDC", "66 EA DC FE FF FF", "jmp_far 16 imm=fedc sel=ffff"},
    {"retf", "CB", "retf 32"},
    {"o16 retf", "66 CB", "retf 16"},

    /* what assemblers do not write: mod is ignored, the last prefix of a group counts, the
     * longest of all, and prefixes that have no meaning */
    {NULL, "0F 20 05", "mov_from_cr 32 rm=5"},
    {NULL, "3E 0F 22 44", "mov_to_cr 32 rm=4"},
    {NULL, "0F 23 94", "mov_to_dr 32 reg=2 rm=4"},
    {NULL, "26 64 2E 0F 01 10", "lgdt 32 reg=2 cs:[eax+0]"},
    {NULL, "F3 66 66 66 F2 65 3E 0F 01 9C CD 44 33 22 11", "lidt 16 reg=3 ds:[ebp+ecx*8+11223344]"},
    {NULL, "36 FA", "cli 32 ss"},
    {NULL, "F3 0F A2", "cpuid 32"},

    /* neighbours that are not ours: registers where memory must be, registers that do not exist,
     * groups with holes. CS cannot be loaded by a move, and what emulate.c does not execute is not
     * told apart either. */
    {"mov cs, ax", "8E C8", "unknown"},
    {NULL, "67", "unknown"},
    {NULL, "CA", "unknown"},
    {NULL, "8E 30", "unknown"},
    {NULL, "8E F8", "unknown"},
    {NULL, "0F 20 C8", "unknown"},
    {NULL, "0F 22 E8", "unknown"},
    {NULL, "0F 22 F0", "unknown"},
    {NULL, "0F 20 F8", "unknown"},
    {"vmcall", "0F 01 C1", "unknown"},
    {"monitor", "0F 01 C8", "unknown"},
    {"xgetbv", "0F 01 D0", "unknown"},
    {"vmrun", "0F 01 D8", "unknown"},
    {"rdtscp", "0F 01 F9", "unknown"},
    {NULL, "0F 01 28", "unknown"},
    {NULL, "0F 00 F0", "unknown"},
    {NULL, "0F 00 38", "unknown"},
    {"mov es, ax", "8E C0", "unknown"},
    {"mov gs, si", "8E EE", "unknown"},
    {"sldt eax", "0F 00 C0", "unknown"},
    {"verr dx", "0F 00 E2", "unknown"},
    {"smsw ecx", "0F 01 E1", "unknown"},
    {"lmsw ax", "0F 01 F0", "unknown"},
    {"rdtsc", "0F 31", "unknown"},
    {"wrmsr", "0F 30", "unknown"},
    {"invd", "0F 08", "unknown"},
    {"sysenter", "0F 34", "unknown"},
    {"insb", "6C", "unknown"},
    {"outsd", "6F", "unknown"},
    {"pop ds", "1F", "unknown"},
    {"nop", "90", "unknown"},
    {"ud2", "0F 0B", "unknown"},
    {"syscall", "0F 05", "unknown"},
};

static const struct kind {
    enum insn_kind kind;
    const char *name;
} kinds[] = {
    {INSN_UNKNOWN, "unknown"},
    {INSN_CLI, "cli"},
    {INSN_STI, "sti"},
    {INSN_HLT, "hlt"},
    {INSN_IN_IMM, "in_imm"},
    {INSN_IN_DX, "in_dx"},
    {INSN_OUT_IMM, "out_imm"},
    {INSN_OUT_DX, "out_dx"},
    {INSN_MOV_FROM_CR, "mov_from_cr"},
    {INSN_MOV_TO_CR, "mov_to_cr"},
    {INSN_MOV_FROM_DR, "mov_from_dr"},
    {INSN_MOV_TO_DR, "mov_to_dr"},
    {INSN_LGDT, "lgdt"},
    {INSN_LIDT, "lidt"},
    {INSN_SGDT, "sgdt"},
    {INSN_SIDT, "sidt"},
    {INSN_INVLPG, "invlpg"},
    {INSN_LLDT, "lldt"},
    {INSN_LTR, "ltr"},
    {INSN_CLTS, "clts"},
    {INSN_WBINVD, "wbinvd"},
    {INSN_RDMSR, "rdmsr"},
    {INSN_CPUID, "cpuid"},
    {INSN_PUSHF, "pushf"},
    {INSN_POPF, "popf"},
    {INSN_IRET, "iret"},
    {INSN_INT, "int"},
    {INSN_INT3, "int3"},
    {INSN_INTO, "into"},
    {INSN_MOV_SS, "mov_ss"},
    {INSN_JMP_FAR, "jmp_far"},
    {INSN_RETF, "retf"},
};

static const char *const gpr_names[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
static const char *const sreg_names[] = {"es", "cs", "ss", "ds", "fs", "gs"};

struct text {
    char chars[100];
    int length;
};

static void PRINTF_LIKE(2, 3) append(struct text *text, const char *format, ...) {
    va_list args;

    va_start(args, format);
    text->length +=
        vsnprintf(text->chars + text->length, sizeof(text->chars) - text->length, format, args);
    va_end(args);
    assert_true(text->length < (int)sizeof(text->chars));
}

static void append_memory(struct text *text, const struct insn *insn) {
    append(text, " %s:[", sreg_names[insn->segment]);
    if (insn->base != GPR_NONE) append(text, "%s+", gpr_names[insn->base]);
    if (insn->index != GPR_NONE) append(text, "%s*%d+", gpr_names[insn->index], 1 << insn->scale);
    append(text, "%x]", insn->displacement);
}

/* The place of a kind in kinds[]. */
static size_t kind_index(u32 kind) {
    size_t index = 0;

    while (index < ARRAY_SIZE(kinds) && kinds[index].kind != kind) index++;
    assert_true(index < ARRAY_SIZE(kinds));
    return index;
}

/* "kind bits-of-operand", and then every field that is not 0 and not the default. */
static struct text describe(const struct insn *insn) {
    struct text text = {.length = 0};

    append(&text, "%s", kinds[kind_index(insn->kind)].name);
    if (insn->kind == INSN_UNKNOWN) return text;
    append(&text, " %d", insn->operand_size * 8);
    if (insn->reg != 0) append(&text, " reg=%d", insn->reg);
    if (insn->memory)
        append_memory(&text, insn);
    else if (insn->rm != 0)
        append(&text, " rm=%d", insn->rm);
    if (!insn->memory && insn->segment != SREG_DS) append(&text, " %s", sreg_names[insn->segment]);
    if (insn->immediate != 0) append(&text, " imm=%x", insn->immediate);
    if (insn->selector != 0) append(&text, " sel=%x", insn->selector);
    return text;
}

/* The bytes of a row. Returns how many. */
static unsigned row_code(const struct row *row, u8 code[INSN_MAX]) {
    const char *hex = row->code;
    unsigned size = 0;

    while (*hex) {
        assert_true(size < INSN_MAX);
        code[size++] = (u8)strtoul(hex, (char **)&hex, 16);
    }
    return size;
}

/* decode() on an exact copy. */
static int decode_exactly(const u8 *code, unsigned size, struct insn *insn) {
    u8 *copy = exact_copy(code, size);
    int length = decode(copy, size, insn);

    free(copy);
    assert_in_range(length, 0, size < INSN_MAX ? size : INSN_MAX);
    if (length != 0) assert_int_equal(insn->length, length);
    return length;
}

/* Fails unless the bytes are an instruction of `length` bytes that is described so. */
static void assert_decodes(const u8 *code, unsigned size, int length, const char *expected) {
    struct insn insn;
    int result = decode_exactly(code, size, &insn);
    struct text text = {.chars = "too short"};

    if (result != 0) text = describe(&insn);
    if (result != length || strcmp(text.chars, expected) != 0) {
        for (unsigned at = 0; at < size; at++) print_error("%02X ", code[at]);
        fail_msg("is %s (%d bytes), expected %s (%d bytes)", text.chars, result, expected, length);
    }
}

static void test_rows(void **state) {
    bool seen[ARRAY_SIZE(kinds)] = {false};
    u8 code[INSN_MAX];
    struct insn insn;

    (void)state;
    for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++) {
        unsigned size = row_code(row, code);

        assert_decodes(code, size, (int)size, row->expected);
        decode_exactly(code, size, &insn);
        seen[kind_index(insn.kind)] = true;
    }
    for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++) assert_true(seen[kind]);
}

/* What NASM makes of the sources, in slots filled up with INT1, is what the rows say. */
static void test_nasm_agrees(void **state) {
    char folder[] = "/tmp/unit-decode-XXXXXX", command[256];
    FILE *nasm;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(command, sizeof(command), "cd %s && cat > asm && nasm -f bin -o bin asm", folder);
    nasm = popen(command, "w");
    assert_non_null(nasm);
    fprintf(nasm, "bits 32\n");
    for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++)
        if (row->source) fprintf(nasm, "%s\nalign %d, int1\n", row->source, SLOT);
    assert_int_equal(pclose(nasm), 0);

    snprintf(command, sizeof(command), "cat %s/bin && rm -r %s", folder, folder);
    nasm = popen(command, "r");
    assert_non_null(nasm);
    for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++) {
        u8 expected[SLOT], slot[SLOT];

        if (!row->source) continue;
        memset(expected, 0xF1, SLOT);
        row_code(row, expected);
        assert_int_equal(fread(slot, 1, SLOT, nasm), SLOT);
        if (memcmp(slot, expected, SLOT) != 0) fail_msg("NASM does not agree on %s", row->source);
    }
    assert_int_equal(fgetc(nasm), EOF);
    assert_int_equal(pclose(nasm), 0);
}

static void test_every_truncation(void **state) {
    u8 code[INSN_MAX];
    struct insn insn;

    (void)state;
    for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++)
        for (unsigned size = row_code(row, code); size-- > 0;)
            assert_int_equal(decode_exactly(code, size, &insn), 0);
}

static void test_bytes_behind(void **state) {
    u8 code[2 * INSN_MAX];

    (void)state;
    for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++) {
        for (int fill = 0; fill <= 0xFF; fill += 0x33) {
            unsigned size = row_code(row, memset(code, fill, sizeof(code)));

            assert_decodes(code, sizeof(code), (int)size, row->expected);
        }
    }
}

/* LOCK is an invalid opcode with all of them, wherever it stands among the prefixes. */
static void test_lock(void **state) {
    (void)state;
    for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++) {
        u8 code[2 + INSN_MAX] = {0x66, 0xF0};
        unsigned size = row_code(row, code + 2);

        assert_decodes(code, 2 + size, 2, "unknown");
        assert_decodes(code + 1, 1 + size, 1, "unknown");
    }
}

/* Each row behind so many prefixes that it is 15 bytes long, and one too many. The prefix is the
 * one for DS: all that it can change is the segment, and the row's own prefix overrules it. */
static void test_length_limit(void **state) {
    (void)state;
    for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++) {
        u8 code[2 * INSN_MAX];
        unsigned size = row_code(row, code + INSN_MAX);
        const u8 *longest = code + size;
        struct insn insn, plain;

        memset(code, 0x3E, INSN_MAX);
        decode_exactly(code + INSN_MAX, size, &plain);
        assert_int_equal(decode_exactly(longest, INSN_MAX, &insn), INSN_MAX);
        assert_int_equal(insn.kind, plain.kind);
        assert_decodes(longest - 1, INSN_MAX + 1, INSN_MAX, "unknown");
        assert_decodes(longest - 1, INSN_MAX, INSN_MAX, "unknown");
        assert_int_equal(decode_exactly(longest - 1, INSN_MAX - 1, &insn), 0);
    }
}

/* All orders of four prefixes are the same instruction. */
static void test_prefix_orders(void **state) {
    static const u8 prefixes[] = {0x2E, 0x66, 0xF2, 0xF3};
    unsigned orders = 0;

    (void)state;
    for (unsigned order = 0; order < 256; order++) {
        u8 code[] = {0, 0, 0, 0, 0x0F, 0x01, 0x12};
        unsigned used = 0;

        for (unsigned at = 0; at < 4; at++) {
            code[at] = prefixes[order >> (2 * at) & 3];
            used |= 1u << (order >> (2 * at) & 3);
        }
        if (used != 0xF) continue;
        assert_decodes(code, sizeof(code), sizeof(code), "lgdt 16 reg=2 cs:[edx+0]");
        orders++;
    }
    assert_int_equal(orders, 24);
}

/* An opcode that no row has is not known, whatever follows. */
static void test_opcode_map(void **state) {
    static const u8 prefixes[] = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0xF2, 0xF3};
    bool ours[2][256] = {{false}};

    (void)state;
    ours[0][0x0F] = true;
    for (size_t at = 0; at < ARRAY_SIZE(prefixes); at++) ours[0][prefixes[at]] = true;
    for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++) {
        u8 code[INSN_MAX], *opcode = code;

        row_code(row, code);
        if (strcmp(row->expected, "unknown") == 0) continue;
        while (memchr(prefixes, *opcode, sizeof(prefixes))) opcode++;
        ours[opcode[0] == 0x0F][opcode[opcode[0] == 0x0F]] = true;
    }
    for (unsigned at = 0; at < 512; at++) {
        u8 code[] = {0x0F, (u8)at, 0};

        if (!ours[at >> 8][at & 0xFF])
            assert_decodes(at >> 8 ? code : code + 1, 2, at >> 8 ? 2 : 1, "unknown");
    }
}

/* --- a second reading of ModRM -------------------------------------------------------------- */

/* An r/m operand as the tables of SDM vol 2, "Addressing-Mode Encoding of ModR/M and SIB Bytes"
 * have it: a sum in words, and the sizes of the displacement and of all from ModRM on. */
struct operand {
    const char *base, *index; /* "" for none */
    unsigned scale, displacement_size, size;
};

static struct operand operand_of(const u8 *modrm) {
    static const char *const indexes[] = {"eax", "ecx", "edx", "ebx", "", "ebp", "esi", "edi"};
    static const unsigned displacements[] = {0, 1, 4};
    unsigned mod = modrm[0] >> 6, rm = modrm[0] & 7, base = modrm[1] & 7;
    unsigned scale = 1u << modrm[1] / 64, size = displacements[mod];
    const char *index = indexes[modrm[1] / 8 % 8];

    if (rm == 4 && mod == 0 && base == 5) return (struct operand){"", index, scale, 4, 6};
    if (rm == 4) return (struct operand){gpr_names[base], index, scale, size, 2 + size};
    if (mod == 0 && rm == 5) return (struct operand){"", "", 1, 4, 5};
    return (struct operand){gpr_names[rm], "", 1, size, 1 + size};
}

static u32 value_of(const char *name, const u32 registers[8]) {
    for (unsigned number = 0; number < 8; number++)
        if (strcmp(name, gpr_names[number]) == 0) return registers[number];
    return 0;
}

static u32 offset_of(const struct operand *operand, const u8 *displacement,
                     const u32 registers[8]) {
    u32 offset =
        value_of(operand->base, registers) + value_of(operand->index, registers) * operand->scale;

    switch (operand->displacement_size) {
    case 1: return offset + displacement[0] - (displacement[0] >= 0x80 ? 0x100 : 0);
    case 4:
        return offset + displacement[0] + displacement[1] * 0x100u + displacement[2] * 0x10000u +
               displacement[3] * 0x1000000u;
    default: return offset;
    }
}

static void assert_operand(const u8 *code, unsigned size, const u8 *modrm,
                           const struct operand *operand, const u32 registers[8]) {
    bool is_stack = strcmp(operand->base, "ebp") == 0 || strcmp(operand->base, "esp") == 0;
    u32 offset = offset_of(operand, modrm + operand->size - operand->displacement_size, registers);
    struct insn insn;

    assert_int_equal(decode_exactly(code, size, &insn), modrm - code + operand->size);
    assert_int_equal(insn.kind, INSN_LTR);
    assert_int_equal(insn.reg, *modrm >> 3 & 7);
    assert_true(insn.memory);
    assert_int_equal(insn.segment, is_stack ? SREG_SS : SREG_DS);
    assert_int_equal(insn_offset(&insn, registers), offset);
}

/* Of LTR, which has forms with a register and with memory: reg is 3, all else takes each value. */
static void test_every_modrm(void **state) {
    u64 seed = 7;

    (void)state;
    for (unsigned forms = 0; forms < 0x10000; forms++) {
        u8 code[11] = {0x0F, 0x00, (u8)((forms >> 8 & 0xC7) | 3 << 3), (u8)forms};
        u8 *modrm = code + 2;
        struct operand operand;
        u32 registers[8];

        for (size_t at = 4; at < sizeof(code); at++) code[at] = (u8)(next_random(&seed) >> 24);
        for (size_t at = 0; at < 8; at++) registers[at] = (u32)(next_random(&seed) >> 16);
        if (*modrm >= 0xC0) {
            struct insn insn;

            assert_int_equal(decode_exactly(code, sizeof(code), &insn), 3);
            assert_false(insn.memory);
            assert_int_equal(insn.rm, *modrm & 7);
            assert_int_equal(insn.reg, *modrm >> 3 & 7);
            continue;
        }
        operand = operand_of(modrm);
        assert_operand(code, sizeof(code), modrm, &operand, registers);
    }
}

static void test_random_bytes(void **state) {
    static const u32 registers[8] = {0, 1, 0x7FFFFFFF, 0x80000000, UINT32_MAX, 0xFFFF, 4, 5};
    u64 seed = 3;
    unsigned known = 0;

    (void)state;
    for (int step = 0; step < 300000; step++) {
        u8 code[20];
        struct insn insn;
        int length;

        for (size_t at = 0; at < sizeof(code); at++) code[at] = (u8)(next_random(&seed) >> 24);
        if (step & 1) code[random_below(&seed, 4)] = 0x0F;
        length = decode_exactly(code, (unsigned)random_below(&seed, sizeof(code) + 1), &insn);
        if (length == 0) continue;
        kind_index(insn.kind);
        known += insn.kind != INSN_UNKNOWN;
        if (insn.memory) insn_offset(&insn, registers);
        assert_int_equal(decode_exactly(code, (unsigned)length - 1, &insn), 0);
    }
    assert_true(known > 10000);
}

static int write_seeds(const char *folder) {
    for (size_t at = 0; at < ARRAY_SIZE(rows); at++) {
        u8 code[INSN_MAX];
        unsigned size = row_code(&rows[at], code);
        char path[256];
        FILE *file;

        snprintf(path, sizeof(path), "%s/%zu", folder, at);
        file = fopen(path, "wb");
        if (!file || fwrite(code, 1, size, file) != size || fclose(file) != 0) return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_nasm_agrees),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_bytes_behind),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_length_limit),
        cmocka_unit_test(test_prefix_orders),
        cmocka_unit_test(test_opcode_map),
        cmocka_unit_test(test_every_modrm),
        cmocka_unit_test(test_random_bytes),
    };

    if (argc == 2) return write_seeds(argv[1]);
    return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
