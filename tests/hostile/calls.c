/* SPDX-License-Identifier: MIT
 * tests/hostile/calls.c: the VMI calls, with arguments that nobody would give.
 */
#include "tests/hostile/hostile.h"
#include "lib/vmi.h"

#define HOST_DS 0xFF8
#define FAILED  0xFFFFFFFF

#define HV_VECTOR   0x90 /* call n is INT HV_VECTOR + n, too */
#define CALLS       74   /* of the standard */
#define FIRST_EXTRA 128
#define LAST_EXTRA  132
#define INNER_INIT  133 /* what only the ROM's own code asks for */
#define INNER_IRET  135
#define INNER_QUEUE 136
#define LAST_INNER  136

/* Where nothing is mapped; and where SetLinearMapping is told that memory is. */
#define NOWHERE 0xD0000000
#define LINEAR  0x80000000

extern u8 trap_stack_top[];

#define SHARED ((volatile struct vcpu_shared *)HV_SHARED)

static void own_stack(void) { vmi(VMI_UpdateKernelStack, SEL_DATA, (u32)trap_stack_top, 0, 0, 0); }

/* --- the table of calls ------------------------------------------------------------------------- */

static void check_relocation(u32 call) {
    u64 answer = relocation(call);
    u32 address = (u32)answer, type = (u32)(answer >> 32);
    bool code = type == VMI_RELOCATION_CALL || type == VMI_RELOCATION_JUMP;

    expect_fault(NO_FAULT, 0, "GetRelocationInfo");
    expect(type <= VMI_RELOCATION_NOP, "call %d: type %x", call, type);
    expect(code ? address - HV_ROM < PAGE_SIZE : address == 0, "call %d: %08x", call, address);
    expect(call < CALLS || (call >= FIRST_EXTRA && call <= LAST_EXTRA) || type == 0,
           "call %08x is there", call);
}

void relocations(void) {
    for (u32 call = 0; call <= 300; call++) check_relocation(call);
    for (u32 bit = 8; bit < 32; bit++)
        for (u32 call = 0; call < 140; call += 3) {
            check_relocation(call + (1u << bit) * (bit > 8));
            check_relocation(0u - (1u << bit) - call - 1);
        }
}

void init_unpaged(void) { expect(!vmi_init(), "VMI_Init without paging"); }

void init_twice(void) {
    expect(!vmi_init(), "VMI_Init twice");
    expect(!vmi_init(), "VMI_Init three times");
}

/* --- a generator ------------------------------------------------------------------------------------ */

static u32 state;

static u32 random(void) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static u32 below(u32 count) { return random() % count; }

/* Anything, but often something that a mistake would like. */
static u32 any(void) {
    static const u32 extremes[] = {0,          1,
                                   2,          3,
                                   4,          7,
                                   8,          0xFF,
                                   0x1000,     0x100000,
                                   0x7FFFFFFF, 0x80000000,
                                   0x80000001, 0xA0000003,
                                   0xB0000000, 0xFFFFFFFE,
                                   0xFFFFFFFF, 0xFFFFF000,
                                   HV_ROM,     HV_SHARED,
                                   HV_CODE,    HV_IDT,
                                   HV_GDT,     HV_TSS,
                                   HV_STACK,   HV_STACK + 0x1000,
                                   HOST_DS,    ATTACK};

    switch (below(4)) {
    case 0: return random();
    case 1: return 1u << below(32);
    case 2: return memory_end + (below(3) - 1) * below(0x2000);
    default: return extremes[below(ARRAY_SIZE(extremes))];
    }
}

struct arguments {
    u32 call, eax, edx, ecx, first, second;
};

static struct pointer {
    u16 limit;
    u32 base;
} __attribute__((packed)) gdt_pointer, idt_pointer;

/* Frames in which this guest lives: released as tables, they would lose it. */
static bool is_alive(u32 frame) {
    const void *const tables[] = {root, low_l2, attack_l2, attack_l1};

    for (u32 i = 0; i < ARRAY_SIZE(tables); i++)
        if (frame == (u32)tables[i] >> PAGE_SHIFT) return true;
    return false;
}

static u32 dead_frame(void) {
    u32 frame = below(2) ? any() : below(memory_end / PAGE_SIZE);

    return is_alive(frame) ? 0xFFFFFFFF : frame;
}

