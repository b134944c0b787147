/* SPDX-License-Identifier: MIT
 * tests/hostile/memory.c: into memory that is not the guest's, directly and by page tables.
 */
#include "tests/hostile/hostile.h"

#define PF_P 1
#define PF_W 2

/* Where one access may fault for two reasons: the limit comes first, if it is checked. */
static void expect_fence(u32 vector, u32 error, const char *what) {
    if (checks_limits)
        expect_fault(VECTOR_GP, 0, what);
    else
        expect_fault(vector, error, what);
}

/* --- directly ------------------------------------------------------------------------------------- */

static void fence_read(void) {
    static const u32 unmapped[] = {HV_STACK + PAGE_SIZE, 0xFFD00000, 0xFFDFFFFC, 0xFFFFF000,
                                   0xFFFFFFFC};

    for (u32 va = HV_CODE; va <= HV_STACK; va += PAGE_SIZE) {
        attempt(peek, va);
        expect_fence(NO_FAULT, 0, "read of a switcher's page");
        attempt(peek_cs, va + 0xFFC);
        expect_fence(NO_FAULT, 0, "read through CS");
    }
    attempt(peek_ss, HV_CODE);
    expect_fault(checks_limits ? VECTOR_SS : NO_FAULT, 0, "read through SS");
    attempt(peek, HV_CUT - 2);
    expect_fence(NO_FAULT, 0, "read across the cut");
    for (u32 i = 0; i < ARRAY_SIZE(unmapped); i++) {
        attempt(peek, unmapped[i]);
        expect_fence(VECTOR_PF, 0, "read of what is never mapped");
        expect(checks_limits || fault.cr2 == unmapped[i], "CR2 %08x", fault.cr2);
    }
    attempt(peek, HV_ROM);
    expect_fault(NO_FAULT, 0, "read of the ROM");
    attempt(peek, HV_SHARED);
    expect_fault(NO_FAULT, 0, "read of the shared page");
}

static void fence_write(void) {
    attempt(poke, HV_ROM);
    expect_fault(VECTOR_PF, PF_P | PF_W, "write to the ROM");
    for (u32 va = HV_CODE; va < HV_STACK; va += PAGE_SIZE) {
        attempt(poke, va);
        expect_fence(VECTOR_PF, PF_P | PF_W, "write to a switcher's page");
        attempt(poke, va + 0xFFC);
        expect_fence(VECTOR_PF, PF_P | PF_W, "write to the end of a switcher's page");
    }
    attempt(poke, HV_STACK);
    expect_fence(NO_FAULT, 0, "write to the stack page");
    attempt(poke, HV_STACK + PAGE_SIZE);
    expect_fence(VECTOR_PF, PF_W, "write behind the stack page");
    attempt(fill_up, HV_SHARED + PAGE_SIZE - 64);
    expect_fence(VECTOR_PF, PF_P | PF_W, "a string across the cut");
    attempt(fill_up, 0xFFFFFFC0);
    expect_fence(VECTOR_PF, PF_W, "a string over the top");
}

/* The n-th place of these bytes in the switcher's code. */
static u32 find_code(u32 bytes, u32 mask) {
    for (u32 va = HV_CODE; va < HV_CODE + PAGE_SIZE - 4; va++) {
        u32 found;

        memcpy(&found, (const void *)va, sizeof found);
        if ((found & mask) == bytes) return va;
    }
    expect(false, "no %08x in the switcher's code", bytes);
    return HV_CODE;
}

static void fence_run(void) {
    attempt(leap, HV_CODE);
    if (checks_limits) {
        expect_fault(VECTOR_GP, 0, "jump to the switcher");
        return;
    }
    expect_fault(VECTOR_GP, 0xFF8, "jump to a stub, as far as the hypervisor's DS");
    attempt(leap, find_code(0x00D8220F, 0x00FFFFFF));
    expect_fault(VECTOR_GP, 0, "jump to mov cr3");
    attempt(leap, find_code(0xCF08C483, 0xFFFFFFFF) + 3);
    expect_fault(NO_FAULT, 0, "jump to the switcher's iret");
    attempt(leap, HV_STACK + PAGE_SIZE);
    expect_fault(VECTOR_PF, 0, "jump behind the stack page");
}

