/* SPDX-License-Identifier: MIT
 * tests/hostile/events.c: traps, what leads to them and back, and interrupts.
 */
#include "tests/hostile/hostile.h"

#define HOST_CS 0xFF0
#define HOST_DS 0xFF8

#define FLAG_IF   0x00200u
#define FLAG_IOPL 0x03000u
#define FLAG_VM   0x20000u

#define FORCED 0x0F, 0x0B, 'p', 'v'
#define UD2    0x0F, 0x0B

/* --- instructions --------------------------------------------------------------------------------- */

/* Those that ring 0 may and nobody emulates, or that are for no ring here. */
void privileged(void) {
    static const struct {
        u8 vector, code[4];
        const char *what;
    } attacks[] = {
        {VECTOR_GP, {0x0F, 0x34}, "sysenter"},     {VECTOR_GP, {0x0F, 0x35}, "sysexit"},
        {VECTOR_UD, {0x0F, 0x05}, "syscall"},      {VECTOR_GP, {0x0F, 0x33}, "rdpmc"},
        {VECTOR_UD, {0x0F, 0x0B}, "ud2"},          {VECTOR_UD, {0x0F, 0xAA}, "rsm"},
        {VECTOR_UD, {0x0F, 0x01, 0xC1}, "vmcall"}, {VECTOR_UD, {0x0F, 0x01, 0xD9}, "vmmcall"},
        {VECTOR_UD, {0x0F, 0x01, 0xD8}, "vmrun"},  {VECTOR_GP, {0x0F, 0x01, 0xF0}, "lmsw"},
        {VECTOR_GP, {0x0F, 0x00, 0xD0}, "lldt"},
    };

    for (u32 i = 0; i < ARRAY_SIZE(attacks); i++) {
        registers.eax = 0xFFFF;
        run(attacks[i].code, sizeof attacks[i].code);
        expect_fault(attacks[i].vector, 0, attacks[i].what);
    }
    for (u32 msr = 0; msr < 0x400; msr++) {
        registers.ecx = msr;
        registers.eax = registers.edx = ~0u;
        RUN(0x0F, 0x30);
        expect_fault(VECTOR_GP, 0, "wrmsr");
    }
    registers.ecx = 0xC0000080;
    RUN(0x0F, 0x30);
    expect_fault(VECTOR_GP, 0, "wrmsr of EFER");
    RUN(0x0F, 0x32);
    expect_fault(VECTOR_GP, 0, "rdmsr of EFER");
    registers.eax = 1 << 11;
    RUN(0x0F, 0x22, 0xE0);
    expect_fault(VECTOR_GP, 0, "CR4 with a bit that there is not");
    RUN(FORCED, 0x90);
    expect_fault(VECTOR_UD, 0, "the prefix before a nop");
    RUN(FORCED, FORCED, 0x9C);
    expect_fault(VECTOR_UD, 0, "the prefix twice");
}

void ring_3(void) {
    static const u8 codes[][4] = {
        {0xFA},
        {0xFB},
        {0xF4},
        {0xE4, 0x60},
        {0xE6, 0x80},
        {0xEC},
        {0xEE},
        {0x6C},
        {0x6E},
        {0x0F, 0x20, 0xC0},
        {0x0F, 0x22, 0xC0},
        {0x0F, 0x22, 0xD8},
        {0x0F, 0x21, 0xC0},
        {0x0F, 0x23, 0xF8},
        {0x0F, 0x01, 0x10},
        {0x0F, 0x01, 0x18},
        {0x0F, 0x00, 0xD0},
        {0x0F, 0x00, 0xD8},
        {0x0F, 0x01, 0x38},
        {0x0F, 0x06},
        {0x0F, 0x08},
        {0x0F, 0x09},
        {0x0F, 0x30},
        {0x0F, 0x32},
        {0x0F, 0x33},
        {0x0F, 0x34},
        {0x0F, 0x35},
    };
    static const u8 forced[] = {0x9C, 0x9D, 0xCF, 0xFA, 0xFB, 0xF4, 0xEC, 0xEE};

    registers.eax = (u32)page;
    for (u32 i = 0; i < ARRAY_SIZE(codes); i++) {
        run_user(codes[i], sizeof codes[i]);
        expect_fault(VECTOR_GP, 0, "a program's privileged instruction");
        expect((fault.cs & 3) == 3, "CS %04x", fault.cs);
    }
    for (u32 i = 0; i < ARRAY_SIZE(forced); i++) {
        RUN_USER(FORCED, forced[i]);
        expect_fault(VECTOR_UD, 0, "a program's prefix");
    }
    RUN_USER(FORCED, 0x0F, 0xA2);
    expect_fault(VECTOR_UD, 0, "a program's forced cpuid");
    RUN_USER(0xB8, SEL_DATA, 0, 0, 0, 0x8E, 0xD0);
    expect_fault(VECTOR_GP, SEL_DATA & ~3u, "a program's load of the kernel's SS");
    RUN_USER(0xEA, 0, 0, 0, 0, 0xF3, 0x0F);
    expect_fault(VECTOR_GP, HOST_CS, "a program's jump to the hypervisor's CS");
}

