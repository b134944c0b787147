/* SPDX-License-Identifier: MIT
 * hv-stub/vpic.c: the pair of 8259A interrupt controllers that a guest sees.
 *
 * Gives: edge-triggered requests, masks, priorities, end of interrupt; the commands that kernels
 *        use. Nothing is connected to the slave: what it is told, it only remembers.
 * Source: Intel 8259A data sheet.
 */
#include "hv-stub/hv.h"

#define ICW1      0x10
#define OCW3      0x08
#define OCW2_EOI  0x20 /* of the highest in service */
#define OCW2_LINE 0x40 /* of the line in bits 0 to 2 */

/* The lowest line in a set, which has the highest priority; 8: none. */
static u32 first_line(u32 lines) { return lines ? (u32)__builtin_ctz(lines) : 8; }

/* The line that the master would interrupt for now; 8: none. */
static u32 candidate(const struct vpic_chip *master) {
    u32 line = first_line(master->requested & ~(u32)master->masked);

    return line < first_line(master->in_service) ? line : 8;
}

static void update(struct vpic *pic) { pic->pending = candidate(&pic->chip[0]) < 8; }

void vpic_request(struct vpic *pic, u32 line) {
    pic->chip[0].requested |= 1 << line;
    update(pic);
}

u32 vpic_accept(struct vpic *pic) {
    struct vpic_chip *master = &pic->chip[0];
    u32 line = candidate(master);

    master->requested &= ~(1 << line);
    master->in_service |= 1 << line;
    update(pic);
    return master->vector + line;
}

u32 vpic_read(struct vpic *pic, u32 port) {
    const struct vpic_chip *chip = &pic->chip[port >= 0xA0];

    if (port & 1) return chip->masked;
    return chip->read_service ? chip->in_service : chip->requested;
}

static void write_command(struct vpic_chip *chip, u32 value) {
    if (value & ICW1) {
        *chip = (struct vpic_chip){.vector = chip->vector, .init_step = 2};
    } else if (value & OCW3) {
        if (value & 2) chip->read_service = value & 1;
    } else if (value & OCW2_EOI) {
        u32 line = value & OCW2_LINE ? value & 7 : first_line(chip->in_service);

        chip->in_service &= ~(1 << line);
    }
}

static void write_data(struct vpic_chip *chip, u32 value) {
    if (chip->init_step == 0) chip->masked = (u8)value;
    if (chip->init_step == 2) chip->vector = value & 0xF8;
    if (chip->init_step != 0) chip->init_step = chip->init_step < 4 ? chip->init_step + 1 : 0;
}

void vpic_write(struct vpic *pic, u32 port, u32 value) {
    struct vpic_chip *chip = &pic->chip[port >= 0xA0];

    if (port & 1)
        write_data(chip, value);
    else
        write_command(chip, value);
    update(pic);
}