/* An address at which nothing can be lost: unmapped, the hypervisor's, or a spare page. */
static u32 harmless_address(void) {
    switch (below(3)) {
    case 0: return NOWHERE + below(HV_VA_TOP - NOWHERE);
    case 1: return HV_CODE + (random() & 0x3FDFFF);
    default: return (u32)spare_pages + below(sizeof spare_pages - 16);
    }
}

/* Is one of four ports among those that end the run, or print garbage? */
static bool is_vital(u32 port) {
    for (u32 i = 0; i < 4; i++) {
        u32 byte = (port + i) & 0xFFFF;

        if (byte == 0xF4 || (byte >= 0x3F8 && byte < 0x400) || (byte & ~0x81u) == 0x20) return true;
    }
    return false;
}

static void choose_queued(struct arguments *a) {
    static const u32 kinds[] = {HV_QUEUE_ANNOUNCE, HV_QUEUE_RELEASE, HV_QUEUE_STACK, 4, 5, 6, 7};
    u32 kind = kinds[below(ARRAY_SIZE(kinds))], i = below(512);

    if (below(2)) {
        attack_l1[i] = (u64)a->edx << 32 | a->ecx;
        a->eax = (u32)&attack_l1[i];
    } else if (kind == HV_QUEUE_ANNOUNCE) {
        a->eax = below(memory_end / PAGE_SIZE) * PAGE_SIZE + below(512) * 8 + kind;
    } else if (kind == HV_QUEUE_RELEASE) {
        a->eax = dead_frame() * PAGE_SIZE + kind;
    } else {
        a->eax = (a->eax & ~HV_QUEUE_WHAT) + kind;
    }
}

/* Arguments after which the guest still has what it needs to go on, and no others: a guest that
 * loses its tables is stopped, which is wild_calls's part. */
static void tame(struct arguments *a) {
    switch (a->call) {
    case VMI_SetGDT: a->eax = (u32)&gdt_pointer; break;
    case VMI_SetIDT: a->eax = (u32)&idt_pointer; break;
    case VMI_SetLDT: a->eax &= 0xFFFF0003; break;
    case VMI_SetTR:
        gdt[SEL_TSS / 8] &= ~(2ull << 40);
        a->eax = (a->eax & 0xFFFF0000) | SEL_TSS;
        break;
    case VMI_GetGDT:
    case VMI_GetIDT: a->eax = harmless_address(); break;
    case VMI_WriteGDTEntry:
        a->eax = (u32)gdt;
        a->edx = SEL_SPARE / 8 + below(ARRAY_SIZE(gdt) - SEL_SPARE / 8);
        break;
    case VMI_WriteIDTEntry:
        a->eax = (u32)idt;
        a->edx = 0x30 + below(VECTOR_CALL + 1 - 0x30);
        break;
    case VMI_SetCR0: a->eax |= 0x80010011; break;
    case VMI_SetCR3: a->eax = (u32)root | (a->eax & 31); break;
    case VMI_SetCR4: a->eax |= 0x20; break;
    case VMI_Halt:
        vmi(VMI_SetAlarm, 0, cycles() + 100000, 0, 0, 0);
        vmi(VMI_SetAlarm, 0x100, 1, 0, 1000000, 0);
        break;
    case VMI_SetPxELong: a->ecx = (u32)&attack_l1[1 + below(511)]; break;
    case VMI_UpdatePxELong: a->eax = (u32)&attack_l1[1 + below(511)]; break;
    case VMI_AllocatePage: a->eax = below(memory_end / PAGE_SIZE); break;
    case VMI_ReleasePage: a->eax = dead_frame(); break;
    case VMI_SetLinearMapping: a->edx = LINEAR | (a->edx & 0x3FFFFFFF); break;
    case VMI_OUTB:
    case VMI_OUTW:
    case VMI_OUTL:
        if (is_vital(a->edx)) a->edx = 0x80;
        break;
    case INNER_QUEUE:
    case VMI_Queue: choose_queued(a); break;
    case VMI_ConsoleWrite: a->eax = NOWHERE + below(HV_VA_TOP - NOWHERE); break;
    }
}

