/* SPDX-License-Identifier: MIT
 * tests/vmi/cpu.c: CPUID, MSRs, descriptor tables, control registers, ports.
 */
#include "tests/vmi/vmitest.h"
#include "lib/string.h"

#define CR0_PE  0x00000001u
#define CR0_TS  0x00000008u
#define CR0_WP  0x00010000u
#define CR0_PG  0x80000000u
#define CR4_PAE 0x20u

#define MSR_TSC         0x10
#define MSR_SYSENTER_CS 0x174

#define UART_SCRATCH 0x3FF
#define CRTC         0x3D4
#define CRTC_CURSOR  0x0F
#define NO_DEVICE    0x4F0

#define BUSY (2ull << 40)

static const struct {
    u16 fill;
    struct table_pointer other;
} pattern = {0x5A5A, {0x5A5A, 0x5A5A5A5A}};

static u64 other_gdt[512] __attribute__((aligned(4096)));
static u64 other_idt[256] __attribute__((aligned(4096)));
static u32 tss[26];

/* --- CPUID, MSRs, time stamp ----------------------------------------------------------------- */

static void cpuid(void) {
    u32 highest, features;

    call2(CPUID, 0, 0);
    highest = run.out[R_EAX];
    EXPECT(highest >= 1 && highest < 0x100, "the highest leaf is %x", highest);
    call2(CPUID, 1, 0);
    features = run.out[R_EDX];
    EXPECT(features & 1 << 4 && features & 1 << 6, "no TSC or no PAE: EDX is %08x", features);
    for (u32 leaf = 0; leaf <= highest; leaf++) call2(CPUID, leaf, 0xFFFFFFFF);
    for (u32 i = 0; i < 8; i++) call2(CPUID, (i & 4 ? 0x40000000 : 0x80000000) + (i & 3), i);
}

static void msrs(void) {
    u64 first, second;

    call(WRMSR, 8, 8, MSR_SYSENTER_CS, 0, 0);
    EXPECT(call(RDMSR, 8, 8, MSR_SYSENTER_CS, 0, 0) == 0, "SYSENTER_CS is not 0");
    first = call(RDMSR, 0, 0, MSR_TSC, 0, 0);
    second = call(RDMSR, 0, 0, MSR_TSC, 0, 0);
    EXPECT(second > first, "the TSC goes backwards");
}

static void rdtsc(void) {
    u64 last = call0(RDTSC);

    for (u32 i = 0; i < 100; i++) {
        u64 now = call0(RDTSC);

        EXPECT(now > last, "it goes backwards");
        last = now;
    }
}

/* --- descriptor tables ----------------------------------------------------------------------- */

static u64 data_at(u32 base) {
    return 0x00CF92000000FFFFull | (u64)(base & 0xFFFFFF) << 16 |
           (u64)(base & 0xFF000000) << 32; /* not accessed, DPL 0 */
}

static u32 base_of(u64 descriptor) {
    return (u32)(descriptor >> 16 & 0xFFFFFF) | (u32)(descriptor >> 32 & 0xFF000000);
}

static void write_descriptor(u64 *table, u32 selector, u64 value) {
    call4(WriteGDTEntry, (u32)table, selector / 8, (u32)value, (u32)(value >> 32));
}

static void gdt_round_trip(void) {
    struct {
        u16 before;
        struct table_pointer table;
        u16 after;
    } __attribute__((packed)) read = {0x5A5A, pattern.other, 0x5A5A};

    call1(SetGDT, (u32)&gdt_pointer);
    call1(GetGDT, (u32)&read.table);
    EXPECT(read.table.limit == gdt_pointer.limit && read.table.base == gdt_pointer.base,
           "%04x %08x", read.table.limit, read.table.base);
    EXPECT(read.before == 0x5A5A && read.after == 0x5A5A, "GetGDT writes more than 6 bytes");
}

static void idt_round_trip(void) {
    struct {
        u16 before;
        struct table_pointer table;
        u16 after;
    } __attribute__((packed)) read = {0x5A5A, pattern.other, 0x5A5A};

    call1(SetIDT, (u32)&idt_pointer);
    call1(GetIDT, (u32)&read.table);
    EXPECT(read.table.limit == idt_pointer.limit && read.table.base == idt_pointer.base,
           "%04x %08x", read.table.limit, read.table.base);
    EXPECT(read.before == 0x5A5A && read.after == 0x5A5A, "GetIDT writes more than 6 bytes");
}

static u32 words[4] = {11, 22, 33, 44};

static void gdt_entry(void) {
    write_descriptor(gdt, SPARE_1, data_at((u32)&words[1]));
    EXPECT(base_of(gdt[SPARE_1 / 8]) == (u32)&words[1], "the table holds %08x%08x",
           (u32)(gdt[SPARE_1 / 8] >> 32), (u32)gdt[SPARE_1 / 8]);
    load_fs(SPARE_1);
    EXPECT(read_fs(0) == 22, "FS:0 is %u", read_fs(0));
    write_descriptor(gdt, SPARE_1, data_at((u32)&words[2]));
    load_fs(SPARE_1);
    EXPECT(read_fs(0) == 33, "after a second write FS:0 is %u", read_fs(0));
    load_fs(SPARE_1 + 1); /* with the ring's own RPL */
    EXPECT(read_fs(4) == 44, "FS:4 is %u", read_fs(4));
    load_fs(0);
    write_descriptor(gdt, SPARE_1, 0);
}

