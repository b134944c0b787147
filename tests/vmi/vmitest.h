/* SPDX-License-Identifier: MIT
 * tests/vmi/vmitest.h: a guest kernel that does nothing but ask whether a ROM is VMI 3.0.
 *
 * Runs:  in the ring that the hypervisor gives it. Every VMI call goes through call(), which
 *        fills the registers with known values and looks at each of them afterwards; only trap
 *        handlers and the house-keeping use plain().
 * Needs: nothing of the kernel's own backend: numbers, registers and flags are written down here
 *        once more, from the interface's description.
 */
#ifndef TESTS_VMI_VMITEST_H
#define TESTS_VMI_VMITEST_H

#include "lib/types.h"
#include "tests/vmi/layout.h"

#define NORETURN __attribute__((noreturn))
#define REGPARM  __attribute__((regparm(3)))

/* --- calls.c: the calls ---------------------------------------------------------------------- */

/* The order is that of the numbers. */
/* clang-format off */
enum number {
    /*  0 */ CPUID, WRMSR, RDMSR, SetGDT, SetLDT,
    /*  5 */ SetIDT, SetTR, GetGDT, GetLDT, GetIDT,
    /* 10 */ GetTR, WriteGDTEntry, WriteLDTEntry, WriteIDTEntry, UpdateKernelStack,
    /* 15 */ SetCR0, SetCR2, SetCR3, SetCR4, GetCR0,
    /* 20 */ GetCR2, GetCR3, GetCR4, WBINVD, SetDR,
    /* 25 */ GetDR, RDPMC, RDTSC, CLTS, EnableInterrupts,
    /* 30 */ DisableInterrupts, GetInterruptMask, SetInterruptMask, IRET, SYSEXIT,
    /* 35 */ Halt, Reboot, Shutdown, SetPxE, SetPxELong,
    /* 40 */ UpdatePxE, UpdatePxELong, MachineToPhysical, PhysicalToMachine, AllocatePage,
    /* 45 */ ReleasePage, InvalPage, FlushTLB, SetLinearMapping, INL,
    /* 50 */ INB, INW, INSL, INSB, INSW,
    /* 55 */ OUTL, OUTB, OUTW, OUTSL, OUTSB,
    /* 60 */ OUTSW, SetIOPLMask, SetInitialAPState, APICWrite, APICRead,
    /* 65 */ IODelay, GetCycleFrequency, GetCycleCounter, SetAlarm, CancelAlarm,
    /* 70 */ GetWallclockTime, WallclockUpdated, SetCallbacks, SetLazyMode,
    CALLS
};
/* clang-format on */

enum reply { NONE, CALL, JUMP, NOP };

struct relocation {
    u32 entry;
    enum reply reply;
};

/* The ROM's header, as far as the guest uses it; the host looks at all of it. */
struct rom {
    u8 bytes[0x10];
    u32 virtual_top;
    u8 more[0x80 - 0x14];
    u8 init[8];
    u8 get_relocation[8];
} __attribute__((packed));

extern const struct rom *rom;
extern struct relocation relocations[CALLS];

const char *call_name(u32 number);
struct relocation relocate(u32 number); /* asks the ROM */
bool reply_allowed(u32 number, enum reply reply);
bool have(enum number number); /* it is answered by CALL */
u32 initialize(void);          /* VMI_Init */

/* A checked call. What the call does not take is filled with known values. A call answered by NOP
 * does nothing; NONE fails the test. Gives EDX:EAX. */
u64 call(enum number number, u32 a, u32 d, u32 c, u32 s, u32 s2);
u64 plain(enum number number, u32 a, u32 d, u32 c, u32 s, u32 s2);

/* The same in two steps: between them `run` may be changed. */
void call_prepare(enum number number, u32 a, u32 d, u32 c, u32 s, u32 s2);
u64 call_prepared(enum number number);

#define call0(number)             call(number, 0, 0, 0, 0, 0)
#define call1(number, a)          call(number, a, 0, 0, 0, 0)
#define call2(number, a, d)       call(number, a, d, 0, 0, 0)
#define call4(number, a, d, c, s) call(number, a, d, c, s, 0)

/* --- run.asm --------------------------------------------------------------------------------- */

enum { R_EAX, R_ECX, R_EDX, R_EBX, R_EBP, R_ESI, R_EDI, R_FLAGS };

extern struct run {
    u32 entry, stack, ds, es, fs, gs, in[8], args[2], out[8], esp_before, esp_after;
    u32 out_ds, out_es, out_fs, out_gs, out_args[2], out_guards[4];
    volatile u32 returned;
    u32 iret_flags;
} run;

