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
#include "lib/pit.h"

/* boot.asm, switcher.asm */
void hw_paging(const u64 *root);
void hw_tables(const void *gdt, const void *idt);
extern const u8 switcher_stubs[HOST_VECTORS][STUB_SIZE], vmi_stubs[VMI_VECTORS][STUB_SIZE];
extern const u8 switcher_page[], rom_page[];

u64 hv_root[4] __attribute__((aligned(32)));
u64 hv_top_guest[512] PAGE_ALIGNED;
u64 host_gdt[GDT_SIZE] PAGE_ALIGNED;
static u64 identity_l2[512] PAGE_ALIGNED, top_l2[512] PAGE_ALIGNED, top_l1[512] PAGE_ALIGNED;
u64 host_idt[512] PAGE_ALIGNED;
static u8 tss_page[PAGE_SIZE] PAGE_ALIGNED, stack_page[PAGE_SIZE] PAGE_ALIGNED;
static u8 shared_page[PAGE_SIZE] PAGE_ALIGNED;
static struct tss *const tss = (struct tss *)tss_page; /* only for the stacks of rings 0 and 1 */

/* --- address space --------------------------------------------------------------------------- */

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
    map_switcher_page(HV_IDT, host_idt, 0);
    map_switcher_page(HV_GDT, host_gdt, 0);
    map_switcher_page(HV_TSS, tss_page, 0);
    map_switcher_page(HV_STACK, stack_page, PTE_W);
    top_l2[INDEX_L2(HV_VA_TOP)] = (u32)top_l1 | PTE_P | PTE_W | PTE_A;
    hv_root[0] = (u32)identity_l2 | PTE_P;
    hv_root[3] = (u32)top_l2 | PTE_P;
    hw_paging(hv_root);
}

/* --- descriptors ------------------------------------------------------------------------------ */

static void tables_init(void) {
    static const struct table_pointer gdt_pointer = {sizeof host_gdt - 1, HV_GDT};
    static const struct table_pointer idt_pointer = {256 * 8 - 1, HV_IDT};

    host_gdt[HOST_CS / 8] = FLAT_SEGMENT(TYPE_CODE, 0);
    host_gdt[HOST_DS / 8] = FLAT_SEGMENT(TYPE_DATA, 0);
    host_gdt[HOST_TSS / 8] = tss_descriptor(HV_TSS);
    tss->sp0 = HV_STACK + PAGE_SIZE;
    tss->ss0 = HOST_DS;
    tss->io_map = sizeof *tss;
    /* With DPL 0, INT n in a guest is #GP, and we decide what it may reach. */
    for (u32 vector = 0; vector < HOST_VECTORS; vector++)
        host_idt[vector] = gate(TYPE_INTERRUPT_GATE, 0, HOST_CS, (va_t)switcher_stubs[vector]);
    for (u32 call = 0; call < VMI_VECTORS; call++)
        host_idt[VMI_VECTOR + call] = gate(TYPE_INTERRUPT_GATE, 1, HOST_CS, (va_t)vmi_stubs[call]);
    hw_tables(&gdt_pointer, &idt_pointer);
}

/* For gates that lead from ring 3 straight to ring 1. */
void host_direct_stack(u32 selector, u32 sp) {
    tss->ss1 = selector;
    tss->sp1 = sp;
}

/* --- interrupts and time ------------------------------------------------------------------------ */

#define IRQS_WE_TAKE 0x13 /* timer, keyboard, UART: none of the slave's */
#define PIC_SPURIOUS 7
#define PIT_SHORTEST 240u /* 200 us: or a guest could have nothing but interrupts done */

static u32 round_ticks; /* TSC ticks of PIT_ROUND counts */

u64 host_ticks(u64 counts) { return counts * round_ticks / PIT_ROUND; }

/* The guest's next timer interrupt; if it is too far away for the PIT, a step on the way. */
void host_timer(u64 deadline) {
    u64 now = rdtsc();
    u64 counts = deadline > now ? (deadline - now) * PIT_ROUND / round_ticks + 1 : 1;

    if (!deadline || counts > PIT_LONGEST) counts = PIT_LONGEST;
    if (counts < PIT_SHORTEST) counts = PIT_SHORTEST;
    pit_start(out8, PIT_CHANNEL_0, PIT_ONE_SHOT_0, (u32)counts);
}

/* The master answers with its line 7, which is masked, when a request is gone before the CPU asks
 * for it: then nothing is in service, and no EOI is wanted. */
void host_interrupt(struct vcpu *vcpu, u32 irq) {
    if (irq == PIC_SPURIOUS) return;
    out8(PIC_EOI, PIC_MASTER);
    if (irq == 0)
        timer_interrupt(vcpu);
    else
        vpic_request(&vcpu->pic, irq);
}

void host_init(void) {
    paging_init();
    tables_init();
    pic_start(out8, PIC_MASTER, HOST_IRQ, 1 << PIC_CASCADE);
    pic_start(out8, PIC_SLAVE, HOST_IRQ + 8, PIC_CASCADE);
    out8(0xFF & ~IRQS_WE_TAKE, PIC_MASTER + 1);
    out8(0xFF, PIC_SLAVE + 1);
    round_ticks = pit_measure_tsc(in8, out8);
    if (!round_ticks) guest_stop(STOP_INTERNAL, "the interval timer (8254) does not count");
}

/* QEMU ends with this byte; Bochs by port 8900h. */
void host_leave(u32 status_byte) {
    console_drain();
    out8(status_byte, EXIT_PORT);
    for (const char *byte = "Shutdown"; *byte; byte++) out8((u8)*byte, BOCHS_EXIT_PORT);
    stop_cpu();
}
