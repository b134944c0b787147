/* SPDX-License-Identifier: MIT
 * tests/unit/fake/arch/x86/arch.h: what kernel/frame.c sees of a machine when it is tested on the
 * host: some memory, and a direct map that is an array.
 */
#ifndef FAKE_ARCH_H
#define FAKE_ARCH_H

#include "lib/types.h"
#include "pvops/host.h"

#define PV_ABI

#define FAKE_PAGES 2100

struct boot_info {
    u32 ram_pages, mapped_pages, first_free;
    pa_t initrd, initrd_end;
};

struct trap_frame {
    u32 eax;
};

extern u8 fake_memory[FAKE_PAGES][PAGE_SIZE];

static inline void *page_of(u32 pfn) { return fake_memory[pfn]; }

static inline u32 pfn_of(const void *page) {
    return (u32)(((const u8 *)page - fake_memory[0]) / PAGE_SIZE);
}

int copy_to_user(va_t to, const void *from, u32 length); /* test_frame.c */

#endif
