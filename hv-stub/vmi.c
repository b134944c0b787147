/* SPDX-License-Identifier: MIT
 * hv-stub/vmi.c: the VMI calls: what the ROM's code asks the hypervisor for.
 *
 * Runs:  in ring 0, interrupts off; arguments in the guest's registers. What a call has on the
 *        stack came along in EBX, then ESI (rom.asm).
 * Gives: do_<call> for each call that lib/vmi.def answers by HV or HV_ARGS. No argument is
 *        believed: frames, addresses and selectors are checked where they are used.
 */
#include "hv-stub/host.h"
#include "hv-stub/hv.h"
#include "hv-stub/hw.h"
#include "lib/exit.h"
#include "lib/vmi.h"

#define FAILED 0xFFFFFFFFu

/* --- CPU ------------------------------------------------------------------------------------------ */

static void
do_CPUID(struct vcpu *vcpu) {
    guest_cpuid(vcpu);
}

static void
do_RDMSR(struct vcpu *vcpu) {
    if (!guest_rdmsr(vcpu))
        vcpu->frame->eax = vcpu->frame->edx = 0;
}

/* A value that may not be written is not. */
static void
do_WRMSR(struct vcpu *vcpu) {
    guest_wrmsr(vcpu);
}

static bool
load_table(struct vcpu *vcpu, struct descriptor_table *table) {
    struct table_pointer pointer;

    if (!read_linear(vcpu, vcpu->frame->eax, &pointer, sizeof pointer))
        return false;
    *table = (struct descriptor_table){pointer.base, pointer.limit};
    return true;
}

static void
store_table(struct vcpu *vcpu, const struct descriptor_table *table) {
    struct table_pointer pointer = {(u16)table->limit, table->base};

    write_linear(vcpu, vcpu->frame->eax, &pointer, sizeof pointer);
}

static void
do_SetGDT(struct vcpu *vcpu) {
    if (load_table(vcpu, &vcpu->gdt))
        segments_load(vcpu);
}

static void
do_SetIDT(struct vcpu *vcpu) {
    if (load_table(vcpu, &vcpu->idt))
        set_direct_gate(vcpu);
}

static void
do_GetGDT(struct vcpu *vcpu) {
    store_table(vcpu, &vcpu->gdt);
}

static void
do_GetIDT(struct vcpu *vcpu) {
    store_table(vcpu, &vcpu->idt);
}

static void
do_SetLDT(struct vcpu *vcpu) {
    if (vcpu->frame->eax & 0xFFFC)
        guest_stop(STOP_MODE, "LDT %04x: there are no LDTs", vcpu->frame->eax & 0xFFFF);
}

static void
do_GetLDT(struct vcpu *vcpu) {
    vcpu->frame->eax = 0;
}

static void
do_SetTR(struct vcpu *vcpu) {
    if (!guest_load_task(vcpu, vcpu->frame->eax & 0xFFFF))
        guest_stop(STOP_FAULT, "task register %04x: not an available TSS",
                   vcpu->frame->eax & 0xFFFF);
}

static void
do_GetTR(struct vcpu *vcpu) {
    vcpu->frame->eax = vcpu->task;
}

/* Writes an entry of a table; true if it is in the table that the guest has loaded. */
static bool
write_entry(struct vcpu *vcpu, const struct descriptor_table *table) {
    const struct frame *frame = vcpu->frame;
    u32 entry[2] = {frame->ecx, frame->ebx};

    if (!write_linear(vcpu, frame->eax + frame->edx * 8, entry, sizeof entry))
        guest_stop(STOP_FAULT, "descriptor table at %08x, which is not mapped writable",
                   frame->eax);
    return frame->eax == table->base && table->limit;
}

static void
do_WriteGDTEntry(struct vcpu *vcpu) {
    if (write_entry(vcpu, &vcpu->gdt))
        segments_update(vcpu, vcpu->frame->edx * 8);
}

static void
do_WriteIDTEntry(struct vcpu *vcpu) {
    if (write_entry(vcpu, &vcpu->idt))
        set_direct_gate(vcpu);
}

static void
do_UpdateKernelStack(struct vcpu *vcpu) {
    vcpu->stack_selector = (vcpu->frame->eax & 0xFFFC) | 1;
    vcpu->stack_pointer = vcpu->frame->edx;
    host_direct_stack(vcpu->stack_selector, vcpu->stack_pointer);
}

