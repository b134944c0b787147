/* SPDX-License-Identifier: MIT
 * hv-stub/segments.c: the guest's segment descriptors, made harmless.
 *
 * Runs:  in ring 0, interrupts off.
 * Gives: the CPU's GDT holds copies of the guest's code and data descriptors, at their own
 *        places, with DPL 1 for 0, limits that end below the switcher, and the accessed bit set:
 *        the CPU must not write to the GDT, which is read-only while the guest runs. Gates, TSSs
 *        and LDTs stay away: task and ring changes are ours to make.
 * Source: SDM vol 3, "Segment Descriptors".
 */
#include "hv-stub/host.h"
#include "hv-stub/hv.h"

#define ACCESSED   (1ull << 40)
#define WRITABLE   (1ull << 41) /* of data; of code: readable */
#define DOWN       (1ull << 42) /* of data: expands down; of code: conforming */
#define CODE       (1ull << 43)
#define SEGMENT    (1ull << 44) /* not a gate, TSS or LDT */
#define DPL_SHIFT  45
#define DPL_MASK   (3ull << DPL_SHIFT)
#define PRESENT    (1ull << 47)
#define LONG_MODE  (1ull << 53)
#define PAGES      (1ull << 55) /* the limit counts pages */
#define LIMIT_MASK 0x000F00000000FFFFull

static u32 last_byte_of(u64 descriptor) {
    u32 limit = (u32)(descriptor & 0xFFFF) | (u32)(descriptor >> 32 & 0xF0000);

    return descriptor & PAGES ? limit << 12 | 0xFFF : limit;
}

/* The part of a segment that lies below HV_CUT; 0: nothing does. */
static u64 cut_limit(u64 descriptor) {
    u32 base = base_of(descriptor);
    u32 room = HV_CUT - base; /* bytes, if it begins below */
    u32 limit = descriptor & PAGES ? room / PAGE_SIZE - 1 : room - 1;

    if (base >= HV_CUT) return 0;
    if (last_byte_of(descriptor) < room) return descriptor;
    if (descriptor & PAGES && room < PAGE_SIZE) return 0;
    return (descriptor & ~LIMIT_MASK) | (limit & 0xFFFF) | (u64)(limit & 0xF0000) << 32;
}

static u64 harmless(u64 descriptor) {
    bool expands_down = !(descriptor & CODE) && descriptor & DOWN;

    if (!(descriptor & SEGMENT) || descriptor & LONG_MODE || expands_down) return 0;
    if (!(descriptor & DPL_MASK)) descriptor |= 1ull << DPL_SHIFT;
    return cut_limit(descriptor | ACCESSED);
}

void segments_flat(void) {
    host_gdt[1] = harmless(FLAT_SEGMENT(TYPE_CODE, 1));
    host_gdt[2] = harmless(FLAT_SEGMENT(TYPE_DATA, 1));
}

/* The descriptor as the guest's memory has it; 0 behind the limit, or where nothing is mapped. */
static u64 descriptor_of(struct vcpu *vcpu, u32 index) {
    u64 descriptor;

    if (index == 0 || index >= GUEST_GDT || index * 8 + 7 > vcpu->gdt.limit ||
        !read_linear(vcpu, vcpu->gdt.base + index * 8, &descriptor, sizeof descriptor))
        return 0;
    return descriptor;
}

/* Has the segment these flags, of those in the mask? They are all in the high half. */
static bool is_usable(u32 selector, u32 ring, u64 mask, u64 flags) {
    u32 high = (u32)(host_gdt[selector >> 3 & (GDT_SIZE - 1)] >> 32);

    if ((selector & 7) != ring || (selector & 0xFFFF) >> 3 >= GUEST_GDT) return false;
    return (high & (u32)((mask | PRESENT | SEGMENT | DPL_MASK) >> 32)) ==
           ((u32)((flags | PRESENT | SEGMENT) >> 32) | ring << (DPL_SHIFT - 32));
}

