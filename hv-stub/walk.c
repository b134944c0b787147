/* SPDX-License-Identifier: MIT
 * hv-stub/walk.c: the guest's own page tables, read as the CPU would read them.
 *
 * Runs:  in ring 0, interrupts off.
 * Gives: translations of the guest's linear addresses, with the page faults that hardware would
 *        report; A and D are set in the guest's entries. An unpaged guest has the identity.
 * Source: SDM vol 3, "PAE Paging", "Access Rights", "Accessed and Dirty Flags".
 */
#include "hv-stub/hv.h"

void walk_from(struct vcpu *vcpu, u32 cr3) {
    struct entry *page = guest_page(guest_of(vcpu), cr3 >> PAGE_SHIFT);

    vcpu->cr[3] = cr3;
    vcpu->pdpt = page ? page + (cr3 & PAGE_MASK & ~31u) / sizeof *page : NULL;
    shadow_flush(vcpu);
}

/* The frame that a present entry leads to. */
static inline u32 gfn_of(const struct entry *entry) {
    if (entry->high)
        guest_stop(STOP_MEMORY, "page table entry %08x:%08x, which is not its memory", entry->high,
                   entry->low);
    return entry->low >> PAGE_SHIFT;
}

static inline struct entry *table(struct vcpu *vcpu, u32 gfn) {
    if (gfn >= guest_of(vcpu)->pages)
        guest_stop(STOP_MEMORY, "page table at %08x, which is not its memory", gfn << PAGE_SHIFT);
    return guest_page(guest_of(vcpu), gfn);
}

/* Large pages, under a root and an L2 table that the guest need not have. */
static bool walk_identity(const struct guest *guest, va_t va, struct walk *walk) {
    *walk = (struct walk){
        .l2_table = NO_TABLE(guest),
        .l2 = PTE_P | PTE_W | PTE_U | PTE_D | PTE_PS,
        .l1 = PTE_P | PTE_W | PTE_U | PTE_D,
        .gfn = va >> PAGE_SHIFT,
    };
    return true;
}

bool walk(struct vcpu *vcpu, va_t va, u32 access, struct walk *walk) {
    const struct entry *root = vcpu->pdpt;
    struct entry *l2, *l1;

    if (!(vcpu->cr[0] & CR0_PG)) return walk_identity(guest_of(vcpu), va, walk);
    if (!root) guest_stop(STOP_MEMORY, "CR3 is %08x, which is not its memory", vcpu->cr[3]);
    root += INDEX_ROOT(va);
    walk->error = access;
    if (!(root->low & PTE_P)) return false;
    walk->l2_table = gfn_of(root);
    l1 = l2 = table(vcpu, walk->l2_table) + INDEX_L2(va);
    if (!(l2->low & PTE_P)) return false;
    if (!(l2->low & PTE_PS)) {
        walk->l1_table = gfn_of(l2);
        l1 = table(vcpu, walk->l1_table) + INDEX_L1(va);
        if (!(l1->low & PTE_P)) return false;
    }
    walk->error = access | PF_PRESENT;
    /* What is asked for has the bits of what is allowed: W and U. Supervisor writes to read-only
     * pages fault as well, since CR0.WP is always set: a guest that clears its own is refused. */
    if (access & ~(l2->low & l1->low)) return false;
    l2->low |= PTE_A;
    l1->low |= access & PF_WRITE ? PTE_A | PTE_D : PTE_A;
    walk->l2 = l2->low;
    walk->l1 = l1->low;
    walk->gfn = l2->low & PTE_PS ? (gfn_of(l2) & ~511u) + INDEX_L1(va) : gfn_of(l1);
    return true;
}

/* Goes through a range of linear memory page by page. */
static bool copy_linear(struct vcpu *vcpu, va_t va, void *buffer, u32 size, u32 access) {
    while (size) {
        u32 count = PAGE_SIZE - (va & PAGE_MASK) < size ? PAGE_SIZE - (va & PAGE_MASK) : size;
        struct walk found;
        void *memory;

        if (va >= HV_VA_TOP || !walk(vcpu, va, access, &found)) return false;
        memory = guest_memory(guest_of(vcpu), (found.gfn << PAGE_SHIFT) + (va & PAGE_MASK), count);
        if (!memory) return false;
        if (access & PF_WRITE)
            memcpy(memory, buffer, count);
        else
            memcpy(buffer, memory, count);
        va += count;
        buffer = (u8 *)buffer + count;
        size -= count;
    }
    return true;
}

bool read_linear(struct vcpu *vcpu, va_t va, void *to, u32 size) {
    const void *from = direct_memory(vcpu, va, size);

    if (!from) return copy_linear(vcpu, va, to, size, 0);
    memcpy(to, from, size);
    return true;
}

bool write_linear(struct vcpu *vcpu, va_t va, const void *from, u32 size) {
    void *to = direct_memory(vcpu, va, size);

    if (!to) return copy_linear(vcpu, va, (void *)(uintptr_t)from, size, PF_WRITE);
    memcpy(to, from, size);
    return true;
}
