/* SPDX-License-Identifier: MIT
 * tests/unit/unit.h: what every unit test needs: cmocka, and a few helpers.
 *
 * Gives: random numbers that are the same in every run, and copies that end where their heap
 *        block ends, so that ASan reports a read of one byte too many.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/types.h"

#include <cmocka.h>

/* xorshift64: *state must not be 0. */
static inline u64 next_random(u64 *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A number from 0 to limit - 1. */
static inline size_t random_below(u64 *state, size_t limit) {
    return (size_t)(next_random(state) >> 11) % limit;
}

/* A heap copy of exactly `size` bytes, which the caller frees. */
static inline void *exact_copy(const void *data, size_t size) {
    void *copy = malloc(size);

    assert_non_null(copy);
    if (size > 0) memcpy(copy, data, size);
    return copy;
}

/* Reads every byte, so that ASan sees whether they may be read. */
static inline u32 touch(const void *data, size_t size) {
    u32 sum = 0;

    for (size_t at = 0; at < size; at++) sum += ((const volatile u8 *)data)[at];
    return sum;
}

/* Are both the same text, or both NULL? */
static inline bool same_text(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static inline void assert_text(const char *text, const char *expected) {
    if (!same_text(text, expected))
        fail_msg("\"%s\", expected \"%s\"", text ? text : "NULL", expected ? expected : "NULL");
}

/* Is `text` one of the `count` others? */
static inline bool is_among(const char *text, const char *const *others, size_t count) {
    for (size_t at = 0; at < count; at++)
        if (same_text(text, others[at])) return true;
    return false;
}

#endif
