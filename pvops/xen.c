/* SPDX-License-Identifier: MIT
 * pvops/xen.c: the xen backend: a 32-bit paravirtual domain 0 of a real Xen.
 *
 * Runs:  in ring 1, from the first instruction: Xen enters the kernel by arch/x86/boot_xen.asm,
 *        the table is filled before kernel_main, and no privileged instruction is executed but the
 *        last one, which Xen allows us: the exit status goes to its port.
 * Needs: a Xen with PV32, and to be domain 0, whose console is Xen's own.
 * Gives: the full table. There are no PC devices: events take the place of interrupt lines.
 *
 * Memory is not where it seems to be: the frame numbers that we use ("pseudo-physical", 0 to the
 * end) are not the machine's. Page tables hold the machine's, so every entry is translated on its
 * way in and out; and they are read-only to us, so every entry is written by Xen, once it has
 * checked that the frame is ours and is not itself a page table that we could then write to.
 * Read first: xen_abi.h, xen.asm. Source: Xen's public headers.
 */
#include "arch/x86/arch.h"
#include "arch/x86/native.h"
#include "lib/exit.h"
#include "lib/string.h"
#include "pvops/backend.h"
#include "pvops/xen_abi.h"

#define RPL         1 /* of our selectors: ring 1 */
#define ROOT_KERNEL 3 /* slot of a root */
#define SECOND_NS   1000000000u
#define PAGE_RO     (PTE_P | PTE_A | PTE_D)

/* xen.asm */
extern const u8 xen_hypercalls[];
extern struct xen_shared_info xen_shared;
void xen_upcall(void);
void xen_syscall(void);
void xen_no_fpu(void);

/* For xen.asm too. */
const u32 *xen_p2m, *xen_m2p; /* our frame number to the machine's, and the reverse */
u8 xen_vectors[32];           /* of each event channel */
va_t xen_gates[IDT_ENTRIES];  /* where the kernel's gates lead */

#define PV_OP(group, kind, ret, name, params, args, doc) PV_ABI ret xen_##name params;
#include "pvops/pvops.def"
#undef PV_OP
#define PV_OP(group, kind, ret, name, params, args, doc) .name = xen_##name,
static const struct pv_ops xen_ops = {
#include "pvops/pvops.def"
};
#undef PV_OP

/* NULL: Xen did not start us. */
static const struct xen_start_info *start;

/* --- hypercalls ----------------------------------------------------------------------------------- */

static u32 hypercall(u32 number, u32 a, u32 b, u32 c, u32 d) {
    u32 eax = (va_t)xen_hypercalls + number * HYPERCALL_SIZE, ebx = a, ecx = b, edx = c;

    asm volatile("call *%%eax"
                 : "+a"(eax), "+b"(ebx), "+c"(ecx), "+d"(edx), "+S"(d)
                 :
                 : "memory", "cc");
    return eax;
}

/* A call fails only if this file is wrong, or if this Xen lacks the call and so is not for us. */
static u32 check(u32 number, const char *name, u32 result) {
    if ((i32)result >= 0) return result;
    if ((i32)result != -ENOSYS)
        panic("xen: hypercall %u (%s) failed with error %u", number, name, -result);
    printk("pvops: pv=xen: this Xen lacks hypercall %u (%s)\n", number, name);
    pv_no_backend();
}

