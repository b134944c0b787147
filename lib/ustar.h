/* SPDX-License-Identifier: MIT
 * lib/ustar.h: reads a POSIX ustar archive in memory: the initrd.
 *
 * Runs:  anywhere, on an archive at any alignment. Trusts no byte of it.
 * Gives: its members one by one, the data in place, not copied.
 */
#ifndef LIB_USTAR_H
#define LIB_USTAR_H

#include "lib/types.h"

#define USTAR_REGULAR '0'

struct ustar_file {
    char name[101];    /* without a leading "./"; a directory's may end in '/' or be "" */
    char type;         /* USTAR_REGULAR, or another one as the archive has it */
    const void *data;  /* inside the archive */
    size_t size;       /* bytes of data; 0 for types that have none, such as directories */
    const char *cause; /* of a -1, see below */
};

/* Reads the member at *offset and moves *offset behind it; start with 0. Returns 1 for a member,
 * 0 at the end of the archive, or -1 for damage, with file->cause a phrase that names it, to
 * follow "bad initrd: ". After 0 and -1, *offset has stayed and *file says nothing else.
 *
 * The end is two zero blocks, or one that is the archive's last. An archive that just stops is
 * truncated. Names longer than the header's 100 bytes (those with a prefix) are refused. */
int ustar_next(const void *archive, size_t size, size_t *offset, struct ustar_file *file);

#endif
