/* SPDX-License-Identifier: MIT
 * tests/unit/test_elf.c: lib/elf.c with a good image, and with damage at every kind of field.
 *
 * Images are tested as exact heap copies, so that ASan reports a read outside them.
 */
#include <elf.h>

#include "tests/unit/unit.h"
#include "lib/elf.h"

/* What elf_check says. */
#define HEADER     "too short for an ELF header"
#define MAGIC      "not an ELF file"
#define CLASS      "not ELF32, little endian, version 1"
#define MACHINE    "not for i386"
#define TYPE       "not an executable of fixed address"
#define TABLE      "bad program header table"
#define FILE_SIZE  "a segment is larger in the file than in memory"
#define BOUNDS     "a segment lies outside the file"
#define WRAP       "a segment goes past the end of the address space"
#define ORDER      "segments overlap or do not ascend"
#define NO_SEGMENT "no segment to load"
#define ENTRY      "the entry point is in no executable segment"

static const char *const causes[] = {HEADER,    MAGIC,  CLASS, MACHINE, TYPE,       TABLE,
                                     FILE_SIZE, BOUNDS, WRAP,  ORDER,   NO_SEGMENT, ENTRY};

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
static const char *check(const void *image, size_t size) {
    void *copy = exact_copy(image, size);
    const char *cause = elf_check(copy, size);

    free(copy);
    return cause;
}

static void assert_good_segments(const void *image) {
    struct elf_segment segment;
    unsigned index = 0;

    assert_true(elf_segment(image, sizeof(good), &index, &segment));
    assert_int_equal(segment.va, 0x08048000);
    assert_int_equal(segment.pa, 0x00100000);
    assert_int_equal(segment.file_offset, offsetof(struct image, code_bytes));
    assert_int_equal(segment.file_size, 40);
    assert_int_equal(segment.memory_size, 40);
    assert_int_equal(segment.flags, PF_R | ELF_X);
    assert_true(elf_segment(image, sizeof(good), &index, &segment));
    assert_int_equal(segment.va, 0x08049000);
    assert_int_equal(segment.pa, 0x00200000);
    assert_int_equal(segment.file_offset, offsetof(struct image, data_bytes));
    assert_int_equal(segment.file_size, 23);
    assert_int_equal(segment.memory_size, 100);
    assert_int_equal(segment.flags, PF_R | ELF_W | 0xF0);
    assert_false(elf_segment(image, sizeof(good), &index, &segment));
    assert_false(elf_segment(image, sizeof(good), &index, &segment));
}

