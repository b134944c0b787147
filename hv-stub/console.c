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

static bool inside_line; /* of the guest's */

static void wait_for(u32 status) {
    u32 patience = UART_PATIENCE;

    while (!(in8(UART_LSR) & status) && --patience) continue;
}

/* Before the machine stops: what is still in the FIFO would never be sent. */
void console_drain(void) { wait_for(LSR_IDLE); }

static void put(u32 byte) {
    wait_for(LSR_ROOM);
    out8(byte, UART_DATA);
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

    out8(LCR_DLAB, UART_LCR);
    old = in8(UART_DATA) | in8(UART_IER) << 8;
    out8(divisor & 0xFF, UART_DATA);
    out8(divisor >> 8, UART_IER);
    out8(LCR_8N1, UART_LCR);
    return old;
}

void hv_vprint(const char *format, va_list args) {
    u32 lcr = in8(UART_LCR), mcr = in8(UART_MCR), divisor = set_divisor(1), ier = in8(UART_IER);

    out8(0, UART_IER);
    out8(MCR_READY, UART_MCR);
    if (inside_line) sink(NULL, "\n", 1);
    inside_line = false;
    vformat(sink, NULL, format, args);
    console_drain();
    out8(mcr, UART_MCR);
    out8(ier, UART_IER);
    set_divisor(divisor);
    out8(lcr, UART_LCR);
}

void hv_print(const char *format, ...) {
    va_list args;

    va_start(args, format);
    hv_vprint(format, args);
    va_end(args);
}
