/* SPDX-License-Identifier: MIT
 * tests/unit/test_frame.c: kernel/frame.c, on an array for a memory, last of all at random
 * against a plain table of owners.
 */
#include "tests/unit/unit.h"
#include "arch/x86/arch.h"
#include "kernel/proc.h"
#include "lib/abi.h"

void frame_init(const struct boot_info *boot);
void *page_alloc(void);
void *page_alloc_zeroed(void);
void page_get(u32 pfn);
void page_put(void *page);
bool pages_low(void);
u32 page_owners(u32 pfn);
int frame_info(va_t answer);
void panic(const char *format, ...);

u8 fake_memory[FAKE_PAGES][PAGE_SIZE];

static struct proc init = {.pid = INIT_PID}, other = {.pid = INIT_PID + 1};
struct proc *current = &other;

static jmp_buf panicked;
static char panic_text[256];

static struct meminfo info; /* the program's */

int copy_to_user(va_t to, const void *from, u32 length) {
    assert_int_equal(to, 0);
    assert_int_equal(length, sizeof info);
    memcpy(&info, from, length);
    return 0;
}

void panic(const char *format, ...) {
    va_list args;

    va_start(args, format);
    vsnprintf(panic_text, sizeof panic_text, format, args);
    va_end(args);
    longjmp(panicked, 1);
}

/* A machine of FAKE_PAGES pages, the kernel below page 40, an initrd of three pages and a bit. */
#define FIRST_FREE   40
#define INITRD_START 50
#define INITRD_END   54
static const struct boot_info boot = {
    .ram_pages = FAKE_PAGES,
    .mapped_pages = FAKE_PAGES,
    .first_free = FIRST_FREE,
    .initrd = INITRD_START * PAGE_SIZE,
    .initrd_end = (INITRD_END - 1) * PAGE_SIZE + 1,
};
#define TABLE_PAGES 2 /* FAKE_PAGES counts of two bytes */
#define RESERVE     16
#define ALL_PAGES   (FAKE_PAGES - INITRD_END - TABLE_PAGES - RESERVE)

static u32 free_pages(void) {
    frame_info(0);
    return info.free_pages;
}

/* Every page once, none of them the kernel's or the initrd's; then no more; then all again. */
static void test_all_pages(void **state) {
    static void *pages[FAKE_PAGES];
    static bool seen[FAKE_PAGES];
    u32 count = 0;

    (void)state;
    frame_init(&boot);
    assert_int_equal(free_pages(), ALL_PAGES);
    while ((pages[count] = page_alloc())) {
        u32 pfn = pfn_of(pages[count]);

        assert_in_range(pfn, INITRD_END + TABLE_PAGES, FAKE_PAGES - 1);
        assert_false(seen[pfn]);
        seen[pfn] = true;
        assert_int_equal(page_owners(pfn), 1);
        memset(pages[count], 0xAA, PAGE_SIZE);
        count++;
    }
    assert_int_equal(count, ALL_PAGES);
    assert_int_equal(free_pages(), 0);
    assert_null(page_alloc());
    assert_null(page_alloc_zeroed());
    for (u32 i = 0; i < count; i++) page_put(pages[i]);
    assert_int_equal(free_pages(), ALL_PAGES);
    for (u32 i = 0; i < count; i++) assert_non_null(page_alloc());
    assert_null(page_alloc());
}

static void test_zeroed(void **state) {
    static const u8 zero[PAGE_SIZE];
    void *page;

    (void)state;
    frame_init(&boot);
    page = page_alloc();
    memset(page, 0xAA, PAGE_SIZE);
    page_put(page);
    assert_ptr_equal(page_alloc_zeroed(), page);
    assert_memory_equal(page, zero, PAGE_SIZE);
}

static void test_owners(void **state) {
    void *page;
    u32 before;

    (void)state;
    frame_init(&boot);
    page = page_alloc();
    before = free_pages();
    page_get(pfn_of(page));
    frame_info(0);
    assert_int_equal(info.shared_pages, 1);
    page_put(page);
    assert_int_equal(free_pages(), before);
    page_put(page);
    assert_int_equal(free_pages(), before + 1);
    page_put(NULL);
    if (setjmp(panicked) == 0) {
        page_put(page);
        fail_msg("a page without owners was put");
    }
    assert_non_null(strstr(panic_text, "owners"));
}

