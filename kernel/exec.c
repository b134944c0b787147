/* SPDX-License-Identifier: MIT
 * kernel/exec.c: puts an ELF file of the initrd in the place of the running program.
 *
 * Runs:  process context.
 * Gives: a new address space, built beside the old one: if anything fails the old goes on.
 * Read first: lib/elf.h, kernel/vm.c.
 */
#include "kernel/kernel.h"
#include "lib/elf.h"

#define LOWEST  PAGE_SIZE /* address 0 stays unmapped */
#define HIGHEST (USER_TOP - USER_STACK_MAX)

/* The bytes of the file that belong on the page at `va`, on a page that is zero elsewhere. */
static int load_page(struct vm *vm, const struct elf_segment *segment, const u8 *image, va_t va) {
    va_t start = va > segment->va ? va : segment->va;
    va_t file_end = segment->va + segment->file_size;
    va_t end = va + PAGE_SIZE < file_end ? va + PAGE_SIZE : file_end;
    u8 *page = vm_add_page(vm, va, segment->flags & ELF_W);

    if (!page) return -ENOMEM;
    if (start < end)
        memcpy(page + (start - va), image + segment->file_offset + (start - segment->va),
               end - start);
    return 0;
}

/* Loads what the file holds. Behind it, memory of the last segment is left to demand zero: so only
 * the last may have more memory than file. */
static int load_segment(struct vm *vm, const struct elf_segment *segment, const u8 *image) {
    va_t end = segment->va + segment->memory_size;
    va_t file_end = segment->va + segment->file_size;
    int error = 0;

    if (segment->memory_size == 0) return 0;
    if (vm->anonymous < vm->heap) return -ENOEXEC; /* the one before was to be the last */
    if (segment->va < LOWEST || end > HIGHEST) return -ENOEXEC;
    if ((segment->va & ~PAGE_MASK) < vm->anonymous) return -ENOEXEC; /* two segments on one page */
    if (file_end != end && !(segment->flags & ELF_W))
        return -ENOEXEC; /* memory that nobody could ever fill */
    for (va_t va = segment->va & ~PAGE_MASK; va < file_end && !error; va += PAGE_SIZE)
        error = load_page(vm, segment, image, va);
    vm->anonymous = ALIGN_UP(file_end, PAGE_SIZE);
    vm->heap = vm->brk = ALIGN_UP(end, PAGE_SIZE);
    return error;
}

/* The stack's first page, as a program expects it: argc, argv[0] .. argv[argc-1], NULL, and the
 * strings at its top. System V ABI i386, "Process Initialization". */
static int make_stack(struct vm *vm, const char *args, u32 args_size, u32 argc, va_t *sp) {
    va_t base = USER_TOP - PAGE_SIZE;
    u8 *page = vm_add_page(vm, base, true);
    va_t text = USER_TOP - ALIGN_UP(args_size, 4);
    u32 *words;

    if (!page) return -ENOMEM;
    memcpy(page + (text - base), args, args_size);
    *sp = (text - (argc + 2) * 4) & ~15u;
    words = (u32 *)(page + (*sp - base));
    *words++ = argc;
    for (u32 i = 0; i < argc; i++) {
        *words++ = text;
        text += strlen(args) + 1;
        args += strlen(args) + 1;
    }
    return 0;
}

static int build(struct vm *vm, const struct initrd_file *file, const char *args, u32 args_size,
                 u32 argc, va_t *sp) {
    struct elf_segment segment;
    unsigned index = 0;
    int error = 0;

    vm->root = root_create();
    if (!vm->root) return -ENOMEM;
    while (!error && elf_segment(file->data, file->size, &index, &segment))
        error = load_segment(vm, &segment, file->data);
    return error ? error : make_stack(vm, args, args_size, argc, sp);
}

/* `args`: argc strings, one behind the other, args_size bytes with their zeros. */
int exec(const char *path, const char *args, u32 args_size, u32 argc) {
    const struct initrd_file *file = initrd_find(path);
    struct vm old = current->vm, fresh = {0};
    va_t sp;
    int error;

    if (!file) return -ENOENT;
    if (elf_check(file->data, file->size) != NULL) return -ENOEXEC;
    lazy_begin(LAZY_MMU);
    error = build(&fresh, file, args, args_size, argc, &sp);
    if (error) {
        lazy_end();
        vm_destroy(&fresh, old.root);
        return error;
    }
    current->vm = fresh;
    strlcpy(current->name, file->name, sizeof current->name);
    frame_start(trap_frame_of(current), elf_entry(file->data), sp);
    vm_destroy(&old, fresh.root); /* process 1 has none: the scheduler loads its first */
    lazy_end();
    return 0;
}
