/* SPDX-License-Identifier: MIT
 * tests/xen/abi.c: the structures of pvops/xen_abi.h are those of Xen's public headers. Only ever
 * compiled, by tests/test_xen.py, which compares the numbers too.
 *
 * Needs: -m32, and the public headers, which `make xen` leaves in its cache, as <xen/...>.
 */
#include "pvops/xen_abi.h"

#define __XEN_INTERFACE_VERSION__ 0x00040e00
#include <xen/xen.h>
#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/memory.h>
#include <xen/vcpu.h>

/* Each field that we use begins where theirs does and is as large. */
#define SAME(our, our_field, their, their_field)                                          \
    _Static_assert(offsetof(our, our_field) == offsetof(their, their_field), #our_field); \
    _Static_assert(sizeof(((our *)0)->our_field) == sizeof(((their *)0)->their_field), #our_field)

#define START(our, their) SAME(struct xen_start_info, our, struct start_info, their)
START(magic, magic);
START(nr_pages, nr_pages);
START(shared_info, shared_info);
START(flags, flags);
START(console, console);
START(pt_base, pt_base);
START(nr_pt_frames, nr_pt_frames);
START(mfn_list, mfn_list);
START(mod_start, mod_start);
START(mod_len, mod_len);
START(cmd_line, cmd_line);

#define SHARED(our, their) SAME(struct xen_shared_info, our, struct shared_info, their)
SHARED(vcpu, vcpu_info);
SHARED(vcpu[0].upcall_pending, vcpu_info[0].evtchn_upcall_pending);
SHARED(vcpu[0].upcall_mask, vcpu_info[0].evtchn_upcall_mask);
SHARED(vcpu[0].pending_sel, vcpu_info[0].evtchn_pending_sel);
SHARED(vcpu[0].cr2, vcpu_info[0].arch.cr2);
SHARED(vcpu[0].time, vcpu_info[0].time);
SHARED(vcpu[0].time.version, vcpu_info[0].time.version);
SHARED(vcpu[0].time.tsc, vcpu_info[0].time.tsc_timestamp);
SHARED(vcpu[0].time.system_ns, vcpu_info[0].time.system_time);
SHARED(vcpu[0].time.scale, vcpu_info[0].time.tsc_to_system_mul);
SHARED(vcpu[0].time.shift, vcpu_info[0].time.tsc_shift);
SHARED(pending, evtchn_pending);
SHARED(mask, evtchn_mask);
SHARED(wc_version, wc_version);
SHARED(wc_sec, wc_sec);
SHARED(wc_nsec, wc_nsec);

/* xen.asm's names for some of them. */
_Static_assert(XEN_UPCALL_PENDING == offsetof(struct vcpu_info, evtchn_upcall_pending), "");
_Static_assert(XEN_UPCALL_MASK == offsetof(struct vcpu_info, evtchn_upcall_mask), "");
_Static_assert(XEN_PENDING_SEL == offsetof(struct vcpu_info, evtchn_pending_sel), "");
_Static_assert(XEN_CR2 == offsetof(struct vcpu_info, arch.cr2), "");
_Static_assert(XEN_EVTCHN_PENDING == offsetof(struct shared_info, evtchn_pending), "");
_Static_assert(XEN_EVTCHN_MASK == offsetof(struct shared_info, evtchn_mask), "");

/* The others we only send, whole. */
#define WHOLE(our, their) _Static_assert(sizeof(our) == sizeof(their), #our)
WHOLE(struct xen_trap_info, struct trap_info);
SAME(struct xen_trap_info, vector, struct trap_info, vector);
SAME(struct xen_trap_info, flags, struct trap_info, flags);
SAME(struct xen_trap_info, cs, struct trap_info, cs);
SAME(struct xen_trap_info, address, struct trap_info, address);
WHOLE(struct xen_registration, struct callback_register);
SAME(struct xen_registration, type, struct callback_register, type);
SAME(struct xen_registration, flags, struct callback_register, flags);
SAME(struct xen_registration, cs, struct callback_register, address.cs);
SAME(struct xen_registration, address, struct callback_register, address.eip);
WHOLE(struct xen_mmu_update, struct mmu_update);
SAME(struct xen_mmu_update, address, struct mmu_update, ptr);
SAME(struct xen_mmu_update, value, struct mmu_update, val);
WHOLE(struct xen_mmuext_op, struct mmuext_op);
SAME(struct xen_mmuext_op, command, struct mmuext_op, cmd);
SAME(struct xen_mmuext_op, arg1, struct mmuext_op, arg1);
SAME(struct xen_mmuext_op, arg2, struct mmuext_op, arg2);
WHOLE(struct xen_multicall, struct multicall_entry);
SAME(struct xen_multicall, op, struct multicall_entry, op);
SAME(struct xen_multicall, result, struct multicall_entry, result);
SAME(struct xen_multicall, args, struct multicall_entry, args);
WHOLE(struct xen_machphys, struct xen_machphys_mapping);
SAME(struct xen_machphys, start, struct xen_machphys_mapping, v_start);
WHOLE(struct xen_bind_virq, struct evtchn_bind_virq);
SAME(struct xen_bind_virq, virq, struct evtchn_bind_virq, virq);
SAME(struct xen_bind_virq, vcpu, struct evtchn_bind_virq, vcpu);
SAME(struct xen_bind_virq, port, struct evtchn_bind_virq, port);
WHOLE(struct xen_runstate, struct vcpu_runstate_info);
SAME(struct xen_runstate, ns, struct vcpu_runstate_info, time);
_Static_assert(RUNSTATE_runnable == 1 && RUNSTATE_offline == 3, "xen.c: waited_ns");
