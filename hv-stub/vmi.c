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

/* --- the CPU ------------------------------------------------------------------------------------ */

static void do_CPUID(struct vcpu *vcpu, struct frame *frame) { guest_cpuid(vcpu); }
static void do_WRMSR(struct vcpu *vcpu, struct frame *frame) { guest_wrmsr(vcpu); }
static void do_RDMSR(struct vcpu *vcpu, struct frame *frame) { guest_rdmsr(vcpu); }
static void do_SetCR0(struct vcpu *vcpu, struct frame *frame) {
    guest_write_control(vcpu, 0, frame->eax);
}
static void do_SetCR2(struct vcpu *vcpu, struct frame *frame) { vcpu->cr2 = frame->eax; }
static void do_SetCR3(struct vcpu *vcpu, struct frame *frame) {
    walk_from(vcpu, frame->eax);
    shadow_flush(vcpu);
}
static void do_SetCR4(struct vcpu *vcpu, struct frame *frame) {
    guest_write_control(vcpu, 4, frame->eax);
}
static void do_GetCR0(struct vcpu *vcpu, struct frame *frame) { frame->eax = vcpu->cr0; }
static void do_GetCR2(struct vcpu *vcpu, struct frame *frame) { frame->eax = vcpu->cr2; }
static void do_GetCR3(struct vcpu *vcpu, struct frame *frame) { frame->eax = vcpu->cr3; }
static void do_GetCR4(struct vcpu *vcpu, struct frame *frame) { frame->eax = vcpu->cr4; }
static void do_CLTS(struct vcpu *vcpu, struct frame *frame) { vcpu->cr0 &= ~CR0_TS; }
static void do_GetDR(struct vcpu *vcpu, struct frame *frame) { frame->eax = 0; }
static void do_Halt(struct vcpu *vcpu, struct frame *frame) { guest_halt(vcpu); }
static void do_Reboot(struct vcpu *vcpu, struct frame *frame) { host_reset(); }
static void do_Shutdown(struct vcpu *vcpu, struct frame *frame) { guest_ended(EXIT_BASE); }

/* --- descriptor tables ---------------------------------------------------------------------- */

static void table_changed(struct vcpu *vcpu, const struct table_pointer *table) {
    if (table == &vcpu->gdt)
        segments_load(vcpu);
    else
        gates_forget(vcpu);
}

static void set_table(struct vcpu *vcpu, struct table_pointer *table) {
    if (!guest_load_table(vcpu, table, frame_of(vcpu)->eax))
        guest_stop(STOP_FAULT, "a table's limit and base at %08x, which is not mapped",
                   frame_of(vcpu)->eax);
    table_changed(vcpu, table);
}

static void store_table(struct vcpu *vcpu, const struct table_pointer *table) {
    write_linear(vcpu, frame_of(vcpu)->eax, table, sizeof *table);
}

static void write_entry(struct vcpu *vcpu, const struct table_pointer *table) {
    const struct frame *frame = frame_of(vcpu);
    u32 entry[2] = {frame->ecx, frame->ebx};

    if (!write_linear(vcpu, frame->eax + frame->edx * 8, entry, sizeof entry))
        guest_stop(STOP_FAULT, "a descriptor table at %08x, which is not mapped writable",
                   frame->eax);
    if (table->limit && frame->eax == table->base) table_changed(vcpu, table);
}

static void do_SetGDT(struct vcpu *vcpu, struct frame *frame) {
    set_table(vcpu, &vcpu->gdt);
    segments_reload();
}

static void do_SetIDT(struct vcpu *vcpu, struct frame *frame) { set_table(vcpu, &vcpu->idt); }
static void do_GetGDT(struct vcpu *vcpu, struct frame *frame) { store_table(vcpu, &vcpu->gdt); }
static void do_GetLDT(struct vcpu *vcpu, struct frame *frame) { frame->eax = 0; }
static void do_GetIDT(struct vcpu *vcpu, struct frame *frame) { store_table(vcpu, &vcpu->idt); }
static void do_GetTR(struct vcpu *vcpu, struct frame *frame) { frame->eax = vcpu->task; }
static void do_WriteGDTEntry(struct vcpu *vcpu, struct frame *frame) {
    write_entry(vcpu, &vcpu->gdt);
}
static void do_WriteIDTEntry(struct vcpu *vcpu, struct frame *frame) {
    write_entry(vcpu, &vcpu->idt);
}

