/* SPDX-License-Identifier: MIT
 * tests/unit/test_ustar.c: lib/ustar.c with good archives, tar's own included, and damaged ones.
 *
 * Archives are tested as exact heap copies, so that ASan reports a read outside them.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "lib/ustar.h"

#define BLOCK       512
#define ARCHIVE_MAX (40 * BLOCK)
#define DIRECTORY   '5'

/* What ustar_next says of damage. */
#define TRUNCATED    "the archive ends too early"
#define BAD_MAGIC    "not a POSIX ustar header"
#define BAD_CHECKSUM "a header's checksum is wrong"
#define BAD_NUMBER   "a file size is not an octal number"
#define LONG_NAME    "a file name is longer than 100 bytes"
#define LONE_ZERO    "a lone zero block inside the archive"

static const char *const causes[] = {TRUNCATED,  BAD_MAGIC, BAD_CHECKSUM,
                                     BAD_NUMBER, LONG_NAME, LONE_ZERO};

/* Where the fields that the tests write are in a header. */
enum { NAME = 0, SIZE = 124, MTIME = 136, CHECKSUM = 148, TYPE = 156, MAGIC = 257, PREFIX = 345 };

struct archive {
    u8 bytes[ARCHIVE_MAX];
    size_t size;
};

/* Makes the checksum of the header at `header` right. */
static void seal(u8 *header) {
    unsigned sum = 0;

    memset(header + CHECKSUM, ' ', 8);
    for (size_t at = 0; at < BLOCK; at++) sum += header[at];
    snprintf((char *)header + CHECKSUM, 8, "%06o", sum);
}

static void add(struct archive *archive, const char *name, char type, const void *data,
                size_t size) {
    u8 *header = archive->bytes + archive->size;

    assert_true(archive->size + BLOCK + ALIGN_UP(size, BLOCK) <= ARCHIVE_MAX);
    memset(header, 0, BLOCK + ALIGN_UP(size, BLOCK));
    memcpy(header + NAME, name, strlen(name));
    snprintf((char *)header + SIZE, 12, "%011zo", size);
    header[TYPE] = (u8)type;
    memcpy(header + MAGIC, "ustar\00000", 8);
    seal(header);
    if (size > 0) memcpy(header + BLOCK, data, size);
    archive->size += BLOCK + ALIGN_UP(size, BLOCK);
}

static void add_zero_blocks(struct archive *archive, size_t count) {
    assert_true(archive->size + count * BLOCK <= ARCHIVE_MAX);
    memset(archive->bytes + archive->size, 0, count * BLOCK);
    archive->size += count * BLOCK;
}

/* Reads all of an exact copy, data included. Returns the cause of what ended it, NULL for the end
 * of the archive; *members is how many came before. */
static const char *read_all(const void *archive, size_t size, size_t *members) {
    u8 *copy = exact_copy(archive, size);
    struct ustar_file file;
    size_t offset = 0, before = 0;
    int result;

    for (*members = 0; (result = ustar_next(copy, size, &offset, &file)) == 1; ++*members) {
        assert_true(offset > before && offset <= size && offset % BLOCK == 0);
        assert_non_null(memchr(file.name, '\0', sizeof(file.name)));
        touch(file.data, file.size);
        before = offset;
    }
    assert_int_equal(offset, before);
    assert_true(result == 0 || (result == -1 && is_among(file.cause, causes, ARRAY_SIZE(causes))));
    free(copy);
    return result == 0 ? NULL : file.cause;
}

/* A directory, and files around the size of a block. 13 blocks with the end. */
static void make_good(struct archive *archive) {
    static u8 data[1025];

    for (size_t at = 0; at < sizeof(data); at++) data[at] = (u8)(at * 7 + 1);
    archive->size = 0;
    add(archive, "./", DIRECTORY, NULL, 0);
    add(archive, "./empty", USTAR_REGULAR, NULL, 0);
    add(archive, "./one", USTAR_REGULAR, data, 1);
    add(archive, "block", '\0', data, 512);
    add(archive, "./larger", USTAR_REGULAR, data, 1025);
    add_zero_blocks(archive, 2);
}

