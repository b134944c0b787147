/* SPDX-License-Identifier: MIT
 * user/usertests/protection.c: what a program may not do ends it; what merely has no effect must
 * have none.
 *
 * Read first: attempts.asm, a table of what is tried.
 */
#include "user/usertests/test.h"
#include "user/usertests/registers.h"

#define EFLAGS_CF   0x1
#define EFLAGS_IF   0x200
#define EFLAGS_DF   0x400
#define EFLAGS_IOPL 0x3000
#define EFLAGS_NT   0x4000
#define EFLAGS_VM   0x20000
#define EFLAGS_AC   0x40000

/* attempts.asm */
struct attempt {
    const char *name;
    void (*run)(void);
    i32 status;
};
extern const struct attempt attempts[];
extern const u32 attempt_count;

static void attempts_end_the_program(void) {
    for (u32 i = 0; i < attempt_count; i++) {
        const struct attempt *attempt = &attempts[i];
        i32 status = status_of_run(attempt->run);

        if (status != attempt->status)
            check_failed(__FILE__, __LINE__, "%s: exit status %d, not %d", attempt->name, status,
                         attempt->status);
    }
}

/* Loading these flags faults in no ring; outside ring 0 they just stay as they are. */
static void privileged_flags(void) {
    CHECK_EQ(flags_after(EFLAGS_IOPL, 0) & EFLAGS_IOPL, 0);
    CHECK_EQ(flags_after(0, EFLAGS_IF) & EFLAGS_IF, EFLAGS_IF);
    CHECK_EQ(flags_after(EFLAGS_IOPL, EFLAGS_IF) & (EFLAGS_IOPL | EFLAGS_IF), EFLAGS_IF);
    CHECK_EQ(flags_after(EFLAGS_VM, 0) & EFLAGS_VM, 0);
}

/* Whatever flags a program has set when it calls, the kernel works and gives them back. */
static void flags_in_a_system_call(void) {
    static const u32 flags[] = {EFLAGS_CF, EFLAGS_DF, EFLAGS_NT, EFLAGS_AC,
                                EFLAGS_CF | EFLAGS_DF | EFLAGS_NT | EFLAGS_AC};
    struct {
        u32 before;
        struct meminfo info;
        u32 after;
    } memory = {.before = 0x12345678, .after = 0x9ABCDEF0};

    for (u32 i = 0; i < ARRAY_SIZE(flags); i++) {
        struct outcome outcome = call_with_flags(SYS_getpid, 0, flags[i]);

        CHECK_EQ(outcome.result, getpid());
        CHECK_EQ(outcome.flags & flags[i], flags[i]);
        CHECK_EQ(call_with_flags(SYS_yield, 0, flags[i]).result, 0);
        CHECK_EQ(call_with_flags(SYS_meminfo, (u32)&memory.info, flags[i]).result, 0);
        CHECK(memory.info.total_pages > 0);
        CHECK(memory.before == 0x12345678 && memory.after == 0x9ABCDEF0);
    }
}

static void null_segments_in_a_system_call(void) {
    CHECK_EQ(call_with_null_segments(SYS_getpid), getpid());
    CHECK_EQ(call_with_null_segments(SYS_yield), 0);
}

/* The kernel has a stack of its own. */
static void bad_stack_in_a_system_call(void) {
    static const u32 stacks[] = {0, 4, 0x20000000, USER_TOP, 0xC0100000, 0xFFFFFFFF};

    for (u32 i = 0; i < ARRAY_SIZE(stacks); i++) {
        CHECK_EQ(call_with_stack(SYS_getpid, stacks[i]), getpid());
        CHECK_EQ(call_with_stack(SYS_yield, stacks[i]), 0);
    }
}

static const struct test tests[] = {
    {"attempts-end-the-program", attempts_end_the_program},
    {"privileged-flags", privileged_flags},
    {"flags-in-a-system-call", flags_in_a_system_call},
    {"null-segments-in-a-system-call", null_segments_in_a_system_call},
    {"bad-stack-in-a-system-call", bad_stack_in_a_system_call},
};

SUITE(protection, tests);
