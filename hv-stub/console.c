/* SPDX-License-Identifier: MIT
 * hv-stub/console.c: lines of the hypervisor's own on the serial port that the guest uses too.
 *
 * Runs:  in ring 0, interrupts off; polls.
 * Gives: whole lines, which begin where a line begins. The guest finds the port as it left it.
 * Source: National Semiconductor PC16550D data sheet.
 */
#include "hv-stub/hv.h"
#include "hv-stub/hw.h"
#include "lib/format.h"

#define COM1 0x3F8
#define DATA (COM1 + 0)
#define IER  (COM1 + 1)
#define LCR  (COM1 + 3)
#define MCR  (COM1 + 4)
#define LSR  (COM1 + 5)

#define LCR_8N1   0x03
#define MCR_READY 0x03 /* DTR, RTS; no interrupts, no loop back */
#define LCR_DLAB  0x80
#define LSR_ROOM  0x20
#define LSR_IDLE  0x40
#define PATIENCE  1000000u

static bool inside_line; /* of the guest's */

static void wait_for(u32 status) {
    u32 patience = PATIENCE;

    while (!(in8(LSR) & status) && --patience) continue;
}

/* Before the machine stops: what is still in the FIFO would never be sent. */
void console_drain(void) { wait_for(LSR_IDLE); }

static void put(u32 byte) {
    wait_for(LSR_ROOM);
    out8(byte, DATA);
}

static void sink(void *context, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') put('\r');
        put((u8)text[i]);
    }
}

void console_guest_wrote(u32 byte) { inside_line = byte != '\n'; }

/* As the guest's own driver would send it. */
void console_guest_text(const char *text, u32 length) {
    sink(NULL, text, length);
    inside_line = text[length - 1] != '\n';
}

/* DLAB turns the first two registers into the divisor: 1 is 115200 baud. */
static u32 set_divisor(u32 divisor) {
    u32 old;

    out8(LCR_DLAB, LCR);
    old = in8(DATA) | in8(IER) << 8;
    out8(divisor & 0xFF, DATA);
    out8(divisor >> 8, IER);
    out8(LCR_8N1, LCR);
    return old;
}

void hv_vprint(const char *format, va_list args) {
    u32 lcr = in8(LCR), mcr = in8(MCR), divisor = set_divisor(1), ier = in8(IER);

    out8(0, IER);
    out8(MCR_READY, MCR);
    if (inside_line) sink(NULL, "\n", 1);
    inside_line = false;
    vformat(sink, NULL, format, args);
    console_drain();
    out8(mcr, MCR);
    out8(ier, IER);
    set_divisor(divisor);
    out8(lcr, LCR);
}

void hv_print(const char *format, ...) {
    va_list args;

    va_start(args, format);
    hv_vprint(format, args);
    va_end(args);
}
