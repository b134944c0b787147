/* SPDX-License-Identifier: MIT
 * hv-stub/decode.h: reads one instruction of those that a deprivileged kernel is stopped at.
 *
 * Runs:  anywhere: no state, no privilege. Trusts no byte; reads only bytes that it was given.
 * Needs: code of a 32-bit segment (CS.D = 1).
 * Gives: what the instruction is, how long, and its operands as numbers. Whether it is allowed,
 *        and what it does, is the emulator's part.
 */
#ifndef HV_STUB_DECODE_H
#define HV_STUB_DECODE_H

#include "lib/types.h"

#define INSN_MAX 15 /* bytes. SDM vol 3, "Interrupt 13-General Protection Exception (#GP)" */

/* Registers as instructions number them. SDM vol 2, "Reg Field (reg) for Non-64-Bit Modes" and
 * "Segment Register (sreg) Field". */
enum gpr { GPR_EAX, GPR_ECX, GPR_EDX, GPR_EBX, GPR_ESP, GPR_EBP, GPR_ESI, GPR_EDI, GPR_NONE };
enum sreg { SREG_ES, SREG_CS, SREG_SS, SREG_DS, SREG_FS, SREG_GS, SREG_NONE };

/* In brackets: which fields of struct insn are operands. "r/m" is segment:insn_offset() or rm, as
 * `memory` says. A bracket holds for the kinds below it, too, up to the next one. */
enum insn_kind {
    INSN_UNKNOWN, /* none of these, or no instruction at all [not even length] */
    INSN_CLI,     /* [] */
    INSN_STI,
    INSN_HLT,
    INSN_IN_IMM, /* [operand_size, immediate is the port] */
    INSN_OUT_IMM,
    INSN_IN_DX, /* [operand_size] */
    INSN_OUT_DX,
    INSN_INS,         /* [operand_size, address_size, rep]; to ES:EDI */
    INSN_OUTS,        /* [operand_size, address_size, rep, segment]; from segment:ESI */
    INSN_MOV_FROM_CR, /* [reg is the CR: 0, 2, 3 or 4; rm] */
    INSN_MOV_TO_CR,
    INSN_MOV_FROM_DR, /* [reg is the DR, rm] */
    INSN_MOV_TO_DR,
    INSN_LGDT, /* [r/m, operand_size: 2 is a base of 24 bits]; r/m is memory */
    INSN_LIDT,
    INSN_SGDT, /* [r/m]; r/m is memory */
    INSN_SIDT,
    INSN_INVLPG,
    INSN_SMSW, /* [r/m, operand_size if it is a register] */
    INSN_SLDT,
    INSN_STR,
    INSN_LMSW, /* [r/m] */
    INSN_LLDT,
    INSN_LTR,
    INSN_VERR,
    INSN_VERW,
    INSN_LAR, /* [r/m, reg is the destination, operand_size] */
    INSN_LSL,
    INSN_CLTS, /* [] */
    INSN_INVD,
    INSN_WBINVD,
    INSN_RDMSR,
    INSN_WRMSR,
    INSN_RDPMC,
    INSN_RDTSC,
    INSN_CPUID,
    INSN_SYSENTER,
    INSN_SYSEXIT,
    INSN_PUSHF, /* [operand_size] */
    INSN_POPF,
    INSN_IRET,
    INSN_INT,  /* [immediate is the vector] */
    INSN_INT3, /* [] */
    INSN_INTO,
    INSN_MOV_SREG, /* [sreg, r/m] */
    INSN_POP_SREG, /* [sreg, operand_size] */
    INSN_LOAD_FAR, /* LDS and its like [sreg, reg, r/m, operand_size]; r/m is memory */
    INSN_JMP_FAR,  /* [r/m if memory, else selector and immediate; operand_size] */
    INSN_CALL_FAR,
    INSN_RETF, /* [operand_size, immediate is how many bytes to release] */
    INSN_KINDS
};

struct insn {
    u8 kind;         /* enum insn_kind */
    u8 length;       /* 1 to INSN_MAX */
    u8 operand_size; /* bytes: 1, 2 or 4 */
    u8 address_size; /* bytes: 2 or 4 */
    u8 segment;      /* enum sreg: where memory or a string is, by prefix or by default */
    u8 sreg;         /* enum sreg: what the instruction loads */
    u8 reg, rm;      /* of ModRM; rm only without memory */
    bool memory;     /* there is a memory operand */
    bool rep;        /* REP or REPNE */
    u8 base, index;  /* of memory: enum gpr, or GPR_NONE */
    u8 scale;        /* the index is shifted left by so much */
    u16 selector;
    u32 displacement;
    u32 immediate;
};

/* Decodes the instruction that begins at `bytes`. Returns its length, or 0 if it goes on behind
 * the `available` bytes: then *out is void, and the caller fetches more, up to INSN_MAX, or gives
 * the guest the fault of that fetch. Bytes behind the length have no part in the result.
 * INSN_UNKNOWN has for a length how many bytes it took to see that. Among it are LOCK, #UD with
 * every instruction here, and what is longer than INSN_MAX. */
int decode(const u8 *bytes, unsigned available, struct insn *out);

/* The effective address of the memory operand: an offset in its segment. `registers` are in the
 * order of enum gpr. Needs: insn->memory. */
u32 insn_offset(const struct insn *insn, const u32 registers[8]);

#endif
