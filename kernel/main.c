/* SPDX-License-Identifier: MIT
 * kernel/main.c: the order of the day: from the first C function to the first process.
 *
 * Runs:  on the boot stack and boot tables, interrupts off until process 1 is in its program.
 * Read first: arch/x86/boot.asm.
 */
#include "kernel/kernel.h"
#include "lib/exit.h"

NORETURN void kernel_main(void);

void kernel_main(void) {
    static struct boot_info boot;

    /* The table is native's: enough to read the command line and to complain. */
    pc_console_use(CONSOLE_SERIAL | CONSOLE_VGA);
    printk("Paravane\n");
    setup(&boot);
    options_parse(boot.cmdline);
    pc_console_use((strcmp(options.console, "vga") != 0 ? CONSOLE_SERIAL : 0) |
                   (strcmp(options.console, "serial") != 0 ? CONSOLE_VGA : 0));
    pv_choose(&(struct pv_options){options.pv, options.patch, strcmp(options.lazy, "on") == 0,
                                   strcmp(options.extensions, "on") == 0});

    /* From here on, whatever the backend is. */
    cpu_init();
    frame_init(&boot);
    paging_init(&boot);
    initrd_init(&boot);
    irqchip_init();
    timer_init();
    console_init();
    proc_start_init();
    __builtin_unreachable();
}

void machine_off(u32 status) {
    if (status > EXIT_MAX) status = EXIT_MAX;
    irq_disable();
    printk("exit: %u\n", status);
    power_off(status);
    __builtin_unreachable();
}