void fence(void) {
    fence_read();
    fence_write();
    fence_run();
    registers.eax = HV_CODE;
    for (u32 va = HV_ROM; va <= HV_STACK; va += PAGE_SIZE) {
        registers.eax = va;
        RUN_USER(0xA1, (u8)va, (u8)(va >> 8), (u8)(va >> 16), (u8)(va >> 24));
        if (checks_limits && va >= HV_CUT)
            expect_fault(VECTOR_GP, 0, "read by a program");
        else
            expect_fault(VECTOR_PF, 5, "read by a program");
        RUN_USER(0xA3, (u8)va, (u8)(va >> 8), (u8)(va >> 16), (u8)(va >> 24));
        if (checks_limits && va >= HV_CUT)
            expect_fault(VECTOR_GP, 0, "write by a program");
        else
            expect_fault(VECTOR_PF, 7, "write by a program");
    }
}

/* --- what hv-stub has at the same address in the machine ---------------------------------------------- */

extern const char guest_mark[];

static void expect_own(u32 offset) {
    expect(strcmp((const char *)(0x10000C + offset), "guest's own 1 MiB") == 0,
           "at 1 MiB is not this guest");
    for (u32 pa = 0x200000; pa < memory_end; pa += 0x100000) {
        volatile u32 *word = (volatile u32 *)(pa + offset);

        *word = pa ^ 0x5A5A5A5A;
        expect(*word == (pa ^ 0x5A5A5A5A), "no memory at %08x", pa);
    }
}

void own_memory(void) { expect_own(0); }

/* All of it once more at ATTACK, in small pages of one table. */
void own_memory_paged(void) {
    for (u32 i = 0; i < 512; i++) attack_l1[i] = (0x100000 + i * PAGE_SIZE) | PW;
    expect(strcmp((const char *)(ATTACK + 0xC), "guest's own 1 MiB") == 0, "not this guest");
    expect_own(0);
    for (u32 i = 256; i < 512; i++) {
        volatile u32 *here = (volatile u32 *)(ATTACK + i * PAGE_SIZE);

        *here = i;
        expect(*(volatile u32 *)(0x100000 + i * PAGE_SIZE) == i, "page %d is another", i);
    }
}

/* --- frames that it does not have ------------------------------------------------------------------- */

void beyond(void) { peek(memory_end); }

void page_beyond(void) {
    attack_l1[0] = memory_end | PW;
    peek(ATTACK);
}

void page_above(void) {
    attack_l1[0] = 0x100100000ull | PW;
    peek(ATTACK);
}

void large_beyond(void) {
    attack_l2[1] = (memory_end & 0xFFE00000) | LARGE;
    peek(ATTACK + 0x200000 + 0x1FF000);
}

void table_beyond(void) {
    attack_l2[1] = memory_end | PW;
    peek(ATTACK + 0x200000);
}

void table_above(void) {
    attack_l2[1] = 0x100100000ull | PW;
    peek(ATTACK + 0x200000);
}

void l2_beyond(void) {
    root[2] = memory_end | P;
    flush();
    peek(0x80000000);
}

/* A frame so high that, counted from the start of the guest's memory, it would be the hypervisor's
 * first: base= says where in the machine that memory starts. */
void map_around(void) {
    attack_l1[0] = (0x100000 - option_base) | PW;
    flush();
}

void page_around(void) {
    map_around();
    poke(ATTACK);
}

/* Operands in such frames: an instruction that is emulated finds no memory there. */
void operands_beyond(void) {
    map_around();
    attack_l1[1] = memory_end | PW;
    flush();
    for (u32 va = ATTACK; va <= ATTACK + PAGE_SIZE; va += PAGE_SIZE)
        for (u32 modrm = 0x10; modrm <= 0x18; modrm += 8) {
            registers.eax = va;
            RUN(0x0F, 0x01, modrm); /* lgdt, lidt [eax] */
            expect_fault(VECTOR_GP, 0, "a table's limit and base from beyond");
            RUN(0x0F, 0x00, modrm); /* lldt, ltr [eax] */
            expect_fault(VECTOR_GP, 0, "a selector from beyond");
        }
}

void cr3_beyond(void) { load_cr3(memory_end); }

void cr3_top(void) { load_cr3(0xFFFFFFFF); }

/* Hardware says #PF with the reserved bit; hv-stub stops the guest. */
void reserved_bits(void) {
    attack_l1[1] = (u32)page | PW | 1ull << 40;
    peek(ATTACK + PAGE_SIZE);
}

