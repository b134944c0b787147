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

#define INDEX_ROOT(va) ((va) >> 30)
#define INDEX_L2(va)   ((va) >> 21 & 511)
#define INDEX_L1(va)   ((va) >> 12 & 511)
#define TOP_SLOT       INDEX_ROOT(HV_VA_TOP)

#define NO_SHADOW 0xFFFFFFFFu
#define RESERVE   4 /* pages that one operation may take: with fewer, all are dropped first */

/* The screen of a PC is the one piece of memory that is the machine's own. */
#define VGA_START 0xA0
#define VGA_END   0xC0

extern u64 hv_top_guest[]; /* host.c: the L1 table that maps the switcher */

static u64 *page_at(struct guest *guest, u32 number) {
    return (u64 *)(guest->shadow.pages + number * PAGE_SIZE);
}

static u64 *table_of(u64 entry) { return (u64 *)((u32)entry & PTE_ADDRESS); }

static u32 bucket_of(u32 gfn) { return gfn % SHADOW_BUCKETS; }

/* --- which page shadows what ---------------------------------------------------------------------- */

static u64 *find(struct guest *guest, u32 gfn, enum shadow_kind kind) {
    u32 number = guest->shadow.bucket[bucket_of(gfn)];

    while (number != NO_SHADOW) {
        const struct shadow *info = &guest->shadow.info[number];

        if (info->gfn == gfn && info->kind == kind) return page_at(guest, number);
        number = info->next;
    }
    return NULL;
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
    u32 *bucket = &guest->shadow.bucket[bucket_of(gfn)];
    u64 *page = memset(page_at(guest, number), 0, PAGE_SIZE);

    guest->shadow.info[number] = (struct shadow){gfn, kind, *bucket};
    *bucket = number;
    if (kind == SHADOW_L2_TOP)
        page[INDEX_L2(HV_VA_TOP)] = (u32)hv_top_guest | PTE_P | PTE_W | PTE_A;
    return page;
}

static u64 *find_or_create(struct guest *guest, u32 gfn, enum shadow_kind kind) {
    u64 *page = find(guest, gfn, kind);

    return page ? page : create(guest, gfn, kind);
}

static void release(struct guest *guest, u32 gfn, enum shadow_kind kind) {
    u32 *link = &guest->shadow.bucket[bucket_of(gfn)];

    while (*link != NO_SHADOW) {
        u32 number = *link;
        struct shadow *info = &guest->shadow.info[number];

        if (info->gfn == gfn && info->kind == kind) {
            *link = info->next;
            info->next = guest->shadow.released[kind];
            guest->shadow.released[kind] = number;
            return;
        }
        link = &info->next;
    }
}

static bool is_announced(const struct guest *guest, u32 gfn) {
    return gfn < guest->pages && guest->shadow.announced[gfn / 8] & 1 << gfn % 8;
}

/* --- entries --------------------------------------------------------------------------------------- */

static bool is_screen(u32 gfn) { return gfn >= VGA_START && gfn < VGA_END; }

static bool has_memory(const struct guest *guest, u32 gfn) {
    return gfn < guest->pages || is_screen(gfn);
}

/* Entries carry what the guest's do, but for two things: a page is writable only once its D bit
 * is set, so that the first write sets it; and no entry is global. */
static u32 leaf(const struct guest *guest, u32 gfn, u32 entry) {
    u32 address = (gfn << PAGE_SHIFT) + (is_screen(gfn) ? 0 : (u32)guest->base);
    u32 flags = PTE_P | PTE_A | (entry & PTE_U);

    return address | ((entry & (PTE_W | PTE_D)) == (PTE_W | PTE_D) ? flags | PTE_W | PTE_D : flags);
}

static u32 link_to(const u64 *table, u32 entry) {
    return (u32)table | PTE_P | PTE_A | (entry & (PTE_W | PTE_U));
}

/* --- roots ------------------------------------------------------------------------------------------ */

/* A root with what can be known of it now. The switcher is always there: without it no trap could
 * reach us. */
