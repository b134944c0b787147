/* SPDX-License-Identifier: MIT
 * lib/hv.c: names for what hv-stub counts, for its own statistics and for `pv stats`.
 */
#include "lib/hv.h"

const char *const hv_reason_names[REASONS] = {
    [REASON_INTERRUPT] = "interrupts", [REASON_FILL] = "shadow fills",
    [REASON_FAULT] = "faults",         [REASON_INT] = "INT n",
    [REASON_CALL] = "VMI calls",       [REASON_EMULATE] = "emulated",
    [REASON_FORCED] = "forced",        [REASON_PORT] = "port accesses",
};
