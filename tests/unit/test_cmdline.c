/* SPDX-License-Identifier: MIT
 * tests/unit/test_cmdline.c: lib/cmdline.c, GRUB's way of quoting included.
 */
#include "tests/unit/unit.h"
#include "lib/cmdline.h"

#define OPTIONS_MAX 4

static const struct {
    const char *line;
    struct {
        const char *key, *value; /* a NULL value: no '=' */
    } options[OPTIONS_MAX];
} lines[] = {
    {"", {{NULL, NULL}}},
    {" \t ", {{NULL, NULL}}},
    {"pv=vmi", {{"pv", "vmi"}}},
    {"  pv=vmi\t\tpv.patch=off ", {{"pv", "vmi"}, {"pv.patch", "off"}}},
    {"quiet pv=auto", {{"quiet", NULL}, {"pv", "auto"}}},
    {"empty= next", {{"empty", ""}, {"next", NULL}}},
    {"=value =", {{"", "value"}, {"", ""}}},
    {"a=b=c", {{"a", "b=c"}}},
    {"run=\"ls; ps\" pv=vmi", {{"run", "ls; ps"}, {"pv", "vmi"}}},
    {"\"run=ls; ps\" pv=vmi", {{"run", "ls; ps"}, {"pv", "vmi"}}},
    {"run=l\"s; p\"s x", {{"run", "ls; ps"}, {"x", NULL}}},
    {"\"a b\"=c", {{"a b", "c"}}},
    {"a\"=\"b", {{"a", "b"}}},
    {"run=\"\" x", {{"run", ""}, {"x", NULL}}},
    {"\"\" x", {{"", NULL}, {"x", NULL}}},
    {"run=\"to the end ", {{"run", "to the end "}}},
    {"\"run=to the end ", {{"run", "to the end "}}},
    {"a=\" b", {{"a", " b"}}},
    {"a=b\"", {{"a", "b"}}},
    {"\"", {{"", NULL}}},
    {"a=\\\"b\\\" c", {{"a", "\"b\""}, {"c", NULL}}},
    {"\"run=echo it\\'s \\\\ x\"", {{"run", "echo it's \\ x"}}},
    {"path=c:\\dir\\", {{"path", "c:\\dir\\"}}},
    {"a=\\\\ b", {{"a", "\\"}, {"b", NULL}}},
};

static void test_lines(void **state) {
    (void)state;
    for (size_t at = 0; at < ARRAY_SIZE(lines); at++) {
        char *copy = exact_copy(lines[at].line, strlen(lines[at].line) + 1);
        const char *cursor = copy;
        struct cmdline_option option;

        for (size_t n = 0; n < OPTIONS_MAX && lines[at].options[n].key != NULL; n++) {
            const char *value = lines[at].options[n].value;

            assert_true(cmdline_next(&cursor, &option));
            assert_string_equal(option.key, lines[at].options[n].key);
            assert_string_equal(option.value, value != NULL ? value : "");
            assert_int_equal(option.has_value, value != NULL);
            assert_false(option.truncated);
        }
        assert_false(cmdline_next(&cursor, &option));
        assert_false(cmdline_next(&cursor, &option));
        assert_ptr_equal(cursor, copy + strlen(copy));
        free(copy);
    }
}

static void test_skip_name(void **state) {
    static const struct {
        const char *line, *rest;
    } cases[] = {
        {"", ""},
        {"  ", "  "},
        {"kernel.elf", ""},
        {"/boot/kernel.elf pv=vmi", " pv=vmi"},
        {" kernel.elf  a", "  a"},
        {"pv=vmi kernel.elf", "pv=vmi kernel.elf"},
        {" pv=vmi", " pv=vmi"},
        {"\"pv=a b\" x", "\"pv=a b\" x"},
        {"\"my kernel\" x", " x"},
    };

    (void)state;
    for (size_t at = 0; at < ARRAY_SIZE(cases); at++)
        assert_string_equal(cmdline_skip_name(cases[at].line), cases[at].rest);
}

