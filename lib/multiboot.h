/* SPDX-License-Identifier: MIT
 * lib/multiboot.h: what a Multiboot 1 loader and the kernel it loads say to each other.
 *
 * Runs:  read by the kernel's entry, and by hv-stub as both: kernel to GRUB, loader to a guest.
 * Needs: "Multiboot Specification version 0.6.96". All addresses are physical, below 4 GiB.
 * Gives: a loader enters with EAX = MULTIBOOT_BOOT_MAGIC, EBX = address of a multiboot_info,
 *        paging and interrupts off, flat 32-bit segments, no stack.
 */
#ifndef LIB_MULTIBOOT_H
#define LIB_MULTIBOOT_H

#include "lib/types.h"

#define MULTIBOOT_HEADER_MAGIC 0x1BADB002u
#define MULTIBOOT_BOOT_MAGIC   0x2BADB002u
#define MULTIBOOT_SEARCH       8192u /* the header lies in this many first bytes of the file */
#define MULTIBOOT_ALIGN        4u    /* at a multiple of this */

/* multiboot_header.flags. A loader must refuse bits below 16 that it does not know. */
#define MULTIBOOT_WANT_PAGE_ALIGN 0x00000001u /* modules start on page boundaries */
#define MULTIBOOT_WANT_MEMORY     0x00000002u /* the info must tell the memory sizes */
#define MULTIBOOT_WANT_VIDEO      0x00000004u /* the info must tell the video mode */
#define MULTIBOOT_HAS_ADDRESSES   0x00010000u /* load by addresses that follow, not by ELF's */

struct multiboot_header {
    u32 magic;
    u32 flags;
    u32 checksum; /* magic + flags + checksum is 0 */
};

/* multiboot_info.flags: which of its fields are valid */
#define MULTIBOOT_MEMORY      0x001u /* mem_lower, mem_upper */
#define MULTIBOOT_CMDLINE     0x004u
#define MULTIBOOT_MODULES     0x008u /* mods_count, mods_addr */
#define MULTIBOOT_MMAP        0x040u /* mmap_length, mmap_addr */
#define MULTIBOOT_LOADER_NAME 0x200u

struct multiboot_info {
    u32 flags;
    u32 mem_lower, mem_upper; /* KiB from 0, and KiB from 1 MiB to the first hole */
    u32 boot_device;
    u32 cmdline;               /* zero-terminated text */
    u32 mods_count, mods_addr; /* an array of multiboot_module */
    u32 symbols[4];
    u32 mmap_length, mmap_addr; /* bytes of multiboot_mmap entries, one behind the other */
    u32 drives_length, drives_addr;
    u32 config_table;
    u32 boot_loader_name; /* zero-terminated text */
};

struct multiboot_module {
    u32 start, end; /* first byte, and first byte behind it */
    u32 cmdline;    /* zero-terminated text, or 0 */
    u32 reserved;
};

#define MULTIBOOT_MMAP_RAM      1u /* any other type is not to be used */
#define MULTIBOOT_MMAP_RESERVED 2u

struct multiboot_mmap {
    u32 size; /* bytes of this entry behind this field: the next one is at &base + size */
    u64 base, length;
    u32 type;
} __attribute__((packed));

#endif