static void test_good_archive(void **state) {
    static const struct {
        const char *name;
        char type;
        size_t size;
    } members[] = {
        {"", DIRECTORY, 0},
        {"empty", USTAR_REGULAR, 0},
        {"one", USTAR_REGULAR, 1},
        {"block", USTAR_REGULAR, 512},
        {"larger", USTAR_REGULAR, 1025},
    };
    struct archive archive;

    (void)state;
    make_good(&archive);
    for (size_t shift = 0; shift < 4; shift++) {
        u8 *copy = malloc(archive.size + shift);
        struct ustar_file file;
        size_t offset = 0;

        assert_non_null(copy);
        memcpy(copy + shift, archive.bytes, archive.size);
        for (size_t n = 0; n < ARRAY_SIZE(members); n++) {
            assert_int_equal(ustar_next(copy + shift, archive.size, &offset, &file), 1);
            assert_string_equal(file.name, members[n].name);
            assert_int_equal(file.type, members[n].type);
            assert_int_equal(file.size, members[n].size);
            for (size_t at = 0; at < file.size; at++)
                assert_int_equal(((const u8 *)file.data)[at], (u8)(at * 7 + 1));
        }
        assert_int_equal(ustar_next(copy + shift, archive.size, &offset, &file), 0);
        assert_int_equal(ustar_next(copy + shift, archive.size, &offset, &file), 0);
        assert_int_equal(offset, archive.size - 2 * BLOCK);
        free(copy);
    }
}

/* What may stand behind the last member, and what may not. */
static void test_ends(void **state) {
    static const struct {
        size_t zero_blocks, extra_bytes;
        const char *expected;
    } ends[] = {
        {0, 0, TRUNCATED},   {0, 511, TRUNCATED}, {1, 0, NULL}, {1, 1, LONE_ZERO},
        {1, 511, LONE_ZERO}, {2, 0, NULL},        {2, 1, NULL}, {10, 0, NULL},
    };
    struct archive archive;
    size_t members;

    (void)state;
    for (size_t at = 0; at < ARRAY_SIZE(ends); at++) {
        archive.size = 0;
        add(&archive, "file", USTAR_REGULAR, "data", 4);
        add_zero_blocks(&archive, ends[at].zero_blocks + 1);
        assert_text(read_all(archive.bytes, archive.size - BLOCK + ends[at].extra_bytes, &members),
                    ends[at].expected);
        assert_int_equal(members, 1);
    }
    archive.size = 0;
    add_zero_blocks(&archive, 1);
    add(&archive, "file", USTAR_REGULAR, "data", 4);
    add_zero_blocks(&archive, 2);
    assert_text(read_all(archive.bytes, archive.size, &members), LONE_ZERO);
    assert_text(read_all("", 0, &members), TRUNCATED);
}

/* One bit anywhere makes a zero block a bad header. */
static void test_almost_zero_block(void **state) {
    struct archive archive = {.size = 0};
    size_t members;

    (void)state;
    add_zero_blocks(&archive, 1);
    for (size_t at = 0; at < BLOCK; at++) {
        archive.bytes[at] = 1;
        assert_text(read_all(archive.bytes, archive.size, &members), BAD_MAGIC);
        archive.bytes[at] = 0;
    }
}

static void test_offset_outside(void **state) {
    struct archive archive;
    struct ustar_file file;

    (void)state;
    make_good(&archive);
    for (size_t back = 0; back < BLOCK; back++) {
        size_t offset = archive.size - back;

        assert_int_equal(ustar_next(archive.bytes, archive.size, &offset, &file), -1);
        assert_text(file.cause, TRUNCATED);
        assert_int_equal(offset, archive.size - back);
    }
    size_t offset = SIZE_MAX;

    assert_int_equal(ustar_next(archive.bytes, archive.size, &offset, &file), -1);
    assert_text(file.cause, TRUNCATED);
}

/* Types without data: what they state as size is not skipped. */
static void test_types_without_data(void **state) {
    struct ustar_file file;

    (void)state;
    for (char type = '0'; type <= '7'; type++) {
        bool has_data = type == '0' || type == '7';
        struct archive archive = {.size = 0};
        size_t offset = 0;

        add(&archive, "thing", type, "data", 4);
        archive.size = has_data ? archive.size : BLOCK;
        add(&archive, "next", USTAR_REGULAR, NULL, 0);
        assert_int_equal(ustar_next(archive.bytes, archive.size, &offset, &file), 1);
        assert_int_equal(file.type, type);
        assert_int_equal(file.size, has_data ? 4 : 0);
        assert_int_equal(ustar_next(archive.bytes, archive.size, &offset, &file), 1);
        assert_string_equal(file.name, "next");
    }
}

