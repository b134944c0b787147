/* SPDX-License-Identifier: MIT
 * pvops/backend.h: what a backend brings, and what the patcher keeps. Private to pvops/.
 */
#ifndef PVOPS_BACKEND_H
#define PVOPS_BACKEND_H

#include "lib/abi.h"
#include "pvops/pvops.h"

/* A body that is a few instructions, which may stand in a site itself (inline.inc). */
struct pv_inline {
    const u8 *body;
    u32 length;
};

extern const struct pv_inline pv_inlines[], pv_inlines_end[];

/* The body of an op for which there is nothing to do; a patched site holds nothing (native.asm). */
PV_ABI void pv_nothing(void);

/* A backend is one of these, in a file of its own. */
struct pv_backend {
    struct pv_info info;
    bool only_if_asked;   /* pv=auto passes it over */
    const char *found_by; /* how it knows its hypervisor, for people */

    /* Finds out whether it is here, and fills the table, which is native's until then (Xen's is
     * filled already). NULL if all is well, or a phrase that says why it is not here. Interrupts off. */
    const char *(*enter)(struct pv_ops *ops, const struct pv_options *options);

    /* How often the kernel had to go to a hypervisor for this enum hv_reason; false: not known.
     * NULL: there is none that counts. */
    bool (*exits)(u32 reason, u64 *count);
};

extern const struct pv_backend native_backend, trap_backend, vmi_backend, kvm_backend;
extern struct pv_backend xen_backend;

/* Who runs this machine, in the 12 letters of CPUID leaf 40000000h; "" on a bare one (query.c). */
#define PV_SIGNATURE 13
void pv_signature(char *text);

/* One call site, recorded by pv_call.h and pv_call.inc. */
struct pv_site {
    u8 *address;
    u8 op;
    u8 length; /* bytes; the patcher fills them all */
    u8 how;    /* enum pv_site_how */
    u8 used;   /* bytes that do something; the rest is padding */
};

extern struct pv_site pv_sites[], pv_sites_end[];

/* The thunks of pv.patch=count and poison, and what count counts. */
extern u8 *const pv_count_thunks[PV_OPS], *const pv_poison_thunks[PV_OPS];
extern u32 pv_counts[PV_OPS];

/* What the list says about an op. */
struct pv_op_info {
    const char *group, *name, *kind, *doc;
};

extern const struct pv_op_info pv_op_list[PV_OPS];

/* The body of an op in the table in force. */
static inline const u8 *pv_body(u32 op) { return ((const u8 *const *)&pv_ops)[op]; }

enum pv_patch_mode { PV_PATCH_OFF, PV_PATCH_ON, PV_PATCH_COUNT, PV_PATCH_POISON };

/* patch.c: rewrites every site for the table in force; returns how many were changed. */
u32 pv_patch_all(enum pv_patch_mode mode);

/* patch.c: composes what a site is to hold, in bytes[site->length], and says in site->how and
 * ->used what that is. Touches no code. */
void pv_compose_indirect(const struct pv_site *site, u8 *bytes);
void pv_compose_direct(struct pv_site *site, const u8 *target, enum pv_site_how how, u8 *bytes);

/* select.c: the end, since the backend that was wanted is not here; why was said before. */
NORETURN void pv_no_backend(void);

/* select.c: how the table in force came about. */
extern const struct pv_backend *pv_backend;
extern enum pv_patch_mode pv_patch_mode;
extern const char *const pv_patch_names[]; /* by enum pv_patch_mode: as in pv.patch= */
extern u32 pv_patched;

#endif
