/* SPDX-License-Identifier: MIT
 * tests/hostile/segments.c: descriptors, and the selectors that were loaded from them.
 */
#include "tests/hostile/hostile.h"

#define SPARE     (SEL_SPARE | 1)
#define HOST_TSS  0xFE8
#define HOST_CS   0xFF0
#define HOST_DS   0xFF8
#define TSS_TYPE  0x0000890000000000ull
#define CALL_GATE 0x8C

/* The spare descriptor must not be there. */
static void expect_refused(u64 descriptor, const char *what) {
    set_spare(descriptor);
    for (u32 rpl = 0; rpl < 4; rpl++) {
        attempt(load_fs, SEL_SPARE | rpl);
        expect_fault(VECTOR_GP, SEL_SPARE, what);
    }
    attempt(far_jump, SEL_SPARE);
    expect_fault(VECTOR_GP, SEL_SPARE, what);
    attempt(far_call, SEL_SPARE);
    expect_fault(VECTOR_GP, SEL_SPARE, what);
}

void dpl_0(void) {
    set_spare(segment(DATA_SEGMENT, 0, 0xFFFFF));
    for (u32 rpl = 0; rpl < 2; rpl++) {
        attempt(load_fs, SEL_SPARE | rpl);
        expect_fault(NO_FAULT, 0, "load of a DPL 0 segment");
        attempt(peek_fs, HV_CODE);
        expect_fault(checks_limits ? VECTOR_GP : NO_FAULT, 0, "read of the switcher");
        attempt(poke_fs, HV_CODE);
        expect_fault(checks_limits ? VECTOR_GP : VECTOR_PF, checks_limits ? 0 : 3, "write");
    }
    attempt(load_ss, SEL_SPARE);
    expect_fault(NO_FAULT, 0, "load of SS with RPL 0");
    attempt(load_ss, SPARE);
    expect_fault(NO_FAULT, 0, "load of SS with RPL 1");
    attempt(load_ss, SEL_SPARE | 3);
    expect(fault.vector == NO_FAULT || fault.vector == VECTOR_GP, "SS with RPL 3");
    RUN_USER(0xB8, SEL_SPARE | 3, 0, 0, 0, 0x8E, 0xD8);
    expect_fault(VECTOR_GP, SEL_SPARE, "a program loads the kernel's segment");
}

/* Bases at the top, with limits that reach it or go around. */
void top_base(void) {
    static const u32 bases[] = {HV_CUT, HV_CODE, HV_GDT, HV_STACK, 0xFFFFF000, 0xFFFFFFFF};

    for (u32 i = 0; i < ARRAY_SIZE(bases); i++)
        expect_refused(segment(DATA_SEGMENT, bases[i], 0xFFFFF), "base at the top");
    set_spare(segment(DATA_SEGMENT, HV_SHARED, 0xFFFFF));
    attempt(load_fs, SPARE);
    expect_fault(NO_FAULT, 0, "base below the cut");
    attempt(peek_fs, 0xFFC);
    expect_fault(NO_FAULT, 0, "the last word");
    attempt(peek_fs, 0xFFD);
    expect_fault(checks_limits ? VECTOR_GP : NO_FAULT, 0, "a word across the cut");
    attempt(poke_fs, 0x1000);
    expect_fault(checks_limits ? VECTOR_GP : VECTOR_PF, checks_limits ? 0 : 3, "write behind it");
    set_spare(segment(DATA_SEGMENT & ~(1ull << 55), HV_CUT - 16, 0xFFFFF)); /* in bytes */
    attempt(load_fs, SPARE);
    expect_fault(NO_FAULT, 0, "base below the cut, limit in bytes");
    attempt(poke_fs, 12);
    expect_fault(NO_FAULT, 0, "the last word");
    attempt(poke_fs, 16);
    expect_fault(checks_limits ? VECTOR_GP : VECTOR_PF, checks_limits ? 0 : 3, "write behind it");
    expect_refused(segment(DATA_SEGMENT, HV_CUT - 16, 0xFFFFF), "less than a page");
    set_spare(segment(DATA_SEGMENT, 0x80000000, 0xFFFFF));
    attempt(load_fs, SPARE);
    expect_fault(NO_FAULT, 0, "a segment that goes around");
    attempt(poke_fs, HV_CODE - 0x80000000);
    expect_fault(checks_limits ? VECTOR_GP : VECTOR_PF, checks_limits ? 0 : 3, "write to the top");
    if (checks_limits) { /* the limit is the machine's; what lies behind the top is the guest's */
        attempt(peek_fs, 0x80100000);
        expect_fault(VECTOR_GP, 0, "read around the top");
    }
}

