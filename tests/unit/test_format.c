/* SPDX-License-Identifier: MIT
 * tests/unit/test_format.c: lib/format.c against the host's printf.
 */
#include <limits.h>

#include "tests/unit/unit.h"
#include "tests/unit/pv.h"

#define TEXT_MAX 256

/* Formats by both and compares text and result; `...` are the format and its arguments. */
#define CHECK(...)                                                  \
    do {                                                            \
        char ours[TEXT_MAX], theirs[TEXT_MAX];                      \
        int wanted = snprintf(theirs, sizeof(theirs), __VA_ARGS__); \
        int got = pv_snprintf(ours, sizeof(ours), __VA_ARGS__);     \
                                                                    \
        assert_string_equal(ours, theirs);                          \
        assert_int_equal(got, wanted);                              \
    } while (0)

/* The same against a given text, where the host differs or the compiler would complain. */
#define CHECK_TEXT(text, ...)                                   \
    do {                                                        \
        char ours[TEXT_MAX];                                    \
        int got = pv_snprintf(ours, sizeof(ours), __VA_ARGS__); \
                                                                \
        assert_string_equal(ours, text);                        \
        assert_int_equal(got, strlen(text));                    \
    } while (0)

static const char *const flags[] = {"", "-", "0", "-0"};
static const char *const widths[] = {"", "1", "2", "7", "16", "17", "33", "100"};
static const char *const precisions[] = {"", ".", ".0", ".1", ".3", ".8", ".20", ".40"};

/* Calls check(format) for each combination of flag, width and the first precisions with `ending`. */
static void for_all_formats(size_t precision_count, const char *ending,
                            void (*check)(const char *format)) {
    for (size_t f = 0; f < ARRAY_SIZE(flags); f++) {
        for (size_t w = 0; w < ARRAY_SIZE(widths); w++) {
            for (size_t p = 0; p < precision_count; p++) {
                char format[32];

                if (strcmp(flags[f], "0") == 0 && atoi(widths[w]) > 20)
                    continue; /* see test_zeros */
                snprintf(format, sizeof(format), "<%%%s%s%s%s>", flags[f], widths[w], precisions[p],
                         ending);
                check(format);
            }
        }
    }
}

static const u64 numbers[] = {
    0,
    1,
    7,
    9,
    10,
    15,
    16,
    99,
    100,
    12345,
    INT_MAX,
    0x80000000,
    UINT_MAX,
    0x100000000,
    1000000000000000000,
    INT64_MAX,
    0x8000000000000000,
    UINT64_MAX,
    0xDEADBEEFCAFEF00D,
};

static void check_int(const char *format) {
    for (size_t at = 0; at < ARRAY_SIZE(numbers); at++) {
        CHECK(format, (unsigned)numbers[at]);
        CHECK(format, -(unsigned)numbers[at]);
    }
}

static void check_long(const char *format) {
    for (size_t at = 0; at < ARRAY_SIZE(numbers); at++) {
        CHECK(format, numbers[at]);
        CHECK(format, -numbers[at]);
    }
}

static void test_integers(void **state) {
    (void)state;
    for (const char *letter = "dux"; *letter != '\0'; letter++) {
        const char wide[] = {'l', 'l', *letter, '\0'};

        for_all_formats(1, wide + 2, check_int);
        for_all_formats(1, wide, check_long);
    }
}

/* The flag `0` makes 20 digits at most, as many as any number has. */
static void test_zeros(void **state) {
    (void)state;
    CHECK_TEXT("00000000000000000042", "%020d", 42);
    CHECK_TEXT("-0000000000000000042", "%020d", -42);
    CHECK_TEXT("-00000000000000000042", "%021d", -42);
    CHECK_TEXT(" -00000000000000000042", "%022d", -42);
    CHECK_TEXT("  00000000000000000042", "%022u", 42u);
    CHECK_TEXT("             0000deadbeefcafef00d", "%033llx", 0xDEADBEEFCAFEF00Dull);
    CHECK_TEXT(" 18446744073709551615", "%021llu", ULLONG_MAX);
    CHECK_TEXT("-09223372036854775808", "%021lld", LLONG_MIN);
    CHECK_TEXT("0", "%0d", 0);
}

/* A precision is for strings: it cuts no digits. */
static void test_integers_with_precision(void **state) {
    (void)state;
    CHECK_TEXT("12345 -12345   c0ffee", "%.3d %.3d %8.3x", 12345, -12345, 0xC0FFEEu);
}

static void check_string(const char *format) {
    static const char *const texts[] = {"", "a", "abc", "hello, world", "100%d", "\xff\x80"};

    if (strchr(format, '0') == format + 2 || strstr(format, "-0") != NULL)
        return; /* `0` means nothing for %s */
    for (size_t at = 0; at < ARRAY_SIZE(texts); at++) CHECK(format, texts[at]);
}

static void test_strings(void **state) {
    const char *volatile none = NULL; /* volatile: the compiler warns when it sees the NULL */

    (void)state;
    for_all_formats(ARRAY_SIZE(precisions), "s", check_string);
    CHECK_TEXT("(null)", "%s", none);
    CHECK_TEXT("  (null)|(null)  ", "%8s|%-8s", none, none);
    CHECK_TEXT("(nu", "%.3s", none);
}

