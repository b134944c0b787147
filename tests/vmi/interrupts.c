/* SPDX-License-Identifier: MIT
 * tests/vmi/interrupts.c: the interrupt mask, IRET, Halt: what is pending comes at once, what is
 * masked does not come.
 */
#include "tests/vmi/vmitest.h"

#define IF_MASK 0x200u
#define SOON    1 /* cycle: long past */

static void alarm(u32 flags, u64 expiry, u64 period) {
    call(SetAlarm, flags, (u32)expiry, (u32)(expiry >> 32), (u32)period, (u32)(period >> 32));
}

/* Interrupts are off, and the timer's waits at the PIC. */
static void make_pending(void) {
    call0(DisableInterrupts);
    alarm(0, SOON, 0);
    while (!timer_requested()) continue;
    interrupts = (struct interrupts){0};
}

static u32 mask(void) { return (u32)call0(GetInterruptMask); }

static void mask_calls(void) {
    EXPECT(mask() == 0, "after all: %x", mask());
    call0(EnableInterrupts);
    EXPECT(mask() == IF_MASK, "after EnableInterrupts: %x", mask());
    call0(EnableInterrupts);
    call0(DisableInterrupts);
    EXPECT(mask() == 0, "after DisableInterrupts: %x", mask());
    call1(SetInterruptMask, IF_MASK);
    EXPECT(mask() == IF_MASK, "after SetInterruptMask(200h): %x", mask());
    call1(SetInterruptMask, 0xFFFFFDFF);
    EXPECT(mask() == 0, "after SetInterruptMask(~200h): %x", mask());
    call1(SetInterruptMask, 0xFFFFFFFF);
    EXPECT(mask() == IF_MASK, "after SetInterruptMask(~0): %x", mask());
    call1(SetInterruptMask, 0);
    EXPECT(mask() == 0, "after SetInterruptMask(0): %x", mask());
}

/* These four, and IRET, are used where nothing but CS and SS is valid. */
static void mask_calls_without_segments(void) {
    static const enum number calls[] = {EnableInterrupts, GetInterruptMask, SetInterruptMask,
                                        DisableInterrupts};

    for (u32 pending = 0; pending < 2; pending++)
        for (u32 i = 0; i < ARRAY_SIZE(calls); i++) {
            if (pending) make_pending();
            call_prepare(calls[i], IF_MASK, 0, 0, 0, 0);
            run.ds = run.es = run.fs = run.gs = 0;
            call_prepared(calls[i]);
            if (pending) settle();
        }
}

static void expect_delivered(void) {
    EXPECT(interrupts.count == 1, "%u interrupts", interrupts.count);
    EXPECT(!interrupts.returned, "it came too late");
    EXPECT(interrupts.eflags & IF_MASK, "IF in its frame is 0");
    EXPECT(!(interrupts.eflags & 0x23000), "its flags are %08x", interrupts.eflags);
    EXPECT((interrupts.cs & 3) == 1, "its CS is %x", interrupts.cs);
    EXPECT(interrupts.mask == 0, "the handler ran with interrupts on");
    EXPECT(mask() == IF_MASK, "interrupts are off behind it");
}

static void masked(void) {
    make_pending();
    for (u32 i = 0; i < 10; i++) {
        call0(GetCR3);
        call1(FlushTLB, 1);
        call1(SetInterruptMask, 0);
        call0(DisableInterrupts);
    }
    EXPECT(interrupts.count == 0, "it came while masked");
    EXPECT(timer_requested(), "it has gone");
}

static void enable_delivers(void) {
    make_pending();
    call0(EnableInterrupts);
    expect_delivered();
}

static void set_mask_delivers(void) {
    make_pending();
    call1(SetInterruptMask, IF_MASK);
    expect_delivered();
}

static void enable_delivers_without_segments(void) {
    make_pending();
    call_prepare(EnableInterrupts, 0, 0, 0, 0, 0);
    run.ds = run.es = run.fs = run.gs = 0;
    call_prepared(EnableInterrupts);
    expect_delivered();
}

/* What the PIC masks is not delivered; unmasking it does. */
static void masked_at_the_pic(void) {
    make_pending();
    out8(0x21, 0xFF);
    call0(EnableInterrupts);
    call0(GetCR3);
    EXPECT(interrupts.count == 0, "it came though the PIC masks it");
    run.returned = 0;
    out8(0x21, 0xFE);
    EXPECT(interrupts.count == 1, "it did not come");
}

/* A trap gate leaves IF alone. */
static void trap_gate_keeps_mask(void) {
    u64 gate = idt[VECTOR_TIMER], other = gate | 1ull << 40;

    call4(WriteIDTEntry, (u32)idt, VECTOR_TIMER, (u32)other, (u32)(other >> 32));
    make_pending();
    call0(EnableInterrupts);
    call4(WriteIDTEntry, (u32)idt, VECTOR_TIMER, (u32)gate, (u32)(gate >> 32));
    EXPECT(interrupts.count == 1, "%u interrupts", interrupts.count);
    EXPECT(interrupts.mask == IF_MASK, "the handler ran with interrupts off");
}

