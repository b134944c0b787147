/* SPDX-License-Identifier: MIT
 * arch/x86/uart.c: the 16550 serial port COM1: 115200 baud, 8N1.
 *
 * Runs:  interrupts off; writing polls.
 * Source: National Semiconductor PC16550D data sheet.
 */
#include "arch/x86/arch.h"
#include "arch/x86/console.h"
#include "lib/pc.h"

#define IER_RECEIVED 0x01
#define FCR_ENABLE   0x07 /* and empty both FIFOs */
#define FIFO_SIZE    16

void uart_init(void) {
    out8(0, UART_IER);
    out8(LCR_DLAB, UART_LCR);
    out8(1, UART_DATA);
    out8(0, UART_IER);
    out8(LCR_8N1, UART_LCR);
    out8(FCR_ENABLE, UART_FCR);
    out8(MCR_READY | MCR_INTERRUPT, UART_MCR);
    out8(IER_RECEIVED, UART_IER);
}

/* A port that is never ready is broken or not there: its output is lost, we go on. */
static void wait_for(u32 status) {
    u32 patience = UART_PATIENCE;

    while (!(in8(UART_LSR) & status) && --patience) continue;
}

/* Before the machine stops: what is still in the FIFO would never be sent. */
void uart_drain(void) { wait_for(LSR_IDLE); }

void uart_write(const char *text, u32 length) {
    u32 room = 0;

    for (u32 i = 0; i < length; i++) {
        if (room < 2) { /* a newline is two bytes */
            wait_for(LSR_ROOM);
            room = FIFO_SIZE;
        }
        if (text[i] == '\n') {
            out8('\r', UART_DATA);
            room--;
        }
        out8((u8)text[i], UART_DATA);
        room--;
    }
}

u32 uart_read(void) {
    u32 status = in8(UART_LSR);

    /* FFh: there is no such port. */
    return status != 0xFF && status & LSR_RECEIVED ? in8(UART_DATA) : CONSOLE_EMPTY;
}
