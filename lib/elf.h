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

/* elf_segment.flags; its other bits are to be ignored */
#define ELF_X 1u
#define ELF_W 2u

/* A program header, as the file has it. Bytes file_size to memory_size are zero in memory.
 * memory_size may be 0: then there is nothing to load. */
struct elf_segment {
    u32 type, file_offset;
    va_t va;
    u32 pa, file_size, memory_size, flags, align;
};

/* Returns NULL if the image can be loaded, else a phrase that names the cause, to follow "cannot
 * load: ". After NULL, every segment's bytes lie inside the image, va + memory_size does not
 * exceed 2^32 - 1, segments ascend by va and do not overlap (the ELF specification wants them
 * so), and the entry is in an executable one. */
const char *elf_check(const void *image, size_t size);

/* Where the program starts. Needs: elf_check found nothing. */
va_t elf_entry(const void *image);

/* Gives the first PT_LOAD segment from program header *index on and moves *index behind it;
 * false when there is none, and *segment then says nothing. Start with 0. Reads nothing outside a
 * header and table that elf_check would find good; what it gives is only as good as that check. */
bool elf_segment(const void *image, size_t size, unsigned *index, struct elf_segment *segment);

#endif
