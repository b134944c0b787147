/* SPDX-License-Identifier: MIT
 * lib/div64.c: 64-bit division, made of the 32-bit `div` instruction. See lib/div64.h.
 *
 * Nothing here may divide 64-bit values in C: the compiler would call these very functions.
 */
#include "lib/div64.h"

/* Divides high:low by `divisor`. Needs: high < divisor, else the quotient has no room: #DE. */
static u32
divide_step(u32 high, u32 low, u32 divisor, u32 *remainder)
{
    u32 quotient;

    asm("divl %[divisor]"
        : "=a"(quotient), "=d"(*remainder)
        : "a"(low), "d"(high), [divisor] "r"(divisor)
        : "cc");
    return quotient;
}

/* Divides by a number of 33 to 64 bits, so that the quotient fits 32. Both numbers are cut to
 * their leading bits: the divisor to 32, which are rounded down, so the estimate, shifted into
 * place, is the quotient or one above it. Taking one off makes it right or one too small. */
static u32
divide_large(u64 dividend, u64 divisor)
{
    u32 remainder;
    int shift = __builtin_clz((u32)(divisor >> 32));
    u32 leading = (u32)((divisor << shift) >> 32);
    u64 half = dividend >> 1; /* keeps the step's quotient below 2^32: leading has its top bit */
    u32 quotient = divide_step((u32)(half >> 32), (u32)half, leading, &remainder) >> (31 - shift);

    if (quotient > 0)
        quotient--;
    return dividend - quotient * divisor >= divisor ? quotient + 1 : quotient;
}

u64
__udivmoddi4(u64 dividend, u64 divisor, u64 *remainder)
{
    u64 quotient;

    if (divisor >> 32 != 0) {
        quotient = divide_large(dividend, divisor);
    } else {
        u32 rest;
        u32 high = divide_step(0, (u32)(dividend >> 32), (u32)divisor, &rest);
        u32 low = divide_step(rest, (u32)dividend, (u32)divisor, &rest);

        quotient = (u64)high << 32 | low;
    }
    if (remainder != NULL)
        *remainder = dividend - quotient * divisor;
    return quotient;
}

u64
__udivdi3(u64 dividend, u64 divisor)
{
    return __udivmoddi4(dividend, divisor, NULL);
}

u64
__umoddi3(u64 dividend, u64 divisor)
{
    return dividend - __udivdi3(dividend, divisor) * divisor;
}

/* -2^63 / -1 is 2^63, which has no room: it wraps to -2^63. */
i64
__divdi3(i64 dividend, i64 divisor)
{
    u64 quotient = __udivdi3(dividend < 0 ? -(u64)dividend : (u64)dividend,
                             divisor < 0 ? -(u64)divisor : (u64)divisor);

    return (i64)((dividend < 0) != (divisor < 0) ? -quotient : quotient);
}

i64
__moddi3(i64 dividend, i64 divisor)
{
    return (i64)((u64)dividend - (u64)__divdi3(dividend, divisor) * (u64)divisor);
}

i64
__divmoddi4(i64 dividend, i64 divisor, i64 *remainder)
{
    i64 quotient = __divdi3(dividend, divisor);

    *remainder = (i64)((u64)dividend - (u64)quotient * (u64)divisor);
    return quotient;
}
