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

#define HV_VA_TOP 0xFFC00000
#define HV_ROM    0xFFC00000
#define HV_SHARED 0xFFC01000
#define HV_CUT    0xFFC02000
#define HV_CODE   0xFFC02000
#define HV_IDT    0xFFC03000
#define HV_GDT    0xFFC04000
#define HV_TSS    0xFFC05000
#define HV_STACK  0xFFC06000

/* Some instructions show or change the state of the CPU in ring 1 without a trap. A kernel that
 * wants the hypervisor to execute one puts these four bytes before it: ud2, 'p', 'v'. */
#define HV_PREFIX      0x76700B0F
#define HV_PREFIX_SIZE 4

/* The statuses with which hv-stub ends a run that its guest did not end. */
#define HV_EXIT_BASE 0x70 /* + enum hv_stop, in EXIT_PORT's byte instead of EXIT_BASE + status */

#endif
