/* SPDX-License-Identifier: MIT
 * tests/hostile/hostile.h: a kernel that attacks the hypervisor below it, case by case.
 *
 * Runs:  in ring 1 on hv-stub; for single attacks in ring 3. What its command line names is done
 *        in that order: cases, or `all`, which is each case after which the guest goes on.
 * Gives: a line a case, `NAME: ok` or `NAME: FAILED: what`; the others end in hv-stub's own
 *        `guest stopped` line. tests/test_hostile.py has the list of what must come of each.
 *
 * A case is one function, and one line in the table of main.c. Numbers are read by NASM too.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "lib/hv.h"
#include "lib/string.h"
#include "lib/types.h"

/* --- boot.asm: one attack --------------------------------------------------------------------- */

#define SEL_CODE      0x09
#define SEL_DATA      0x11
#define SEL_USER_CODE 0x1B
#define SEL_USER_DATA 0x23
#define SEL_TSS       0x28
#define SEL_SPARE     0x30 /* from here on for attacks */

#define VECTOR_UD   6
#define VECTOR_TS   10
#define VECTOR_NP   11
#define VECTOR_SS   12
#define VECTOR_GP   13
#define VECTOR_PF   14
#define VECTOR_IRQ  0x20
#define VECTOR_CALL 0x80
#define VECTOR_DONE 0x81 /* a program ends by this one */
#define NO_FAULT    0xFFFFFFFF

extern struct fault {
    u32 vector, error, eip, cs, eflags, cr2;
} fault; /* the last one; vector NO_FAULT: the attack came to its end */

typedef STACK_ARGS void attack(u32 argument);

/* Does it, and says whether it faulted. Afterwards segments and stack are as they were. */
STACK_ARGS bool attempt(attack *attack, u32 argument);

/* The same in ring 3. A program finds its argument in EAX, and ends by INT VECTOR_DONE. */
STACK_ARGS bool attempt_user(const void *program, u32 argument);

attack peek, peek_ss, peek_cs, peek_fs, poke, poke_fs; /* a word at that address */
attack leap, leap_on;   /* there; an iret or a ret leads back; with IF set */
attack lose_descriptor; /* all segment registers loaded with it, then the descriptor replaced */
attack spin_with_esp;   /* for ever, interrupts on */
attack fill_up;         /* words from there on, until something stops it */
attack load_fs, load_ds, load_es, load_gs, load_ss, far_jump, far_call;
attack trap_with_esp, call_with_esp, push_with_esp; /* ESP is the argument */
attack iret_there;                       /* iret in one instruction, with the frame that is there */
attack iret_forced, iret_rom, iret_call; /* by hv-stub; in the ROM; by its call */
attack call_registers;                   /* a call with `registers`, and back into them */
attack step_through;                     /* a bit of everything, TF set */

extern struct registers {
    u32 eax, ecx, edx, ebx, esi, edi;
    u32 stack[2]; /* what lies above the return address */
} registers;

extern const u8 attempt_survived[]; /* where a frame may lead to: the end of an attempt */
extern volatile u32 irq_count, steps;
extern volatile bool irq_eoi, stepping; /* what handlers do; steps are counted, nothing else */

/* --- guest.c ---------------------------------------------------------------------------------- */

enum mode { UNPAGED, PAGED, PARAVIRTUAL };

void print(const char *format, ...) PRINTF_LIKE(1, 2);
void uart_init(void);
void end(u32 status) __attribute__((noreturn));

extern bool checks_limits; /* this machine's CPU, as Bochs's and no TCG's, checks segment limits */
extern u32 memory_end;     /* the guest's memory, in bytes */

void guest_init(u32 memory);
void guest_enter(enum mode mode); /* all tables as they should be, interrupts off */
u32 fence_sum(void); /* over what can be read of the hypervisor's pages, and must not change */

/* Descriptors */
extern u64 gdt[64], idt[256];
extern u32 tss[26];
#define DATA_SEGMENT 0x00CF92000000FFFFull
#define CODE_SEGMENT 0x00CF9A000000FFFFull
#define DPL(ring)    ((u64)(ring) << 45)
u64 segment(u64 kind, u32 base, u32 limit); /* limit in pages */
void set_spare(u64 descriptor);             /* SEL_SPARE, and lgdt */
u64 gate(u32 type, u32 dpl, u32 selector, u32 offset);
#define INTERRUPT_GATE 0x8E
#define TRAP_GATE      0x8F
#define TASK_GATE      0x85
void load_gdt(const void *base, u32 limit);
void load_idt(const void *base, u32 limit);

