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
    u32 low = 0, high = ksyms_count;

    *offset = 0;
    if (address < (va_t)text_start || address >= (va_t)text_end) return "?";
    while (high - low > 1) {
        u32 middle = (low + high) / 2;

        if (ksyms[middle].address <= address)
            low = middle;
        else
            high = middle;
    }
    if (low == high || ksyms[low].address > address) return "?";
    *offset = address - ksyms[low].address;
    return ksyms[low].name;
}
