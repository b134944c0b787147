/* SPDX-License-Identifier: MIT
 * tests/unit/test_div64.c: lib/div64.c against the host's own 64-bit division.
 */
#include <signal.h>

#include "tests/unit/unit.h"

/* What the compiler calls by these names, so that no header declares it. */
u64 __udivmoddi4(u64 dividend, u64 divisor, u64 *remainder);
u64 __udivdi3(u64 dividend, u64 divisor);
u64 __umoddi3(u64 dividend, u64 divisor);

static void check(u64 dividend, u64 divisor) {
    u64 remainder = ~dividend;

    if (divisor == 0) return;
    assert_int_equal(__udivmoddi4(dividend, divisor, &remainder), dividend / divisor);
    assert_int_equal(remainder, dividend % divisor);
    assert_int_equal(__udivmoddi4(dividend, divisor, NULL), dividend / divisor);
    assert_int_equal(__udivdi3(dividend, divisor), dividend / divisor);
    assert_int_equal(__umoddi3(dividend, divisor), dividend % divisor);
}

/* Every pair of numbers near a power of two. */
static void test_edges(void **state) {
    u64 edges[64 * 5];
    size_t count = 0;

    (void)state;
    for (int bit = 0; bit < 64; bit++)
        for (int near = -2; near <= 2; near++) edges[count++] = (1ull << bit) + (u64)(i64)near;
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < count; b++) check(edges[a], edges[b]);
}

/* Random numbers of random lengths; every second dividend is near a multiple of the divisor,
 * where an estimate of the quotient goes wrong. */
static void test_random(void **state) {
    u64 seed = 1;

    (void)state;
    for (int step = 0; step < 1000000; step++) {
        u64 divisor = next_random(&seed) >> random_below(&seed, 64);
        u64 dividend = next_random(&seed) >> random_below(&seed, 64);

        if (divisor != 0 && step % 2 == 0)
            dividend = dividend / divisor * divisor + random_below(&seed, 5) - 2;
        check(dividend, divisor);
    }
}

static sigjmp_buf after_trap;

static void on_divide_error(int signal_number) { siglongjmp(after_trap, signal_number); }

static void test_zero_traps(void **state) {
    static const u64 dividends[] = {0, 1, UINT64_MAX};
    volatile size_t trapped = 0;

    (void)state;
    signal(SIGFPE, on_divide_error);
    for (volatile size_t at = 0; at < ARRAY_SIZE(dividends); at++) {
        if (sigsetjmp(after_trap, 1) == 0)
            __udivdi3(dividends[at], 0);
        else
            trapped++;
    }
    signal(SIGFPE, SIG_DFL);
    assert_int_equal(trapped, ARRAY_SIZE(dividends));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_zero_traps),
    };

    return cmocka_run_group_tests_name("div64", tests, NULL, NULL);
}
