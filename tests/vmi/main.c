/* SPDX-License-Identifier: MIT
 * tests/vmi/main.c: finds the ROM, shows it to the host, runs the tests, ends.
 *
 * Reads: the command line. A word of it chooses another end than the tests' own: `reboot` and
 *        `shutdown` by those calls; `syscalls` by a trap without a gate, for which the hypervisor
 *        stops us and tells how many exits there were, after many system calls.
 * Gives: a line a test, `ok name` or `FAIL name: why`; `vmitest: N passed, M failed`; `exit: S`.
 */
#include "tests/vmi/vmitest.h"
#include "lib/cmdline.h"
#include "lib/exit.h"
#include "lib/format.h"
#include "lib/multiboot.h"
#include "lib/string.h"
#include "user/lib/snprintf.h"

#define ROM_PA    0xC8000
#define ROM_SIZE  2048
#define UART      0x3F8
#define UART_LCR  (UART + 3)
#define UART_LSR  (UART + 5)
#define LCR_8N1   0x03
#define LSR_READY 0x20
#define LSR_EMPTY 0x40

void main(void);
extern const struct multiboot_info *boot_info;

static struct {
    u32 passed, failed;
    bool has_failed; /* the test that runs */
    char why[160];
} result;

/* --- console --------------------------------------------------------------------------------- */

static void put(u32 byte) {
    while (!(in8(UART_LSR) & LSR_READY)) continue;
    out8(UART, byte);
}

static void sink(void *context, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') put('\r');
        put((u8)text[i]);
    }
}

void print(const char *format, ...) {
    va_list args;

    va_start(args, format);
    vformat(sink, NULL, format, args);
    va_end(args);
}

static NORETURN void leave(u32 status) {
    print("exit: %u\n", status);
    while (!(in8(UART_LSR) & LSR_EMPTY)) continue;
    out8(EXIT_PORT, EXIT_BASE + status);
    for (;;) continue;
}

/* --- tests ----------------------------------------------------------------------------------- */

void fail(const char *format, ...) {
    va_list args;

    if (result.has_failed) return;
    result.has_failed = true;
    va_start(args, format);
    vsnprintf(result.why, sizeof result.why, format, args);
    va_end(args);
}

bool failed(void) { return result.has_failed; }

/* Every test starts and ends with the kernel's own tables, interrupts off and nothing pending. */
static void restore(void) {
    settle();
    plain(SetCR3, (u32)boot_root - DIRECT_MAP, 0, 0, 0, 0);
    plain(SetGDT, (u32)&gdt_pointer, 0, 0, 0, 0);
    plain(SetIDT, (u32)&idt_pointer, 0, 0, 0, 0);
}

static void run_tests(const char *when, const struct test *tests) {
    for (; tests->run; tests++) {
        result.has_failed = false;
        guarded(tests->run);
        restore();
        if (result.has_failed)
            print("FAIL %s%s: %s\n", when, tests->name, result.why);
        else
            print("ok %s%s\n", when, tests->name);
        *(result.has_failed ? &result.failed : &result.passed) += 1;
    }
}

static void run_all(void) {
    run_tests("", cpu_tests);
    run_tests("", user_tests);
    run_tests("", interrupt_tests);
    run_tests("", time_tests);
    run_tests("no boot table announced: ", mmu_tests);
    announce_boot_tables();
    run_tests("boot tables announced: ", mmu_tests);
    announce_roots = true;
    run_tests("roots announced: ", mmu_tests);
}

/* --- other ends ------------------------------------------------------------------------------ */

static bool asked_for(const char *word) {
    const char *line = at(((const struct multiboot_info *)at((u32)boot_info))->cmdline);
    struct cmdline_option option;

    while (cmdline_next(&line, &option))
        if (strcmp(option.key, word) == 0) return true;
    return false;
}

static NORETURN void stop_after_system_calls(void) {
    static const struct table_pointer no_gates = {0, 0};
    u32 root = user_space(user_calls, (u32)(user_end - user_calls));
    u32 answer;

    user_count = 10000;
    plain(UpdateKernelStack, KERNEL_DS, (u32)at(page()) + PAGE_SIZE, 0, 0, 0);
    plain(SetCR3, root, 0, 0, 0, 0);
    answer = enter_user(USER_CODE, USER_STACK, 0x202);
    print("system calls: %u, result %u\n", system_calls, answer);
    plain(SetIDT, (u32)&no_gates, 0, 0, 0, 0);
    raise_ud();
    leave(1);
}

static void show_rom(void) {
    const u8 *bytes = at(ROM_PA);

    for (u32 line = 0; line < ROM_SIZE; line += 32) {
        print("rom %03x:", line);
        for (u32 i = 0; i < 32; i++) print(" %02x", bytes[line + i]);
        print("\n");
    }
}

void main(void) {
    rom = at(ROM_PA);
    traps_init();
    out8(UART_LCR, LCR_8N1);
    if (!asked_for("syscalls")) show_rom();
    run_tests("", relocation_tests);
    use_rom_iret();
    if (asked_for("syscalls")) stop_after_system_calls();
    if (asked_for("shutdown")) {
        print("exit: 0\n");
        plain(Shutdown, 0, 0, 0, 0, 0);
        leave(1);
    }
    if (asked_for("reboot")) {
        plain(Reboot, 1, 0, 0, 0, 0);
        leave(1);
    }
    run_all();
    print("vmitest: %u passed, %u failed\n", result.passed, result.failed);
    leave(result.failed ? 1 : 0);
}
