/* SPDX-License-Identifier: MIT
 * hv-stub/shadow.c: the page tables that the CPU really uses while a guest runs.
 *
 * Runs:  in ring 0, interrupts off.
 * Needs: the guest's own tables, read by walk.c; they are not write-protected.
 * Gives: one shadow page for each of the guest's tables, filled by page faults, entry by entry,
 *        each checked against the guest's memory when it is made: a guest that lies harms itself.
 *
 * A table that the guest announces (VMI) keeps its shadow, and each change is told to us. Tables
 * that nobody announced have the contract of a TLB: each CR3 load and each flush drops the
 * shadows. When the pool is empty all are dropped; page faults fill them again. A shadow page
 * that was released only ever becomes one of the same kind: an entry of a table above, which may
 * still lead to it, can so reach nothing but memory of this guest.
 * Read first: walk.c.
 */
#include "hv-stub/hv.h"

#define TOP_SLOT  INDEX_ROOT(HV_VA_TOP)
#define NO_SHADOW 0xFFFFFFFFu
#define RESERVE   4 /* pages that one operation may take: with fewer, all are dropped first */

/* The screen of a PC is the one piece of a guest's memory that is the machine's own. */
#define VGA_START 0xA0
#define VGA_END   0xC0

extern u64 hv_top_guest[]; /* host.c: the L1 table that maps the switcher */

static u64 *page_at(struct guest *guest, u32 number) {
    return (u64 *)(guest->shadow.pages + number * PAGE_SIZE);
}

static u32 *l1_of(struct guest *guest, u32 gfn) {
    return &guest->shadow.l1[((u32)guest->base >> PAGE_SHIFT) + gfn];
}

static u64 *table_of(u64 entry) { return (u64 *)((u32)entry & PTE_ADDRESS); }

/* --- which page shadows what ---------------------------------------------------------------------- */

static u64 *find(struct guest *guest, u32 gfn, enum shadow_kind kind) {
    u32 number = gfn <= NO_TABLE(guest) ? guest->shadow.first[gfn] : NO_SHADOW;

    while (number != NO_SHADOW && guest->shadow.info[number].kind != kind)
        number = guest->shadow.info[number].next;
    return number == NO_SHADOW ? NULL : page_at(guest, number);
}

static u32 take_page(struct guest *guest, enum shadow_kind kind) {
    u32 number = guest->shadow.released[kind];

    if (number == NO_SHADOW) return guest->shadow.used++;
    guest->shadow.released[kind] = guest->shadow.info[number].next;
    return number;
}

/* The caller has made sure that the pool is not empty. */
static u64 *create(struct guest *guest, u32 gfn, enum shadow_kind kind) {
    u32 number = take_page(guest, kind);
    u32 *first = &guest->shadow.first[gfn];
    u64 *page = memset(page_at(guest, number), 0, PAGE_SIZE);

    guest->shadow.info[number] = (struct shadow){gfn, kind, *first};
    *l1_of(guest, gfn) = *first == NO_SHADOW && kind == SHADOW_L1 ? (u32)page : 0;
    *first = number;
    if (kind == SHADOW_L2_TOP)
        page[INDEX_L2(HV_VA_TOP)] = (u32)hv_top_guest | PTE_P | PTE_W | PTE_A;
    return page;
}

static u64 *find_or_create(struct guest *guest, u32 gfn, enum shadow_kind kind) {
    u64 *page = find(guest, gfn, kind);

    return page ? page : create(guest, gfn, kind);
}

static bool is_announced(const struct guest *guest, u32 gfn) {
    return gfn < guest->pages && guest->shadow.announced[gfn / 8] & 1 << gfn % 8;
}

/* --- entries --------------------------------------------------------------------------------------- */

static bool is_screen(u32 gfn) { return gfn >= VGA_START && gfn < VGA_END; }

