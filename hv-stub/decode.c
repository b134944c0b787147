/* SPDX-License-Identifier: MIT
 * hv-stub/decode.c: the instructions that trap in ring 1, from bytes to numbers. The contracts
 * are in hv-stub/decode.h.
 *
 *   [prefixes] opcode [ModRM [SIB] [displacement]] [immediate]
 *
 * The opcode is looked up in a table, which says which of the other parts follow. The tables are
 * extracts of SDM vol 2, "Opcode Map": of an opcode that is not there nothing is known.
 */
#include "hv-stub/decode.h"

/* What follows an opcode, and how to take it. */
enum form {
    IMM8 = 0x01,     /* an immediate of one byte */
    PLAIN = 0x04,    /* nothing */
    POINTER = 0x08,  /* an offset of the operand size, then a selector */
    WIDTH = 0x10,    /* bit 0 of the opcode is clear: the operand size is 1 */
    MODRM = 0x20,    /* reg goes on with the opcode, r/m is a register or memory */
    MEMORY = 0x40,   /* the same; r/m is memory */
    REGISTER = 0x80, /* reg and r/m are registers of 32 bits, whatever mod and the prefixes say */
    ANY_MODRM = MODRM | MEMORY | REGISTER,
};

/* ModRM.reg may be that. With others it is another instruction, or none. */
#define REG(number) (0x100 << (number))
#define ANY_REG     0xFF00

static const u16 one_byte[256] = {
    [0x8E] = MODRM | REG(SREG_SS),
    [0x9C ... 0x9D] = PLAIN,
    [0xCB ... 0xCC] = PLAIN,
    [0xCD] = IMM8,
    [0xCE ... 0xCF] = PLAIN,
    [0xE4 ... 0xE7] = WIDTH | IMM8,
    [0xEA] = POINTER,
    [0xEC ... 0xEF] = WIDTH,
    [0xF4] = PLAIN,
    [0xFA ... 0xFB] = PLAIN,
};

#define TWO_BYTE 0x0F /* its second byte is in the other table */

static const u16 two_byte[256] = {
    [0x00] = MODRM | REG(2) | REG(3),
    [0x01] = MEMORY | REG(0) | REG(1) | REG(2) | REG(3) | REG(7),
    [0x06] = PLAIN,
    [0x09] = PLAIN,
    [0x20] = REGISTER | REG(0) | REG(2) | REG(3) | REG(4),
    [0x21] = REGISTER | ANY_REG,
    [0x22] = REGISTER | REG(0) | REG(2) | REG(3) | REG(4),
    [0x23] = REGISTER | ANY_REG,
    [0x32] = PLAIN,
    [0xA2] = PLAIN,
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

/* SDM vol 2, "32-Bit Addressing Forms with the ModR/M Byte" and "... with the SIB Byte". ESP
 * cannot be an index; EBP as the base without a displacement stands for no base. */
static void take_registers(struct code *code, u8 mod, u8 rm, struct insn *out) {
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
    take_registers(code, mod, rm, out);
    if (mod == 1)
        out->displacement = (u32)(int8_t)next(code);
    else if (mod == 2 || out->base == GPR_NONE)
        out->displacement = next_number(code, 4);
}

/* --- the parts of an instruction ------------------------------------------------------------ */

/* SDM vol 2, "Instruction Prefixes". Of several from one group, the last one counts. LOCK is not
 * among them: it is #UD with every instruction here ("LOCK-Assert LOCK# Signal Prefix"). Nor is
 * 67h: a 32-bit kernel needs no 16-bit addresses. */
static bool take_prefix(u8 byte, struct insn *out) {
    if ((byte & 0xE7) == 0x26) /* 26 ES, 2E CS, 36 SS, 3E DS */
        out->segment = byte >> 3 & 3;
    else if (byte == 0x64 || byte == 0x65) /* FS, GS */
        out->segment = byte & 7;
    else if (byte == 0x66)
        out->operand_size = 2;
    else
        return byte == 0xF2 || byte == 0xF3; /* REP: means nothing to an instruction here */
    return true;
}

/* Returns the form. */
static u32 take_opcode(struct code *code, struct insn *out) {
    u8 byte = next(code);
    u32 form;

    while (take_prefix(byte, out)) byte = next(code);
    if (byte == TWO_BYTE) {
        byte = next(code);
        form = two_byte[byte];
        out->kind = TWO_BYTE << 8 | byte;
    } else {
        form = one_byte[byte];
        out->kind = form & WIDTH ? byte & ~1u : byte;
    }
    if (form & WIDTH && !(byte & 1)) out->operand_size = 1;
    return form;
}

/* Takes ModRM and what it asks for. False: this is none of ours. */
static bool take_modrm(struct code *code, u32 form, struct insn *out) {
    u8 modrm = next(code), mod = modrm >> 6;

    out->reg = modrm >> 3 & 7;
    out->rm = modrm & 7;
    if (!(form & REG(out->reg)) || (form & MEMORY && mod == 3)) return false;
    if (form & REGISTER) {
        out->operand_size = 4;
        return true;
    }
    out->kind = EXTENDED(out->kind, out->reg);
    if (mod != 3) take_memory(code, mod, out->rm, out);
    return true;
}

/* The parts in the order in which they stand; and the default segment: what is relative to EBP or
 * ESP is on the stack. SDM vol 1, "Specifying a Segment Selector". False: none of ours. */
static bool take_instruction(struct code *code, struct insn *out) {
    u32 form = take_opcode(code, out);

    if (!form || (form & ANY_MODRM && !take_modrm(code, form, out))) return false;
    out->immediate = next_number(code, form & POINTER ? out->operand_size : form & IMM8);
    if (form & POINTER) out->selector = (u16)next_number(code, 2);
    if (out->segment == SREG_NONE)
        out->segment = out->base == GPR_EBP || out->base == GPR_ESP ? SREG_SS : SREG_DS;
    return true;
}

int decode(const u8 *bytes, unsigned available, struct insn *out) {
    struct code code = {bytes, available < INSN_MAX ? available : INSN_MAX, 0};

    *out = (struct insn){.operand_size = 4, .segment = SREG_NONE};
    if (!take_instruction(&code, out)) out->kind = INSN_UNKNOWN;
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
    return offset;
}
