/* SPDX-License-Identifier: MIT
 * hv-stub/events.c: exceptions and interrupts into the guest, and its way back from them.
 *
 * Runs:  in ring 0, interrupts off.
 * Gives: what the CPU would do with the guest's IDT and TSS, if its kernel were in ring 0. The
 *        IF that a guest sees is virtual; the real one is always set while it runs.
 * Source: SDM vol 3, "Exception- or Interrupt-Handler Procedures".
 */
#include "hv-stub/hv.h"

#define FLAG_1    0x00002u
#define FLAG_TF   0x00100u
#define FLAG_IF   0x00200u
#define FLAG_IOPL 0x03000u
#define FLAG_NT   0x04000u
#define FLAG_RF   0x10000u
#define FLAG_VIF  0x180000u /* and VIP */

#define VECTOR_SYSCALL 0x80

#define GATE_PRESENT 0x8000u

/* IF is bit 9; IOPL is 0. */
u32 guest_flags(const struct vcpu *vcpu) {
    u32 virtual_if = (shared_of(vcpu)->flag & HV_FLAG_IF) << 9;

    return (frame_of(vcpu)->eflags & ~FLAG_IF) | virtual_if;
}

/* What leaves for the guest always has IF set, IOPL and VM clear. NT is a program's own business:
 * it would make the kernel's iret a task switch. */
void guest_set_flags(struct vcpu *vcpu, u32 flags) {
    u32 never = FLAG_IOPL | FLAG_VM | FLAG_VIF | ((frame_of(vcpu)->cs & 3) == 3 ? 0 : FLAG_NT);

    shared_of(vcpu)->flag = flags & FLAG_IF ? HV_FLAG_IF : 0;
    frame_of(vcpu)->eflags = (flags & ~never) | FLAG_IF | FLAG_1;
}

/* --- gates --------------------------------------------------------------------------------------- */

/* Any but an interrupt gate or a trap gate is as good as none: its type stays 0. */
static void read_gate(struct vcpu *vcpu, u32 vector, struct gate *gate) {
    u32 words[2], type;

    *gate = (struct gate){0};
    if (vector * 8 + 7 > vcpu->idt.limit ||
        !read_linear(vcpu, vcpu->idt.base + vector * 8, words, sizeof words))
        return;
    type = words[1] >> 8 & 0x1F;
    if (!(words[1] & GATE_PRESENT) || (type != TYPE_INTERRUPT_GATE && type != TYPE_TRAP_GATE))
        return;
    gate->type = type;
    gate->dpl = words[1] >> 13 & 3;
    gate->selector = (words[0] >> 16 & 0xFFFC) | 1;
    gate->entry = (words[0] & 0xFFFF) | (words[1] & 0xFFFF0000);
    gate->good = selector_is_code(gate->selector, 1);
}

/* A paravirtual guest tells us of each change, so that what was found once can be relied upon. */
static inline const struct gate *find_gate(struct vcpu *vcpu, u32 vector) {
    struct gate *gate = &vcpu->gate[vector];

    if (!vcpu->vmi || !gate->good) read_gate(vcpu, vector, gate);
    return gate;
}

/* A paravirtual guest's system calls need not come to us, if its gate leaves IF alone, and once we
 * know of a stack for them. */
static void set_direct_gate(struct vcpu *vcpu) {
    const struct gate *found;

    host_idt[VECTOR_SYSCALL] = 0;
    if (!vcpu->vmi || !vcpu->stack_selector) return;
    found = find_gate(vcpu, VECTOR_SYSCALL);
    /* A trap gate only: ring 1 could not set the real IF again. */
    if (found->good && found->type == TYPE_TRAP_GATE && found->dpl == 3)
        host_idt[VECTOR_SYSCALL] = gate(TYPE_TRAP_GATE, 3, found->selector, found->entry);
}

void gates_forget(struct vcpu *vcpu) {
    memset(vcpu->gate, 0, sizeof vcpu->gate);
    vcpu->stack_good = vcpu->stack_selector && selector_is_data(vcpu->stack_selector, 1);
    set_direct_gate(vcpu);
}

/* --- into the guest ------------------------------------------------------------------------------- */

/* The stack for traps from programs, as the guest's TSS names it. */
static void read_tss(struct vcpu *vcpu, u32 *ss, u32 *esp) {
    if (!read_linear(vcpu, vcpu->tss + offsetof(struct tss, sp0), esp, sizeof *esp) ||
        !read_linear(vcpu, vcpu->tss + offsetof(struct tss, ss0), ss, sizeof *ss))
        guest_stop(STOP_FAULT, "no TSS for a trap from a program: it would be at %08x", vcpu->tss);
    *ss = (*ss & 0xFFFC) | 1;
}

