/* SPDX-License-Identifier: MIT
 * arch/x86/native.h: the op bodies of the native backend: some in pvops/native.asm, the drivers
 * here in arch/x86/. Other backends use those that suit them too.
 */
#ifndef ARCH_X86_NATIVE_H
#define ARCH_X86_NATIVE_H

#include "pvops/pvops.h"

#define PV_OP(group, kind, ret, name, params, args, doc) PV_ABI ret native_##name params;
#include "pvops/pvops.def"
#undef PV_OP

/* setup's common part: the command line, cut if it is too long; frames up to va_top, of those that
 * there are. */
void boot_command_line(struct boot_info *boot, const char *line);
void boot_memory(struct boot_info *boot, u32 pages, va_t va_top);

/* console_write, with another driver for the serial line. */
void pc_console_write(const char *text, u32 length, void (*serial)(const char *, u32));

/* Which ring is this? Returns CS, and the flags as pushf shows them after cli. See native.c. */
PV_ABI u32 native_ring_experiment(u32 *flags_after_cli);

#endif
