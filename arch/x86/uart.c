/* SPDX-License-Identifier: MIT
 * arch/x86/uart.c: the 16550 serial port COM1: 115200 baud, 8N1.
 *
 * Runs:  interrupts on or off; writing polls.
 * Source: National Semiconductor PC16550D data sheet.
 */
#include "arch/x86/arch.h"
#include "arch/x86/console.h"

#define COM1 0x3F8

#define DATA (COM1 + 0) /* and the divisor's low byte while DLAB is set */
#define IER  (COM1 + 1) /* and its high byte */
#define FCR  (COM1 + 2)
#define LCR  (COM1 + 3)
#define MCR  (COM1 + 4)
#define LSR  (COM1 + 5)

#define IER_RECEIVED 0x01
#define FCR_ENABLE   0x07 /* and empty both FIFOs */
#define LCR_8N1      0x03
#define LCR_DLAB     0x80
#define MCR_READY    0x0B /* DTR, RTS, and OUT2: a PC's gate to the interrupt line */
#define LSR_RECEIVED 0x01
#define LSR_ROOM     0x20 /* the transmit FIFO is empty */
#define LSR_IDLE     0x40 /* and so is the shift register */

#define FIFO_SIZE 16
#define PATIENCE  1000000u /* reads of LSR; 16 bytes take 1.4 ms */

void uart_init(void) {
    out8(0, IER);
    out8(LCR_DLAB, LCR);
    out8(1, DATA);
    out8(0, IER);
    out8(LCR_8N1, LCR);
    out8(FCR_ENABLE, FCR);
    out8(MCR_READY, MCR);
    out8(IER_RECEIVED, IER);
}

/* A port that is never ready is broken or not there: its output is lost, we go on. */
static void wait_for(u32 status) {
    u32 patience = PATIENCE;

    while (!(in8(LSR) & status) && --patience) continue;
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
            out8('\r', DATA);
            room--;
        }
        out8((u8)text[i], DATA);
        room--;
    }
}

u32 uart_read(void) {
    u32 status = in8(LSR);

    /* FFh: there is no such port. */
    return status != 0xFF && status & LSR_RECEIVED ? in8(DATA) : CONSOLE_EMPTY;
}
