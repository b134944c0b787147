/* SPDX-License-Identifier: MIT
 * pvops/vmi.c: the vmi backend: VMware's Virtual Machine Interface, plugged into pvops.
 *
 * Runs:  in ring 1, on a hypervisor with a VMI 3.0 ROM.
 * Needs: the ROM, in the first megabyte; CPUID cannot be asked, since it does not trap.
 * Gives: a table of which each entry is what VMI_GetRelocationInfo answered for a call: the ROM's
 *        own code where it takes the same registers as the op, else a body in vmi.asm.
 *        The devices of a PC are driven by native's drivers, whose ports are calls as well.
 * Read first: lib/vmi.h, lib/vmi.def.
 */
#include "lib/vmi.h"
#include "arch/x86/arch.h"
#include "arch/x86/native.h"
#include "lib/string.h"
#include "pvops/backend.h"

#define SECOND_NS 1000000000u

/* Where the ROM's code for each call is; vmi.asm goes there. */
va_t vmi_entry[VMI_CALLS];

/* vmi.asm */
PV_ABI u64 vmi_call(u32 a, u32 d, u32 c, va_t entry, u32 s, u32 s2);
PV_ABI void vmi_null_exit(void);

/* vmi.asm: one body serves all levels of tables. */
PV_ABI void vmi_ext_set_entry(u64 pte, pte_t *ptep);

/* Bodies, here and in vmi.asm: those of some ops, and some others with extensions. */
#define PV_OP(group, kind, ret, name, params, args, doc) \
    PV_ABI ret vmi_##name params;                        \
    PV_ABI ret vmi_ext_##name params;
#include "pvops/pvops.def"
#undef PV_OP

/* --- the ROM ------------------------------------------------------------------------------------ */

static bool has_license(const struct vmi_rom *rom) {
    const char *license = (const char *)rom + rom->license_offset;

    return rom->license_offset && (strcmp(license, "GPL") == 0 || strcmp(license, "GPL v2") == 0);
}

/* NULL if this is a ROM that we can use, or what is wrong with it. */
static const char *judge(const struct vmi_rom *rom) {
    const u8 *bytes = (const u8 *)rom;
    u8 sum = 0;

    for (u32 i = 0; i < rom->rom_length * 512u; i++) sum += bytes[i];
    if (sum != 0) return "the VMI ROM's checksum is wrong";
    if (rom->api_major != VMI_API_MAJOR) return "the VMI ROM is of another version than 3";
    if (!has_license(rom)) return "the VMI ROM's licence is not one that a VMI kernel accepts";
    return NULL;
}

static const char *find_rom(const struct vmi_rom **rom) {
    const char *why = "there is no VMI ROM between C0000h and E0000h";

    for (u32 pa = VMI_ROM_START; pa < VMI_ROM_END; pa += VMI_ROM_STEP) {
        *rom = va_of(pa);
        if ((*rom)->rom_signature != ROM_SIGNATURE || (*rom)->vmi_signature != VMI_SIGNATURE)
            continue;
        why = judge(*rom);
        if (!why) return NULL;
    }
    return why;
}

/* --- bodies ---------------------------------------------------------------------------------------- */

static u64 cycles_per_second, start_cycles;

static u64 call(enum vmi_call number, u32 a, u32 d, u32 c, u32 s, u32 s2) {
    return vmi_call(a, d, c, vmi_entry[number], s, s2);
}

PV_ABI void vmi_pt_announce(u32 pfn, u32 level) {
    call(VMI_AllocatePage, pfn, 1u << (level - 1) | VMI_PAGE_PAE | VMI_PAGE_ZEROED, 0, 0, 0);
}

PV_ABI void vmi_pt_release(u32 pfn, u32 level) {
    call(VMI_ReleasePage, pfn, 1u << (level - 1) | VMI_PAGE_PAE, 0, 0, 0);
}

static u64 cycles(void) { return call(VMI_GetCycleCounter, 0, 0, 0, 0, 0); }

PV_ABI void vmi_clock_init(void) {
    cycles_per_second = call(VMI_GetCycleFrequency, 0, 0, 0, 0, 0);
    start_cycles = cycles();
}

/* value * to / from, where the product has no room in 64 bits. */
static u64 scale(u64 value, u64 from, u64 to) {
    return value / from * to + value % from * to / from;
}

