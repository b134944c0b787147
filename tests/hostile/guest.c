/* SPDX-License-Identifier: MIT
 * tests/hostile/guest.c: what every case starts from: descriptors, page tables, interrupts, and a
 * serial line to say how it went. Privileged instructions are written as for ring 0, and trap.
 */
#include "tests/hostile/hostile.h"
#include "lib/exit.h"
#include "lib/format.h"
#include "lib/vmi.h"

#define UART      0x3F8
#define UART_LSR  5
#define PIC       0x20
#define PIC_SLAVE 0xA0
#define PIT       0x40

#define CR0_PE  0x00000001u
#define CR0_WP  0x00010000u
#define CR0_PG  0x80000000u
#define CR4_PAE 0x20u

#define PAGED_ALIGNED __attribute__((aligned(4096)))

extern const u32 stubs[256];
extern u8 trap_stack_top[], image_end[];

bool checks_limits;
u32 memory_end;
u64 gdt[64] __attribute__((aligned(8))), idt[256] __attribute__((aligned(8)));
u32 tss[26];
pte_t root[512] PAGED_ALIGNED, low_l2[512] PAGED_ALIGNED;
pte_t attack_l2[512] PAGED_ALIGNED, attack_l1[512] PAGED_ALIGNED;
pte_t top_l2[512] PAGED_ALIGNED, top_l1[512] PAGED_ALIGNED;
u8 page[4096] PAGED_ALIGNED, spare_pages[16][4096] PAGED_ALIGNED;
static bool paravirtual;

/* --- console ------------------------------------------------------------------------------------ */

static void put(u8 byte) {
    while (!(in8(UART + UART_LSR) & 0x20)) continue;
    out8(byte, UART);
}

static void sink(void *context, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') put('\r');
        put((u8)text[i]);
    }
}

void print(const char *format, ...) {
    va_list args;

    va_start(args, format);
    vformat(sink, NULL, format, args);
    va_end(args);
}

void end(u32 status) {
    print("exit: %u\n", status);
    out8(EXIT_BASE + status, EXIT_PORT);
    for (;;) asm volatile("hlt");
}

void uart_init(void) {
    out8(0x83, UART + 3);
    out8(1, UART);
    out8(0, UART + 1);
    out8(0x03, UART + 3);
    out8(0, UART + 1);
    out8(3, UART + 4);
    out8(7, UART + 2);
}

/* --- descriptors -------------------------------------------------------------------------------- */

struct pointer {
    u16 limit;
    u32 base;
} __attribute__((packed));

void load_gdt(const void *base, u32 limit) {
    struct pointer pointer = {(u16)limit, (u32)base};

    asm volatile("lgdt %0" : : "m"(pointer));
}

void load_idt(const void *base, u32 limit) {
    struct pointer pointer = {(u16)limit, (u32)base};

    asm volatile("lidt %0" : : "m"(pointer));
}

u64 segment(u64 kind, u32 base, u32 limit) {
    return (kind & 0x00F0FF0000000000ull) | (limit & 0xFFFF) | (u64)(limit >> 16 & 15) << 48 |
           (u64)(base & 0xFFFFFF) << 16 | (u64)(base >> 24) << 56;
}

void set_spare(u64 descriptor) {
    gdt[SEL_SPARE / 8] = descriptor;
    load_gdt(gdt, sizeof gdt - 1);
}

u64 gate(u32 type, u32 dpl, u32 selector, u32 offset) {
    return (u64)((offset & 0xFFFF0000) | type << 8 | dpl << 13) << 32 | (selector & 0xFFFF) << 16 |
           (offset & 0xFFFF);
}

static void reset_descriptors(void) {
    u32 base = (u32)tss;

    memset(gdt, 0, sizeof gdt);
    gdt[SEL_CODE / 8] = CODE_SEGMENT;
    gdt[SEL_DATA / 8] = DATA_SEGMENT;
    gdt[SEL_USER_CODE / 8] = CODE_SEGMENT | DPL(3);
    gdt[SEL_USER_DATA / 8] = DATA_SEGMENT | DPL(3);
    gdt[SEL_TSS / 8] = segment(0x0000890000000000ull, base, sizeof tss - 1);
    memset(tss, 0, sizeof tss);
    tss[1] = (u32)trap_stack_top;
    tss[2] = SEL_DATA & ~3u;
    for (u32 vector = 0; vector < 256; vector++)
        idt[vector] =
            gate(INTERRUPT_GATE, vector == VECTOR_DONE ? 3 : 0, SEL_CODE & ~3u, stubs[vector]);
    load_gdt(gdt, sizeof gdt - 1);
    load_idt(idt, sizeof idt - 1);
    asm volatile("ltr %w0" : : "r"(SEL_TSS));
}

/* --- page tables -------------------------------------------------------------------------------- */

void load_cr3(u32 value) { asm volatile("mov %0, %%cr3" : : "r"(value) : "memory"); }

void flush(void) { load_cr3((u32)root); }

