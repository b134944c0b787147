/* SPDX-License-Identifier: MIT
 * hv-stub/guest.c: a guest's memory, its start as from a Multiboot loader, and its end.
 *
 * Runs:  in ring 0, interrupts off.
 * Read first: hv.h, lib/multiboot.h.
 */
#include "hv-stub/hv.h"
#include "lib/elf.h"
#include "lib/exit.h"

#define LOW_KIB  640
#define INFO_PA  0x9000 /* where the guest finds the loader's information */
#define LINE_PA  0x9400
#define LINE_MAX 512
#define CR0_ET   0x00000010u

struct guest the_guest;

void *guest_memory(const struct guest *guest, u32 pa, u32 size) {
    u32 end = guest->pages << PAGE_SHIFT;

    return pa < end && size <= end - pa ? guest->base + pa : NULL;
}

static void *must_have(const struct guest *guest, u32 pa, u32 size, const char *what) {
    void *memory = guest_memory(guest, pa, size);

    if (!memory)
        guest_stop(STOP_LOAD, "no room for its %s: %u bytes at %08x, of %u KiB of memory", what,
                   size, pa, guest->pages * 4);
    return memory;
}

/* Loads the segments at their physical addresses; returns the physical entry point, and in *end
 * the first free page behind them, which is above what the loader and the ROM have below 1 MiB. */
static u32 load_segments(const struct guest *guest, const void *kernel, u32 size, u32 *end) {
    struct elf_segment segment;
    unsigned index = 0;
    u32 entry = 0;

    *end = 0x100000;
    while (elf_segment(kernel, size, &index, &segment)) {
        u32 pa = (u32)segment.pa;
        u8 *memory = must_have(guest, pa, segment.memory_size, "segments");

        memcpy(memory, (const u8 *)kernel + segment.file_offset, segment.file_size);
        memset(memory + segment.file_size, 0, segment.memory_size - segment.file_size);
        if (elf_entry(kernel) - segment.va < segment.memory_size)
            entry = elf_entry(kernel) - segment.va + pa;
        if (pa + segment.memory_size > *end) *end = ALIGN_UP(pa + segment.memory_size, PAGE_SIZE);
    }
    return entry;
}

static void write_info(const struct guest *guest, u32 cmdline, u32 initrd, u32 initrd_size) {
    const char *line = cmdline ? (const char *)cmdline : "";
    struct multiboot_info *info = must_have(guest, INFO_PA, LINE_PA - INFO_PA, "boot information");
    struct multiboot_module *module = (struct multiboot_module *)(info + 1);

    *info = (struct multiboot_info){
        .flags = MULTIBOOT_MEMORY | MULTIBOOT_CMDLINE,
        .mem_lower = LOW_KIB,
        .mem_upper = guest->pages * (PAGE_SIZE / 1024) - 1024,
        .cmdline = LINE_PA,
    };
    strlcpy(must_have(guest, LINE_PA, LINE_MAX, "command line"), line, LINE_MAX);
    if (!initrd_size) return;
    info->flags |= MULTIBOOT_MODULES;
    info->mods_count = 1;
    info->mods_addr = INFO_PA + sizeof *info;
    *module = (struct multiboot_module){.start = initrd, .end = initrd + initrd_size};
}

/* As Multiboot says, but for the ring: flat segments, no paging, interrupts off. */
static void set_registers(struct vcpu *vcpu, u32 entry) {
    *frame_of(vcpu) = (struct trap_frame){
        .es = 0x11,
        .ds = 0x11,
        .ss = 0x11,
        .cs = 0x09,
        .eax = MULTIBOOT_BOOT_MAGIC,
        .ebx = INFO_PA,
        .eip = entry,
    };
    vcpu->cr[0] = CR0_PE | CR0_ET;
    guest_set_flags(vcpu, 0);
}

void guest_load(struct guest *guest, const struct multiboot_module *kernel,
                const struct multiboot_module *initrd) {
    const void *file = (const void *)kernel->start;
    u32 size = kernel->end - kernel->start, initrd_size = initrd->end - initrd->start;
    const char *why = elf_check(file, size);
    u32 entry, end;

    if (why) guest_stop(STOP_LOAD, "its kernel cannot be loaded: %s", why);
    entry = load_segments(guest, file, size, &end);
    memcpy(must_have(guest, end, initrd_size, "initrd"), (const void *)initrd->start, initrd_size);
    write_info(guest, kernel->cmdline, end, initrd_size);
    set_registers(&guest->vcpu, entry);
    segments_flat();
}

/* --- the end -------------------------------------------------------------------------------------- */

/* Exits by reason; and what they cost, if that was measured. */
static void print_statistics(const struct guest *guest) {
    for (u32 cost = 0; cost < (hv_options.stats ? 2 : 1); cost++) {
        hv_print("hv-stub: %s:", cost ? "cycles" : "exits");
        for (u32 i = 0; i < REASONS; i++)
            hv_print(" %s %llu%s", hv_reason_names[i], cost ? guest->cycles[i] : guest->exits[i],
                     i + 1 < REASONS ? "," : "\n");
    }
}

/* The guest's `exit: N` stays the last line. */
void guest_ended(u32 status_byte) {
    if (hv_options.stats) print_statistics(&the_guest);
    if (hv_options.stats || hv_options.trace) hv_print("exit: %u\n", status_byte - EXIT_BASE);
    host_leave(status_byte);
}

void guest_stop(enum stop why, const char *format, ...) {
    va_list args;

    hv_print("hv-stub: guest stopped: ");
    va_start(args, format);
    hv_vprint(format, args);
    va_end(args);
    hv_print("\n");
    print_statistics(&the_guest);
    hv_print("exit: %u\n", HV_EXIT_BASE - EXIT_BASE + why);
    host_leave(HV_EXIT_BASE + why);
}
