/* SPDX-License-Identifier: MIT
 * pvops/select.c: chooses the backend that the kernel runs on, and puts it in force.
 *
 * Runs:  once, at boot, interrupts off, on native's table.
 * Gives: pv_ops and pv_info of the chosen backend, every site patched, the banner.
 * Read first: backend.h, patch.c.
 */
#include "lib/exit.h"
#include "lib/string.h"
#include "pvops/backend.h"

/* In the order in which pv=auto tries them. */
static const struct pv_backend *const backends[] = {&xen_backend, &vmi_backend, &kvm_backend,
                                                    &native_backend, &trap_backend};

struct pv_info pv_info;
const struct pv_backend *pv_backend;
enum pv_patch_mode pv_patch_mode;
u32 pv_patched;

void pv_no_backend(void) {
    printk("exit: %u\n", EXIT_NO_BACKEND);
    power_off(EXIT_NO_BACKEND);
    __builtin_unreachable();
}

/* The backend of this name; for "auto", the first that is here. None: the end. On Xen nobody else
 * may look: already the look takes instructions that Xen does not emulate. */
static const struct pv_backend *choose(const char *name, const struct pv_options *options) {
    bool any = strcmp(name, "auto") == 0, on_xen = xen_backend.info.va_top != 0;
    const char *why = "no backend has this name: there are native, vmi, trap, kvm and xen";

    for (u32 i = 0; i < ARRAY_SIZE(backends); i++) {
        const struct pv_backend *backend = backends[i];

        if (any ? backend->only_if_asked : strcmp(name, backend->info.name) != 0) continue;
        why = "this kernel runs on Xen, where only pv=xen works";
        if (!on_xen || backend == &xen_backend) why = backend->enter(&pv_ops, options);
        if (!why) return backend;
        if (any) printk("pvops: no %s: %s\n", backend->info.name, why);
    }
    printk("pvops: pv=%s: %s%s\n", name, any ? "no backend suits this machine" : why,
           any ? "" : "; pv=auto takes what is there");
    pv_no_backend();
}

const char *const pv_patch_names[] = {
    [PV_PATCH_OFF] = "off",
    [PV_PATCH_ON] = "on",
    [PV_PATCH_COUNT] = "count",
    [PV_PATCH_POISON] = "poison",
};

static enum pv_patch_mode mode_of(const char *name) {
    for (u32 mode = 0; mode < ARRAY_SIZE(pv_patch_names); mode++)
        if (strcmp(name, pv_patch_names[mode]) == 0) return mode;
    return PV_PATCH_ON;
}

void pv_choose(const struct pv_options *options) {
    pv_backend = choose(options->backend, options);
    pv_info = pv_backend->info;
    pv_patch_mode = mode_of(options->patch);
    pv_patched = pv_patch_all(pv_patch_mode);
    printk("pvops: backend=%s ring=%u sites=%u patched=%u\n", pv_info.name, pv_info.kernel_rpl,
           (u32)(pv_sites_end - pv_sites), pv_patched);
}