void expand_down(void) {
    expect_refused(DATA_SEGMENT | 1ull << 42, "expands down from the top");
    expect_refused(segment(DATA_SEGMENT | 1ull << 42, 0, 0), "expands down");
    expect_refused(segment(DATA_SEGMENT | 1ull << 42, 0x1000, 0xFFFFF), "expands down to nothing");
}

/* A program's far call to `page`. */
static void page_call(u32 selector) {
    u32 at = (u32)page;

    RUN_USER(0x9A, (u8)at, (u8)(at >> 8), (u8)(at >> 16), (u8)(at >> 24), (u8)selector, 0);
}

void conforming(void) {
    for (u32 ring = 0; ring < 2; ring++) {
        set_spare(CODE_SEGMENT | 1ull << 42 | DPL(ring));
        attempt(far_jump, SEL_SPARE);
        expect_fault(NO_FAULT, 0, "jump to conforming code");
        attempt(far_jump, SPARE);
        expect_fault(NO_FAULT, 0, "jump to conforming code, RPL 1");
        attempt(load_fs, SPARE);
        expect_fault(NO_FAULT, 0, "conforming code as data");
        attempt(load_ds, SPARE);
        expect_fault(NO_FAULT, 0, "conforming code in DS");
        RUN_USER(0xB8, SEL_SPARE | 3, 0, 0, 0, 0x8E, 0xD8, 0xFA); /* in a program's DS; cli */
        expect_fault(VECTOR_GP, 0, "conforming code in a program's DS");
        page[0] = 0xFA;
        page_call(SEL_SPARE);
        expect_fault(VECTOR_GP, 0, "conforming code, called by a program");
        expect((fault.cs & 3) == 3, "a program ran in ring 1");
    }
    attempt(load_ss, SPARE);
    expect_fault(VECTOR_GP, SEL_SPARE, "code as a stack");
}

/* What is no segment for code, or none at all. */
void not_code(void) {
    expect_refused(CODE_SEGMENT | 1ull << 53, "64-bit code");
    expect_refused(0, "nothing");
    expect_refused(0x00CF020000000000ull, "a type of system descriptor");
    set_spare(DATA_SEGMENT & ~(1ull << 47));
    attempt(load_fs, SPARE);
    expect_fault(VECTOR_NP, SEL_SPARE, "not present");
    set_spare(DATA_SEGMENT);
    attempt(far_jump, SPARE);
    expect_fault(VECTOR_GP, SEL_SPARE, "jump to data");
    set_spare(CODE_SEGMENT & ~(1ull << 41));
    attempt(load_ds, SPARE);
    expect_fault(VECTOR_GP, SEL_SPARE, "code that cannot be read, in DS");
    set_spare(CODE_SEGMENT | DPL(3));
    attempt(far_jump, SEL_SPARE | 3);
    expect_fault(VECTOR_GP, SEL_SPARE, "jump to a program's code");
    attempt(far_jump, 0xFFFC);
    expect_fault(VECTOR_GP, 0xFFFC, "a selector of the LDT, and far behind the limit");
    attempt(far_jump, 0);
    expect_fault(VECTOR_GP, 0, "jump to no segment");
}

void gates(void) {
    u64 tss_at = segment(TSS_TYPE, (u32)page, 0x67);

    for (u32 ring = 0; ring < 4; ring++) {
        expect_refused(gate(CALL_GATE, ring, HOST_CS, HV_CODE), "call gate into the switcher");
        expect_refused(gate(CALL_GATE, ring, SEL_CODE, (u32)page), "call gate");
        expect_refused(gate(TASK_GATE, ring, HOST_TSS, 0), "task gate to the hypervisor's TSS");
        expect_refused(gate(INTERRUPT_GATE, ring, HOST_CS, HV_CODE), "interrupt gate");
        expect_refused(tss_at | DPL(ring), "TSS");
        expect_refused((tss_at | DPL(ring)) ^ 0x00000B0000000000ull, "LDT");
        expect_refused(0x0000820000000000ull | DPL(ring), "LDT at 0");
    }
    registers.eax = SEL_SPARE;
    RUN(0x0F, 0x00, 0xD0); /* lldt ax */
    expect_fault(VECTOR_GP, 0, "lldt");
    registers.eax = 0;
    RUN(0x0F, 0x00, 0xD0);
    expect_fault(NO_FAULT, 0, "lldt of nothing");
    attempt(load_fs, SEL_SPARE | 5);
    expect_fault(VECTOR_GP, SEL_SPARE | 4, "a selector of the LDT");
}

