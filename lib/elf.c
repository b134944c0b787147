/* SPDX-License-Identifier: MIT
 * lib/elf.c: ELF32 executables for i386. The contracts are in lib/elf.h.
 *
 * The structures are those of "Tool Interface Standard (TIS) Executable and Linking Format
 * Specification, Version 1.2". An image may lie at any address, so they are packed or copied.
 */
#include "lib/elf.h"
#include "lib/string.h"

struct elf_header {
    u8 magic[4], class, data, ident_version, padding[9];
    u16 type, machine;
    u32 version, entry, phoff, shoff, flags; /* phoff: where the program headers are in the file */
    u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
} __attribute__((packed));

_Static_assert(sizeof(struct elf_header) == 52, "as the specification has it");

/* Returns NULL or the cause. After NULL, the table of program headers lies in the image. */
static const char *check_header(const struct elf_header *header, size_t size) {
    if (size < sizeof(*header)) return "too short for an ELF header";
    if (memcmp(header->magic, "\177ELF", 4) != 0) return "not an ELF file";
    if (header->class != 1 || header->data != 1 || header->ident_version != 1)
        return "not ELF32, little endian, version 1";
    if (header->machine != 3) return "not for i386";
    if (header->type != 2) return "not an executable of fixed address";
    if (header->phentsize != sizeof(struct elf_segment) || header->phoff > size ||
        header->phnum > (size - header->phoff) / sizeof(struct elf_segment))
        return "bad program header table";
    return NULL;
}

const char *elf_check(const void *image, size_t size) {
    const char *cause = check_header(image, size);
    struct elf_segment segment;
    unsigned index = 0;
    va_t end = 0; /* of the segment before */
    bool has_entry = false;

    if (cause != NULL) return cause;
    while (elf_segment(image, size, &index, &segment)) {
        if (segment.file_size > segment.memory_size)
            return "a segment is larger in the file than in memory";
        if (segment.file_offset > size || segment.file_size > size - segment.file_offset)
            return "a segment lies outside the file";
        if (segment.memory_size > UINT32_MAX - segment.va)
            return "a segment goes past the end of the address space";
        if (segment.va < end) return "segments overlap or do not ascend";
        end = segment.va + segment.memory_size;
        has_entry |= (segment.flags & ELF_X) && elf_entry(image) - segment.va < segment.memory_size;
    }
    if (end == 0) return "no segment to load";
    return has_entry ? NULL : "the entry point is in no executable segment";
}

va_t elf_entry(const void *image) { return ((const struct elf_header *)image)->entry; }

bool elf_segment(const void *image, size_t size, unsigned *index, struct elf_segment *segment) {
    const struct elf_header *header = image;

    if (check_header(header, size) != NULL) return false;
    while (*index < header->phnum) {
        size_t offset = header->phoff + (*index)++ * sizeof(*segment);

        memcpy(segment, (const u8 *)image + offset, sizeof(*segment));
        if (segment->type == 1) /* PT_LOAD */
            return true;
    }
    return false;
}
