/* SPDX-License-Identifier: MIT
 * kernel/ksyms.c: from an address in the kernel's code to the name of its function.
 *
 * Needs: the table that tools/ksyms.sh makes of the linker's symbols, sorted by address.
 */
#include "kernel/kernel.h"

struct ksym {
    va_t address;
    const char *name;
};

extern const struct ksym ksyms[];
extern const u32 ksyms_count;
extern const u8 text_start[], text_end[];

const char *ksym(va_t address, u32 *offset) {
    u32 i = address >= (va_t)text_start && address < (va_t)text_end ? ksyms_count : 0;

    *offset = 0;
    while (i > 0 && ksyms[i - 1].address > address) i--;
    if (i == 0) return "?";
    *offset = address - ksyms[i - 1].address;
    return ksyms[i - 1].name;
}
