/* SPDX-License-Identifier: MIT
 * hv-stub/emulate.c: executes for a guest kernel what ring 1 may not.
 *
 * Runs:  in ring 0, interrupts off, after the guest's #GP (or #UD, behind HV_PREFIX).
 * Gives: the effect that the instruction has in ring 0, on the vcpu instead of the CPU.
 * Read first: decode.h. Source: SDM vol 2, the instructions; vol 3, "Control Registers".
 */
#include "hv-stub/decode.h"
#include "hv-stub/hv.h"
#include "hv-stub/hw.h"

#define CR4_PAE   0x020u
#define CR4_KNOWN 0x0BFu /* VME PVI TSD DE PSE PAE PGE: of these only PAE has an effect */

#define MSR_TSC 0x10

/* pushad has stored the registers downwards, in the order of their numbers. */
static u32 *reg(struct vcpu *vcpu, u32 number) {
    struct trap_frame *frame = frame_of(vcpu);

    return number == GPR_ESP ? &frame->esp : &frame->eax - number;
}

/* FS and GS are taken for DS: flat, like it, in any kernel. */
static va_t operand_address(struct vcpu *vcpu, const struct insn *insn) {
    const struct trap_frame *frame = frame_of(vcpu);
    const u32 selectors[] = {frame->es, frame->cs, frame->ss, frame->ds, frame->ds, frame->ds};
    u32 registers[8];

    for (u32 i = 0; i < 8; i++) registers[i] = *reg(vcpu, i);
    return selector_base(selectors[insn->segment]) + insn_offset(insn, registers);
}

static va_t code_address(struct vcpu *vcpu) {
    return selector_base(frame_of(vcpu)->cs) + frame_of(vcpu)->eip;
}

static va_t stack_address(struct vcpu *vcpu) {
    return selector_base(frame_of(vcpu)->ss) + frame_of(vcpu)->esp;
}

/* --- control registers ------------------------------------------------------------------------- */

static void check_cr0(const struct vcpu *vcpu, u32 value) {
    if (!(value & CR0_PE)) guest_stop(STOP_MODE, "CR0=%08x: there is no real mode", value);
    if (value & CR0_PG && !(vcpu->cr[4] & CR4_PAE))
        guest_stop(STOP_MODE, "CR0=%08x without CR4.PAE: two-level paging is not there", value);
    if (value & CR0_PG && !(value & CR0_WP))
        guest_stop(STOP_MODE, "CR0=%08x: paging without WP is not there", value);
}

bool guest_write_control(struct vcpu *vcpu, u32 number, u32 value) {
    if (number == 0) check_cr0(vcpu, value);
    if (number == 4 && value & ~CR4_KNOWN) return false;
    vcpu->cr[number] = value;
    if (number == 3)
        walk_from(vcpu, value);
    else if (number != 2)
        shadow_flush(vcpu);
    return true;
}

/* The 16 bits of an r/m operand. */
static bool read_operand16(struct vcpu *vcpu, const struct insn *insn, u32 *value) {
    *value = 0;
    if (insn->memory) return read_linear(vcpu, operand_address(vcpu, insn), value, 2);
    *value = *reg(vcpu, insn->rm) & 0xFFFF;
    return true;
}

/* --- segment registers ------------------------------------------------------------------------------- */

/* A kernel that believes to be in ring 0 loads selectors with RPL 0. SS and CS insist on the ring
 * that it is really in. */
static bool load_stack_segment(struct vcpu *vcpu, u32 selector) {
    if (!selector_is_data((selector & ~3u) | 1, 1)) return false;
    frame_of(vcpu)->ss = (selector & ~3u) | 1;
    return true;
}

static bool jump_far(struct vcpu *vcpu, u32 selector, u32 eip) {
    if (!selector_is_code((selector & ~3u) | 1, 1)) return false;
    frame_of(vcpu)->cs = (selector & ~3u) | 1;
    frame_of(vcpu)->eip = eip;
    return true;
}

static bool return_far(struct vcpu *vcpu, const struct insn *insn) {
    u32 target[2];

    if (insn->operand_size != 4 || !read_linear(vcpu, stack_address(vcpu), target, sizeof target) ||
        !jump_far(vcpu, target[1] & 0xFFFF, target[0]))
        return false;
    frame_of(vcpu)->esp += sizeof target;
    return true;
}

/* --- the rest -------------------------------------------------------------------------------------------- */

