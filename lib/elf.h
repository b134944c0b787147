/* SPDX-License-Identifier: MIT
 * lib/elf.h: reads ELF32 executables for i386: programs, kernels, guests.
 *
 * Runs:  anywhere, on an image that is wholly in memory, at any alignment. Trusts no byte of it.
 * Gives: the entry point and the segments to load. Loading them is the caller's part, as is
 *        whether the addresses are ones that it can give.
 */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include "lib/types.h"

/* elf_check returns them negated; elf_error says what each means. */
enum elf_cause {
    ELF_OK,
    ELF_E_HEADER,
    ELF_E_MAGIC,
    ELF_E_CLASS,
    ELF_E_MACHINE,
    ELF_E_TYPE,
    ELF_E_TABLE,
    ELF_E_FILE_SIZE,
    ELF_E_BOUNDS,
    ELF_E_WRAP,
    ELF_E_ORDER,
    ELF_E_NO_SEGMENT,
    ELF_E_ENTRY
};

/* elf_segment.flags, as the file has them */
#define ELF_X 1u
#define ELF_W 2u
#define ELF_R 4u

/* Bytes file_size to memory_size are zero. memory_size may be 0: then there is nothing to do. */
struct elf_segment {
    va_t va;
    pa_t pa;
    u32 file_offset, file_size, memory_size;
    u32 flags; /* ELF_R | ELF_W | ELF_X */
};

/* Returns 0 if the image can be loaded, else a negated ELF_E_*. After 0, every segment's bytes
 * lie inside the image, va + memory_size does not exceed 2^32 - 1, segments ascend by va and do
 * not overlap (the ELF specification wants them so), and the entry is in an executable one. */
int elf_check(const void *image, size_t size);

/* Names the cause of an elf_check result, to follow "cannot load: ". Never NULL. */
const char *elf_error(int result);

/* Where the program starts. Needs: elf_check returned 0. */
va_t elf_entry(const void *image);

/* Gives the first PT_LOAD segment from program header *index on and moves *index behind it;
 * false when there is none. Start with 0. Reads nothing outside a header and table that
 * elf_check found good, and what it gives is only as good as that check. */
bool elf_segment(const void *image, size_t size, unsigned *index, struct elf_segment *out);

#endif