static u64 to_ns(u64 time) { return scale(time, cycles_per_second, SECOND_NS); }

static u64 to_cycles(u64 ns) { return scale(ns, SECOND_NS, cycles_per_second); }

PV_ABI u64 vmi_clock_ns(void) { return to_ns(cycles() - start_cycles); }

static void set_alarm(u64 expiry, u64 period) {
    call(VMI_SetAlarm, period ? VMI_ALARM_PERIODIC : 0, (u32)expiry, (u32)(expiry >> 32),
         (u32)period, (u32)(period >> 32));
}

PV_ABI void vmi_timer_set(u64 deadline) { set_alarm(start_cycles + to_cycles(deadline) + 1, 0); }

PV_ABI void vmi_timer_periodic(u32 period) {
    set_alarm(cycles() + to_cycles(period), to_cycles(period));
}

PV_ABI u64 vmi_stolen_ns(void) { return to_ns(call(VMI_GetCycleCounter, 2, 0, 0, 0, 0)); }

PV_ABI void vmi_reboot(void) { call(VMI_Reboot, 1, 0, 0, 0, 0); }

static void write_serial(const char *text, u32 length) {
    call(VMI_ConsoleWrite, (va_t)text, length, 0, 0, 0);
}

PV_ABI void vmi_ext_console_write(const char *text, u32 length) {
    pc_console_write(text, length, write_serial);
}

/* --- the table --------------------------------------------------------------------------------------- */

/* One line an op: the call that it needs, and its body; NULL: the ROM's own code. */
struct fill {
    u32 op;
    enum vmi_call call;
    void *body;
};

static const struct fill standard[] = {
    {PV_irq_save, VMI_GetInterruptMask, vmi_irq_save},
    {PV_irq_restore, VMI_SetInterruptMask, NULL},
    {PV_irq_disable, VMI_DisableInterrupts, NULL},
    {PV_irq_enable, VMI_EnableInterrupts, NULL},
    {PV_safe_halt, VMI_Halt, NULL},
    {PV_cpuid, VMI_CPUID, vmi_cpuid},
    {PV_read_cr2, VMI_GetCR2, NULL},
    {PV_read_cr3, VMI_GetCR3, NULL},
    {PV_write_cr3, VMI_SetCR3, NULL},
    {PV_load_gdt, VMI_SetGDT, NULL},
    {PV_load_idt, VMI_SetIDT, NULL},
    {PV_load_tr, VMI_SetTR, NULL},
    {PV_write_gdt_entry, VMI_WriteGDTEntry, vmi_write_gdt_entry},
    {PV_write_idt_entry, VMI_WriteIDTEntry, vmi_write_idt_entry},
    {PV_load_sp0, VMI_UpdateKernelStack, vmi_load_sp0},
    {PV_rdmsr, VMI_RDMSR, vmi_rdmsr},
    {PV_wrmsr, VMI_WRMSR, NULL},
    {PV_iret, VMI_IRET, NULL},
    {PV_set_pte, VMI_SetPxELong, vmi_set_pte},
    {PV_set_pmd, VMI_SetPxELong, vmi_set_pmd},
    {PV_set_pdpte, VMI_SetPxELong, vmi_set_pdpte},
    {PV_pt_announce, VMI_AllocatePage, vmi_pt_announce},
    {PV_pt_release, VMI_ReleasePage, vmi_pt_release},
    {PV_flush_one, VMI_InvalPage, NULL},
    {PV_flush_all, VMI_FlushTLB, vmi_flush_all},
    {PV_clock_init, VMI_GetCycleFrequency, vmi_clock_init},
    {PV_clock_ns, VMI_GetCycleCounter, vmi_clock_ns},
    {PV_timer_set, VMI_SetAlarm, vmi_timer_set},
    {PV_timer_periodic, VMI_SetAlarm, vmi_timer_periodic},
    {PV_stolen_ns, VMI_GetCycleCounter, vmi_stolen_ns},
    {PV_in8, VMI_INB, NULL},
    {PV_out8, VMI_OUTB, NULL},
    {PV_io_delay, VMI_IODelay, NULL},
    {PV_reboot, VMI_Reboot, vmi_reboot},
};