static void test_names(void **state) {
    struct archive archive = {.size = 0};
    struct ustar_file file;
    char name[101];
    size_t members, offset = 0;

    (void)state;
    memset(name, 'n', 100);
    name[100] = '\0';
    add(&archive, name, USTAR_REGULAR, NULL, 0);
    assert_int_equal(ustar_next(archive.bytes, archive.size, &offset, &file), 1);
    assert_string_equal(file.name, name);

    memcpy(name, "./", 2);
    archive.size = offset = 0;
    add(&archive, name, USTAR_REGULAR, NULL, 0);
    assert_int_equal(ustar_next(archive.bytes, archive.size, &offset, &file), 1);
    assert_string_equal(file.name, name + 2);

    memcpy(archive.bytes + PREFIX, "dir", 3);
    seal(archive.bytes);
    assert_text(read_all(archive.bytes, archive.size, &members), LONG_NAME);
}

/* Fields as tar programs write them, and as nobody should. Each is written into the first header
 * of an archive with one file of 4 bytes; the checksum is made right again but for its own. */
static void test_changed_fields(void **state) {
    static const struct {
        size_t field;
        char text[12];
        size_t length;
        const char *expected;
    } changes[] = {
        {SIZE, "00000000004", 12, NULL},
        {SIZE, "00000000004 ", 12, NULL},
        {SIZE, "000000000004", 12, NULL},
        {SIZE, "4\0garbage...", 12, NULL},
        {SIZE, "00000000777", 12, NULL}, /* up to the end of the data's block */
        {SIZE, "00000001000", 12, NULL},
        {SIZE, "00000003000", 12, TRUNCATED}, /* the end is inside: no end behind it */
        {SIZE, "00000003001", 12, TRUNCATED},
        {SIZE, "77777777777", 12, TRUNCATED},
        {SIZE, "777777777777", 12, TRUNCATED},
        {SIZE, "00000000008", 12, BAD_NUMBER},
        {SIZE, "0000000000x", 12, BAD_NUMBER},
        {SIZE, "-0000000004", 12, BAD_NUMBER},
        {SIZE, "\0\0\0\0\0\0\0\0\0\0\0", 12, BAD_NUMBER},
        {SIZE, "            ", 12, BAD_NUMBER},
        {SIZE, "          4 ", 12, BAD_NUMBER},               /* from before POSIX */
        {SIZE, "\x80\0\0\0\0\0\0\0\0\0\0\4", 12, BAD_NUMBER}, /* GNU's base 256 */
        {MAGIC, "ustar  ", 8, BAD_MAGIC},                     /* GNU's own format */
        {MAGIC, "ustar\00001", 8, BAD_MAGIC},
        {MAGIC, "\0\0\0\0\0\0\0", 8, BAD_MAGIC},
        {CHECKSUM, "000000", 8, BAD_CHECKSUM},
        {CHECKSUM, "9", 8, BAD_CHECKSUM},
        {CHECKSUM, "        ", 8, BAD_CHECKSUM},
        {CHECKSUM, "\0\0\0\0\0\0\0", 8, BAD_CHECKSUM},
    };

    (void)state;
    for (size_t at = 0; at < ARRAY_SIZE(changes); at++) {
        struct archive archive = {.size = 0};
        size_t members;
        const char *cause;

        add(&archive, "file", USTAR_REGULAR, "data", 4);
        add_zero_blocks(&archive, 2);
        memset(archive.bytes + MTIME, '7', 12); /* a size without an end has one all the same */
        seal(archive.bytes);
        memcpy(archive.bytes + changes[at].field, changes[at].text, changes[at].length);
        if (changes[at].field != CHECKSUM) seal(archive.bytes);
        cause = read_all(archive.bytes, archive.size, &members);
        if (!same_text(cause, changes[at].expected))
            fail_msg("change %zu: %s, expected %s", at, cause, changes[at].expected);
    }
}