static void exceptions(void) {
    call0(EnableInterrupts);
    expected_vector = VECTOR_UD;
    expected_skip = 2;
    raise_ud();
    EXPECT(fault.vector == VECTOR_UD && mask() == IF_MASK, "vector %u, mask %x", fault.vector,
           mask());
    expected_vector = 3;
    expected_skip = 0;
    raise_bp();
    EXPECT(fault.vector == 3 && mask() == IF_MASK, "vector %u, mask %x", fault.vector, mask());
    call0(DisableInterrupts);
    expected_vector = VECTOR_UD;
    expected_skip = 2;
    raise_ud();
    EXPECT(mask() == 0, "an exception has switched interrupts on");
}

/* --- IRET ------------------------------------------------------------------------------------ */

/* To the next instruction, with these flags. Everything but flags is kept. */
static void iret_with(u32 flags, bool segments) {
    run_reset();
    run.iret_flags = flags;
    if (!segments) run.ds = run.es = run.fs = run.gs = 0;
    run_checked("IRET", (u32)iret_probe, 1u << R_FLAGS);
    EXPECT((run.out[R_FLAGS] & ARITHMETIC) == (flags & ARITHMETIC), "IRET: flags %08x give %08x",
           flags, run.out[R_FLAGS]);
    EXPECT(!(run.out[R_FLAGS] & 0x23000), "IRET: flags %08x", run.out[R_FLAGS]);
}

static void iret_mask(void) {
    for (u32 i = 0; i < 4; i++) {
        u32 arithmetic = i & 2 ? ARITHMETIC : 0;

        iret_with(2 | IF_MASK | arithmetic, i & 1);
        EXPECT(mask() == IF_MASK, "IF in the image gives mask %x", mask());
        iret_with(2 | arithmetic, i & 1);
        EXPECT(mask() == 0, "no IF in the image gives mask %x", mask());
    }
    iret_with(0x3002, true); /* IOPL is not restored */
}

static void iret_delivers(void) {
    make_pending();
    iret_with(2, true);
    EXPECT(interrupts.count == 0, "it came without IF in the image");
    iret_with(2 | IF_MASK | ARITHMETIC, true);
    expect_delivered();
    EXPECT(interrupts.eip == (u32)iret_landing || interrupts.eip >= rom->virtual_top,
           "it came at %08x", interrupts.eip);
    make_pending();
    iret_with(2 | IF_MASK, false);
    expect_delivered();
}

/* Into a program: before its first instruction, which counts ESI up. */
static void iret_to_program_delivers(void) {
    u32 root = user_space(user_calls, (u32)(user_end - user_calls));

    call2(UpdateKernelStack, KERNEL_DS, (u32)at(page()) + PAGE_SIZE);
    call1(SetCR3, root);
    make_pending();
    user_count = 10;
    enter_user(USER_CODE, USER_STACK, 2 | IF_MASK);
    EXPECT(user_vector == VECTOR_SYSCALL, "vector %u", user_vector);
    EXPECT(interrupts.count == 1, "%u interrupts", interrupts.count);
    EXPECT(interrupts.esi == 0x51515151, "it came too late");
    EXPECT(user_registers.esi == 0x51515152, "the program's ESI was %08x", user_registers.esi);
}

/* --- Halt ------------------------------------------------------------------------------------ */

static void halt_with_pending(void) {
    make_pending();
    call0(Halt);
    expect_delivered();
}

static void halt_waits(void) {
    u64 expiry = call1(GetCycleCounter, 0) + call0(GetCycleFrequency) / 100;

    interrupts = (struct interrupts){0};
    alarm(0, expiry, 0);
    call0(Halt);
    expect_delivered();
    EXPECT(interrupts.time >= expiry, "it woke up too early");
}

/* --- under load ------------------------------------------------------------------------------ */

static void again(void) {
    u64 expiry = plain(GetCycleCounter, 0, 0, 0, 0, 0) + 20000 * (interrupts.count % 7);

    plain(SetAlarm, 0, (u32)expiry, (u32)(expiry >> 32), 0, 0);
}

/* Each interrupt arms the next; all the while the mask and IRET are used. None may be lost, and no
 * register may change. */
static void storm(void) {
    u32 rounds = 0;

    interrupts = (struct interrupts){0};
    interrupt_hook = again;
    again();
    while (interrupts.count < 500 && !failed()) {
        call0(EnableInterrupts);
        iret_with(2, rounds % 2);
        call1(SetInterruptMask, rounds % 4 ? IF_MASK : 0);
        iret_with(2 | IF_MASK | ARITHMETIC, rounds % 2);
        call0(DisableInterrupts);
        iret_with(2 | IF_MASK, true);
        rounds++;
    }
}

const struct test interrupt_tests[] = {
    {"the interrupt mask", mask_calls},
    {"the interrupt mask with SS and CS only", mask_calls_without_segments},
    {"masked interrupts wait", masked},
    {"EnableInterrupts delivers", enable_delivers},
    {"EnableInterrupts delivers with SS and CS only", enable_delivers_without_segments},
    {"SetInterruptMask delivers", set_mask_delivers},
    {"an interrupt masked at the PIC", masked_at_the_pic},
    {"interrupts by a trap gate", trap_gate_keeps_mask},
    {"exceptions keep the mask", exceptions},
    {"IRET restores the mask", iret_mask},
    {"IRET delivers", iret_delivers},
    {"IRET to a program delivers", iret_to_program_delivers},
    {"Halt with an interrupt pending", halt_with_pending},
    {"Halt waits", halt_waits},
    {"a storm of interrupts", storm},
    {NULL, NULL},
};
