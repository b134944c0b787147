/* SPDX-License-Identifier: MIT
 * lib/vmi.h: VMware's Virtual Machine Interface, version 3.0: the binary side of it.
 *
 * A ROM between C0000h and E0000h says that there is a hypervisor, and holds two entry points.
 * VMI_Init moves the kernel to a ring of less privilege; VMI_GetRelocationInfo says, call by
 * call, where the ROM's code for it is. Arguments travel in EAX, EDX, ECX, then on the stack;
 * EAX, ECX, EDX and flags may change. The calls are listed in lib/vmi.def.
 */
#ifndef LIB_VMI_H
#define LIB_VMI_H

#include "lib/types.h"

#define VMI_ROM_START 0xC0000
#define VMI_ROM_END   0xE0000
#define VMI_ROM_STEP  2048
#define ROM_SIGNATURE 0xAA55
#define VMI_SIGNATURE 0x696D5663 /* "cVmi" */
#define VMI_API_MAJOR 3

struct vmi_rom {
    u16 rom_signature;
    u8 rom_length; /* in 512 bytes; their sum is 0 */
    u8 rom_entry[4];
    u8 pad;
    u32 vmi_signature;
    u8 api_minor, api_major;
    u8 jump_slots, reserved1;
    u32 virtual_top; /* the linear space above is the hypervisor's */
    u16 reserved2;
    u16 license_offset; /* of a string */
    u16 pci_offset;     /* of a PCI data structure */
    u16 pnp_offset;
    u32 reserved3;
    u8 reserved4[96];
    u8 init[8];           /* code: VMI_Init */
    u8 get_relocation[8]; /* code: VMI_GetRelocationInfo(EAX = call): EDX:EAX */
} __attribute__((packed));

/* VMI_GetRelocationInfo: EAX is the address of the code, DL one of these. */
#define VMI_RELOCATION_NONE 0 /* there is no such call: do it natively */
#define VMI_RELOCATION_CALL 1
#define VMI_RELOCATION_JUMP 2
#define VMI_RELOCATION_NOP  3 /* nothing is to be done */

/* Flags of page-table calls. The Makefile makes NASM %defines of these numbers (vmi.inc). */
#define VMI_PAGE_PT     0x01
#define VMI_PAGE_PD     0x02
#define VMI_PAGE_PDP    0x04
#define VMI_PAGE_LEVEL  0x0F
#define VMI_PAGE_PAE    0x10 /* AllocatePage, ReleasePage */
#define VMI_PAGE_ZEROED 0x40

/* Flags of alarms */
#define VMI_ALARM_PERIODIC 0x100

enum vmi_call {
#define VMI_CALL(number, name, how, doc) VMI_##name = number,
#include "lib/vmi.def"
#undef VMI_CALL
    VMI_CALLS
};

#endif
