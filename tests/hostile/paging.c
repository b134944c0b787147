/* SPDX-License-Identifier: MIT
 * tests/hostile/paging.c: what a kernel may do with tables that it announces to nobody, and still
 * find its memory as it mapped it: the contract of a TLB.
 */
#include "tests/hostile/hostile.h"
#include "lib/vmi.h"

#define LARGE_FRAME (8 * 1024 * 1024)
#define LARGE_SIZE  0x200000
#define LARGE_VA    (ATTACK + LARGE_SIZE) /* of attack_l2[1] */

static void invlpg(u32 va) { asm volatile("invlpg (%0)" : : "r"(va) : "memory"); }

static void expect_bits(const pte_t *entry, u32 bits, const char *what) {
    u32 found = *(volatile const u32 *)entry & (A | D);

    expect(found == bits, "%s: A and D are %03x, not %03x", what, found, bits);
}

/* --- A and D --------------------------------------------------------------------------------- */

/* By a read, by a write that faults, by a write; and again once the kernel has cleared them. */
static void watch(pte_t *leaf, pte_t value, u32 va) {
    for (u32 round = 0; round < 3; round++) {
        *leaf = value;
        invlpg(va);
        expect_bits(leaf, 0, "nothing done");
        attempt(peek, va + 8);
        expect_bits(leaf, A, "a read");
        *leaf = (value & ~2ull) | A;
        invlpg(va);
        attempt(poke, va + 8);
        expect_fault(VECTOR_PF, 3, "write to a read-only page");
        expect_bits(leaf, A, "a write that faulted");
        *leaf = value;
        invlpg(va);
        attempt(poke, va + 8);
        expect_fault(NO_FAULT, 0, "write");
        expect_bits(leaf, A | D, "a write");
    }
}

void accessed_dirty(void) {
    watch(&attack_l1[3], (u32)page | PW, ATTACK + 3 * PAGE_SIZE);
    watch(&attack_l2[1], LARGE_FRAME | LARGE, LARGE_VA + 5 * PAGE_SIZE);
    attack_l2[0] &= ~(pte_t)(A | D);
    attack_l1[4] = (u32)page | PW;
    flush();
    attempt(peek, ATTACK + 3 * PAGE_SIZE);
    expect(attack_l2[0] & A, "an access does not show one level up");
    attempt(poke, ATTACK + 3 * PAGE_SIZE);
    expect(!(attack_l2[0] & D), "a table is dirty");
    expect_bits(&attack_l1[4], 0, "another mapping of the page");
}

/* --- flushes --------------------------------------------------------------------------------- */

static void by_cr4(u32 va) {
    asm volatile("mov %0, %%cr4; mov %1, %%cr4" : : "r"(0xA0), "r"(0x20) : "memory");
}

static void by_cr0(u32 va) {
    u32 cr0;

    asm volatile("mov %%cr0, %0" : "=r"(cr0));
    asm volatile("mov %0, %%cr0; mov %1, %%cr0" : : "r"(cr0 & 0x7FFFFFFF), "r"(cr0) : "memory");
}

static void by_cr3(u32 va) { flush(); }

static void by_invalpage(u32 va) { vmi(VMI_InvalPage, va, 0, 0, 0, 0); }

static void by_flushtlb(u32 va) { vmi(VMI_FlushTLB, 3, 0, 0, 0, 0); }

typedef void flusher(u32 va);

/* A page that was read and written, then another, then read-only, then not there. */
static void change_and_flush(flusher *flush_it) {
    u32 va = ATTACK + 9 * PAGE_SIZE;

    *(u32 *)spare_pages[0] = 0xA0;
    *(u32 *)spare_pages[1] = 0xA1;
    attack_l1[9] = (u32)spare_pages[0] | PW;
    attempt(poke, va + 4);
    expect(*(volatile u32 *)va == 0xA0, "not the first page");
    attack_l1[9] = (u32)spare_pages[1] | PW;
    flush_it(va);
    expect(*(volatile u32 *)va == 0xA1, "not the second page");
    attempt(poke, va + 4);
    expect_fault(NO_FAULT, 0, "write to the second page");
    attack_l1[9] = (u32)spare_pages[1] | P;
    flush_it(va);
    attempt(poke, va + 4);
    expect_fault(VECTOR_PF, 3, "write to what has become read-only");
    attack_l1[9] = 0;
    flush_it(va);
    attempt(peek, va);
    expect_fault(VECTOR_PF, 0, "read of what has gone");
}

void flushes(void) {
    static flusher *const all[] = {invlpg, by_cr3, by_cr4, by_cr0};

    for (u32 i = 0; i < ARRAY_SIZE(all); i++) change_and_flush(all[i]);
}

