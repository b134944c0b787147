/* SPDX-License-Identifier: MIT
 * tests/unit/test_pvclock.c: pvops/pvclock.c: the arithmetic, and pages that are being written.
 *
 * Runs:  on x86 only, as pvclock.c itself does: it reads the TSC.
 */
#include "tests/unit/unit.h"
#include "tests/unit/torn.h"
#include "pvops/host.h"
#include "pvops/pvclock.h"

void panic(const char *format, ...) {
    (void)format;
    abort();
}

/* ticks * 2^shift * scale / 2^32, bit by bit, as on paper: no 128-bit type, no trick. What leaves
 * the 64 bits at the top is lost, as in pvclock_scale. */
static u64 on_paper(u64 ticks, u32 scale, int shift) {
    u64 high = 0, low = 0; /* of the product */

    for (; shift > 0; shift--) ticks = ticks * 2;
    for (; shift < 0; shift++) ticks = ticks / 2;
    for (int bit = 31; bit >= 0; bit--) {
        high = high * 2 + (low >> 63);
        low = low * 2;
        if (!(scale >> bit & 1)) continue;
        low += ticks;
        if (low < ticks) high++;
    }
    return high << 32 | low >> 32;
}

static void test_known(void **state) {
    (void)state;
    assert_int_equal(pvclock_scale(0, ~0u, 31), 0);
    assert_int_equal(pvclock_scale(1000, 0x80000000, 0), 500);
    assert_int_equal(pvclock_scale(1000, 0x80000000, 1), 1000);  /* 1 GHz */
    assert_int_equal(pvclock_scale(3000, 0xAAAAAAAB, -1), 1000); /* 3 GHz */
    assert_int_equal(pvclock_scale(1ull << 63, ~0u, 0), 0x7FFFFFFF80000000);
    assert_int_equal(pvclock_scale(3ull << 32, 0x80000000, 0),
                     3ull << 31); /* the high half alone */
}

static void test_against_paper(void **state) {
    u64 seed = 88172645463325252ull;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        u64 ticks;
        u32 scale;
        int shift;

        ticks = next_random(&seed) >> (i % 64);
        scale = (u32)(seed * 0x9E3779B97F4A7C15ull >> 32);
        shift = i % 63 - 31;
        assert_int_equal(pvclock_scale(ticks, scale, shift), on_paper(ticks, scale, shift));
    }
}

static volatile struct pvclock page;

static u64 tsc(void) {
    u32 low, high;

    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return (u64)high << 32 | low;
}

static void test_read(void **state) {
    u64 before, ns;

    (void)state;
    before = tsc();
    page = (struct pvclock){.version = 2, .tsc = before, .system_ns = 5000, .scale = 0x80000000};
    assert_null(pvclock_read(&page, &ns));
    assert_true(ns >= 5000 && ns <= 5000 + (tsc() - before) / 2 + 1);
}

/* A page that is being written for ever, and one that nobody writes. */
static void test_never_complete(void **state) {
    u64 ns;

    (void)state;
    page = (struct pvclock){.version = 7, .scale = 1};
    assert_non_null(pvclock_read(&page, &ns));
    page = (struct pvclock){.version = 0};
    assert_non_null(pvclock_read(&page, &ns));
    page = (struct pvclock){.version = 0xFFFFFFFE};
    assert_null(pvclock_read(&page, &ns));
}

/* The hypervisor's two halves of an update. */
static void write_page(bool complete) {
    page.version++;
    page.system_ns = complete ? page.version : 0xBAD;
}

/* scale 0: the TSC does not matter. 0: it could not be read. */
static u64 read_page(void) {
    u64 ns;

    return pvclock_read(&page, &ns) ? 0 : ns;
}

/* Between any two instructions: never half of an update, and never a time from before it that the
 * reader finds after it. */
static void test_torn(void **state) {
    (void)state;
    page = (struct pvclock){.version = 0};
    check_torn(&page.version, &page.system_ns, read_page, write_page, 40, 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known), cmocka_unit_test(test_against_paper),
        cmocka_unit_test(test_read),  cmocka_unit_test(test_never_complete),
        cmocka_unit_test(test_torn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