/* --- tables ----------------------------------------------------------------------------------------------- */

/* The guest's own table has the top entry, in all ways: the switcher's is there all the same. */
void slot_3(void) {
    static const pte_t kinds[] = {LARGE, LARGE | 4, 0, PW};
    u32 sum = fence_sum();

    memset(page, 0xCC, sizeof page);
    for (u32 i = 0; i < 512; i++) top_l1[i] = (u32)page | PWU;
    for (u32 kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
        for (u32 i = 0; i < 512; i++)
            top_l2[i] = kinds[kind] & 0x80 ? kinds[kind] : (u32)top_l1 | PWU;
        top_l2[511] = kinds[kind] & ~0xFFFull ? kinds[kind] : (u32)top_l1 | kinds[kind];
        root[3] = (u32)top_l2 | P;
        flush();
        attempt(peek, HV_VA_TOP - 4);
        expect_fault(NO_FAULT, 0, "read below the top");
        attempt(peek, 0xC0000000);
        expect_fault(NO_FAULT, 0, "read of slot 3");
        expect(fence_sum() == sum, "the guest's own pages are at the top");
        attempt(poke, HV_ROM);
        expect_fault(VECTOR_PF, 3, "write to the ROM");
        top_l2[511] = (u32)spare_pages[0] | PWU;
        asm volatile("invlpg %0" : : "m"(*(u8 *)HV_CODE));
        asm volatile("invlpg %0" : : "m"(*(u8 *)0xFFFFFFFF));
        expect(fence_sum() == sum, "the guest's own pages are at the top after invlpg");
    }
    /* one table for all slots */
    for (u32 i = 1; i < 4; i++) root[i] = (u32)low_l2 | P;
    flush();
    expect(fence_sum() == sum, "slot 0's table is at the top");
    attempt(peek, 0xC0100000);
    expect_fault(NO_FAULT, 0, "read of slot 3");
    expect(*(volatile u32 *)0xC0100000 == *(volatile u32 *)0x100000, "slot 3 is another memory");
    root[3] = 0;
    flush();
    expect(fence_sum() == sum, "without slot 3 the switcher is away");
}

/* Tables that are their own: each in every role. */
void loops(void) {
    pte_t *table = attack_l2;

    for (u32 i = 0; i < 512; i++) table[i] = (u32)table | PWU;
    flush();
    for (u32 i = 0; i < 512; i += 37) {
        u32 va = ATTACK + i * 0x200000 + i * 0x1000 + i * 8;
        u32 low = (u32)table[i] & ~(A | D);

        expect((*(volatile u32 *)va & ~(A | D)) == low, "%08x is not the table", va);
    }
    /* the root is an L2 table, an L1 table and a page */
    root[2] = (u32)root | P;
    flush();
    attempt(peek, 0x80000000);
    expect(fault.vector == NO_FAULT || fault.vector == VECTOR_PF, "vector %d", fault.vector);
    root[1] = (u32)root | P;
    root[3] = (u32)root | P;
    flush();
    for (u32 va = ATTACK; va < HV_VA_TOP - 0x00200000; va += 0x00200000) {
        attempt(peek, va);
        expect(fault.vector == NO_FAULT || fault.vector == VECTOR_PF, "vector %d", fault.vector);
    }
    load_cr3((u32)root);
    load_cr3((u32)root | 0x1F);
}

/* The L1 table maps itself, and is changed through that mapping while it is in use. */
void self_map(void) {
    volatile pte_t *self = (volatile pte_t *)ATTACK;

    attack_l1[0] = (u32)attack_l1 | P;
    flush();
    expect(self[1] == 0, "not empty");
    expect((attack_l1[0] & (A | D)) == A, "A and D are %03x after a read", (u32)attack_l1[0]);
    attempt(poke, ATTACK + 16);
    expect_fault(VECTOR_PF, 3, "write to a read-only table");
    expect((attack_l1[0] & (A | D)) == A, "A and D are %03x after a fault", (u32)attack_l1[0]);
    attack_l1[0] |= PW;
    self[2] = (u32)spare_pages[0] | PW;
    expect((attack_l1[0] & (A | D)) == (A | D), "A and D are %03x after a write",
           (u32)attack_l1[0]);
    for (u32 i = 0; i < 16; i++) memset(spare_pages[i], (int)(0x30 + i), PAGE_SIZE);
    for (u32 i = 0; i < 64; i++) {
        self[2] = (u32)spare_pages[i % 16] | PW;
        asm volatile("invlpg %0" : : "m"(*(u8 *)(ATTACK + 0x2000)));
        expect(*(volatile u8 *)(ATTACK + 0x2000) == 0x30 + i % 16, "a stale page");
        expect((self[2] & (A | D)) == A, "A and D are %03x", (u32)self[2]);
    }
    self[0] = 0; /* takes itself away */
    asm volatile("invlpg %0" : : "m"(*(u8 *)ATTACK));
    attempt(peek, ATTACK);
    expect_fault(VECTOR_PF, 0, "read of the table that unmapped itself");
}

