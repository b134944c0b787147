/* SPDX-License-Identifier: MIT
 * tests/vmi/mmu.c: page-table calls really change translations, and only those.
 *
 * Each test makes an address space of its own: the kernel's, and one L1 table at REGION. The root
 * is announced in the last round only; Linux never does.
 */
#include "tests/vmi/vmitest.h"
#include "lib/string.h"

#define REGION      0x40000000u
#define LARGE       0x200000u
#define LARGE_FRAME 0x400000u /* one large page of memory, for large pages only */
#define FIRST_PAGE  0x600000u /* and behind it what page() gives */

#define MAGIC(n) (0xC0DE0000u + (n))

bool announce_roots;

struct space {
    u32 root, l2, l1; /* physical */
};

void *at(u32 pa) { return (void *)(DIRECT_MAP + pa); }

u32 page(void) {
    static u32 next = FIRST_PAGE;
    u32 pa = next;

    next += PAGE_SIZE;
    if (next > MAPPED) {
        fail("no pages left");
        abandon();
    }
    memset(at(pa), 0, PAGE_SIZE);
    return pa;
}

/* A page whose first word is MAGIC(n). */
static u32 magic_page(u32 n) {
    u32 pa = page();

    *(u32 *)at(pa) = MAGIC(n);
    return pa;
}

static pte_t *entry(u32 table, u32 index) { return (pte_t *)at(table) + index; }

static void set(u32 table, u32 index, pte_t value, u32 flags) {
    call(SetPxELong, (u32)value, (u32)(value >> 32), (u32)entry(table, index), flags, 0);
}

static void set_current(u32 table, u32 index, pte_t value) {
    set(table, index, value, LEVEL_PT | CURRENT_AS | (REGION + index * PAGE_SIZE));
}

static void announce(u32 pa, u32 flags) {
    call(AllocatePage, pa >> PAGE_SHIFT, flags | PAGE_PAE, 0, 0, 0);
}

static void release(u32 pa, u32 level) {
    if (relocations[ReleasePage].reply == CALL)
        call2(ReleasePage, pa >> PAGE_SHIFT, level | PAGE_PAE);
}

static struct space new_space(void) {
    struct space space = {page(), page(), page()};

    *entry(space.root, 3) = boot_root[3];
    if (announce_roots) announce(space.root, LEVEL_PDP);
    announce(space.l2, LEVEL_PD | PAGE_ZERO);
    set(space.root, REGION >> 30, space.l2 | PTE_P, LEVEL_PDP);
    announce(space.l1, LEVEL_PT | PAGE_ZERO);
    set(space.l2, 0, space.l1 | PTE_RW | PTE_U, LEVEL_PD);
    return space;
}

static void enter(const struct space *space) { call1(SetCR3, space->root); }

/* --- what is mapped at an address of the region? --------------------------------------------- */

static void expect_value(u32 index, u32 value) {
    u32 found;

    EXPECT(probe_read(REGION + index * PAGE_SIZE, &found), "page %u is not mapped", index);
    EXPECT(found == value, "page %u holds %08x, not %08x", index, found, value);
}

static void expect_nothing(u32 index) {
    u32 found, va = REGION + index * PAGE_SIZE + 8;

    EXPECT(!probe_read(va, &found), "page %u is still mapped", index);
    EXPECT(fault.error == 0 && fault.cr2 == va, "error %x, CR2 %08x", fault.error, fault.cr2);
}

static void expect_writable(u32 index) {
    EXPECT(probe_write(REGION + index * PAGE_SIZE + 4, 7), "page %u: error %x", index, fault.error);
}

static void expect_read_only(u32 index) {
    EXPECT(!probe_write(REGION + index * PAGE_SIZE + 4, 7), "page %u is writable", index);
    EXPECT(fault.error == 3, "error %x", fault.error);
}

/* --- SetPxELong ------------------------------------------------------------------------------ */

static void set_maps(void) {
    struct space space = new_space();
    u32 first = magic_page(1), second = magic_page(2);

    enter(&space);
    expect_nothing(5);
    set_current(space.l1, 5, first | PTE_RW);
    expect_value(5, MAGIC(1));
    expect_writable(5);
    set_current(space.l1, 5, second | PTE_RW);
    expect_value(5, MAGIC(2));
    set_current(space.l1, 5, 0);
    expect_nothing(5);
    set(space.l1, 5, first | PTE_RW, LEVEL_PT); /* without a hint */
    expect_value(5, MAGIC(1));
    EXPECT(*(u32 *)at(first + 4) == 7, "the write went elsewhere");
}

