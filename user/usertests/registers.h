/* SPDX-License-Identifier: MIT
 * user/usertests/registers.h: the functions of registers.asm, which do what C cannot say.
 */
#ifndef USER_USERTESTS_REGISTERS_H
#define USER_USERTESTS_REGISTERS_H

#include "lib/types.h"

/* Makes a system call with all registers filled; a bit for each that came back changed. */
STACK_ARGS u32 call_keeps_registers(u32 number, u32 a, u32 b, u32 c);

/* Fills the registers with values made from `seed`, sets DF, and looks at them so many times;
 * false as soon as one has changed. */
STACK_ARGS bool registers_stay(u32 seed, u32 rounds);

/* Loads FS and GS with a selector; both again, FS in the lower half. */
STACK_ARGS void set_fs_gs(u32 selector);
u32 get_fs_gs(void);
u32 get_ss(void);

/* The flags after popf has tried to set and to clear some. */
STACK_ARGS u32 flags_after(u32 set, u32 clear);

struct outcome {
    i32 result;
    u32 flags;
};

/* System calls in circumstances that are unusual; afterwards all is as before. */
STACK_ARGS struct outcome call_with_flags(u32 number, u32 a, u32 flags);
STACK_ARGS i32
call_with_null_segments(u32 number); /* DS, ES, FS, GS = 0; -1 if they come back changed */
STACK_ARGS i32 call_with_stack(u32 number, u32 esp);

#endif