static void
do_SetCR0(struct vcpu *vcpu) {
    guest_write_control(vcpu, 0, vcpu->frame->eax);
}

static void
do_SetCR2(struct vcpu *vcpu) {
    vcpu->cr2 = vcpu->frame->eax;
}

static void
do_SetCR3(struct vcpu *vcpu) {
    guest_write_control(vcpu, 3, vcpu->frame->eax);
}

static void
do_SetCR4(struct vcpu *vcpu) {
    guest_write_control(vcpu, 4, vcpu->frame->eax);
}

static void
do_GetCR0(struct vcpu *vcpu) {
    vcpu->frame->eax = vcpu->cr0;
}

static void
do_GetCR2(struct vcpu *vcpu) {
    vcpu->frame->eax = vcpu->cr2;
}

static void
do_GetCR3(struct vcpu *vcpu) {
    vcpu->frame->eax = vcpu->cr3;
}

static void
do_GetCR4(struct vcpu *vcpu) {
    vcpu->frame->eax = vcpu->cr4;
}

static void
do_GetDR(struct vcpu *vcpu) {
    vcpu->frame->eax = 0;
}

static void
do_Halt(struct vcpu *vcpu) {
    vcpu->shared->flag |= SHARED_IF;
    vcpu->halted = true;
}

static void
do_Reboot(struct vcpu *vcpu) {
    host_reset();
}

static void
do_Shutdown(struct vcpu *vcpu) {
    guest_ended(EXIT_BASE);
}

/* --- page tables -------------------------------------------------------------------------------------- */

/* The entry's place in the guest's memory: by the linear mapping that it told us, or by a walk. */
static pte_t *
entry_at(struct vcpu *vcpu, va_t va, u32 *pa) {
    struct walk found;
    u32 error;

    if (va & 7)
        guest_stop(STOP_FAULT, "a page table entry at %08x, which is not aligned", va);
    if (va - vcpu->linear.va < vcpu->linear.size)
        *pa = va - vcpu->linear.va + vcpu->linear.pa;
    else if (walk(vcpu, va, PF_WRITE, &found, &error))
        *pa = (found.gfn << PAGE_SHIFT) + (va & PAGE_MASK);
    else
        guest_stop(STOP_FAULT, "a page table entry at %08x, which is not mapped writable", va);
    return guest_memory(vcpu->guest, *pa, sizeof(pte_t));
}

static void
no_such_memory(va_t va) {
    guest_stop(STOP_MEMORY, "a page table entry at %08x, which is not its memory", va);
}

static void
do_SetPxELong(struct vcpu *vcpu) {
    const struct frame *frame = vcpu->frame;
    pte_t value = (pte_t)frame->edx << 32 | frame->eax;
    u32 pa;
    pte_t *entry = entry_at(vcpu, frame->ecx, &pa);

    if (!entry)
        no_such_memory(frame->ecx);
    *entry = value;
    shadow_update(vcpu, pa, value);
}

static void
do_UpdatePxELong(struct vcpu *vcpu) {
    u32 pa;
    const pte_t *entry = entry_at(vcpu, vcpu->frame->eax, &pa);

    if (!entry)
        no_such_memory(vcpu->frame->eax);
    shadow_update(vcpu, pa, *entry);
}

static void
do_AllocatePage(struct vcpu *vcpu) {
    switch (vcpu->frame->edx & VMI_PAGE_LEVEL) {
    case VMI_PAGE_PT: shadow_announce(vcpu, vcpu->frame->eax, 1); break;
    case VMI_PAGE_PD: shadow_announce(vcpu, vcpu->frame->eax, 2); break;
    case VMI_PAGE_PDP: shadow_announce(vcpu, vcpu->frame->eax, 3); break;
    }
}

static void
do_ReleasePage(struct vcpu *vcpu) {
    shadow_release(vcpu, vcpu->frame->eax);
}

static void
do_InvalPage(struct vcpu *vcpu) {
    shadow_flush_one(vcpu, vcpu->frame->eax);
}

/* Each return to the guest loads CR3, which is a flush. */
static void
do_FlushTLB(struct vcpu *vcpu) {
    shadow_flush(vcpu);
}

static void
do_SetLinearMapping(struct vcpu *vcpu) {
    const struct frame *frame = vcpu->frame;

    if (frame->eax == 0 && frame->ecx <= vcpu->guest->pages)
        vcpu->linear =
            (struct linear){frame->edx, frame->ecx << PAGE_SHIFT, frame->ebx << PAGE_SHIFT};
}