/* It is the call that stores, and it stores all 64 bits: bits 9 to 11 are the kernel's own. */
static void set_stores(void) {
    struct space space = new_space();
    pte_t values[] = {magic_page(1) | PTE_RO | 0xE00, 0xFFFFFFFFFFFFFFFEull, 0x123456789ABCDEF0ull,
                      magic_page(2) | PTE_RW | 0x400};

    enter(&space);
    for (u32 i = 0; i < ARRAY_SIZE(values); i++) {
        set_current(space.l1, 9, values[i]);
        EXPECT(*entry(space.l1, 9) == values[i], "the table holds %08x%08x",
               (u32)(*entry(space.l1, 9) >> 32), (u32)*entry(space.l1, 9));
    }
    expect_value(9, MAGIC(2));
    EXPECT(*entry(space.l1, 8) == 0 && *entry(space.l1, 10) == 0, "a neighbour has changed");
}

static void set_protects(void) {
    struct space space = new_space();
    u32 frame = magic_page(1);

    enter(&space);
    set_current(space.l1, 0, frame | PTE_RO);
    expect_value(0, MAGIC(1));
    expect_read_only(0);
    set_current(space.l1, 0, frame | PTE_RW);
    expect_writable(0);
    set_current(space.l1, 0, frame | PTE_RO);
    expect_read_only(0);
    set(space.l2, 0, space.l1 | PTE_RO, LEVEL_PD); /* two levels must agree */
    set_current(space.l1, 0, frame | PTE_RW);
    expect_read_only(0);
    set(space.l2, 0, space.l1 | PTE_RW, LEVEL_PD);
    expect_writable(0);
}

static void set_all_entries(void) {
    struct space space = new_space();

    enter(&space);
    for (u32 i = 0; i < 512; i++) set_current(space.l1, i, magic_page(i) | PTE_RW);
    for (u32 i = 0; i < 512; i++) expect_value(i, MAGIC(i));
    for (u32 i = 0; i < 512; i += 2) set_current(space.l1, i, 0);
    for (u32 i = 0; i < 512; i++)
        if (i % 2)
            expect_value(i, MAGIC(i));
        else
            expect_nothing(i);
}

/* --- UpdatePxELong --------------------------------------------------------------------------- */

static void update(u32 table, u32 index, u32 level) {
    call2(UpdatePxELong, (u32)entry(table, index), level);
}

static void update_tells(void) {
    struct space space = new_space();
    u32 first = magic_page(1), second = magic_page(2);

    enter(&space);
    *entry(space.l1, 3) = first | PTE_RW;
    update(space.l1, 3, LEVEL_PT | CURRENT_AS | (REGION + 3 * PAGE_SIZE));
    expect_value(3, MAGIC(1));
    *entry(space.l1, 3) = second | PTE_RO;
    update(space.l1, 3, LEVEL_PT | CURRENT_AS | (REGION + 3 * PAGE_SIZE));
    expect_value(3, MAGIC(2));
    expect_read_only(3);
    *entry(space.l1, 3) = 0;
    update(space.l1, 3, LEVEL_PT);
    expect_nothing(3);
}

/* The CPU sets A and D; a kernel clears them, tells so, and looks again later. */
static void dirty_bit(void) {
    struct space space = new_space();
    u32 frame = magic_page(1);

    enter(&space);
    for (u32 round = 0; round < 3; round++) {
        *entry(space.l1, 4) = frame | PTE_P | PTE_W | PTE_A;
        update(space.l1, 4, LEVEL_PT);
        expect_value(4, MAGIC(1));
        EXPECT(!(*entry(space.l1, 4) & PTE_D), "a read makes it dirty");
        expect_writable(4);
        EXPECT(*entry(space.l1, 4) & PTE_D, "a write does not make it dirty, round %u", round);
    }
}

