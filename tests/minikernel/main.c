/* SPDX-License-Identifier: MIT
 * tests/minikernel/main.c: another kernel, which has nothing of Paravane but libpvops.a.
 *
 * Runs:  on whatever its command line's pv= says. No programs, no page tables but those of boot.
 * Gives: what it runs on, some ticks of the timer, and the power off.
 * Read first: docs/porting.md.
 */
#include "arch/x86/arch.h"
#include "lib/cmdline.h"
#include "lib/exit.h"
#include "lib/format.h"
#include "lib/string.h"

#define TICKS   20u
#define TICK_NS 5000000u

/* What boot.asm pushes, and below it the CPU. */
struct frame {
    u32 registers[8];
    u32 vector, error, eip, cs, eflags;
};

void main(void);
PV_ABI void interrupt(const struct frame *frame);

static volatile u32 ticks;

/* --- what libpvops asks for -------------------------------------------------------------------- */

static void to_console(void *context, const char *text, size_t length) {
    console_write(text, length);
}

void printk(const char *format, ...) {
    va_list args;

    va_start(args, format);
    vformat(to_console, NULL, format, args);
    va_end(args);
}

void panic(const char *format, ...) {
    va_list args;

    irq_disable();
    printk("minikernel: ");
    va_start(args, format);
    vformat(to_console, NULL, format, args);
    va_end(args);
    printk("\nexit: %u\n", EXIT_PANIC);
    crash();
    __builtin_unreachable();
}

const char *ksym(va_t address, u32 *offset) {
    *offset = 0;
    return "?";
}

/* --- and the kernel itself ------------------------------------------------------------------------ */

PV_ABI void interrupt(const struct frame *frame) {
    if (frame->vector < IRQ_BASE || frame->vector == VECTOR_SYSCALL)
        panic("vector %u, error %x, at %08x", frame->vector, frame->error, frame->eip);
    if (irq_eoi(frame->vector - IRQ_BASE)) ticks++;
}

static void wait_for_ticks(u32 count) {
    irq_disable();
    while (ticks < count) {
        safe_halt();
        irq_disable();
    }
}

static const char *wanted_backend(const char *line) {
    static struct cmdline_option option;

    line = cmdline_skip_name(line);
    while (cmdline_next(&line, &option))
        if (strcmp(option.key, "pv") == 0) return option.value;
    return "auto";
}

void main(void) {
    static struct boot_info boot;
    u64 start;

    pc_console_use(CONSOLE_SERIAL);
    setup(&boot);
    printk("minikernel at %08x, %u MiB\n", (va_t)main & ~0xFFFFFu, boot.ram_pages >> 8);
    pv_choose(&(struct pv_options){wanted_backend(boot.cmdline), "on", true, true});
    cpu_init();
    irqchip_init();
    clock_init();
    start = clock_ns();
    irq_unmask(IRQ_TIMER);
    timer_periodic(TICK_NS);
    wait_for_ticks(TICKS);
    printk("%u ticks in %u ms on %s, in ring %u\n", ticks, (u32)((clock_ns() - start) / 1000000),
           pv_info.name, pv_info.kernel_rpl);
    printk("exit: 0\n");
    power_off(0);
    __builtin_unreachable();
}
