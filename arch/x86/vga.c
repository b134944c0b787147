/* SPDX-License-Identifier: MIT
 * arch/x86/vga.c: the VGA's text screen, 80 by 25.
 *
 * Runs:  interrupts off.
 * Needs: the frame at B8000h in the direct map.
 * Source: IBM VGA, "CRT controller registers".
 */
#include "arch/x86/arch.h"
#include "arch/x86/console.h"
#include "lib/pc.h"
#include "lib/string.h"

#define SCREEN_PA 0xB8000
#define COLUMNS   80
#define ROWS      25
#define BLANK     0x0720 /* a space, light grey on black */

#define CRTC_CURSOR_HIGH 0x0E
#define CRTC_CURSOR_LOW  0x0F

static u32 cursor; /* row * COLUMNS + column */

static u16 *screen(void) { return va_of(SCREEN_PA); }

static void blank(u32 from, u32 to) {
    for (u32 i = from; i < to; i++) screen()[i] = BLANK;
}

static void show_cursor(void) {
    out8(CRTC_CURSOR_HIGH, CRTC_INDEX);
    out8(cursor >> 8, CRTC_DATA);
    out8(CRTC_CURSOR_LOW, CRTC_INDEX);
    out8(cursor & 0xFF, CRTC_DATA);
}

static void scroll(void) {
    memmove(screen(), screen() + COLUMNS, (ROWS - 1) * COLUMNS * sizeof(u16));
    cursor -= COLUMNS;
    blank((ROWS - 1) * COLUMNS, ROWS * COLUMNS);
}

static void put(char c) {
    switch (c) {
    case '\n': cursor += COLUMNS - cursor % COLUMNS; break;
    case '\r': cursor -= cursor % COLUMNS; break;
    case '\b': cursor -= cursor % COLUMNS ? 1 : 0; break;
    default: screen()[cursor++] = (BLANK & 0xFF00) | (u8)c;
    }
    if (cursor >= ROWS * COLUMNS) scroll();
}

void vga_init(void) {
    cursor = 0;
    blank(0, ROWS * COLUMNS);
    show_cursor();
}

void vga_write(const char *text, u32 length) {
    for (u32 i = 0; i < length; i++) put(text[i]);
    show_cursor();
}