static void accessed_bit(void) {
    struct space space = new_space();
    pte_t *entries[] = {entry(space.l2, 0), entry(space.l1, 4)};

    enter(&space);
    set_current(space.l1, 4, magic_page(1) | PTE_P | PTE_W);
    expect_value(4, MAGIC(1));
    for (u32 i = 0; i < 6; i++) {
        pte_t *changed = entries[i % 2];

        EXPECT(*changed & PTE_A, "an access does not show in level %u, round %u", 2 - i % 2, i / 2);
        *changed &= ~PTE_A;
        call2(UpdatePxELong, (u32)changed, i % 2 ? LEVEL_PT : LEVEL_PD);
        EXPECT(!(*changed & PTE_A), "it is accessed by itself");
        expect_value(4, MAGIC(1));
        EXPECT(*changed & PTE_A, "an access does not show in level %u, round %u", 2 - i % 2, i / 2);
    }
}

/* --- more than one address space ------------------------------------------------------------- */

static void other_space(void) {
    struct space here = new_space(), there = new_space();

    enter(&here);
    set_current(here.l1, 1, magic_page(1) | PTE_RW);
    expect_value(1, MAGIC(1));
    set(there.l1, 1, magic_page(2) | PTE_RW, LEVEL_PT);
    expect_value(1, MAGIC(1));
    enter(&there);
    expect_value(1, MAGIC(2));
    set(here.l1, 1, magic_page(3) | PTE_RW, LEVEL_PT);
    set(here.l1, 2, magic_page(4) | PTE_RW, LEVEL_PT);
    expect_value(1, MAGIC(2));
    expect_nothing(2);
    enter(&here);
    expect_value(1, MAGIC(3));
    expect_value(2, MAGIC(4));
    *entry(there.l1, 1) = 0;
    update(there.l1, 1, LEVEL_PT);
    enter(&there);
    expect_nothing(1);
}

/* One L1 table below two spaces, and twice in one. */
static void shared_table(void) {
    struct space here = new_space(), there = new_space();

    set(there.l2, 0, here.l1 | PTE_RW, LEVEL_PD);
    set(here.l2, 1, here.l1 | PTE_RO, LEVEL_PD);
    enter(&here);
    set_current(here.l1, 6, magic_page(1) | PTE_RW);
    expect_value(6, MAGIC(1));
    expect_value(512 + 6, MAGIC(1));
    expect_read_only(512 + 6);
    expect_writable(6);
    enter(&there);
    expect_value(6, MAGIC(1));
    set_current(here.l1, 6, 0);
    expect_nothing(6);
    enter(&here);
    expect_nothing(6);
    expect_nothing(512 + 6);
}

/* One page, writable by one entry and read-only by another. */
static void two_mappings(void) {
    struct space space = new_space();
    u32 frame = magic_page(1);

    enter(&space);
    set_current(space.l1, 0, frame | PTE_RO);
    set_current(space.l1, 1, frame | PTE_RW);
    expect_read_only(0);
    expect_writable(1);
    expect_read_only(0);
    EXPECT(probe_write(REGION + PAGE_SIZE, MAGIC(9)), "error %x", fault.error);
    expect_value(0, MAGIC(9));
    set_current(space.l1, 1, 0);
    expect_value(0, MAGIC(9));
}

/* A table that is itself mapped, writable, below its own space. */
static void table_mapped_as_data(void) {
    struct space space = new_space();
    va_t alias = REGION + 7 * PAGE_SIZE;

    enter(&space);
    set_current(space.l1, 7, space.l1 | PTE_RW);
    set_current(space.l1, 8, magic_page(1) | PTE_RW);
    EXPECT(probe_write(alias + 8 * 8, magic_page(2) | (u32)PTE_RW), "error %x", fault.error);
    call2(UpdatePxELong, alias + 8 * 8, LEVEL_PT);
    expect_value(8, MAGIC(2));
    call(SetPxELong, magic_page(3) | (u32)PTE_RW, 0, alias + 8 * 8, LEVEL_PT, 0);
    expect_value(8, MAGIC(3));
    EXPECT(*entry(space.l1, 8) >> 32 == 0, "the entry went elsewhere");
}

/* --- AllocatePage and ReleasePage ------------------------------------------------------------ */

