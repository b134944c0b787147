/* SPDX-License-Identifier: MIT
 * arch/x86/pc_console.c: native's console: a serial line, and a screen with a keyboard.
 *
 * Runs:  interrupts on or off; from the first line that the kernel prints. The drivers run with
 *        interrupts off.
 * Gives: native_console_write, native_console_read; pc_console_use chooses the devices.
 */
#include "arch/x86/arch.h"
#include "arch/x86/console.h"
#include "arch/x86/native.h"

static u32 in_use;

void pc_console_use(u32 devices) {
    u32 added = devices & ~in_use;

    if (added & CONSOLE_SERIAL) uart_init();
    if (added & CONSOLE_VGA) {
        vga_init();
        ps2_init();
    }
    in_use = devices;
}

/* An interrupt that echoes would find a driver in the middle of something. */
void pc_console_write(const char *text, u32 length, void (*serial)(const char *, u32)) {
    u32 flags = irq_save();

    if (in_use & CONSOLE_SERIAL) serial(text, length);
    if (in_use & CONSOLE_VGA) vga_write(text, length);
    irq_restore(flags);
}

PV_ABI void native_console_write(const char *text, u32 length) {
    pc_console_write(text, length, uart_write);
}

PV_ABI u32 native_console_read(void) {
    u32 byte = CONSOLE_EMPTY;

    if (in_use & CONSOLE_SERIAL) byte = uart_read();
    if (byte == CONSOLE_EMPTY && in_use & CONSOLE_VGA) byte = ps2_read();
    return byte;
}