static void choose(struct arguments *a) {
    u32 call = below(CALLS + LAST_INNER + 1 - FIRST_EXTRA);

    *a = (struct arguments){
        call < CALLS ? call : call - CALLS + FIRST_EXTRA, any(), any(), any(), any(), any()};
}

/* By the ROM's code, or past it by the vector. */
static void make(const struct arguments *a) {
    u32 vector = HV_VECTOR + (a->call < CALLS ? a->call : a->call - FIRST_EXTRA + CALLS);

    if (below(4) || a->call == VMI_Queue) {
        vmi(a->call, a->eax, a->edx, a->ecx, a->first, a->second);
        return;
    }
    registers = (struct registers){a->eax, a->ecx, a->edx, a->first, a->second, any(), {0, 0}};
    RUN(0xCD, vector);
}

/* The right entry, and then the page that it maps. */
static void use_page(u32 i) {
    u32 index = 1 + below(511), va = ATTACK + index * PAGE_SIZE;
    u32 right = P | (random() & 6);

    *(u32 *)spare_pages[i] = i;
    vmi(VMI_SetPxELong, (u32)spare_pages[i] | right, 0, (u32)&attack_l1[index], VMI_PAGE_PT, 0);
    vmi(VMI_InvalPage, va, 0, 0, 0, 0);
    attempt(peek, va);
    expect_fault(NO_FAULT, 0, "read of a page");
    expect(*(volatile u32 *)va == i, "a page leads elsewhere");
    attempt(poke, va);
    expect_fault(right & 2 ? NO_FAULT : VECTOR_PF, 3, "write to a page");
    vmi(VMI_SetPxELong, 0, 0, (u32)&attack_l1[index], VMI_PAGE_PT, 0);
}

/* Calls that end the run, and VMI_Init, which would change it: they are attacked by name. */
static bool is_left_out(u32 call) {
    return call == VMI_Reboot || call == VMI_Shutdown || call == VMI_IRET || call == INNER_INIT ||
           call == INNER_IRET;
}

/* What was announced is forgotten: all tables are as never seen. */
static void forget(void) {
    for (u32 frame = 0; frame < memory_end / PAGE_SIZE; frame++)
        vmi(VMI_ReleasePage, frame, 0, 0, 0, 0);
    flush();
}

/* Where it is, so that a run that ends too early can be looked at: say= shows the rest. */
static void say(u32 i, const struct arguments *a) {
    if (i >= option_say || i % (option_calls / 10 + 1) == 0)
        print("seed %u, call %u: %u (%08x %08x %08x %08x %08x)\n", option_seed, i, a->call, a->eax,
              a->edx, a->ecx, a->first, a->second);
}

static void start(void) {
    state = option_seed * 2654435761u | 1;
    gdt_pointer = (struct pointer){sizeof gdt - 1, (u32)gdt};
    idt_pointer = (struct pointer){sizeof idt - 1, (u32)idt};
    pic_init(0xFFFE);
}

static void do_calls(u32 count) {
    struct arguments a;

    start();
    for (u32 i = 0; i < count; i++) {
        choose(&a);
        if (is_left_out(a.call)) continue;
        tame(&a);
        say(i, &a);
        make(&a);
        expect(fault.vector == NO_FAULT,
               "seed %u, call %u: VMI call %u (%08x %08x %08x %08x %08x): vector %d, EIP %08x",
               option_seed, i, a.call, a.eax, a.edx, a.ecx, a.first, a.second, fault.vector,
               fault.eip);
        if (i % 64 == 63) {
            vmi(VMI_CancelAlarm, 0, 0, 0, 0, 0);
            use_page(below(16));
            irqs(false);
        }
    }
    vmi(VMI_CancelAlarm, 0, 0, 0, 0, 0);
    vmi(VMI_SetLazy, 0, 0, 0, 0, 0);
    own_stack();
    vmi(VMI_SetLinearMapping, 0, 0, 0, 0, 0);
    irqs(false);
    forget();
    print("calls: %u with seed %u, %u interrupts\n", count, option_seed, irq_count);
}

static void announce(void *table, u32 level) {
    vmi(VMI_AllocatePage, (u32)table >> PAGE_SHIFT, level, 0, 0, 0);
}