/* The same, or what UpdateKernelStack has named. */
static inline void kernel_stack(struct vcpu *vcpu, u32 *ss, u32 *esp) {
    *ss = vcpu->stack_selector;
    *esp = vcpu->stack_pointer;
    if (vcpu->stack_good) return;
    if (!*ss) read_tss(vcpu, ss, esp);
    if (!selector_is_data(*ss, 1))
        guest_stop(STOP_FAULT, "its TSS names %04x for a stack segment, which is none", *ss);
}

static void write_stack(struct vcpu *vcpu, va_t top, const u32 *words, u32 count) {
    if (!write_linear(vcpu, top - count * sizeof *words, words, count * sizeof *words))
        guest_stop(STOP_FAULT, "no stack for a trap: its ESP is %08x, at EIP %08x",
                   frame_of(vcpu)->esp, frame_of(vcpu)->eip);
}

NORETURN static void no_handler(const struct vcpu *vcpu, u32 vector, u32 error) {
    const struct gate *gate = &vcpu->gate[vector];

    if (gate->type)
        guest_stop(STOP_FAULT, "its gate for vector %u names %04x, which is no code of its kernel",
                   vector, gate->selector);
    guest_stop(STOP_FAULT, "vector %u, for which it has no gate (error %04x, EIP %08x, CR2 %08x)",
               vector, error & 0xFFFF, frame_of(vcpu)->eip, vcpu->cr[2]);
}

/* What the CPU does: finds the gate, pushes the old state on the kernel's stack, goes to the
 * handler. A stack that is not in the mapping that the guest told us of is written by a copy. */
void inject(struct vcpu *vcpu, u32 vector, u32 error) {
    struct trap_frame *frame = frame_of(vcpu);
    const struct gate *gate = find_gate(vcpu, vector);
    u32 copy[6], *sp, *end, ss = frame->ss, esp = frame->esp;
    bool from_program = (frame->cs & 3) == 3;
    va_t top;

    if (!gate->good) no_handler(vcpu, vector, error);
    if (from_program) kernel_stack(vcpu, &ss, &esp);
    top = selector_base(ss) + esp;
    end = direct_memory(vcpu, top - sizeof copy, sizeof copy);
    sp = end = (end ? end : copy) + ARRAY_SIZE(copy);
    if (from_program) {
        *--sp = frame->ss;
        *--sp = frame->esp;
    }
    *--sp = guest_flags(vcpu);
    *--sp = frame->cs & 0xFFFF;
    *--sp = frame->eip;
    if (error != NO_ERROR) *--sp = error;
    frame->ss = ss;
    frame->esp = esp - ((u32)end - (u32)sp);
    if (end == copy + ARRAY_SIZE(copy)) write_stack(vcpu, top, sp, (u32)(end - sp));
    frame->cs = gate->selector;
    frame->eip = gate->entry;
    frame->eflags &= ~(FLAG_TF | FLAG_RF | FLAG_NT);
    if (gate->type == TYPE_INTERRUPT_GATE) shared_of(vcpu)->flag = 0;
}

/* A gate says from which ring INT n may use it; a kernel may always. */
void inject_int(struct vcpu *vcpu, u32 vector, u32 length) {
    u32 ring = frame_of(vcpu)->cs & 3;
    const struct gate *gate = find_gate(vcpu, vector);

    if (!gate->type || (ring == 3 && gate->dpl != 3)) {
        inject(vcpu, VECTOR_GP, vector * 8 + 2);
    } else if (!gate->good) {
        inject(vcpu, VECTOR_GP, gate->selector & 0xFFFC);
    } else {
        frame_of(vcpu)->eip += length;
        inject(vcpu, vector, NO_ERROR);
    }
}

/* The guest's own iret, with the virtual IF in the image of the flags. Only one that leaves for a
 * program has a stack in it, too. */
void guest_iret(struct vcpu *vcpu) {
    struct trap_frame *frame = frame_of(vcpu);
    struct {
        u32 eip, cs, eflags, esp, ss;
    } image = {.esp = frame->esp + 12, .ss = frame->ss};
    va_t stack = selector_base(frame->ss) + frame->esp;
    u32 ring = 1;

    if (!read_linear(vcpu, stack, &image, 12))
        guest_stop(STOP_FAULT, "iret with ESP %08x, where there is no frame", frame->esp);
    if ((image.cs & 3) == 3) {
        ring = 3;
        if (!read_linear(vcpu, stack + 12, &image.esp, 8))
            guest_stop(STOP_FAULT, "iret with ESP %08x, where there is half a frame", frame->esp);
    }
    image.cs |= ring;
    if (!selector_is_code(image.cs, ring) || !selector_is_data(image.ss, ring)) {
        inject(vcpu, VECTOR_GP, image.cs & 0xFFFC);
        return;
    }
    frame->esp = image.esp;
    frame->ss = image.ss;
    frame->cs = image.cs & 0xFFFF;
    frame->eip = image.eip;
    guest_set_flags(vcpu, image.eflags);
}
