/* SPDX-License-Identifier: MIT
 * arch/x86/trap.c: what the CPU reports, sorted: an interrupt, a fault of a program, our own bug.
 *
 * Runs:  on the stack of the process that runs, interrupts off.
 * Gives: interrupts to the kernel's handlers; page faults to vm_fault; a program's other faults
 *        end it; a fault of the kernel's own is a panic.
 * Read first: entry.asm. Source: SDM vol 3, "Exception and Interrupt Reference".
 */
#include "arch/x86/cpu.h"
#include "kernel/kernel.h"

/* usercopy.asm */
extern const u8 usercopy_start[], usercopy_end[], usercopy_failed[];

#define VECTOR_RESERVED 15 /* and all from 20 on */

static const struct {
    const char *name;
    u32 status; /* the exit status of a program that does this */
} exceptions[] = {
    {"divide error (#DE)", STATUS_DIVIDE},
    {"single step or breakpoint register (#DB)", STATUS_DEBUG},
    {"NMI", STATUS_KILLED},
    {"breakpoint (#BP)", STATUS_DEBUG},
    {"overflow (#OF)", STATUS_DIVIDE},
    {"bound range exceeded (#BR)", STATUS_DIVIDE},
    {"invalid opcode (#UD)", STATUS_OPCODE},
    {"FPU instruction: programs have no FPU (#NM)", STATUS_OPCODE},
    {"double fault (#DF)", STATUS_KILLED},
    {"coprocessor segment overrun", STATUS_KILLED},
    {"invalid TSS (#TS)", STATUS_MEMORY},
    {"segment not present (#NP)", STATUS_MEMORY},
    {"stack segment fault (#SS)", STATUS_MEMORY},
    {"general protection: a privileged instruction or a bad segment (#GP)", STATUS_MEMORY},
    {"page fault (#PF)", STATUS_MEMORY},
    [VECTOR_RESERVED] = {"reserved exception", STATUS_KILLED},
    {"FPU error (#MF)", STATUS_OPCODE},
    {"alignment check (#AC)", STATUS_MEMORY},
    {"machine check (#MC)", STATUS_KILLED},
    {"SIMD error (#XM)", STATUS_OPCODE},
};

static bool from_program(const struct trap_frame *frame) { return (frame->cs & 3) == 3; }

static void interrupt(u32 irq) {
    if (!irq_eoi(irq)) return; /* spurious */
    if (irq == IRQ_TIMER) timer_interrupt();
    if (irq == IRQ_KEYBOARD || irq == IRQ_SERIAL) console_interrupt();
}

/* Does this fault of the kernel's touch a program's memory, where it is the program's doing? */
static bool from_usercopy(const struct trap_frame *frame) {
    return frame->eip >= (va_t)usercopy_start && frame->eip < (va_t)usercopy_end;
}

static void page_fault(struct trap_frame *frame) {
    va_t va = read_cr2();
    bool for_program = va < USER_TOP && (from_program(frame) || from_usercopy(frame));

    if (for_program && vm_fault(va, frame->error & PF_WRITE, frame->error & PF_PRESENT)) return;
    if (from_program(frame) && current->killed) return; /* no memory: it ends on the way out */
    if (from_program(frame))
        program_fault(STATUS_MEMORY, "%s of address %08x at %08x",
                      frame->error & PF_WRITE ? "write" : "read", va, frame->eip);
    else if (for_program)
        frame->eip = (va_t)usercopy_failed;
    else
        panic_trap(frame, "page fault: the kernel %s address %08x, which is %s",
                   frame->error & PF_WRITE ? "wrote to" : "read", va,
                   frame->error & PF_PRESENT ? "not writable" : "not mapped");
}

/* #DF came through a task gate, on a stack of its own. The CPU has saved what it was doing in the
 * TSS that it came from: here in the order of struct trap_frame. */
static NORETURN void double_fault(void) {
    struct trap_frame frame = {tss.es,  tss.ds,  tss.edi,    tss.esi, tss.ebp,   0,
                               tss.ebx, tss.edx, tss.ecx,    tss.eax, VECTOR_DF, 0,
                               tss.eip, tss.cs,  tss.eflags, tss.esp, tss.ss};

    panic_trap(&frame, "double fault: no stack for a trap at ESP %08x", tss.esp);
}

/* Called by entry.asm for every vector but the system call's. */
PV_ABI void trap(struct trap_frame *frame) {
    u32 vector = frame->vector;
    u32 row = vector < ARRAY_SIZE(exceptions) ? vector : VECTOR_RESERVED;

    if (vector == VECTOR_DF && pv_info.kernel_rpl == 0) double_fault();
    check_stack();
    if (vector >= IRQ_BASE)
        interrupt(vector - IRQ_BASE);
    else if (vector == VECTOR_PF)
        page_fault(frame);
    else if (from_program(frame))
        program_fault(exceptions[row].status, "%s at %08x", exceptions[row].name, frame->eip);
    else
        panic_trap(frame, "%s in the kernel", exceptions[row].name);
}

void print_frame(const struct trap_frame *frame) {
    bool has_esp = from_program(frame) || frame->vector == VECTOR_DF;
    u32 esp = has_esp ? frame->esp : (va_t)&frame->esp;

    printk("eax %08x  ebx %08x  ecx %08x  edx %08x\n", frame->eax, frame->ebx, frame->ecx,
           frame->edx);
    printk("esi %08x  edi %08x  ebp %08x  esp %08x\n", frame->esi, frame->edi, frame->ebp, esp);
    printk("eip %08x  cs %04x  ds %04x  es %04x  eflags %08x\n", frame->eip, frame->cs & 0xFFFF,
           frame->ds & 0xFFFF, frame->es & 0xFFFF, frame->eflags);
    printk("vector %u  error %04x  cr2 %08x  cr3 %08x\n", frame->vector, frame->error, read_cr2(),
           read_cr3());
}

/* Frames are linked through EBP: [ebp] is the caller's, [ebp + 4] the return address. */
void walk_stack(u32 ebp, void (*visit)(va_t eip)) {
    u32 page = ebp & ~PAGE_MASK;

    while (ebp >= KERNEL_BASE && (ebp & ~PAGE_MASK) == page && !(ebp & 3)) {
        const u32 *frame = (const u32 *)ebp;

        if (!frame[1]) return;
        visit(frame[1]);
        if (frame[0] <= ebp) return;
        ebp = frame[0];
    }
}