#define ARITHMETIC 0x8D5u /* OF SF ZF AF PF CF */

void run_reset(void); /* known values everywhere, no segment null */
void run_checked(const char *name, u32 entry, u32 may_change);

void vmi_run(void);
STACK_ARGS u64 plain_call(va_t entry, u32 a, u32 d, u32 c, u32 s, u32 s2);
REGPARM bool probe_read(va_t va, u32 *value);
REGPARM bool probe_write(va_t va, u32 value);
REGPARM u32 read_fs(u32 offset);
REGPARM void load_fs(u32 selector);
REGPARM u32 enter_user(u32 eip, u32 esp, u32 eflags);
REGPARM NORETURN void leave_user(u32 result);
REGPARM bool guarded(void (*function)(void));
NORETURN void abandon(void);
void iret_probe(void);
void raise_ud(void);
void raise_bp(void);
extern const u8 iret_landing[], user_calls[], user_reads[], user_end[];
extern u32 user_count;

/* --- boot.asm -------------------------------------------------------------------------------- */

struct frame {
    u32 es, ds, edi, esi, ebp, unused_esp, ebx, edx, ecx, eax, vector, error, eip, cs, eflags;
    u32 esp, ss; /* of a program */
};

struct table_pointer {
    u16 limit;
    u32 base;
} __attribute__((packed));

extern u64 gdt[], idt[];
extern struct table_pointer gdt_pointer, idt_pointer;
extern pte_t boot_root[], boot_l2[], boot_l1[];
extern u32 system_calls;

/* --- traps.c --------------------------------------------------------------------------------- */

/* The last exception that a test wanted, and the interrupts of line 0. */
extern struct fault { u32 vector, error, cr2; } fault;

extern volatile struct interrupts {
    u32 count;
    u32 eip, cs, eflags, esi; /* where the last one came */
    u32 returned;             /* run.returned at that time */
    u32 mask;                 /* the interrupt mask in the handler */
    u64 time;
} interrupts;

extern void (*interrupt_hook)(void); /* more to do at each interrupt */
extern u32 expected_vector;          /* the next exception that is no mistake; */
extern u32 expected_skip;            /* so many bytes behind it it goes on */
extern u32 user_vector, user_error;  /* what ended the last program */
extern u32 user_frame;               /* where its trap frame began: ESP0 */
extern struct frame user_registers;

void traps_init(void);
u64 trap_gate(const void *entry, u32 type, u32 dpl);
void use_rom_iret(void);
bool timer_requested(void); /* the PIC holds a request of line 0 */
void settle(void);          /* no alarm, nothing pending, interrupts off */

#define GATE_INTERRUPT 0x8E
#define GATE_TRAP      0x8F

void out8(u32 port, u32 value); /* the instructions themselves, trapped or not */
u32 in8(u32 port);

/* --- main.c ---------------------------------------------------------------------------------- */

struct test {
    const char *name;
    void (*run)(void);
};

extern const struct test relocation_tests[], cpu_tests[], user_tests[], mmu_tests[];
extern const struct test interrupt_tests[], time_tests[];

void print(const char *format, ...) PRINTF_LIKE(1, 2);
void fail(const char *format, ...) PRINTF_LIKE(1, 2); /* the first reason counts */
bool failed(void);                                    /* has this test? */

#define EXPECT(condition, ...) \
    do {                       \
        if (!(condition)) {    \
            fail(__VA_ARGS__); \
            return;            \
        }                      \
    } while (0)

/* --- mmu.c ----------------------------------------------------------------------------------- */

#define PTE_P  0x01ull
#define PTE_W  0x02ull
#define PTE_U  0x04ull
#define PTE_A  0x20ull
#define PTE_D  0x40ull
#define PTE_PS 0x80ull
#define PTE_RO (PTE_P | PTE_A)
#define PTE_RW (PTE_P | PTE_W | PTE_A | PTE_D)

#define LEVEL_PT   0x01 /* flags of page-table calls */
#define LEVEL_PD   0x02
#define LEVEL_PDP  0x04
#define PAGE_PAE   0x10
#define PAGE_ZERO  0x40
#define CURRENT_AS 0x10

extern bool announce_roots;

u32 page(void); /* a zeroed frame's physical address, never given twice */
void *at(u32 pa);
void announce_boot_tables(void);
u32 user_space(const void *code, u32 size); /* a root with a program and its stack */

#define USER_CODE  0x08048000u
#define USER_STACK 0x0804A000u /* its top */

#endif
