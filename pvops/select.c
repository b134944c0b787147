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
#include "pvops/host.h"

/* In the order in which pv=auto tries them. */
static const struct pv_backend *const backends[] = {&xen_backend, &vmi_backend, &kvm_backend,
                                                    &native_backend, &trap_backend};

struct pv_info pv_info;
const struct pv_backend *pv_backend;
enum pv_patch_mode pv_patch_mode;
u32 pv_patched;

static NORETURN void not_there(const char *name, const char *why) {
    printk("pvops: pv=%s: %s\n", name, why);
    printk("exit: %u\n", EXIT_NO_BACKEND);
    power_off(EXIT_NO_BACKEND);
    __builtin_unreachable();
}

/* NULL if this backend is here and in force, or why not. A kernel that Xen has started meets
 * instructions that Xen does not emulate already where others look whether they are there. */
static const char *enter(const struct pv_backend *backend, const struct pv_options *options) {
    if (xen_backend.info.va_top && backend != &xen_backend) return "this kernel runs on Xen";
    return backend->enter(&pv_ops, options);
}

/* The first backend that is here. */
static const struct pv_backend *choose_any(const struct pv_options *options) {
    for (u32 i = 0; i < ARRAY_SIZE(backends); i++) {
        const char *why;

        if (backends[i]->only_if_asked) continue;
        why = enter(backends[i], options);
        if (!why) return backends[i];
        printk("pvops: no %s: %s\n", backends[i]->info.name, why);
    }
    not_there("auto", "no backend suits this machine");
}

/* The one that was asked for, or none. */
static const struct pv_backend *choose_named(const char *name, const struct pv_options *options) {
    for (u32 i = 0; i < ARRAY_SIZE(backends); i++) {
        const char *why;

        if (strcmp(name, backends[i]->info.name) != 0) continue;
        why = enter(backends[i], options);
        if (why) not_there(name, why);
        return backends[i];
    }
    not_there(name, "this kernel has no such backend");
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
    bool any = strcmp(options->backend, "auto") == 0;

    pv_backend = any ? choose_any(options) : choose_named(options->backend, options);
    pv_info = pv_backend->info;
    pv_patch_mode = mode_of(options->patch);
    pv_patched = pv_patch_all(pv_patch_mode);
    printk("pvops: backend=%s ring=%u sites=%u patched=%u\n", pv_info.name, pv_info.kernel_rpl,
           (u32)(pv_sites_end - pv_sites), pv_patched);
}
