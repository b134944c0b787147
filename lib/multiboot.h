/* SPDX-License-Identifier: MIT
 * lib/multiboot.h: what a Multiboot 1 loader and the kernel it loads say to each other.
 *
 * Runs:  read by the kernel's entry, and by hv-stub as both: kernel to GRUB, loader to a guest.
 * Needs: "Multiboot Specification version 0.6.96", of which this is what we use. All addresses
 *        are physical, below 4 GiB; texts are zero-terminated.
 * Gives: a loader enters with EAX = MULTIBOOT_BOOT_MAGIC, EBX = address of a multiboot_info,
 *        paging and interrupts off, flat 32-bit segments, no stack.
 */
#ifndef LIB_MULTIBOOT_H
#define LIB_MULTIBOOT_H

#include "lib/types.h"

#define MULTIBOOT_BOOT_MAGIC 0x2BADB002u

/* A kernel's header, in its first 8 KiB: three words that add up to 0. This is the first. The second
 * has flags; a loader that cannot grant all those of the low half must not start the kernel. */
#define MULTIBOOT_HEADER_MAGIC 0x1BADB002u
#define MULTIBOOT_HEADER_AREA  8192
#define MULTIBOOT_VIDEO        0x0004u /* a video mode */
#define MULTIBOOT_MORE         0xFFFCu /* all but modules on page boundaries, and memory sizes */

/* multiboot_info.flags: which of its fields are valid */
#define MULTIBOOT_MEMORY  0x001u /* mem_lower, mem_upper */
#define MULTIBOOT_CMDLINE 0x004u
#define MULTIBOOT_MODULES 0x008u /* mods_count, mods_addr */

/* Its first fields: those behind them are valid only with flags that we neither give nor read. */
struct multiboot_info {
    u32 flags;
    u32 mem_lower, mem_upper; /* KiB from 0, and KiB from 1 MiB to the first hole */
    u32 boot_device, cmdline;
    u32 mods_count, mods_addr; /* an array of multiboot_module */
};

struct multiboot_module {
    u32 start, end;        /* first byte, and first byte behind it */
    u32 cmdline, reserved; /* cmdline may be 0 */
};

#endif
