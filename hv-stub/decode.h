/* SPDX-License-Identifier: MIT
 * hv-stub/decode.h: reads one instruction of those that a deprivileged kernel is stopped at.
 *
 * Runs:  anywhere: no state, no privilege. Trusts no byte; reads only bytes that it was given.
 * Needs: code of a 32-bit segment (CS.D = 1).
 * Gives: what the instruction is, how long, and its operands as numbers, if it is one that
 *        emulate.c executes. Whether it is allowed, and what it does, is the emulator's part.
 */
#ifndef HV_STUB_DECODE_H
#define HV_STUB_DECODE_H

#include "lib/types.h"

#define INSN_MAX 15 /* bytes. SDM vol 3, "Interrupt 13-General Protection Exception (#GP)" */

/* Registers as instructions number them. SDM vol 2, "Reg Field (reg) for Non-64-Bit Modes" and
 * "Segment Register (sreg) Field". */
enum gpr { GPR_EAX, GPR_ECX, GPR_EDX, GPR_EBX, GPR_ESP, GPR_EBP, GPR_ESI, GPR_EDI, GPR_NONE };
enum sreg { SREG_ES, SREG_CS, SREG_SS, SREG_DS, SREG_FS, SREG_GS, SREG_NONE };

/* A kind is the opcode: one byte, or 0Fh and another. Where ModRM.reg goes on with it, it stands
 * above: what SDM writes 0F 01 /2 is EXTENDED(0x0F01, 2). IN and OUT are without bit 0, the width.
 * In brackets: which fields of struct insn are operands. "r/m" is segment:insn_offset() or rm, as
 * `memory` says. A bracket holds for the kinds below it, too, up to the next one. */
#define EXTENDED(opcode, reg) ((opcode) | (u32)(reg) << 16)

enum insn_kind {
    INSN_UNKNOWN = 0,  /* none of these, or no instruction at all [not even length] */
    INSN_PUSHF = 0x9C, /* [operand_size] */
    INSN_POPF = 0x9D,
    INSN_IRET = 0xCF,
    INSN_RETF = 0xCB,
    INSN_JMP_FAR = 0xEA, /* [selector, immediate, operand_size] */
    INSN_INT3 = 0xCC,    /* [] */
    INSN_INTO = 0xCE,
    INSN_INT = 0xCD,    /* [immediate is the vector] */
    INSN_IN_IMM = 0xE4, /* [operand_size, immediate is the port] */
    INSN_OUT_IMM = 0xE6,
    INSN_IN_DX = 0xEC, /* [operand_size] */
    INSN_OUT_DX = 0xEE,
    INSN_HLT = 0xF4, /* [] */
    INSN_CLI = 0xFA,
    INSN_STI = 0xFB,
    INSN_CLTS = 0x0F06,
    INSN_WBINVD = 0x0F09,
    INSN_RDMSR = 0x0F32,
    INSN_CPUID = 0x0FA2,
    INSN_MOV_FROM_CR = 0x0F20, /* [reg is the CR: 0, 2, 3 or 4; rm] */
    INSN_MOV_TO_CR = 0x0F22,
    INSN_MOV_FROM_DR = 0x0F21, /* [reg is the DR, rm] */
    INSN_MOV_TO_DR = 0x0F23,
    INSN_MOV_SS = EXTENDED(0x8E, 2), /* [r/m] */
    INSN_LLDT = EXTENDED(0x0F00, 2),
    INSN_LTR = EXTENDED(0x0F00, 3),
    INSN_SGDT = EXTENDED(0x0F01, 0), /* [r/m]; r/m is memory */
    INSN_SIDT = EXTENDED(0x0F01, 1),
    INSN_LGDT = EXTENDED(0x0F01, 2), /* [r/m, operand_size: 2 is a base of 24 bits] */
    INSN_LIDT = EXTENDED(0x0F01, 3),
    INSN_INVLPG = EXTENDED(0x0F01, 7),
};

struct insn {
    u32 kind;        /* enum insn_kind */
    u8 length;       /* 1 to INSN_MAX */
    u8 operand_size; /* bytes: 1, 2 or 4 */
    u8 segment;      /* enum sreg: where memory is, by prefix or by default */
    u8 reg, rm;      /* of ModRM; rm only without memory */
    bool memory;     /* there is a memory operand */
    u8 base, index;  /* of memory: enum gpr, or GPR_NONE */
    u8 scale;        /* the index is shifted left by so much */
    u16 selector;
    u32 displacement;
    u32 immediate;
};

/* Decodes the instruction that begins at `bytes`. Returns its length, or 0 if it goes on behind
 * the `available` bytes: then *out is void, and the caller fetches more, up to INSN_MAX, or gives
 * the guest the fault of that fetch. Bytes behind the length have no part in the result.
 * INSN_UNKNOWN has for a length how many bytes it took to see that. Among these are LOCK, #UD with
 * every instruction here, 16-bit addresses, and what is longer than INSN_MAX. */
int decode(const u8 *bytes, unsigned available, struct insn *out);

/* The effective address of the memory operand: an offset in its segment. `registers` are in the
 * order of enum gpr. Needs: insn->memory. */
u32 insn_offset(const struct insn *insn, const u32 registers[8]);

#endif