/* Page tables. ATTACK is mapped by attack_l1, of attack_l2; below 1 GiB all is what it is. */
#define ATTACK 0x40000000
#define P      0x001
#define PW     0x003
#define PWU    0x007
#define A      0x020
#define D      0x040
#define LARGE  0x083
extern pte_t root[512], low_l2[512], attack_l2[512], attack_l1[512], top_l2[512], top_l1[512];
extern u8 page[4096], spare_pages[16][4096];
void flush(void);
void load_cr3(u32 value);

/* VMI */
bool vmi_init(void);
u64 relocation(u32 call); /* type in bits 32 to 39 */
u64 vmi(u32 call, u32 eax, u32 edx, u32 ecx, u32 first, u32 second);

/* Interrupts */
void irqs(bool on);
void pic_init(u32 masked);
void timer_start(u32 mode, u32 count);
u32 cycles(void);
void wait_cycles(u32 count);
void wait_interrupts(u32 count); /* since the case began */
#define CYCLES_A_WHILE 20000000

static inline void out8(u32 value, u32 port) {
    asm volatile("outb %b0, %w1" : : "a"(value), "d"(port));
}

static inline u32 in8(u32 port) {
    u8 value;

    asm volatile("inb %w1, %0" : "=a"(value) : "d"(port));
    return value;
}

/* --- main.c ------------------------------------------------------------------------------------- */

/* What must hold; if not, the case has failed and says so. */
void expect(bool holds, const char *format, ...) PRINTF_LIKE(2, 3);

/* The last attempt must have ended with this vector (or NO_FAULT) and error code. */
void expect_fault(u32 vector, u32 error, const char *what);

/* Machine code in ring 1, which is to end by itself (ret) or by a fault; and in ring 3. */
#define RUN(...)      run((const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}))
#define RUN_USER(...) run_user((const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}))
bool run(const u8 *bytes, u32 count);
bool run_user(const u8 *bytes, u32 count);
#define DONE 0xCD, VECTOR_DONE
#define RET  0xC3

extern u32 option_calls, option_seed; /* calls=, seed=: of the generator in calls.c */
extern u32 option_say;                /* say=N: it prints each call from the N-th on */
extern u32 option_base; /* base=: where the guest's memory is in the machine, as hv-stub says */

void map_around(void); /* at ATTACK: hv-stub's first page, if it does not look */

/* What the files of cases give to the table. */
typedef void hostile(void);
hostile fence, own_memory, own_memory_paged, reserved_bits, slot_3, loops, self_map, read_only,
    pool, aliases;
hostile beyond, page_beyond, page_above, large_beyond, table_beyond, table_above, l2_beyond,
    cr3_beyond, cr3_top;
hostile dpl_0, top_base, expand_down, conforming, gates, host_selectors, task_register, wild_tables,
    segment_gone, not_code, top_selector;
hostile no_gdt, gdt_unmapped, stack_gone, ring_2;
hostile privileged, ring_3, flags, nested_task, iret_frames, bad_esp, stack_page, single_step,
    debug_registers, gate_wild, gate_dpl, timer_storm, no_eoi, rom_middle;
hostile no_idt, idt_unmapped, gate_host_selector, gate_null, gate_absent, gate_task, gate_switcher,
    tss_switcher, tss_garbage, tss_unmapped, fault_with_bad_esp, push_into_switcher,
    interrupt_with_bad_esp, no_handler, halt_for_ever, halt_idle;
hostile ports, string_io, silent_console, slow_console;
hostile relocations, init_unpaged, init_twice, early_calls, calls, shared_garbage, queue_index,
    large_alias, linear_mapping, linear_unaligned, alarm_storm, console_far, direct_gate,
    direct_gate_switcher, direct_stack;
hostile wild_calls, queue_garbage, direct_stack_switcher, direct_stack_unmapped, direct_stack_page,
    iret_high, vm86, vm86_fault, console_endless;
hostile accessed_dirty, flushes, flushes_vmi, reused, writable_table, large_pages, large_unaligned,
    invlpg_large, relinked, dirty_by_each, release_large;
hostile operands_beyond, page_around, entry_around, announce_beyond, loops_vmi, uart_storm, tss_top,
    iret_nowhere, real_mode, two_level, no_write_protect, ldt, task_unavailable, pointer_nowhere,
    descriptor_nowhere;

#endif