/* At every alignment; UBSan would report an access that is not aligned. */
static void test_good_image(void **state) {
    (void)state;
    for (size_t shift = 0; shift < 8; shift++) {
        u8 *block = malloc(shift + sizeof(good)), *image = block + shift;

        assert_non_null(block);
        memcpy(image, &good, sizeof(good));
        assert_null(elf_check(image, sizeof(good)));
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
    const char *expected;
} changes[] = {
    {FIELD(header.e_ident[0]), 0, MAGIC},
    {FIELD(header.e_ident[1]), 'e', MAGIC},
    {FIELD(header.e_ident[2]), 'l', MAGIC},
    {FIELD(header.e_ident[3]), 'f', MAGIC},
    {FIELD(header.e_ident[EI_CLASS]), ELFCLASS64, CLASS},
    {FIELD(header.e_ident[EI_DATA]), ELFDATA2MSB, CLASS},
    {FIELD(header.e_ident[EI_VERSION]), 0, CLASS},
    {FIELD(header.e_machine), EM_X86_64, MACHINE},
    {FIELD(header.e_machine), EM_386 << 8, MACHINE},
    {FIELD(header.e_type), ET_REL, TYPE},
    {FIELD(header.e_type), ET_DYN, TYPE},
    {FIELD(header.e_phentsize), 31, TABLE},
    {FIELD(header.e_phentsize), 33, TABLE},
    {FIELD(header.e_phentsize), 0, TABLE},
    {FIELD(header.e_phoff), 0xFFFFFFFF, TABLE},
    {FIELD(header.e_phoff), 0xFFFFFFE0, TABLE},
    {FIELD(header.e_phoff), sizeof(good), TABLE},
    {FIELD(header.e_phoff), sizeof(good) - 3 * 32 + 1, TABLE},
    {FIELD(header.e_phnum), 0xFFFF, TABLE},
    {FIELD(header.e_phnum), 5, TABLE},
    {FIELD(header.e_phnum), 0, NO_SEGMENT},
    {FIELD(header.e_phnum), 2, NULL},
    {FIELD(header.e_phnum), 1, NULL},
    {FIELD(header.e_entry), 0x08047FFF, ENTRY},
    {FIELD(header.e_entry), 0x08048000, NULL},
    {FIELD(header.e_entry), 0x08048027, NULL},
    {FIELD(header.e_entry), 0x08048028, ENTRY},
    {FIELD(header.e_entry), 0x08049000, ENTRY}, /* there, but not executable */
    {FIELD(header.e_entry), 0, ENTRY},
    {FIELD(code.p_type), PT_NULL, ENTRY},
    {FIELD(code.p_flags), PF_R | PF_W, ENTRY},
    {FIELD(code.p_flags), PF_X, NULL},
    {FIELD(code.p_filesz), 41, FILE_SIZE},
    {FIELD(code.p_filesz), 0xFFFFFFFF, FILE_SIZE},
    {FIELD(code.p_filesz), 0, NULL},
    {FIELD(code.p_offset), 0, NULL},
    {FIELD(code.p_offset), 0xFFFFFFFF, BOUNDS},
    {FIELD(code.p_offset), 0xFFFFFFE0, BOUNDS},
    {FIELD(code.p_offset), sizeof(good) - 40, NULL},
    {FIELD(code.p_offset), sizeof(good) - 39, BOUNDS},
    {FIELD(code.p_memsz), 39, FILE_SIZE},
    {FIELD(code.p_memsz), 0x1000, NULL},
    {FIELD(code.p_memsz), 0x1001, ORDER},
    {FIELD(code.p_memsz), 0xFFFFFFFF - 0x08048000, ORDER},
    {FIELD(code.p_memsz), 0xFFFFFFFF - 0x08048000 + 1, WRAP},
    {FIELD(code.p_memsz), 0xFFFFFFFF, WRAP},
    {FIELD(code.p_vaddr), 0x08048FD8, ENTRY}, /* ends where the data begins */
    {FIELD(code.p_vaddr), 0x08048FD9, ORDER},
    {FIELD(code.p_vaddr), 0x0804A000, ORDER}, /* behind the data */
    {FIELD(code.p_vaddr), 0xFFFFFFD8, WRAP},
    {FIELD(code.p_vaddr), 0xFFFFFFD7, ORDER},
    {FIELD(code.p_paddr), 0xFFFFFFFF, NULL}, /* the caller's to judge */
    {FIELD(note.p_type), PT_LOAD, FILE_SIZE},
    {FIELD(note.p_type), 0xFFFFFFFF, NULL},
    {FIELD(data.p_filesz), 24, BOUNDS},
    {FIELD(data.p_filesz), 101, FILE_SIZE},
    {FIELD(data.p_offset), sizeof(good), BOUNDS},
    {FIELD(data.p_memsz), 0xFFFFFFFF - 0x08049000, NULL},
    {FIELD(data.p_memsz), 0xFFFFFFFF - 0x08049000 + 1, WRAP},
    {FIELD(data.p_vaddr), 0x08048000, ORDER},
    {FIELD(data.p_vaddr), 0x08048027, ORDER},
    {FIELD(data.p_vaddr), 0x08048028, NULL},
    {FIELD(data.p_vaddr), 0, ORDER},
    {FIELD(data.p_vaddr), 0xFFFFFFFF - 100, NULL},
    {FIELD(data.p_vaddr), 0xFFFFFFFF - 99, WRAP},
};

static void test_changed_fields(void **state) {
    (void)state;
    for (size_t at = 0; at < ARRAY_SIZE(changes); at++) {
        struct image image = good;
        const char *cause;

        memcpy((u8 *)&image + changes[at].offset, &changes[at].value, changes[at].size);
        cause = check(&image, sizeof(image));
        if (!same_text(cause, changes[at].expected))
            fail_msg("change %zu: %s, expected %s", at, cause, changes[at].expected);
    }
}

static void test_no_load_segment(void **state) {
    struct image image = good;

    (void)state;
    image.code.p_type = image.data.p_type = PT_NOTE;
    assert_text(check(&image, sizeof(image)), NO_SEGMENT);
}

/* A segment may be of no bytes at all, even where another one ends. */
static void test_empty_segment(void **state) {
    struct image image = good;

    (void)state;
    image.data.p_filesz = image.data.p_memsz = 0;
    image.data.p_vaddr = 0x08048028;
    assert_null(check(&image, sizeof(image)));
    image.code.p_filesz = image.code.p_memsz = 0;
    assert_text(check(&image, sizeof(image)), ENTRY);
}

/* The last segment ends with the image, so no shorter image is good. */
static void test_every_truncation(void **state) {
    (void)state;
    for (size_t size = 0; size < sizeof(good); size++) {
        const char *cause = check(&good, size);

        if (size < sizeof(Elf32_Ehdr))
            assert_text(cause, HEADER);
        else if (size < offsetof(struct image, code_bytes))
            assert_text(cause, TABLE);
        else
            assert_text(cause, BOUNDS);
    }
}

static void test_host_program_is_refused(void **state) {
    static u8 image[4096];
    FILE *file = fopen("/proc/self/exe", "rb");

    (void)state;
    assert_non_null(file);
    assert_int_equal(fread(image, 1, sizeof(image), file), sizeof(image));
    fclose(file);
    assert_text(elf_check(image, sizeof(image)), CLASS);
}

/* What elf_check promises of an image that it found good. */
static void assert_promises(const u8 *image, size_t size) {
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
static void test_random_damage(void **state) {
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
        if (step % 4 == 0) size = random_below(&seed, size + 1);

        u8 *copy = exact_copy(&image, size);
        const char *cause = elf_check(copy, size);

        if (cause == NULL) {
            assert_promises(copy, size);
            accepted++;
        } else {
            assert_true(is_among(cause, causes, ARRAY_SIZE(causes)));
        }
        for (unsigned index = 0; elf_segment(copy, size, &index, &segment);)
            assert_true(index <= UINT16_MAX);
        free(copy);
    }
    assert_true(accepted > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_image),       cmocka_unit_test(test_changed_fields),
        cmocka_unit_test(test_no_load_segment),  cmocka_unit_test(test_empty_segment),
        cmocka_unit_test(test_every_truncation), cmocka_unit_test(test_host_program_is_refused),
        cmocka_unit_test(test_random_damage),
    };

    return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