/* --- flags ---------------------------------------------------------------------------------------- */

static u32 pop_and_push(u32 value, bool forced) {
    u8 v0 = (u8)value, v1 = (u8)(value >> 8), v2 = (u8)(value >> 16), v3 = (u8)(value >> 24);

    if (forced)
        RUN(0x68, v0, v1, v2, v3, FORCED, 0x9D, FORCED, 0x9C, 0x58);
    else
        RUN(0x68, v0, v1, v2, v3, 0x9D, 0x9C, 0x58);
    expect_fault(NO_FAULT, 0, "popf");
    return registers.eax;
}

/* A frame for iret, with room below it: a fault in the iret pushes there. */
static u32 *make_frame(const u32 *words, u32 size) {
    static u32 room[32];

    return memcpy(room + 16, words, size);
}

#define FRAME(...) make_frame((u32[]){__VA_ARGS__}, sizeof((u32[]){__VA_ARGS__}))

void flags(void) {
    u32 *frame = FRAME((u32)attempt_survived, SEL_CODE, 0, 0, 0);

    for (u32 bit = 9; bit < 32; bit++)
        for (u32 forced = 0; forced < 2; forced++)
            expect(!(pop_and_push(2 | 1u << bit, forced) & (FLAG_IOPL | FLAG_VM)),
                   "IOPL or VM by popf of bit %d", bit);
    expect(pop_and_push(2, false) & FLAG_IF, "popf cleared the real IF");
    expect(pop_and_push(FLAG_IF, true) & FLAG_IF, "the virtual IF cannot be set");
    expect(!(pop_and_push(2, true) & FLAG_IF), "the virtual IF cannot be cleared");
    for (u32 bit = 12; bit < 22; bit++) {
        if (1u << bit == FLAG_VM) continue; /* see vm86 */
        frame[2] = 2 | 1u << bit | FLAG_IOPL;
        attempt(iret_there, (u32)frame);
        expect_fault(NO_FAULT, 0, "iret with odd flags");
        attempt(iret_forced, (u32)frame);
        expect_fault(NO_FAULT, 0, "forced iret with odd flags");
        RUN(0xFA);
        expect_fault(NO_FAULT, 0, "cli behind it");
    }
    frame[2] = FLAG_VM | FLAG_IOPL | 2;
    frame[1] = SEL_USER_CODE;
    frame[3] = (u32)page + 64;
    frame[4] = SEL_USER_DATA;
    page[0] = 0xFA;
    frame[0] = (u32)page;
    attempt(iret_forced, (u32)frame);
    expect_fault(VECTOR_GP, 0, "a program with IOPL and VM");
    expect((fault.cs & 3) == 3 && !(fault.eflags & (FLAG_VM | FLAG_IOPL)), "CS %04x, flags %08x",
           fault.cs, fault.eflags);
}

