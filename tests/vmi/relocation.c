/* SPDX-License-Identifier: MIT
 * tests/vmi/relocation.c: VMI_Init and VMI_GetRelocationInfo, before and after.
 */
#include "tests/vmi/vmitest.h"
#include "lib/string.h"

static struct relocation before[CALLS];

static void check_relocation(u32 number, struct relocation found) {
    u32 top = rom->virtual_top;

    EXPECT(reply_allowed(number, found.reply), "%s (%u): type %u", call_name(number), number,
           found.reply);
    if (found.reply == CALL || found.reply == JUMP)
        EXPECT(found.entry >= top && found.entry < top + PAGE_SIZE, "%s (%u): code at %08x",
               call_name(number), number, found.entry);
}

static void all_numbers(void) {
    for (u32 number = 0; number < CALLS; number++) {
        before[number] = relocate(number);
        check_relocation(number, before[number]);
    }
}

/* Up to 127 the numbers are VMware's, and none of them is a call. Behind that a ROM may have its
 * own. */
static void no_such_numbers(void) {
    static const u32 extremes[] = {0x1FFFFFFF, 0x20000000, 0x20000021, 0x3FFFFFFF, 0x40000000,
                                   0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF};

    for (u32 number = CALLS; number < 128; number++)
        EXPECT(relocate(number).reply == NONE, "there is a call %u", number);
    for (u32 number = 128; number < 0x1000; number++) {
        struct relocation found = relocate(number);

        EXPECT(found.reply <= NOP, "%u: type %u", number, found.reply);
        if (found.reply == CALL || found.reply == JUMP)
            EXPECT(found.entry - rom->virtual_top < PAGE_SIZE, "%u: code at %08x", number,
                   found.entry);
    }
    for (u32 i = 0; i < ARRAY_SIZE(extremes); i++)
        EXPECT(relocate(extremes[i]).reply == NONE, "there is a call %08x", extremes[i]);
}

static u32 code_selector(void) {
    u32 cs;

    asm("mov %%cs, %0" : "=r"(cs));
    return cs;
}

static void init_succeeds(void) {
    u32 ring;

    EXPECT(initialize() == 0, "it failed");
    for (u32 number = 0; number < CALLS; number++) relocations[number] = relocate(number);
    ring = code_selector() & 3;
    EXPECT(ring == 1 || ring == 2, "the kernel is in ring %u", ring);
}

static void init_only_once(void) { EXPECT(initialize() != 0, "it succeeded again"); }

static void same_answers(void) {
    for (u32 number = 0; number < CALLS; number++)
        EXPECT(relocations[number].reply == before[number].reply &&
                   relocations[number].entry == before[number].entry,
               "%s is answered by %u %08x now", call_name(number), relocations[number].reply,
               relocations[number].entry);
}

/* The entries may be called wherever the ROM is mapped. */
static void at_another_address(void) {
    const struct rom *original = rom;

    rom = memcpy(at(page()), rom, PAGE_SIZE / 2);
    for (u32 number = 0; number < CALLS; number++) {
        struct relocation found = relocate(number);

        if (found.reply != before[number].reply || found.entry != before[number].entry)
            fail("%s is answered by %u %08x", call_name(number), found.reply, found.entry);
    }
    if (initialize() == 0) fail("VMI_Init succeeded again");
    rom = original;
}

static void only_stack_segment(void) {
    run_reset();
    run.ds = run.es = run.fs = run.gs = 0;
    run.in[R_EAX] = IRET;
    run_checked("GetRelocationInfo", (u32)rom->get_relocation,
                1u << R_EAX | 1u << R_ECX | 1u << R_EDX | 1u << R_FLAGS);
    EXPECT(run.out[R_EAX] == relocations[IRET].entry, "another answer");
}

/* Linux leaves these two at a poisoned address, and takes all of the timer's calls if it takes the
 * first. */
static void complete_for_linux(void) {
    EXPECT(relocations[IRET].reply == CALL || relocations[IRET].reply == JUMP,
           "IRET would stay poisoned");
    call2(CPUID, 1, 0);
    EXPECT(!(run.out[R_EDX] & 1 << 11) || relocations[SYSEXIT].reply != NONE,
           "CPUID shows sysenter, and there is no SYSEXIT");
    if (relocations[GetCycleFrequency].reply == NONE) return;
    for (u32 number = GetCycleCounter; number <= WallclockUpdated; number++)
        EXPECT(have(number), "GetCycleFrequency is there, and %s is not", call_name(number));
}

const struct test relocation_tests[] = {
    {"relocation of each number before VMI_Init", all_numbers},
    {"relocation of other numbers before VMI_Init", no_such_numbers},
    {"VMI_Init", init_succeeds},
    {"VMI_Init a second time", init_only_once},
    {"relocation of each number after VMI_Init", all_numbers},
    {"relocation of other numbers after VMI_Init", no_such_numbers},
    {"relocation does not change", same_answers},
    {"the ROM at another address", at_another_address},
    {"relocation with SS and CS only", only_stack_segment},
    {"what Linux takes without asking", complete_for_linux},
    {NULL, NULL},
};
