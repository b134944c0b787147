/* SPDX-License-Identifier: MIT
 * lib/pc.h: the ports of a PC: native's drivers use them, hv-stub uses, guards or imitates them.
 *
 * Source: the data sheets of Intel 8259A and 8254, National Semiconductor PC16550D; IBM PC/AT
 *        Technical Reference.
 */
#ifndef LIB_PC_H
#define LIB_PC_H

#include "lib/types.h"

/* Interrupt controllers: commands, and data one port behind. */
#define PIC_MASTER    0x20
#define PIC_SLAVE     0xA0
#define PIC_CASCADE   2    /* the master's line that the slave is on */
#define PIC_ICW1      0x11 /* edge triggered, cascaded, ICW4 follows */
#define PIC_ICW4_8086 0x01
#define PIC_EOI       0x20 /* OCW2: ends the interrupt with the highest priority in service */
#define PIC_READ_IS   0x0B /* OCW3: the next read gives the in-service register */

/* Starts one of the two; who calls says how a port is written. Cascade: the master's set of lines
 * with a slave, or the slave's number. */
static inline void pic_start(void (*out)(u32 value, u32 port), u32 port, u32 vector, u32 cascade) {
    out(PIC_ICW1, port);
    out(vector, port + 1);
    out(cascade, port + 1);
    out(PIC_ICW4_8086, port + 1);
}

/* Interval timer. All counts here are written low byte, then high byte. */
#define PIT_HZ         1193182u
#define PIT_CHANNEL_0  0x40
#define PIT_CHANNEL_2  0x42
#define PIT_COMMAND    0x43
#define PIT_ONE_SHOT_0 0x30    /* channel 0, mode 0: interrupt at zero */
#define PIT_PERIODIC_0 0x34    /* channel 0, mode 2: interrupt each time */
#define PIT_ONE_SHOT_2 0xB0    /* channel 2, mode 0 */
#define PIT_LONGEST    0xFFFFu /* counts: about 55 ms */
#define PORT_B         0x61    /* gate and output of channel 2 */
#define PORT_B_GATE    0x01
#define PORT_B_SPEAKER 0x02
#define PORT_B_OUTPUT  0x20

/* Serial line */
#define UART          0x3F8
#define UART_DATA     (UART + 0) /* and the divisor's low byte while DLAB is set */
#define UART_IER      (UART + 1) /* and its high byte */
#define UART_FCR      (UART + 2)
#define UART_LCR      (UART + 3)
#define UART_MCR      (UART + 4)
#define UART_LSR      (UART + 5)
#define UART_PORTS    8
#define LCR_8N1       0x03
#define LCR_DLAB      0x80
#define MCR_READY     0x03 /* DTR, RTS */
#define MCR_INTERRUPT 0x08 /* OUT2: a PC's gate to the interrupt line */
#define LSR_RECEIVED  0x01
#define LSR_ROOM      0x20     /* the transmit FIFO is empty */
#define LSR_IDLE      0x40     /* and so is the shift register */
#define UART_PATIENCE 1000000u /* reads of LSR; 16 bytes take 1.4 ms */

/* Keyboard controller, clock, screen */
#define KEYBOARD_DATA 0x60
#define KEYBOARD      0x64 /* status and commands */
#define KEYBOARD_FULL 0x01 /* status: a byte waits in KEYBOARD_DATA */
#define PULSE_RESET   0xFE /* command: resets the machine */
#define CMOS_INDEX    0x70
#define CMOS_DATA     0x71
#define CRTC_INDEX    0x3D4
#define CRTC_DATA     0x3D5

#endif
