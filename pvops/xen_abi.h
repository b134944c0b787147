/* SPDX-License-Identifier: MIT
 * pvops/xen_abi.h: Xen's interface to a 32-bit paravirtual guest: what xen.c and xen.asm use of it.
 *
 * Facts only, in words of our own. tests/xen/abi.c compares them with Xen's public headers.
 * The Makefile turns each `#define NAME number` into a NASM %define.
 */
#ifndef PVOPS_XEN_ABI_H
#define PVOPS_XEN_ABI_H

#include "pvops/pvclock.h"

/* A page that Xen fills holds the entry of hypercall n at n * 32. Arguments travel in EBX, ECX,
 * EDX, ESI, the answer in EAX; a negative one is an error. */
#define HYPERCALL_SIZE              32
#define HYPERCALL_set_trap_table    0
#define HYPERCALL_mmu_update        1
#define HYPERCALL_set_gdt           2
#define HYPERCALL_stack_switch      3
#define HYPERCALL_fpu_taskswitch    5
#define HYPERCALL_update_descriptor 10
#define HYPERCALL_memory_op         12
#define HYPERCALL_multicall         13
#define HYPERCALL_update_va_mapping 14
#define HYPERCALL_set_timer_op      15
#define HYPERCALL_xen_version       17
#define HYPERCALL_console_io        18
#define HYPERCALL_iret              23
#define HYPERCALL_vcpu_op           24
#define HYPERCALL_mmuext_op         26
#define HYPERCALL_sched_op          29
#define HYPERCALL_callback_op       30
#define HYPERCALL_event_channel_op  32
#define HYPERCALL_physdev_op        33

/* First arguments */
#define XENMEM_machphys_mapping    12
#define UVMF_INVLPG                2
#define XENVER_version             0
#define CONSOLEIO_write            0
#define CONSOLEIO_read             1
#define VCPUOP_get_runstate_info   4
#define VCPUOP_stop_periodic_timer 7
#define MMUEXT_PIN_L3_TABLE        2
#define MMUEXT_UNPIN_TABLE         4
#define MMUEXT_NEW_BASEPTR         5
#define MMUEXT_TLB_FLUSH_LOCAL     6
#define MMUEXT_INVLPG_LOCAL        7
#define SCHEDOP_block              1
#define SCHEDOP_shutdown           2
#define SHUTDOWN_poweroff          0
#define SHUTDOWN_reboot            1
#define SHUTDOWN_crash             3
#define CALLBACKOP_register        0
#define CALLBACKTYPE_event         0
#define CALLBACKTYPE_syscall32     7
#define CALLBACKF_mask_events      1
#define EVTCHNOP_bind_virq         1
#define EVTCHNOP_unmask            9
#define VIRQ_TIMER                 0
#define VIRQ_CONSOLE               2
#define PHYSDEVOP_set_iopl         6
#define DOMID_SELF                 0x7FF0

/* ELF notes, by which Xen finds out what kernel it has */
#define XEN_ELFNOTE_ENTRY          1
#define XEN_ELFNOTE_HYPERCALL_PAGE 2
#define XEN_ELFNOTE_VIRT_BASE      3
#define XEN_ELFNOTE_PADDR_OFFSET   4
#define XEN_ELFNOTE_XEN_VERSION    5
#define XEN_ELFNOTE_LOADER         8
#define XEN_ELFNOTE_PAE_MODE       9

/* Where xen.asm finds things in struct xen_shared_info */
#define XEN_UPCALL_PENDING 0
#define XEN_UPCALL_MASK    1
#define XEN_PENDING_SEL    4
#define XEN_CR2            8
#define XEN_EVTCHN_PENDING 2048
#define XEN_EVTCHN_MASK    2176

/* ESI points to it at the entry. */
struct xen_start_info {
    char magic[32];
    u32 nr_pages;
    u32 shared_info; /* machine address */
    u32 flags;
    u32 store[2], console[2];
    u32 pt_base, nr_pt_frames; /* Xen's page tables for us, the root first; pinned already */
    u32 mfn_list;              /* u32[nr_pages]: the machine frame of each of ours */
    u32 mod_start, mod_len;    /* the initrd */
    char cmd_line[1024];
};

struct xen_vcpu_info {
    u8 upcall_pending; /* Xen: there are events. Ours to clear. */
    u8 upcall_mask;    /* ours: 1: do not interrupt. The virtual IF, turned round. */
    u16 unused;
    u32 pending_sel; /* in which words of `pending` they are */
    u32 cr2, unused2[5];
    struct pvclock time;
};

struct xen_shared_info {
    struct xen_vcpu_info vcpu[32];
    u32 pending[32], mask[32];       /* a bit for each event channel */
    u32 wc_version, wc_sec, wc_nsec; /* the wall clock when system time was 0 */
};

struct xen_trap_info {
    u8 vector, flags; /* flags: the gate's DPL; and 4: no events in the handler */
    u16 cs;
    u32 address; /* 0: end of the list */
};

struct xen_registration {
    u16 type, flags;
    u32 cs, address;
};

struct xen_mmu_update {
    u64 address, value; /* the machine address of an entry, and what it is to hold */
};

struct xen_mmuext_op {
    u32 command, arg1, arg2;
};

struct xen_multicall {
    u32 op, result, args[6];
};

struct xen_machphys {
    u32 start, end, max_mfn;
};

struct xen_bind_virq {
    u32 virq, vcpu, port;
};

struct xen_runstate {
    u32 state;
    u64 since, ns[4]; /* running; runnable, but others ran; blocked; offline */
};

#endif