/* Our devices are of bytes: a word is two of them, from two ports. */
void guest_input(struct vcpu *vcpu, u32 port, u32 size) {
    u8 *eax = (u8 *)&frame_of(vcpu)->eax;

    for (u32 i = 0; i < size; i++) eax[i] = (u8)port_read(vcpu, (port + i) & 0xFFFF);
}

void guest_output(struct vcpu *vcpu, u32 port, u32 size) {
    const u8 *eax = (const u8 *)&frame_of(vcpu)->eax;

    for (u32 i = 0; i < size; i++) port_write(vcpu, (port + i) & 0xFFFF, eax[i]);
}

/* The TSC is all that there is: CPUID shows nothing that has others, and no MSR can be written. */
bool guest_rdmsr(struct vcpu *vcpu) {
    if (frame_of(vcpu)->ecx != MSR_TSC) return false;
    return_u64(frame_of(vcpu), rdtsc());
    return true;
}

/* What the CPU has, less what a guest cannot use; and who we are, in a leaf of our own. */
void guest_cpuid(struct vcpu *vcpu) {
    enum { TSC = 1 << 4, MSR = 1 << 5, PAE = 1 << 6, CX8 = 1 << 8, CMOV = 1 << 15 };
    enum { HYPERVISOR = 1u << 31 }; /* of ECX; those above of EDX */
    struct trap_frame *frame = frame_of(vcpu);
    u32 leaf = frame->eax;

    if (leaf == HV_CPUID_SIGNATURE) {
        frame->eax = HV_CPUID_SIGNATURE;
        memcpy(&frame->ebx, "Para", 4);
        memcpy(&frame->ecx, "vane", 4);
        memcpy(&frame->edx, "stub", 4);
        return;
    }
    if (leaf >= HV_CPUID_EXITS && leaf < HV_CPUID_EXITS + REASONS) {
        return_u64(frame, guest_of(vcpu)->exits[leaf - HV_CPUID_EXITS]);
        return;
    }
    asm volatile("cpuid" : "+a"(frame->eax), "=b"(frame->ebx), "+c"(frame->ecx), "=d"(frame->edx));
    if (leaf == 1) {
        frame->ecx = HYPERVISOR;
        frame->edx &= TSC | MSR | PAE | CX8 | CMOV;
    } else if (leaf != 0) {
        frame->eax = frame->ebx = frame->ecx = frame->edx = 0;
    }
}

static bool push_flags(struct vcpu *vcpu) {
    u32 flags = guest_flags(vcpu);

    if (!write_linear(vcpu, stack_address(vcpu) - sizeof flags, &flags, sizeof flags)) return false;
    frame_of(vcpu)->esp -= sizeof flags;
    return true;
}

static bool pop_flags(struct vcpu *vcpu) {
    u32 flags;

    if (!read_linear(vcpu, stack_address(vcpu), &flags, sizeof flags)) return false;
    frame_of(vcpu)->esp += sizeof flags;
    guest_set_flags(vcpu, flags);
    return true;
}

/* --- which instruction? ---------------------------------------------------------------------------------------- */

/* Executes one instruction. False: it is not one of ours, or it would fault in ring 0 too.
 * EIP is moved by the caller, unless the instruction itself has moved it. */
