/* SPDX-License-Identifier: MIT
 * arch/x86/cpu.h: the tables of the CPU, and the traps that go with them. Private to arch/x86.
 */
#ifndef ARCH_X86_CPU_H
#define ARCH_X86_CPU_H

#include "arch/x86/arch.h"

extern struct tss tss;

/* entry.asm */
extern const u8 trap_stubs[IRQ_BASE + IRQ_COUNT][TRAP_STUB_SIZE]; /* code */
void syscall_entry(void);

/* segments.asm: after load_gdt, all segment registers from it, with this RPL. */
PV_ABI void reload_segments(u32 rpl);

/* trap.c */
PV_ABI void trap(struct trap_frame *frame);

#endif
