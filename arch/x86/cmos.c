/* SPDX-License-Identifier: MIT
 * arch/x86/cmos.c: native's wall clock: that of a PC.
 *
 * Read first: lib/cmos.h.
 */
#include "arch/x86/arch.h"
#include "arch/x86/native.h"
#include "lib/cmos.h"
#include "lib/pc.h"

static u32 read_register(u32 reg) {
    out8(reg, CMOS_INDEX);
    return in8(CMOS_DATA);
}

PV_ABI u64 native_wall_clock(void) { return cmos_seconds(read_register); }
