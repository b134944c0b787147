/* SPDX-License-Identifier: MIT
 * arch/x86/ps2.c: the PS/2 keyboard: scan codes of set 1 to bytes, US layout.
 *
 * Runs:  interrupts off.
 * Source: IBM PC/AT Technical Reference, "Keyboard Controller (8042)", scan code set 1.
 */
#include "arch/x86/arch.h"
#include "arch/x86/console.h"
#include "lib/pc.h"
#include "lib/string.h"

#define STATUS_AUX 0x20 /* the byte that waits is the mouse's */

#define RELEASED    0x80
#define KEY_ESCAPED 0xE0 /* the next code is of an extra key */
#define KEY_CTRL    0x1D
#define KEY_LSHIFT  0x2A
#define KEY_RSHIFT  0x36
#define KEY_CAPS    0x3A

static const char plain[] =
    "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
    "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

static bool shift, control, capitals, escaped;

void ps2_init(void) {
    while (in8(KEYBOARD) != 0xFF && in8(KEYBOARD) & KEYBOARD_FULL) in8(KEYBOARD_DATA);
}

static u32 translate(u32 code) {
    char c;

    if (code >= sizeof plain - 1) return 0;
    c = shift ? shifted[code] : plain[code];
    if (capitals && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) c ^= 'a' ^ 'A';
    if (control && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) c &= 0x1F;
    return (u8)c;
}

/* Takes one scan code; the byte that it types, or 0. Of the extra keys the keypad's Enter and /, and the
 * right Ctrl, are what their codes say; the others type nothing, and some come with a shift that
 * nobody has pressed. */
static u32 take(u32 code) {
    bool down = !(code & RELEASED);
    bool extra = escaped;

    escaped = code == KEY_ESCAPED;
    if (escaped || (extra && !strchr("\x1C\x1D\x35", (int)(code & ~RELEASED)))) return 0;
    switch (code & ~RELEASED) {
    case KEY_CTRL: control = down; return 0;
    case KEY_LSHIFT:
    case KEY_RSHIFT: shift = down; return 0;
    case KEY_CAPS: capitals ^= down; return 0;
    }
    return down ? translate(code) : 0;
}

u32 ps2_read(void) {
    for (;;) {
        u32 status = in8(KEYBOARD);
        u32 code, byte;

        if (status == 0xFF || !(status & KEYBOARD_FULL)) return CONSOLE_EMPTY;
        code = in8(KEYBOARD_DATA);
        byte = status & STATUS_AUX ? 0 : take(code);
        if (byte) return byte;
    }
}