static void do_SetLDT(struct vcpu *vcpu, struct frame *frame) {
    if (frame->eax & 0xFFFC)
        guest_stop(STOP_MODE, "LDT %04x: there are no LDTs", frame->eax & 0xFFFF);
}

static void do_SetTR(struct vcpu *vcpu, struct frame *frame) {
    if (!guest_load_task(vcpu, frame->eax & 0xFFFF))
        guest_stop(STOP_FAULT, "task register %04x, which is no available TSS",
                   frame->eax & 0xFFFF);
}

static void update_kernel_stack(struct vcpu *vcpu, u32 selector, u32 sp) {
    bool same = vcpu->stack_selector == ((selector & 0xFFFC) | 1);

    vcpu->stack_selector = (selector & 0xFFFC) | 1;
    vcpu->stack_pointer = sp;
    host_direct_stack(vcpu->stack_selector, sp);
    if (!same) gates_forget(vcpu);
}

static void do_UpdateKernelStack(struct vcpu *vcpu, struct frame *frame) {
    update_kernel_stack(vcpu, frame->eax, frame->edx);
}

/* --- page tables -------------------------------------------------------------------------------------- */

/* Where an entry is in our memory, by a walk of the guest's tables. */
static u32 *find_entry(struct vcpu *vcpu, va_t va) {
    struct walk found;

    if (va & 7 || !walk(vcpu, va, PF_WRITE, &found))
        guest_stop(STOP_FAULT, "a page table entry at %08x, which is not mapped writable", va);
    if (found.gfn >= guest_of(vcpu)->pages)
        guest_stop(STOP_MEMORY, "a page table entry at %08x, which is not its memory", va);
    return (u32 *)(guest_of(vcpu)->base + (found.gfn << PAGE_SHIFT) + (va & PAGE_MASK));
}

/* The same, if possible by the mapping that the guest told us of, which lies in its memory. */
static inline u32 *entry_at(struct vcpu *vcpu, va_t va) {
    u32 offset = va - vcpu->linear.va;

    return offset < vcpu->linear.size && !(va & 7) ? (u32 *)(vcpu->linear.memory + offset)
                                                   : find_entry(vcpu, va);
}

/* Entries have changed, so do their shadows: one of them at least. */
static const va_t *update(struct vcpu *vcpu, const va_t *next, const va_t *end) {
    const va_t *stopped = shadow_update_plain(vcpu, next, end);

    if (stopped > next) return stopped;
    shadow_update(vcpu, entry_at(vcpu, *next));
    return next + 1;
}

static void do_SetPxELong(struct vcpu *vcpu, struct frame *frame) {
    u32 *entry = entry_at(vcpu, frame->ecx);

    entry[0] = frame->eax;
    entry[1] = frame->edx;
    update(vcpu, &frame->ecx, &frame->ecx + 1);
}

static void do_UpdatePxELong(struct vcpu *vcpu, struct frame *frame) {
    update(vcpu, &frame->eax, &frame->eax + 1);
}

static void announce(struct vcpu *vcpu, u32 gfn, u32 level) {
    if (level >= 1 && level <= 3) shadow_announce(vcpu, gfn, level);
}

/* The flag of level n is bit n - 1. */
static void do_AllocatePage(struct vcpu *vcpu, struct frame *frame) {
    announce(vcpu, frame->eax, (u32)__builtin_ffs(frame->edx & VMI_PAGE_LEVEL));
}

static void do_ReleasePage(struct vcpu *vcpu, struct frame *frame) {
    shadow_release(vcpu, frame->eax);
}
static void do_InvalPage(struct vcpu *vcpu, struct frame *frame) {
    shadow_flush_one(vcpu, frame->eax);
}
static void do_FlushTLB(struct vcpu *vcpu, struct frame *frame) { shadow_flush(vcpu); }

