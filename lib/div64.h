/* SPDX-License-Identifier: MIT
 * lib/div64.h: the 64-bit divisions that the compiler calls by these names on i386.
 *
 * Runs:  anywhere; in C code one writes / and %, and only host tests include this header.
 * Needs: a divisor other than 0, else the processor raises #DE, as it does for 32 bits.
 * Gives: what libgcc would, which is not linked.
 */
#ifndef LIB_DIV64_H
#define LIB_DIV64_H

#include "lib/types.h"

u64 __udivmoddi4(u64 dividend, u64 divisor, u64 *remainder); /* remainder may be NULL */
u64 __udivdi3(u64 dividend, u64 divisor);
u64 __umoddi3(u64 dividend, u64 divisor);

/* Signed: the quotient is rounded towards 0, the remainder has the dividend's sign. */
i64 __divmoddi4(i64 dividend, i64 divisor, i64 *remainder);
i64 __divdi3(i64 dividend, i64 divisor);
i64 __moddi3(i64 dividend, i64 divisor);

#endif