/* A CPU looks at VM only in ring 0. TCG takes it from any ring, so that a guest gets out of ring 1
 * by a frame of its own; and what its traps push then, a hypervisor must not take for a frame of
 * ring 0: with CS 2000h, ES the hypervisor's code segment, and SS an address.
 * Where VM is ignored, CS is no segment: #GP. */
static void enter_vm86(const void *code, u32 size, u32 more_flags) {
    static const u8 in_ring_0[] = {0xBA, 0xF8, 3,    0,    0, /* mov edx, 3F8h */
                                   0x8C, 0xC8, 0x24, 3,       /* mov eax, cs; and al, 3 */
                                   0x04, '0',  0xEE,          /* add al, '0'; out dx, al */
                                   0xB0, '!',  0xEE, 0xEB, 0xFE};
    u32 *frame =
        FRAME(0, 0x2000, FLAG_VM | 2 | more_flags, 0x100, 0x8000, HOST_CS, 0x2000, 0x2000, 0x2000);

    memcpy((void *)0x20000, code, size);
    memcpy((void *)0x8000, in_ring_0, sizeof in_ring_0);
    attempt(iret_there, (u32)frame);
    expect_fault(VECTOR_GP, 0x2000, "iret with VM");
}

void vm86(void) { enter_vm86((const u8[]){0xEB, 0xFE}, 2, FLAG_IF); /* until an interrupt comes */ }

void vm86_fault(void) { enter_vm86((const u8[]){0x0F, 0x0B}, 2, FLAG_IOPL); }

void nested_task(void) {
    u32 *frame = FRAME((u32)page, SEL_USER_CODE, 0x4002, (u32)page + 64, SEL_USER_DATA);

    for (u32 i = 0; i < 3; i++) {
        RUN(0x68, 0x02, 0x40, 0, 0, 0x9D, 0xCF);
        expect_fault(VECTOR_TS, 0, "iret with NT");
        RUN(0x68, 0x02, 0x40, 0, 0, 0x9D, 0xFA, 0xB8, 0, 0, 0, 0, 0xCD, 0x90);
        expect_fault(NO_FAULT, 0, "traps with NT");
    }
    memcpy(page, (const u8[]){0xCD, 0x90, 0xCF}, 3);
    attempt(iret_forced, (u32)frame);
    expect_fault(VECTOR_GP, 0x90 * 8 + 2, "a program with NT");
    page[0] = page[1] = 0x90;
    attempt(iret_forced, (u32)frame);
    expect_fault(VECTOR_TS, 0, "a program's iret with NT");
}

void iret_frames(void) {
    static const struct {
        u32 cs, ss;
    } bad[] = {
        {0, 0},
        {3, SEL_USER_DATA},
        {SEL_DATA, 0},
        {SEL_CODE | 2, SEL_DATA | 2},
        {HOST_CS, HOST_DS},
        {HOST_CS | 1, HOST_DS | 1},
        {HOST_CS | 2, HOST_DS | 2},
        {HOST_CS | 3, HOST_DS | 3},
        {SEL_CODE | 4, 0},
        {0xFFFF, 0xFFFF},
        {SEL_USER_CODE, 0},
        {SEL_USER_CODE, SEL_DATA},
        {SEL_USER_CODE, HOST_DS | 3},
        {SEL_USER_CODE, SEL_USER_CODE},
        {SEL_USER_CODE & ~3u, SEL_USER_DATA},
        {SEL_TSS | 1, SEL_DATA},
        {SEL_SPARE | 1, SEL_DATA},
    };

    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        u32 *frame = (u32 *)(page + 128); /* what faults pushes below it */

        memcpy(frame, (u32[]){(u32)page, bad[i].cs, 2, (u32)page + 64, bad[i].ss}, 20);

        attempt(iret_there, (u32)frame);
        expect(fault.vector == VECTOR_GP && (fault.cs & 3) == 1, "CS %04x, SS %04x: vector %d",
               bad[i].cs, bad[i].ss, fault.vector);
        attempt(iret_forced, (u32)frame);
        expect(fault.vector == VECTOR_GP && (fault.cs & 3) == 1,
               "CS %04x, SS %04x, forced: vector %d", bad[i].cs, bad[i].ss, fault.vector);
        registers.eax = (u32)relocation(33); /* VMI_IRET */
        attempt(iret_rom, (u32)frame);
        expect(fault.vector == VECTOR_GP && (fault.cs & 3) == 1,
               "CS %04x, SS %04x, by the ROM: vector %d", bad[i].cs, bad[i].ss, fault.vector);
        attempt(iret_call, (u32)frame);
        expect(fault.vector == VECTOR_GP && (fault.cs & 3) == 1,
               "CS %04x, SS %04x, by a call: vector %d", bad[i].cs, bad[i].ss, fault.vector);
    }
}

