/* SPDX-License-Identifier: MIT
 * tests/unit/test_kvm.c: pvops/kvm.c: what it makes of KVMs that offer less, or break their word.
 */
#include "tests/unit/unit.h"
#include "tests/unit/torn.h"
#include "pvops/kvm.c"

void panic(const char *format, ...);

/* The KVM below. */
static struct {
    const char *signature;
    u32 features, ring, version; /* of the clock page; what it stays at */
    u64 clock_msr, stolen_msr;
} machine;

static jmp_buf panicked;

static u64 fake_ns;
u8 direct_map[1] __attribute__((aligned(64)));

void panic(const char *format, ...) {
    (void)format;
    longjmp(panicked, 1);
}
void pv_signature(char *text) { snprintf(text, PV_SIGNATURE, "%s", machine.signature); }
const char *pvclock_read(const volatile struct pvclock *page, u64 *ns) {
    *ns = fake_ns;
    return page->version && page->version % 2 == 0 ? NULL : "incomplete";
}
u64 pvclock_ns(const volatile struct pvclock *page) {
    u64 ns;

    if (pvclock_read(page, &ns)) panic("incomplete");
    return ns;
}
PV_ABI u32 native_ring_experiment(u32 *flags) { return *flags = 0, machine.ring; }
PV_ABI void native_cpuid(struct cpuid_regs *regs) {
    assert_int_equal(regs->eax, 0x40000001);
    regs->eax = machine.features;
}
PV_ABI void native_wrmsr(u64 value, u32 msr) {
    *(msr == 0x4B564D01 ? &machine.clock_msr : &machine.stolen_msr) = value;
    clock_page.version = machine.version;
}
PV_ABI void pv_nothing(void) {}

static struct pv_ops ops;

/* A KVM with all that we use, and one clock page at an even version. */
static const char *enter_with(void) {
    memset(&ops, 0, sizeof ops);
    return kvm_backend.enter(&ops, NULL);
}
static void good(void) {
    memset(&machine, 0, sizeof machine);
    machine.signature = "KVMKVMKVM";
    machine.features = 0x2A;
    machine.version = 4;
    clock_page.version = 0;
}

static void test_all(void **state) {
    (void)state;
    good();
    assert_null(enter_with());
    assert_true(ops.clock_ns && ops.clock_init && ops.stolen_ns && ops.io_delay == pv_nothing);
    assert_int_equal(machine.clock_msr % 64, 1); /* enabled, and aligned as KVM wants it */
    assert_int_equal(machine.stolen_msr % 64, 1);
    fake_ns = 5000;
    stolen_page.ns = 3000;
    ops.clock_init();
    fake_ns = 7000;
    assert_int_equal(ops.clock_ns(), 2000);
    assert_int_equal(ops.stolen_ns(), 0); /* since clock_init */
    stolen_page.ns += 0x123456789ABCDEFull;
    assert_int_equal(ops.stolen_ns(), 0x123456789ABCDEFull);
}

/* What is not offered stays native. */
static void test_clock_only(void **state) {
    (void)state;
    good();
    machine.features = 0x08;
    assert_null(enter_with());
    assert_true(ops.clock_ns && !ops.stolen_ns && !ops.io_delay);
    assert_int_equal(machine.stolen_msr, 0);
}

static void refuse(const char *said) {
    const char *why = enter_with();

    assert_non_null(why);
    assert_non_null(strstr(why, said));
    assert_true(!ops.clock_ns && !ops.clock_init && !ops.stolen_ns && !ops.io_delay);
}

static void test_refused(void **state) {
    (void)state;
    good();
    machine.signature = "VMwareVMware";
    refuse("KVMKVMKVM");
    good();
    machine.ring = 1;
    refuse("ring 0");
    good();
    machine.features = 0x22;
    refuse("CLOCKSOURCE2");
    assert_int_equal(machine.clock_msr, 0);
    good();
    machine.version = 5;
    refuse("incomplete");
    good();
    machine.version = 0;
    refuse("incomplete");
}

/* Once it is in use, there is no other clock to fall back on. */
static void test_breaks_later(void **state) {
    (void)state;
    good();
    assert_null(enter_with());
    clock_page.version = 5;
    if (setjmp(panicked) == 0) {
        ops.clock_ns();
        fail_msg("a time from a page that is being written");
    }
}

/* KVM's two halves of an update. */
static void add_stolen_time(bool complete) {
    stolen_page.version++;
    stolen_page.ns = complete ? stolen_page.version : 0xBAD;
}

static void test_torn(void **state) {
    (void)state;
    check_torn(&stolen_page.version, &stolen_page.ns, stolen, add_stolen_time, 12, 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_torn),         cmocka_unit_test(test_all),
        cmocka_unit_test(test_clock_only),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_breaks_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