/* Lengths around what the arrays hold. What does not fit is cut, and the next word is whole. */
static void test_truncation(void **state) {
    enum { KEY = sizeof(((struct cmdline_option *)0)->key) };
    enum { VALUE = sizeof(((struct cmdline_option *)0)->value) };
    struct cmdline_option option;
    char line[1024];

    (void)state;
    for (int key = KEY - 2; key <= KEY + 2; key++) {
        for (int value = VALUE - 2; value <= VALUE + 2; value++) {
            const char *cursor = line;

            snprintf(line, sizeof(line), "%0*d=%0*d next", key, 0, value, 0);
            assert_true(cmdline_next(&cursor, &option));
            assert_int_equal(strlen(option.key), key < KEY ? key : KEY - 1);
            assert_int_equal(strlen(option.value), value < VALUE ? value : VALUE - 1);
            assert_int_equal(option.truncated, key >= KEY || value >= VALUE);
            assert_true(cmdline_next(&cursor, &option));
            assert_string_equal(option.key, "next");
            assert_false(option.truncated);
        }
    }
}

/* Writes `text` as GRUB passes a word to a kernel: quoted if it has a blank, with backslashes. */
static char *write_as_grub(char *to, const char *text) {
    bool quote = strchr(text, ' ') != NULL;

    if (quote) *to++ = '"';
    for (; *text != '\0'; text++) {
        if (strchr("\\'\"", *text) != NULL) *to++ = '\\';
        *to++ = *text;
    }
    if (quote) *to++ = '"';
    *to = '\0';
    return to;
}

static void test_grub_round_trip(void **state) {
    static const char alphabet[] = "ab =\\'\";|&";
    u64 seed = 3;

    (void)state;
    for (int step = 0; step < 20000; step++) {
        char values[3][20], line[200], *end = line;
        const char *cursor = line;
        struct cmdline_option option;

        for (int word = 0; word < 3; word++) {
            size_t length = random_below(&seed, 15);
            char text[32] = "key=";

            for (size_t at = 0; at < length; at++)
                values[word][at] = alphabet[random_below(&seed, sizeof(alphabet) - 1)];
            values[word][length] = '\0';
            strcat(text, values[word]);
            end = write_as_grub(end, text);
            end = stpcpy(end, " ");
        }
        for (int word = 0; word < 3; word++) {
            assert_true(cmdline_next(&cursor, &option));
            assert_string_equal(option.key, "key");
            assert_string_equal(option.value, values[word]);
        }
        assert_false(cmdline_next(&cursor, &option));
    }
}

/* Any line at all: every word moves the cursor on, none goes past the final zero. */
static void test_random_lines(void **state) {
    static const char alphabet[] = "ab=\"\\' \t\xff";
    u64 seed = 5;

    (void)state;
    for (int step = 0; step < 100000; step++) {
        size_t length = random_below(&seed, step % 100 == 0 ? 2000 : 24);
        char *line = malloc(length + 1);
        struct cmdline_option option;

        assert_non_null(line);
        for (size_t at = 0; at < length; at++)
            line[at] = alphabet[random_below(&seed, sizeof(alphabet) - 1)];
        line[length] = '\0';

        const char *cursor = line, *before = line;

        while (cmdline_next(&cursor, &option)) {
            assert_true(cursor > before && cursor <= line + length);
            assert_true(strlen(option.key) < sizeof(option.key));
            assert_true(strlen(option.value) < sizeof(option.value));
            assert_true(option.has_value || option.value[0] == '\0');
            before = cursor;
        }
        assert_ptr_equal(cursor, line + length);

        const char *rest = cmdline_skip_name(line);

        assert_true(rest >= line && rest <= line + length);
        free(line);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),        cmocka_unit_test(test_skip_name),
        cmocka_unit_test(test_truncation),   cmocka_unit_test(test_grub_round_trip),
        cmocka_unit_test(test_random_lines),
    };

    return cmocka_run_group_tests_name("cmdline", tests, NULL, NULL);
}
