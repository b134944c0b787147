/* SPDX-License-Identifier: MIT
 * hv-stub/decode.c: the instructions that trap in ring 1, from bytes to numbers. The contracts
 * are in hv-stub/decode.h.
 *
 *   [prefixes] opcode [ModRM [SIB] [displacement]] [immediate]
 *
 * The opcode finds a row of a table, and the row says which of the other parts follow. The tables
 * are extracts of SDM vol 2, "Opcode Map"; a row that is not there is INSN_UNKNOWN.
 */
#include "hv-stub/decode.h"

/* What follows an opcode, and how to take it. */
enum form {
    IMM8 = 0x01, /* an immediate of so many bytes */
    IMM16 = 0x02,
    IMMEDIATE = IMM8 | IMM16,
    POINTER = 0x04,  /* an offset of the operand size, then a selector */
    WIDTH = 0x08,    /* bit 0 of the opcode is clear: the operand size is 1 */
    MODRM = 0x10,    /* r/m is a register or memory */
    MEMORY = 0x20,   /* r/m is memory; the same with a register is not this instruction */
    REGISTER = 0x40, /* r/m is a register of 32 bits, whatever mod and the prefixes say */
    GROUP = 0x80,    /* ModRM.reg goes on with the opcode; kind is where the group begins */
    ANY_MODRM = MODRM | MEMORY | REGISTER | GROUP,
    SREG_SHIFT = 8, /* above: the segment register that is loaded */
};

#define LOADS(segment) (SREG_##segment << SREG_SHIFT)

struct opcode {
    u8 kind; /* enum insn_kind */
    u16 form;
};

enum group { GROUP_5 = 0, GROUP_6 = 8, GROUP_7 = 16, GROUPS_END = 24 };

/* SDM vol 2, "Opcode Extensions For One-Byte And Two-byte Opcodes" */
static const struct opcode groups[GROUPS_END] = {
    [GROUP_5 + 3] = {INSN_CALL_FAR, MEMORY}, [GROUP_5 + 5] = {INSN_JMP_FAR, MEMORY},
    [GROUP_6 + 0] = {INSN_SLDT, MODRM},      [GROUP_6 + 1] = {INSN_STR, MODRM},
    [GROUP_6 + 2] = {INSN_LLDT, MODRM},      [GROUP_6 + 3] = {INSN_LTR, MODRM},
    [GROUP_6 + 4] = {INSN_VERR, MODRM},      [GROUP_6 + 5] = {INSN_VERW, MODRM},
    [GROUP_7 + 0] = {INSN_SGDT, MEMORY},     [GROUP_7 + 1] = {INSN_SIDT, MEMORY},
    [GROUP_7 + 2] = {INSN_LGDT, MEMORY},     [GROUP_7 + 3] = {INSN_LIDT, MEMORY},
    [GROUP_7 + 4] = {INSN_SMSW, MODRM},      [GROUP_7 + 6] = {INSN_LMSW, MODRM},
    [GROUP_7 + 7] = {INSN_INVLPG, MEMORY},
};

static const struct opcode one_byte[256] = {
    [0x07] = {INSN_POP_SREG, LOADS(ES)},
    [0x17] = {INSN_POP_SREG, LOADS(SS)},
    [0x1F] = {INSN_POP_SREG, LOADS(DS)},
    [0x6C ... 0x6D] = {INSN_INS, WIDTH},
    [0x6E ... 0x6F] = {INSN_OUTS, WIDTH},
    [0x8E] = {INSN_MOV_SREG, MODRM},
    [0x9A] = {INSN_CALL_FAR, POINTER},
    [0x9C] = {INSN_PUSHF, 0},
    [0x9D] = {INSN_POPF, 0},
    [0xC4] = {INSN_LOAD_FAR, MEMORY | LOADS(ES)},
    [0xC5] = {INSN_LOAD_FAR, MEMORY | LOADS(DS)},
    [0xCA] = {INSN_RETF, IMM16},
    [0xCB] = {INSN_RETF, 0},
    [0xCC] = {INSN_INT3, 0},
    [0xCD] = {INSN_INT, IMM8},
    [0xCE] = {INSN_INTO, 0},
    [0xCF] = {INSN_IRET, 0},
    [0xE4 ... 0xE5] = {INSN_IN_IMM, WIDTH | IMM8},
    [0xE6 ... 0xE7] = {INSN_OUT_IMM, WIDTH | IMM8},
    [0xEA] = {INSN_JMP_FAR, POINTER},
    [0xEC ... 0xED] = {INSN_IN_DX, WIDTH},
    [0xEE ... 0xEF] = {INSN_OUT_DX, WIDTH},
    [0xF4] = {INSN_HLT, 0},
    [0xFA] = {INSN_CLI, 0},
    [0xFB] = {INSN_STI, 0},
    [0xFF] = {GROUP_5, GROUP},
};