static u64 *make_root(struct guest *guest, u32 gfn, const pte_t *entries) {
    u64 *root = find_or_create(guest, gfn, SHADOW_ROOT);

    for (u32 slot = 0; slot < 4; slot++) {
        enum shadow_kind kind = slot == TOP_SLOT ? SHADOW_L2_TOP : SHADOW_L2;
        bool present = entries && entries[slot] & PTE_P;
        u64 *l2 = present ? find(guest, (u32)entries[slot] >> PAGE_SHIFT, kind) : NULL;

        root[slot] = l2 ? (u32)l2 | PTE_P : 0;
    }
    if (!root[TOP_SLOT])
        root[TOP_SLOT] = (u32)find_or_create(guest, NO_TABLE(2, TOP_SLOT), SHADOW_L2_TOP) | PTE_P;
    return root;
}

/* The root that CR3 names: its own shadow if it was announced, else the one for all the others. */
static void load_root(struct vcpu *vcpu) {
    struct guest *guest = vcpu->guest;
    u32 gfn = vcpu->cr3 >> PAGE_SHIFT;
    u64 *root = vcpu->cr3 & PAGE_MASK ? NULL : find(guest, gfn, SHADOW_ROOT);

    if (!root && is_announced(guest, gfn) && !(vcpu->cr3 & PAGE_MASK))
        root = make_root(guest, gfn, guest_memory(guest, gfn << PAGE_SHIFT, PAGE_SIZE));
    if (!root) root = make_root(guest, NO_TABLE(3, 0), NULL);
    vcpu->root = (u32)root;
}

static void drop_all(struct vcpu *vcpu) {
    struct guest *guest = vcpu->guest;

    guest->shadow.used = 0;
    guest->shadow.unannounced = false;
    memset(guest->shadow.bucket, 0xFF, sizeof guest->shadow.bucket);
    memset(guest->shadow.released, 0xFF, sizeof guest->shadow.released);
    load_root(vcpu);
}

static void reserve(struct vcpu *vcpu) {
    if (vcpu->guest->shadow.used + RESERVE > vcpu->guest->shadow.size) drop_all(vcpu);
}

/* --- for the rest of hv-stub --------------------------------------------------------------------------- */

void shadow_init(struct guest *guest, u8 *pool, u32 size) {
    u32 info_size = size / PAGE_SIZE * sizeof(struct shadow);
    u32 head = ALIGN_UP(info_size + guest->pages / 8 + 1, PAGE_SIZE);

    memset(pool, 0, head);
    guest->shadow.info = (struct shadow *)pool;
    guest->shadow.announced = pool + info_size;
    guest->shadow.pages = pool + head;
    guest->shadow.size = (size - head) / PAGE_SIZE;
    drop_all(&guest->vcpu);
}

/* CR3 was loaded, or the TLB flushed. What was announced need not be forgotten. */
void shadow_flush(struct vcpu *vcpu) {
    reserve(vcpu);
    if (vcpu->guest->shadow.unannounced)
        drop_all(vcpu);
    else
        load_root(vcpu);
}

void shadow_flush_one(struct vcpu *vcpu, va_t va) {
    const u64 *root = (const u64 *)vcpu->root;
    const u64 *l2;

    if (va >= HV_VA_TOP || !(root[INDEX_ROOT(va)] & PTE_P)) return;
    l2 = table_of(root[INDEX_ROOT(va)]);
    if (l2[INDEX_L2(va)] & PTE_P) table_of(l2[INDEX_L2(va)])[INDEX_L1(va)] = 0;
}

/* Makes the entry for an address that the guest's own tables map. */
void shadow_fill(struct vcpu *vcpu, va_t va, const struct walk *walk) {
    struct guest *guest = vcpu->guest;
    enum shadow_kind l2_kind = INDEX_ROOT(va) == TOP_SLOT ? SHADOW_L2_TOP : SHADOW_L2;
    enum shadow_kind l1_kind = walk->l2 & PTE_PS ? SHADOW_LARGE_PAGE : SHADOW_L1;
    u64 *l2, *l1;

    if (!has_memory(guest, walk->gfn))
        guest_stop(STOP_MEMORY, "address %08x is mapped to physical %08x, which is not its memory",
                   va, walk->gfn << PAGE_SHIFT);
    reserve(vcpu);
    l2 = find_or_create(guest, walk->table[1], l2_kind);
    l1 = find_or_create(guest, walk->table[2], l1_kind);
    ((u64 *)vcpu->root)[INDEX_ROOT(va)] = (u32)l2 | PTE_P;
    l2[INDEX_L2(va)] = link_to(l1, walk->l2);
    l1[INDEX_L1(va)] = leaf(guest, walk->gfn, walk->l1);
    if (!is_announced(guest, walk->table[1]) || !is_announced(guest, walk->table[2]))
        guest->shadow.unannounced = true;
}

