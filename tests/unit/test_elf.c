/* SPDX-License-Identifier: MIT
 * tests/unit/test_elf.c: lib/elf.c with a good image, and with damage at every kind of field.
 *
 * Images are tested as exact heap copies, so that ASan reports a read outside them.
 */
#include <elf.h>

#include "tests/unit/unit.h"
#include "lib/elf.h"

/* A program of two segments, code and data with bss, and a note between them. */
struct image {
    Elf32_Ehdr header;
    Elf32_Phdr code, note, data;
    u8 code_bytes[40], data_bytes[23];
} __attribute__((packed));

static const struct image good = {
    .header =
        {
            .e_ident = {0x7F, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
            .e_type = ET_EXEC,
            .e_machine = EM_386,
            .e_version = EV_CURRENT,
            .e_entry = 0x08048010,
            .e_phoff = offsetof(struct image, code),
            .e_ehsize = sizeof(Elf32_Ehdr),
            .e_phentsize = sizeof(Elf32_Phdr),
            .e_phnum = 3,
        },
    .code = {PT_LOAD, offsetof(struct image, code_bytes), 0x08048000, 0x00100000, 40, 40,
             PF_R | PF_X, 4},
    .note = {PT_NOTE, 0xFFFFFFF0, 0xFFFFFFF0, 0, 0xFFFFFFFF, 1, 0, 0},
    .data = {PT_LOAD, offsetof(struct image, data_bytes), 0x08049000, 0x00200000, 23, 100,
             PF_R | PF_W | 0xF0, 4},
    .code_bytes = {0x90},
    .data_bytes = {1, 2, 3},
};

/* elf_check on an exact copy. */
static int
check(const void *image, size_t size)
{
    void *copy = exact_copy(image, size);
    int result = elf_check(copy, size);

    free(copy);
    return result;
}

static void
assert_good_segments(const void *image)
{
    struct elf_segment segment;
    unsigned index = 0;

    assert_true(elf_segment(image, sizeof(good), &index, &segment));
    assert_int_equal(segment.va, 0x08048000);
    assert_int_equal(segment.pa, 0x00100000);
    assert_int_equal(segment.file_offset, offsetof(struct image, code_bytes));
    assert_int_equal(segment.file_size, 40);
    assert_int_equal(segment.memory_size, 40);
    assert_int_equal(segment.flags, ELF_R | ELF_X);
    assert_true(elf_segment(image, sizeof(good), &index, &segment));
    assert_int_equal(segment.va, 0x08049000);
    assert_int_equal(segment.pa, 0x00200000);
    assert_int_equal(segment.file_offset, offsetof(struct image, data_bytes));
    assert_int_equal(segment.file_size, 23);
    assert_int_equal(segment.memory_size, 100);
    assert_int_equal(segment.flags, ELF_R | ELF_W);
    assert_false(elf_segment(image, sizeof(good), &index, &segment));
    assert_false(elf_segment(image, sizeof(good), &index, &segment));
}

/* At every alignment; UBSan would report an access that is not aligned. */
static void
test_good_image(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 8; shift++) {
        u8 *block = malloc(shift + sizeof(good)), *image = block + shift;

        assert_non_null(block);
        memcpy(image, &good, sizeof(good));
        assert_int_equal(elf_check(image, sizeof(good)), 0);
        assert_int_equal(elf_entry(image), 0x08048010);
        assert_good_segments(image);
        free(block);
    }
}

#define FIELD(member) offsetof(struct image, member), sizeof(((struct image *)0)->member)