/* In place: they may be in use. */
static void reset_tables(void) {
    for (u32 i = 0; i <= (memory_end - 1) >> 21; i++) low_l2[i] = (u64)i << 21 | LARGE | PWU;
    root[0] = (u32)low_l2 | P;
    root[1] = (u32)attack_l2 | P;
    root[2] = root[3] = 0;
    memset(attack_l1, 0, sizeof attack_l1);
    memset(attack_l2, 0, sizeof attack_l2);
    attack_l2[0] = (u32)attack_l1 | PWU;
}

static void set_paging(bool on) {
    u32 cr0;

    reset_tables();
    asm volatile("mov %0, %%cr4" : : "r"(CR4_PAE));
    flush();
    asm volatile("mov %%cr0, %0" : "=r"(cr0));
    cr0 = CR0_PE | CR0_WP | (on ? CR0_PG : 0);
    asm volatile("mov %0, %%cr0" : : "r"(cr0) : "memory");
}

/* --- interrupts and time --------------------------------------------------------------------------- */

void irqs(bool on) {
    if (on)
        asm volatile("sti" : : : "memory");
    else
        asm volatile("cli" : : : "memory");
}

void pic_init(u32 masked) {
    out8(0x11, PIC);
    out8(VECTOR_IRQ, PIC + 1);
    out8(4, PIC + 1);
    out8(1, PIC + 1);
    out8(0x11, PIC_SLAVE);
    out8(VECTOR_IRQ + 8, PIC_SLAVE + 1);
    out8(2, PIC_SLAVE + 1);
    out8(1, PIC_SLAVE + 1);
    out8(masked & 0xFF, PIC + 1);
    out8(masked >> 8, PIC_SLAVE + 1);
}

void timer_start(u32 mode, u32 count) {
    out8(0x30 | mode << 1, PIT + 3);
    out8(count & 0xFF, PIT);
    out8(count >> 8, PIT);
}

u32 cycles(void) {
    u32 low, high;

    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return low;
}

void wait_cycles(u32 count) {
    u32 start = cycles();

    while (cycles() - start < count) continue;
}

void wait_interrupts(u32 count) {
    while (irq_count < count) continue;
}

/* --- VMI -------------------------------------------------------------------------------------------- */

static const struct vmi_rom *rom(void) {
    for (u32 pa = VMI_ROM_START; pa < VMI_ROM_END; pa += VMI_ROM_STEP) {
        const struct vmi_rom *rom = (const void *)pa;

        if (rom->rom_signature == ROM_SIGNATURE && rom->vmi_signature == VMI_SIGNATURE) return rom;
    }
    print("no VMI ROM\n");
    end(1);
}

u64 relocation(u32 call) {
    registers.eax = call;
    if (attempt(call_registers, (u32)rom()->get_relocation)) return 0;
    return (u64)registers.edx << 32 | registers.eax;
}

bool vmi_init(void) {
    if (attempt(call_registers, (u32)rom()->init) || registers.eax != 0) return false;
    paravirtual = true;
    return true;
}

u64 vmi(u32 call, u32 eax, u32 edx, u32 ecx, u32 first, u32 second) {
    u64 where = relocation(call);

    if ((u8)(where >> 32) != VMI_RELOCATION_CALL) return 0;
    registers = (struct registers){.eax = eax, .edx = edx, .ecx = ecx, .stack = {first, second}};
    attempt(call_registers, (u32)where);
    return (u64)registers.edx << 32 | registers.eax;
}

/* --- the whole ----------------------------------------------------------------------------------------- */

static u32 sum(u32 from, u32 to) {
    u32 sum = from;

    for (u32 at = from; at < to; at += 4) sum = (sum << 5 | sum >> 27) ^ *(volatile u32 *)at;
    return sum;
}

/* Not: the gate for system calls, the guest's descriptors, and the stack for system calls. */
u32 fence_sum(void) {
    u32 all = sum(HV_ROM, HV_ROM + PAGE_SIZE);

    if (checks_limits) return all;
    all ^= sum(HV_CODE, HV_CODE + PAGE_SIZE);
    all ^= sum(HV_IDT, HV_IDT + VECTOR_CALL * 8) ^ sum(HV_IDT + VECTOR_CALL * 8 + 8, HV_GDT);
    all ^= sum(HV_GDT + 0xFE8, HV_TSS);
    return all ^ sum(HV_TSS, HV_TSS + 12) ^ sum(HV_TSS + 20, HV_STACK);
}

void guest_enter(enum mode mode) {
    irqs(false);
    irq_eoi = true;
    irq_count = 0;
    stepping = false;
    set_paging(mode != UNPAGED);
    reset_descriptors();
    pic_init(0xFFFF);
    out8(0x30, PIT + 3); /* half a command: it stops */
    if (mode == PARAVIRTUAL && !paravirtual && !vmi_init()) {
        print("VMI_Init failed\n");
        end(1);
    }
}

/* Bochs's CPU looks at limits, TCG does not. */
void guest_init(u32 memory) {
    memory_end = memory;
    uart_init();
    guest_enter(UNPAGED);
    set_spare(segment(DATA_SEGMENT, 0, 0));
    attempt(load_fs, SEL_SPARE);
    checks_limits = attempt(peek_fs, PAGE_SIZE);
}
