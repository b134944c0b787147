/* SPDX-License-Identifier: MIT
 * tests/unit/test_patch.c: pvops/patch.c, on sites in an array that stands for the kernel's code.
 *
 * Runs:  on a 64-bit host: an address in a site is the low half of a host address, which is what
 *        a displacement is made of too.
 */
#include "tests/unit/unit.h"
#include "pvops/backend.h"

void panic(const char *format, ...);

/* What patch.c is linked with in the kernel. */
struct pv_ops pv_ops;
u8 *const pv_count_thunks[PV_OPS];
u8 *const pv_poison_thunks[PV_OPS];
const struct pv_op_info pv_op_list[PV_OPS] = {
#define PV_GROUP(group, doc)
#define PV_OP(group, kind, ret, name, params, args, doc) {#group, #name, #kind, doc},
#include "pvops/pvops.def"
#undef PV_OP
#undef PV_GROUP
};

#define GUARD 0x5A

static u8 code[4][16];
struct pv_site pv_sites[3];
extern struct pv_site pv_sites_end[];
asm(".globl pv_sites_end\n .set pv_sites_end, pv_sites + 3 * 16");

static jmp_buf panicked;

void panic(const char *format, ...) {
    (void)format;
    longjmp(panicked, 1);
}

/* A site as the assembler leaves it, with guards around it. */
static void make_site(u32 index, u8 op, u8 length) {
    memset(code[index], GUARD, sizeof code[index]);
    pv_sites[index] = (struct pv_site){.address = code[index] + 4, .op = op, .length = length};
    pv_compose_indirect(&pv_sites[index], pv_sites[index].address);
}

static void make_sites(void) {
    make_site(0, PV_irq_disable, 8);
    make_site(1, PV_set_pte, 6);
    make_site(2, PV_iret, 7);
}

static void assert_guards(u32 index) {
    const struct pv_site *site = &pv_sites[index];

    for (u32 i = 0; i < sizeof code[index]; i++)
        if (i < 4 || i >= 4u + site->length) assert_int_equal(code[index][i], GUARD);
}

static void assert_bytes(u32 index, const char *expected, size_t size) {
    assert_int_equal(pv_sites[index].length, size);
    assert_memory_equal(pv_sites[index].address, expected, size);
    assert_guards(index);
}
#define ASSERT_BYTES(index, text) assert_bytes(index, text, sizeof text - 1)

static void test_indirect(void **state) {
    u32 slot = (u32)(uintptr_t)&pv_ops + 4 * PV_iret;
    u8 *bytes = pv_sites[2].address;

    (void)state;
    make_sites();
    bytes = pv_sites[2].address;
    assert_memory_equal(bytes, "\x2e\xff\x25", 3);
    assert_memory_equal(bytes + 3, &slot, 4);
    assert_memory_equal(pv_sites[1].address, "\xff\x15", 2);
    assert_memory_equal(pv_sites[0].address + 6, "\x66\x90", 2);
    for (u32 i = 0; i < 3; i++) assert_guards(i);
}

static const u8 cli[] = {0xFA}, store[] = {0x89, 0x51, 0x04, 0x89, 0x01}, iret[] = {0xCF};
static const u8 too_long[9], nothing[1], elsewhere[1];

/* Bodies that may be copied. The last is as long as patch.c would never find room for. */
const struct pv_inline pv_inlines[5] = {
    {cli, sizeof cli}, {store, sizeof store}, {iret, sizeof iret}, {nothing, 0}, {too_long, 9},
};
extern const struct pv_inline pv_inlines_end[];
asm(".globl pv_inlines_end\n .set pv_inlines_end, pv_inlines + 5 * 16");

/* Puts a body into the table, as a backend does. The kernel's pointers have 32 bits, ours 64. */
static void set_body(u32 op, const u8 *body) {
    memcpy((const u8 **)&pv_ops + op, &body, sizeof body);
}

static void set_bodies(const u8 *irq_disable, const u8 *set_pte, const u8 *iret_body) {
    set_body(PV_irq_disable, irq_disable);
    set_body(PV_set_pte, set_pte);
    set_body(PV_iret, iret_body);
}

static void test_inline(void **state) {
    (void)state;
    make_sites();
    set_bodies(cli, store, iret);
    assert_int_equal(pv_patch_all(PV_PATCH_ON), 3);
    ASSERT_BYTES(0, "\xfa\x0f\x1f\x80\x00\x00\x00\x00");
    ASSERT_BYTES(1, "\x89\x51\x04\x89\x01\x90");
    ASSERT_BYTES(2, "\xcf\x66\x0f\x1f\x44\x00\x00");
    for (u32 i = 0; i < 3; i++) assert_int_equal(pv_sites[i].how, PV_SITE_INLINE);
    assert_int_equal(pv_sites[0].used, 1);
}

