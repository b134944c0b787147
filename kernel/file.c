/* SPDX-License-Identifier: MIT
 * kernel/file.c: open files, and the descriptors of the current process that stand for them.
 *
 * Runs:  process context.
 * Gives: one interface to three kinds of file: of the initrd, an end of a pipe, the console.
 */
#include "kernel/kernel.h"

#define OPEN_FILES 256 /* in the whole system */

enum file_kind { FILE_CONSOLE, FILE_INITRD, FILE_PIPE_READ, FILE_PIPE_WRITE };

struct file {
    enum file_kind kind;
    u32 owners; /* descriptors, of all processes; 0: it is free */
    u32 offset; /* FILE_INITRD: the next byte to read */
    union {
        const struct initrd_file *initrd;
        struct pipe *pipe;
    };
};

static struct file files[OPEN_FILES];

/* NULL: too many are open. */
static struct file *file_new(enum file_kind kind) {
    for (u32 i = 0; i < OPEN_FILES; i++) {
        if (files[i].owners) continue;
        files[i] = (struct file){.kind = kind, .owners = 1};
        return &files[i];
    }
    return NULL;
}

struct file *file_console(void) {
    return file_new(FILE_CONSOLE);
}

bool file_is_console(const struct file *file) { return file && file->kind == FILE_CONSOLE; }

struct file *file_get(struct file *file) {
    if (file) file->owners++;
    return file;
}

void file_put(struct file *file) {
    if (!file || --file->owners > 0) return;
    if ((file->kind == FILE_PIPE_READ || file->kind == FILE_PIPE_WRITE) && file->pipe)
        pipe_close(file->pipe, file->kind == FILE_PIPE_WRITE);
}

/* The lowest free descriptor becomes `file`, which is put if there is none. */
static int install(struct file *file) {
    for (u32 fd = 0; fd < FD_MAX; fd++) {
        if (current->files[fd]) continue;
        current->files[fd] = file;
        return (int)fd;
    }
    file_put(file);
    return -EMFILE;
}

static struct file *file_of(u32 fd) { return fd < FD_MAX ? current->files[fd] : NULL; }

int file_open(const char *path) {
    const struct initrd_file *initrd = initrd_find(path);
    struct file *file;

    if (!initrd) return -ENOENT;
    file = file_new(FILE_INITRD);
    if (!file) return -ENFILE;
    file->initrd = initrd;
    return install(file);
}

int file_close(u32 fd) {
    struct file *file = file_of(fd);

    if (!file) return -EBADF;
    current->files[fd] = NULL;
    file_put(file);
    return 0;
}

int file_dup(u32 fd) {
    struct file *file = file_of(fd);

    return file ? install(file_get(file)) : -EBADF;
}

/* Both ends, or none. */
int file_pipe(int fd[2]) {
    struct file *reader = file_new(FILE_PIPE_READ);
    struct file *writer = file_new(FILE_PIPE_WRITE);
    struct pipe *pipe = reader && writer ? pipe_create() : NULL;

    if (!pipe) {
        file_put(reader);
        file_put(writer);
        return reader && writer ? -ENOMEM : -ENFILE;
    }
    reader->pipe = writer->pipe = pipe;
    fd[0] = install(reader);
    fd[1] = install(writer);
    if (fd[1] >= 0) return 0;
    if (fd[0] >= 0) file_close((u32)fd[0]);
    return -EMFILE;
}

static int read_initrd(struct file *file, va_t buffer, u32 length) {
    u32 left = file->initrd->size - file->offset;

    if (length > left) length = left;
    if (copy_to_user(buffer, file->initrd->data + file->offset, length) != 0) return -EFAULT;
    file->offset += length;
    return (int)length;
}

int file_read(u32 fd, va_t buffer, u32 length) {
    struct file *file = file_of(fd);

    if (!file) return -EBADF;
    switch (file->kind) {
    case FILE_CONSOLE: return console_read_line(buffer, length);
    case FILE_INITRD: return read_initrd(file, buffer, length);
    case FILE_PIPE_READ: return pipe_read(file->pipe, buffer, length);
    default: return -EBADF;
    }
}

int file_write(u32 fd, va_t buffer, u32 length) {
    struct file *file = file_of(fd);

    if (!file) return -EBADF;
    switch (file->kind) {
    case FILE_CONSOLE: return console_print(buffer, length);
    case FILE_PIPE_WRITE: return pipe_write(file->pipe, buffer, length);
    default: return -EBADF;
    }
}
