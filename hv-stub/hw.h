/* SPDX-License-Identifier: MIT
 * hv-stub/hw.h: the privileged instructions that hv-stub itself executes, each in a function.
 */
#ifndef HV_STUB_HW_H
#define HV_STUB_HW_H

#include "lib/types.h"

static inline void out8(u32 value, u32 port) {
    asm volatile("outb %b0, %w1" : : "a"(value), "d"(port));
}

static inline u32 in8(u32 port) {
    u8 value;

    asm volatile("inb %w1, %0" : "=a"(value) : "d"(port));
    return value;
}

static inline u32 read_cr2(void) {
    u32 value;

    asm volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

/* With interrupts on, until one comes: to hv_trap, which begins at the top of this stack, where our
 * own frames were. The frame of the interrupt, which it reads, must lie below all that it pushes. */
static inline NORETURN void wait_for_interrupt(void) {
    for (;;) asm volatile("sub $1024, %esp; 1: sti; hlt; jmp 1b");
}

/* For good: an interrupt would lead back into a guest. */
static inline NORETURN void stop_cpu(void) {
    for (;;) asm volatile("cli; hlt");
}

#endif