/* Shadows carry what the guest's entries do, but for two things: a page is writable only once its D
 * bit is set, so that the first write sets it; and no entry is global. */
static u32 leaf_at(u32 base, u32 entry) {
    u32 writable = entry & entry >> 5 & PTE_W; /* D >> 5 is W */

    return (entry & (PTE_ADDRESS | PTE_U)) + (base + (PTE_P | PTE_A | PTE_D)) + writable;
}

static u32 leaf(const struct guest *guest, u32 entry) {
    return leaf_at(is_screen(entry >> PAGE_SHIFT) ? 0 : (u32)guest->base, entry);
}

/* The D bit of a large page is in the entry that would link a table. */
static u32 link_to(const u64 *table, u32 entry) {
    u32 flags = entry & PTE_PS && !(entry & PTE_D) ? PTE_U : PTE_W | PTE_U;

    return (u32)table | PTE_P | PTE_A | (entry & flags);
}

/* --- roots ------------------------------------------------------------------------------------------ */

/* A root with what can be known of it now. The switcher is always there: without it no trap could
 * reach us. */
static u64 *make_root(struct guest *guest, u32 gfn) {
    const pte_t *entries = guest_page(guest, gfn); /* NULL for NO_TABLE */
    u64 *root = find_or_create(guest, gfn, SHADOW_ROOT);

    for (u32 slot = 0; slot < 4; slot++) {
        enum shadow_kind kind = slot == TOP_SLOT ? SHADOW_L2_TOP : SHADOW_L2;
        bool present = entries && entries[slot] & PTE_P;
        u64 *l2 = present ? find(guest, (u32)entries[slot] >> PAGE_SHIFT, kind) : NULL;

        root[slot] = l2 ? (u32)l2 | PTE_P : 0;
    }
    if (!root[TOP_SLOT])
        root[TOP_SLOT] = (u32)find_or_create(guest, NO_TABLE(guest), SHADOW_L2_TOP) | PTE_P;
    return root;
}

/* The root that CR3 names: its own shadow if it was announced, else the one for all the others. */
static void load_root(struct vcpu *vcpu) {
    struct guest *guest = guest_of(vcpu);
    u32 gfn = vcpu->cr[3] >> PAGE_SHIFT;
    bool announced = !(vcpu->cr[3] & PAGE_MASK) && is_announced(guest, gfn);
    u64 *root = announced ? find(guest, gfn, SHADOW_ROOT) : NULL;

    if (!root) root = make_root(guest, announced ? gfn : NO_TABLE(guest));
    vcpu->root = (u32)root;
}

static void drop_all(struct vcpu *vcpu) {
    struct guest *guest = guest_of(vcpu);

    for (u32 number = 0; number < guest->shadow.used; number++) {
        u32 gfn = guest->shadow.info[number].gfn;

        guest->shadow.first[gfn] = NO_SHADOW;
        *l1_of(guest, gfn) = 0;
    }
    guest->shadow.used = 0;
    guest->shadow.unannounced = false;
    memset(guest->shadow.released, 0xFF, sizeof guest->shadow.released);
    load_root(vcpu);
}

static void reserve(struct vcpu *vcpu) {
    if (guest_of(vcpu)->shadow.used + RESERVE > guest_of(vcpu)->shadow.size) drop_all(vcpu);
}

/* --- for the rest of hv-stub --------------------------------------------------------------------------- */

void shadow_init(struct guest *guest, u8 *pool, u32 size) {
    u32 info_size = size / PAGE_SIZE * sizeof(struct shadow);
    u32 by_frame = (guest->pages + 1) * sizeof(u32);
    u32 head = ALIGN_UP(info_size + 2 * by_frame + guest->pages / 8 + 1, PAGE_SIZE);

    guest->shadow.info = memset(pool, 0, head);
    guest->shadow.first = memset(pool + info_size, 0xFF, by_frame);
    guest->shadow.l1 = (u32 *)(pool + info_size + by_frame) - ((u32)guest->base >> PAGE_SHIFT);
    guest->shadow.announced = pool + info_size + 2 * by_frame;
    guest->shadow.above_screen = (guest->pages - VGA_END) * PAGE_SIZE;
    guest->shadow.pages = pool + head;
    guest->shadow.size = (size - head) / PAGE_SIZE;
    drop_all(&guest->vcpu);
}

