/* SPDX-License-Identifier: MIT
 * kernel/panic.c: the end of a kernel that has found itself broken.
 *
 * Runs:  any time. Interrupts go off and stay off.
 * Gives: the cause, the process, the registers, and who called whom, by name.
 */
#include "kernel/kernel.h"
#include "lib/exit.h"

static void print_caller(va_t eip) {
    u32 offset;
    const char *name = ksym(eip, &offset);

    printk("  %08x %s+0x%x\n", eip, name, offset);
}

/* Prints the heading. A panic inside a panic gives up at once. */
static void begin(const char *format, va_list args) {
    static bool panicking;

    irq_disable();
    if (panicking) crash();
    panicking = true;
    printk("\npanic: ");
    vprintk(format, args);
    printk("\n");
    if (current) printk("in process %u (%s)\n", current->pid, current->name);
}

static NORETURN void end(u32 ebp) {
    printk("called from:\n");
    walk_stack(ebp, print_caller);
    printk("exit: %u\n", EXIT_PANIC);
    crash();
    __builtin_unreachable();
}

void panic(const char *format, ...) {
    va_list args;

    va_start(args, format);
    begin(format, args);
    va_end(args);
    end((va_t)__builtin_frame_address(0));
}

void panic_trap(const struct trap_frame *frame, const char *format, ...) {
    va_list args;
    u32 offset;
    const char *name = ksym(frame->eip, &offset);

    va_start(args, format);
    begin(format, args);
    va_end(args);
    printk("at %08x %s+0x%x\n", frame->eip, name, offset);
    print_frame(frame);
    end(frame->ebp);
}