/* --- ports ------------------------------------------------------------------------------------------------ */

static void
do_INB(struct vcpu *vcpu) {
    vcpu->frame->eax = port_read(vcpu, vcpu->frame->edx & 0xFFFF);
}

static void
do_INW(struct vcpu *vcpu) {
    vcpu->frame->eax = 0xFFFF;
}

static void
do_INL(struct vcpu *vcpu) {
    vcpu->frame->eax = 0xFFFFFFFF;
}

static void
do_OUTB(struct vcpu *vcpu) {
    port_write(vcpu, vcpu->frame->edx & 0xFFFF, vcpu->frame->eax & 0xFF);
}

/* No port of ours is wider than a byte. */
static void
do_OUTW(struct vcpu *vcpu) {}

static void
do_OUTL(struct vcpu *vcpu) {}

/* --- time --------------------------------------------------------------------------------------------------- */

static void
return_u64(struct vcpu *vcpu, u64 value) {
    vcpu->frame->eax = (u32)value;
    vcpu->frame->edx = (u32)(value >> 32);
}

static void
do_GetCycleFrequency(struct vcpu *vcpu) {
    return_u64(vcpu, host_ticks(PIT_HZ));
}

/* Nobody else runs: all of real time is available, and none is stolen. */
static void
do_GetCycleCounter(struct vcpu *vcpu) {
    return_u64(vcpu, vcpu->frame->eax == 2 ? 0 : rdtsc());
}

static void
do_SetAlarm(struct vcpu *vcpu) {
    const struct frame *frame = vcpu->frame;
    u64 period = (u64)frame->esi << 32 | frame->ebx;

    vcpu->alarm.deadline = (u64)frame->ecx << 32 | frame->edx;
    vcpu->alarm.period = frame->eax & VMI_ALARM_PERIODIC ? period : 0;
    timer_arm(vcpu);
}

static void
do_CancelAlarm(struct vcpu *vcpu) {
    vcpu->frame->eax = vcpu->alarm.deadline != 0;
    vcpu->alarm = (struct alarm){0};
    timer_arm(vcpu);
}

/* --- VMI_Init, and what the ROM's own code asks for ---------------------------------------------------------- */

/* From here on the guest is paravirtual; it runs in ring 1 as before. */
static void
vmi_init(struct vcpu *vcpu) {
    bool possible = !vcpu->vmi && vcpu->cr0 >> 31;

    vcpu->frame->eax = possible ? 0 : FAILED;
    vcpu->vmi |= possible;
}

typedef void (*handler)(struct vcpu *);

#define HANDLER_HV(name)      do_##name
#define HANDLER_HV_ARGS(name) do_##name
#define HANDLER_CODE(name)    NULL
#define HANDLER_JUMP(name)    NULL
#define HANDLER_NOP(name)     NULL
#define HANDLER_NONE(name)    NULL

static const handler handlers[] = {
#define VMI_CALL(number, name, how, doc) [number] = HANDLER_##how(name),
#include "lib/vmi.def"
#undef VMI_CALL
    [VMI_INIT] = vmi_init,
};

void
vmi_call(struct vcpu *vcpu) {
    u32 call = vcpu->frame->vector - VMI_VECTOR;

    vcpu->guest->exits[REASON_CALL]++;
    if (call == VMI_IRET_DELIVER)
        guest_iret(vcpu);
    else if (call < ARRAY_SIZE(handlers) && handlers[call])
        handlers[call](vcpu);
    /* VMI_DELIVER: whatever waits is injected on the way out, now that IF is set. */
}

/* An interrupt while the ROM's iret has restored the virtual IF, but not yet left. */
void
vmi_complete_iret(struct vcpu *vcpu) {
    const struct frame *frame = vcpu->frame;

    if ((frame->cs & 3) == 1 && frame->eip >= (va_t)rom_iret_start &&
        frame->eip < (va_t)rom_iret_end)
        guest_iret(vcpu);
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

void
vmi_install_rom(const struct guest *guest) {
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
    const u8 init[] = {0xCD, VMI_VECTOR + VMI_INIT, 0xC3};
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
    for (u32 i = 0; i < ROM_BLOCKS * 512; i++)
        sum -= bytes[i];
    rom->pad = sum;
}