static void populated_tables(void) {
    struct space space = {page(), page(), page()};

    *entry(space.l1, 0) = magic_page(1) | PTE_RW;
    *entry(space.l1, 511) = magic_page(2) | PTE_RO;
    *entry(space.l2, 0) = space.l1 | PTE_RW;
    *entry(space.root, 1) = space.l2 | PTE_P;
    *entry(space.root, 3) = boot_root[3];
    announce(space.l1, LEVEL_PT);
    announce(space.l2, LEVEL_PD | PAGE_ZERO); /* Linux says so of tables that are not */
    if (announce_roots) announce(space.root, LEVEL_PDP);
    enter(&space);
    expect_value(0, MAGIC(1));
    expect_value(511, MAGIC(2));
    expect_read_only(511);
    set_current(space.l1, 0, 0);
    expect_nothing(0);
}

/* Nobody announced any of these: the contract is that of a TLB. */
static struct space unannounced_space(void) {
    struct space space = {page(), page(), page()};

    *entry(space.l2, 0) = space.l1 | PTE_RW;
    *entry(space.root, 1) = space.l2 | PTE_P;
    *entry(space.root, 3) = boot_root[3];
    return space;
}

static void unannounced_tables(void) {
    struct space space = unannounced_space();

    enter(&space);
    *entry(space.l1, 0) = magic_page(1) | PTE_RW;
    *entry(space.l1, 1) = magic_page(1) | PTE_RW;
    expect_value(0, MAGIC(1));
    *entry(space.l1, 0) = magic_page(2) | PTE_RO;
    call1(InvalPage, REGION);
    expect_value(0, MAGIC(2));
    expect_read_only(0);
    expect_value(1, MAGIC(1));
    *entry(space.l1, 1) = magic_page(3) | PTE_RW;
    call1(FlushTLB, 1);
    expect_value(1, MAGIC(3));
    *entry(space.l1, 1) = magic_page(4) | PTE_RW | 0x100; /* global */
    call1(FlushTLB, 3);
    expect_value(1, MAGIC(4));
    *entry(space.l1, 1) = 0;
    call1(FlushTLB, 3);
    expect_nothing(1);
    *entry(space.l1, 0) = 0;
    enter(&space);
    expect_nothing(0);
    set_current(space.l1, 0, magic_page(5) | PTE_RW);
    expect_value(0, MAGIC(5));
    set_current(space.l1, 0, 0);
    expect_nothing(0);
}

/* An unlinked table may be changed at will, once its pages have been invalidated. */
static void relinked_table(void) {
    struct space space = unannounced_space();

    enter(&space);
    for (u32 i = 0; i < 3; i++) {
        *entry(space.l1, i) = magic_page(i) | PTE_RW;
        expect_value(i, MAGIC(i));
    }
    set(space.l2, 0, 0, LEVEL_PD);
    for (u32 i = 0; i < 3; i++) {
        call1(InvalPage, REGION + i * PAGE_SIZE);
        expect_nothing(i);
        *entry(space.l1, i) = magic_page(10 + i) | PTE_RW;
    }
    *entry(space.l1, 1) = 0;
    set(space.l2, 0, space.l1 | PTE_RW, LEVEL_PD);
    expect_value(0, MAGIC(10));
    expect_nothing(1);
    expect_value(2, MAGIC(12));
}

static void released_table(void) {
    struct space space = new_space();
    u32 table = space.l1, again = page(), other = magic_page(100);
    pte_t *words = at(table);

    enter(&space);
    set_current(table, 0, magic_page(1) | PTE_RW);
    set_current(table, 1, magic_page(2) | PTE_RW);
    expect_value(0, MAGIC(1));
    set(space.l2, 0, 0, LEVEL_PD);
    call1(FlushTLB, 1);
    release(table, LEVEL_PT);
    expect_nothing(0);

    for (u32 i = 0; i < 512; i++) /* as data: what looks like entries is none */
        words[i] = other | PTE_RW;
    announce(again, LEVEL_PT | PAGE_ZERO);
    set(space.l2, 0, again | PTE_RW, LEVEL_PD);
    expect_nothing(0);
    set_current(again, 2, table | PTE_RW);
    EXPECT(probe_write(REGION + 2 * PAGE_SIZE + 8, 0x55), "error %x", fault.error);
    EXPECT((u32)words[1] == 0x55, "a released table is not plain memory");
    expect_nothing(1);

    set_current(again, 2, 0);
    memset(words, 0, PAGE_SIZE);
    announce(table, LEVEL_PT | PAGE_ZERO);
    set(space.l2, 0, table | PTE_RW, LEVEL_PD);
    expect_nothing(0);
    expect_nothing(1);
    set_current(table, 1, magic_page(3) | PTE_RW);
    expect_value(1, MAGIC(3));
}

