/* SPDX-License-Identifier: MIT
 * tests/hostile/main.c: the table of cases, and how they are run. See hostile.h.
 */
#include "tests/hostile/hostile.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/multiboot.h"

struct hostile_case {
    const char *name;
    enum mode mode;
    hostile *attack;
};

/* After these the guest goes on. `all` does them in this order; there is no way back from VMI. */
static const struct hostile_case going_on[] = {
    {"fence-unpaged", UNPAGED, fence},
    {"own-memory", UNPAGED, own_memory},
    {"dpl-0", UNPAGED, dpl_0},
    {"top-base", UNPAGED, top_base},
    {"expand-down", UNPAGED, expand_down},
    {"conforming", UNPAGED, conforming},
    {"not-code", UNPAGED, not_code},
    {"gates", UNPAGED, gates},
    {"host-selectors", UNPAGED, host_selectors},
    {"task-register", UNPAGED, task_register},
    {"segment-gone", UNPAGED, segment_gone},
    {"privileged", UNPAGED, privileged},
    {"ring-3", UNPAGED, ring_3},
    {"flags", UNPAGED, flags},
    {"nested-task", UNPAGED, nested_task},
    {"iret-frames", UNPAGED, iret_frames},
    {"gate-dpl", UNPAGED, gate_dpl},
    {"debug-registers", UNPAGED, debug_registers},
    {"timer-storm", UNPAGED, timer_storm},
    {"no-eoi", UNPAGED, no_eoi},
    {"uart-storm", UNPAGED, uart_storm},
    {"string-io", UNPAGED, string_io},
    {"ports", UNPAGED, ports},
    {"relocations", UNPAGED, relocations},
    {"init-unpaged", UNPAGED, init_unpaged},
    {"fence-paged", PAGED, fence},
    {"own-memory-paged", PAGED, own_memory_paged},
    {"slot-3", PAGED, slot_3},
    {"loops", PAGED, loops},
    {"self-map", PAGED, self_map},
    {"read-only", PAGED, read_only},
    {"aliases", PAGED, aliases},
    {"pool", PAGED, pool},
    {"accessed-dirty", PAGED, accessed_dirty},
    {"flushes", PAGED, flushes},
    {"reused", PAGED, reused},
    {"writable-table", PAGED, writable_table},
    {"large-pages", PAGED, large_pages},
    {"large-unaligned", PAGED, large_unaligned},
    {"invlpg-large", PAGED, invlpg_large},
    {"relinked", PAGED, relinked},
    {"dirty-by-each", PAGED, dirty_by_each},
    {"operands-beyond", PAGED, operands_beyond},
    {"wild-tables", PAGED, wild_tables},
    {"gate-wild", PAGED, gate_wild},
    {"bad-esp", PAGED, bad_esp},
    {"stack-page", PAGED, stack_page},
    {"single-step", PAGED, single_step},
    {"rom-middle", PAGED, rom_middle},
    {"shared-garbage", PAGED, shared_garbage},
    {"early-calls", PAGED, early_calls},
    {"fence-vmi", PARAVIRTUAL, fence},
    {"init-twice", PARAVIRTUAL, init_twice},
    {"slot-3-vmi", PARAVIRTUAL, slot_3},
    {"flushes-vmi", PARAVIRTUAL, flushes_vmi},
    {"release-large", PARAVIRTUAL, release_large},
    {"loops-vmi", PARAVIRTUAL, loops_vmi},
    {"large-alias", PARAVIRTUAL, large_alias},
    {"linear-mapping", PARAVIRTUAL, linear_mapping},
    {"queue-index", PARAVIRTUAL, queue_index},
    {"direct-gate", PARAVIRTUAL, direct_gate},
    {"direct-stack", PARAVIRTUAL, direct_stack},
    {"alarm-storm", PARAVIRTUAL, alarm_storm},
    {"console-far", PARAVIRTUAL, console_far},
    {"console-endless", PARAVIRTUAL, console_endless},
    {"calls", PARAVIRTUAL, calls},
    {"fence-after", PARAVIRTUAL, fence},
};