static bool execute(struct vcpu *vcpu, const struct insn *insn) {
    struct trap_frame *frame = frame_of(vcpu);
    u32 value;

    switch (insn->kind) {
    case INSN_CLI: shared_of(vcpu)->flag &= ~HV_FLAG_IF; return true;
    case INSN_STI: shared_of(vcpu)->flag |= HV_FLAG_IF; return true;
    case INSN_HLT: vcpu->halted = true; return true;
    case INSN_IN_IMM: guest_input(vcpu, insn->immediate, insn->operand_size); return true;
    case INSN_IN_DX: guest_input(vcpu, frame->edx, insn->operand_size); return true;
    case INSN_OUT_IMM: guest_output(vcpu, insn->immediate, insn->operand_size); return true;
    case INSN_OUT_DX: guest_output(vcpu, frame->edx, insn->operand_size); return true;
    case INSN_MOV_FROM_CR: *reg(vcpu, insn->rm) = vcpu->cr[insn->reg]; return true;
    case INSN_MOV_TO_CR: return guest_write_control(vcpu, insn->reg, *reg(vcpu, insn->rm));
    case INSN_MOV_FROM_DR: *reg(vcpu, insn->rm) = 0; return true;
    case INSN_MOV_TO_DR: /* never loaded: a breakpoint could fire in the switcher */ return true;
    case INSN_LGDT: return guest_load_table(vcpu, &vcpu->gdt, operand_address(vcpu, insn));
    case INSN_LIDT: return guest_load_table(vcpu, &vcpu->idt, operand_address(vcpu, insn));
    case INSN_SGDT: return write_linear(vcpu, operand_address(vcpu, insn), &vcpu->gdt, 6);
    case INSN_SIDT: return write_linear(vcpu, operand_address(vcpu, insn), &vcpu->idt, 6);
    case INSN_INVLPG: shadow_flush_one(vcpu, operand_address(vcpu, insn)); return true;
    case INSN_LLDT: return read_operand16(vcpu, insn, &value) && !(value & ~3u); /* no LDT at all */
    case INSN_LTR: return read_operand16(vcpu, insn, &value) && guest_load_task(vcpu, value);
    case INSN_CLTS: vcpu->cr[0] &= ~CR0_TS; return true;
    case INSN_WBINVD: return true;
    case INSN_RDMSR: return guest_rdmsr(vcpu);
    case INSN_CPUID: guest_cpuid(vcpu); return true;
    case INSN_PUSHF: return push_flags(vcpu);
    case INSN_POPF: return pop_flags(vcpu);
    case INSN_IRET: guest_iret(vcpu); return true;
    case INSN_MOV_SS: return read_operand16(vcpu, insn, &value) && load_stack_segment(vcpu, value);
    case INSN_JMP_FAR: return jump_far(vcpu, insn->selector, insn->immediate);
    case INSN_RETF: return return_far(vcpu, insn);
    }
    return false;
}

static bool moves_eip(const struct insn *insn) {
    return insn->kind == INSN_IRET || insn->kind == INSN_JMP_FAR || insn->kind == INSN_RETF;
}

/* The bytes at EIP, as many as are mapped. */
static bool fetch(struct vcpu *vcpu, u32 skip, struct insn *insn) {
    u8 bytes[INSN_MAX];
    va_t va = code_address(vcpu) + skip;
    u32 available = INSN_MAX;

    if (!read_linear(vcpu, va, bytes, INSN_MAX)) {
        available = PAGE_SIZE - (va & PAGE_MASK);
        if (available >= INSN_MAX || !read_linear(vcpu, va, bytes, available)) return false;
    }
    return decode(bytes, available, insn) > 0;
}

/* The four kinds of IN and OUT differ in bits 1 and 3. */
static bool is_port(const struct insn *insn) { return (insn->kind & ~0xAu) == INSN_IN_IMM; }

static bool step(struct vcpu *vcpu, u32 skip, enum hv_reason reason) {
    struct insn insn;
    u32 eip = frame_of(vcpu)->eip;

    if (!fetch(vcpu, skip, &insn) || !execute(vcpu, &insn)) return false;
    count_exit(vcpu, is_port(&insn) ? REASON_PORT : reason);
    if (!moves_eip(&insn)) frame_of(vcpu)->eip = eip + skip + insn.length;
    /* An interrupt may only come behind the instruction that follows sti: if that is hlt, it must
     * wait for that very interrupt. */
    if (insn.kind == INSN_STI && fetch(vcpu, 0, &insn) && insn.kind == INSN_HLT)
        return step(vcpu, 0, reason);
    return true;
}

/* #GP's error code says whether INT n ran into a gate of ours: bit 1, and the vector above. */
static bool software_interrupt(struct vcpu *vcpu) {
    u32 vector = frame_of(vcpu)->error >> 3;
    struct insn insn;

    if (!(frame_of(vcpu)->error & 2) || !fetch(vcpu, 0, &insn)) return false;
    if (insn.kind != INSN_INT && insn.kind != INSN_INT3 && insn.kind != INSN_INTO) return false;
    count_exit(vcpu, REASON_INT);
    inject_int(vcpu, vector, insn.length);
    return true;
}

bool emulate_general(struct vcpu *vcpu) {
    u32 error = frame_of(vcpu)->error;

    if (software_interrupt(vcpu)) return true;
    if (error && !(error & 2) && segments_update(vcpu, error)) return true;
    return (frame_of(vcpu)->cs & 3) == 1 && step(vcpu, 0, REASON_EMULATE);
}

bool emulate_forced(struct vcpu *vcpu) {
    u32 prefix;

    if ((frame_of(vcpu)->cs & 3) != 1 ||
        !read_linear(vcpu, code_address(vcpu), &prefix, sizeof prefix) || prefix != HV_PREFIX)
        return false;
    return step(vcpu, HV_PREFIX_SIZE, REASON_FORCED);
}