/* One field of the good image changed, and what must come of it. */
static const struct {
    size_t offset, size;
    u32 value;
    int expected;
} changes[] = {
    {FIELD(header.e_ident[0]), 0, -ELF_E_MAGIC},
    {FIELD(header.e_ident[1]), 'e', -ELF_E_MAGIC},
    {FIELD(header.e_ident[2]), 'l', -ELF_E_MAGIC},
    {FIELD(header.e_ident[3]), 'f', -ELF_E_MAGIC},
    {FIELD(header.e_ident[EI_CLASS]), ELFCLASS64, -ELF_E_CLASS},
    {FIELD(header.e_ident[EI_DATA]), ELFDATA2MSB, -ELF_E_CLASS},
    {FIELD(header.e_ident[EI_VERSION]), 0, -ELF_E_CLASS},
    {FIELD(header.e_machine), EM_X86_64, -ELF_E_MACHINE},
    {FIELD(header.e_machine), EM_386 << 8, -ELF_E_MACHINE},
    {FIELD(header.e_type), ET_REL, -ELF_E_TYPE},
    {FIELD(header.e_type), ET_DYN, -ELF_E_TYPE},
    {FIELD(header.e_phentsize), 31, -ELF_E_TABLE},
    {FIELD(header.e_phentsize), 33, -ELF_E_TABLE},
    {FIELD(header.e_phentsize), 0, -ELF_E_TABLE},
    {FIELD(header.e_phoff), 0xFFFFFFFF, -ELF_E_TABLE},
    {FIELD(header.e_phoff), 0xFFFFFFE0, -ELF_E_TABLE},
    {FIELD(header.e_phoff), sizeof(good), -ELF_E_TABLE},
    {FIELD(header.e_phoff), sizeof(good) - 3 * 32 + 1, -ELF_E_TABLE},
    {FIELD(header.e_phnum), 0xFFFF, -ELF_E_TABLE},
    {FIELD(header.e_phnum), 5, -ELF_E_TABLE},
    {FIELD(header.e_phnum), 0, -ELF_E_NO_SEGMENT},
    {FIELD(header.e_phnum), 2, 0},
    {FIELD(header.e_phnum), 1, 0},
    {FIELD(header.e_entry), 0x08047FFF, -ELF_E_ENTRY},
    {FIELD(header.e_entry), 0x08048000, 0},
    {FIELD(header.e_entry), 0x08048027, 0},
    {FIELD(header.e_entry), 0x08048028, -ELF_E_ENTRY},
    {FIELD(header.e_entry), 0x08049000, -ELF_E_ENTRY}, /* there, but not executable */
    {FIELD(header.e_entry), 0, -ELF_E_ENTRY},
    {FIELD(code.p_type), PT_NULL, -ELF_E_ENTRY},
    {FIELD(code.p_flags), PF_R | PF_W, -ELF_E_ENTRY},
    {FIELD(code.p_flags), PF_X, 0},
    {FIELD(code.p_filesz), 41, -ELF_E_FILE_SIZE},
    {FIELD(code.p_filesz), 0xFFFFFFFF, -ELF_E_FILE_SIZE},
    {FIELD(code.p_filesz), 0, 0},
    {FIELD(code.p_offset), 0, 0},
    {FIELD(code.p_offset), 0xFFFFFFFF, -ELF_E_BOUNDS},
    {FIELD(code.p_offset), 0xFFFFFFE0, -ELF_E_BOUNDS},
    {FIELD(code.p_offset), sizeof(good) - 40, 0},
    {FIELD(code.p_offset), sizeof(good) - 39, -ELF_E_BOUNDS},
    {FIELD(code.p_memsz), 39, -ELF_E_FILE_SIZE},
    {FIELD(code.p_memsz), 0x1000, 0},
    {FIELD(code.p_memsz), 0x1001, -ELF_E_ORDER},
    {FIELD(code.p_memsz), 0xFFFFFFFF - 0x08048000, -ELF_E_ORDER},
    {FIELD(code.p_memsz), 0xFFFFFFFF - 0x08048000 + 1, -ELF_E_WRAP},
    {FIELD(code.p_memsz), 0xFFFFFFFF, -ELF_E_WRAP},
    {FIELD(code.p_vaddr), 0x08048FD8, -ELF_E_ENTRY}, /* ends where the data begins */
    {FIELD(code.p_vaddr), 0x08048FD9, -ELF_E_ORDER},
    {FIELD(code.p_vaddr), 0x0804A000, -ELF_E_ORDER}, /* behind the data */
    {FIELD(code.p_vaddr), 0xFFFFFFD8, -ELF_E_WRAP},
    {FIELD(code.p_vaddr), 0xFFFFFFD7, -ELF_E_ORDER},
    {FIELD(code.p_paddr), 0xFFFFFFFF, 0}, /* the caller's to judge */
    {FIELD(note.p_type), PT_LOAD, -ELF_E_FILE_SIZE},
    {FIELD(note.p_type), 0xFFFFFFFF, 0},
    {FIELD(data.p_filesz), 24, -ELF_E_BOUNDS},
    {FIELD(data.p_filesz), 101, -ELF_E_FILE_SIZE},
    {FIELD(data.p_offset), sizeof(good), -ELF_E_BOUNDS},
    {FIELD(data.p_memsz), 0xFFFFFFFF - 0x08049000, 0},
    {FIELD(data.p_memsz), 0xFFFFFFFF - 0x08049000 + 1, -ELF_E_WRAP},
    {FIELD(data.p_vaddr), 0x08048000, -ELF_E_ORDER},
    {FIELD(data.p_vaddr), 0x08048027, -ELF_E_ORDER},
    {FIELD(data.p_vaddr), 0x08048028, 0},
    {FIELD(data.p_vaddr), 0, -ELF_E_ORDER},
    {FIELD(data.p_vaddr), 0xFFFFFFFF - 100, 0},
    {FIELD(data.p_vaddr), 0xFFFFFFFF - 99, -ELF_E_WRAP},
};

static void
test_changed_fields(void **state)
{
    (void)state;
    for (size_t at = 0; at < ARRAY_SIZE(changes); at++) {
        struct image image = good;
        int result;

        memcpy((u8 *)&image + changes[at].offset, &changes[at].value, changes[at].size);
        result = check(&image, sizeof(image));
        if (result != changes[at].expected)
            fail_msg("change %zu: %d (%s), expected %d", at, result, elf_error(result),
                     changes[at].expected);
    }
}