void iret_nowhere(void) { iret_call(ATTACK); }

/* --- debugging -------------------------------------------------------------------------------------- */

void single_step(void) {
    u32 mask = (u32)relocation(31);

    stepping = true;
    steps = 0;
    attempt(step_through, mask);
    stepping = false;
    expect_fault(NO_FAULT, 0, "single steps");
    expect(steps > 10 && steps < 40, "%d steps", steps);
    RUN_USER(0x68, 0x02, 0x01, 0, 0, 0x9D, 0x90, 0x90);
    expect_fault(1, 0, "a program's single step");
    RUN_USER(0x68, 0x02, 0x01, 0, 0, 0x9D, 0xCD, 0x90);
    expect(fault.vector == 1 || fault.error == 0x90 * 8 + 2, "vector %d", fault.vector);
}

/* Breakpoints on what the switcher reads and writes, and where it runs. */
void debug_registers(void) {
    static const u32 addresses[] = {HV_STACK + 0xFF0, HV_CODE, HV_TSS + 4, HV_GDT + HOST_DS,
                                    (u32)&tss};

    for (u32 i = 0; i < ARRAY_SIZE(addresses); i++)
        for (u32 kind = 0; kind < 4; kind++) {
            registers.eax = addresses[i];
            registers.ecx = 0x000003FF | kind << 16 | 3 << 18;
            RUN(0x0F, 0x23, 0xC0, 0x0F, 0x23, 0xF9); /* mov dr0, eax; mov dr7, ecx */
            expect_fault(NO_FAULT, 0, "mov to a debug register");
            registers.edx = (u32)&tss;
            RUN(0xB8, SEL_DATA, 0, 0, 0, 0xA3, 0, 0, 0x20, 0, /* a word in 200000h */
                0x8E, 0x15, 0, 0, 0x20, 0,                    /* mov ss, [200000h] */
                0xCD, 0x90, 0x8E, 0x15, 0, 0, 0x20, 0, 0xFA);
            expect_fault(NO_FAULT, 0, "mov ss, then a trap");
            RUN(0x0F, 0x21, 0xF8);
            expect(registers.eax == 0, "DR7 is %08x", registers.eax);
        }
}

/* --- stacks ---------------------------------------------------------------------------------------------- */

void bad_esp(void) {
    static const u32 stacks[] = {
        HV_STACK + 0x800, HV_STACK + 0x1000, HV_STACK + 4,   HV_TSS + 0x80,   HV_GDT, HV_CODE,
        HV_SHARED + 16,   HV_ROM + 0x800,    ATTACK + 0x800, ATTACK + 0x1800, 0,      1,
        0x80000001,       0xFFFFFFFF};

    attack_l1[1] = (u32)page | P;
    for (u32 i = 0; i < ARRAY_SIZE(stacks); i++) {
        attempt(trap_with_esp, stacks[i]);
        expect_fault(NO_FAULT, 0, "emulation with a bad ESP");
        attempt(call_with_esp, stacks[i]);
        expect_fault(NO_FAULT, 0, "VMI calls with a bad ESP");
    }
}

void fault_with_bad_esp(void) {
    push_with_esp(ATTACK + 0x800);
    attempt(push_with_esp, ATTACK + 0x800);
}

void push_into_switcher(void) { attempt(push_with_esp, HV_GDT + 0x800); }