/* One frame announced as a table of each level, which leads to itself. */
void loops_vmi(void) {
    announce(attack_l2, VMI_PAGE_PT);
    announce(attack_l2, VMI_PAGE_PD);
    announce(attack_l2, VMI_PAGE_PDP);
    for (u32 i = 0; i < 512; i++)
        vmi(VMI_SetPxELong, (u32)attack_l2 | PWU | A | D, 0, (u32)&attack_l2[i], VMI_PAGE_PD, 0);
    for (u32 i = 0; i < 512; i += 37) {
        u32 va = ATTACK + i * 0x200000 + i * 0x1000 + i * 8;

        expect(*(volatile u32 *)va == ((u32)attack_l2 | PWU | A | D), "%08x is no table", va);
    }
    vmi(VMI_SetPxELong, (u32)root | P, 0, (u32)&root[2], VMI_PAGE_PDP, 0);
    announce(root, VMI_PAGE_PDP);
    announce(root, VMI_PAGE_PD);
    flush();
    attempt(peek, 0x80000000);
    expect(fault.vector == NO_FAULT || fault.vector == VECTOR_PF, "vector %d", fault.vector);
    vmi(VMI_SetPxELong, 0, 0, (u32)&root[2], VMI_PAGE_PDP, 0);
    forget();
}

void announce_beyond(void) { announce((void *)memory_end, VMI_PAGE_PT); }

/* An entry to be written in a frame that is the hypervisor's, if addresses go around. */
void entry_around(void) {
    map_around();
    vmi(VMI_SetPxELong, 0xBAD, 0xBAD, ATTACK, VMI_PAGE_PT, 0);
}

void ldt(void) { vmi(VMI_SetLDT, SEL_SPARE, 0, 0, 0, 0); }

void task_unavailable(void) { vmi(VMI_SetTR, SEL_DATA, 0, 0, 0, 0); }

void pointer_nowhere(void) { vmi(VMI_SetGDT, NOWHERE, 0, 0, 0, 0); }

void descriptor_nowhere(void) { vmi(VMI_WriteGDTEntry, HV_GDT, SEL_SPARE / 8, 0, 0, 0); }

void early_calls(void) { do_calls(option_calls / 10); }

void calls(void) { do_calls(option_calls); }

/* No argument is spared, so sooner or later it is stopped. */
void wild_calls(void) {
    struct arguments a;

    start();
    for (u32 i = 0; i < option_calls; i++) {
        choose(&a);
        if (is_left_out(a.call) || a.call == VMI_Halt || a.call == VMI_ConsoleWrite ||
            (a.call >= VMI_OUTL && a.call <= VMI_OUTW && is_vital(a.edx)) ||
            (a.call == VMI_ReleasePage && is_alive(a.eax)))
            continue;
        /* Now and then only: those that most arguments make fatal. */
        if (below(32)) tame(&a);
        say(i, &a);
        make(&a);
    }
    forget();
}

/* A table's entry that is told of where the same frame also begins a large page: the shadow of that
 * page is no L2 table, and must not get a link. Else the page of a shadow would be the guest's. */
void large_alias(void) {
    u32 large = 8 * 1024 * 1024;

    memset((void *)large, 0x11, 0x200000);
    for (u32 i = 0; i < 16; i++) {
        u32 page = large + (i + 1) * PAGE_SIZE;

        attempt(peek, page);
        vmi(VMI_AllocatePage, (u32)spare_pages[i] >> PAGE_SHIFT, VMI_PAGE_PT, 0, 0, 0);
        vmi(VMI_SetPxELong, (u32)spare_pages[i] | PW | A | D, 0, large + (i + 1) * 8, VMI_PAGE_PD,
            0);
        expect(*(volatile u32 *)page == 0x11111111 && *(volatile u32 *)(page + 64) == 0x11111111,
               "a shadow of the hypervisor's is mapped at %08x", page);
        attempt(poke, page + 4);
        expect_fault(NO_FAULT, 0, "write to its own memory");
    }
    for (u32 i = 0; i < 16; i++)
        vmi(VMI_ReleasePage, (u32)spare_pages[i] >> PAGE_SHIFT, 0, 0, 0, 0);
    flush();
}

