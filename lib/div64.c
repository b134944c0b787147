/* SPDX-License-Identifier: MIT
 * lib/div64.c: the 64-bit divisions that the compiler calls by these names on i386.
 *
 * Runs:  anywhere; in C code one writes / and %, so there is no header.
 * Needs: a divisor other than 0, else the processor raises #DE, as it does for 32 bits. Nothing
 *        here may divide 64-bit values in C: that would call these very functions.
 * Gives: what libgcc would, which is not linked. Unsigned only: nobody divides an i64, and who
 *        does is told so by the linker, which then misses __divdi3 or __moddi3.
 */
#include "lib/types.h"

u64 __udivmoddi4(u64 dividend, u64 divisor, u64 *remainder); /* remainder may be NULL */
u64 __udivdi3(u64 dividend, u64 divisor);
u64 __umoddi3(u64 dividend, u64 divisor);

/* A divisor of 32 bits, as nearly all are, takes two steps of long division, a digit being 32 bits:
 * `div` makes of EDX:EAX the quotient, EAX, and the remainder, EDX, where the next step wants it.
 * A larger one is subtracted bit by bit: the first shift brings its leading bit to bit 63. */
u64 __udivmoddi4(u64 dividend, u64 divisor, u64 *remainder) {
    u32 high = (u32)(dividend >> 32), low = (u32)dividend, rest = 0;
    u64 quotient = 0;

    if (divisor >> 32 == 0) {
        asm("divl %[divisor]" : "+a"(high), "+d"(rest) : [divisor] "r"((u32)divisor) : "cc");
        asm("divl %[divisor]" : "+a"(low), "+d"(rest) : [divisor] "r"((u32)divisor) : "cc");
        quotient = (u64)high << 32 | low;
        dividend = rest;
    } else {
        for (int shift = __builtin_clz((u32)(divisor >> 32)); shift >= 0; shift--)
            if (divisor << shift <= dividend) {
                dividend -= divisor << shift;
                quotient |= 1u << shift;
            }
    }
    if (remainder != NULL) *remainder = dividend;
    return quotient;
}

u64 __udivdi3(u64 dividend, u64 divisor) { return __udivmoddi4(dividend, divisor, NULL); }

u64 __umoddi3(u64 dividend, u64 divisor) {
    return dividend - __udivdi3(dividend, divisor) * divisor;
}
