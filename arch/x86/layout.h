/* SPDX-License-Identifier: MIT
 * arch/x86/layout.h: where things are: linear space, selectors, vectors, the trap frame.
 *
 * The Makefile turns each `#define NAME number` below into a NASM %define (layout.inc), so that
 * C and NASM read the same numbers.
 *
 *   FFFFFFFF  +---------------------------+
 *             | a hypervisor, if any      |  lower under some: pv_info.va_top
 *   FFC00000  +---------------------------+  VA_TOP
 *             | direct map of memory, in  |
 *             | 4 KiB pages: pa + C0000000|
 *   C0100000  |   .. the kernel image     |  loaded at 1 MiB
 *   C0000000  +---------------------------+  KERNEL_BASE: slot 3 of each root
 *             | never mapped              |
 *   40000000  +---------------------------+  USER_TOP
 *             | stack, grows down         |
 *             |   ..                      |  a program has slot 0 of its root:
 *             | heap, grows up            |  one L2 table
 *             | text, data                |
 *   08048000  +---------------------------+
 *             | never mapped              |
 *   00000000  +---------------------------+
 */
#ifndef ARCH_X86_LAYOUT_H
#define ARCH_X86_LAYOUT_H

#define KERNEL_BASE 0xC0000000
#define VA_TOP      0xFFC00000

/* The boot tables map this much of memory, in 8 L1 tables, before paging.c maps all of it.
 * The loader must have put everything below. */
#define BOOT_MAPPED 0x01000000
#define BOOT_L1S    8

/* GDT: a selector is 8 * index + ring. */
#define GDT_ENTRIES 8
#define KERNEL_CS   0x08
#define KERNEL_DS   0x10
#define USER_CS     0x1B
#define USER_DS     0x23
#define TSS_SEL     0x28
#define DF_TSS_SEL  0x30

/* IDT */
#define IRQ_BASE       0x20
#define IRQ_COUNT      16
#define IRQ_SPURIOUS   7
#define VECTOR_SYSCALL 0x80
#define IDT_ENTRIES    256
#define TRAP_STUB_SIZE 16

/* struct trap_frame, as entry.asm pushes it */
#define FRAME_EAX 36
#define FRAME_CS  52

#endif
