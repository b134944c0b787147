/* SPDX-License-Identifier: MIT
 * lib/cmos.h: the time of day from a PC's clock.
 *
 * Runs:  anywhere; who calls says how a port is read and written.
 */
#ifndef LIB_CMOS_H
#define LIB_CMOS_H

#include "lib/types.h"

/* Seconds since 1970-01-01, of a clock that is taken to be UTC. */
u64 cmos_seconds(u32 (*in)(u32 port), void (*out)(u32 value, u32 port));

#endif
