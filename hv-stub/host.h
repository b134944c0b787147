/* SPDX-License-Identifier: MIT
 * hv-stub/host.h: the hypervisor's own descriptors. Read by NASM too (host.inc).
 */
#ifndef HV_STUB_HOST_H
#define HV_STUB_HOST_H

/* The GDT is one page. A guest's descriptors keep their places in it; the last three are ours. */
#define GDT_SIZE     512
#define GUEST_GDT    509
#define HOST_TSS     0xFE8
#define HOST_CS      0xFF0
#define HOST_DS      0xFF8
#define STUB_SIZE    16
#define HOST_VECTORS 48 /* exceptions, and the PIC's lines behind them */
#define HOST_IRQ     32

/* VMI calls are INT n of ring 1: the calls of the standard from VMI_VECTOR on, then those with
 * numbers from 128, our own, and last what only the ROM's code asks for. */
#define VMI_VECTOR       0x90
#define VMI_STANDARD     74
#define VMI_EXTENSIONS   128
#define VMI_INIT         133
#define VMI_DELIVER      134 /* an interrupt waits, and IF is now set */
#define VMI_IRET_DELIVER 135 /* the same, with the iret still to be done */
#define VMI_QUEUE_NOW    136 /* EAX: a word of the queue that need not wait */
#define VMI_VECTORS      83

#define ROM_SIZE 2048 /* of its header, in the guest's memory */

#endif