static void
test_no_load_segment(void **state)
{
    struct image image = good;

    (void)state;
    image.code.p_type = image.data.p_type = PT_NOTE;
    assert_int_equal(check(&image, sizeof(image)), -ELF_E_NO_SEGMENT);
}

/* A segment may be of no bytes at all, even where another one ends. */
static void
test_empty_segment(void **state)
{
    struct image image = good;

    (void)state;
    image.data.p_filesz = image.data.p_memsz = 0;
    image.data.p_vaddr = 0x08048028;
    assert_int_equal(check(&image, sizeof(image)), 0);
    image.code.p_filesz = image.code.p_memsz = 0;
    assert_int_equal(check(&image, sizeof(image)), -ELF_E_ENTRY);
}

/* The last segment ends with the image, so no shorter image is good. */
static void
test_every_truncation(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof(good); size++) {
        int result = check(&good, size);

        if (size < sizeof(Elf32_Ehdr))
            assert_int_equal(result, -ELF_E_HEADER);
        else if (size < offsetof(struct image, code_bytes))
            assert_int_equal(result, -ELF_E_TABLE);
        else
            assert_int_equal(result, -ELF_E_BOUNDS);
    }
}

static void
test_host_program_is_refused(void **state)
{
    static u8 image[4096];
    FILE *file = fopen("/proc/self/exe", "rb");

    (void)state;
    assert_non_null(file);
    assert_int_equal(fread(image, 1, sizeof(image), file), sizeof(image));
    fclose(file);
    assert_int_equal(elf_check(image, sizeof(image)), -ELF_E_CLASS);
}

static void
test_error_phrases(void **state)
{
    (void)state;
    for (int a = 0; a <= ELF_E_ENTRY; a++) {
        assert_string_not_equal(elf_error(-a), "unknown error");
        for (int b = 0; b < a; b++)
            assert_string_not_equal(elf_error(-a), elf_error(-b));
    }
    assert_string_equal(elf_error(-ELF_E_ENTRY - 1), "unknown error");
    assert_string_equal(elf_error(1), "unknown error");
    assert_string_equal(elf_error(INT32_MIN), "unknown error");
}

/* What elf_check promises of an image that it found good. */
static void
assert_promises(const u8 *image, size_t size)
{
    struct elf_segment segment;
    u64 end = 0;
    bool entry_found = false;

    for (unsigned index = 0; elf_segment(image, size, &index, &segment);) {
        assert_true(segment.file_size <= segment.memory_size);
        assert_true((u64)segment.file_offset + segment.file_size <= size);
        touch(image + segment.file_offset, segment.file_size);
        assert_true(segment.va >= end);
        end = (u64)segment.va + segment.memory_size;
        assert_true(end <= UINT32_MAX);
        if ((segment.flags & ELF_X) && elf_entry(image) >= segment.va && elf_entry(image) < end)
            entry_found = true;
    }
    assert_true(entry_found);
}

/* Some bytes of headers changed at random, often to values that make sums wrap, and the end cut
 * off at times. Also the iteration alone, without a check before it, must stay in the image. */
static void
test_random_damage(void **state)
{
    static const u8 likely[] = {0, 1, 0x7F, 0x80, 0xFE, 0xFF};
    u64 seed = 11;
    size_t accepted = 0;

    (void)state;
    for (int step = 0; step < 300000; step++) {
        struct image image = good;
        size_t size = sizeof(image);
        struct elf_segment segment;

        for (size_t count = random_below(&seed, 4) + 1; count > 0; count--) {
            size_t at = random_below(&seed, offsetof(struct image, code_bytes));
            u64 random = next_random(&seed) >> 16;

            if (at < EI_PAD && random % 16 != 0)
                continue; /* else the magic number would end most tries */
            ((u8 *)&image)[at] =
                random & 1 ? (u8)(random >> 8) : likely[(random >> 8) % ARRAY_SIZE(likely)];
        }
        if (step % 4 == 0)
            size = random_below(&seed, size + 1);

        u8 *copy = exact_copy(&image, size);
        int result = elf_check(copy, size);

        assert_string_not_equal(elf_error(result), "unknown error");
        if (result == 0) {
            assert_promises(copy, size);
            accepted++;
        }
        for (unsigned index = 0; elf_segment(copy, size, &index, &segment);)
            assert_true(index <= UINT16_MAX);
        free(copy);
    }
    assert_true(accepted > 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_image),       cmocka_unit_test(test_changed_fields),
        cmocka_unit_test(test_no_load_segment),  cmocka_unit_test(test_empty_segment),
        cmocka_unit_test(test_every_truncation), cmocka_unit_test(test_host_program_is_refused),
        cmocka_unit_test(test_error_phrases),    cmocka_unit_test(test_random_damage),
    };

    return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