static void do_SetLinearMapping(struct vcpu *vcpu, struct frame *frame) {
    u32 pages = guest_of(vcpu)->pages;

    if (frame->eax != 0 || frame->ebx >= pages || frame->edx >= HV_VA_TOP || frame->edx & PAGE_MASK)
        return;
    if (frame->ecx < pages - frame->ebx) pages = frame->ebx + frame->ecx;
    vcpu->linear = (struct linear){frame->edx, (pages - frame->ebx) << PAGE_SHIFT,
                                   guest_page(guest_of(vcpu), frame->ebx)};
}

/* --- ports -------------------------------------------------------------------------------------- */

static void do_INL(struct vcpu *vcpu, struct frame *frame) { guest_input(vcpu, frame->edx, 4); }
static void do_INW(struct vcpu *vcpu, struct frame *frame) { guest_input(vcpu, frame->edx, 2); }
static void do_OUTL(struct vcpu *vcpu, struct frame *frame) { guest_output(vcpu, frame->edx, 4); }
static void do_OUTW(struct vcpu *vcpu, struct frame *frame) { guest_output(vcpu, frame->edx, 2); }

static void do_INB(struct vcpu *vcpu, struct frame *frame) {
    frame->eax = port_read(vcpu, frame->edx & 0xFFFF);
}

static void do_OUTB(struct vcpu *vcpu, struct frame *frame) {
    port_write(vcpu, frame->edx & 0xFFFF, frame->eax & 0xFF);
}

/* --- time --------------------------------------------------------------------------------------------------- */

static void return_u64(struct frame *frame, u64 value) {
    frame->eax = (u32)value;
    frame->edx = (u32)(value >> 32);
}

static void do_GetCycleFrequency(struct vcpu *vcpu, struct frame *frame) {
    return_u64(frame, host_ticks(PIT_HZ));
}

static void do_GetCycleCounter(struct vcpu *vcpu, struct frame *frame) {
    return_u64(frame, frame->eax == STOLEN ? 0 : rdtsc());
}

/* Real and available time have one each, stolen time has none. Deadline 0 is none; 1 is as long ago. */
static void do_SetAlarm(struct vcpu *vcpu, struct frame *frame) {
    struct alarm *alarm = &vcpu->alarm[frame->eax & 1];
    u64 period = (u64)frame->esi << 32 | frame->ebx;

    if ((frame->eax & 0xFF) >= STOLEN) return;
    alarm->deadline = frame->ecx | frame->edx ? (u64)frame->ecx << 32 | frame->edx : 1;
    alarm->period = frame->eax & VMI_ALARM_PERIODIC ? period : 0;
    timer_arm(vcpu);
}

static void do_CancelAlarm(struct vcpu *vcpu, struct frame *frame) {
    struct alarm *alarm = &vcpu->alarm[frame->eax & 1];
    bool armed = (frame->eax & 0xFF) < STOLEN && alarm->deadline;

    if (armed) alarm->deadline = 0;
    timer_arm(vcpu);
    frame->eax = armed;
}

static u32 cmos(u32 reg) {
    out8(reg, 0x70);
    return in8(0x71);
}

static void do_GetWallclockTime(struct vcpu *vcpu, struct frame *frame) {
    return_u64(frame, cmos_seconds(cmos) * 1000000000);
}

static void do_WallclockUpdated(struct vcpu *vcpu, struct frame *frame) { frame->eax = 0; }

/* --- extensions ------------------------------------------------------------------------------ */

static void do_Null(struct vcpu *vcpu, struct frame *frame) {}

static void do_Statistics(struct vcpu *vcpu, struct frame *frame) {
    return_u64(frame, frame->eax < REASONS ? guest_of(vcpu)->exits[frame->eax] : ~0ull);
}

/* Not more than a page of it: no one call may take for ever. */
static void do_ConsoleWrite(struct vcpu *vcpu, struct frame *frame) {
    char text[64];
    va_t from = frame->eax;
    u32 left = frame->edx < PAGE_SIZE ? frame->edx : PAGE_SIZE;

    while (left) {
        u32 count = left < sizeof text ? left : sizeof text;

        if (!read_linear(vcpu, from, text, count)) return;
        console_guest_text(text, count);
        from += count;
        left -= count;
    }
}

/* --- the queue ------------------------------------------------------------------------------ */