void interrupt_with_bad_esp(void) {
    pic_init(0xFFFE);
    timer_start(2, 1000);
    spin_with_esp(ATTACK + 0x800);
}

/* What is on the stack page when the CPU does not use it means nothing. */
void stack_page(void) {
    static const u32 patterns[] = {0, 0xFFFFFFFF, 0xA5A5A5A5, HV_CODE, HOST_CS, 0x00100000};

    if (checks_limits) {
        attempt(poke, HV_STACK);
        expect_fault(VECTOR_GP, 0, "write to the stack page");
        return;
    }
    for (u32 i = 0; i < ARRAY_SIZE(patterns); i++) {
        for (u32 va = HV_STACK; va < HV_STACK + PAGE_SIZE; va += 4)
            *(volatile u32 *)va = patterns[i];
        RUN(0xFA, FORCED, 0x9C, 0x58);
        expect_fault(NO_FAULT, 0, "emulation");
        for (u32 va = HV_STACK; va < HV_STACK + PAGE_SIZE; va += 4)
            *(volatile u32 *)va = patterns[i];
        registers.eax = 0;
        RUN(0xCD, 0x90, 0xCD, 0x90, 0xCD, 0x90);
        expect_fault(NO_FAULT, 0, "VMI calls");
        for (u32 va = HV_STACK; va < HV_STACK + PAGE_SIZE; va += 4)
            *(volatile u32 *)va = patterns[i];
        RUN_USER(UD2);
        expect_fault(VECTOR_UD, 0, "a program's fault");
    }
}

/* --- gates and the TSS --------------------------------------------------------------------------------------- */

static void with_gate(u64 descriptor) {
    idt[VECTOR_UD] = descriptor;
    RUN(UD2);
}

void gate_wild(void) {
    with_gate(gate(INTERRUPT_GATE, 0, SEL_CODE, ATTACK));
    expect_fault(VECTOR_PF, 0, "a handler that is not mapped");
    expect(fault.cr2 == ATTACK && fault.eip == ATTACK, "at %08x", fault.eip);
    memcpy(page, (const u8[]){0xCD, 0x40}, 2);
    with_gate(gate(TRAP_GATE, 3, SEL_CODE & ~3u, (u32)page));
    expect_fault(0x40, 0, "a handler elsewhere");
}

void gate_dpl(void) {
    for (u32 vector = 0; vector < 256; vector++) {
        bool ours = vector == VECTOR_DONE;

        RUN_USER(0xCD, vector);
        expect_fault(ours ? VECTOR_DONE : VECTOR_GP, ours ? 0 : vector * 8 + 2,
                     "a program's INT n");
        if (vector >= 0x90 && vector < 0xE3) continue; /* VMI calls */
        RUN(0xCD, vector);
        if (vector >= VECTOR_IRQ && vector < VECTOR_IRQ + 16)
            expect(fault.vector == NO_FAULT, "INT %d: vector %d", vector, fault.vector);
        else
            expect(fault.vector == vector, "INT %d: vector %d", vector, fault.vector);
    }
    RUN_USER(0xCC);
    expect_fault(VECTOR_GP, 3 * 8 + 2, "a program's int3");
    RUN(0xCC);
    expect(fault.vector == 3, "int3: vector %d", fault.vector);
    for (u32 dpl = 0; dpl < 4; dpl++) {
        idt[0x40] = gate(TRAP_GATE, dpl, SEL_CODE | dpl, (u32)idt[0x40] & 0xFFFF) |
                    (idt[0x40] & 0xFFFF000000000000ull);
        RUN_USER(0xCD, 0x40);
        expect_fault(dpl == 3 ? 0x40 : VECTOR_GP, dpl == 3 ? 0 : 0x40 * 8 + 2, "DPL of a gate");
    }
}

void no_idt(void) {
    load_idt(NULL, 0);
    asm volatile("ud2");
}

void idt_unmapped(void) {
    load_idt((void *)ATTACK, 0xFFFF);
    asm volatile("ud2");
}