#define TWO_BYTE 0x0F /* its second byte is in the other table */

static const struct opcode two_byte[256] = {
    [0x00] = {GROUP_6, GROUP},
    [0x01] = {GROUP_7, GROUP},
    [0x02] = {INSN_LAR, MODRM},
    [0x03] = {INSN_LSL, MODRM},
    [0x06] = {INSN_CLTS, 0},
    [0x08] = {INSN_INVD, 0},
    [0x09] = {INSN_WBINVD, 0},
    [0x20] = {INSN_MOV_FROM_CR, REGISTER},
    [0x21] = {INSN_MOV_FROM_DR, REGISTER},
    [0x22] = {INSN_MOV_TO_CR, REGISTER},
    [0x23] = {INSN_MOV_TO_DR, REGISTER},
    [0x30] = {INSN_WRMSR, 0},
    [0x31] = {INSN_RDTSC, 0},
    [0x32] = {INSN_RDMSR, 0},
    [0x33] = {INSN_RDPMC, 0},
    [0x34] = {INSN_SYSENTER, 0},
    [0x35] = {INSN_SYSEXIT, 0},
    [0xA1] = {INSN_POP_SREG, LOADS(FS)},
    [0xA2] = {INSN_CPUID, 0},
    [0xA9] = {INSN_POP_SREG, LOADS(GS)},
    [0xB2] = {INSN_LOAD_FAR, MEMORY | LOADS(SS)},
    [0xB4] = {INSN_LOAD_FAR, MEMORY | LOADS(FS)},
    [0xB5] = {INSN_LOAD_FAR, MEMORY | LOADS(GS)},
};

/* --- the bytes ------------------------------------------------------------------------------ */

struct code {
    const u8 *bytes;
    unsigned limit; /* how many there are */
    unsigned at;    /* how many were asked for: may pass the limit */
};

/* The next byte, or 0 behind the limit: only the end of decode() looks whether that happened. */
static u8 next(struct code *code) {
    u8 byte = code->at < code->limit ? code->bytes[code->at] : 0;

    code->at++;
    return byte;
}

static u32 next_number(struct code *code, unsigned size) {
    u32 number = 0;

    for (unsigned at = 0; at < size; at++) number |= (u32)next(code) << (8 * at);
    return number;
}

/* --- the memory operand --------------------------------------------------------------------- */

/* SDM vol 2, "16-Bit Addressing Forms with the ModR/M Byte". BP alone, without a displacement,
 * stands for no register at all. */
static void take_registers16(u8 mod, u8 rm, struct insn *out) {
    static const struct {
        u8 base, index;
    } forms[8] = {
        {GPR_EBX, GPR_ESI},  {GPR_EBX, GPR_EDI},  {GPR_EBP, GPR_ESI},  {GPR_EBP, GPR_EDI},
        {GPR_ESI, GPR_NONE}, {GPR_EDI, GPR_NONE}, {GPR_EBP, GPR_NONE}, {GPR_EBX, GPR_NONE},
    };

    out->base = mod == 0 && rm == 6 ? GPR_NONE : forms[rm].base;
    out->index = forms[rm].index;
}

/* SDM vol 2, "32-Bit Addressing Forms with the ModR/M Byte" and "... with the SIB Byte". ESP
 * cannot be an index; EBP as the base without a displacement stands for no base. */
static void take_registers32(struct code *code, u8 mod, u8 rm, struct insn *out) {
    out->base = rm;
    out->index = GPR_NONE;
    if (rm == GPR_ESP) {
        u8 sib = next(code), index = sib >> 3 & 7;

        out->base = sib & 7;
        out->index = index == GPR_ESP ? GPR_NONE : index;
        out->scale = sib >> 6;
    }
    if (mod == 0 && out->base == GPR_EBP) out->base = GPR_NONE;
}

static void take_memory(struct code *code, u8 mod, u8 rm, struct insn *out) {
    out->memory = true;
    if (out->address_size == 2)
        take_registers16(mod, rm, out);
    else
        take_registers32(code, mod, rm, out);
    if (mod == 1)
        out->displacement = (u32)(int8_t)next(code);
    else if (mod == 2 || out->base == GPR_NONE)
        out->displacement = next_number(code, out->address_size);
}

