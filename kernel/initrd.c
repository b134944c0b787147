/* SPDX-License-Identifier: MIT
 * kernel/initrd.c: the files: a ustar archive that the loader put into memory, flat, read-only.
 *
 * Runs:  initrd_init once, at boot.
 * Gives: an index of the regular files. Damage is named; what came before it can be used.
 * Read first: lib/ustar.h.
 */
#include "kernel/kernel.h"
#include "lib/ustar.h"

#define FILES_MAX 64

static struct initrd_file index[FILES_MAX];
static u32 count;

/* False: there is no room for more. */
static bool add(const struct ustar_file *file) {
    if (file->type != USTAR_REGULAR) return true;
    if (count == FILES_MAX) {
        printk("initrd: more than %u files; the rest is ignored\n", FILES_MAX);
        return false;
    }
    if (strlcpy(index[count].name, file->name, sizeof index->name) > NAME_MAX) {
        printk("initrd: '%s' has a name of more than %u characters; ignored\n", file->name,
               NAME_MAX);
        return true;
    }
    index[count].data = file->data;
    index[count++].size = (u32)file->size;
    return true;
}

void initrd_init(const struct boot_info *boot) {
    size_t size = (size_t)(boot->initrd_end - boot->initrd), offset = 0;
    struct ustar_file file;
    int result;

    if (size == 0)
        panic("no initrd: the boot loader must load initrd.tar as a module "
              "(QEMU: -initrd build/initrd.tar)");
    while ((result = ustar_next(va_of(boot->initrd), size, &offset, &file)) > 0)
        if (!add(&file)) break;
    if (result < 0) printk("initrd: damaged at byte %u: %s\n", (u32)offset, file.cause);
}

const struct initrd_file *initrd_find(const char *name) {
    for (u32 i = 0; i < count; i++)
        if (strcmp(index[i].name, name) == 0) return &index[i];
    return NULL;
}

int initrd_info(u32 number, va_t answer) {
    struct dirent entry = {0};

    if (number >= count) return -ENOENT;
    strlcpy(entry.name, index[number].name, sizeof entry.name);
    entry.size = index[number].size;
    return copy_to_user(answer, &entry, sizeof entry);
}
