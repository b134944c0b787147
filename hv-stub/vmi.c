/* SPDX-License-Identifier: MIT
 * hv-stub/vmi.c: the VMI calls: what the ROM's code asks the hypervisor for.
 *
 * Runs:  in ring 0, interrupts off; arguments in the guest's registers. What a call has on the
 *        stack came along in EBX, then ESI (rom.asm).
 * Gives: an answer to each call that lib/vmi.def marks HV or HV_ARGS. No argument is believed:
 *        frames, addresses and selectors are checked where they are used.
 */
#include "hv-stub/host.h"
#include "hv-stub/hv.h"
#include "hv-stub/hw.h"
#include "lib/cmos.h"
#include "lib/exit.h"
#include "lib/vmi.h"

extern struct relocation { u32 address, type; } rom_table[]; /* rom.asm */

#define FAILED 0xFFFFFFFFu
#define CR0_TS 8
#define STOLEN 2 /* GetCycleCounter: cycles that others had. Nobody else runs. */

/* --- descriptor tables ---------------------------------------------------------------------- */

static void table_changed(struct vcpu *vcpu, const struct descriptor_table *table) {
    if (table == &vcpu->gdt)
        segments_load(vcpu);
    else
        gates_forget(vcpu);
}

static void set_table(struct vcpu *vcpu, struct descriptor_table *table) {
    struct table_pointer pointer;

    if (!read_linear(vcpu, vcpu->frame->eax, &pointer, sizeof pointer))
        guest_stop(STOP_FAULT, "a table's limit and base at %08x, which is not mapped",
                   vcpu->frame->eax);
    *table = (struct descriptor_table){pointer.base, pointer.limit};
    table_changed(vcpu, table);
}

static void store_table(struct vcpu *vcpu, const struct descriptor_table *table) {
    struct table_pointer pointer = {(u16)table->limit, table->base};

    write_linear(vcpu, vcpu->frame->eax, &pointer, sizeof pointer);
}

static void write_entry(struct vcpu *vcpu, const struct descriptor_table *table) {
    const struct frame *frame = vcpu->frame;
    u32 entry[2] = {frame->ecx, frame->ebx};

    if (!write_linear(vcpu, frame->eax + frame->edx * 8, entry, sizeof entry))
        guest_stop(STOP_FAULT, "a descriptor table at %08x, which is not mapped writable",
                   frame->eax);
    if (table->limit && frame->eax == table->base) table_changed(vcpu, table);
}

static void set_ldt(u32 selector) {
    if (selector & 0xFFFC) guest_stop(STOP_MODE, "LDT %04x: there are no LDTs", selector);
}

static void set_task(struct vcpu *vcpu, u32 selector) {
    if (!guest_load_task(vcpu, selector))
        guest_stop(STOP_FAULT, "task register %04x, which is no available TSS", selector);
}

static void update_kernel_stack(struct vcpu *vcpu, u32 selector, u32 sp) {
    bool first = !vcpu->stack_selector;

    vcpu->stack_selector = (selector & 0xFFFC) | 1;
    vcpu->stack_pointer = sp;
    host_direct_stack(vcpu->stack_selector, sp);
    if (first) gates_forget(vcpu);
}

/* --- page tables -------------------------------------------------------------------------------------- */

/* The place of an entry in the guest's memory, by a walk. */
static pte_t *find_entry(struct vcpu *vcpu, va_t va) {
    struct walk found;
    pte_t *page;
    u32 error;

    if (va & 7 || !walk(vcpu, va, PF_WRITE, &found, &error))
        guest_stop(STOP_FAULT, "a page table entry at %08x, which is not mapped writable", va);
    page = guest_page(vcpu->guest, found.gfn);
    if (!page) guest_stop(STOP_MEMORY, "a page table entry at %08x, which is not its memory", va);
    return &page[(va & PAGE_MASK) / sizeof *page];
}

/* The same, if possible by the mapping that the guest told us of, which lies in its memory. */
static inline pte_t *entry_at(struct vcpu *vcpu, va_t va) {
    u32 offset = va - vcpu->linear.va;

    return offset < vcpu->linear.size && !(va & 7) ? (pte_t *)(vcpu->linear.memory + offset)
                                                   : find_entry(vcpu, va);
}

static inline void set_entry(struct vcpu *vcpu, va_t va, u32 low, u32 high) {
    pte_t *entry = entry_at(vcpu, va);

    *entry = (pte_t)high << 32 | low;
    shadow_update(vcpu, entry);
}

