/* SPDX-License-Identifier: MIT
 * pvops/pv_call.h: a function for each op, whose body is one recorded call site.
 *
 * Needs: the register contracts of pvops.def, in three kinds:
 *   CALL   an ordinary call: EAX, ECX, EDX, flags and memory may change.
 *   PATCH  the body keeps every register but its result and the flags.
 *   JMP    never returns; only reached from NASM (pv_call.inc).
 * Gives: static inline functions, `call *pv_ops.<op>` until patch.c rewrites them. Inline asm,
 *        not a C call: so we know where the site is and how long, and tell the compiler no more
 *        is lost than the contract says.
 * Read first: pvops.def.
 */
#ifndef PVOPS_PV_CALL_H
#define PVOPS_PV_CALL_H

#include "pvops/pvops.h"

/* One call through the table, recorded in .pv_sites for patch.c: address, op, length. Sites of
 * PATCH ops are 8 bytes, so that the hot ones can hold a whole `and byte [ss:flag], imm`. */
#define PV_SITE(room)                                \
    "771: call *%c[slot]\n" room "772:\n"            \
    ".pushsection .pv_sites, \"aw\"\n"               \
    ".long 771b\n .byte %c[op], 772b - 771b, 0, 6\n" \
    ".popsection"
#define PV_ROOM_CALL  ""
#define PV_ROOM_PATCH ".byte 0x66, 0x90\n"

#define PV_TARGET(name) [slot] "i"(&pv_ops.name), [op] "i"(PV_##name)

/* Arguments: which registers they travel in. Two letters without a dash are a 64-bit pair. */
#define PV_IN_NONE
#define PV_IN_A(x)       , "a"(x)
#define PV_IN_D(x)       , "d"(x)
#define PV_IN_AD(x)      , "A"(x)
#define PV_IN_A_D(x, y)  , "a"(x), "d"(y)
#define PV_IN_AD_C(x, y) , "A"(x), "c"(y)
#define PV_IN_A_DC(x, y) , "a"(x), "d"((u32)(y)), "c"((u32)((u64)(y) >> 32))

#define PV_RUN(kind, name, out, ...)                  \
    asm inline volatile(PV_SITE(PV_ROOM_##kind)       \
                        : out                         \
                        : PV_TARGET(name) __VA_ARGS__ \
                        : "memory", "cc")

#define PV_RUN_PATCH_void(name, ...) PV_RUN(PATCH, name, , __VA_ARGS__)
#define PV_RUN_PATCH_u32(name, ...)  PV_RETURN_PATCH(u32, "=a", name, __VA_ARGS__)
#define PV_RUN_PATCH_u64(name, ...)  PV_RETURN_PATCH(u64, "=A", name, __VA_ARGS__)
#define PV_RETURN_PATCH(ret, out, name, ...)       \
    ret result;                                    \
    PV_RUN(PATCH, name, out(result), __VA_ARGS__); \
    return result

#define PV_WRAP_PATCH(ret, name, params, args) \
    static inline ret name params { PV_RUN_PATCH_##ret(name, PV_IN_##args); }

/* All that a call may change is an output, wanted or not. */
#define PV_OUT_CALL "=A"(result), "=c"(ecx)
#define PV_WRAP_CALL(ret, name, params, args)          \
    static inline ret name params {                    \
        u64 result;                                    \
        u32 ecx;                                       \
        PV_RUN(CALL, name, PV_OUT_CALL, PV_IN_##args); \
        (void)ecx;                                     \
        return (ret)result;                            \
    }

#define PV_WRAP_JMP(ret, name, params, args)

#define PV_OP(group, kind, ret, name, params, args, doc) PV_WRAP_##kind(ret, name, params, args)
#include "pvops/pvops.def"
#undef PV_OP

#endif