/* What a call does not change keeps its hidden base as well. */
static void segments_survive(void) {
    write_descriptor(gdt, SPARE_1, data_at((u32)&words[2]));
    call_prepare(GetCR0, 0, 0, 0, 0, 0);
    run.fs = SPARE_1 + 1;
    call_prepared(GetCR0);
    EXPECT(read_fs(0) == 33, "FS:0 is %u", read_fs(0));
    load_fs(0);
}

static void null_segments(void) {
    call_prepare(GetCR3, 0, 0, 0, 0, 0);
    run.ds = run.es = run.fs = run.gs = 0;
    call_prepared(GetCR3);
}

static void other_table(void) {
    struct table_pointer other = {sizeof other_gdt - 1, (u32)other_gdt};

    memcpy(other_gdt, gdt, GDT_SLOTS * 8);
    write_descriptor(other_gdt, 0x800, data_at((u32)&words[3])); /* before it is loaded */
    call1(SetGDT, (u32)&other);
    load_fs(0x800);
    EXPECT(read_fs(0) == 44, "FS:0 is %u", read_fs(0));
    write_descriptor(other_gdt, 0x808, data_at((u32)&words[0])); /* and behind that */
    load_fs(0x808);
    EXPECT(read_fs(0) == 11, "FS:0 is %u", read_fs(0));
    load_fs(0);
}

/* SetGDT reloads the segment registers: their hidden parts become those of the new table. */
static void set_gdt_reloads(void) {
    struct table_pointer other = {sizeof other_gdt - 1, (u32)other_gdt};

    memcpy(other_gdt, gdt, GDT_SLOTS * 8);
    write_descriptor(gdt, SPARE_1, data_at((u32)&words[0]));
    write_descriptor(other_gdt, SPARE_1, data_at((u32)&words[3]));
    call_prepare(SetGDT, (u32)&other, 0, 0, 0, 0);
    run.fs = SPARE_1;
    call_prepared(SetGDT);
    EXPECT(read_fs(0) == 44, "FS:0 is %u", read_fs(0));
    load_fs(0);
}

static void idt_entry(void) {
    u64 good = idt[VECTOR_UD], other;

    expected_vector = VECTOR_UD;
    expected_skip = 2;
    raise_ud();
    EXPECT(fault.vector == VECTOR_UD, "vector %u", fault.vector);
    other = idt[3]; /* #UD now comes as vector 3 */
    call4(WriteIDTEntry, (u32)idt, VECTOR_UD, (u32)other, (u32)(other >> 32));
    EXPECT(idt[VECTOR_UD] == other, "the table does not hold it");
    expected_vector = 3;
    expected_skip = 2;
    raise_ud();
    call4(WriteIDTEntry, (u32)idt, VECTOR_UD, (u32)good, (u32)(good >> 32));
    EXPECT(fault.vector == 3, "vector %u", fault.vector);
}

static void other_idt_table(void) {
    struct table_pointer other = {sizeof other_idt - 1, (u32)other_idt};

    memcpy(other_idt, idt, sizeof other_idt);
    other_idt[VECTOR_UD] = idt[3];
    call1(SetIDT, (u32)&other);
    expected_vector = 3;
    expected_skip = 2;
    raise_ud();
    EXPECT(fault.vector == 3, "vector %u", fault.vector);
    call1(SetIDT, (u32)&idt_pointer);
    expected_vector = VECTOR_UD;
    raise_ud();
    EXPECT(fault.vector == VECTOR_UD, "vector %u", fault.vector);
}

static void task_register(void) {
    u64 descriptor = 0x0000890000000000ull | (sizeof tss - 1) | (u64)((u32)tss & 0xFFFFFF) << 16 |
                     (u64)((u32)tss & 0xFF000000) << 32;

    tss[1] = (u32)at(page()) + PAGE_SIZE; /* ESP0 */
    tss[2] = KERNEL_DS;
    write_descriptor(gdt, TSS_SEL, descriptor);
    call1(SetTR, TSS_SEL);
    EXPECT((u32)call0(GetTR) == TSS_SEL, "it is %04x", (u32)call0(GetTR));
    EXPECT(base_of(gdt[TSS_SEL / 8]) == (u32)tss, "its descriptor has changed");
    EXPECT(gdt[TSS_SEL / 8] & BUSY, "its TSS is not busy");
}

static void local_table(void) {
    call1(SetLDT, 0);
    EXPECT((u32)call0(GetLDT) == 0, "it is %04x", (u32)call0(GetLDT));
}

/* --- control registers ----------------------------------------------------------------------- */

