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
#define HOST_VECTORS 48
#define HOST_IRQ     32

#endif