/* A direct map that begins inside of an entry: its last one would reach over the end of memory. */
void linear_unaligned(void) {
    vmi(VMI_SetLinearMapping, 0, 0x80000001, memory_end / PAGE_SIZE, 0, 0);
    vmi(VMI_SetPxELong, ~0u, ~0u, 0x80000000 + memory_end, VMI_PAGE_PT, 0);
    expect(false, "an entry over the end of memory");
}

/* The whole of a right one, and what lies around it. */
void linear_mapping(void) {
    static const u32 sizes[] = {0, 1, 8, 0x400};

    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++)
        for (u32 first = 0; first < 4; first++) {
            u32 frames[] = {0, 1, memory_end / PAGE_SIZE - 1, 0xFFFFFFFF};

            vmi(VMI_SetLinearMapping, 0, HV_VA_TOP - PAGE_SIZE, sizes[i], frames[first], 0);
            expect_fault(NO_FAULT, 0, "SetLinearMapping");
            RUN(0xFA);
            expect_fault(NO_FAULT, 0, "a trap");
            attempt(poke, HV_ROM);
            expect_fault(VECTOR_PF, 3, "write to the ROM");
        }
    vmi(VMI_SetLinearMapping, 0, 0x80000000, 0xFFFFFFFF, 0, 0);
    for (u32 pa = memory_end - PAGE_SIZE; pa < memory_end; pa += 8)
        vmi(VMI_SetPxELong, pa, 0, 0x80000000 + pa, VMI_PAGE_PT, 0);
    for (u32 pa = memory_end - PAGE_SIZE; pa < memory_end; pa += 8)
        expect(*(volatile u32 *)pa == pa, "no entry at %08x", pa);
    vmi(VMI_SetLinearMapping, 0, 0, 0, 0, 0);
}

/* --- the shared page ----------------------------------------------------------------------------------- */

static void fill_shared(u32 value) {
    for (u32 va = HV_SHARED; va < HV_SHARED + PAGE_SIZE; va += 4) *(volatile u32 *)va = value;
}

void shared_garbage(void) {
    static const u32 patterns[] = {0xFFFFFFFF, 0xA5A5A5A5, 0x80808080, 0x00000001, 0};

    for (u32 i = 0; i < ARRAY_SIZE(patterns); i++) {
        fill_shared(patterns[i]);
        registers.eax = 0;
        RUN(0xFA, 0xCD, 0x90, 0x0F, 0x0B, 'p', 'v', 0x9C, 0x58);
        expect_fault(NO_FAULT, 0, "traps with garbage in the shared page");
        fill_shared(patterns[i]);
        RUN_USER(0x0F, 0x0B);
        expect_fault(VECTOR_UD, 0, "a program's fault with garbage in the shared page");
    }
    fill_shared(0);
}

/* An index behind the queue, or in the middle of an entry. */
void queue_index(void) {
    static const u32 indexes[] = {
        0xFFFFFFFF,     0x80000000,         0x7FFFFFFF, 0x01000000, 4096, HV_QUEUE_BYTES + 1,
        HV_QUEUE_BYTES, HV_QUEUE_BYTES - 1, 12,         13,         11,   1};
    static const u32 kinds[] = {HV_QUEUE_RELEASE, HV_QUEUE_WHAT}; /* of no frame; unknown */

    for (u32 i = 0; i < ARRAY_SIZE(indexes); i++)
        for (u32 kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
            for (u32 j = 0; j < ARRAY_SIZE(SHARED->queue); j++)
                SHARED->queue[j] = ~HV_QUEUE_WHAT | kinds[kind];
            SHARED->queued = indexes[i];
            vmi(VMI_Null, 0, 0, 0, 0, 0);
            expect(SHARED->queued == 0 || indexes[i] < 12, "index %08x is left", SHARED->queued);
            SHARED->lazy = 1;
            vmi(VMI_Queue, NOWHERE + HV_QUEUE_RELEASE, 0, 0, 0, 0); /* no page is missing now: */
            SHARED->queued = indexes[i]; /* no fault has the queue read before the append */
            vmi(VMI_Queue, HV_QUEUE_WHAT, 0, 0, 0, 0);
            expect_fault(NO_FAULT, 0, "append");
            SHARED->queued = 0;
            SHARED->lazy = 0;
        }
}

void queue_garbage(void) {
    fill_shared(0xA5A5A5A0);
    vmi(VMI_Null, 0, 0, 0, 0, 0);
}