void gate_host_selector(void) { with_gate(gate(INTERRUPT_GATE, 0, HOST_CS, HV_CODE)); }

void gate_null(void) { with_gate(gate(INTERRUPT_GATE, 0, 0, (u32)page)); }

void gate_absent(void) { with_gate(gate(INTERRUPT_GATE & ~0x80, 0, SEL_CODE, (u32)page)); }

void gate_task(void) { with_gate(gate(TASK_GATE, 0, SEL_TSS, 0)); }

void gate_switcher(void) {
    with_gate(gate(INTERRUPT_GATE, 0, SEL_CODE, HV_CODE));
    expect_fault(VECTOR_GP, HOST_DS, "a handler in the switcher, as far as the hypervisor's DS");
}

/* A program, as a kernel would start it, where no code can be. */
void iret_high(void) {
    attempt_user((void *)HV_CODE, 0);
    expect_fault(VECTOR_PF, 5, "a program in the switcher");
}

void tss_switcher(void) {
    tss[1] = HV_STACK + PAGE_SIZE;
    RUN_USER(UD2);
}

void tss_garbage(void) {
    tss[2] = HOST_DS;
    RUN_USER(UD2);
}

void tss_unmapped(void) {
    set_spare(segment(0x0000890000000000ull, ATTACK, 0x67));
    asm volatile("ltr %w0" : : "r"(SEL_SPARE));
    RUN_USER(UD2);
}

void tss_top(void) {
    set_spare(segment(0x0000890000000000ull, HV_TSS, 0x67));
    asm volatile("ltr %w0" : : "r"(SEL_SPARE));
    RUN_USER(UD2);
}

/* --- modes that there are not ---------------------------------------------------------------------------------- */

static void write_cr0(u32 value) { asm volatile("mov %0, %%cr0" : : "r"(value) : "memory"); }

void real_mode(void) { write_cr0(0x10); }

void two_level(void) {
    asm volatile("mov %0, %%cr4" : : "r"(0));
    write_cr0(0x80010011);
}

void no_write_protect(void) { write_cr0(0x80000011); }

/* --- interrupts ----------------------------------------------------------------------------------------------- */

void timer_storm(void) {
    for (u32 count = 1; count < 4; count++) {
        irq_count = 0;
        pic_init(0xFFFE);
        timer_start(2, count);
        irqs(true);
        wait_interrupts(10);
        irqs(false);
    }
}

void no_eoi(void) {
    irq_eoi = false;
    pic_init(0xFFFE);
    timer_start(2, 100);
    irqs(true);
    wait_interrupts(1);
    wait_cycles(CYCLES_A_WHILE);
    irqs(false);
    expect(irq_count == 1, "%d interrupts", irq_count);
}

void no_handler(void) {
    pic_init(0xFFFE);
    load_idt(idt, VECTOR_IRQ * 8 - 1);
    timer_start(2, 100);
    irqs(true);
    wait_cycles(0xFFFFFFFF);
}

/* Jumps to each byte of the ROM's iret, while interrupts come: they find it half done. */
void rom_middle(void) {
    u32 iret = (u32)relocation(33);
    u32 *frame = FRAME((u32)page, HOST_CS, 2);

    pic_init(0xFFFE);
    timer_start(2, 50);
    for (u32 i = 0; i < 2000 || irq_count < 10; i++) {
        attempt(leap_on, iret);
        expect_fault(NO_FAULT, 0, "the ROM's iret, interrupts on");
        attempt(leap, iret);
        expect_fault(NO_FAULT, 0, "the ROM's iret, interrupts off");
    }
    attempt(iret_there, (u32)frame);
    expect_fault(VECTOR_GP, HOST_CS, "iret to the hypervisor's CS");
    for (u32 va = HV_ROM; va < HV_ROM + 9; va++) {
        attempt(leap, va);
        expect(fault.vector != 8, "a double fault");
    }
}

void halt_for_ever(void) {
    print("halting\n");
    asm volatile("cli; hlt");
}

void halt_idle(void) {
    print("halting\n");
    asm volatile("sti; hlt");
}
