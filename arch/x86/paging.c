/* SPDX-License-Identifier: MIT
 * arch/x86/paging.c: PAE page tables: a root of four entries, L2 tables, L1 tables.
 *
 * Runs:  process context, or boot. Entries are only written through pv ops.
 * Gives: roots for programs, which share the kernel's L2 table in slot 3; L1 tables on demand.
 *
 * The order is the same everywhere, since a hypervisor may watch: a new table is zeroed,
 * announced, linked, filled; an old one is unlinked, released, reused. A root is filled first
 * and announced last, and released first: releasing it unlinks all that hangs below.
 * Source: SDM vol 3, "PAE Paging".
 */
#include "arch/x86/arch.h"
#include "kernel/kernel.h"

#define L1_SPAN     (PT_ENTRIES * PAGE_SIZE) /* what one L1 table maps: 2 MiB */
#define ROOT_USER   0
#define ROOT_KERNEL 3

#define PTE_TABLE       (PTE_P | PTE_W | PTE_A)
#define PTE_USER_TABLE  (PTE_TABLE | PTE_U)
#define PTE_KERNEL_PAGE (PTE_P | PTE_W | PTE_A | PTE_D)

static pte_t *kernel_root; /* the boot tables' */

static inline u32 l1_index(va_t va) { return va >> PAGE_SHIFT & (PT_ENTRIES - 1); }

static inline u32 l2_index(va_t va) { return va / L1_SPAN % PT_ENTRIES; }

/* Links a new, zeroed, announced L1 table. */
static pte_t *link_l1(pte_t *l2, u32 index, void *page, pte_t flags) {
    memset(page, 0, PAGE_SIZE);
    pt_announce(pfn_of(page), PT_L1);
    set_pmd(make_pte(pa_of(page) | flags), &l2[index]);
    return page;
}

/* The direct map of a full table's frames from `first` on, or of fewer if there are only `count`.
 * All before is mapped, so the table must lie there. */
static void map_direct(pte_t *l2, u32 first, u32 count) {
    void *page = page_alloc();
    pte_t *l1;

    assert(page && pfn_of(page) < first);
    l1 = link_l1(l2, first / PT_ENTRIES, page, PTE_TABLE);
    lazy_begin(LAZY_MMU);
    for (u32 i = 0; i < count && i < PT_ENTRIES; i++)
        set_pte(make_pte((pa_t)(first + i) << PAGE_SHIFT | PTE_KERNEL_PAGE), &l1[i]);
    lazy_end();
}

/* The boot tables are there and full before anybody can be told: they are announced as they are.
 * What is above va_top is not ours. */
static void announce_boot_tables(pte_t *root, const pte_t *l2) {
    for (u32 i = 0; i < l2_index(pv_info.va_top); i++)
        if (l2[i]) pt_announce(pte_pfn(l2[i]), PT_L1);
    pt_announce(pfn_of(l2), PT_L2);
    pt_announce(pfn_of(root), PT_ROOT);
}

void paging_init(const struct boot_info *boot) {
    pte_t *l2 = table_of(boot->root[ROOT_KERNEL]);

    kernel_root = boot->root;
    set_pdpte(0, &boot->root[ROOT_USER]);
    announce_boot_tables(boot->root, l2);
    for (u32 pfn = boot->mapped_pages; pfn < boot->ram_pages; pfn += PT_ENTRIES)
        map_direct(l2, pfn, boot->ram_pages - pfn);
    root_load(NULL);
}

void root_load(pte_t *root) { write_cr3((u32)pa_of(root ? root : kernel_root)); }

/* What slot 3 of a new root holds: the kernel's L2 table; or, where roots cannot share it, a copy,
 * which stays right since the kernel's L1 tables are all there from the start. 0: no memory. */
static pte_t get_kernel_l2(void) {
    pte_t *copy;

    if (!pv_info.own_kernel_l2) return kernel_root[ROOT_KERNEL];
    copy = page_alloc_zeroed();
    if (!copy) return 0;
    memcpy(copy, table_of(kernel_root[ROOT_KERNEL]), l2_index(pv_info.va_top) * sizeof(pte_t));
    pt_announce(pfn_of(copy), PT_L2);
    return make_pte(pa_of(copy) | PTE_P);
}

static void put_kernel_l2(pte_t entry) {
    if (!pv_info.own_kernel_l2 || !entry) return;
    pt_release(pte_pfn(entry), PT_L2);
    page_put(table_of(entry));
}

pte_t *root_create(void) {
    pte_t *root = page_alloc_zeroed();
    pte_t *l2 = page_alloc_zeroed();
    pte_t kernel = get_kernel_l2();

    if (!root || !l2 || !kernel) {
        page_put(root);
        page_put(l2);
        put_kernel_l2(kernel);
        return NULL;
    }
    pt_announce(pfn_of(l2), PT_L2);
    set_pdpte(make_pte(pa_of(l2) | PTE_P), &root[ROOT_USER]);
    set_pdpte(kernel, &root[ROOT_KERNEL]);
    pt_announce(pfn_of(root), PT_ROOT);
    return root;
}

/* The tables are pages again only after lazy_end: until then a hypervisor may watch them. */
void root_destroy(pte_t *root, pte_t *next, void (*leave)(const pte_t *l1)) {
    pte_t *l2 = user_l2(root);
    pte_t kernel = root[ROOT_KERNEL];

    lazy_begin(LAZY_MMU);
    root_load(next);
    pt_release(pfn_of(root), PT_ROOT);
    pt_release(pfn_of(l2), PT_L2);
    for (u32 i = 0; i < PT_ENTRIES; i++) {
        if (!l2[i]) continue;
        leave(table_of(l2[i]));
        pt_release(pte_pfn(l2[i]), PT_L1);
    }
    lazy_end();
    put_kernel_l2(kernel);
    for (u32 i = 0; i < PT_ENTRIES; i++)
        if (l2[i]) page_put(table_of(l2[i]));
    page_put(l2);
    page_put(root);
}

pte_t *user_l2(const pte_t *root) { return table_of(root[ROOT_USER]); }

pte_t *pte_find(pte_t *root, va_t va) {
    pte_t entry = user_l2(root)[l2_index(va)];

    return entry ? &table_of(entry)[l1_index(va)] : NULL;
}

pte_t *pte_make(pte_t *root, va_t va) {
    pte_t *pte = pte_find(root, va);
    void *page;

    if (pte) return pte;
    page = page_alloc();
    if (!page) return NULL;
    return &link_l1(user_l2(root), l2_index(va), page, PTE_USER_TABLE)[l1_index(va)];
}