/* What was an L1 table comes back as an L2 table, and the other way round. */
static void other_level(void) {
    struct space space = new_space();

    enter(&space);
    set_current(space.l1, 0, magic_page(1) | PTE_RW);
    expect_value(0, MAGIC(1));
    call1(SetCR3, (u32)boot_root - DIRECT_MAP);
    set(space.l2, 0, 0, LEVEL_PD);
    set(space.root, 1, 0, LEVEL_PDP);
    release(space.l1, LEVEL_PT);
    release(space.l2, LEVEL_PD);
    memset(at(space.l1), 0, PAGE_SIZE);
    memset(at(space.l2), 0, PAGE_SIZE);
    announce(space.l1, LEVEL_PD | PAGE_ZERO);
    announce(space.l2, LEVEL_PT | PAGE_ZERO);
    set(space.root, 1, space.l1 | PTE_P, LEVEL_PDP);
    set(space.l1, 0, space.l2 | PTE_RW, LEVEL_PD);
    enter(&space);
    expect_nothing(0);
    set_current(space.l2, 0, magic_page(2) | PTE_RW);
    expect_value(0, MAGIC(2));
    set(space.l1, 0, 0, LEVEL_PD);
    expect_nothing(0);
}

/* --- roots, large pages, mappings ------------------------------------------------------------ */

static void root_entries(void) {
    struct space space = new_space(), other = new_space();

    enter(&space);
    set_current(space.l1, 0, magic_page(1) | PTE_RW);
    set(other.l1, 0, magic_page(2) | PTE_RW, LEVEL_PT);
    expect_value(0, MAGIC(1));
    set(space.root, 1, other.l2 | PTE_P, LEVEL_PDP);
    expect_value(0, MAGIC(2));
    set(space.root, 1, 0, LEVEL_PDP);
    expect_nothing(0);
    set(space.root, 1, space.l2 | PTE_P, LEVEL_PDP);
    expect_value(0, MAGIC(1));
}

static void large_pages(void) {
    struct space space = new_space();
    u32 *frame = at(LARGE_FRAME), value;

    frame[LARGE / 4 - 1] = MAGIC(1);
    enter(&space);
    set(space.l2, 1, LARGE_FRAME | PTE_RW | PTE_PS, LEVEL_PD);
    EXPECT(probe_read(REGION + 2 * LARGE - 4, &value) && value == MAGIC(1), "it is not mapped");
    EXPECT(probe_write(REGION + 2 * LARGE - 4, MAGIC(2)) && frame[LARGE / 4 - 1] == MAGIC(2),
           "it cannot be written");
    set(space.l2, 1, LARGE_FRAME | PTE_RO | PTE_PS, LEVEL_PD);
    EXPECT(!probe_write(REGION + 2 * LARGE - 4, 1), "it is still writable");
    set(space.l2, 1, space.l1 | PTE_RW, LEVEL_PD); /* split */
    EXPECT(!probe_read(REGION + 2 * LARGE - 4, &value), "it is still mapped");
    set_current(space.l1, 511, magic_page(3) | PTE_RW);
    EXPECT(probe_read(REGION + 2 * LARGE - PAGE_SIZE, &value) && value == MAGIC(3),
           "it cannot be split");
    *entry(space.l2, 1) = LARGE_FRAME | PTE_RW | PTE_PS;
    update(space.l2, 1, LEVEL_PD);
    call1(InvalPage, REGION + LARGE);
    EXPECT(probe_read(REGION + 2 * LARGE - 4, &value) && value == MAGIC(2), "not mapped again");
}