/* --- the parts of an instruction ------------------------------------------------------------ */

/* SDM vol 2, "Instruction Prefixes". Of several from one group, the last one counts. LOCK is not
 * among them: it is #UD with every instruction here ("LOCK-Assert LOCK# Signal Prefix"). */
static bool take_prefix(u8 byte, struct insn *out) {
    if ((byte & 0xE7) == 0x26) /* 26 ES, 2E CS, 36 SS, 3E DS */
        out->segment = byte >> 3 & 3;
    else if (byte == 0x64 || byte == 0x65) /* FS, GS */
        out->segment = byte & 7;
    else if (byte == 0x66)
        out->operand_size = 2;
    else if (byte == 0x67)
        out->address_size = 2;
    else if (byte == 0xF2 || byte == 0xF3)
        out->rep = true;
    else
        return false;
    return true;
}

static const struct opcode *take_opcode(struct code *code, struct insn *out) {
    const struct opcode *opcode;
    u8 byte = next(code);

    while (take_prefix(byte, out)) byte = next(code);
    opcode = byte == TWO_BYTE ? &two_byte[next(code)] : &one_byte[byte];
    if (opcode->form & WIDTH && !(byte & 1)) out->operand_size = 1;
    return opcode;
}

/* Control registers that do not exist, and CS, which MOV cannot load, are #UD. SDM vol 2,
 * "MOV-Move to/from Control Registers" and "MOV-Move". */
static bool reg_is_valid(u8 kind, u8 reg) {
    if (kind == INSN_MOV_SREG) return reg < SREG_NONE && reg != SREG_CS;
    if (kind == INSN_MOV_FROM_CR || kind == INSN_MOV_TO_CR) return reg <= 4 && reg != 1;
    return true;
}

/* Takes ModRM and what it asks for. Returns the opcode's row, which may be one of a group. */
static const struct opcode *take_modrm(struct code *code, const struct opcode *opcode,
                                       struct insn *out) {
    static const struct opcode unknown = {INSN_UNKNOWN, 0};
    u8 modrm = next(code), mod = modrm >> 6;

    out->reg = modrm >> 3 & 7;
    out->rm = modrm & 7;
    if (opcode->form & GROUP) opcode = &groups[opcode->kind + out->reg];
    if (!reg_is_valid(opcode->kind, out->reg) || (opcode->form & MEMORY && mod == 3))
        return &unknown;
    if (opcode->form & (MODRM | MEMORY) && mod != 3) take_memory(code, mod, out->rm, out);
    return opcode;
}

static void take_immediate(struct code *code, u16 form, struct insn *out) {
    if (form & POINTER) {
        out->immediate = next_number(code, out->operand_size);
        out->selector = (u16)next_number(code, 2);
    } else {
        out->immediate = next_number(code, form & IMMEDIATE);
    }
}

/* The parts in the order in which they stand, and then what depends on several of them. What is
 * relative to EBP or ESP is on the stack: SDM vol 1, "Specifying a Segment Selector". */
static void take_instruction(struct code *code, struct insn *out) {
    const struct opcode *opcode = take_opcode(code, out);

    if (opcode->form & ANY_MODRM) opcode = take_modrm(code, opcode, out);
    take_immediate(code, opcode->form, out);
    out->kind = opcode->kind;
    out->sreg = out->kind == INSN_MOV_SREG ? out->reg : (u8)(opcode->form >> SREG_SHIFT);
    if (opcode->form & REGISTER) out->operand_size = 4;
    if (out->segment == SREG_NONE)
        out->segment = out->base == GPR_EBP || out->base == GPR_ESP ? SREG_SS : SREG_DS;
}

int decode(const u8 *bytes, unsigned available, struct insn *out) {
    struct code code = {bytes, available < INSN_MAX ? available : INSN_MAX, 0};

    *out = (struct insn){.operand_size = 4, .address_size = 4, .segment = SREG_NONE};
    take_instruction(&code, out);
    if (code.at > code.limit) {
        if (available < INSN_MAX) return 0;
        code.at = INSN_MAX;
        out->kind = INSN_UNKNOWN;
    }
    out->length = (u8)code.at;
    return out->length;
}

u32 insn_offset(const struct insn *insn, const u32 registers[8]) {
    u32 offset = insn->displacement;

    if (insn->base != GPR_NONE) offset += registers[insn->base];
    if (insn->index != GPR_NONE) offset += registers[insn->index] << insn->scale;
    return insn->address_size == 2 ? (u16)offset : offset;
}
