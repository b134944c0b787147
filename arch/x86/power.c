/* SPDX-License-Identifier: MIT
 * arch/x86/power.c: native's end: an exit status for QEMU, "Shutdown" for Bochs, or a reset.
 *
 * Runs:  interrupts off at the end; nothing here returns.
 * Read first: lib/exit.h.
 */
#include "arch/x86/arch.h"
#include "arch/x86/console.h"
#include "arch/x86/native.h"
#include "lib/exit.h"
#include "lib/pc.h"

/* native.asm */
NORETURN void native_halt_forever(void);

static NORETURN void leave(u32 status) {
    uart_drain();
    out8(EXIT_BASE + status, EXIT_PORT);
    for (const char *byte = "Shutdown"; *byte; byte++) out8((u8)*byte, BOCHS_EXIT_PORT);
    printk("The machine has stopped; it can be switched off now.\n");
    native_halt_forever();
}

PV_ABI void native_power_off(u32 status) { leave(status); }

PV_ABI void native_crash(void) { leave(EXIT_PANIC); }

PV_ABI void native_reboot(void) {
    out8(PULSE_RESET, KEYBOARD);
    printk("The keyboard controller does not reset this machine.\n");
    native_halt_forever();
}