/* A table reached by a mapping of its own, as Linux reaches tables in high memory. */
static void linear_mappings(void) {
    struct space space = new_space();
    va_t window = REGION + 20 * PAGE_SIZE;
    u32 tables[] = {space.l1, page()};

    announce(tables[1], LEVEL_PT | PAGE_ZERO);
    set(space.l2, 1, tables[1] | PTE_RW, LEVEL_PD);
    enter(&space);
    call4(SetLinearMapping, 0, DIRECT_MAP, MAPPED >> PAGE_SHIFT, 0);
    for (u32 i = 0; i < 4; i++) {
        u32 index = 30 + i;

        set_current(space.l1, 20, tables[i % 2] | PTE_RW);
        call1(InvalPage, window);
        call4(SetLinearMapping, 1, window, 1, tables[i % 2] >> PAGE_SHIFT);
        call(SetPxELong, magic_page(i) | (u32)PTE_RW, 0, window + index * 8, LEVEL_PT, 0);
        expect_value(i % 2 * 512 + index, MAGIC(i));
    }
    set(space.l1, 40, magic_page(9) | PTE_RW, LEVEL_PT); /* by the direct map */
    expect_value(40, MAGIC(9));
}

/* More tables than any cache of them holds, all in use. */
static void many_tables(void) {
    enum { TABLES = 300 };
    struct space space = new_space();
    u32 tables[TABLES], found;

    enter(&space);
    for (u32 i = 0; i < TABLES; i++) {
        tables[i] = page();
        *(u32 *)at(tables[i]) = 0;
        announce(tables[i], LEVEL_PT | PAGE_ZERO);
        set(tables[i], 1, tables[i] | PTE_RO, LEVEL_PT); /* each maps itself */
        set(space.l2, i + 1, tables[i] | PTE_RW, LEVEL_PD);
    }
    for (u32 round = 0; round < 2; round++)
        for (u32 i = 0; i < TABLES; i++)
            EXPECT(probe_read(REGION + (i + 1) * LARGE + PAGE_SIZE + 8, &found) &&
                       (found & ~PAGE_MASK) == tables[i],
                   "table %u, round %u", i, round);
    for (u32 i = 0; i < TABLES; i++) {
        set(space.l2, i + 1, 0, LEVEL_PD);
        EXPECT(!probe_read(REGION + (i + 1) * LARGE + PAGE_SIZE, &found), "table %u stays", i);
        release(tables[i], LEVEL_PT);
    }
}

/* --- for other tests ------------------------------------------------------------------------- */

/* They are in use, and not empty. */
void announce_boot_tables(void) {
    for (u32 i = 0; i < MAPPED_L1S; i++)
        announce((u32)boot_l1 - DIRECT_MAP + i * PAGE_SIZE, LEVEL_PT);
    announce((u32)boot_l2 - DIRECT_MAP, LEVEL_PD);
    call1(FlushTLB, 3);
}

u32 user_space(const void *code, u32 size) {
    struct space space = {page(), page(), page()};
    u32 text = page();

    memcpy(at(text), code, size);
    *entry(space.root, 3) = boot_root[3];
    announce(space.l2, LEVEL_PD | PAGE_ZERO);
    announce(space.l1, LEVEL_PT | PAGE_ZERO);
    set(space.root, 0, space.l2 | PTE_P, LEVEL_PDP);
    set(space.l2, USER_CODE >> 21, space.l1 | PTE_RW | PTE_U, LEVEL_PD);
    set(space.l1, USER_CODE >> 12 & 511, text | PTE_RO | PTE_U, LEVEL_PT);
    set(space.l1, (USER_CODE >> 12 & 511) + 1, page() | PTE_RW | PTE_U, LEVEL_PT);
    return space.root;
}

const struct test mmu_tests[] = {
    {"SetPxELong maps, changes, unmaps", set_maps},
    {"SetPxELong stores all bits", set_stores},
    {"SetPxELong protects", set_protects},
    {"SetPxELong of a whole table", set_all_entries},
    {"UpdatePxELong", update_tells},
    {"the D bit", dirty_bit},
    {"the A bit", accessed_bit},
    {"SetPxELong in another address space", other_space},
    {"a table below two spaces", shared_table},
    {"a page mapped writable and read-only", two_mappings},
    {"a table mapped as data", table_mapped_as_data},
    {"AllocatePage of tables in use", populated_tables},
    {"tables that nobody announced", unannounced_tables},
    {"a table unlinked, changed, linked", relinked_table},
    {"ReleasePage, then data", released_table},
    {"ReleasePage, then another level", other_level},
    {"SetPxELong in a root", root_entries},
    {"large pages", large_pages},
    {"SetLinearMapping", linear_mappings},
    {"many tables", many_tables},
    {NULL, NULL},
};
