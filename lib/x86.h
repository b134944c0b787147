/* SPDX-License-Identifier: MIT
 * lib/x86.h: structures and bits of the CPU that kernel and hypervisor both deal with.
 *
 * The Makefile turns each `#define NAME number` into a NASM %define (x86.inc).
 * Source: SDM vol 3, the section that is named at each.
 */
#ifndef LIB_X86_H
#define LIB_X86_H

#include "lib/types.h"

/* --- "Protected-Mode Memory Management" ------------------------------------------------------ */

/* What lgdt and lidt read. */
struct table_pointer {
    u16 limit; /* size in bytes, minus 1 */
    u32 base;
} __attribute__((packed));

/* A flat segment: base 0, limit FFFFFh pages, 32 bits, present. */
#define FLAT_SEGMENT(type, dpl) (0x00CF00000000FFFFull | (u64)(0x90 | (dpl) << 5 | (type)) << 40)
#define TYPE_CODE               0xB /* execute, read, accessed */
#define TYPE_DATA               0x3 /* read, write, accessed */

/* "32-Bit Task-State Segment". One whose I/O map lies behind its limit gives ports to nobody. */
struct tss {
    u32 link;
    u32 sp0, ss0, sp1, ss1, sp2, ss2;
    u32 cr3, eip, eflags;
    u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
    u32 es, cs, ss, ds, fs, gs;
    u32 ldt;
    u16 trap, io_map;
};

static inline u64 tss_descriptor(va_t base) {
    u32 low = base << 16 | (sizeof(struct tss) - 1);
    u32 high = (base & 0xFF000000) | 0x8900 | (base >> 16 & 0xFF);

    return (u64)high << 32 | low;
}

/* "IDT Descriptors" */
#define TYPE_TASK_GATE      0x5
#define TYPE_INTERRUPT_GATE 0xE /* clears IF on the way in */
#define TYPE_TRAP_GATE      0xF /* leaves IF alone */

static inline u64 gate(u32 type, u32 dpl, u32 selector, va_t entry) {
    u32 low = selector << 16 | (entry & 0xFFFF);
    u32 high = (entry & 0xFFFF0000) | 0x8000 | dpl << 13 | type << 8;

    return (u64)high << 32 | low;
}

/* --- "PAE Paging" ---------------------------------------------------------------------------- */

#define PTE_P  0x001ull
#define PTE_W  0x002ull
#define PTE_U  0x004ull
#define PTE_A  0x020ull
#define PTE_D  0x040ull
#define PTE_PS 0x080ull

#define PF_PRESENT 1 /* error code of #PF: the page was there */
#define PF_WRITE   2
#define PF_USER    4

/* --- traps: "Exception and Interrupt Reference" ---------------------------------------------- */

#define VECTOR_NMI 2
#define VECTOR_BP  3
#define VECTOR_OF  4
#define VECTOR_UD  6
#define VECTOR_NM  7
#define VECTOR_DF  8
#define VECTOR_GP  13
#define VECTOR_PF  14
#define VECTOR_MC  18

/* What kernel and hypervisor have on their stacks after one: what each of them pushes, from the
 * vector up, and what the CPU has pushed: the last two only if the trap changed the ring. */
struct trap_frame {
    u32 es, ds;
    u32 edi, esi, ebp, unused_esp, ebx, edx, ecx, eax;
    u32 vector, error;
    u32 eip, cs, eflags;
    u32 esp, ss;
};

/* --- "Time-Stamp Counter" -------------------------------------------------------------------- */

static inline u64 rdtsc(void) {
    u64 value;

    asm volatile("rdtsc" : "=A"(value));
    return value;
}

#endif
