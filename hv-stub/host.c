/* SPDX-License-Identifier: MIT
 * hv-stub/host.c: takes the machine: address space, descriptors, interrupts, time.
 *
 * Runs:  in ring 0, interrupts off.
 * Gives: an address space in which every physical address below 1 GiB is its own linear address,
 *        with the switcher's pages at the top: writable here, and nowhere else.
 * Read first: lib/hv.h, switcher.asm.
 */
#include "hv-stub/host.h"
#include "hv-stub/hv.h"
#include "hv-stub/hw.h"
#include "lib/exit.h"

#define PAGE_ALIGNED __attribute__((aligned(4096)))

/* boot.asm, switcher.asm */
void hw_paging(const u64 *root);
void hw_tables(const void *gdt, const void *idt, u32 data_selector, u32 task_selector);
extern const va_t switcher_stubs[HOST_VECTORS];
extern const va_t vmi_stubs[VMI_VECTORS];
extern const u8 switcher_page[], rom_page[];

/* SDM vol 3, "32-Bit Task-State Segment". Only the stacks of rings 0 and 1 are used; the I/O map
 * lies behind the limit, so nobody but us has ports. */
union tss_page {
    struct {
        u32 link, sp0, ss0, sp1, ss1, unused[20];
        u16 trap, io_map;
    } tss;
    u8 page[PAGE_SIZE];
};

u64 hv_root[4] __attribute__((aligned(32)));
u64 hv_top_guest[512] PAGE_ALIGNED;
u64 host_gdt[GDT_SIZE] PAGE_ALIGNED;
static u64 identity_l2[512] PAGE_ALIGNED, top_l2[512] PAGE_ALIGNED, top_l1[512] PAGE_ALIGNED;
static u64 idt[512] PAGE_ALIGNED;
static union tss_page tss PAGE_ALIGNED;
static u8 stack_page[PAGE_SIZE] PAGE_ALIGNED;
static u8 shared_page[PAGE_SIZE] PAGE_ALIGNED;

/* --- address space --------------------------------------------------------------------------- */

#define INDEX_L2(va) ((va) >> 21 & 511)
#define INDEX_L1(va) ((va) >> 12 & 511)

/* The CPU pushes frames on the stack page while the guest's tables are loaded: the one page that
 * is writable there. It reads the others; accessed and busy bits are set beforehand. */
static void map_switcher_page(va_t va, const void *page, u32 guest_flags) {
    u32 pa = (u32)page;

    top_l1[INDEX_L1(va)] = pa | PTE_P | PTE_W | PTE_A | PTE_D;
    hv_top_guest[INDEX_L1(va)] = pa | PTE_P | PTE_A | PTE_D | guest_flags;
}

static void paging_init(void) {
    for (u32 i = 0; i < 512; i++) identity_l2[i] = i << 21 | PTE_P | PTE_W | PTE_A | PTE_D | PTE_PS;
    map_switcher_page(HV_ROM, rom_page, 0);
    map_switcher_page(HV_SHARED, shared_page, PTE_W);
    map_switcher_page(HV_CODE, switcher_page, 0);
    map_switcher_page(HV_IDT, idt, 0);
    map_switcher_page(HV_GDT, host_gdt, 0);
    map_switcher_page(HV_TSS, &tss, 0);
    map_switcher_page(HV_STACK, stack_page, PTE_W);
    top_l2[INDEX_L2(HV_VA_TOP)] = (u32)top_l1 | PTE_P | PTE_W | PTE_A;
    hv_root[0] = (u32)identity_l2 | PTE_P;
    hv_root[3] = (u32)top_l2 | PTE_P;
    hw_paging(hv_root);
}

/* --- descriptors ------------------------------------------------------------------------------ */

#define FLAT_CODE_0 0x00CF9B000000FFFFull
#define FLAT_DATA_0 0x00CF93000000FFFFull

#define INTERRUPT_GATE 0x8E00 /* present; the DPL goes above */
#define TRAP_GATE      0x8F00

static void set_gate(u32 vector, u32 type, u32 dpl, u32 selector, va_t entry) {
    u32 high = (entry & 0xFFFF0000) | type | dpl << 13;

    idt[vector] = (u64)high << 32 | selector << 16 | (entry & 0xFFFF);
}

static void tables_init(void) {
    static const struct table_pointer gdt_pointer = {sizeof host_gdt - 1, HV_GDT};
    static const struct table_pointer idt_pointer = {256 * 8 - 1, HV_IDT};
    u64 base = HV_TSS;

    host_gdt[HOST_CS / 8] = FLAT_CODE_0;
    host_gdt[HOST_DS / 8] = FLAT_DATA_0;
    host_gdt[HOST_TSS / 8] = (sizeof tss.tss - 1) | (base & 0xFFFFFF) << 16 |
                             0x0000890000000000ull | (base & 0xFF000000) << 32;
    tss.tss.sp0 = HV_STACK + PAGE_SIZE;
    tss.tss.ss0 = HOST_DS;
    tss.tss.io_map = sizeof tss.tss;
    /* With DPL 0, INT n in a guest is #GP, and we decide what it may reach. */
    for (u32 vector = 0; vector < HOST_VECTORS; vector++)
        set_gate(vector, INTERRUPT_GATE, 0, HOST_CS, switcher_stubs[vector]);
    for (u32 call = 0; call < VMI_VECTORS; call++)
        set_gate(VMI_VECTOR + call, INTERRUPT_GATE, 1, HOST_CS, vmi_stubs[call]);
    hw_tables(&gdt_pointer, &idt_pointer, HOST_DS, HOST_TSS);
}

