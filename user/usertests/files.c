/* SPDX-License-Identifier: MIT
 * user/usertests/files.c: the files of the initrd, and descriptors: open, read, close, dup.
 */
#include "user/usertests/test.h"

static const char a_file[] = "README";

/* The whole file, read in one go; its size. */
static u32 read_whole(u8 *content, u32 size) {
    i32 fd = open(a_file);
    i32 n;

    CHECK(fd >= 0);
    n = read(fd, content, size);
    CHECK(n > 0 && (u32)n < size);
    CHECK_EQ(read(fd, content + n, size - (u32)n), 0);
    CHECK_EQ(close(fd), 0);
    return (u32)n;
}

static void readdir_lists_all(void) {
    struct dirent entry;
    bool found = false;
    u32 count;

    for (count = 0; readdir(count, &entry) == 0; count++) {
        i32 fd = open(entry.name);

        CHECK(strlen(entry.name) > 0 && strlen(entry.name) <= NAME_MAX);
        CHECK(fd >= 0);
        CHECK_EQ(close(fd), 0);
        found = found || strcmp(entry.name, a_file) == 0;
    }
    CHECK(found);
    CHECK_EQ(readdir(count, &entry), -ENOENT);
    CHECK_EQ(readdir(UINT32_MAX, &entry), -ENOENT);
}

static void size_is_true(void) {
    static u8 content[PAGE_SIZE];
    struct dirent entry;
    u32 index = 0;

    do CHECK_EQ(readdir(index++, &entry), 0);
    while (strcmp(entry.name, a_file) != 0);
    CHECK_EQ(read_whole(content, sizeof(content)), entry.size);
}

static void open_errors(void) {
    char name[NAME_MAX + 2];

    CHECK_EQ(open("no-such-file"), -ENOENT);
    CHECK_EQ(open(""), -ENOENT);
    CHECK_EQ(open("README "), -ENOENT);
    memset(name, 'x', sizeof(name));
    name[NAME_MAX] = '\0';
    CHECK_EQ(open(name), -ENOENT);
    name[NAME_MAX] = 'x';
    name[NAME_MAX + 1] = '\0';
    CHECK_EQ(open(name), -ENAMETOOLONG);
}

static void read_in_chunks(void) {
    static const u32 chunks[] = {1, 3, 7, 100, 511, 512, 513, PAGE_SIZE};
    static u8 whole[PAGE_SIZE], content[PAGE_SIZE];
    u32 size = read_whole(whole, sizeof(whole));

    for (u32 i = 0; i < ARRAY_SIZE(chunks); i++) {
        i32 fd = open(a_file);
        u32 done = 0;
        i32 n;

        CHECK(fd >= 0);
        memset(content, 0, sizeof(content));
        while ((n = read(fd, content + done, chunks[i])) > 0) done += (u32)n;
        CHECK_EQ(n, 0);
        CHECK_EQ(done, size);
        CHECK(memcmp(content, whole, size) == 0);
        CHECK_EQ(close(fd), 0);
    }
}

static void end_of_file(void) {
    static u8 content[PAGE_SIZE];
    i32 fd = open(a_file);

    CHECK_EQ(read(fd, content, 0), 0);
    CHECK(read(fd, content, sizeof(content)) > 0);
    CHECK_EQ(read(fd, content, sizeof(content)), 0);
    CHECK_EQ(read(fd, content, 1), 0);
    CHECK_EQ(close(fd), 0);
}

static void empty_file(void) {
    char byte;
    i32 fd = open("bad-empty");

    CHECK(fd >= 0);
    CHECK_EQ(read(fd, &byte, 1), 0);
    CHECK_EQ(close(fd), 0);
}

static void files_are_read_only(void) {
    i32 fd = open(a_file);

    CHECK_EQ(write(fd, "x", 1), -EBADF);
    CHECK_EQ(close(fd), 0);
}

static void bad_descriptors(void) {
    static const i32 bad[] = {3, FD_MAX - 1, FD_MAX, 1000, -1, INT32_MAX, INT32_MIN};
    char byte;

    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        CHECK_EQ(read(bad[i], &byte, 1), -EBADF);
        CHECK_EQ(write(bad[i], &byte, 1), -EBADF);
        CHECK_EQ(dup(bad[i]), -EBADF);
        CHECK_EQ(close(bad[i]), -EBADF);
    }
}

