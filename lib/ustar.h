/* SPDX-License-Identifier: MIT
 * lib/ustar.h: reads a POSIX ustar archive in memory: the initrd.
 *
 * Runs:  anywhere, on an archive at any alignment. Trusts no byte of it.
 * Gives: its members one by one, the data in place, not copied.
 */
#ifndef LIB_USTAR_H
#define LIB_USTAR_H

#include "lib/types.h"

/* ustar_next returns them negated; ustar_error says what each means. */
enum ustar_cause {
    USTAR_OK,
    USTAR_E_TRUNCATED,
    USTAR_E_MAGIC,
    USTAR_E_CHECKSUM,
    USTAR_E_NUMBER,
    USTAR_E_NAME,
    USTAR_E_END
};

/* ustar_file.type: the two that matter here; others are returned as the archive has them */
#define USTAR_REGULAR   '0'
#define USTAR_DIRECTORY '5'

struct ustar_file {
    char name[101]; /* without a leading "./"; a directory's may end in '/' or be "" */
    char type;
    const void *data; /* inside the archive */
    size_t size;      /* bytes of data; 0 for types that have none, such as directories */
};

/* Reads the member at *offset and moves *offset behind it; start with 0. Returns 1 for a member,
 * 0 at the end of the archive, or a negated USTAR_E_*; *offset then stays, and *file says nothing.
 * The end is two zero blocks, or one that is the archive's last. An archive that just stops is
 * truncated. Names longer than the header's 100 bytes (those with a prefix) are refused. */
int ustar_next(const void *archive, size_t size, size_t *offset, struct ustar_file *file);

/* Names the cause of a ustar_next result, to follow "bad initrd: ". Never NULL. */
const char *ustar_error(int result);

#endif
