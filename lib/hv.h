/* SPDX-License-Identifier: MIT
 * lib/hv.h: what hv-stub and the kernels that it runs agree on, beside the VMI ABI.
 *
 * The top of the linear space is the hypervisor's, in every address space of a guest:
 *
 *   FFFFFFFF  +----------------------+
 *             | never mapped         |
 *             | stack        RW      |  where the CPU pushes trap frames; holds nothing else
 *             | TSS          RO      |
 *             | GDT          RO      |  the guest's descriptors, cut, and the hypervisor's
 *             | IDT          RO      |
 *             | code         RO      |  from the trap to the hypervisor's own address space
 *   HV_CUT    +----------------------+  the limits of a guest's segments end here
 *             | shared page  RW      |
 *             | ROM page     RO      |
 *   HV_VA_TOP +----------------------+  a guest kernel's linear space ends here
 *
 * The Makefile turns each `#define NAME number` into a NASM %define (hv.inc).
 */
#ifndef LIB_HV_H
#define LIB_HV_H

#include "lib/types.h"

#define HV_VA_TOP 0xFFC00000
#define HV_ROM    0xFFC00000
#define HV_SHARED 0xFFC01000
#define HV_CUT    0xFFC02000
#define HV_CODE   0xFFC02000
#define HV_IDT    0xFFC03000
#define HV_GDT    0xFFC04000
#define HV_TSS    0xFFC05000
#define HV_STACK  0xFFC06000
#define HV_FRAME  0xFFC06FBC /* struct trap_frame, at the end of the stack page */

/* Some instructions show or change the state of the CPU in ring 1 without a trap. A kernel that
 * wants the hypervisor to execute one puts these four bytes before it: ud2, 'p', 'v'. */
#define HV_PREFIX      0x76700B0F
#define HV_PREFIX_SIZE 4

/* The statuses with which hv-stub ends a run that its guest did not end. */
#define HV_EXIT_BASE 0x70 /* + enum hv_stop, in EXIT_PORT's byte instead of EXIT_BASE + status */

/* The shared page. The guest may write anything to it; the hypervisor believes nothing. */
#define HV_FLAG_IF      0x01 /* of `flag`: the virtual IF */
#define HV_FLAG_PENDING 0x80 /* an interrupt waits for it */
#define HV_QUEUE_BYTES  4080

struct vcpu_shared {
    volatile u8 flag;
    u8 lazy; /* the guest's own note: the queue may wait */
    u16 unused;
    volatile u32 queued; /* bytes in the queue */
    u32 cr2;             /* what GetCR2 would return */
    u32 queue[HV_QUEUE_BYTES / 4];
};

/* A word of the queue: the address of a page table entry that the guest has written; or, in the
 * lowest three bits, which are 0 in such an address, what else there is to do, and with what. */
#define HV_QUEUE_WHAT     7
#define HV_QUEUE_ANNOUNCE 1 /* address of a frame + 8 * level */
#define HV_QUEUE_RELEASE  2 /* address of a frame */
#define HV_QUEUE_STACK    3 /* stack pointer for traps from ring 3, in the segment named before */

/* Why a guest came to the hypervisor. */
enum hv_reason {
    REASON_INTERRUPT, /* of a device */
    REASON_FILL,      /* a shadow table had no entry yet */
    REASON_FAULT,     /* an exception that the guest handles */
    REASON_INT,       /* INT n */
    REASON_CALL,      /* a VMI call */
    REASON_EMULATE,   /* a privileged instruction */
    REASON_FORCED,    /* an instruction behind HV_PREFIX */
    REASON_PORT,      /* in, out */
    REASONS
};

extern const char *const hv_reason_names[REASONS];

/* CPUID, behind HV_PREFIX: EDX:EAX of leaf HV_CPUID_EXITS + reason is how often. */
#define HV_CPUID_SIGNATURE 0x40000000
#define HV_CPUID_EXITS     0x40000100

#endif
