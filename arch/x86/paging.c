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

static pte_t *kernel_root;    /* the boot tables' */
static pte_t kernel_l2_entry; /* what slot 3 of each root holds */

static inline u32 l1_index(va_t va) { return va >> PAGE_SHIFT & (PT_ENTRIES - 1); }

static inline u32 l2_index(va_t va) { return va / L1_SPAN % PT_ENTRIES; }

/* Links a new, zeroed, announced L1 table. */
static pte_t *link_l1(pte_t *l2, u32 index, void *page, pte_t flags) {
    memset(page, 0, PAGE_SIZE);
    pt_announce(pfn_of(page), PT_L1);
    set_pmd(make_pte(pa_of(page) | flags), &l2[index]);
    return page;
}

/* A page that the boot tables map already. */
static void *early_page(const struct boot_info *boot) {
    void *page = page_alloc();

    if (!page || pfn_of(page) >= boot->mapped_pages)
        panic("no room for page tables among the pages that are mapped at boot");
    return page;
}

/* The boot tables are there and full before anybody can be told: they are announced as they are. */
static void announce_boot_tables(pte_t *root, const pte_t *l2) {
    for (u32 i = 0; i < PT_ENTRIES; i++)
        if (l2[i]) pt_announce(pte_pfn(l2[i]), PT_L1);
    pt_announce(pfn_of(l2), PT_L2);
    pt_announce(pfn_of(root), PT_ROOT);
}

void paging_init(const struct boot_info *boot) {
    pte_t *l2;
    pte_t *l1 = NULL;

    kernel_root = boot->root;
    kernel_l2_entry = boot->root[ROOT_KERNEL];
    l2 = table_of(kernel_l2_entry);
    set_pdpte(0, &boot->root[ROOT_USER]);
    announce_boot_tables(boot->root, l2);
    lazy_begin(LAZY_MMU);
    for (u32 pfn = boot->mapped_pages; pfn < boot->ram_pages; pfn++) {
        va_t va = (va_t)page_of(pfn);

        if (l1_index(va) == 0) l1 = link_l1(l2, l2_index(va), early_page(boot), PTE_TABLE);
        set_pte(make_pte((pa_t)pfn << PAGE_SHIFT | PTE_KERNEL_PAGE), &l1[l1_index(va)]);
    }
    lazy_end();
    root_load(NULL);
}

void root_load(pte_t *root) { write_cr3((u32)pa_of(root ? root : kernel_root)); }

pte_t *root_create(void) {
    pte_t *root = page_alloc_zeroed();
    pte_t *l2 = page_alloc_zeroed();

    if (!root || !l2) {
        page_put(root);
        page_put(l2);
        return NULL;
    }
    pt_announce(pfn_of(l2), PT_L2);
    set_pdpte(make_pte(pa_of(l2) | PTE_P), &root[ROOT_USER]);
    set_pdpte(kernel_l2_entry, &root[ROOT_KERNEL]);
    pt_announce(pfn_of(root), PT_ROOT);
    return root;
}

/* The tables are pages again only after lazy_end: until then a hypervisor may watch them. */
void root_destroy(pte_t *root, pte_t *next, void (*leave)(const pte_t *l1)) {
    pte_t *l2 = user_l2(root);

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
    link_l1(user_l2(root), l2_index(va), page, PTE_USER_TABLE);
    return pte_find(root, va);
}
