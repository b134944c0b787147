/* SPDX-License-Identifier: MIT
 * tests/vmi/traps.c: exceptions that tests wait for, the timer's interrupts, and ports.
 */
#include "tests/vmi/vmitest.h"

#define PIC_MASTER  0x20
#define PIC_SLAVE   0xA0
#define PIC_EOI     0x20
#define PIC_READ_IR 0x0A
#define PIT_COMMAND 0x43
#define ALL_BUT_0   0xFE

#define TSS_SIZE 104

REGPARM void trap(struct frame *frame);
void stub_syscall(void);
void calling_iret(void);
extern const u32 stubs[VECTORS];
extern const u8 probe_read_at[], probe_write_at[], probe_failed[];
extern u32 iret_target, iret_entry;

struct fault fault;
volatile struct interrupts interrupts;
void (*interrupt_hook)(void);
u32 expected_vector, expected_skip, user_vector, user_error, user_frame;
struct frame user_registers;

void out8(u32 port, u32 value) { asm volatile("outb %b0, %w1" : : "a"(value), "d"(port)); }

u32 in8(u32 port) {
    u8 value;

    asm volatile("inb %w1, %0" : "=a"(value) : "d"(port));
    return value;
}

/* --- traps ----------------------------------------------------------------------------------- */

static void timer_interrupt(const struct frame *frame) {
    interrupts.count++;
    interrupts.eip = frame->eip;
    interrupts.cs = frame->cs;
    interrupts.eflags = frame->eflags;
    interrupts.esi = frame->esi;
    interrupts.returned = run.returned;
    interrupts.mask = (u32)plain(GetInterruptMask, 0, 0, 0, 0, 0);
    interrupts.time = plain(GetCycleCounter, 0, 0, 0, 0, 0);
    out8(PIC_MASTER, PIC_EOI);
    if (interrupt_hook) interrupt_hook();
}

static bool is_probe(const struct frame *frame) {
    return frame->vector == VECTOR_PF &&
           (frame->eip == (u32)probe_read_at || frame->eip == (u32)probe_write_at);
}

REGPARM void trap(struct frame *frame) {
    if (frame->vector == VECTOR_TIMER) {
        timer_interrupt(frame);
        return;
    }
    fault = (struct fault){frame->vector, frame->error, (u32)plain(GetCR2, 0, 0, 0, 0, 0)};
    if ((frame->cs & 3) == 3) {
        user_vector = frame->vector;
        user_error = frame->error;
        user_registers = *frame;
        user_frame = (u32)(frame + 1);
        leave_user(frame->eax);
    }
    if (is_probe(frame)) {
        frame->eip = (u32)probe_failed;
    } else if (expected_vector && frame->vector == expected_vector) {
        expected_vector = 0;
        frame->eip += expected_skip;
    } else {
        fail("vector %u, error %x, at %08x, CR2 %08x", frame->vector, frame->error, frame->eip,
             fault.cr2);
        abandon();
    }
}

u64 trap_gate(const void *entry, u32 type, u32 dpl) {
    u32 va = (u32)entry;

    return (u64)((va & 0xFFFF0000) | type << 8 | dpl << 13) << 32 | KERNEL_CS << 16 | (va & 0xFFFF);
}

static void pic_start(u32 port, u32 vector, u32 cascade) {
    out8(port, 0x11);
    out8(port + 1, vector);
    out8(port + 1, cascade);
    out8(port + 1, 1);
    out8(port + 1, 0xFF);
}

void traps_init(void) {
    for (u32 vector = 0; vector < VECTORS; vector++)
        idt[vector] = trap_gate((const void *)stubs[vector], GATE_INTERRUPT, 0);
    idt[VECTOR_SYSCALL] = trap_gate(stub_syscall, GATE_TRAP, 3);
    pic_start(PIC_MASTER, VECTOR_TIMER, 4);
    pic_start(PIC_SLAVE, VECTOR_TIMER + 8, 2);
    out8(PIC_MASTER + 1, ALL_BUT_0);
}

/* From here on all traps return by VMI_IRET. */
void use_rom_iret(void) {
    iret_entry = relocations[IRET].entry;
    iret_target = relocations[IRET].reply == JUMP ? iret_entry : (u32)calling_iret;
}

bool timer_requested(void) {
    out8(PIC_MASTER, PIC_READ_IR);
    return in8(PIC_MASTER) & 1;
}

void settle(void) {
    plain(DisableInterrupts, 0, 0, 0, 0, 0);
    plain(CancelAlarm, 0, 0, 0, 0, 0);
    plain(CancelAlarm, 1, 0, 0, 0, 0);
    out8(PIC_MASTER + 1, ALL_BUT_0);
    interrupt_hook = NULL;
    expected_vector = 0;
    for (u32 i = 0; i < 3; i++) /* one that is pending, and one in service */
        out8(PIC_MASTER, PIC_EOI);
    plain(EnableInterrupts, 0, 0, 0, 0, 0);
    plain(DisableInterrupts, 0, 0, 0, 0, 0);
    interrupts = (struct interrupts){0};
}
