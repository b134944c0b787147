/* SPDX-License-Identifier: MIT
 * tests/vmi/layout.h: numbers that the test's C and NASM share (layout.inc).
 */
#ifndef TESTS_VMI_LAYOUT_H
#define TESTS_VMI_LAYOUT_H

#define DIRECT_MAP 0xC0000000 /* where physical memory is mapped, as in Linux */
#define MAPPED     0x02000000 /* so much of it, in so many L1 tables */
#define MAPPED_L1S 16

#define KERNEL_CS 0x08
#define KERNEL_DS 0x10
#define USER_CS   0x1B
#define USER_DS   0x23
#define TSS_SEL   0x28
#define SPARE_1   0x30 /* descriptors for tests to write */
#define SPARE_2   0x38
#define GDT_SLOTS 8

#define VECTORS        48
#define VECTOR_UD      6
#define VECTOR_TS      10
#define VECTOR_GP      13
#define VECTOR_PF      14
#define VECTOR_TIMER   32
#define VECTOR_SYSCALL 0x80

/* struct run */
#define RUN_ENTRY      0
#define RUN_STACK      4
#define RUN_DS         8
#define RUN_ES         12
#define RUN_FS         16
#define RUN_GS         20
#define RUN_IN         24
#define RUN_ARGS       56
#define RUN_OUT        64
#define RUN_ESP_BEFORE 96
#define RUN_ESP_AFTER  100
#define RUN_OUT_DS     104
#define RUN_OUT_ES     108
#define RUN_OUT_FS     112
#define RUN_OUT_GS     116
#define RUN_OUT_ARGS   120
#define RUN_OUT_GUARDS 128
#define RUN_RETURNED   144
#define RUN_IRET_FLAGS 148
#define GUARD          0x5AFE57AC

#endif