static void command(struct vcpu *vcpu, u32 word) {
    u32 argument = word & ~HV_QUEUE_WHAT;

    switch (word & HV_QUEUE_WHAT) {
    case HV_QUEUE_FLUSH_ONE: shadow_flush_one(vcpu, argument); break;
    case HV_QUEUE_FLUSH_ALL: shadow_flush(vcpu); break;
    case HV_QUEUE_ANNOUNCE: announce(vcpu, argument >> PAGE_SHIFT, argument >> 3 & 3); break;
    case HV_QUEUE_RELEASE: shadow_release(vcpu, argument >> PAGE_SHIFT); break;
    case HV_QUEUE_STACK:
        if (vcpu->stack_selector) update_kernel_stack(vcpu, vcpu->stack_selector, argument);
        break;
    }
}

static void obey(struct vcpu *vcpu, const u32 *next, const u32 *end) {
    while (next < end)
        if (*next & HV_QUEUE_WHAT)
            command(vcpu, *next++);
        else
            next = update(vcpu, next, end);
}

/* Does what the guest has queued, in order. An index behind the queue means all of it; what it
 * holds is checked like a call's arguments. */
void vmi_read_queue(struct vcpu *vcpu) {
    struct vcpu_shared *shared = shared_of(vcpu);
    u32 bytes = shared->queued;

    if (bytes > HV_QUEUE_BYTES) bytes = HV_QUEUE_BYTES;
    shared->queued = 0;
    if (vcpu->vmi) obey(vcpu, shared->queue, shared->queue + bytes / 4);
}

/* A word that need not wait. */
static void queue_now(struct vcpu *vcpu, struct frame *frame) {
    if (!vcpu->vmi) return;
    if (frame->eax & HV_QUEUE_WHAT)
        command(vcpu, frame->eax);
    else
        update(vcpu, &frame->eax, &frame->eax + 1);
}

/* --- the calls ------------------------------------------------------------------------------ */

/* From here on the guest is paravirtual; it runs in ring 1 as before. */
static void init(struct vcpu *vcpu, struct frame *frame) {
    bool possible = !vcpu->vmi && vcpu->cr0 >> 31;

    vcpu->vmi |= possible;
    gates_forget(vcpu); /* until now it could change them without a word */
    memset(guest_of(vcpu)->exits, 0, sizeof guest_of(vcpu)->exits);
    memset(guest_of(vcpu)->cycles, 0, sizeof guest_of(vcpu)->cycles);
    frame->eax = possible ? 0 : FAILED;
}

/* An interrupt is injected on the way out. */
static void deliver(struct vcpu *vcpu, struct frame *frame) { shared_of(vcpu)->flag = HV_FLAG_IF; }

static void iret_deliver(struct vcpu *vcpu, struct frame *frame) { guest_iret(vcpu); }

/* What the ROM answers alone has a vector all the same. */
#define HANDLER_HV(name)      do_##name
#define HANDLER_HV_ARG(name)  do_##name
#define HANDLER_HV_ARGS(name) do_##name
#define HANDLER_CODE(name)    do_Null
#define HANDLER_JUMP(name)    do_Null
#define HANDLER_NOP(name)     do_Null
#define HANDLER_NONE(name)    do_Null

typedef void handler(struct vcpu *vcpu, struct frame *frame);

static handler *const handlers[] = {
#define VMI_CALL(number, name, how, doc) [number] = HANDLER_##how(name),
#include "lib/vmi.def"
#undef VMI_CALL
    [VMI_INIT] = init,
    [VMI_DELIVER] = deliver,
    [VMI_IRET_DELIVER] = iret_deliver,
    [VMI_QUEUE_NOW] = queue_now,
};

/* The frame's vector is the number of the call. */
void vmi_call(struct vcpu *vcpu) {
    struct frame *frame = frame_of(vcpu);

    handlers[frame->vector](vcpu, frame);
}

/* An interrupt inside code of the ROM's that must not be seen half done: the iret that has
 * restored the virtual IF, but not yet left, is completed; an append is started again. */
void vmi_interrupted(struct vcpu *vcpu) {
    struct frame *frame = frame_of(vcpu);

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