/* An op that does nothing leaves nothing but one NOP. */
static void test_nothing(void **state) {
    (void)state;
    make_sites();
    set_bodies(nothing, nothing, iret);
    pv_patch_all(PV_PATCH_ON);
    ASSERT_BYTES(0, "\x0f\x1f\x84\x00\x00\x00\x00\x00");
    ASSERT_BYTES(1, "\x66\x0f\x1f\x44\x00\x00");
    assert_int_equal(pv_sites[1].used, 0);
}

/* Where a direct call or jump at `bytes` goes, as the CPU would compute it. */
static u32 target_of(const u8 *bytes) {
    u32 distance;

    while (*bytes == 0x2E) bytes++;
    memcpy(&distance, bytes + 1, sizeof distance);
    return (u32)(uintptr_t)bytes + 5 + distance;
}

static void test_direct(void **state) {
    struct pv_site site = {.address = code[0], .op = PV_set_pte, .length = 6};
    struct pv_site jump = {.address = code[0], .op = PV_iret, .length = 7};
    static const i32 distances[] = {0, 5, -5, 100000, -100000};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(distances); i++) {
        const u8 *target = (const u8 *)((uintptr_t)code[0] + (intptr_t)distances[i]);

        pv_compose_direct(&site, target, PV_SITE_CALL, code[0]);
        assert_memory_equal(code[0], "\x2e\xe8", 2);
        assert_int_equal(target_of(code[0]), (u32)(uintptr_t)target);
        pv_compose_direct(&jump, target, PV_SITE_JUMP, code[0]);
        assert_memory_equal(code[0], "\x2e\x2e\xe9", 3);
        assert_int_equal(target_of(code[0]), (u32)(uintptr_t)target);
    }
    assert_int_equal(site.how, PV_SITE_CALL);
    assert_int_equal(site.used, 6);
}

/* A body that is longer than the site, or that may not be copied, is called. */
static void test_no_room(void **state) {
    (void)state;
    make_sites();
    set_bodies(too_long, elsewhere, elsewhere);
    pv_patch_all(PV_PATCH_ON);
    assert_int_equal(pv_sites[0].how, PV_SITE_CALL);
    assert_int_equal(target_of(pv_sites[0].address), (u32)(uintptr_t)too_long);
    assert_int_equal(pv_sites[1].how, PV_SITE_CALL);
    assert_int_equal(target_of(pv_sites[1].address), (u32)(uintptr_t)elsewhere);
    assert_int_equal(pv_sites[2].how, PV_SITE_JUMP);
    for (u32 i = 0; i < 3; i++) assert_guards(i);
}

static void test_modes(void **state) {
    (void)state;
    make_sites();
    assert_int_equal(pv_patch_all(PV_PATCH_OFF), 0);
    assert_memory_equal(pv_sites[1].address, "\xff\x15", 2);
    assert_int_equal(pv_sites[1].how, PV_SITE_INDIRECT);
    pv_patch_all(PV_PATCH_COUNT);
    assert_int_equal(pv_sites[1].how, PV_SITE_COUNT);
    assert_memory_equal(pv_sites[1].address, "\x2e\xe8", 2);
    assert_memory_equal(pv_sites[2].address, "\x2e\x2e\xe9", 3);
    make_sites();
    pv_patch_all(PV_PATCH_POISON);
    assert_int_equal(pv_sites[0].how, PV_SITE_POISON);
}

/* The record and the code must agree, or nothing is touched. */
static void test_bad_sites(void **state) {
    (void)state;
    for (volatile u32 bad = 0; bad < 5; bad++) {
        make_sites();
        if (bad == 0)
            pv_sites[1].address[0] = 0x90;
        else if (bad == 1)
            pv_sites[1].op = PV_OPS;
        else if (bad == 2)
            pv_sites[1].length = 4;
        else if (bad == 3)
            pv_sites[1].length = 9;
        else
            pv_sites[1].op = PV_set_pmd;
        if (setjmp(panicked) == 0) {
            pv_patch_all(PV_PATCH_ON);
            fail_msg("bad site %u was patched", bad);
        }
        assert_int_equal(code[1][3], GUARD);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_indirect),  cmocka_unit_test(test_inline),
        cmocka_unit_test(test_nothing),   cmocka_unit_test(test_direct),
        cmocka_unit_test(test_no_room),   cmocka_unit_test(test_modes),
        cmocka_unit_test(test_bad_sites),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
