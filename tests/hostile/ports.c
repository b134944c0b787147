/* SPDX-License-Identifier: MIT
 * tests/hostile/ports.c: every port, in every size, with values that reset or stop machines.
 */
#include "tests/hostile/hostile.h"
#include "lib/exit.h"

#define UART 0x3F8

/* Would that reach the power switch, or print garbage? */
static bool is_spared(u32 port, u32 size) {
    return (port <= EXIT_PORT && EXIT_PORT < port + size) || (port <= UART && UART < port + size);
}

static void out_any(u32 port, u32 value) {
    if (!is_spared(port, 1)) out8(value, port);
    if (!is_spared(port, 2)) asm volatile("outw %w0, %w1" : : "a"(value), "d"(port));
    if (!is_spared(port, 4)) asm volatile("outl %0, %w1" : : "a"(value), "d"(port));
}

static void in_any(u32 port) {
    u32 value;

    in8(port);
    asm volatile("inw %w1, %w0" : "=a"(value) : "d"(port));
    asm volatile("inl %w1, %0" : "=a"(value) : "d"(port));
}

/* Where a register lies behind an index. */
static void index_and_data(u32 port, u32 value) {
    for (u32 index = 0; index < 256; index++) {
        out8(index, port);
        in8(port + 1);
        out8(value, port + 1);
    }
}

void ports(void) {
    static const u32 dangerous[] = {0x64, 0x60, 0x61,  0x92,  0xCF9, 0x43,  0x20,  0xA0,
                                    0x21, 0xA1, 0x3F9, 0x3FA, 0x3FB, 0x3FC, 0x3FE, 0x3FF};

    static const u8 mode[][2] = {{0x11, 0x0C}, {0x07, 0xFF}, {0x01, 0xFF}, {0x12, 0xFF},
                                 {0x09, 0x00}, {0x13, 0xFF}}; /* as many rows as there can be */

    for (u32 port = 0; port < 0x10000; port += port < 0x1000 || option_calls > 100000 ? 1 : 4) {
        in_any(port);
        out_any(port, port & 5 ? 0xFFFFFFFF : 0);
    }
    for (u32 i = 0; i < ARRAY_SIZE(dangerous); i++)
        for (u32 value = 0; value < 256; value++) out8(value, dangerous[i]);
    for (u32 value = 0; value < 256; value++) {
        out8(0xD1, 0x64);
        out8(value, 0x60);
        out8(0xD4, 0x64);
        out8(value, 0x60);
    }
    out8(0xFE, 0x64);
    index_and_data(0x70, 0);
    index_and_data(0x70, 0xFF);
    for (u32 value = 0; value < 256; value += 17) {
        index_and_data(0x3D4, value);
        wait_cycles(2000000); /* until the screen has been drawn */
    }
    for (u32 i = 0; i < ARRAY_SIZE(mode); i++) {
        out8(mode[i][0], 0x3D4);
        out8(mode[i][1], 0x3D5);
    }
    wait_cycles(4000000);
    uart_init();
}

void string_io(void) {
    static const u8 codes[] = {0x6C, 0x6D, 0x6E, 0x6F};

    for (u32 i = 0; i < sizeof codes; i++)
        for (u32 prefix = 0xF2; prefix < 0xF5; prefix++) {
            registers =
                (struct registers){.ecx = ~0u, .edx = 0x3F8, .esi = (u32)page, .edi = (u32)page};
            RUN(prefix == 0xF4 ? 0x90 : prefix, codes[i]);
            expect_fault(VECTOR_GP, 0, "string I/O");
        }
}

/* The serial line's own interrupts: each time that they are let, its buffer is empty. */
void uart_storm(void) {
    pic_init(0xFFEF);
    out8(0x0B, UART + 4);
    irqs(true);
    while (irq_count < 10) {
        out8(0, UART + 1);
        out8(2, UART + 1);
    }
    irqs(false);
    uart_init();
}

/* The hypervisor's last words must be heard, however the guest left the serial port. */
void silent_console(void) {
    out8(0x0F, UART + 1);
    out8(0x80, UART + 3); /* words of 5 bits, and registers of another meaning */
    out8(0x1F, UART + 4); /* loop back */
    load_idt(NULL, 0);
    asm volatile("ud2");
}

/* The same at 1.8 bits a second. */
void slow_console(void) {
    out8(0x83, UART + 3);
    out8(0xFF, UART);
    out8(0xFF, UART + 1);
    out8(0x03, UART + 3);
    load_idt(NULL, 0);
    asm volatile("ud2");
}
