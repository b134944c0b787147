/* SPDX-License-Identifier: MIT
 * arch/x86/cmos.c: native's wall clock: that of a PC.
 *
 * Read first: lib/cmos.h.
 */
#include "arch/x86/arch.h"
#include "arch/x86/native.h"
#include "lib/cmos.h"

PV_ABI u64 native_wall_clock(void) { return cmos_seconds(in8, out8); }
