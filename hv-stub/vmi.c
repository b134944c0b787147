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

/* rom.asm */
extern struct relocation { u32 address, type; } rom_table[];
extern const u8 rom_image[ROM_SIZE], rom_iret_start[], rom_iret_end[];
extern const u8 rom_append_start[], rom_append_end[];

#define FAILED 0xFFFFFFFFu
#define STOLEN 2 /* GetCycleCounter: cycles that others had. Nobody else runs. */

/* The frame is the vcpu's; what a call returns goes into its EAX and EDX. */
#define CALL(name) static void do_##name(struct vcpu *vcpu, struct trap_frame *frame)

/* --- the CPU ------------------------------------------------------------------------------------ */

CALL(CPUID) { guest_cpuid(vcpu); }
CALL(WRMSR) {} /* there is none to write */
CALL(RDMSR) {
    if (!guest_rdmsr(vcpu)) return_u64(frame, 0);
}
CALL(SetCR0) { guest_write_control(vcpu, 0, frame->eax); }
CALL(SetCR2) { vcpu->cr[2] = frame->eax; }
CALL(SetCR3) { walk_from(vcpu, frame->eax); }
CALL(SetCR4) { guest_write_control(vcpu, 4, frame->eax); }
CALL(GetCR0) { frame->eax = vcpu->cr[0]; }
CALL(GetCR2) { frame->eax = vcpu->cr[2]; }
CALL(GetCR3) { frame->eax = vcpu->cr[3]; }
CALL(GetCR4) { frame->eax = vcpu->cr[4]; }
CALL(CLTS) { vcpu->cr[0] &= ~CR0_TS; }
CALL(GetDR) { frame->eax = 0; }
CALL(Reboot) {
    out8(PULSE_RESET, KEYBOARD);
    stop_cpu();
}
CALL(Shutdown) { guest_ended(EXIT_BASE); }

/* With interrupts on, until one comes. */
CALL(Halt) {
    shared_of(vcpu)->flag |= HV_FLAG_IF;
    vcpu->halted = true;
}

/* --- descriptor tables ---------------------------------------------------------------------- */

static void set_table(struct vcpu *vcpu, struct table_pointer *table) {
    if (!guest_load_table(vcpu, table, frame_of(vcpu)->eax))
        guest_stop(STOP_FAULT, "a table's limit and base at %08x, which is not mapped",
                   frame_of(vcpu)->eax);
}

static void write_entry(struct vcpu *vcpu, const struct table_pointer *table) {
    const struct trap_frame *frame = frame_of(vcpu);
    u32 entry[2] = {frame->ecx, frame->ebx};

    if (!write_linear(vcpu, frame->eax + frame->edx * 8, entry, sizeof entry))
        guest_stop(STOP_FAULT, "a descriptor table at %08x, which is not mapped writable",
                   frame->eax);
    if (table->limit && frame->eax == table->base) guest_table_changed(vcpu, table);
}

CALL(SetGDT) {
    set_table(vcpu, &vcpu->gdt);
    segments_reload();
}

CALL(SetIDT) { set_table(vcpu, &vcpu->idt); }
CALL(GetGDT) { write_linear(vcpu, frame->eax, &vcpu->gdt, sizeof vcpu->gdt); }
CALL(GetLDT) { frame->eax = 0; }
CALL(GetIDT) { write_linear(vcpu, frame->eax, &vcpu->idt, sizeof vcpu->idt); }
CALL(GetTR) { frame->eax = vcpu->task; }
CALL(WriteGDTEntry) { write_entry(vcpu, &vcpu->gdt); }
CALL(WriteIDTEntry) { write_entry(vcpu, &vcpu->idt); }

CALL(SetLDT) {
    if (frame->eax & 0xFFFC)
        guest_stop(STOP_MODE, "LDT %04x: there are no LDTs", frame->eax & 0xFFFF);
}