/* CR3 was loaded, or the TLB flushed. What was announced need not be forgotten. */
void shadow_flush(struct vcpu *vcpu) {
    reserve(vcpu);
    if (guest_of(vcpu)->shadow.unannounced)
        drop_all(vcpu);
    else
        load_root(vcpu);
}

/* Nothing need be forgotten while all was announced. Else the link goes, since the page may be a large
 * one, and all behind it is found anew. */
void shadow_flush_one(struct vcpu *vcpu, va_t va) {
    const u64 *root = (const u64 *)vcpu->root;

    if (!guest_of(vcpu)->shadow.unannounced) return;
    if (va >= HV_VA_TOP || !(root[INDEX_ROOT(va)] & PTE_P)) return;
    table_of(root[INDEX_ROOT(va)])[INDEX_L2(va)] = 0;
}

/* Makes the entry for an address that the guest's own tables map. A table that is linked anew, and
 * whose changes nobody has told us of, is found anew as well. */
void shadow_fill(struct vcpu *vcpu, va_t va, const struct walk *walk) {
    struct guest *guest = guest_of(vcpu);
    enum shadow_kind l2_kind = INDEX_ROOT(va) == TOP_SLOT ? SHADOW_L2_TOP : SHADOW_L2;
    enum shadow_kind l1_kind = walk->l2 & PTE_PS ? SHADOW_LARGE_PAGE : SHADOW_L1;
    u32 l1_table = walk->l2 & PTE_PS ? walk->gfn & ~511u : walk->l1_table;
    u64 *l2, *l1;

    if (walk->gfn >= guest->pages)
        guest_stop(STOP_MEMORY, "address %08x is mapped to physical %08x, which is not its memory",
                   va, walk->gfn << PAGE_SHIFT);
    reserve(vcpu);
    l2 = find_or_create(guest, walk->l2_table, l2_kind);
    l1 = find(guest, l1_table, l1_kind);
    if (l1 && !is_announced(guest, l1_table) && l2[INDEX_L2(va)] != link_to(l1, walk->l2))
        memset(l1, 0, PAGE_SIZE);
    if (!l1) l1 = create(guest, l1_table, l1_kind);
    ((u64 *)vcpu->root)[INDEX_ROOT(va)] = (u32)l2 | PTE_P;
    l2[INDEX_L2(va)] = link_to(l1, walk->l2);
    l1[INDEX_L1(va)] = leaf(guest, walk->gfn << PAGE_SHIFT | (walk->l1 & PAGE_MASK));
    if (!is_announced(guest, walk->l2_table) || !is_announced(guest, l1_table))
        guest->shadow.unannounced = true;
}

/* A new table is zero, and so is its shadow; one with entries is filled by faults. */
void shadow_announce(struct vcpu *vcpu, u32 gfn, u32 level) {
    struct guest *guest = guest_of(vcpu);

    if (level < 1 || level > 3) return;
    if (gfn >= guest->pages)
        guest_stop(STOP_MEMORY, "it announced frame %08x as a page table", gfn);
    reserve(vcpu);
    guest->shadow.announced[gfn / 8] |= 1 << gfn % 8;
    if (level == 3)
        make_root(guest, gfn);
    else
        find_or_create(guest, gfn, level == 1 ? SHADOW_L1 : SHADOW_L2);
}