/* The flag of level n is bit n - 1. */
static void allocate_page(struct vcpu *vcpu) {
    u32 level = (u32)__builtin_ffs(vcpu->frame->edx & VMI_PAGE_LEVEL);

    if (level >= 1 && level <= 3) shadow_announce(vcpu, vcpu->frame->eax, level);
}

static void set_linear_mapping(struct vcpu *vcpu) {
    const struct frame *frame = vcpu->frame;

    u32 pages = vcpu->guest->pages;

    if (frame->eax != 0 || frame->ebx >= pages || frame->edx >= HV_VA_TOP || frame->edx & PAGE_MASK)
        return;
    if (frame->ecx < pages - frame->ebx) pages = frame->ebx + frame->ecx;
    vcpu->linear = (struct linear){frame->edx, (pages - frame->ebx) << PAGE_SHIFT,
                                   guest_page(vcpu->guest, frame->ebx)};
}

/* --- time --------------------------------------------------------------------------------------------------- */

static void return_u64(struct frame *frame, u64 value) {
    frame->eax = (u32)value;
    frame->edx = (u32)(value >> 32);
}

/* Real and available time have one each, stolen time has none. Deadline 0 is none; 1 is as long ago. */
static void set_alarm(struct vcpu *vcpu) {
    const struct frame *frame = vcpu->frame;
    struct alarm *alarm = &vcpu->alarm[frame->eax & 1];
    u64 period = (u64)frame->esi << 32 | frame->ebx;

    if ((frame->eax & 0xFF) >= STOLEN) return;
    alarm->deadline = frame->ecx | frame->edx ? (u64)frame->ecx << 32 | frame->edx : 1;
    alarm->period = frame->eax & VMI_ALARM_PERIODIC ? period : 0;
    timer_arm(vcpu);
}

static bool cancel_alarm(struct vcpu *vcpu) {
    struct alarm *alarm = &vcpu->alarm[vcpu->frame->eax & 1];
    bool armed = (vcpu->frame->eax & 0xFF) < STOLEN && alarm->deadline;

    if (armed) alarm->deadline = 0;
    timer_arm(vcpu);
    return armed;
}

static u32 cmos(u32 reg) {
    out8(reg, 0x70);
    return in8(0x71);
}

/* --- the queue ------------------------------------------------------------------------------ */

static void read_command(struct vcpu *vcpu, const struct hv_queued *entry) {
    switch (entry->what) {
    case HV_QUEUE_FLUSH_ONE: shadow_flush_one(vcpu, entry->low); break;
    case HV_QUEUE_FLUSH_ALL: shadow_flush(vcpu); break;
    case HV_QUEUE_ANNOUNCE: shadow_announce(vcpu, entry->low, entry->high); break;
    case HV_QUEUE_RELEASE: shadow_release(vcpu, entry->low); break;
    case HV_QUEUE_STACK: update_kernel_stack(vcpu, entry->low, entry->high); break;
    case HV_QUEUE_CR3: guest_write_control(vcpu, 3, entry->low); break;
    }
}

/* Does what the guest has queued, in order. An index behind the queue means all of it; what it
 * holds is checked like a call's arguments. */
void vmi_read_queue(struct vcpu *vcpu) {
    struct vcpu_shared *shared = vcpu->shared;
    u32 bytes = shared->queued;
    const struct hv_queued *entry = shared->queue;
    const struct hv_queued *end = entry + (bytes < HV_QUEUE_BYTES ? bytes : HV_QUEUE_BYTES) / 12;

    shared->queued = 0;
    for (; vcpu->vmi && entry < end; entry++)
        if (entry->what < PAGE_SIZE)
            read_command(vcpu, entry);
        else
            set_entry(vcpu, entry->what, entry->low, entry->high);
}

/* --- extensions ------------------------------------------------------------------------------ */

static void statistics(struct vcpu *vcpu) {
    u32 reason = vcpu->frame->eax;

    return_u64(vcpu->frame, reason < REASONS ? vcpu->guest->exits[reason] : ~0ull);
}

static void console_write(struct vcpu *vcpu) {
    char text[64];
    va_t from = vcpu->frame->eax;
    u32 left = vcpu->frame->edx;

    while (left) {
        u32 count = left < sizeof text ? left : sizeof text;

        if (!read_linear(vcpu, from, text, count)) return;
        console_guest_text(text, count);
        from += count;
        left -= count;
    }
}

