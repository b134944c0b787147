/* SPDX-License-Identifier: MIT
 * arch/x86/cpu.c: GDT, IDT and TSS; what programs may not use is switched off.
 *
 * Runs:  once, at boot, interrupts off, the backend chosen: descriptors go through pv ops.
 * Gives: segments and gates for kernel and programs; stack_prepare for new processes.
 * Source: SDM vol 3, "Protected-Mode Memory Management", "Interrupt and Exception Handling",
 *        "Task Management".
 */
#include "arch/x86/cpu.h"

/* Each on a page of its own: for some hypervisors it becomes read-only. */
u64 gdt[PAGE_SIZE / sizeof(u64)] PAGE_ALIGNED;
u64 idt[PAGE_SIZE / sizeof(u64)] PAGE_ALIGNED;

/* The TSS says which stack a trap from ring 3 arrives on, and nothing else: the I/O map lies
 * behind its limit, so programs have no ports. */
struct tss tss = {.ss0 = KERNEL_DS, .io_map = sizeof tss};

/* #DF switches to this task, so it has a stack even when the kernel's is bad. */
static struct tss df_tss = {.io_map = sizeof df_tss};
static u8 df_stack[2048] __attribute__((aligned(16)));

static void gdt_init(u32 rpl) {
    static const struct table_pointer pointer = {GDT_ENTRIES * 8 - 1, (va_t)gdt};

    write_gdt_entry(KERNEL_CS / 8, FLAT_SEGMENT(TYPE_CODE, rpl));
    write_gdt_entry(KERNEL_DS / 8, FLAT_SEGMENT(TYPE_DATA, rpl));
    write_gdt_entry(USER_CS / 8, FLAT_SEGMENT(TYPE_CODE, 3));
    write_gdt_entry(USER_DS / 8, FLAT_SEGMENT(TYPE_DATA, 3));
    write_gdt_entry(TSS_SEL / 8, tss_descriptor((va_t)&tss));
    load_gdt(&pointer);
    reload_segments(rpl);
    load_tr(TSS_SEL);
}

/* A double fault means that pushing a trap frame failed: most often ESP was bad. */
static void double_fault_init(void) {
    df_tss.cr3 = read_cr3();
    df_tss.eip = (va_t)trap_stubs[VECTOR_DF];
    df_tss.esp = (va_t)(df_stack + sizeof df_stack);
    df_tss.eflags = 2;
    df_tss.cs = KERNEL_CS;
    df_tss.ss = df_tss.ds = df_tss.es = KERNEL_DS;
    write_gdt_entry(DF_TSS_SEL / 8, tss_descriptor((va_t)&df_tss));
    write_idt_entry(VECTOR_DF, gate(TYPE_TASK_GATE, 0, DF_TSS_SEL, 0));
}

static void idt_init(u32 rpl) {
    static const struct table_pointer pointer = {IDT_ENTRIES * 8 - 1, (va_t)idt};
    u32 cs = KERNEL_CS | rpl;

    for (u32 vector = 0; vector < IRQ_BASE + IRQ_COUNT; vector++) {
        u32 dpl = vector == VECTOR_BP || vector == VECTOR_OF ? 3 : 0;
        write_idt_entry(vector, gate(TYPE_INTERRUPT_GATE, dpl, cs, (va_t)trap_stubs[vector]));
    }
    write_idt_entry(VECTOR_SYSCALL, gate(TYPE_TRAP_GATE, 3, cs, (va_t)syscall_entry));
    if (rpl == 0) double_fault_init(); /* hypervisors know no task gates */
    load_idt(&pointer);
}

/* sysenter would take a program into the kernel at an address that we never gave. With
 * SYSENTER_CS = 0 it is #GP. SDM vol 2, "SYSENTER". */
static void sysenter_off(void) {
    enum { MSR_SYSENTER_CS = 0x174, CPUID_SEP = 1 << 11 };
    struct cpuid_regs regs = {.eax = 1};

    cpuid(&regs);
    if (!(regs.edx & CPUID_SEP)) return;
    wrmsr(0, MSR_SYSENTER_CS);
    if (rdmsr(MSR_SYSENTER_CS) & 0xFFFF)
        panic("SYSENTER_CS keeps its value: programs could enter the kernel past its gates");
}

void cpu_init(void) {
    gdt_init(pv_info.kernel_rpl);
    idt_init(pv_info.kernel_rpl);
    sysenter_off();
}

va_t stack_prepare(void *top, void (*function)(void), void (*next)(void)) {
    u32 *sp = top;

    *--sp = (va_t)next;
    *--sp = (va_t)function;
    for (u32 i = 0; i < 6; i++) *--sp = 0; /* what switch_stack pops */
    return (va_t)sp;
}

void frame_start(struct trap_frame *frame, va_t entry, va_t sp) {
    enum { EFLAGS_IF = 0x200, EFLAGS_ALWAYS_1 = 2 };

    *frame = (struct trap_frame){
        .es = USER_DS,
        .ds = USER_DS,
        .eip = entry,
        .cs = USER_CS,
        .eflags = EFLAGS_IF | EFLAGS_ALWAYS_1,
        .esp = sp,
        .ss = USER_DS,
    };
}
