/* SPDX-License-Identifier: MIT
 * kernel/vm.c: the address space of a program: copy on write, demand zero, the heap.
 *
 * Runs:  process context; vm_fault in a page fault of the running program, interrupts off.
 * Needs: the entries that lazy mode has queued are not read back before lazy_end.
 * Read first: kernel/proc.h (struct vm), arch/x86/arch.h (page tables).
 */
#include "kernel/kernel.h"

#define TABLE_SPAN  (PT_ENTRIES * PAGE_SIZE)
#define STACK_FLOOR (USER_TOP - USER_STACK_MAX)

static bool has_anonymous(const struct vm *vm, va_t va) {
    return (va >= vm->anonymous && va < vm->brk) || (va >= STACK_FLOOR && va < USER_TOP);
}

void *vm_add_page(struct vm *vm, va_t va, bool writable) {
    pte_t *pte = pte_make(vm->root, va);
    void *page = pte ? page_alloc_zeroed() : NULL;

    if (!page) return NULL;
    set_pte(make_pte(pa_of(page) | (writable ? PTE_USER_RW : PTE_USER_RO)), pte);
    vm->pages++;
    return page;
}

/* --- fork ---------------------------------------------------------------------------------- */

/* Both sides now own the page; if it was writable, neither may write before it has its own. */
static void share_page(pte_t *from, pte_t *to) {
    pte_t pte = *from;

    if (pte & PTE_W) {
        pte = (pte & ~PTE_W) | PTE_COW;
        set_pte(pte, from);
    }
    page_get(pte_pfn(pte));
    set_pte(pte, to);
}

static bool share_table(struct vm *child, pte_t *from, va_t va) {
    pte_t *to = pte_make(child->root, va);

    if (!to) return false;
    for (u32 i = 0; i < PT_ENTRIES; i++)
        if (from[i]) share_page(&from[i], &to[i]);
    return true;
}

static bool share_all(struct vm *child, const struct vm *parent) {
    const pte_t *l2 = user_l2(parent->root);

    for (u32 i = 0; i < PT_ENTRIES; i++)
        if (l2[i] && !share_table(child, table_of(l2[i]), i * TABLE_SPAN)) return false;
    return true;
}

/* The child's root, or NULL: no memory. The parent's translations are flushed: its pages are no
 * longer writable. */
pte_t *vm_fork(struct vm *child, const struct vm *parent) {
    bool complete;

    *child = *parent;
    lazy_begin(LAZY_MMU);
    child->root = root_create();
    complete = child->root && share_all(child, parent);
    flush_all();
    lazy_end();
    if (complete) return child->root;
    vm_destroy(child, parent->root);
    return NULL;
}

static void put_pages(const pte_t *table) {
    for (u32 i = 0; i < PT_ENTRIES; i++)
        if (table[i]) page_put(page_of(pte_pfn(table[i])));
}

/* Loads the root `next` first, instead of this one; nothing is to be done if there is none. */
void vm_destroy(struct vm *vm, pte_t *next) {
    if (vm->root) root_destroy(vm->root, next, put_pages);
    vm->root = NULL;
    vm->pages = 0;
}

/* --- page faults --------------------------------------------------------------------------- */

/* Without the page at `va` the running program cannot go on: it ends. False, for vm_fault. */
static bool no_memory(va_t va) {
    printk("%s[%u]: no memory left for the page at %08x: ended with status %u\n", current->name,
           current->pid, va & ~PAGE_MASK, STATUS_KILLED);
    current->killed = true;
    need_work = 1;
    return false;
}

/* The last owner keeps the page; any other gets a copy. */
static bool copy_on_write(va_t va, pte_t *ptep) {
    u32 pfn = pte_pfn(*ptep);
    void *page = page_of(pfn);

    if (page_owners(pfn) > 1) {
        page = page_alloc();
        if (!page) return no_memory(va);
        memcpy(page, page_of(pfn), PAGE_SIZE);
        page_put(page_of(pfn));
    }
    set_pte(make_pte(pa_of(page) | PTE_USER_RW), ptep);
    flush_one(va);
    return true;
}

/* Resolves a fault of the running program. False: it may not do that; or, if it is now marked
 * killed, there was no memory. */
bool vm_fault(va_t va, bool write, bool present) {
    pte_t *pte;

    current->faults++;
    if (!present)
        return has_anonymous(&current->vm, va) &&
               (vm_add_page(&current->vm, va, true) || no_memory(va));
    pte = pte_find(current->vm.root, va);
    return write && pte && *pte & PTE_COW && copy_on_write(va, pte);
}

/* --- the heap ------------------------------------------------------------------------------ */

static void unmap_page(struct vm *vm, va_t va) {
    pte_t *pte = pte_find(vm->root, va);
    void *page;

    if (!pte || !*pte) return;
    page = page_of(pte_pfn(*pte));
    set_pte(0, pte);
    flush_one(va);
    page_put(page);
    vm->pages--;
}

/* Moves the end of the heap; returns the old one. New pages come when they are touched; old ones go now. */
int vm_sbrk(struct vm *vm, i32 bytes) {
    va_t old = vm->brk, brk = old + (u32)bytes;

    if (bytes < 0 && (brk > vm->brk || brk < vm->heap)) return -EINVAL;
    if (bytes > 0 && (brk < vm->brk || brk > STACK_FLOOR)) return -ENOMEM;
    lazy_begin(LAZY_MMU);
    for (va_t va = ALIGN_UP(brk, PAGE_SIZE); va < vm->brk; va += PAGE_SIZE) unmap_page(vm, va);
    lazy_end();
    vm->brk = brk;
    return (int)old;
}
