/* SPDX-License-Identifier: MIT
 * pvops/query.c: what the table and the call sites hold, for the program `pv` and for GDB.
 *
 * Runs:  process context; only reads.
 * Read first: lib/abi.h (PV_Q_*), patch.c.
 */
#include "lib/hv.h"
#include "lib/string.h"
#include "pvops/backend.h"

const struct pv_op_info pv_op_list[PV_OPS] = {
#define PV_OP(group, kind, ret, name, params, args, doc) {#group, #name, #kind, doc},
#include "pvops/pvops.def"
#undef PV_OP
};

static u32 site_count(void) { return (u32)(pv_sites_end - pv_sites); }

void pv_signature(char *text) {
    enum { ECX_HYPERVISOR = 1u << 31 };
    struct cpuid_regs regs = {.eax = 1};

    memset(text, 0, PV_SIGNATURE);
    cpuid(&regs);
    if (!(regs.ecx & ECX_HYPERVISOR)) return;
    regs.eax = HV_CPUID_SIGNATURE;
    cpuid(&regs);
    memcpy(text, &regs.ebx, PV_SIGNATURE - 1); /* EBX, ECX, EDX */
}

static int query_info(u32 index, struct pv_q_info *info) {
    if (index != 0) return -ENOENT;
    *info = (struct pv_q_info){
        .ring = pv_info.kernel_rpl,
        .ops = PV_OPS,
        .sites = site_count(),
        .patched = pv_patched,
        .va_top = pv_info.va_top,
        .shared_kernel_l2 = !pv_info.own_kernel_l2,
        .has_pc_devices = !pv_info.no_pc_devices,
    };
    strlcpy(info->backend, pv_info.name, sizeof info->backend);
    pv_signature(info->signature);
    strlcpy(info->found_by, pv_backend->found_by, sizeof info->found_by);
    strlcpy(info->patch, pv_patch_names[pv_patch_mode], sizeof info->patch);
    return sizeof *info;
}

static int query_op(u32 op, struct pv_q_op *answer) {
    u32 offset;

    if (op >= PV_OPS) return -ENOENT;
    strlcpy(answer->group, pv_op_list[op].group, sizeof answer->group);
    strlcpy(answer->name, pv_op_list[op].name, sizeof answer->name);
    strlcpy(answer->kind, pv_op_list[op].kind, sizeof answer->kind);
    strlcpy(answer->doc, pv_op_list[op].doc, sizeof answer->doc);
    for (const struct pv_site *site = pv_sites; site < pv_sites_end; site++)
        answer->sites += site->op == op;
    answer->count = pv_counts[op];
    answer->body = (va_t)(uintptr_t)pv_body(op);
    strlcpy(answer->body_name, ksym(answer->body, &offset), sizeof answer->body_name);
    return sizeof *answer;
}

static int query_site(u32 index, struct pv_q_site *answer) {
    const struct pv_site *site = &pv_sites[index];

    if (index >= site_count()) return -ENOENT;
    answer->address = (va_t)(uintptr_t)site->address;
    strlcpy(answer->function, ksym(answer->address, &answer->function_offset),
            sizeof answer->function);
    answer->op = site->op;
    answer->how = site->how;
    answer->length = site->length;
    answer->used = site->used;
    pv_compose_indirect(site, answer->before);
    memcpy(answer->now, site->address, site->length);
    return sizeof *answer;
}

/* How often the kernel went to its hypervisor for this reason. */
static int query_exits(u32 reason, u64 *count) {
    if (!pv_backend->exits || !pv_backend->exits(reason, count)) return -ENOENT;
    return sizeof *count;
}

int pv_query(u32 what, u32 index, union pv_answer *answer) {
    memset(answer, 0, sizeof *answer);
    switch (what) {
    case PV_Q_INFO: return query_info(index, &answer->info);
    case PV_Q_OP: return query_op(index, &answer->op);
    case PV_Q_SITE: return query_site(index, &answer->site);
    case PV_Q_EXITS: return query_exits(index, &answer->exits);
    }
    return -EINVAL;
}