/* A precision makes a final zero unnecessary. */
static void test_string_without_zero(void **state) {
    char *text = exact_copy("abcdef", 6);

    (void)state;
    CHECK_TEXT("abcdef", "%.6s", text);
    CHECK_TEXT("  abc", "%5.3s", text);
    CHECK_TEXT("", "%.0s", text);
    free(text);
}

static void test_stars(void **state) {
    (void)state;
    for (int width = -20; width <= 20; width++) {
        for (int precision = -3; precision <= 20; precision++) {
            CHECK("<%*d>", width, -42);
            CHECK("<%0*d>", width, -42);
            CHECK("<%-*x>", width, 42u);
            CHECK("<%*llu>", width, 42ull);
            CHECK("<%.*s>", precision, "hello, world");
            CHECK("<%*.*s>", width, precision, "hello, world");
        }
    }
}

static void test_mixed(void **state) {
    (void)state;
    CHECK("plain");
    CHECK("%%");
    CHECK("100%% of %d%%", 7);
    CHECK("%d%d%d", 1, 2, 3);
    CHECK("%s: %u of %u pages, %llx, %x", "free", 1u, 2u, 0x123456789ABCull, 0xFEDu);
    CHECK("%s%s%s", "a", "", "c");
    CHECK("%d %lld %d %llu %s %u %llx", -1, -2ll, 3, 4ull, "five", 6u, -7ll);
}

/* What we do not know comes out as it went in, and the rest of the text with it. */
static void test_unknown_directives(void **state) {
    const char *volatile unknown_first = "%k %d"; /* volatile: the compiler warns otherwise */
    static const char *const formats[] = {
        "%",    "a%",  "%-",       "%5", "%.",    "%l",   "%5.3ll", "%k",           "%+d",
        "% d|", "%#x", "%hd %hhd", "%f", "%lllx", "%zzu", "%lk",    "%-08.3y tail", "%ld",
        "%lu|", "%zu", "%i",       "%X", "%c",    "%p",   "%0-8d",  "%ls",
    };

    (void)state;
    for (size_t at = 0; at < ARRAY_SIZE(formats); at++) CHECK_TEXT(formats[at], formats[at], 0);
    CHECK_TEXT("%k 7", unknown_first, 7);
}

/* Every size of buffer: the result is that of a large one, cut, and nothing behind is touched. */
static void test_buffer_sizes(void **state) {
    static const char whole[] = "ab-00000042|x   |cafe 100%";

    (void)state;
    for (size_t size = 0; size < sizeof(whole) + 4; size++) {
        char text[TEXT_MAX];
        int length;

        memset(text, '#', sizeof(text));
        length = pv_snprintf(text, size, "%s%09d|%-4s|%x %u%%", "ab", -42, "x", 0xCAFEu, 100u);
        assert_int_equal(length, sizeof(whole) - 1);
        if (size > 0) {
            size_t copied = size < sizeof(whole) ? size - 1 : sizeof(whole) - 1;

            assert_memory_equal(text, whole, copied);
            assert_int_equal(text[copied], '\0');
            assert_int_equal(text[copied + 1], '#');
        } else {
            assert_int_equal(text[0], '#');
            assert_int_equal(pv_snprintf(NULL, 0, "%d", 12345), 5);
        }
    }
}

struct record {
    char text[TEXT_MAX];
    size_t length, calls;
};

static void record_sink(void *context, const char *text, size_t length) {
    struct record *record = context;

    assert_true(length > 0 && record->length + length < sizeof(record->text));
    memcpy(record->text + record->length, text, length);
    record->length += length;
    record->calls++;
}

static void check_runs(size_t calls, const char *expected, const char *format, ...) {
    struct record record = {.calls = 0};
    va_list args;

    va_start(args, format);
    assert_int_equal(vformat(record_sink, &record, format, args), strlen(expected));
    va_end(args);
    assert_string_equal(record.text, expected);
    assert_int_equal(record.calls, calls);
}

static void test_text_goes_out_in_runs(void **state) {
    const char *line = "a line of 64 characters, which is what goes to the sink at once\n";

    (void)state;
    assert_int_equal(strlen(line), 64);
    check_runs(0, "", "");
    check_runs(0, "", "%s%.0s", "", "x");
    check_runs(1, "a plain line\n", "a plain line\n");
    check_runs(1, "pid 12345, -1%.", "pid %d, %d%%.", 12345, -1);
    check_runs(1, line, "%s", line);
    check_runs(1, line + 1, "%s", line + 1);
    check_runs(2, "a line of 64 characters, which is what goes to the sink at once\n.", "%s.",
               line);
    for (int width = 1; width < TEXT_MAX; width++) {
        char expected[TEXT_MAX];

        snprintf(expected, sizeof(expected), "%*d", width, 7);
        check_runs(((size_t)width + 63) / 64, expected, "%*d", width, 7);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_zeros),
        cmocka_unit_test(test_integers_with_precision),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_string_without_zero),
        cmocka_unit_test(test_stars),
        cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_unknown_directives),
        cmocka_unit_test(test_buffer_sizes),
        cmocka_unit_test(test_text_goes_out_in_runs),
    };

    return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
