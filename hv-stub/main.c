/* SPDX-License-Identifier: MIT
 * hv-stub/main.c: from the loader to the guest's first instruction.
 *
 * Runs:  once, as boot.asm leaves us: unpaged, on the hypervisor's stack.
 * Gives: a guest with all the memory that is left.
 *
 *   1 MiB        hv-stub
 *                the loader's modules, until they have been copied: then the shadow pool
 *   guest base   the guest's memory: its physical address 0
 *   end of memory
 */
#include "hv-stub/hv.h"
#include "lib/cmdline.h"
#include "lib/elf.h"

#define MIB        0x100000u
#define POOL_SHARE 64           /* the pool has one 64th of all memory, */
#define POOL_LEAST MIB          /* but never less than this */
#define MAX_RAM    (1024 * MIB) /* what our own page tables map */
#define MIN_GUEST  (4 * MIB)
#define ELF_MAGIC  0x464C457Fu

extern const u8 hv_end[];

struct hv_options hv_options = {.rom = true};

/* hv.none=N: the ROM answers NONE for call N, as one that does not know it. */
static bool without_call(const char *digits) {
    const char *end = digits;
    u32 number = 0;

    while (*end >= '0' && *end <= '9') number = number * 10 + (u32)(*end++ - '0');
    return end > digits && end < digits + 4 && *end == '\0' && vmi_remove_call(number);
}

/* False: there is no such option, or it cannot be that. */
static bool set(const struct cmdline_option *option) {
    static const struct {
        const char *key;
        bool *is_on;
    } switches[] = {{"hv.rom", &hv_options.rom},
                    {"hv.stats", &hv_options.stats},
                    {"hv.trace", &hv_options.trace}};
    bool on = strcmp(option->value, "on") == 0;

    if (strcmp(option->key, "hv.none") == 0) return without_call(option->value);
    if (!on && strcmp(option->value, "off") != 0) return false;
    for (u32 i = 0; i < ARRAY_SIZE(switches); i++) {
        if (strcmp(option->key, switches[i].key) != 0) continue;
        *switches[i].is_on = on;
        return true;
    }
    return false;
}

static void parse_options(const char *line) {
    struct cmdline_option option;

    line = cmdline_skip_name(line);
    while (cmdline_next(&line, &option))
        if (!set(&option))
            hv_print("hv-stub: %s=%s means nothing here; ignored\n", option.key, option.value);
    hv_options.watch = hv_options.stats || hv_options.trace;
}

/* A kernel that asks for more than it would get must not be started. */
static void check_header(const u32 *word, u32 size) {
    const u32 *end = word + (size < MULTIBOOT_HEADER_AREA ? size : MULTIBOOT_HEADER_AREA) / 4 - 2;

    while (word < end && (word[0] != MULTIBOOT_HEADER_MAGIC || word[0] + word[1] + word[2] != 0))
        word++;
    if (word == end) guest_stop(STOP_LOAD, "its kernel has no Multiboot header");
    if (word[1] & MULTIBOOT_MORE)
        guest_stop(STOP_LOAD, "its Multiboot header asks for %s: flags %08x",
                   word[1] & MULTIBOOT_VIDEO ? "a video mode" : "what we lack", word[1]);
}

NORETURN void hv_main(u32 magic, const struct multiboot_info *info);

static struct multiboot_module kernel, initrd;

/* Modules are told apart by what is in them. Returns the end of the last one in memory. */
static u32 find_modules(const struct multiboot_info *info) {
    const struct multiboot_module *module = (const void *)info->mods_addr;
    u32 end = (u32)hv_end;

    for (u32 i = 0; info->flags & MULTIBOOT_MODULES && i < info->mods_count; i++, module++) {
        bool is_elf = module->end - module->start >= 4 && *(const u32 *)module->start == ELF_MAGIC;

        *(is_elf && !kernel.start ? &kernel : &initrd) = *module;
        if (module->end > end) end = module->end;
    }
    return ALIGN_UP(end, PAGE_SIZE);
}

static u32 ram_end(const struct multiboot_info *info) {
    u32 kib = info->flags & MULTIBOOT_MEMORY ? info->mem_upper : 0;

    return kib > MAX_RAM / 1024 - 1024 ? MAX_RAM : MIB + (kib & ~3u) * 1024;
}

void hv_main(u32 magic, const struct multiboot_info *info) {
    u32 pool = ALIGN_UP((u32)hv_end, PAGE_SIZE);
    u32 base, end, pool_end;

    hv_print("hv-stub\n");
    if (magic != MULTIBOOT_BOOT_MAGIC)
        guest_stop(STOP_LOAD, "not started by a Multiboot loader: EAX was %08x", magic);
    base = find_modules(info);
    end = ram_end(info);
    pool_end = pool + (end / POOL_SHARE > POOL_LEAST ? end / POOL_SHARE & ~PAGE_MASK : POOL_LEAST);
    if (base < pool_end) base = pool_end;
    if (end < base + MIN_GUEST)
        guest_stop(STOP_LOAD, "%u KiB of memory are too little", end / 1024);
    if (!kernel.start)
        guest_stop(STOP_LOAD, "no kernel: the first module must be one (QEMU: -initrd "
                              "\"kernel.elf arguments,initrd.tar\")");
    host_init();
    if (info->flags & MULTIBOOT_CMDLINE) parse_options((const char *)info->cmdline);
    the_guest.base = (u8 *)base;
    the_guest.pages = (end - base) / PAGE_SIZE;
    guest_load(&the_guest, &kernel, &initrd);
    check_header((const u32 *)kernel.start, kernel.end - kernel.start);
    if (hv_options.rom) vmi_install_rom(&the_guest);
    shadow_init(&the_guest, (u8 *)pool, base - pool);
    hv_print("hv-stub: guest in ring 1 with %u KiB at %08x\n", the_guest.pages * 4, base);
    walk_from(&the_guest.vcpu, 0);
    switcher_enter(the_guest.vcpu.root);
}
