/* SPDX-License-Identifier: MIT
 * pvops/native.c: the native backend: ring 0, on the machine itself.
 *
 * Runs:  from the first instruction: the table in force is native's at link time.
 * Needs: ring 0. If that is not so, enter() finds out by experiment and says so.
 * Gives: the full table. Bodies of a few instructions are in native.asm; those that drive a
 *        device (irqchip, time, console, machine) are the drivers in arch/x86/.
 */
#include "arch/x86/layout.h"
#include "arch/x86/native.h"
#include "pvops/backend.h"

#define EFLAGS_IF 0x200

struct pv_ops pv_ops = {
#define PV_OP(group, kind, ret, name, params, args, doc) .name = native_##name,
#include "pvops/pvops.def"
#undef PV_OP
};

/* cli, then pushf. Both say the same in ring 0. In ring 1 whoever runs us emulates the cli,
 * which trapped; pushf does not trap and tells the real flag. */
static const char *enter(struct pv_ops *ops, const struct pv_options *options) {
    u32 flags;
    u32 cs = native_ring_experiment(&flags);

    if ((cs & 3) == 0 && !(flags & EFLAGS_IF)) return NULL;
    printk("native: CS is %04x, so this is ring %u; after cli, which somebody emulated, pushf\n"
           "native: shows IF=%u, the host's: full virtualization of this kernel is not possible\n",
           cs, cs & 3, (flags & EFLAGS_IF) / EFLAGS_IF);
    return "the kernel is not in ring 0 (use pv=trap or pv=vmi)";
}

const struct pv_backend native_backend = {
    .info.name = "native",
    .info.kernel_rpl = 0,
    .info.va_top = VA_TOP,
    .found_by = "CPUID signature",
    .enter = enter,
};