/* The hypervisor's own descriptors, and what lies behind a guest's limit. */
void host_selectors(void) {
    static const u32 selectors[] = {HOST_TSS, HOST_CS, HOST_DS, 0x1000, 0xFFF8};

    for (u32 i = 0; i < ARRAY_SIZE(selectors); i++)
        for (u32 rpl = 0; rpl < 4; rpl++) {
            attack *const loads[] = {load_ds, load_es,  load_fs, load_gs,
                                     load_ss, far_jump, far_call};

            for (u32 j = 0; j < ARRAY_SIZE(loads); j++) {
                attempt(loads[j], selectors[i] | rpl);
                expect_fault(VECTOR_GP, selectors[i], "a selector of the hypervisor's");
            }
        }
}

void task_register(void) {
    static const u32 bad[] = {0, 3, SEL_CODE, SEL_DATA, SEL_SPARE | 4, HOST_TSS, 0xFFF8, 0x1000};

    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        registers.eax = bad[i];
        RUN(0x0F, 0x00, 0xD8); /* ltr ax */
        expect_fault(VECTOR_GP, 0, "ltr of what is no TSS");
    }
    registers.eax = SEL_TSS;
    RUN(0x0F, 0x00, 0xD8);
    expect_fault(VECTOR_GP, 0, "ltr of a busy TSS");
    set_spare(segment(TSS_TYPE, (u32)tss, 0x67));
    registers.eax = SEL_SPARE;
    RUN(0x0F, 0x00, 0xD8);
    expect_fault(NO_FAULT, 0, "ltr of a second TSS");
    RUN_USER(0xFA);
    expect_fault(VECTOR_GP, 0, "a program's cli, on the second TSS");
}

/* --- selectors that are loaded when their descriptor goes ---------------------------------------------- */

static void load_and_lose(u32 selector) {
    static const u64 ends[] = {
        0,
        DATA_SEGMENT & ~(1ull << 47), /* not present */
        CODE_SEGMENT & ~(1ull << 41), /* execute only */
        CODE_SEGMENT | 1ull << 53,    /* 64-bit */
        DATA_SEGMENT | 1ull << 42,    /* expands down */
        TSS_TYPE,
        DATA_SEGMENT | DPL(2),
        DATA_SEGMENT | DPL(3),
    };

    for (u32 i = 0; i < ARRAY_SIZE(ends); i++) {
        set_spare(DATA_SEGMENT);
        registers.eax = (u32)ends[i];
        registers.ecx = (u32)(ends[i] >> 32);
        attempt(lose_descriptor, selector);
        expect_fault(NO_FAULT, 0, "traps with selectors of a descriptor that has gone");
        RUN_USER(0xFA);
        expect_fault(VECTOR_GP, 0, "a program's cli, after that");
    }
}

void segment_gone(void) {
    load_and_lose(SEL_SPARE);
    load_and_lose(SPARE);
}

/* --- wild tables ------------------------------------------------------------------------------------------ */

void wild_tables(void) {
    static const u32 wild[] = {ATTACK, ATTACK - 1, 0xFFFFFFFF, HV_GDT, HV_STACK + 0x1000};

    for (u32 i = 0; i < ARRAY_SIZE(wild); i++)
        for (u32 modrm = 0x10; modrm <= 0x18; modrm += 8) { /* lgdt, lidt [eax] */
            registers.eax = wild[i];
            RUN(0x0F, 0x01, modrm);
            expect(fault.vector == VECTOR_GP || fault.vector == VECTOR_PF, "vector %d",
                   fault.vector);
        }
    for (u32 i = 0; i < ARRAY_SIZE(wild); i++)
        for (u32 modrm = 0x00; modrm <= 0x08; modrm += 8) { /* sgdt, sidt: they do not trap */
            registers.eax = wild[i];
            RUN(0x0F, 0x01, modrm);
            if (wild[i] != HV_STACK)
                expect(fault.vector == VECTOR_GP || fault.vector == VECTOR_PF, "vector %d",
                       fault.vector);
        }
}

void no_gdt(void) { load_gdt(gdt, 0); }

void gdt_unmapped(void) { load_gdt((void *)ATTACK, 0xFFFF); }

void stack_gone(void) {
    set_spare(DATA_SEGMENT);
    asm volatile("mov %0, %%ss" : : "r"(SPARE));
    set_spare(0);
}

/* There is no ring 2 for guests: the way there is open, but no trap from it goes on. */
void ring_2(void) {
    gdt[SEL_SPARE / 8 + 1] = CODE_SEGMENT | DPL(2);
    set_spare(DATA_SEGMENT | DPL(2));
    asm volatile("mov %%esp, %%eax\n\t"
                 "push %0; push %%eax; push $2; push %1; push $1f\n\t"
                 "iret\n"
                 "1: cli"
                 :
                 : "r"(SEL_SPARE | 2), "r"((SEL_SPARE + 8) | 2)
                 : "eax", "memory");
}
