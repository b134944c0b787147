/* SPDX-License-Identifier: MIT
 * tests/unit/test_string.c: lib/string.c against the host's C library.
 *
 * ASan does not see what inline asm reads and writes. So the operands lie at the ends of a page
 * that has inaccessible neighbours, and buffers are compared with all that is around them.
 */
#include <sys/mman.h>

#include "tests/unit/unit.h"
#include "tests/unit/pv.h"

#define LENGTH_MAX 70

/* One page between two that fault. */
static u8 *new_fenced_page(void) {
    u8 *pages = mmap(NULL, 3 * PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(pages, MAP_FAILED);
    assert_int_equal(mprotect(pages + PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
    return pages + PAGE_SIZE;
}

static void fill(u8 *bytes, size_t count, u64 seed) {
    while (count-- > 0) *bytes++ = (u8)(next_random(&seed) >> 8);
}

static int sign(int number) { return (number > 0) - (number < 0); }

static void test_copy_at_all_offsets(void **state) {
    u8 from[LENGTH_MAX + 8], ours[LENGTH_MAX + 16], theirs[sizeof(ours)];

    (void)state;
    fill(from, sizeof(from), 1);
    for (size_t length = 0; length <= LENGTH_MAX; length++) {
        for (size_t to_at = 0; to_at < 8; to_at++) {
            for (size_t from_at = 0; from_at < 8; from_at++) {
                memset(ours, 0xA5, sizeof(ours));
                memset(theirs, 0xA5, sizeof(theirs));
                memcpy(theirs + to_at, from + from_at, length);
                assert_ptr_equal(pv_memcpy(ours + to_at, from + from_at, length), ours + to_at);
                assert_memory_equal(ours, theirs, sizeof(ours));
            }
        }
    }
}

static void test_move_at_all_overlaps(void **state) {
    u8 ours[LENGTH_MAX + 80], theirs[sizeof(ours)];

    (void)state;
    for (size_t length = 0; length <= LENGTH_MAX; length++) {
        for (size_t to = 0; to <= 79; to++) {
            fill(ours, sizeof(ours), length + 1);
            memcpy(theirs, ours, sizeof(ours));
            memmove(theirs + to, theirs + 40, length);
            assert_ptr_equal(pv_memmove(ours + to, ours + 40, length), ours + to);
            assert_memory_equal(ours, theirs, sizeof(ours));
        }
    }
}

static void test_set_at_all_offsets(void **state) {
    static const int bytes[] = {0, 1, 0x7F, 0x80, 0xFF, 0x1FF, -1, -128};
    u8 ours[LENGTH_MAX + 16], theirs[sizeof(ours)];

    (void)state;
    for (size_t length = 0; length <= LENGTH_MAX; length++) {
        for (size_t at = 0; at < 8; at++) {
            for (size_t n = 0; n < ARRAY_SIZE(bytes); n++) {
                fill(ours, sizeof(ours), 2);
                memcpy(theirs, ours, sizeof(ours));
                memset(theirs + at, bytes[n], length);
                assert_ptr_equal(pv_memset(ours + at, bytes[n], length), ours + at);
                assert_memory_equal(ours, theirs, sizeof(ours));
            }
        }
    }
}

/* At both ends of a page, a byte too many faults. */
static void test_memory_at_page_ends(void **state) {
    u8 *a = new_fenced_page(), *b = new_fenced_page();

    (void)state;
    for (size_t length = 0; length <= LENGTH_MAX; length++) {
        u8 *ends[2][2] = {{a, b}, {a + PAGE_SIZE - length, b + PAGE_SIZE - length}};

        for (int end = 0; end < 2; end++) {
            u8 *to = ends[end][0], *from = ends[end][1];

            fill(from, length, length + 1);
            pv_memcpy(to, from, length);
            assert_int_equal(pv_memcmp(to, from, length), 0);
            pv_memset(to, 0, length);
            pv_memmove(to, from, length);
            assert_memory_equal(to, from, length);
            if (length > 0) {
                pv_memmove(to + 1 - end, to + end, length - 1);
                to[length - 1] = (u8)(from[length - 1] + 1);
                pv_memcpy(to, from, length - 1);
                assert_int_not_equal(pv_memcmp(to, from, length), 0);
            }
        }
    }
}

static void test_strings_at_page_end(void **state) {
    char *a = (char *)new_fenced_page(), *b = (char *)new_fenced_page();

    (void)state;
    for (size_t length = 0; length <= LENGTH_MAX; length++) {
        char *x = a + PAGE_SIZE - length - 1, *y = b + PAGE_SIZE - length - 1;

        memset(x, 'x', length);
        x[length] = '\0';
        assert_int_equal(pv_strlen(x), length);
        assert_null(pv_strchr(x, 'y'));
        assert_ptr_equal(pv_strchr(x, '\0'), x + length);
        assert_int_equal(pv_strlcpy(y, x, length + 1), length);
        assert_int_equal(pv_strcmp(x, y), 0);
        y[length] = 'x'; /* now without a zero */
        assert_int_equal(pv_strncmp(x, y, length), 0);
        assert_true(pv_strncmp(x, y, length + 1) < 0);
    }
}

static const char *const texts[] = {
    "",     "a",    "b",    "ab",    "aa",    "abc",          "abd",           "ABC",
    "\x7f", "\x80", "\xff", "a\xff", "a\x01", "hello, world", "hello, world!", "hello, worle",
    " ",    "\t",
};

static void test_comparisons(void **state) {
    (void)state;
    for (size_t a = 0; a < ARRAY_SIZE(texts); a++) {
        assert_int_equal(pv_strlen(texts[a]), strlen(texts[a]));
        for (size_t b = 0; b < ARRAY_SIZE(texts); b++) {
            const char *x = texts[a], *y = texts[b];
            size_t shorter = strlen(x) < strlen(y) ? strlen(x) : strlen(y);

            assert_int_equal(sign(pv_strcmp(x, y)), sign(strcmp(x, y)));
            for (size_t n = 0; n < 16; n++)
                assert_int_equal(sign(pv_strncmp(x, y, n)), sign(strncmp(x, y, n)));
            assert_int_equal(sign(pv_strncmp(x, y, SIZE_MAX)), sign(strcmp(x, y)));
            for (size_t n = 0; n <= shorter + 1; n++)
                assert_int_equal(sign(pv_memcmp(x, y, n)), sign(memcmp(x, y, n)));
        }
    }
}

static void test_strchr(void **state) {
    (void)state;
    for (size_t at = 0; at < ARRAY_SIZE(texts); at++)
        for (int wanted = -256; wanted <= 512; wanted++)
            assert_ptr_equal(pv_strchr(texts[at], wanted), strchr(texts[at], wanted));
}

static void test_strlcpy(void **state) {
    (void)state;
    for (size_t at = 0; at < ARRAY_SIZE(texts); at++) {
        size_t length = strlen(texts[at]);

        for (size_t size = 0; size < 20; size++) {
            size_t copied = length < size ? length : size - 1;
            char to[32];

            memset(to, '#', sizeof(to));
            assert_int_equal(pv_strlcpy(to, texts[at], size), length);
            if (size == 0)
                copied = (size_t)-1;
            else
                assert_memory_equal(to, texts[at], copied);
            assert_true(size == 0 || to[copied] == '\0');
            for (size_t rest = copied + 1; rest < sizeof(to); rest++)
                assert_int_equal(to[rest], '#');
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy_at_all_offsets),
        cmocka_unit_test(test_move_at_all_overlaps),
        cmocka_unit_test(test_set_at_all_offsets),
        cmocka_unit_test(test_memory_at_page_ends),
        cmocka_unit_test(test_strings_at_page_end),
        cmocka_unit_test(test_comparisons),
        cmocka_unit_test(test_strchr),
        cmocka_unit_test(test_strlcpy),
    };

    return cmocka_run_group_tests_name("string", tests, NULL, NULL);
}