CALL(SetTR) {
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

CALL(UpdateKernelStack) { update_kernel_stack(vcpu, frame->eax, frame->edx); }

/* --- page tables -------------------------------------------------------------------------------------- */

/* Where an entry is in our memory, by a walk of the guest's tables. */
static struct entry *find_entry(struct vcpu *vcpu, va_t va) {
    struct walk found;

    if (va & 7 || !walk(vcpu, va, PF_WRITE, &found))
        guest_stop(STOP_FAULT, "a page table entry at %08x, which is not mapped writable", va);
    if (found.gfn >= guest_of(vcpu)->pages)
        guest_stop(STOP_MEMORY, "a page table entry at %08x, which is not its memory", va);
    return (struct entry *)(guest_of(vcpu)->base + (found.gfn << PAGE_SHIFT) + (va & PAGE_MASK));
}

/* The same, if possible by the mapping that the guest told us of, which lies in its memory. */
static inline struct entry *entry_at(struct vcpu *vcpu, va_t va) {
    struct entry *entry = va & 7 ? NULL : direct_memory(vcpu, va, sizeof *entry);

    return entry ? entry : find_entry(vcpu, va);
}

/* Entries have changed, so do their shadows: one of them at least. */
static const va_t *update(struct vcpu *vcpu, const va_t *next, const va_t *end) {
    const va_t *stopped = shadow_update_plain(vcpu, next, end);

    if (stopped > next) return stopped;
    shadow_update(vcpu, entry_at(vcpu, *next));
    return next + 1;
}

CALL(SetPxELong) {
    *entry_at(vcpu, frame->ecx) = (struct entry){frame->eax, frame->edx};
    update(vcpu, &frame->ecx, &frame->ecx + 1);
}

CALL(UpdatePxELong) { update(vcpu, &frame->eax, &frame->eax + 1); }

/* The flag of level n is bit n - 1. */
CALL(AllocatePage) {
    shadow_announce(vcpu, frame->eax, (u32)__builtin_ffs(frame->edx & VMI_PAGE_LEVEL));
}

CALL(ReleasePage) { shadow_release(vcpu, frame->eax); }
CALL(InvalPage) { shadow_flush_one(vcpu, frame->eax); }
CALL(FlushTLB) { shadow_flush(vcpu); }

CALL(SetLinearMapping) {
    u32 pages = guest_of(vcpu)->pages;

    if (frame->eax != 0 || frame->ebx >= pages || frame->edx >= HV_VA_TOP || frame->edx & PAGE_MASK)
        return;
    if (frame->ecx < pages - frame->ebx) pages = frame->ebx + frame->ecx;
    vcpu->linear = (struct linear){frame->edx, (pages - frame->ebx) << PAGE_SHIFT,
                                   guest_page(guest_of(vcpu), frame->ebx)};
}

/* --- ports -------------------------------------------------------------------------------------- */

CALL(INL) { guest_input(vcpu, frame->edx, 4); }
CALL(INW) { guest_input(vcpu, frame->edx, 2); }
CALL(OUTL) { guest_output(vcpu, frame->edx, 4); }
CALL(OUTW) { guest_output(vcpu, frame->edx, 2); }

CALL(INB) { frame->eax = port_read(vcpu, frame->edx & 0xFFFF); }

CALL(OUTB) { port_write(vcpu, frame->edx & 0xFFFF, frame->eax & 0xFF); }

/* --- time --------------------------------------------------------------------------------------------------- */

CALL(GetCycleFrequency) { return_u64(frame, host_ticks(PIT_HZ)); }

CALL(GetCycleCounter) { return_u64(frame, frame->eax == STOLEN ? 0 : rdtsc()); }

/* Real and available time have one each, stolen time has none. Deadline 0 is none; 1 is as long ago. */
CALL(SetAlarm) {
    struct alarm *alarm = &vcpu->alarm[frame->eax & 1];
    u64 period = (u64)frame->esi << 32 | frame->ebx;

    if ((frame->eax & 0xFF) >= STOLEN) return;
    alarm->deadline = frame->ecx | frame->edx ? (u64)frame->ecx << 32 | frame->edx : 1;
    alarm->period = frame->eax & VMI_ALARM_PERIODIC ? period : 0;
    timer_arm(vcpu);
}

CALL(CancelAlarm) {
    struct alarm *alarm = &vcpu->alarm[frame->eax & 1];
    bool armed = (frame->eax & 0xFF) < STOLEN && alarm->deadline;

    if (armed) alarm->deadline = 0;
    timer_arm(vcpu);
    frame->eax = armed;
}

CALL(GetWallclockTime) { return_u64(frame, cmos_seconds(in8, out8) * 1000000000); }

CALL(WallclockUpdated) { frame->eax = 0; }

/* --- extensions ------------------------------------------------------------------------------ */

CALL(Null) {}

CALL(Statistics) {
    return_u64(frame, frame->eax < REASONS ? guest_of(vcpu)->exits[frame->eax] : ~0ull);
}

/* Not more than a page of it: no one call may take for ever. */
CALL(ConsoleWrite) {
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
    case HV_QUEUE_ANNOUNCE: shadow_announce(vcpu, argument >> PAGE_SHIFT, argument >> 3 & 3); break;
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
CALL(queue_now) {
    if (!vcpu->vmi) return;
    if (frame->eax & HV_QUEUE_WHAT)
        command(vcpu, frame->eax);
    else
        update(vcpu, &frame->eax, &frame->eax + 1);
}

/* --- the calls ------------------------------------------------------------------------------ */

/* From here on the guest is paravirtual; it runs in ring 1 as before. */
CALL(init) {
    bool possible = !vcpu->vmi && vcpu->cr[0] & CR0_PG;

    vcpu->vmi |= possible;
    gates_forget(vcpu); /* until now it could change them without a word */
    memset(guest_of(vcpu)->exits, 0, sizeof guest_of(vcpu)->exits);
    memset(guest_of(vcpu)->cycles, 0, sizeof guest_of(vcpu)->cycles);
    frame->eax = possible ? 0 : FAILED;
}

/* An interrupt is injected on the way out. */
CALL(deliver) { shared_of(vcpu)->flag = HV_FLAG_IF; }

CALL(iret_deliver) { guest_iret(vcpu); }

/* What the ROM answers alone has a vector all the same. */
#define HANDLER_HV(name)      do_##name
#define HANDLER_HV_ARG(name)  do_##name
#define HANDLER_HV_ARGS(name) do_##name
#define HANDLER_CODE(name)    do_Null
#define HANDLER_JUMP(name)    do_Null
#define HANDLER_NOP(name)     do_Null
#define HANDLER_NONE(name)    do_Null

static void (*const handlers[])(struct vcpu *vcpu, struct trap_frame *frame) = {
#define VMI_CALL(number, name, how, doc) [number] = HANDLER_##how(name),
#include "lib/vmi.def"
#undef VMI_CALL
    [VMI_INIT] = do_init,
    [VMI_DELIVER] = do_deliver,
    [VMI_IRET_DELIVER] = do_iret_deliver,
    [VMI_QUEUE_NOW] = do_queue_now,
};

/* The frame's vector is the number of the call. */
void vmi_call(struct vcpu *vcpu) {
    struct trap_frame *frame = frame_of(vcpu);

    handlers[frame->vector](vcpu, frame);
}

/* An interrupt inside code of the ROM's that must not be seen half done: the iret that has
 * restored the virtual IF, but not yet left, is completed; an append is started again. */
void vmi_interrupted(struct vcpu *vcpu) {
    struct trap_frame *frame = frame_of(vcpu);

    if ((frame->cs & 3) != 1) return;
    if (frame->eip >= (va_t)rom_iret_start && frame->eip < (va_t)rom_iret_end)
        guest_iret(vcpu);
    else if (frame->eip >= (va_t)rom_append_start && frame->eip < (va_t)rom_append_end)
        frame->eip = (va_t)rom_append_start;
}

/* From the table that GetRelocationInfo reads. */
bool vmi_remove_call(u32 number) {
    bool extension = number >= VMI_EXTENSIONS && number < VMI_INIT;

    if (number >= VMI_STANDARD && !extension) return false;
    rom_table[number - (extension ? VMI_EXTENSIONS - VMI_STANDARD : 0)] = (struct relocation){0};
    return true;
}

/* --- the ROM's header, in the guest's memory ------------------------------------------------ */

#define ROM_PA 0xC8000

void vmi_install_rom(const struct guest *guest) {
    struct vmi_rom *rom = guest_memory(guest, ROM_PA, ROM_SIZE);
    u8 sum = 0;

    memcpy(rom, rom_image, ROM_SIZE);
    for (u32 i = 0; i < ROM_SIZE; i++) sum -= rom_image[i];
    rom->pad = sum;
}
