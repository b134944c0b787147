/* SPDX-License-Identifier: MIT
 * lib/exit.h: how a run ends, told to whoever started it.
 *
 * The last console line is `exit: N`. Then one byte goes to port F4h, QEMU's isa-debug-exit,
 * whose process status is (byte << 1) | 1. So a run that ended well is QEMU status 33, and
 * status 1 always means that QEMU itself failed. Bochs has no such port: port 8900h ends it.
 */
#ifndef LIB_EXIT_H
#define LIB_EXIT_H

#define EXIT_PORT       0xF4
#define EXIT_BASE       0x10 /* the byte is EXIT_BASE + status */
#define EXIT_MAX        0x5E /* larger statuses become this one */
#define EXIT_PANIC      0x5F /* the kernel panicked */
#define EXIT_NO_BACKEND 0x5D /* an explicit pv=X that is not there */

#define BOCHS_EXIT_PORT 0x8900 /* the bytes of "Shutdown", one by one */

#endif