static void control_registers(void) {
    u32 cr0 = (u32)call0(GetCR0), cr3 = (u32)call0(GetCR3), cr4 = (u32)call0(GetCR4);

    EXPECT((cr0 & (CR0_PG | CR0_WP | CR0_PE)) == (CR0_PG | CR0_WP | CR0_PE), "CR0 is %08x", cr0);
    EXPECT(cr3 == (u32)boot_root - DIRECT_MAP, "CR3 is %08x", cr3);
    EXPECT(cr4 & CR4_PAE, "CR4 is %08x", cr4);
    call1(SetCR0, cr0);
    call1(SetCR3, cr3);
    call1(SetCR4, cr4);
    EXPECT((u32)call0(GetCR0) == cr0 && (u32)call0(GetCR3) == cr3 && (u32)call0(GetCR4) == cr4,
           "they have changed");
    call1(SetCR2, 0x12345678);
    EXPECT((u32)call0(GetCR2) == 0x12345678, "CR2 is %08x", (u32)call0(GetCR2));
}

static void task_switched(void) {
    u32 cr0 = (u32)call0(GetCR0) & ~CR0_TS;

    call1(SetCR0, cr0 | CR0_TS);
    EXPECT((u32)call0(GetCR0) == (cr0 | CR0_TS), "CR0.TS cannot be set");
    call0(CLTS);
    EXPECT((u32)call0(GetCR0) == cr0, "CR0 is %08x after CLTS", (u32)call0(GetCR0));
    call1(SetCR0, cr0);
}

static void debug_registers(void) {
    for (u32 number = 0; number < 8; number++)
        if (number != 4 && number != 5) {
            call2(SetDR, number, 0);
            call1(GetDR, number);
        }
}

static void hints(void) {
    call0(WBINVD);
    call0(IODelay);
    call1(SetIOPLMask, 0);
    for (u32 mode = 0; mode < 3; mode++) {
        call1(SetLazyMode, mode);
        call1(SetLazyMode, 0);
    }
}

/* --- ports ----------------------------------------------------------------------------------- */

static void byte_ports(void) {
    for (u32 value = 0; value < 0x100; value += 0x55) {
        call2(OUTB, 0xFFFFFF00 | value, UART_SCRATCH);
        EXPECT((call2(INB, 0, UART_SCRATCH) & 0xFF) == value, "%02x comes back as %02x", value,
               (u32)call2(INB, 0, UART_SCRATCH) & 0xFF);
        EXPECT(in8(UART_SCRATCH) == value, "`in` reads %02x", in8(UART_SCRATCH));
    }
    out8(UART_SCRATCH, 0x42);
    EXPECT((call2(INB, 0, UART_SCRATCH) & 0xFF) == 0x42, "`out` wrote something else");
}

static void absent_ports(void) {
    call2(OUTB, 1, NO_DEVICE);
    call2(OUTW, 1, NO_DEVICE);
    call2(OUTL, 1, NO_DEVICE);
    EXPECT((call2(INB, 0, NO_DEVICE) & 0xFF) == 0xFF, "a byte");
    EXPECT((call2(INW, 0, NO_DEVICE) & 0xFFFF) == 0xFFFF, "a word");
    EXPECT((u32)call2(INL, 0, NO_DEVICE) == 0xFFFFFFFF, "a long");
}

/* A word that is written to a device of bytes is two bytes, to two ports. */
static void word_ports(void) {
    call2(OUTW, 0x2A00 | CRTC_CURSOR, CRTC);
    out8(CRTC, CRTC_CURSOR);
    EXPECT(in8(CRTC + 1) == 0x2A, "the cursor's register is %02x", in8(CRTC + 1));
}

/* --- the stack ------------------------------------------------------------------------------- */

/* A call may not read words above its own arguments: there may be nothing. */
static void arguments_at_the_end(void) {
    u32 stack = page(), behind = page();

    call4(SetPxELong, 0, 0, (u32)&boot_l1[behind >> PAGE_SHIFT], LEVEL_PT);
    call1(FlushTLB, 1);
    call_prepare(WriteGDTEntry, (u32)gdt, SPARE_2 / 8, 0, 0, 0);
    run.stack = (u32)at(stack) + PAGE_SIZE;
    call_prepared(WriteGDTEntry);
}

const struct test cpu_tests[] = {
    {"CPUID", cpuid},
    {"RDMSR and WRMSR", msrs},
    {"RDTSC", rdtsc},
    {"SetGDT and GetGDT", gdt_round_trip},
    {"SetIDT and GetIDT", idt_round_trip},
    {"WriteGDTEntry", gdt_entry},
    {"segment registers survive a call", segments_survive},
    {"null segments survive a call", null_segments},
    {"WriteGDTEntry in another table", other_table},
    {"SetGDT reloads FS", set_gdt_reloads},
    {"WriteIDTEntry", idt_entry},
    {"SetIDT of another table", other_idt_table},
    {"SetTR and GetTR", task_register},
    {"SetLDT and GetLDT", local_table},
    {"control registers", control_registers},
    {"CLTS", task_switched},
    {"SetDR and GetDR", debug_registers},
    {"hints", hints},
    {"INB and OUTB", byte_ports},
    {"ports without a device", absent_ports},
    {"OUTW", word_ports},
    {"a stack that ends with the arguments", arguments_at_the_end},
    {NULL, NULL},
};
