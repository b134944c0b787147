/* SPDX-License-Identifier: MIT
 * lib/elf.c: ELF32 executables for i386. The contracts are in lib/elf.h.
 *
 * The structures are those of "Tool Interface Standard (TIS) Executable and Linking Format
 * Specification, Version 1.2". They are copied out of the image, which may be unaligned.
 */
#include "lib/elf.h"
#include "lib/string.h"

#define PT_LOAD 1

struct elf_header {
    u8 magic[4], class, data, ident_version, padding[9];
    u16 type, machine;
    u32 version;
    u32 entry;
    u32 phoff, shoff; /* file offsets of the program and section header tables */
    u32 flags;
    u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct program_header {
    u32 type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

_Static_assert(sizeof(struct elf_header) == 52 && sizeof(struct program_header) == 32,
               "as the specification has them");

/* Copies the header out and checks it; its table of program headers is then in the image. */
static int
read_header(const void *image, size_t size, struct elf_header *header)
{
    if (size < sizeof(*header))
        return -ELF_E_HEADER;
    memcpy(header, image, sizeof(*header));
    if (memcmp(header->magic, "\177ELF", 4) != 0)
        return -ELF_E_MAGIC;
    if (header->class != 1 || header->data != 1 || header->ident_version != 1)
        return -ELF_E_CLASS;
    if (header->machine != 3)
        return -ELF_E_MACHINE;
    if (header->type != 2)
        return -ELF_E_TYPE;
    if (header->phentsize != sizeof(struct program_header) || header->phoff > size ||
        header->phnum > (size - header->phoff) / sizeof(struct program_header))
        return -ELF_E_TABLE;
    return 0;
}

static int
check_segment(const struct elf_segment *segment, size_t size)
{
    if (segment->file_size > segment->memory_size)
        return -ELF_E_FILE_SIZE;
    if (segment->file_offset > size || segment->file_size > size - segment->file_offset)
        return -ELF_E_BOUNDS;
    if (segment->memory_size > UINT32_MAX - segment->va)
        return -ELF_E_WRAP;
    return 0;
}

int
elf_check(const void *image, size_t size)
{
    struct elf_header header;
    struct elf_segment segment;
    unsigned index = 0;
    va_t end = 0; /* of the segment before */
    bool any = false, entry_found = false;
    int result = read_header(image, size, &header);

    if (result != 0)
        return result;
    while (elf_segment(image, size, &index, &segment)) {
        result = check_segment(&segment, size);
        if (result != 0)
            return result;
        if (segment.va < end)
            return -ELF_E_ORDER;
        end = segment.va + segment.memory_size;
        any = true;
        if ((segment.flags & ELF_X) && header.entry >= segment.va && header.entry < end)
            entry_found = true;
    }
    if (!any)
        return -ELF_E_NO_SEGMENT;
    return entry_found ? 0 : -ELF_E_ENTRY;
}

const char *
elf_error(int result)
{
    static const char *const phrases[] = {
        [ELF_OK] = "no error",
        [ELF_E_HEADER] = "too short for an ELF header",
        [ELF_E_MAGIC] = "not an ELF file",
        [ELF_E_CLASS] = "not ELF32, little endian, version 1",
        [ELF_E_MACHINE] = "not for i386",
        [ELF_E_TYPE] = "not an executable of fixed address",
        [ELF_E_TABLE] = "bad program header table",
        [ELF_E_FILE_SIZE] = "a segment is larger in the file than in memory",
        [ELF_E_BOUNDS] = "a segment lies outside the file",
        [ELF_E_WRAP] = "a segment goes past the end of the address space",
        [ELF_E_ORDER] = "segments overlap or do not ascend",
        [ELF_E_NO_SEGMENT] = "no segment to load",
        [ELF_E_ENTRY] = "the entry point is in no executable segment",
    };
    unsigned index = -(unsigned)result;

    return index < ARRAY_SIZE(phrases) ? phrases[index] : "unknown error";
}

va_t
elf_entry(const void *image)
{
    struct elf_header header;

    memcpy(&header, image, sizeof(header));
    return header.entry;
}

bool
elf_segment(const void *image, size_t size, unsigned *index, struct elf_segment *out)
{
    struct elf_header header;
    struct program_header found;

    if (read_header(image, size, &header) != 0)
        return false;
    for (const u8 *table = (const u8 *)image + header.phoff; *index < header.phnum;) {
        memcpy(&found, table + (*index)++ * sizeof(found), sizeof(found));
        if (found.type == PT_LOAD) {
            out->va = found.vaddr;
            out->pa = found.paddr;
            out->file_offset = found.offset;
            out->file_size = found.filesz;
            out->memory_size = found.memsz;
            out->flags = found.flags & (ELF_R | ELF_W | ELF_X);
            return true;
        }
    }
    return false;
}