/* Could ring 0 load this into DS or ES? Then the switcher can, on its way out. */
static bool is_loadable(u32 selector) {
    u64 descriptor = host_gdt[selector >> 3 & (GDT_SIZE - 1)];
    u32 dpl = (u32)(descriptor >> DPL_SHIFT) & 3;

    if (!(selector & 0xFFFC)) return true;
    return !(selector & 4) && (selector & 0xFFFF) >> 3 < GUEST_GDT && descriptor & PRESENT &&
           (selector & 3) <= dpl && (descriptor & CODE ? descriptor & WRITABLE : true);
}

/* FS and GS still are the guest's own, hidden parts included: DS and ES are loaded on the way out. */
void segments_reload(void) {
    u32 fs, gs;

    asm volatile("mov %%fs, %0; mov %%gs, %1" : "=r"(fs), "=r"(gs));
    if (!is_loadable(fs)) fs = 0;
    if (!is_loadable(gs)) gs = 0;
    asm volatile("mov %0, %%fs; mov %1, %%gs" : : "r"(fs), "r"(gs));
}

bool selector_is_code(u32 selector, u32 ring) { return is_usable(selector, ring, CODE, CODE); }

bool selector_is_data(u32 selector, u32 ring) {
    return is_usable(selector, ring, CODE | WRITABLE, WRITABLE);
}

/* The CPU's GDT has changed: what can no longer be loaded becomes 0, or stops the guest. */
static void descriptors_changed(struct vcpu *vcpu) {
    struct trap_frame *frame = frame_of(vcpu);
    u32 ring = frame->cs & 3;

    gates_forget(vcpu);
    if (!is_loadable(frame->ds)) frame->ds = 0;
    if (!is_loadable(frame->es)) frame->es = 0;
    if (!selector_is_code(frame->cs, ring) || !selector_is_data(frame->ss, ring))
        guest_stop(STOP_FAULT, "its GDT has no segments for CS=%04x SS=%04x, which it runs on",
                   frame->cs & 0xFFFF, frame->ss & 0xFFFF);
}

/* A guest may have written a descriptor after lgdt; we see it when the old one has faulted. */
bool segments_update(struct vcpu *vcpu, u32 selector) {
    u32 index = selector >> 3;
    u64 descriptor;

    if (selector & 4 || index >= GUEST_GDT) return false;
    descriptor = harmless(descriptor_of(vcpu, index));
    if (descriptor == host_gdt[index]) return false;
    host_gdt[index] = descriptor;
    descriptors_changed(vcpu);
    return true;
}

/* --- tables --------------------------------------------------------------------------------- */

/* All of the guest's GDT is taken over, cut. */
void guest_table_changed(struct vcpu *vcpu, const struct table_pointer *table) {
    if (table == &vcpu->idt) {
        gates_forget(vcpu);
        return;
    }
    for (u32 index = 0; index < GUEST_GDT; index++)
        host_gdt[index] = harmless(descriptor_of(vcpu, index));
    descriptors_changed(vcpu);
}

/* Not halfway, if only a part of it is mapped. */
bool guest_load_table(struct vcpu *vcpu, struct table_pointer *table, va_t from) {
    struct table_pointer pointer;

    if (!read_linear(vcpu, from, &pointer, sizeof pointer)) return false;
    *table = pointer;
    guest_table_changed(vcpu, table);
    return true;
}

/* The task register only tells us where the stack for traps is. */
bool guest_load_task(struct vcpu *vcpu, u32 selector) {
    va_t address = vcpu->gdt.base + (selector & ~7u);
    u64 descriptor = descriptor_of(vcpu, selector >> 3);

    if (selector & 4 || (descriptor >> 40 & 0x9F) != 0x89) /* present, an available 32-bit TSS */
        return false;
    descriptor |= 2ull << 40; /* busy */
    vcpu->task = selector;
    vcpu->tss = base_of(descriptor);
    return write_linear(vcpu, address, &descriptor, sizeof descriptor);
}
