/* SPDX-License-Identifier: MIT
 * pvops/pvclock.h: the clock page by which a hypervisor tells a guest the time: KVM's, and Xen's.
 */
#ifndef PVOPS_PVCLOCK_H
#define PVOPS_PVCLOCK_H

#include "lib/types.h"

/* The hypervisor writes it whenever the relation between the TSC and the time changes. */
struct pvclock {
    u32 version; /* odd while it is being written */
    u32 unused;
    u64 tsc;       /* what the TSC was .. */
    u64 system_ns; /* .. at this time */
    u32 scale;     /* ns = (ticks << shift) * scale >> 32 */
    signed char shift;
    u8 flags;
    u8 unused2[2];
};

/* Nanoseconds from `ticks` of a TSC. */
u64 pvclock_scale(u64 ticks, u32 scale, int shift);

/* What time it is, by this page. NULL, or a phrase that says why it cannot be known. */
const char *pvclock_read(const volatile struct pvclock *page, u64 *ns);

/* The same; a page that never becomes complete is the end. */
u64 pvclock_ns(const volatile struct pvclock *page);

#endif