void read_only(void) {
    attack_l1[0] = (u32)page | P;
    attack_l1[1] = (u32)page | PW; /* not for ring 3 */
    attack_l1[2] = (u32)page | P | 4;
    flush();
    attempt(poke, ATTACK);
    expect_fault(VECTOR_PF, 3, "write to a read-only page");
    attempt(poke, ATTACK + 0x1000);
    expect_fault(NO_FAULT, 0, "write to a page");
    RUN_USER(0xA1, 0, 0x10, 0, 0x40);
    expect_fault(VECTOR_PF, 5, "a program reads a kernel's page");
    RUN_USER(0xA1, 0, 0x20, 0, 0x40);
    expect_fault(VECTOR_DONE, 0, "a program reads its page");
    RUN_USER(0xA3, 0, 0x20, 0, 0x40);
    expect_fault(VECTOR_PF, 7, "a program writes to a read-only page");
    attack_l2[0] = (u32)attack_l1 | 5; /* read-only on the level above */
    flush();
    attempt(poke, ATTACK + 0x1000);
    expect_fault(VECTOR_PF, 3, "write below a read-only table");
}

/* One large page and one table under several entries with different rights. */
void aliases(void) {
    attack_l1[0] = (u32)page | PWU;
    attack_l2[1] = (u32)attack_l1 | 5;
    attack_l2[2] = (u32)attack_l1 | PW;
    attack_l2[3] = LARGE | 4;
    attack_l2[4] = 0x85;
    attack_l2[5] = LARGE;
    flush();
    attempt(poke, ATTACK);
    expect_fault(NO_FAULT, 0, "write through the first entry");
    attempt(poke, ATTACK + 0x200000);
    expect_fault(VECTOR_PF, 3, "write through the read-only entry");
    attempt(poke, ATTACK + 0x600000 + 0x9F00);
    expect_fault(NO_FAULT, 0, "write to the large page");
    attempt(poke, ATTACK + 0x800000 + 0x9F00);
    expect_fault(VECTOR_PF, 3, "write to the read-only large page");
    attempt(poke, ATTACK + 0xA00000 + 0x9F00);
    expect_fault(NO_FAULT, 0, "write to the kernel's large page");
    RUN_USER(0xA1, 0, 0, 0x40, 0x40);
    expect_fault(VECTOR_PF, 5, "a program reads through the kernel's entry");
    RUN_USER(0xA1, 0, 0x9F, 0xA0, 0x40);
    expect_fault(VECTOR_PF, 5, "a program reads the kernel's large page");
    RUN_USER(0xA1, 0, 0x9F, 0x60, 0x40);
    expect_fault(VECTOR_DONE, 0, "a program reads its large page");
}

/* More tables than there are shadows. */
void pool(void) {
    u32 tables = 8 * 1024 * 1024;

    for (u32 i = 0; i < 512; i++) {
        pte_t *table = (pte_t *)(tables + i * PAGE_SIZE);

        memset(table, 0, PAGE_SIZE);
        table[i] = (u32)spare_pages[i % 16] | PW;
        attack_l2[i] = (u32)table | PW;
    }
    flush();
    for (u32 i = 0; i < 16; i++) *(u32 *)spare_pages[i] = i;
    for (u32 round = 0; round < 3; round++)
        for (u32 i = 0; i < 512; i++) {
            u32 va = ATTACK + i * 0x200000 + i * PAGE_SIZE;

            expect(*(volatile u32 *)va == i % 16, "%08x leads elsewhere", va);
        }
}
