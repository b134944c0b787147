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
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8];
    char type;
    char link_name[100], magic[8], user[32], group[32], major[8], minor[8], prefix[155];
    char padding[12];
};

_Static_assert(sizeof(struct header) == BLOCK, "a header fills its block");

/* Reads blanks, at least one octal digit and an end, which is a zero, a blank or that of the
 * field. `length` is at most 12, so the number has at most 36 bits. */
static bool
read_octal(const char *field, size_t length, u64 *number)
{
    size_t at = 0;

    while (at < length && field[at] == ' ')
        at++;

    size_t first = at;

    for (*number = 0; at < length && field[at] >= '0' && field[at] <= '7'; at++)
        *number = *number << 3 | (u64)(field[at] - '0');
    return at > first && (at == length || field[at] == '\0' || field[at] == ' ');
}

static bool
is_zero_block(const u8 *block)
{
    for (size_t at = 0; at < BLOCK; at++)
        if (block[at] != 0)
            return false;
    return true;
}

/* The sum of all bytes of a header, those of the checksum itself taken as blanks. For a byte
 * in front of that field the subtraction wraps, so one comparison finds those on both sides. */
static u64
sum_of(const struct header *header)
{
    const u8 *bytes = (const u8 *)header;
    u64 sum = sizeof(header->checksum) * ' ';

    for (size_t at = 0; at < BLOCK; at++)
        if (at - offsetof(struct header, checksum) >= sizeof(header->checksum))
            sum += bytes[at];
    return sum;
}

/* Checks a header that `room` bytes of archive follow, and fills *file from it. Types 1 to 6,
 * links, devices, directories and pipes, have no data whatever size they state. */
static int
read_header(const struct header *header, size_t room, struct ustar_file *file)
{
    static const char magic[8] = {'u', 's', 't', 'a', 'r', '\0', '0', '0'};
    u64 checksum, size;

    if (memcmp(header->magic, magic, sizeof(magic)) != 0)
        return -USTAR_E_MAGIC;
    if (!read_octal(header->checksum, sizeof(header->checksum), &checksum) ||
        checksum != sum_of(header))
        return -USTAR_E_CHECKSUM;
    if (!read_octal(header->size, sizeof(header->size), &size))
        return -USTAR_E_NUMBER;
    if (header->prefix[0] != '\0')
        return -USTAR_E_NAME;
    if (header->type >= '1' && header->type <= '6')
        size = 0;
    if (size > room / BLOCK * BLOCK)
        return -USTAR_E_TRUNCATED;

    size_t dot = header->name[0] == '.' && header->name[1] == '/' ? 2 : 0;

    memset(file->name, 0, sizeof(file->name));
    memcpy(file->name, header->name + dot, sizeof(header->name) - dot);
    file->type = header->type == '\0' ? USTAR_REGULAR : header->type;
    file->data = header + 1;
    file->size = (size_t)size;
    return 1;
}

int
ustar_next(const void *archive, size_t size, size_t *offset, struct ustar_file *file)
{
    if (*offset > size || size - *offset < BLOCK)
        return -USTAR_E_TRUNCATED;

    const u8 *block = (const u8 *)archive + *offset;
    size_t room = size - *offset - BLOCK;

    if (is_zero_block(block)) {
        bool last = room == 0 || (room >= BLOCK && is_zero_block(block + BLOCK));

        return last ? 0 : -USTAR_E_END;
    }

    int result = read_header((const struct header *)block, room, file);

    if (result > 0)
        *offset += BLOCK + ALIGN_UP(file->size, BLOCK);
    return result;
}

const char *
ustar_error(int result)
{
    static const char *const phrases[] = {
        [USTAR_OK] = "no error",
        [USTAR_E_TRUNCATED] = "the archive ends too early",
        [USTAR_E_MAGIC] = "not a POSIX ustar header",
        [USTAR_E_CHECKSUM] = "a header's checksum is wrong",
        [USTAR_E_NUMBER] = "a file size is not an octal number",
        [USTAR_E_NAME] = "a file name is longer than 100 bytes",
        [USTAR_E_END] = "a lone zero block inside the archive",
    };
    unsigned index = result > 0 ? 0 : -(unsigned)result;

    return index < ARRAY_SIZE(phrases) ? phrases[index] : "unknown error";
}