/* --- time and console --------------------------------------------------------------------------------------- */

/* How many interrupts may come: one that was asked for before an alarm is cancelled comes late. */
void alarm_storm(void) {
    static const struct {
        u32 flags, low, high, period, least, most;
    } alarms[] = {{0x100, 1, 0, 1, 10, ~0u},  {0x100, 1, 0, 0, 1, 2},
                  {0x100, ~0u, ~0u, 1, 0, 1}, {0x100, 0, 0x7FFFFFFF, 0, 0, 0},
                  {0, 1, 0, 0, 1, 1},         {0x100, 1, 0, ~0u, 1, 2}};

    pic_init(0xFFFE);
    for (u32 i = 0; i < ARRAY_SIZE(alarms); i++) {
        irq_count = 0;
        vmi(VMI_SetAlarm, alarms[i].flags, alarms[i].low, alarms[i].high, alarms[i].period, 0);
        irqs(true);
        wait_interrupts(alarms[i].least);
        wait_cycles(CYCLES_A_WHILE);
        irqs(false);
        expect(irq_count <= alarms[i].most, "alarm %d: %d interrupts", i, irq_count);
        vmi(VMI_CancelAlarm, 0, 0, 0, 0, 0);
    }
}

/* Text from where there is none. */
void console_far(void) {
    static const char text[] = "from the end of memory\n";
    static const u32 far[] = {0x80000000, HV_ROM, HV_CODE, 0xFFFFFFFF, ATTACK};

    for (u32 i = 0; i < ARRAY_SIZE(far); i++) {
        vmi(VMI_ConsoleWrite, far[i], 0xFFFFFFFF, 0, 0, 0);
        expect_fault(NO_FAULT, 0, "text from nowhere");
    }
    vmi(VMI_ConsoleWrite, (u32)text, 0, 0, 0, 0);
    memset((void *)(memory_end - 64), ' ', 64);
    memcpy((void *)(memory_end - 64), text, sizeof text - 1);
    vmi(VMI_ConsoleWrite, memory_end - 64, sizeof text - 1, 0, 0, 0);
    vmi(VMI_ConsoleWrite, memory_end - 64, 0xFFFFFFFF, 0, 0, 0);
    expect_fault(NO_FAULT, 0, "text over the end of memory");
    print("\n");
}

/* 4 GiB of it, in one call, would keep the processor from everybody else. */
void console_endless(void) {
    memset((void *)(memory_end - 0x400000), '.', 0x400000);
    vmi(VMI_ConsoleWrite, memory_end - 0x400000, 0xFFFFFFFF, 0, 0, 0);
    print("\n");
}

/* --- the direct gate ------------------------------------------------------------------------------------------- */

static void set_call_gate(u32 type, u32 dpl, u32 selector, u32 offset) {
    u64 descriptor = gate(type, dpl, selector, offset);

    vmi(VMI_WriteIDTEntry, (u32)idt, VECTOR_CALL, (u32)descriptor, (u32)(descriptor >> 32), 0);
}

static u32 call_stub(void) {
    return ((u32)idt[VECTOR_CALL] & 0xFFFF) | ((u32)(idt[VECTOR_CALL] >> 32) & 0xFFFF0000);
}