/* The checksum covers every byte of a header. Only its own number can be spelled otherwise. */
static void test_every_header_byte(void **state) {
    struct archive archive;
    size_t members;

    (void)state;
    for (size_t at = 0; at < BLOCK; at++) {
        for (int bit = 0; bit < 8; bit++) {
            const char *cause;

            make_good(&archive);
            archive.bytes[BLOCK + at] ^= (u8)(1 << bit);
            cause = read_all(archive.bytes, archive.size, &members);
            if (at >= CHECKSUM && at < CHECKSUM + 8 && cause == NULL) continue;
            assert_true(same_text(cause, BAD_CHECKSUM) || same_text(cause, BAD_MAGIC));
            assert_int_equal(members, 1);
        }
    }
}

static void test_every_truncation(void **state) {
    struct archive archive;
    size_t members;

    (void)state;
    make_good(&archive);
    for (size_t size = 0; size < archive.size; size++) {
        const char *cause = read_all(archive.bytes, size, &members);

        if (size == archive.size - BLOCK)
            assert_null(cause);
        else if (size > archive.size - BLOCK)
            assert_text(cause, LONE_ZERO);
        else
            assert_text(cause, TRUNCATED);
    }
}

/* Damage under a right checksum, so that it gets past that: above all in sizes and types. */
static void test_random_damage(void **state) {
    struct archive good, archive;
    size_t members, accepted = 0;
    u64 seed = 13;

    (void)state;
    make_good(&good);
    for (int step = 0; step < 50000; step++) {
        archive = good;
        for (size_t count = random_below(&seed, 4) + 1; count > 0; count--) {
            size_t header = random_below(&seed, 13) * BLOCK;
            size_t at = step % 2 ? SIZE + random_below(&seed, 12) : random_below(&seed, BLOCK);

            archive.bytes[header + at] =
                (u8)(step % 3 ? '0' + random_below(&seed, 8) : random_below(&seed, 256));
            if (random_below(&seed, 8) != 0) seal(archive.bytes + header);
        }
        if (step % 4 == 0) archive.size = random_below(&seed, archive.size + 1);
        accepted += read_all(archive.bytes, archive.size, &members) == NULL;
    }
    assert_true(accepted > 100);
}

static void write_file(const char *folder, const char *name, size_t size) {
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "wb");
    assert_non_null(file);
    while (size-- > 0) fputc('x', file);
    fclose(file);
}

/* What the host's tar makes, in the way in which the initrd is made. */
static void test_archive_of_tar(void **state) {
    char folder[] = "/tmp/unit-ustar-XXXXXX", command[256];
    struct archive archive;
    struct ustar_file file;
    size_t offset = 0;

    (void)state;
    assert_non_null(mkdtemp(folder));
    write_file(folder, "sh", 700);
    write_file(folder, "zero", 0);
    snprintf(command, sizeof(command), "tar --format=ustar --sort=name -C %s -cf - . && rm -r %s",
             folder, folder);

    FILE *tar = popen(command, "r");

    assert_non_null(tar);
    archive.size = fread(archive.bytes, 1, sizeof(archive.bytes), tar);
    assert_int_equal(pclose(tar), 0);
    assert_int_equal(ustar_next(archive.bytes, archive.size, &offset, &file), 1);
    assert_int_equal(file.type, DIRECTORY);
    assert_int_equal(ustar_next(archive.bytes, archive.size, &offset, &file), 1);
    assert_string_equal(file.name, "sh");
    assert_int_equal(file.size, 700);
    assert_int_equal(((const char *)file.data)[699], 'x');
    assert_int_equal(ustar_next(archive.bytes, archive.size, &offset, &file), 1);
    assert_string_equal(file.name, "zero");
    assert_int_equal(file.size, 0);
    assert_int_equal(ustar_next(archive.bytes, archive.size, &offset, &file), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_archive),       cmocka_unit_test(test_ends),
        cmocka_unit_test(test_almost_zero_block),  cmocka_unit_test(test_offset_outside),
        cmocka_unit_test(test_types_without_data), cmocka_unit_test(test_names),
        cmocka_unit_test(test_changed_fields),     cmocka_unit_test(test_every_header_byte),
        cmocka_unit_test(test_every_truncation),   cmocka_unit_test(test_random_damage),
        cmocka_unit_test(test_archive_of_tar),
    };

    return cmocka_run_group_tests_name("ustar", tests, NULL, NULL);
}