/* A new table is zero, and so is its shadow; one with entries is filled by faults. */
void shadow_announce(struct vcpu *vcpu, u32 gfn, u32 level) {
    struct guest *guest = vcpu->guest;

    if (gfn >= guest->pages)
        guest_stop(STOP_MEMORY, "it announced frame %08x as a page table", gfn);
    reserve(vcpu);
    guest->shadow.announced[gfn / 8] |= 1 << gfn % 8;
    if (level == 1)
        find_or_create(guest, gfn, SHADOW_L1);
    else if (level == 2)
        find_or_create(guest, gfn, SHADOW_L2);
    else
        make_root(guest, gfn, guest_memory(guest, gfn << PAGE_SHIFT, PAGE_SIZE));
}

void shadow_release(struct vcpu *vcpu, u32 gfn) {
    struct guest *guest = vcpu->guest;

    if (!is_announced(guest, gfn)) return;
    guest->shadow.announced[gfn / 8] &= ~(1 << gfn % 8);
    for (u32 kind = SHADOW_L1; kind <= SHADOW_ROOT; kind++) release(guest, gfn, kind);
}

static u32 new_leaf(const struct guest *guest, u32 entry) {
    u32 gfn = entry >> PAGE_SHIFT;

    return entry & PTE_P && entry & PTE_A && has_memory(guest, gfn) ? leaf(guest, gfn, entry) : 0;
}

static u32 new_link(struct guest *guest, u32 entry) {
    u64 *l1 = NULL;

    if ((entry & (PTE_P | PTE_A | PTE_PS)) == (PTE_P | PTE_A))
        l1 = find(guest, entry >> PAGE_SHIFT, SHADOW_L1);
    if (l1 && !is_announced(guest, entry >> PAGE_SHIFT)) memset(l1, 0, PAGE_SIZE);
    return l1 ? link_to(l1, entry) : 0;
}

static void update_shadow(struct guest *guest, u32 number, u32 index, u32 entry) {
    const struct shadow *info = &guest->shadow.info[number];
    u64 *page = page_at(guest, number);

    if (info->kind == SHADOW_L1)
        page[index] = new_leaf(guest, entry);
    else if (info->kind == SHADOW_ROOT)
        make_root(guest, info->gfn, guest_memory(guest, info->gfn << PAGE_SHIFT, PAGE_SIZE));
    else if (info->kind == SHADOW_L2 ||
             (info->kind == SHADOW_L2_TOP && index < INDEX_L2(HV_VA_TOP)))
        page[index] = new_link(guest, entry);
}

/* An entry of the guest's has a new value: so has every shadow of it. What cannot be known yet
 * becomes not present, and is filled by a fault. */
void shadow_update(struct vcpu *vcpu, const pte_t *changed) {
    struct guest *guest = vcpu->guest;
    u32 pa = (u32)((const u8 *)changed - guest->base);
    u32 gfn = pa >> PAGE_SHIFT, index = (pa & PAGE_MASK) / sizeof *changed;
    u32 entry = *changed >> 32 ? 0 : (u32)*changed;
    u32 number = guest->shadow.bucket[bucket_of(gfn)];

    while (number != NO_SHADOW) {
        u32 next = guest->shadow.info[number].next;

        if (guest->shadow.info[number].gfn == gfn) update_shadow(guest, number, index, entry);
        number = next;
    }
    if (gfn == vcpu->cr3 >> PAGE_SHIFT && !is_announced(guest, gfn)) load_root(vcpu);
}
