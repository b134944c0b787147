/* SPDX-License-Identifier: MIT
 * hv-stub/shadow.h: the hot part of shadow paging: one entry of an L1 table.
 *
 * Runs:  in ring 0, interrupts off, for each entry that a paravirtual guest writes: so it is small,
 *        and inline.
 * Read first: hv.h.
 */
#ifndef HV_STUB_SHADOW_H
#define HV_STUB_SHADOW_H

#include "hv-stub/hv.h"

/* The screen of a PC is the one piece of a guest's memory that is the machine's own. */
#define VGA_START 0xA0
#define VGA_END   0xC0

static inline bool is_screen(u32 gfn) { return gfn >= VGA_START && gfn < VGA_END; }

/* Entries carry what the guest's do, but for two things: a page is writable only once its D bit
 * is set, so that the first write sets it; and no entry is global. */
static inline u32 leaf(const struct guest *guest, u32 entry) {
    u32 base = is_screen(entry >> PAGE_SHIFT) ? 0 : (u32)guest->base;
    u32 writable = entry & entry >> 5 & PTE_W; /* D >> 5 is W */

    return (base + (entry & (PTE_ADDRESS | PTE_U))) | PTE_P | PTE_A | PTE_D | writable;
}

/* What can be known of an entry before it is used: memory of the guest's, accessed already. */
static inline u32 new_leaf(const struct guest *guest, u32 low, u32 high) {
    bool usable = !high && (low & (PTE_P | PTE_A)) == (PTE_P | PTE_A);

    return usable && low >> PAGE_SHIFT < guest->pages ? leaf(guest, low) : 0;
}

/* An entry of the guest's is new: so is every shadow of it. What cannot be known yet becomes not
 * present, and is filled by a fault. Nearly always it is in a table that is an L1 table only. */
static inline void shadow_update(struct vcpu *vcpu, u32 pa, u32 low, u32 high) {
    u32 page = guest_of(vcpu)->shadow.l1[pa >> PAGE_SHIFT];

    if (page)
        *(u32 *)(page + (pa & PAGE_MASK)) = new_leaf(guest_of(vcpu), low, high);
    else
        shadow_update_all(vcpu, pa);
}

#endif
