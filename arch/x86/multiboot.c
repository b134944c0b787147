/* SPDX-License-Identifier: MIT
 * arch/x86/multiboot.c: native's setup: what a Multiboot loader left for us.
 *
 * Runs:  once, on the boot tables: only the first BOOT_MAPPED bytes of memory can be read.
 * Gives: struct boot_info, with copies: the loader's structures may be overwritten afterwards.
 * Read first: lib/multiboot.h, boot.asm.
 */
#include "arch/x86/arch.h"
#include "arch/x86/native.h"
#include "lib/multiboot.h"
#include "lib/string.h"

#define MIB 0x100000u

extern const u32 boot_magic, boot_info_pa;
extern const u8 kernel_end[];

/* The loader chose the address; we must be able to read it. */
static const void *loader_data(u32 pa, u32 size, const char *what) {
    if (pa >= BOOT_MAPPED || size > BOOT_MAPPED - pa)
        panic("the boot loader put its %s at %08x, above the first %u MiB", what, pa,
              BOOT_MAPPED / MIB);
    return va_of(pa);
}

void boot_command_line(struct boot_info *boot, const char *line) {
    if (strlcpy(boot->cmdline, line, sizeof boot->cmdline) >= sizeof boot->cmdline)
        printk("command line: cut after %u bytes\n", (u32)sizeof boot->cmdline - 1);
}

void boot_memory(struct boot_info *boot, u32 pages, va_t va_top) {
    u32 most = (va_top - (va_t)direct_map) >> PAGE_SHIFT;

    boot->ram_pages = pages < most ? pages : most;
    if (pages > most)
        printk("memory: using %u MiB of %u\n", most / (MIB / PAGE_SIZE), pages / (MIB / PAGE_SIZE));
}

static void find_initrd(const struct multiboot_info *info, struct boot_info *boot) {
    const struct multiboot_module *module;

    if (!(info->flags & MULTIBOOT_MODULES) || !info->mods_count) return;
    module = loader_data(info->mods_addr, sizeof *module, "module list");
    boot->initrd = module->start;
    boot->initrd_end = module->end;
    if (boot->initrd & PAGE_MASK || boot->initrd_end < boot->initrd ||
        boot->initrd < pa_of(kernel_end) || boot->initrd_end > (pa_t)boot->ram_pages << PAGE_SHIFT)
        panic("the boot loader put the initrd at %08x to %08x, where it cannot be",
              (u32)boot->initrd, (u32)boot->initrd_end);
}

PV_ABI void native_setup(struct boot_info *boot) {
    const struct multiboot_info *info;

    if (boot_magic != MULTIBOOT_BOOT_MAGIC)
        panic("not started by a Multiboot loader: EAX was %08x", boot_magic);
    info = loader_data(boot_info_pa, sizeof *info, "information");
    if (info->flags & MULTIBOOT_CMDLINE)
        boot_command_line(boot, loader_data(info->cmdline, sizeof boot->cmdline, "command line"));
    if (!(info->flags & MULTIBOOT_MEMORY))
        panic("the boot loader does not say how much memory there is");
    boot_memory(boot, MIB / PAGE_SIZE + info->mem_upper / (PAGE_SIZE / 1024), VA_TOP);
    boot->root = va_of(read_cr3());
    boot->mapped_pages = BOOT_MAPPED >> PAGE_SHIFT;
    boot->first_free = pfn_of(kernel_end);
    find_initrd(info, boot);
}
