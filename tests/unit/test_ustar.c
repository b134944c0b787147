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

/* Where the fields that the tests write are in a header. */
enum { NAME = 0, SIZE = 124, CHECKSUM = 148, TYPE = 156, MAGIC = 257, PREFIX = 345 };

struct archive {
    u8 bytes[ARCHIVE_MAX];
    size_t size;
};

/* Makes the checksum of the header at `header` right. */
static void
seal(u8 *header)
{
    unsigned sum = 0;

    memset(header + CHECKSUM, ' ', 8);
    for (size_t at = 0; at < BLOCK; at++)
        sum += header[at];
    snprintf((char *)header + CHECKSUM, 8, "%06o", sum);
}

static void
add(struct archive *archive, const char *name, char type, const void *data, size_t size)
{
    u8 *header = archive->bytes + archive->size;

    assert_true(archive->size + BLOCK + ALIGN_UP(size, BLOCK) <= ARCHIVE_MAX);
    memset(header, 0, BLOCK + ALIGN_UP(size, BLOCK));
    memcpy(header + NAME, name, strlen(name));
    snprintf((char *)header + SIZE, 12, "%011zo", size);
    header[TYPE] = (u8)type;
    memcpy(header + MAGIC, "ustar\00000", 8);
    seal(header);
    if (size > 0)
        memcpy(header + BLOCK, data, size);
    archive->size += BLOCK + ALIGN_UP(size, BLOCK);
}

static void
add_zero_blocks(struct archive *archive, size_t count)
{
    assert_true(archive->size + count * BLOCK <= ARCHIVE_MAX);
    memset(archive->bytes + archive->size, 0, count * BLOCK);
    archive->size += count * BLOCK;
}

/* Reads all of an exact copy, data included. Returns the last result; *members is how many came
 * before it. */
static int
read_all(const void *archive, size_t size, size_t *members)
{
    u8 *copy = exact_copy(archive, size);
    struct ustar_file file;
    size_t offset = 0, before = 0;
    int result;

    for (*members = 0; (result = ustar_next(copy, size, &offset, &file)) > 0; ++*members) {
        assert_true(offset > before && offset <= size && offset % BLOCK == 0);
        assert_non_null(memchr(file.name, '\0', sizeof(file.name)));
        touch(file.data, file.size);
        before = offset;
    }
    assert_int_equal(offset, before);
    assert_string_not_equal(ustar_error(result), "unknown error");
    free(copy);
    return result;
}

/* A directory, and files around the size of a block. 13 blocks with the end. */
static void
make_good(struct archive *archive)
{
    static u8 data[1025];

    for (size_t at = 0; at < sizeof(data); at++)
        data[at] = (u8)(at * 7 + 1);
    archive->size = 0;
    add(archive, "./", USTAR_DIRECTORY, NULL, 0);
    add(archive, "./empty", USTAR_REGULAR, NULL, 0);
    add(archive, "./one", USTAR_REGULAR, data, 1);
    add(archive, "block", '\0', data, 512);
    add(archive, "./larger", USTAR_REGULAR, data, 1025);
    add_zero_blocks(archive, 2);
}