void flushes_vmi(void) {
    static flusher *const all[] = {by_invalpage, by_flushtlb, invlpg, by_cr3};

    for (u32 i = 0; i < ARRAY_SIZE(all); i++) change_and_flush(all[i]);
}

/* --- tables and data --------------------------------------------------------------------------- */

/* What was a table is data now: nobody reads it as a table, and nobody writes A and D to it. */
static void expect_data(u8 *frame) {
    u32 *words = (u32 *)frame, garbage = memory_end | PW;

    for (u32 i = 0; i < 1024; i++) words[i] = i & 1 ? 0 : garbage;
    attack_l1[20] = (u32)frame | PW;
    flush();
    for (u32 i = 0; i < 512; i += 5) {
        volatile u32 *word = (volatile u32 *)(ATTACK + 20 * PAGE_SIZE + i * 8);

        expect(*word == garbage, "word %d is %08x", i, *word);
        *word = garbage + 8;
        expect(words[i * 2] == garbage + 8, "a write to data went elsewhere");
    }
    memset(frame, 0, PAGE_SIZE);
}

/* One frame is an L1 table, then data, an L2 table, data, a root, data. */
void reused(void) {
    u8 *frame = spare_pages[2];
    pte_t *table = (pte_t *)frame;

    *(u32 *)page = 0xBEEF;
    for (u32 round = 0; round < 3; round++) {
        memset(table, 0, PAGE_SIZE);
        table[1] = (u32)page | PW;
        attack_l2[3] = (u32)table | PW;
        flush();
        expect(*(volatile u32 *)(ATTACK + 3 * LARGE_SIZE + PAGE_SIZE) == 0xBEEF, "no L1 table");
        attack_l2[3] = 0;
        expect_data(frame);
        table[4] = (u32)attack_l1 | PW;
        attack_l1[1] = (u32)page | PW;
        root[2] = (u32)table | P;
        flush();
        expect(*(volatile u32 *)(0x80000000 + 4 * LARGE_SIZE + PAGE_SIZE) == 0xBEEF, "no L2 table");
        root[2] = 0;
        expect_data(frame);
        memcpy(table, root, 32);
        load_cr3((u32)table);
        expect(*(volatile u32 *)(ATTACK + PAGE_SIZE) == 0xBEEF, "no root");
        flush();
        expect_data(frame);
    }
    attempt(peek, ATTACK + 3 * LARGE_SIZE + PAGE_SIZE);
    expect_fault(VECTOR_PF, 0, "read below a table that has gone");
}

/* A program writes to the table that maps it, and finds what its kernel finds. */
void writable_table(void) {
    u32 entry = (u32)spare_pages[3] | PWU;

    *(u32 *)spare_pages[3] = 0x5EED;
    attack_l1[6] = (u32)attack_l1 | PWU;
    attack_l1[7] = 0;
    flush();
    registers.eax = entry;
    RUN_USER(0xA3, 7 * 8, 0x60, 0, 0x40, 0xA1, 0, 0x70, 0, 0x40); /* [ATTACK + 6038h] = EAX */
    expect_fault(VECTOR_DONE, 0, "a program maps a page for itself");
    expect(((u32)attack_l1[7] & ~(A | D)) == entry, "the table holds %08x", (u32)attack_l1[7]);
    expect(*(volatile u32 *)(ATTACK + 7 * PAGE_SIZE) == 0x5EED, "the table leads elsewhere");
}

/* --- large pages --------------------------------------------------------------------------------- */

static void expect_frames(u32 turn) {
    for (u32 i = 0; i < 512; i++) {
        volatile u32 *word = (volatile u32 *)(LARGE_VA + i * PAGE_SIZE);

        expect(*word == (i ^ turn), "page %d is page %d", i, *word);
        word[1] = i;
        expect(*(volatile u32 *)(LARGE_FRAME + (i ^ turn) * PAGE_SIZE + 4) == i,
               "a write to page %d went elsewhere", i);
    }
}

/* Bits 13 to 20 of a large page's entry are reserved, #PF on hardware. hv-stub ignores them: the page
 * begins where large pages do, even if a frame that the guest does not have is named. */
void large_unaligned(void) {
    u32 frame = (memory_end - 1) & 0xFFE00000;

    attack_l2[1] = frame | 0x1FE000 | LARGE;
    flush();
    for (u32 pa = frame; pa < memory_end; pa += PAGE_SIZE) {
        *(volatile u32 *)pa = pa;
        expect(*(volatile u32 *)(LARGE_VA + pa - frame) == pa, "%08x leads elsewhere", pa);
    }
}

