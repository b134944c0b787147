/* SPDX-License-Identifier: MIT
 * pvops/trap.c: the trap backend: full virtualization, as far as x86 allows it.
 *
 * Runs:  in ring 1, on hv-stub, which emulates every instruction that traps there.
 * Needs: to be asked for (pv=trap): that somebody emulates cannot be seen, only that this is
 *        ring 1.
 * Gives: native's table, but for the four ops whose instructions do not trap.
 */
#include "arch/x86/layout.h"
#include "arch/x86/native.h"
#include "lib/hv.h"
#include "pvops/backend.h"

/* trap.asm has some of these. */
#define PV_OP(group, kind, ret, name, params, args, doc) PV_ABI ret trap_##name params;
#include "pvops/pvops.def"
#undef PV_OP

static const char *enter(struct pv_ops *ops, const struct pv_options *options) {
    u32 flags;

    if ((native_ring_experiment(&flags) & 3) != 1)
        return "the kernel is not in ring 1: nothing would trap";
    ops->irq_save = trap_irq_save;
    ops->irq_restore = trap_irq_restore;
    ops->iret = trap_iret;
    ops->cpuid = trap_cpuid;
    return NULL;
}

/* hv-stub answers in CPUID leaves of its own. */
static bool exits(u32 reason, u64 *count) {
    struct cpuid_regs regs = {.eax = HV_CPUID_EXITS + reason};

    if (reason >= REASONS) return false;
    trap_cpuid(&regs);
    *count = (u64)regs.edx << 32 | regs.eax;
    return true;
}

const struct pv_backend trap_backend = {
    .info.name = "trap",
    .info.kernel_rpl = 1,
    .info.va_top = VA_TOP,
    .only_if_asked = true,
    .found_by = "being told (pv=trap)",
    .enter = enter,
    .exits = exits,
};