static void
test_good_archive(void **state)
{
    static const struct {
        const char *name;
        char type;
        size_t size;
    } members[] = {
        {"", USTAR_DIRECTORY, 0},      {"empty", USTAR_REGULAR, 0},     {"one", USTAR_REGULAR, 1},
        {"block", USTAR_REGULAR, 512}, {"larger", USTAR_REGULAR, 1025},
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
static void
test_ends(void **state)
{
    static const struct {
        size_t zero_blocks, extra_bytes;
        int expected;
    } ends[] = {
        {0, 0, -USTAR_E_TRUNCATED},
        {0, 511, -USTAR_E_TRUNCATED},
        {1, 0, 0},
        {1, 1, -USTAR_E_END},
        {1, 511, -USTAR_E_END},
        {2, 0, 0},
        {2, 1, 0},
        {10, 0, 0},
    };
    struct archive archive;
    size_t members;

    (void)state;
    for (size_t at = 0; at < ARRAY_SIZE(ends); at++) {
        archive.size = 0;
        add(&archive, "file", USTAR_REGULAR, "data", 4);
        add_zero_blocks(&archive, ends[at].zero_blocks + 1);
        assert_int_equal(
            read_all(archive.bytes, archive.size - BLOCK + ends[at].extra_bytes, &members),
            ends[at].expected);
        assert_int_equal(members, 1);
    }
    archive.size = 0;
    add_zero_blocks(&archive, 1);
    add(&archive, "file", USTAR_REGULAR, "data", 4);
    add_zero_blocks(&archive, 2);
    assert_int_equal(read_all(archive.bytes, archive.size, &members), -USTAR_E_END);
    assert_int_equal(read_all("", 0, &members), -USTAR_E_TRUNCATED);
}

static void
test_offset_outside(void **state)
{
    struct archive archive;
    struct ustar_file file;

    (void)state;
    make_good(&archive);
    for (size_t back = 0; back < BLOCK; back++) {
        size_t offset = archive.size - back;

        assert_int_equal(ustar_next(archive.bytes, archive.size, &offset, &file),
                         -USTAR_E_TRUNCATED);
    }
    size_t offset = SIZE_MAX;

    assert_int_equal(ustar_next(archive.bytes, archive.size, &offset, &file), -USTAR_E_TRUNCATED);
}

/* Types without data: what they state as size is not skipped. */
static void
test_types_without_data(void **state)
{
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

static void
test_names(void **state)
{
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
    assert_int_equal(read_all(archive.bytes, archive.size, &members), -USTAR_E_NAME);
}

/* Fields as tar programs write them, and as nobody should. Each is written into the first header
 * of an archive with one file of 4 bytes; the checksum is made right again but for its own. */
static void
test_changed_fields(void **state)
{
    static const struct {
        size_t field;
        char text[12];
        size_t length;
        int expected;
    } changes[] = {
        {SIZE, "00000000004", 12, 0},
        {SIZE, "00000000004 ", 12, 0},
        {SIZE, "000000000004", 12, 0},
        {SIZE, "          4 ", 12, 0},
        {SIZE, "4\0garbage...", 12, 0},
        {SIZE, "00000000777", 12, 0}, /* up to the end of the data's block */
        {SIZE, "00000001000", 12, 0},
        {SIZE, "00000003000", 12, -USTAR_E_TRUNCATED}, /* the end is inside: no end behind it */
        {SIZE, "00000003001", 12, -USTAR_E_TRUNCATED},
        {SIZE, "77777777777", 12, -USTAR_E_TRUNCATED},
        {SIZE, "777777777777", 12, -USTAR_E_TRUNCATED},
        {SIZE, "00000000008", 12, -USTAR_E_NUMBER},
        {SIZE, "0000000000x", 12, -USTAR_E_NUMBER},
        {SIZE, "-0000000004", 12, -USTAR_E_NUMBER},
        {SIZE, "\0\0\0\0\0\0\0\0\0\0\0", 12, -USTAR_E_NUMBER},
        {SIZE, "            ", 12, -USTAR_E_NUMBER},
        {SIZE, "\x80\0\0\0\0\0\0\0\0\0\0\4", 12, -USTAR_E_NUMBER}, /* GNU's base 256 */
        {MAGIC, "ustar  ", 8, -USTAR_E_MAGIC},                     /* GNU's own format */
        {MAGIC, "ustar\00001", 8, -USTAR_E_MAGIC},
        {MAGIC, "\0\0\0\0\0\0\0", 8, -USTAR_E_MAGIC},
        {CHECKSUM, "000000", 8, -USTAR_E_CHECKSUM},
        {CHECKSUM, "9", 8, -USTAR_E_CHECKSUM},
        {CHECKSUM, "        ", 8, -USTAR_E_CHECKSUM},
        {CHECKSUM, "\0\0\0\0\0\0\0", 8, -USTAR_E_CHECKSUM},
    };

    (void)state;
    for (size_t at = 0; at < ARRAY_SIZE(changes); at++) {
        struct archive archive = {.size = 0};
        size_t members;
        int result;

        add(&archive, "file", USTAR_REGULAR, "data", 4);
        add_zero_blocks(&archive, 2);
        memcpy(archive.bytes + changes[at].field, changes[at].text, changes[at].length);
        if (changes[at].field != CHECKSUM)
            seal(archive.bytes);
        result = read_all(archive.bytes, archive.size, &members);
        if (result != changes[at].expected)
            fail_msg("change %zu: %d (%s)", at, result, ustar_error(result));
    }
}

/* The checksum covers every byte of a header. Only its own number can be spelled otherwise. */
static void
test_every_header_byte(void **state)
{
    struct archive archive;
    size_t members;

    (void)state;
    for (size_t at = 0; at < BLOCK; at++) {
        for (int bit = 0; bit < 8; bit++) {
            int result;

            make_good(&archive);
            archive.bytes[BLOCK + at] ^= (u8)(1 << bit);
            result = read_all(archive.bytes, archive.size, &members);
            if (at >= CHECKSUM && at < CHECKSUM + 8 && result == 0)
                continue;
            assert_true(result == -USTAR_E_CHECKSUM || result == -USTAR_E_MAGIC);
            assert_int_equal(members, 1);
        }
    }
}

static void
test_every_truncation(void **state)
{
    struct archive archive;
    size_t members;

    (void)state;
    make_good(&archive);
    for (size_t size = 0; size < archive.size; size++) {
        int result = read_all(archive.bytes, size, &members);

        if (size == archive.size - BLOCK)
            assert_int_equal(result, 0);
        else if (size > archive.size - BLOCK)
            assert_int_equal(result, -USTAR_E_END);
        else
            assert_int_equal(result, -USTAR_E_TRUNCATED);
    }
}

/* Damage under a right checksum, so that it gets past that: above all in sizes and types. */
static void
test_random_damage(void **state)
{
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
            if (random_below(&seed, 8) != 0)
                seal(archive.bytes + header);
        }
        if (step % 4 == 0)
            archive.size = random_below(&seed, archive.size + 1);
        accepted += read_all(archive.bytes, archive.size, &members) == 0;
    }
    assert_true(accepted > 100);
}

static void
write_file(const char *folder, const char *name, size_t size)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "wb");
    assert_non_null(file);
    while (size-- > 0)
        fputc('x', file);
    fclose(file);
}

