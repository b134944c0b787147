/* SPDX-License-Identifier: MIT
 * pvops/kvm.c: the kvm backend: native, and what Linux's KVM offers a guest that asks.
 *
 * Runs:  in ring 0 of a guest of KVM, where the hardware makes native's instructions safe.
 * Needs: CPUID leaf 40000000h "KVMKVMKVM", and a clock in the features of leaf 40000001h.
 * Gives: the time from a page that KVM keeps up to date; how much of it others had; and no
 *        pauses between accesses to ports: these devices are programs, and need no breath.
 * Source: Linux, Documentation/virt/kvm/x86/msr.rst and cpuid.rst.
 * Read first: pvclock.h, native.c.
 */
#include "arch/x86/arch.h"
#include "arch/x86/native.h"
#include "lib/string.h"
#include "pvops/backend.h"
#include "pvops/pvclock.h"

#define FEATURES            0x40000001
#define FEATURE_NO_IO_DELAY (1 << 1)
#define FEATURE_CLOCK       (1 << 3)
#define FEATURE_STOLEN      (1 << 5)

#define MSR_CLOCK  0x4B564D01
#define MSR_STOLEN 0x4B564D03
#define MSR_ENABLE 1

/* Each is written by KVM, at the address that we put into its MSR. */
static volatile struct pvclock clock_page __attribute__((aligned(64)));
static volatile struct {
    u64 ns;
    u32 version; /* odd while it is being written */
    u32 unused[13];
} stolen_page __attribute__((aligned(64)));

static u64 start_ns, start_stolen; /* at clock_init */

static PV_ABI u64 kvm_clock_ns(void) { return pvclock_ns(&clock_page) - start_ns; }

static u64 stolen(void) {
    u32 version;
    u64 ns;

    do {
        version = stolen_page.version;
        ns = stolen_page.ns;
    } while (version & 1 || version != stolen_page.version);
    return ns;
}

static PV_ABI u64 kvm_stolen_ns(void) { return stolen() - start_stolen; }

static PV_ABI void kvm_clock_init(void) {
    start_ns = pvclock_ns(&clock_page);
    start_stolen = stolen();
}

static void share(u32 msr, volatile void *page) {
    native_wrmsr(pa_of((void *)page) | MSR_ENABLE, msr);
}

static const char *enter(struct pv_ops *ops, const struct pv_options *options) {
    struct cpuid_regs features = {.eax = FEATURES};
    u32 flags;
    char signature[PV_SIGNATURE];
    const char *why;
    u64 ns;

    pv_signature(signature);
    if (strcmp(signature, "KVMKVMKVM") != 0) return "CPUID 40000000h does not say KVMKVMKVM";
    if (native_ring_experiment(&flags) & 3) return "the kernel is not in ring 0";
    native_cpuid(&features);
    if (!(features.eax & FEATURE_CLOCK)) return "this KVM offers no clock (CLOCKSOURCE2)";
    share(MSR_CLOCK, &clock_page);
    why = pvclock_read(&clock_page, &ns);
    if (why) return why;
    ops->clock_init = kvm_clock_init;
    ops->clock_ns = kvm_clock_ns;
    if (features.eax & FEATURE_NO_IO_DELAY) ops->io_delay = pv_nothing;
    if (features.eax & FEATURE_STOLEN) {
        share(MSR_STOLEN, &stolen_page);
        ops->stolen_ns = kvm_stolen_ns;
    }
    return NULL;
}

const struct pv_backend kvm_backend = {
    .info.name = "kvm",
    .info.kernel_rpl = 0,
    .info.va_top = VA_TOP,
    .found_by = "CPUID signature",
    .enter = enter,
};
