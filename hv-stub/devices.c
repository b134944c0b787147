/* SPDX-License-Identifier: MIT
 * hv-stub/devices.c: the ports that a guest may use, by port and value.
 *
 * Runs:  in ring 0, interrupts off.
 * Gives: a PIC and a PIT of its own; the serial line, the keyboard, the clock and the screen's
 *        cursor of the machine. All other ports read FFh and swallow what is written. The
 *        exit port is the guest's power switch.
 */
#include "hv-stub/hv.h"
#include "hv-stub/hw.h"
#include "lib/exit.h"

#define CRTC_CURSOR 0x0A /* its shape, then where the screen begins, and its place */

static bool is_pic(u32 port) { return (port & ~1u) == PIC_MASTER; }

static bool is_pit(u32 port) { return (port >= 0x40 && port <= 0x43) || port == 0x61; }

static bool passes_through(u32 port) {
    return port - UART < UART_PORTS || port == KEYBOARD_DATA || port == KEYBOARD ||
           port == CMOS_INDEX || port == CMOS_DATA || port == CRTC_INDEX || port == CRTC_DATA;
}

/* The keyboard controller can reset the machine, and switch its A20 line: those commands are not
 * for guests. What is left: its command byte, self tests, on and off. */
static bool may_write(struct vcpu *vcpu, u32 port, u32 value) {
    static const u8 commands[] = {0x20, 0x60, 0xA7, 0xA8, 0xAA, 0xAB, 0xAD, 0xAE};

    if (port == KEYBOARD_DATA) return vcpu->keyboard_unread++ < 4;   /* more, and Bochs ends */
    if (port == CRTC_DATA) return in8(CRTC_INDEX) - CRTC_CURSOR < 6; /* other modes crash Bochs */
    if (port != KEYBOARD) return port != CMOS_DATA;
    if (in8(KEYBOARD) & 1) return false; /* no room for an answer: Bochs ends, too */
    for (u32 i = 0; i < sizeof commands; i++)
        if (value == commands[i]) return true;
    return false;
}

u32 port_read(struct vcpu *vcpu, u32 port) {
    if (is_pic(port)) return vpic_read(&vcpu->pic, port);
    if (is_pit(port)) return vpit_read(vcpu, port);
    if (port == KEYBOARD_DATA) vcpu->keyboard_unread = 0;
    return passes_through(port) ? in8(port) : 0xFF;
}

void port_write(struct vcpu *vcpu, u32 port, u32 value) {
    if (is_pic(port))
        vpic_write(&vcpu->pic, port, value);
    else if (is_pit(port))
        vpit_write(vcpu, port, value);
    else if (port == EXIT_PORT)
        guest_ended(value);
    else if (passes_through(port) && may_write(vcpu, port, value))
        out8(value, port);
    if (port == UART) console_guest_wrote(value);
}
