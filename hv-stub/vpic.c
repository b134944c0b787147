/* SPDX-License-Identifier: MIT
 * hv-stub/vpic.c: the 8259A interrupt controller that a guest sees.
 *
 * Gives: edge-triggered requests, masks, priorities, end of interrupt; the commands that kernels
 *        use. There is no slave: no device of a guest's would be connected to it.
 * Source: Intel 8259A data sheet.
 */
#include "hv-stub/hv.h"

#define ICW1      0x10
#define OCW3      0x08
#define OCW2_EOI  0x20 /* of the highest in service */
#define OCW2_LINE 0x40 /* of the line in bits 0 to 2 */

/* The lowest line in a set, which has the highest priority; 8: none. */
static u32 first_line(u32 lines) { return lines ? (u32)__builtin_ctz(lines) : 8; }

/* The line that it would interrupt for now; 8: none. */
static u32 candidate(const struct vpic *pic) {
    u32 line = first_line(pic->requested & ~(u32)pic->masked);

    return line < first_line(pic->in_service) ? line : 8;
}

static void update(struct vpic *pic) { pic->pending = candidate(pic) < 8; }

void vpic_request(struct vpic *pic, u32 line) {
    pic->requested |= 1 << line;
    update(pic);
}

u32 vpic_accept(struct vpic *pic) {
    u32 line = candidate(pic);

    pic->requested &= ~(1 << line);
    pic->in_service |= 1 << line;
    update(pic);
    return pic->vector + line;
}

u32 vpic_read(const struct vpic *pic, u32 port) {
    if (port & 1) return pic->masked;
    return pic->read_service ? pic->in_service : pic->requested;
}

static void write_command(struct vpic *pic, u32 value) {
    if (value & ICW1) {
        *pic = (struct vpic){.vector = pic->vector, .init_step = 2};
    } else if (value & OCW3) {
        if (value & 2) pic->read_service = value & 1;
    } else if (value & OCW2_EOI) {
        u32 line = value & OCW2_LINE ? value & 7 : first_line(pic->in_service);

        pic->in_service &= ~(1 << line);
    }
}

static void write_data(struct vpic *pic, u32 value) {
    if (pic->init_step == 0) pic->masked = (u8)value;
    if (pic->init_step == 2) pic->vector = value & 0xF8;
    if (pic->init_step != 0) pic->init_step = pic->init_step < 4 ? pic->init_step + 1 : 0;
}

void vpic_write(struct vpic *pic, u32 port, u32 value) {
    if (port & 1)
        write_data(pic, value);
    else
        write_command(pic, value);
    update(pic);
}
