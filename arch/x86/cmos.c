/* SPDX-License-Identifier: MIT
 * arch/x86/cmos.c: native's wall clock: that of a PC.
 *
 * Read first: lib/cmos.h.
 */
#include "arch/x86/arch.h"
#include "arch/x86/native.h"
#include "lib/cmos.h"

#define INDEX 0x70
#define DATA  0x71

static u32 read_register(u32 reg) {
    out8(reg, INDEX);
    return in8(DATA);
}

PV_ABI u64 native_wall_clock(void) { return cmos_seconds(read_register); }
