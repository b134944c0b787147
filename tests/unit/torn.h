/* SPDX-License-Identifier: MIT
 * tests/unit/torn.h: a page with a version, read while a hypervisor writes it.
 *
 * Runs:  on x86 only. The hypervisor, which runs while the reader does not, is a signal handler: the
 *        CPU traps after each instruction of the reader.
 * Gives: check_torn, which has the page written between any two instructions.
 */
#ifndef TESTS_UNIT_TORN_H
#define TESTS_UNIT_TORN_H

#include "tests/unit/unit.h"

#include <signal.h>
#include <x86intrin.h>

static volatile sig_atomic_t torn_steps, torn_when, torn_half;
static void (*torn_write)(bool complete);

static void torn_step(int signal) {
    (void)signal;
    torn_steps++;
    if (torn_steps == torn_when) torn_write(false);
    if (torn_steps == torn_when + torn_half) torn_write(true);
}

static void single_step(bool on) {
    enum { EFLAGS_TF = 0x100 };

    __writeeflags(on ? __readeflags() | EFLAGS_TF : __readeflags() & ~EFLAGS_TF);
}

/* The page says 2 at version 2. Behind the when'th instruction of `read`, for each `when`, `write` makes
 * the first half of an update to 4, and `half` instructions later the second. `read` takes more than
 * `least` instructions; it may give either value, but the old one only before the update is complete. */
static void check_torn(volatile u32 *version, volatile u64 *value, u64 (*read)(void),
                       void (*write)(bool complete), int half, int least) {
    bool done = false;

    torn_write = write;
    torn_half = half;
    assert_true(signal(SIGTRAP, torn_step) != SIG_ERR);
    for (torn_when = 1; !done; torn_when++) {
        u64 found;

        *version = 2;
        *value = 2;
        torn_steps = 0;
        single_step(true);
        found = read();
        single_step(false);
        assert_true(found == 2 || found == 4);
        if (found == 2) assert_true(torn_steps < torn_when + half);
        done = torn_steps < torn_when; /* it was over before */
    }
    assert_true(torn_when > least);
}

#endif