/* Whole, split, with its pages in another order, and whole again. */
void large_pages(void) {
    for (u32 i = 0; i < 512; i++) {
        *(u32 *)(LARGE_FRAME + i * PAGE_SIZE) = i;
        attack_l1[i] = (LARGE_FRAME + (i ^ 0x155) * PAGE_SIZE) | PW;
    }
    for (u32 round = 0; round < 2; round++) {
        attack_l2[1] = LARGE_FRAME | LARGE;
        flush();
        expect_frames(0);
        attack_l2[1] = (u32)attack_l1 | PW;
        flush();
        expect_frames(0x155);
    }
    attack_l2[1] = 0;
    flush();
    for (u32 i = 0; i < 512; i += 73) {
        attempt(peek, LARGE_VA + i * PAGE_SIZE);
        expect_fault(VECTOR_PF, 0, "read of a large page that has gone");
    }
}

/* Both large frames have in each page what tells which one it is. */
#define OTHER_FRAME (12 * 1024 * 1024)

static void mark_frames(void) {
    for (u32 i = 0; i < 512; i++) {
        *(volatile u32 *)(LARGE_FRAME + i * PAGE_SIZE) = 0xA0000 + i;
        *(volatile u32 *)(OTHER_FRAME + i * PAGE_SIZE) = 0xB0000 + i;
    }
}

static u32 word_at(va_t va) { return *(volatile u32 *)va; }

static void expect_word(va_t va, u32 word, const char *what) {
    u32 found = word_at(va);

    expect(found == word, "%s: %08x has %x, not %x", what, va, found, word);
}

/* INVLPG of one address of a large page forgets all of it. */
void invlpg_large(void) {
    volatile pte_t *l2 = attack_l2;

    mark_frames();
    l2[1] = LARGE_FRAME | LARGE;
    flush();
    for (u32 i = 0; i < 4; i++) expect_word(LARGE_VA + i * PAGE_SIZE, 0xA0000 + i, "mapped");
    l2[1] = OTHER_FRAME | LARGE;
    invlpg(LARGE_VA);
    for (u32 i = 0; i < 4; i++) expect_word(LARGE_VA + i * PAGE_SIZE, 0xB0000 + i, "moved");
    l2[1] = 0;
    invlpg(LARGE_VA);
    attempt(peek, LARGE_VA + 2 * PAGE_SIZE);
    expect_fault(VECTOR_PF, 0, "read of a large page that has gone");
}

/* A table that is linked at another address has changed meanwhile: no TLB could know it there. */
void relinked(void) {
    volatile pte_t *table = (pte_t *)spare_pages[2], *l2 = attack_l2;

    memset(spare_pages[2], 0, PAGE_SIZE);
    *(volatile u32 *)spare_pages[0] = 0xA0;
    *(volatile u32 *)spare_pages[1] = 0xC0;
    table[1] = (u32)spare_pages[0] | PW;
    l2[3] = (u32)spare_pages[2] | PW;
    flush();
    expect_word(ATTACK + 3 * LARGE_SIZE + PAGE_SIZE, 0xA0, "first link");
    l2[3] = 0;
    table[1] = table[2] = (u32)spare_pages[1] | PW;
    l2[4] = (u32)spare_pages[2] | PW;
    expect_word(ATTACK + 4 * LARGE_SIZE + 2 * PAGE_SIZE, 0xC0, "new link, new entry");
    expect_word(ATTACK + 4 * LARGE_SIZE + PAGE_SIZE, 0xC0, "new link, changed entry");
}

/* The first write sets D in the entry by which it is made, whoever else maps the frame. */
void dirty_by_each(void) {
    volatile pte_t *l2 = attack_l2;

    l2[1] = LARGE_FRAME | LARGE;
    l2[2] = LARGE_FRAME | LARGE;
    flush();
    attempt(peek, LARGE_VA + LARGE_SIZE + 4);
    attempt(poke, LARGE_VA + 4);
    attempt(poke, LARGE_VA + LARGE_SIZE + 4);
    expect_bits(&attack_l2[2], A | D, "second mapping written");
}

/* A frame that was announced as a table, and where a large page begins as well. */
void release_large(void) {
    volatile pte_t *l2 = attack_l2;

    mark_frames();
    l2[1] = LARGE_FRAME | LARGE;
    l2[2] = 0;
    flush();
    expect_word(LARGE_VA, 0xA0000, "mapped");
    vmi(VMI_AllocatePage, LARGE_FRAME >> PAGE_SHIFT, VMI_PAGE_PT | VMI_PAGE_PAE, 0, 0, 0);
    vmi(VMI_ReleasePage, LARGE_FRAME >> PAGE_SHIFT, VMI_PAGE_PT | VMI_PAGE_PAE, 0, 0, 0);
    l2[2] = OTHER_FRAME | LARGE;
    expect_word(LARGE_VA + LARGE_SIZE, 0xB0000, "the next one");
    expect_word(LARGE_VA, 0xA0000, "still");
}
