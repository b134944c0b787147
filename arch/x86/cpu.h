/* SPDX-License-Identifier: MIT
 * arch/x86/cpu.h: the tables of the CPU, and the traps that go with them. Private to arch/x86.
 */
#ifndef ARCH_X86_CPU_H
#define ARCH_X86_CPU_H

#include "arch/x86/arch.h"

/* SDM vol 3, "32-Bit Task-State Segment". */
struct tss {
    u32 link;
    u32 sp0, ss0, sp1, ss1, sp2, ss2;
    u32 cr3, eip, eflags;
    u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
    u32 es, cs, ss, ds, fs, gs;
    u32 ldt;
    u16 trap, io_map;
};

extern struct tss tss;

/* entry.asm */
extern const va_t trap_stubs[IRQ_BASE + IRQ_COUNT];
void syscall_entry(void);
void double_fault_entry(void);

/* segments.asm: after load_gdt, all segment registers from it, with this RPL. */
PV_ABI void reload_segments(u32 rpl);

/* trap.c */
PV_ABI void trap(struct trap_frame *frame);
void double_fault(void);

#endif
