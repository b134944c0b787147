/* SPDX-License-Identifier: MIT
 * hv-stub/trap.c: every trap arrives here, and the guest goes on from here.
 *
 * Runs:  in ring 0, interrupts off, on the hypervisor's stack and page tables.
 * Read first: switcher.asm, hv.h.
 */
#include "hv-stub/host.h"
#include "hv-stub/hv.h"
#include "hv-stub/hw.h"

/* Those that push an error code, by vector: #TS to #PF, and #AC. A #DF is never the guest's. */
#define WITH_ERROR (0x1Fu << 10 | 1u << 17)

u32 hv_trap(struct trap_frame *frame);
u32 hv_call(void);

static void reflect(struct vcpu *vcpu, u32 error) {
    count_exit(vcpu, REASON_FAULT);
    inject(vcpu, frame_of(vcpu)->vector, error);
}

/* Is it in the shadow that the page is missing, or in the guest's own tables? */
static void page_fault(struct vcpu *vcpu) {
    va_t va = read_cr2();
    u32 error = frame_of(vcpu)->error;
    struct walk found;

    found.error = error;
    if (va < HV_VA_TOP && walk(vcpu, va, error & (PF_WRITE | PF_USER), &found)) {
        count_exit(vcpu, REASON_FILL);
        shadow_fill(vcpu, va, &found);
        return;
    }
    vcpu->cr[2] = shared_of(vcpu)->cr2 = va;
    reflect(vcpu, found.error);
}

static void exception(struct vcpu *vcpu) {
    u32 vector = frame_of(vcpu)->vector;

    if (shared_of(vcpu)->queued) vmi_read_queue(vcpu);
    if (vector == VECTOR_PF)
        page_fault(vcpu);
    else if (vector == VECTOR_GP && emulate_general(vcpu))
        return;
    else if (vector == VECTOR_UD && emulate_forced(vcpu))
        return;
    else if (vector == VECTOR_NMI || vector == VECTOR_DF || vector == VECTOR_MC)
        guest_stop(STOP_INTERNAL, "vector %u at EIP %08x, which is not a guest's doing", vector,
                   frame_of(vcpu)->eip);
    else
        reflect(vcpu, WITH_ERROR >> vector & 1 ? frame_of(vcpu)->error : NO_ERROR);
}

/* The queue is left alone: this may have come inside an append. */
static void interrupt(struct vcpu *vcpu) {
    count_exit(vcpu, REASON_INTERRUPT);
    host_interrupt(vcpu, frame_of(vcpu)->vector - HOST_IRQ);
    vmi_interrupted(vcpu);
}

/* A trap in ring 0: an interrupt ends a wait; a fault on the way out is the guest's selectors'
 * fault; anything else is ours. */
static void trap_in_ring_0(struct vcpu *vcpu, const struct trap_frame *frame) {
    guest_of(vcpu)->entered = rdtsc(); /* the wait was no work */
    if (frame->vector >= HOST_IRQ)
        host_interrupt(vcpu, frame->vector - HOST_IRQ);
    else if (frame->eip >= HV_CODE)
        guest_stop(STOP_FAULT, "its segments cannot be loaded any more (vector %u, error %04x)",
                   frame->vector, frame->error);
    else
        guest_stop(STOP_INTERNAL, "vector %u, error %04x, in hv-stub at %08x, CR2 %08x",
                   frame->vector, frame->error, frame->eip, read_cr2());
}

/* There is an interrupt to come, or to wait for; each interrupt begins a trap anew. */
static void deliver(struct vcpu *vcpu) {
    bool now = vcpu->pic.pending && shared_of(vcpu)->flag & HV_FLAG_IF;

    if (vcpu->halted && !now) wait_for_interrupt();
    vcpu->halted = false;
    if (now) inject(vcpu, vpic_accept(&vcpu->pic), NO_ERROR);
    if (vcpu->pic.pending) shared_of(vcpu)->flag |= HV_FLAG_PENDING;
}

/* What switcher.asm leaves with: the shadow root. */
static inline u32 leave(struct vcpu *vcpu) {
    struct guest *guest = guest_of(vcpu);

    if (hv_options.stats) guest->cycles[guest->reason] += rdtsc() - guest->entered;
    if (vcpu->halted || vcpu->pic.pending) deliver(vcpu);
    return vcpu->root;
}

static __attribute__((noinline)) void watch(struct vcpu *vcpu, const char *what) {
    const struct trap_frame *frame = frame_of(vcpu);

    guest_of(vcpu)->entered = rdtsc();
    if (hv_options.trace)
        hv_print("hv-stub: %s %u at %04x:%08x\n", what, frame->vector, frame->cs & 0xFFFF,
                 frame->eip);
}

/* A call from the ROM. */
u32 hv_call(void) {
    struct vcpu *vcpu = &the_guest.vcpu;

    if (hv_options.watch) watch(vcpu, "call");
    if (shared_of(vcpu)->queued) vmi_read_queue(vcpu);
    count_exit(vcpu, REASON_CALL);
    vmi_call(vcpu);
    return leave(vcpu);
}

/* Any other trap: the frame is the guest's, unless it came from ring 0. */
u32 hv_trap(struct trap_frame *frame) {
    struct vcpu *vcpu = &the_guest.vcpu;

    if (frame->eflags & FLAG_VM) /* TCG lets any ring's iret set it; CS then says no ring */
        guest_stop(STOP_MODE, "virtual-8086 mode, which there is not");
    if (hv_options.watch && frame->cs & 3) watch(vcpu, "vector");
    if ((frame->cs & 3) == 0)
        trap_in_ring_0(vcpu, frame);
    else if (frame->vector >= HOST_IRQ)
        interrupt(vcpu);
    else
        exception(vcpu);
    return leave(vcpu);
}