/* What the host's tar makes, in the way in which the initrd is made. */
static void
test_archive_of_tar(void **state)
{
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
    assert_int_equal(file.type, USTAR_DIRECTORY);
    assert_int_equal(ustar_next(archive.bytes, archive.size, &offset, &file), 1);
    assert_string_equal(file.name, "sh");
    assert_int_equal(file.size, 700);
    assert_int_equal(((const char *)file.data)[699], 'x');
    assert_int_equal(ustar_next(archive.bytes, archive.size, &offset, &file), 1);
    assert_string_equal(file.name, "zero");
    assert_int_equal(file.size, 0);
    assert_int_equal(ustar_next(archive.bytes, archive.size, &offset, &file), 0);
}

static void
test_error_phrases(void **state)
{
    (void)state;
    for (int a = 0; a <= USTAR_E_END; a++) {
        assert_string_not_equal(ustar_error(-a), "unknown error");
        for (int b = 0; b < a; b++)
            assert_string_not_equal(ustar_error(-a), ustar_error(-b));
    }
    assert_string_equal(ustar_error(1), ustar_error(0));
    assert_string_equal(ustar_error(-USTAR_E_END - 1), "unknown error");
    assert_string_equal(ustar_error(INT32_MIN), "unknown error");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_archive),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_offset_outside),
        cmocka_unit_test(test_types_without_data),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_changed_fields),
        cmocka_unit_test(test_every_header_byte),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_random_damage),
        cmocka_unit_test(test_archive_of_tar),
        cmocka_unit_test(test_error_phrases),
    };

    return cmocka_run_group_tests_name("ustar", tests, NULL, NULL);
}