static void lowest_descriptor(void) {
    CHECK_EQ(open(a_file), 3);
    CHECK_EQ(dup(3), 4);
    CHECK_EQ(dup(3), 5);
    CHECK_EQ(close(4), 0);
    CHECK_EQ(close(4), -EBADF);
    CHECK_EQ(open(a_file), 4);
    CHECK_EQ(close(0), 0);
    CHECK_EQ(dup(5), 0);
}

/* A duplicate and its original are one open file, with one position. */
static void dup_shares_position(void) {
    static u8 whole[PAGE_SIZE];
    u8 bytes[2];
    i32 fd, copy;

    read_whole(whole, sizeof(whole));
    fd = open(a_file);
    copy = dup(fd);
    CHECK_EQ(read(fd, &bytes[0], 1), 1);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(read(copy, &bytes[1], 1), 1);
    CHECK(memcmp(bytes, whole, sizeof(bytes)) == 0);
}

/* So are a descriptor and the one that a child inherits; opening twice gives two positions. */
static void fork_shares_position(void) {
    static u8 whole[PAGE_SIZE];
    u8 bytes[4];
    i32 fd, other, pid;

    read_whole(whole, sizeof(whole));
    fd = open(a_file);
    other = open(a_file);
    pid = fork_child();
    if (pid == 0) {
        CHECK_EQ(read(fd, bytes, 2), 2);
        CHECK_EQ(close(fd), 0);
        exit(0);
    }
    CHECK_EQ(status_of(pid), 0);
    CHECK_EQ(read(fd, bytes + 2, 2), 2);
    CHECK(memcmp(bytes + 2, whole + 2, 2) == 0);
    CHECK_EQ(read(other, bytes, 4), 4);
    CHECK(memcmp(bytes, whole, 4) == 0);
}

static void too_many_descriptors(void) {
    i32 fds[2];

    for (i32 fd = 3; fd < FD_MAX; fd++) CHECK_EQ(open(a_file), fd);
    CHECK_EQ(open(a_file), -EMFILE);
    CHECK_EQ(dup(0), -EMFILE);
    CHECK_EQ(pipe(fds), -EMFILE);
    CHECK_EQ(close(FD_MAX - 1), 0);
    CHECK_EQ(pipe(fds), -EMFILE); /* room for one end is not enough, and stays free */
    CHECK_EQ(open(a_file), FD_MAX - 1);
}

/* Opens all the files it can, and lets a child do the same, until the system has no more. */
static void open_more(u32 generation) {
    i32 result, pid;

    CHECK(generation < 100);
    for (i32 fd = 3; fd < FD_MAX; fd++) close(fd);
    while ((result = open(a_file)) >= 0)
        ;
    if (result == -ENFILE) return;
    CHECK_EQ(result, -EMFILE);
    pid = fork_child();
    if (pid == 0) {
        open_more(generation + 1);
        exit(0);
    }
    CHECK_EQ(status_of(pid), 0);
}

static void too_many_open_files(void) { open_more(0); }

/* One call does not keep the machine to itself, however much it is asked for. */
static void console_takes_a_page(void) {
    u8 *returns = take_pages(3);

    memset(returns, '\r', 3 * PAGE_SIZE);
    CHECK_EQ(write(STDERR, returns, 3 * PAGE_SIZE), PAGE_SIZE);
    CHECK_EQ(write(STDERR, returns, 100), 100);
}

static const struct test tests[] = {
    {"readdir-lists-all", readdir_lists_all},
    {"size-is-true", size_is_true},
    {"open-errors", open_errors},
    {"read-in-chunks", read_in_chunks},
    {"end-of-file", end_of_file},
    {"empty-file", empty_file},
    {"files-are-read-only", files_are_read_only},
    {"bad-descriptors", bad_descriptors},
    {"lowest-descriptor", lowest_descriptor},
    {"dup-shares-position", dup_shares_position},
    {"fork-shares-position", fork_shares_position},
    {"too-many-descriptors", too_many_descriptors},
    {"too-many-open-files", too_many_open_files},
    {"console-takes-a-page", console_takes_a_page},
};

SUITE(files, tests);
