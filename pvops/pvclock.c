/* SPDX-License-Identifier: MIT
 * pvops/pvclock.c: reads the clock page that KVM and Xen share with a guest.
 *
 * Runs:  anywhere, on the one CPU that the page is of. The hypervisor writes the page while we do
 *        not run: between two of our reads, but never beside them.
 * Read first: pvclock.h.
 */
#include "pvops/pvclock.h"
#include "pvops/host.h"

#define PATIENCE 1000000u /* readings; it takes two if the hypervisor has come in between */

/* 64 bits times 32, without the low 32 of the 96. */
u64 pvclock_scale(u64 ticks, u32 scale, int shift) {
    ticks = shift < 0 ? ticks >> -shift : ticks << shift;
    return (ticks >> 32) * scale + ((u64)(u32)ticks * scale >> 32);
}

/* It is whole if the version is even, not 0 (never written), and the same before and after. */
const char *pvclock_read(const volatile struct pvclock *page, u64 *ns) {
    for (u32 patience = PATIENCE; patience; patience--) {
        u32 low, high, version = page->version;

        asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
        *ns = page->system_ns +
              pvclock_scale(((u64)high << 32 | low) - page->tsc, page->scale, page->shift);
        if (version && !(version & 1) && version == page->version) return NULL;
    }
    return "the clock page never becomes complete: its version stays odd or 0";
}

u64 pvclock_ns(const volatile struct pvclock *page) {
    u64 ns;
    const char *why = pvclock_read(page, &ns);

    if (why) panic("pvclock: %s", why);
    return ns;
}