/* --- the calls ------------------------------------------------------------------------------ */

/* From here on the guest is paravirtual; it runs in ring 1 as before. */
static u32 init(struct vcpu *vcpu) {
    bool possible = !vcpu->vmi && vcpu->cr0 >> 31;

    vcpu->vmi |= possible;
    memset(vcpu->guest->exits, 0, sizeof vcpu->guest->exits);
    return possible ? 0 : FAILED;
}

/* A line a call, in the order of lib/vmi.def. What is not here is answered by the ROM alone. */
void vmi_call(struct vcpu *vcpu) {
    struct frame *frame = vcpu->frame;

    vcpu->guest->exits[REASON_CALL]++;
    switch (frame->vector) { /* the number of the call */
    case VMI_CPUID: guest_cpuid(vcpu); break;
    case VMI_WRMSR: guest_wrmsr(vcpu); break;
    case VMI_RDMSR: guest_rdmsr(vcpu); break;
    case VMI_SetGDT:
        set_table(vcpu, &vcpu->gdt);
        segments_reload();
        break;
    case VMI_SetLDT: set_ldt(frame->eax & 0xFFFF); break;
    case VMI_SetIDT: set_table(vcpu, &vcpu->idt); break;
    case VMI_SetTR: set_task(vcpu, frame->eax & 0xFFFF); break;
    case VMI_GetGDT: store_table(vcpu, &vcpu->gdt); break;
    case VMI_GetLDT: frame->eax = 0; break;
    case VMI_GetIDT: store_table(vcpu, &vcpu->idt); break;
    case VMI_GetTR: frame->eax = vcpu->task; break;
    case VMI_WriteGDTEntry: write_entry(vcpu, &vcpu->gdt); break;
    case VMI_WriteIDTEntry: write_entry(vcpu, &vcpu->idt); break;
    case VMI_UpdateKernelStack: update_kernel_stack(vcpu, frame->eax, frame->edx); break;
    case VMI_SetCR0: guest_write_control(vcpu, 0, frame->eax); break;
    case VMI_SetCR2: guest_write_control(vcpu, 2, frame->eax); break;
    case VMI_SetCR3: guest_write_control(vcpu, 3, frame->eax); break;
    case VMI_SetCR4: guest_write_control(vcpu, 4, frame->eax); break;
    case VMI_GetCR0: frame->eax = vcpu->cr0; break;
    case VMI_GetCR2: frame->eax = vcpu->cr2; break;
    case VMI_GetCR3: frame->eax = vcpu->cr3; break;
    case VMI_GetCR4: frame->eax = vcpu->cr4; break;
    case VMI_CLTS: vcpu->cr0 &= ~CR0_TS; break;
    case VMI_GetDR: frame->eax = 0; break;
    case VMI_Halt: guest_halt(vcpu); break;
    case VMI_Reboot: host_reset();
    case VMI_Shutdown: guest_ended(EXIT_BASE);
    case VMI_SetPxELong: set_entry(vcpu, frame->ecx, frame->eax, frame->edx); break;
    case VMI_UpdatePxELong: shadow_update(vcpu, entry_at(vcpu, frame->eax)); break;
    case VMI_AllocatePage: allocate_page(vcpu); break;
    case VMI_ReleasePage: shadow_release(vcpu, frame->eax); break;
    case VMI_InvalPage: shadow_flush_one(vcpu, frame->eax); break;
    case VMI_FlushTLB: shadow_flush(vcpu); break;
    case VMI_SetLinearMapping: set_linear_mapping(vcpu); break;
    case VMI_INL: guest_input(vcpu, frame->edx, 4); break;
    case VMI_INB: frame->eax = port_read(vcpu, frame->edx & 0xFFFF); break;
    case VMI_INW: guest_input(vcpu, frame->edx, 2); break;
    case VMI_OUTL: guest_output(vcpu, frame->edx, 4); break;
    case VMI_OUTW: guest_output(vcpu, frame->edx, 2); break;
    case VMI_OUTB: port_write(vcpu, frame->edx & 0xFFFF, frame->eax & 0xFF); break;
    case VMI_GetCycleFrequency: return_u64(frame, host_ticks(PIT_HZ)); break;
    case VMI_GetCycleCounter: return_u64(frame, frame->eax == STOLEN ? 0 : rdtsc()); break;
    case VMI_SetAlarm: set_alarm(vcpu); break;
    case VMI_CancelAlarm: frame->eax = cancel_alarm(vcpu); break;
    case VMI_GetWallclockTime: return_u64(frame, cmos_seconds(cmos) * 1000000000); break;
    case VMI_WallclockUpdated: frame->eax = 0; break;
    case VMI_Null: break;
    case VMI_Statistics: statistics(vcpu); break;
    case VMI_ConsoleWrite: console_write(vcpu); break;
    case VMI_INIT: frame->eax = init(vcpu); break;
    case VMI_DELIVER: vcpu->shared->flag = HV_FLAG_IF; break; /* injected on the way out */
    case VMI_IRET_DELIVER: guest_iret(vcpu); break;
    }
}