/* What hv-stub offers beyond the standard takes the place of calls. It updates what it is told of
 * exactly, and each return from it loads CR3: so there is nothing left to flush. */
static const struct fill extensions[] = {
    {PV_irq_save, VMI_Queue, vmi_ext_irq_save},
    {PV_irq_disable, VMI_Queue, vmi_ext_irq_disable},
    {PV_read_cr2, VMI_Queue, vmi_ext_read_cr2},
    {PV_load_sp0, VMI_Queue, vmi_ext_load_sp0},
    {PV_set_pte, VMI_Queue, vmi_ext_set_entry},
    {PV_set_pmd, VMI_Queue, vmi_ext_set_entry},
    {PV_set_pdpte, VMI_Queue, vmi_ext_set_entry},
    {PV_pt_announce, VMI_Queue, vmi_ext_pt_announce},
    {PV_pt_release, VMI_Queue, vmi_ext_pt_release},
    {PV_flush_one, VMI_Queue, pv_nothing},
    {PV_flush_all, VMI_Queue, pv_nothing},
    {PV_lazy_begin, VMI_SetLazy, vmi_ext_lazy_begin},
    {PV_lazy_end, VMI_SetLazy, vmi_ext_lazy_end},
    {PV_console_write, VMI_ConsoleWrite, vmi_ext_console_write},
};

/* No instruction that traps does what these do, or a body uses them besides the call of its op. */
static const u8 needed[] = {VMI_UpdateKernelStack,
                            VMI_DisableInterrupts,
                            VMI_GetInterruptMask,
                            VMI_SetInterruptMask,
                            VMI_IRET,
                            VMI_SetPxELong,
                            VMI_ReleasePage,
                            VMI_GetCycleFrequency,
                            VMI_GetCycleCounter,
                            VMI_GetTR};

/* Asks the ROM for a call; false if there is none, and the op stays native's. */
static bool relocate(const struct vmi_rom *rom, enum vmi_call number) {
    u64 answer = vmi_call(number, 0, 0, (va_t)rom->get_relocation, 0, 0);
    u8 type = (u8)(answer >> 32);

    vmi_entry[number] = type == VMI_RELOCATION_NOP ? (va_t)pv_nothing : (va_t)answer;
    return type != VMI_RELOCATION_NONE;
}

static void fill(const struct vmi_rom *rom, struct pv_ops *ops, const struct fill *fills,
                 u32 count) {
    for (const struct fill *row = fills; row < fills + count; row++)
        if (relocate(rom, row->call))
            ((void **)ops)[row->op] = row->body ? row->body : (void *)vmi_entry[row->call];
}

static bool exits(u32 reason, u64 *count) {
    if (!vmi_entry[VMI_Statistics]) return false;
    *count = call(VMI_Statistics, reason, 0, 0, 0, 0);
    return *count != ~0ull;
}

static const char *enter(struct pv_ops *ops, const struct pv_options *options) {
    const struct vmi_rom *rom;
    const char *why = find_rom(&rom);

    if (why) return why;
    for (u32 i = 0; i < ARRAY_SIZE(needed); i++)
        if (!relocate(rom, needed[i])) return "the VMI ROM lacks a call that nothing else can do";
    if ((u32)vmi_call(0, 0, 0, (va_t)rom->init, 0, 0) != 0) return "VMI_Init refused";
    fill(rom, ops, standard, ARRAY_SIZE(standard));
    relocate(rom, VMI_Statistics);
    if (relocate(rom, VMI_SetLinearMapping))
        call(VMI_SetLinearMapping, 0, (va_t)direct_map, (VA_TOP - (va_t)direct_map) >> PAGE_SHIFT,
             0, 0);
    if (!options->extensions) return NULL;
    call(VMI_UpdateKernelStack, KERNEL_DS, 0, 0, 0, 0); /* the queue only has room for ESP */
    fill(rom, ops, extensions, ARRAY_SIZE(extensions));
    if (!options->lazy) ops->lazy_begin = native_lazy_begin; /* so nothing waits */
    return NULL;
}

const struct pv_backend vmi_backend = {
    .info.name = "vmi",
    .info.kernel_rpl = 1,
    .info.va_top = VA_TOP,
    .info.null_exit = vmi_null_exit,
    .found_by = "VMI ROM",
    .enter = enter,
    .exits = exits,
};