void direct_gate(void) {
    u32 stub = call_stub();

    idt_pointer = (struct pointer){sizeof idt - 1, (u32)idt};
    vmi(VMI_SetIDT, (u32)&idt_pointer, 0, 0, 0, 0);
    vmi(VMI_UpdateKernelStack, SEL_DATA, (u32)trap_stack_top, 0, 0, 0);
    for (u32 i = 0; i < 3; i++) {
        set_call_gate(TRAP_GATE, 3, SEL_CODE, stub);
        RUN_USER(0xCD, VECTOR_CALL);
        expect_fault(VECTOR_CALL, 0, "a direct system call");
        set_call_gate(INTERRUPT_GATE, 3, SEL_CODE, stub);
        RUN_USER(0xCD, VECTOR_CALL);
        expect_fault(VECTOR_CALL, 0, "a system call through an interrupt gate");
        set_call_gate(TRAP_GATE, 0, SEL_CODE, stub);
        RUN_USER(0xCD, VECTOR_CALL);
        expect_fault(VECTOR_GP, VECTOR_CALL * 8 + 2, "a system call without leave");
        set_call_gate(TRAP_GATE & ~0x80, 3, SEL_CODE, stub);
        RUN_USER(0xCD, VECTOR_CALL);
        expect(fault.vector == VECTOR_GP || fault.vector == VECTOR_NP, "vector %d", fault.vector);
        set_call_gate(TASK_GATE, 3, SEL_TSS, 0);
        RUN_USER(0xCD, VECTOR_CALL);
        expect_fault(VECTOR_GP, VECTOR_CALL * 8 + 2, "a system call through a task gate");
    }
    /* gate in, code segment away: what the CPU holds must not lead further than the guest */
    set_call_gate(TRAP_GATE, 3, SEL_SPARE, stub);
    set_spare(CODE_SEGMENT);
    set_call_gate(TRAP_GATE, 3, SEL_SPARE, stub);
    RUN_USER(0xCD, VECTOR_CALL);
    expect_fault(VECTOR_CALL, 0, "a system call through a second code segment");
    set_spare(0);
    RUN_USER(0xCD, VECTOR_CALL);
    expect(fault.vector != NO_FAULT, "a gate without a segment");
    set_spare(CODE_SEGMENT | DPL(3));
    RUN_USER(0xCD, VECTOR_CALL);
    expect(fault.vector != NO_FAULT, "a gate to a program's segment");
    set_call_gate(TRAP_GATE, 3, SEL_CODE, ATTACK);
    RUN_USER(0xCD, VECTOR_CALL);
    expect_fault(VECTOR_PF, 0, "a gate to unmapped memory");
    set_call_gate(INTERRUPT_GATE, 0, SEL_CODE, stub);
    own_stack();
}

void direct_gate_switcher(void) {
    set_call_gate(TRAP_GATE, 3, SEL_CODE, HV_CODE);
    vmi(VMI_UpdateKernelStack, SEL_DATA, (u32)trap_stack_top, 0, 0, 0);
    RUN_USER(0xCD, VECTOR_CALL);
    expect_fault(VECTOR_GP, checks_limits ? 0 : HOST_DS, "a system call into the switcher");
    set_call_gate(INTERRUPT_GATE, 0, SEL_CODE, call_stub());
}

/* With the stack anywhere in the guest's own memory. */
void direct_stack(void) {
    u32 stub = call_stub();

    idt_pointer = (struct pointer){sizeof idt - 1, (u32)idt};
    vmi(VMI_SetIDT, (u32)&idt_pointer, 0, 0, 0, 0);
    set_call_gate(TRAP_GATE, 3, SEL_CODE, stub);
    for (u32 i = 0; i < 16; i++) { /* on a page that has no shadow yet: the CPU's own push faults */
        attack_l1[i] = (u32)spare_pages[i] | PW;
        vmi(VMI_UpdateKernelStack, i & 1 ? SEL_DATA : SEL_DATA & ~3u, ATTACK + i * PAGE_SIZE + 0x40,
            0, 0, 0);
        vmi(VMI_FlushTLB, 3, 0, 0, 0, 0);
        RUN_USER(0xCD, VECTOR_CALL);
        expect_fault(VECTOR_CALL, 0, "a system call on a fresh stack");
        expect(*(u32 *)&spare_pages[i][0x3C] == SEL_USER_DATA, "no frame on its stack");
    }
    set_call_gate(INTERRUPT_GATE, 0, SEL_CODE, stub);
    own_stack();
}

static void call_on_stack(u32 selector, u32 sp) {
    set_call_gate(TRAP_GATE, 3, SEL_CODE, call_stub());
    vmi(VMI_UpdateKernelStack, selector, sp, 0, 0, 0);
    RUN_USER(0xCD, VECTOR_CALL);
    expect_fault(VECTOR_CALL, 0, "a system call on the hypervisor's stack");
}

void direct_stack_switcher(void) { call_on_stack(SEL_DATA, HV_GDT + 0x800); }

void direct_stack_unmapped(void) { call_on_stack(SEL_DATA, ATTACK + 0x800); }

void direct_stack_page(void) { call_on_stack(SEL_DATA, HV_STACK + 0x800); }