static void test_too_little(void **state) {
    struct boot_info small = boot;

    (void)state;
    small.ram_pages = INITRD_END + 1 + RESERVE + 255;
    if (setjmp(panicked) == 0) {
        frame_init(&small);
        fail_msg("less than the least memory was accepted");
    }
    assert_non_null(strstr(panic_text, "too little"));
    small.ram_pages++;
    frame_init(&small);
    assert_int_equal(free_pages(), 256);
}

/* An initrd right behind the kernel, or before its last page, where Xen puts it: no byte of it is
 * given out, nor is anything before first_free. */
static void test_initrd_is_kept(void **state) {
    static const u32 starts[] = {FIRST_FREE, FIRST_FREE - 10};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(starts); i++) {
        struct boot_info close = boot;
        const u8 *initrd = page_of(starts[i]);
        u32 first = starts[i] + 9 > FIRST_FREE ? starts[i] + 9 : FIRST_FREE, count = 0;

        close.initrd = starts[i] * PAGE_SIZE;
        close.initrd_end = close.initrd + 9 * PAGE_SIZE;
        memset(page_of(starts[i]), 0x55, 9 * PAGE_SIZE);
        frame_init(&close);
        while (page_alloc_zeroed()) count++;
        for (size_t at = 0; at < 9 * PAGE_SIZE; at++) assert_int_equal(initrd[at], 0x55);
        assert_int_equal(count, FAKE_PAGES - first - TABLE_PAGES - RESERVE);
        assert_int_equal(free_pages(), 0);
        assert_int_equal(info.initrd_pages, 9);
        assert_int_equal(info.kernel_pages + info.initrd_pages + count, FAKE_PAGES);
    }
}

static void test_no_initrd(void **state) {
    struct boot_info none = boot;
    u32 count = 0;

    (void)state;
    none.initrd = none.initrd_end = 0;
    frame_init(&none);
    while (page_alloc()) count++;
    assert_int_equal(count, FAKE_PAGES - FIRST_FREE - TABLE_PAGES - RESERVE);
}

/* What nobody else gets any more process 1 does, and it all comes back. */
static void test_reserve(void **state) {
    void *pages[RESERVE];

    (void)state;
    frame_init(&boot);
    while (page_alloc()) continue;
    assert_true(pages_low());
    current = &init;
    for (u32 i = 0; i < RESERVE; i++) assert_non_null(pages[i] = page_alloc());
    assert_null(page_alloc());
    current = &other;
    for (u32 i = 0; i < RESERVE; i++) {
        page_put(pages[i]);
        assert_null(page_alloc());
        assert_int_equal(free_pages(), 0);
    }
}

/* The table of owners must be where memory can be written already. */
static void test_not_mapped(void **state) {
    struct boot_info large = boot;

    (void)state;
    large.mapped_pages = INITRD_END + TABLE_PAGES;
    if (setjmp(panicked) == 0) {
        frame_init(&large);
        fail_msg("a table that is not mapped was accepted");
    }
    assert_non_null(strstr(panic_text, "must be within the first"));
}

static void test_random(void **state) {
    static u32 owners[FAKE_PAGES];
    u64 random = 2006;
    u32 free = ALL_PAGES;

    (void)state;
    frame_init(&boot);
    for (u32 turn = 0; turn < 20000; turn++) {
        u32 pfn = (u32)random_below(&random, FAKE_PAGES);
        void *page;

        switch (random_below(&random, 3)) {
        case 0:
            page = page_alloc();
            assert_int_equal(page == NULL, free == 0);
            if (!page) break;
            assert_int_equal(owners[pfn_of(page)], 0);
            owners[pfn_of(page)] = 1;
            free--;
            break;
        case 1:
            if (owners[pfn] > 0 && owners[pfn] < 5) {
                page_get(pfn);
                owners[pfn]++;
            }
            break;
        case 2:
            if (owners[pfn] > 0) {
                page_put(page_of(pfn));
                free += --owners[pfn] == 0;
            }
            break;
        }
        assert_int_equal(page_owners(pfn), owners[pfn]);
        assert_int_equal(free_pages(), free);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_pages),      cmocka_unit_test(test_zeroed),
        cmocka_unit_test(test_owners),         cmocka_unit_test(test_too_little),
        cmocka_unit_test(test_initrd_is_kept), cmocka_unit_test(test_no_initrd),
        cmocka_unit_test(test_reserve),        cmocka_unit_test(test_not_mapped),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