#define CALL(name, a, b, c, d) \
    check(HYPERCALL_##name, #name, hypercall(HYPERCALL_##name, a, b, c, d))

/* --- start of day --------------------------------------------------------------------------------- */

PV_ABI void xen_start(const struct xen_start_info *info);

/* Called by boot_xen.asm, before anything else of the kernel. */
PV_ABI void xen_start(const struct xen_start_info *info) {
    struct xen_machphys m2p;

    start = info;
    pv_ops = xen_ops;
    xen_p2m = (const u32 *)info->mfn_list;
    CALL(memory_op, XENMEM_machphys_mapping, (va_t)&m2p, 0, 0);
    xen_m2p = (const u32 *)m2p.start;
    xen_backend.info.va_top = m2p.start;
    CALL(update_va_mapping, (va_t)&xen_shared, info->shared_info | (u32)(PAGE_RO | PTE_W), 0,
         UVMF_INVLPG);
    memset(xen_shared.mask, 0xFF, sizeof xen_shared.mask);
    CALL(fpu_taskswitch, 1, 0, 0, 0);
}

/* The direct map that Xen has made for us is a number of full L1 tables. */
static u32 mapped_pages(const pte_t *l2) {
    u32 tables = 0;

    while (l2[tables]) tables++;
    return tables * PT_ENTRIES;
}

/* In memory there is first the kernel, then the initrd, the list of frames, the page tables. */
PV_ABI void xen_setup(struct boot_info *boot) {
    pte_t *root = (pte_t *)start->pt_base;

    boot_command_line(boot, start->cmd_line);
    boot_memory(boot, start->nr_pages, xen_backend.info.va_top);
    boot->root = root;
    boot->mapped_pages = mapped_pages(table_of(root[ROOT_KERNEL]));
    boot->first_free = pfn_of(root) + start->nr_pt_frames;
    boot->initrd = start->mod_len ? pa_of((void *)start->mod_start) : 0;
    boot->initrd_end = boot->initrd + start->mod_len;
}

/* --- page tables ----------------------------------------------------------------------------------- */

/* What waits until lazy_end; outside of lazy mode nothing does. */
static struct {
    bool allowed, on;
    u32 count; /* of updates */
    struct xen_mmu_update updates[128];
    struct xen_mmuext_op flush, new_root; /* command 0: none */
    u32 sp0;
} queue;

/* A domain is what the calls on page tables take last; others do not look at it. */
static void add(struct xen_multicall *next, u32 number, u32 a, u32 b) {
    *next = (struct xen_multicall){number, 0, {a, b, 0, DOMID_SELF}};
}

/* One hypercall for all that waits, in this order: entries, flush, stack, root. */
static void drain(void) {
    struct xen_multicall calls[4], *end = calls;
    u32 n;

    if (queue.count) add(end++, HYPERCALL_mmu_update, (va_t)queue.updates, queue.count);
    if (queue.flush.command) add(end++, HYPERCALL_mmuext_op, (va_t)&queue.flush, 1);
    if (queue.sp0) add(end++, HYPERCALL_stack_switch, KERNEL_DS | RPL, queue.sp0);
    if (queue.new_root.command) add(end++, HYPERCALL_mmuext_op, (va_t)&queue.new_root, 1);
    n = (u32)(end - calls);
    if (n == 1)
        calls->result =
            hypercall(calls->op, calls->args[0], calls->args[1], calls->args[2], calls->args[3]);
    else if (n)
        CALL(multicall, (va_t)calls, n, 0, 0);
    for (u32 i = 0; i < n; i++) check(calls[i].op, "of the queue", calls[i].result);
    queue.count = queue.flush.command = queue.sp0 = queue.new_root.command = 0;
}

static void drain_unless_lazy(void) {
    if (!queue.on) drain();
}

PV_ABI void xen_lazy_begin(u32 mode) { queue.on = queue.allowed; }

PV_ABI void xen_lazy_end(void) {
    queue.on = false;
    drain();
}

/* The machine address of an entry is what make_pte makes of ours. */
static void append(const pte_t *ptep, u64 value) {
    if (queue.count == ARRAY_SIZE(queue.updates)) drain();
    queue.updates[queue.count++] = (struct xen_mmu_update){xen_make_pte(pa_of(ptep)), value};
}

PV_ABI void xen_set_pte(u64 pte, pte_t *ptep) {
    append(ptep, pte);
    drain_unless_lazy();
}

/* What is linked here is read by the kernel at once. */
PV_ABI void xen_set_pmd(u64 pte, pte_t *ptep) {
    append(ptep, pte);
    drain();
}

PV_ABI void xen_set_pdpte(u64 pte, pte_t *ptep) { xen_set_pmd(pte, ptep); }

static void flush(u32 command, va_t va) {
    if (queue.flush.command) command = MMUEXT_TLB_FLUSH_LOCAL; /* more than one page: all */
    queue.flush = (struct xen_mmuext_op){command, va, 0};
    drain_unless_lazy();
}

PV_ABI void xen_flush_one(va_t va) { flush(MMUEXT_INVLPG_LOCAL, va); }

PV_ABI void xen_flush_all(void) { flush(MMUEXT_TLB_FLUSH_LOCAL, 0); }

/* At once, and not before what waits. */
static void mmuext(u32 command, u32 pfn) {
    struct xen_mmuext_op op = {command, xen_p2m[pfn], 0};

    drain();
    CALL(mmuext_op, (va_t)&op, 1, 0, DOMID_SELF);
}

/* Our own mapping of a page, the only one: read-only, or (PTE_W) not. */
static void protect(u32 pfn, pte_t writable) {
    const pte_t *l2 = table_of(((pte_t *)start->pt_base)[ROOT_KERNEL]);
    const pte_t *l1 = table_of(l2[pfn / PT_ENTRIES]);

    append(&l1[pfn % PT_ENTRIES], xen_make_pte((pa_t)pfn << PAGE_SHIFT | PAGE_RO | writable));
}

/* Xen takes a page for a table as soon as it is linked or pinned, if nobody can write to it. A
 * root is pinned, or else Xen would check all that hangs below at each switch to it. */
PV_ABI void xen_pt_announce(u32 pfn, u32 level) {
    if (pfn - pfn_of((void *)start->pt_base) < start->nr_pt_frames) return; /* Xen's own work */
    protect(pfn, 0);
    if (level == PT_ROOT)
        mmuext(MMUEXT_PIN_L3_TABLE, pfn);
    else
        drain_unless_lazy();
}

PV_ABI void xen_pt_release(u32 pfn, u32 level) {
    if (level == PT_ROOT) mmuext(MMUEXT_UNPIN_TABLE, pfn);
    protect(pfn, PTE_W);
    xen_flush_one((va_t)page_of(pfn));
}

/* --- cpu -------------------------------------------------------------------------------------------- */

static u32 root_in_use;

PV_ABI u32 xen_read_cr3(void) { return root_in_use; }

PV_ABI void xen_write_cr3(u32 root) {
    root_in_use = root;
    queue.new_root = (struct xen_mmuext_op){MMUEXT_NEW_BASEPTR, xen_p2m[root >> PAGE_SHIFT], 0};
    drain_unless_lazy();
}

PV_ABI void xen_load_sp0(u32 sp) {
    queue.sp0 = sp;
    drain_unless_lazy();
}

/* Only segments of code and data: Xen has the only TSS. */
PV_ABI void xen_write_gdt_entry(u32 index, u64 descriptor) {
    extern u64 gdt[];
    u64 address = xen_make_pte(pa_of(&gdt[index]));

    if (!(descriptor >> 44 & 1)) return;
    CALL(update_descriptor, (u32)address, (u32)(address >> 32), (u32)descriptor,
         (u32)(descriptor >> 32));
}

/* Xen checks the page as it does page tables, and puts its own descriptors behind it. */
PV_ABI void xen_load_gdt(const struct table_pointer *pointer) {
    u32 pfn = pfn_of((void *)pointer->base);

    protect(pfn, 0);
    drain();
    CALL(set_gdt, (va_t)&xen_p2m[pfn], (pointer->limit + 1u) / 8, 0, 0);
}

/* Through an interrupt gate no events are delivered, through a trap gate they are. */
PV_ABI void xen_write_idt_entry(u32 vector, u64 gate) {
    u32 high = (u32)(gate >> 32);
    bool interrupt_gate = (high >> 8 & 0xF) == 0xE;
    struct xen_trap_info traps[2] = {{
        .vector = (u8)vector,
        .flags = (u8)((high >> 13 & 3) | (interrupt_gate ? 4 : 0)),
        .cs = (u16)(gate >> 16),
        .address = (high & 0xFFFF0000) | (gate & 0xFFFF),
    }};

    xen_gates[vector] = traps[0].address;
    if (vector == VECTOR_NM) traps[0].address = (va_t)xen_no_fpu;
    CALL(set_trap_table, (va_t)traps, 0, 0, 0);
}

/* The gates are Xen's already. What is left are its own ways to call us. */
PV_ABI void xen_load_idt(const struct table_pointer *idt) {
    static struct xen_registration calls[] = {
        {CALLBACKTYPE_event, CALLBACKF_mask_events, KERNEL_CS | RPL, (va_t)xen_upcall},
        {CALLBACKTYPE_syscall32, CALLBACKF_mask_events, KERNEL_CS | RPL, (va_t)xen_syscall},
    };

    CALL(callback_op, CALLBACKOP_register, (va_t)&calls[0], 0, 0);
    CALL(callback_op, CALLBACKOP_register, (va_t)&calls[1], 0, 0);
}

/* --- events ------------------------------------------------------------------------------------------ */

static u32 channel_of[IRQ_COUNT]; /* 0: none yet */
static u32 period;                /* of the timer, or 0 */

static u32 bind(u32 irq, u32 virq) {
    struct xen_bind_virq bind = {.virq = virq};

    CALL(event_channel_op, EVTCHNOP_bind_virq, (va_t)&bind, 0, 0);
    if (bind.port >= sizeof xen_vectors) panic("xen: event channel %u is too high", bind.port);
    xen_vectors[bind.port] = (u8)(IRQ_BASE + irq);
    return bind.port;
}

/* By hypercall: if the event came while it was masked, Xen delivers it now. */
PV_ABI void xen_irq_unmask(u32 irq) {
    if (irq != IRQ_TIMER && irq != IRQ_SERIAL) return; /* there is no such device */
    if (!channel_of[irq]) channel_of[irq] = bind(irq, irq == IRQ_TIMER ? VIRQ_TIMER : VIRQ_CONSOLE);
    CALL(event_channel_op, EVTCHNOP_unmask, (va_t)&channel_of[irq], 0, 0);
}

/* xen_upcall has taken the event off. A timer of Xen's goes off once; a periodic one is set again. */
PV_ABI u32 xen_irq_eoi(u32 irq) {
    if (irq == IRQ_TIMER && period) xen_timer_periodic(period);
    return irq != IRQ_SPURIOUS;
}

PV_ABI void xen_safe_halt(void) { CALL(sched_op, SCHEDOP_block, 0, 0, 0); }

/* --- time -------------------------------------------------------------------------------------------- */

static u64 start_ns, start_stolen_ns; /* at clock_init */

static u64 xen_ns(void) { return pvclock_ns(&xen_shared.vcpu[0].time); }

/* Time in which we could have run, but did not. */
static u64 waited_ns(void) {
    struct xen_runstate runstate;

    CALL(vcpu_op, VCPUOP_get_runstate_info, 0, (va_t)&runstate, 0);
    return runstate.ns[1] + runstate.ns[3];
}

/* Xen's timer for each guest, 100 times a second, is not ours. */
PV_ABI void xen_clock_init(void) {
    CALL(vcpu_op, VCPUOP_stop_periodic_timer, 0, 0, 0);
    start_ns = xen_ns();
    start_stolen_ns = waited_ns();
}

PV_ABI u64 xen_clock_ns(void) { return xen_ns() - start_ns; }

static void set_timer(u64 deadline, u32 again) {
    u64 ns = start_ns + deadline;

    period = again;
    CALL(set_timer_op, (u32)ns, (u32)(ns >> 32), 0, 0);
}

PV_ABI void xen_timer_set(u64 deadline) { set_timer(deadline, 0); }

PV_ABI void xen_timer_periodic(u32 ns) { set_timer(xen_clock_ns() + ns, ns); }

/* No look at wc_version: only domain 0 could set Xen's clock, and that is us. */
PV_ABI u64 xen_wall_clock(void) {
    return xen_shared.wc_sec + (xen_shared.wc_nsec + xen_ns()) / SECOND_NS;
}

PV_ABI u64 xen_stolen_ns(void) { return waited_ns() - start_stolen_ns; }

/* --- console, and the end ----------------------------------------------------------------------------- */

/* Not checked, nor are those that end it all: a panic would need them. */
PV_ABI void xen_console_write(const char *text, u32 length) {
    hypercall(HYPERCALL_console_io, CONSOLEIO_write, length, (va_t)text, 0);
}

PV_ABI u32 xen_console_read(void) {
    u8 byte;

    return CALL(console_io, CONSOLEIO_read, 1, (va_t)&byte, 0) ? byte : CONSOLE_EMPTY;
}

static void shut_down(u32 reason) {
    hypercall(HYPERCALL_sched_op, SCHEDOP_shutdown, (va_t)&reason, 0, 0);
}

/* Domain 0 may use ports, once it has asked for it. */
static void leave(u32 status, u32 reason) {
    u32 iopl = 1;

    hypercall(HYPERCALL_physdev_op, PHYSDEVOP_set_iopl, (va_t)&iopl, 0, 0);
    native_out8(EXIT_BASE + status, EXIT_PORT);
    shut_down(reason);
}

PV_ABI void xen_power_off(u32 status) { leave(status, SHUTDOWN_poweroff); }

PV_ABI void xen_crash(void) { leave(EXIT_PANIC, SHUTDOWN_crash); }

PV_ABI void xen_reboot(void) { shut_down(SHUTDOWN_reboot); }

/* --- the backend -------------------------------------------------------------------------------------- */

/* To Xen and back, for nothing. */
static PV_ABI void null_exit(void) { hypercall(HYPERCALL_xen_version, XENVER_version, 0, 0, 0); }

static const char *enter(struct pv_ops *ops, const struct pv_options *options) {
    u64 ns;

    if (!start) return "Xen did not start this kernel";
    if (strncmp(start->magic, "xen-3.0-x86_32p", 15) != 0)
        return "this Xen's interface is not xen-3.0-x86_32p";
    if (CALL(xen_version, XENVER_version, 0, 0, 0) >> 16 != 4) return "this is no Xen 4";
    queue.allowed = options->lazy;
    return pvclock_read(&xen_shared.vcpu[0].time, &ns);
}

struct pv_backend xen_backend = {
    .info.name = "xen",
    .info.kernel_rpl = RPL,
    .info.va_top = 0, /* Xen says, at the start */
    .info.own_kernel_l2 = true,
    .info.no_pc_devices = true,
    .info.null_exit = null_exit,
    .found_by = "start_info",
    .enter = enter,
};