/* In these it is stopped, at least by some machines. */
static const struct hostile_case stopped[] = {
    {"beyond", UNPAGED, beyond},
    {"page-beyond", PAGED, page_beyond},
    {"page-around", PAGED, page_around},
    {"page-above", PAGED, page_above},
    {"large-beyond", PAGED, large_beyond},
    {"table-beyond", PAGED, table_beyond},
    {"table-above", PAGED, table_above},
    {"l2-beyond", PAGED, l2_beyond},
    {"cr3-beyond", PAGED, cr3_beyond},
    {"cr3-top", PAGED, cr3_top},
    {"real-mode", UNPAGED, real_mode},
    {"two-level", UNPAGED, two_level},
    {"no-write-protect", PAGED, no_write_protect},
    {"no-gdt", UNPAGED, no_gdt},
    {"gdt-unmapped", PAGED, gdt_unmapped},
    {"stack-gone", UNPAGED, stack_gone},
    {"ring-2", UNPAGED, ring_2},
    {"no-idt", UNPAGED, no_idt},
    {"idt-unmapped", PAGED, idt_unmapped},
    {"gate-host-selector", UNPAGED, gate_host_selector},
    {"gate-null", UNPAGED, gate_null},
    {"gate-absent", UNPAGED, gate_absent},
    {"gate-task", UNPAGED, gate_task},
    {"gate-switcher", UNPAGED, gate_switcher},
    {"vm86", UNPAGED, vm86},
    {"vm86-fault", UNPAGED, vm86_fault},
    {"iret-high", UNPAGED, iret_high},
    {"tss-switcher", UNPAGED, tss_switcher},
    {"tss-garbage", UNPAGED, tss_garbage},
    {"tss-unmapped", PAGED, tss_unmapped},
    {"tss-top", UNPAGED, tss_top},
    {"iret-nowhere", PAGED, iret_nowhere},
    {"fault-with-bad-esp", PAGED, fault_with_bad_esp},
    {"push-into-switcher", PAGED, push_into_switcher},
    {"interrupt-with-bad-esp", PAGED, interrupt_with_bad_esp},
    {"no-handler", UNPAGED, no_handler},
    {"halt-for-ever", UNPAGED, halt_for_ever},
    {"halt-idle", UNPAGED, halt_idle},
    {"silent-console", UNPAGED, silent_console},
    {"slow-console", UNPAGED, slow_console},
    {"reserved-bits", PAGED, reserved_bits},
    {"announce-beyond", PARAVIRTUAL, announce_beyond},
    {"entry-around", PARAVIRTUAL, entry_around},
    {"ldt", PARAVIRTUAL, ldt},
    {"task-unavailable", PARAVIRTUAL, task_unavailable},
    {"pointer-nowhere", PARAVIRTUAL, pointer_nowhere},
    {"descriptor-nowhere", PARAVIRTUAL, descriptor_nowhere},
    {"linear-unaligned", PARAVIRTUAL, linear_unaligned},
    {"queue-garbage", PARAVIRTUAL, queue_garbage},
    {"direct-gate-switcher", PARAVIRTUAL, direct_gate_switcher},
    {"direct-stack-switcher", PARAVIRTUAL, direct_stack_switcher},
    {"direct-stack-unmapped", PARAVIRTUAL, direct_stack_unmapped},
    {"direct-stack-page", PARAVIRTUAL, direct_stack_page},
    {"wild-calls", PARAVIRTUAL, wild_calls},
};

u32 option_calls = 10000, option_seed = 1, option_say = 0xFFFFFFFF, option_base = 0x200000;

static const char *name; /* of the case that runs */
static bool failed, any_failed;
static u32 first_sum;

void hostile_main(const struct multiboot_info *info) __attribute__((noreturn));
void hostile_unexpected(void) __attribute__((noreturn));

/* --- what cases use ------------------------------------------------------------------------------- */

static void sink(void *context, const char *text, size_t length) {
    print("%.*s", (int)length, text);
}

void expect(bool holds, const char *format, ...) {
    va_list args;

    if (holds || failed) return;
    failed = any_failed = true;
    print("%s: FAILED: ", name);
    va_start(args, format);
    vformat(sink, NULL, format, args);
    va_end(args);
    print("\n");
}

void expect_fault(u32 vector, u32 error, const char *what) {
    expect(fault.vector == vector && (vector == NO_FAULT || fault.error == error),
           "%s: vector %d, error %x, not vector %d, error %x (EIP %08x, CR2 %08x)", what,
           fault.vector, fault.error, vector, error, fault.eip, fault.cr2);
}

/* From a page of its own: code and data in one would make TCG slow. */
static u8 code[4096] __attribute__((aligned(4096)));

bool run(const u8 *bytes, u32 count) {
    memcpy(code, bytes, count);
    code[count] = RET;
    return attempt(call_registers, (u32)code);
}

bool run_user(const u8 *bytes, u32 count) {
    memcpy(code, bytes, count);
    memcpy(code + count, (const u8[]){DONE}, 2);
    return attempt_user(code, registers.eax);
}

void hostile_unexpected(void) {
    print("%s: FAILED: vector %d, error %x, EIP %08x, CR2 %08x\n", name, fault.vector, fault.error,
          fault.eip, fault.cr2);
    end(2);
}

/* --- running them -------------------------------------------------------------------------------- */

static void do_case(const struct hostile_case *attack) {
    name = attack->name;
    failed = false;
    guest_enter(attack->mode);
    attack->attack();
    guest_enter(attack->mode);
    expect(fence_sum() == first_sum, "the hypervisor's pages have changed");
    if (!failed) print("%s: ok\n", name);
}

static void do_named(const char *wanted) {
    bool all = strcmp(wanted, "all") == 0, found = all;

    for (u32 i = 0; i < ARRAY_SIZE(going_on); i++)
        if (all || strcmp(wanted, going_on[i].name) == 0) {
            do_case(&going_on[i]);
            found = true;
        }
    for (u32 i = 0; i < ARRAY_SIZE(stopped); i++)
        if (strcmp(wanted, stopped[i].name) == 0) {
            do_case(&stopped[i]);
            found = true;
        }
    if (!found) {
        print("%s: no such case\n", wanted);
        any_failed = true;
    }
}

static u32 number(const char *digits) {
    u32 value = 0;

    while (*digits >= '0' && *digits <= '9') value = value * 10 + (u32)(*digits++ - '0');
    return value;
}

void hostile_main(const struct multiboot_info *info) {
    static char line[512];
    struct cmdline_option option;
    const char *words = line;

    strlcpy(line, (const char *)info->cmdline, sizeof line);
    words = cmdline_skip_name(line);
    guest_init((info->mem_upper + 1024) * 1024);
    print("hostile: %u KiB, segment limits %s\n", memory_end / 1024,
          checks_limits ? "checked" : "not checked");
    first_sum = fence_sum();
    while (cmdline_next(&words, &option)) {
        if (!option.has_value)
            do_named(option.key);
        else if (strcmp(option.key, "calls") == 0)
            option_calls = number(option.value);
        else if (strcmp(option.key, "seed") == 0)
            option_seed = number(option.value);
        else if (strcmp(option.key, "say") == 0)
            option_say = number(option.value);
        else if (strcmp(option.key, "base") == 0)
            option_base = number(option.value);
    }
    end(any_failed);
}