/* From ring 3 straight to ring 1: a trap gate, since ring 1 could not set the real IF again. */
void host_direct_gate(u32 vector, u32 selector, va_t entry) {
    set_gate(vector, TRAP_GATE, 3, selector, entry);
}

void host_no_direct_gate(u32 vector) { idt[vector] = 0; }

void host_direct_stack(u32 selector, u32 sp) {
    tss.tss.ss1 = selector;
    tss.tss.sp1 = sp;
}

/* --- interrupts and time ------------------------------------------------------------------------ */

#define PIC_MASTER   0x20
#define PIC_SLAVE    0xA0
#define PIC_EOI      0x20
#define PIC_READ_IS  0x0B
#define IRQS_WE_TAKE ((1 << 0) | (1 << 1) | (1 << 2) | (1 << 4)) /* timer, keyboard, slave, UART */

#define PIT_COMMAND   0x43
#define PIT_CHANNEL_0 0x40
#define PIT_CHANNEL_2 0x42
#define PIT_LONGEST   0xFFFFu
#define PIT_SHORTEST  240u /* 200 us: or a guest could have nothing but interrupts done */
#define PORT_B        0x61
#define ROUND_COUNTS  (PIT_HZ / 1000)
#define ROUNDS        3

static u32 round_ticks; /* TSC ticks of ROUND_COUNTS counts */

u64 host_ticks(u64 counts) { return counts * round_ticks / ROUND_COUNTS; }

u64 host_counts(u64 ticks) { return ticks * ROUND_COUNTS / round_ticks; }

static void pic_start(u32 port, u32 vector, u32 cascade, u32 mask) {
    static const u8 first = 0x11, last = 0x01; /* ICW1: edges, cascade, ICW4 follows; ICW4: 8086 */

    out8(first, port);
    out8(vector, port + 1);
    out8(cascade, port + 1);
    out8(last, port + 1);
    out8(mask, port + 1);
}

/* How far the TSC comes while channel 2 counts down once: the shortest of some rounds, since an
 * emulator may be held up, but never hurries. */
static void calibrate(void) {
    round_ticks = ~0u;
    out8((in8(PORT_B) & ~2u) | 1, PORT_B);
    for (u32 round = 0; round < ROUNDS; round++) {
        u64 start;
        u32 ticks;

        out8(0xB0, PIT_COMMAND); /* channel 2, both bytes, mode 0 */
        out8(ROUND_COUNTS & 0xFF, PIT_CHANNEL_2);
        out8(ROUND_COUNTS >> 8, PIT_CHANNEL_2);
        start = rdtsc();
        while (!(in8(PORT_B) & 0x20)) continue;
        ticks = (u32)(rdtsc() - start);
        if (ticks < round_ticks) round_ticks = ticks;
    }
}

/* The guest's next timer interrupt; if it is too far away for the PIT, a step on the way. */
void host_timer(u64 deadline) {
    u64 now = rdtsc();
    u64 counts = deadline > now ? host_counts(deadline - now) + 1 : 1;

    if (!deadline || counts > PIT_LONGEST) counts = PIT_LONGEST;
    if (counts < PIT_SHORTEST) counts = PIT_SHORTEST;
    out8(0x30, PIT_COMMAND); /* channel 0, both bytes, mode 0: one interrupt at zero */
    out8((u32)counts & 0xFF, PIT_CHANNEL_0);
    out8((u32)counts >> 8, PIT_CHANNEL_0);
}

/* IRQ 7 and 15 may be spurious: then the chip has nothing in service, and wants no EOI. */
static bool spurious(u32 irq, u32 port) {
    if ((irq & 7) != 7) return false;
    out8(PIC_READ_IS, port);
    return !(in8(port) & 0x80);
}

void host_interrupt(struct vcpu *vcpu, u32 irq) {
    bool slave = irq >= 8;

    if (spurious(irq, slave ? PIC_SLAVE : PIC_MASTER)) {
        if (slave) out8(PIC_EOI, PIC_MASTER);
        return;
    }
    if (slave) out8(PIC_EOI, PIC_SLAVE);
    out8(PIC_EOI, PIC_MASTER);
    if (irq == 0)
        timer_interrupt(vcpu);
    else
        vpic_request(&vcpu->pic, irq);
}

void host_wait(void) {
    for (;;) wait_for_interrupt();
}

void host_init(void) {
    paging_init();
    tables_init();
    pic_start(PIC_MASTER, HOST_IRQ, 1 << 2, 0xFF & ~IRQS_WE_TAKE);
    pic_start(PIC_SLAVE, HOST_IRQ + 8, 2, 0xFF);
    calibrate();
}

void host_reset(void) {
    out8(0xFE, 0x64); /* the keyboard controller's pulse on the reset line */
    stop_cpu();
}

/* QEMU ends with this byte; Bochs by port 8900h. */
void host_leave(u32 status_byte) {
    static const char shutdown[] = "Shutdown";

    console_drain();
    out8(status_byte, EXIT_PORT);
    for (u32 i = 0; i < sizeof shutdown - 1; i++) out8((u8)shutdown[i], BOCHS_EXIT_PORT);
    stop_cpu();
}