void shadow_release(struct vcpu *vcpu, u32 gfn) {
    struct guest *guest = guest_of(vcpu);
    u32 number, next;

    if (!is_announced(guest, gfn)) return;
    guest->shadow.announced[gfn / 8] &= ~(1 << gfn % 8);
    if (find(guest, gfn, SHADOW_LARGE_PAGE)) { /* a large page begins there, too: its link stays */
        drop_all(vcpu);
        return;
    }
    for (number = guest->shadow.first[gfn]; number != NO_SHADOW; number = next) {
        struct shadow *info = &guest->shadow.info[number];

        next = info->next;
        info->next = guest->shadow.released[info->kind];
        guest->shadow.released[info->kind] = number;
    }
    guest->shadow.first[gfn] = NO_SHADOW;
    *l1_of(guest, gfn) = 0;
}

/* May the CPU use an entry of the guest's already? Not before its A bit is set, and not outside its
 * memory: what is not there stops the guest, once it is used. */
static bool is_usable(const struct guest *guest, const struct entry *entry) {
    return !entry->high && (entry->low & (PTE_P | PTE_A)) == (PTE_P | PTE_A) &&
           entry->low >> PAGE_SHIFT < guest->pages;
}

/* 0: to a table that has no shadow yet. */
static u32 new_link(struct guest *guest, u32 entry) {
    u32 gfn = entry >> PAGE_SHIFT;
    u64 *l1 = entry & PTE_PS ? NULL : find(guest, gfn, SHADOW_L1);

    if (l1 && !is_announced(guest, gfn)) memset(l1, 0, PAGE_SIZE);
    return l1 ? link_to(l1, entry) : 0;
}

/* An entry of the guest's is new: so is every shadow of it, whatever that is. */
void shadow_update(struct vcpu *vcpu, const struct entry *entry) {
    struct guest *guest = guest_of(vcpu);
    u32 low = is_usable(guest, entry) ? entry->low : 0;
    u32 pa = (u32)entry - (u32)guest->base;
    u32 gfn = pa >> PAGE_SHIFT, index = (pa & PAGE_MASK) / sizeof *entry;
    u32 number = guest->shadow.first[gfn];

    for (; number != NO_SHADOW; number = guest->shadow.info[number].next) {
        enum shadow_kind kind = guest->shadow.info[number].kind;

        if (kind == SHADOW_ROOT)
            make_root(guest, gfn);
        else if (kind == SHADOW_L1)
            page_at(guest, number)[index] = low ? leaf(guest, low) : 0;
        else if (kind == SHADOW_L2 || (kind == SHADOW_L2_TOP && index < INDEX_L2(HV_VA_TOP)))
            page_at(guest, number)[index] = low ? new_link(guest, low) : 0;
    }
    if (gfn == vcpu->cr[3] >> PAGE_SHIFT && !is_announced(guest, gfn)) load_root(vcpu);
}

/* The same for a row of addresses, as long as all is as it nearly always is; gives where it stopped.
 * That is: an entry in the mapping that the guest told us of, in a table that is an L1 table only,
 * for memory above the screen, or for nothing. */
const va_t *shadow_update_plain(struct vcpu *vcpu, const va_t *next, const va_t *end) {
    const struct guest *guest = guest_of(vcpu);

    for (; next < end; next++) {
        u32 offset = *next - vcpu->linear.va;
        const struct entry *entry = (const struct entry *)(vcpu->linear.memory + offset);
        u32 page, low;

        if (offset >= vcpu->linear.size || offset & 7) break;
        page = guest->shadow.l1[(u32)entry >> PAGE_SHIFT];
        if (!page || entry->high) break;
        low = entry->low;
        if ((low & (PTE_P | PTE_A)) != (PTE_P | PTE_A))
            low = 0;
        else if (low - VGA_END * PAGE_SIZE < guest->shadow.above_screen)
            low = leaf_at((u32)guest->base, low);
        else
            break;
        *(u32 *)(page + ((u32)entry & PAGE_MASK)) = low;
    }
    return next;
}
