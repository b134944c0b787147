/* SPDX-License-Identifier: MIT
 * kernel/panic.c: the end of a kernel that has found itself broken.
 *
 * Runs:  any time. Interrupts go off and stay off.
 * Gives: the cause, the process, the registers, and who called whom, by name.
 */
#include "kernel/kernel.h"
#include "lib/exit.h"

static void print_place(const char *before, va_t eip) {
    u32 offset;
    const char *name = ksym(eip, &offset);

    printk("%s%08x %s+0x%x\n", before, eip, name, offset);
}

static void print_caller(va_t eip) { print_place("  ", eip); }

/* `frame`: of the trap that led here, or NULL. A panic inside a panic gives up at once. */
static NORETURN void end(const struct trap_frame *frame, u32 ebp, const char *format,
                         va_list args) {
    static bool panicking;

    irq_disable();
    if (panicking) crash();
    panicking = true;
    printk("\npanic: ");
    vprintk(format, args);
    printk("\n");
    if (current) printk("in process %u (%s)\n", current->pid, current->name);
    if (frame) {
        print_place("at ", frame->eip);
        print_frame(frame);
    }
    printk("called from:\n");
    walk_stack(ebp, print_caller);
    printk("exit: %u\n", EXIT_PANIC);
    crash();
    __builtin_unreachable();
}

void panic(const char *format, ...) {
    va_list args;

    va_start(args, format);
    end(NULL, (va_t)__builtin_frame_address(0), format, args);
}

void panic_trap(const struct trap_frame *frame, const char *format, ...) {
    va_list args;

    va_start(args, format);
    end(frame, frame->ebp, format, args);
}
