/* SPDX-License-Identifier: MIT
 * arch/x86/pic.c: native's irqchip: the pair of 8259A interrupt controllers of a PC.
 *
 * Runs:  interrupts off.
 * Source: Intel 8259A data sheet.
 */
#include "arch/x86/arch.h"
#include "arch/x86/native.h"
#include "lib/pc.h"

static u16 masked = 0xFFFF;

static void write_masks(void) {
    out8(masked & 0xFF, PIC_MASTER + 1);
    out8(masked >> 8, PIC_SLAVE + 1);
}

static void out_slowly(u32 value, u32 port) {
    out8(value, port);
    io_delay();
}

PV_ABI void native_irqchip_init(void) {
    pic_start(out_slowly, PIC_MASTER, IRQ_BASE, 1 << PIC_CASCADE);
    pic_start(out_slowly, PIC_SLAVE, IRQ_BASE + 8, PIC_CASCADE);
    masked = 0xFFFF & ~(1 << PIC_CASCADE);
    write_masks();
}

PV_ABI void native_irq_unmask(u32 irq) {
    masked &= ~(1 << irq);
    write_masks();
}

/* A request that went away before the CPU asked for its vector comes as IRQ 7 of its chip, and
 * is not in service. A spurious one of the slave was real to the master. */
static bool spurious(u32 irq, u32 port) {
    if ((irq & 7) != 7) return false;
    out8(PIC_READ_IS, port);
    return !(in8(port) & 0x80);
}

PV_ABI u32 native_irq_eoi(u32 irq) {
    bool slave = irq >= 8, real = !spurious(irq, slave ? PIC_SLAVE : PIC_MASTER);

    if (slave && real) out8(PIC_EOI, PIC_SLAVE);
    if (slave || real) out8(PIC_EOI, PIC_MASTER);
    return real;
}
