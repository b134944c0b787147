/* SPDX-License-Identifier: MIT
 * lib/ustar.c: a reader of POSIX ustar archives. The contracts are in lib/ustar.h.
 *
 * The format is that of POSIX.1, "pax", section "ustar Interchange Format": blocks of 512
 * bytes; for each member a header, then its data, filled up to whole blocks.
 */
#include "lib/ustar.h"
#include "lib/string.h"

#define BLOCK ((size_t)512)

/* Numbers are octal digits as text. Every field is of bytes: no alignment is needed. */
struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
    char link_name[100], magic[8], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};

_Static_assert(sizeof(struct header) == BLOCK, "a header fills its block");

/* Reads at least one octal digit and an end, which is a zero, a blank or that of the field; else
 * returns UINT64_MAX. `length` is at most 12, so a number has at most 36 bits. */
static u64 read_octal(const char *field, size_t length) {
    size_t at = 0;
    u64 number = 0;

    for (; at < length && field[at] >= '0' && field[at] <= '7'; at++)
        number = number << 3 | (u64)(field[at] - '0');
    return at > 0 && (at == length || field[at] == '\0' || field[at] == ' ') ? number : UINT64_MAX;
}

/* The first byte is 0, and each one is like the one behind it. */
static bool is_zero_block(const u8 *block) {
    return block[0] == 0 && memcmp(block, block + 1, BLOCK - 1) == 0;
}

/* The sum of all bytes of a header, those of the checksum itself taken as blanks. */
static u64 sum_of(struct header header) {
    u64 sum = 0;

    memset(header.checksum, ' ', sizeof(header.checksum));
    for (size_t at = 0; at < BLOCK; at++) sum += ((const u8 *)&header)[at];
    return sum;
}

/* Checks a header that `room` bytes of archive follow, and fills *file from it. Types 1 to 6,
 * links, devices, directories and pipes, have no data whatever size they state. */
static const char *read_header(const struct header *header, size_t room, struct ustar_file *file) {
    size_t dot = header->name[0] == '.' && header->name[1] == '/' ? 2 : 0;
    u64 size = read_octal(header->size, sizeof(header->size));

    if (memcmp(header->magic, "ustar\00000", sizeof(header->magic)) != 0)
        return "not a POSIX ustar header";
    if (read_octal(header->checksum, sizeof(header->checksum)) != sum_of(*header))
        return "a header's checksum is wrong";
    if (size == UINT64_MAX) return "a file size is not an octal number";
    if (header->prefix[0] != '\0') return "a file name is longer than 100 bytes";
    if (header->type >= '1' && header->type <= '6') size = 0;
    if (size > room / BLOCK * BLOCK) return "the archive ends too early";
    *file = (struct ustar_file){.data = header + 1, .size = (size_t)size};
    memcpy(file->name, header->name + dot, sizeof(header->name) - dot);
    file->type = header->type == '\0' ? USTAR_REGULAR : header->type;
    return NULL;
}

int ustar_next(const void *archive, size_t size, size_t *offset, struct ustar_file *file) {
    size_t room = *offset < size ? size - *offset : 0;
    const u8 *block = (const u8 *)archive + size - room;

    if (room < BLOCK)
        file->cause = "the archive ends too early";
    else if (!is_zero_block(block))
        file->cause = read_header((const struct header *)block, room - BLOCK, file);
    else if (room == BLOCK || (room >= 2 * BLOCK && is_zero_block(block + BLOCK)))
        return 0;
    else
        file->cause = "a lone zero block inside the archive";
    if (file->cause != NULL) return -1;
    *offset += BLOCK + ALIGN_UP(file->size, BLOCK);
    return 1;
}