/* An interrupt inside code of the ROM's that must not be seen half done: the iret that has
 * restored the virtual IF, but not yet left, is completed; an append is started again. */
void vmi_interrupted(struct vcpu *vcpu) {
    struct frame *frame = vcpu->frame;

    if ((frame->cs & 3) != 1) return;
    if (frame->eip >= (va_t)rom_iret_start && frame->eip < (va_t)rom_iret_end)
        guest_iret(vcpu);
    else if (frame->eip >= (va_t)rom_append_start && frame->eip < (va_t)rom_append_end)
        frame->eip = (va_t)rom_append_start;
}

/* The row of a call in the table that GetRelocationInfo reads. */
void vmi_remove_call(u32 number) {
    u32 row = number < VMI_EXTENSIONS ? number : number - VMI_EXTENSIONS + VMI_STANDARD;

    if (row < VMI_INIT - VMI_EXTENSIONS + VMI_STANDARD)
        rom_table[row] = (struct relocation){0, VMI_RELOCATION_NONE};
}

/* --- the ROM's header, in the guest's memory ------------------------------------------------------------------- */

#define ROM_PA     0xC8000
#define ROM_BLOCKS 4 /* of 512 bytes */
#define PCI_OFFSET 0x100
#define LICENSE    "GPL v2" /* the one that Linux asks for; the code here is MIT, which is wider */

struct pci_data {
    char signature[4];
    u16 vendor, device, vpd, length;
    u8 revision, class[3];
    u16 image_length, version;
    u8 code_type, last;
    u16 reserved;
} __attribute__((packed));

void vmi_install_rom(const struct guest *guest) {
    u8 *bytes = guest_memory(guest, ROM_PA, ROM_BLOCKS * 512);
    struct vmi_rom *rom = memset(bytes, 0, ROM_BLOCKS * 512);
    const struct pci_data pci = {
        .signature = {'P', 'C', 'I', 'R'},
        .vendor = PCI_VENDOR_VMW,
        .device = PCI_DEVICE_VMI,
        .length = sizeof pci,
        .class = {0, 0x80, 5}, /* other memory controller */
        .image_length = ROM_BLOCKS,
        .last = 0x80,
    };
    /* int VMI_INIT, ret; push rom_get_relocation, ret: neither depends on where it is mapped. */
    const u8 init[] = {0xCD, VMI_VECTOR + VMI_STANDARD + VMI_INIT - VMI_EXTENSIONS, 0xC3};
    u32 target = (u32)rom_get_relocation;
    u8 sum = 0;

    rom->rom_signature = ROM_SIGNATURE;
    rom->rom_length = ROM_BLOCKS;
    rom->rom_entry[0] = 0xCB; /* a BIOS would call it, and is sent back: retf */
    rom->vmi_signature = VMI_SIGNATURE;
    rom->api_major = VMI_API_MAJOR;
    rom->virtual_top = HV_VA_TOP;
    rom->license_offset = sizeof *rom;
    rom->pci_offset = PCI_OFFSET;
    memcpy(rom->init, init, sizeof init);
    rom->get_relocation[0] = 0x68;
    memcpy(rom->get_relocation + 1, &target, sizeof target);
    rom->get_relocation[5] = 0xC3;
    memcpy(bytes + sizeof *rom, LICENSE, sizeof LICENSE);
    memcpy(bytes + PCI_OFFSET, &pci, sizeof pci);
    for (u32 i = 0; i < ROM_BLOCKS * 512; i++) sum -= bytes[i];
    rom->pad = sum;
}
