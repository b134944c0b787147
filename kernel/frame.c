/* SPDX-License-Identifier: MIT
 * kernel/frame.c: memory in pages: who has one, and which are free.
 *
 * Runs:  process context and boot, never in interrupt handlers.
 * Gives: pages with a count of owners, for copy on write.
 *
 * Pages that were never used are taken in order of their number, from the first one behind kernel
 * and initrd; pages that come back go on a list through their own first bytes. So nothing need be
 * set up for each page at boot.
 */
#include "kernel/kernel.h"

#define RESERVE 16 /* pages that only process 1 gets: if it ended for want of one, all would */

static struct frame_pool {
    u16 *owners;       /* of each frame */
    u32 fresh, end;    /* frames from here on were never used */
    u32 initrd, total; /* pages */
    i32 unused;        /* less the reserve: negative if process 1 has some of it */
    void **list;       /* of those that came back: the first word of each is the next */
} pool;

/* Loaders put the initrd right behind the kernel, Xen before what it has made for us. */
void frame_init(const struct boot_info *boot) {
    u32 table_pages = ALIGN_UP(boot->ram_pages * sizeof(u16), PAGE_SIZE) / PAGE_SIZE;
    u32 initrd_end = (u32)(ALIGN_UP(boot->initrd_end, PAGE_SIZE) >> PAGE_SHIFT);
    u32 first = initrd_end > boot->first_free ? initrd_end : boot->first_free;

    if (first + table_pages + MIN_FREE_PAGES + RESERVE > boot->ram_pages)
        panic("%u KiB of memory are too little: kernel and initrd take %u KiB, and at least "
              "%u KiB must be left",
              boot->ram_pages * 4, (first + table_pages) * 4, MIN_FREE_PAGES * 4);
    if (first + table_pages >= boot->mapped_pages)
        panic("kernel and initrd take %u KiB, and must be within the first %u KiB",
              (first + table_pages) * 4, boot->mapped_pages * 4);
    pool = (struct frame_pool){
        .owners = memset(page_of(first), 0, table_pages * PAGE_SIZE),
        .fresh = first + table_pages,
        .end = boot->ram_pages,
        .initrd = initrd_end - (u32)(boot->initrd >> PAGE_SHIFT),
    };
    pool.total = pool.end - pool.fresh - RESERVE;
    pool.unused = (i32)pool.total;
}

bool pages_low(void) { return pool.unused <= 0; }

void *page_alloc(void) {
    void *page = pool.list;

    if (pages_low() && current && current->pid != INIT_PID) return NULL;
    if (page) {
        pool.list = *pool.list;
    } else {
        if (pool.fresh == pool.end) return NULL;
        page = page_of(pool.fresh++);
    }
    pool.owners[pfn_of(page)] = 1;
    pool.unused--;
    return page;
}

void *page_alloc_zeroed(void) {
    void *page = page_alloc();

    return page ? memset(page, 0, PAGE_SIZE) : NULL;
}

void page_get(u32 pfn) { pool.owners[pfn]++; }

void page_put(void *page) {
    if (!page) return;
    assert(pool.owners[pfn_of(page)] > 0);
    if (--pool.owners[pfn_of(page)] > 0) return;
    *(void **)page = pool.list;
    pool.list = page;
    pool.unused++;
}

u32 page_owners(u32 pfn) { return pool.owners[pfn]; }

int frame_info(va_t answer) {
    struct meminfo info = {
        .total_pages = pool.total,
        .free_pages = pages_low() ? 0 : (u32)pool.unused,
        .kernel_pages = pool.end - pool.total - pool.initrd,
        .initrd_pages = pool.initrd,
    };

    for (u32 pfn = 0; pfn < pool.end; pfn++) info.shared_pages += pool.owners[pfn] > 1;
    return copy_to_user(answer, &info, sizeof info);
}
