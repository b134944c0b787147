/* SPDX-License-Identifier: MIT
 * arch/x86/arch.h: the interface of arch/x86, all that kernel/ may know of the machine.
 *
 * The portable kernel includes this header and pvops.h, and nothing else from below it.
 */
#ifndef ARCH_X86_ARCH_H
#define ARCH_X86_ARCH_H

#include "arch/x86/layout.h"
#include "pvops/pvops.h"

/* --- the direct map ------------------------------------------------------------------------ */

/* Where it begins: not a variable, but a symbol with that address, which the linker script sets. */
extern u8 direct_map[];

static inline void *va_of(pa_t pa) { return direct_map + (u32)pa; }

static inline pa_t pa_of(const void *va) { return (u32)((const u8 *)va - direct_map); }

static inline void *page_of(u32 pfn) { return va_of(pfn << PAGE_SHIFT); }

static inline u32 pfn_of(const void *page) { return (u32)pa_of(page) >> PAGE_SHIFT; }

/* --- page tables (paging.c) ---------------------------------------------------------------- */

/* One of the bits of an entry that the CPU leaves to us. */
#define PTE_COW 0x200ull

/* What user pages are mapped with. A and D are set from the start: the CPU need not write them,
 * nor a hypervisor track them. */
#define PTE_USER_RO (PTE_P | PTE_U | PTE_A)
#define PTE_USER_RW (PTE_P | PTE_U | PTE_A | PTE_W | PTE_D)

#define PT_ENTRIES 512

static inline u32 pte_pfn(pte_t pte) { return (u32)(pte_pa(pte) >> PAGE_SHIFT); }

/* The table that an L2 or root entry links. */
static inline pte_t *table_of(pte_t entry) { return page_of(pte_pfn(entry)); }

/* Maps all of memory, from what the boot tables map up to boot->ram_pages, and removes the
 * identity map. Once, at boot, after frame_init. */
void paging_init(const struct boot_info *boot);

/* Loads a root; NULL: one that only maps the kernel. */
void root_load(pte_t *root);

/* A root with the kernel's part and an empty L2 for a program. NULL: no memory. */
pte_t *root_create(void);

/* Loads the root `next` (NULL: as above) and gives back this one and all its tables; `leave` is to
 * give back the pages of each L1 table. */
void root_destroy(pte_t *root, pte_t *next, void (*leave)(const pte_t *l1));

/* The L2 table of a program: an entry for each L1 table that it has, else 0. */
pte_t *user_l2(const pte_t *root);

/* The L1 entry for a user address; pte_find: NULL if it has no table; pte_make: NULL if there
 * is no memory for one. */
pte_t *pte_find(pte_t *root, va_t va);
pte_t *pte_make(pte_t *root, va_t va);

/* --- traps (trap.c, entry.asm) ------------------------------------------------------------- */

/* Set by anyone who wants trap_exit_work() called before the next return to a program. Both are
 * the scheduler's, for entry.asm. */
extern u32 need_work;
void trap_exit_work(void);

/* A frame that starts a program at `entry` with this stack pointer. */
void frame_start(struct trap_frame *frame, va_t entry, va_t sp);

/* Symbols of NASM, not functions to call: where a new process starts to run. */
void trap_return(void);

/* IRQ lines */
#define IRQ_TIMER    0
#define IRQ_KEYBOARD 1
#define IRQ_SERIAL   4

/* Reading it has no effect. */
#define PORT_SERIAL_STATUS 0x3FD

/* --- CPU (cpu.c, switch.asm) --------------------------------------------------------------- */

/* GDT, IDT, TSS; what programs may not use is switched off. Once, at boot. */
void cpu_init(void);

/* Saves the callee-saved registers and the stack pointer, and goes on on another stack.
 * Interrupts off. */
void switch_stack(va_t *save, va_t load);

/* Prepares a new stack so that switch_stack to the result starts `function`, which returns to
 * `next`. */
va_t stack_prepare(void *top, void (*function)(void), void (*next)(void));

/* --- user memory (usercopy.asm) ------------------------------------------------------------ */

/* Copies between the kernel and the running program; 0, or -EFAULT if any byte of the user side
 * is not the program's (or, for writes, read-only). What came before it may be copied. */
int copy_from_user(void *to, va_t from, u32 length);
int copy_to_user(va_t to, const void *from, u32 length);

/* --- the end (panic.c of kernel/ uses these) ------------------------------------------------ */

/* Calls `visit` for each return address from frame pointer `ebp` on, inside one stack page. */
void walk_stack(u32 ebp, void (*visit)(va_t eip));
void print_frame(const struct trap_frame *frame);

/* Provokes a double fault, for SYS_crash. */
void crash_double_fault(void);

/* The console of a PC: which of its devices are used. */
#define CONSOLE_SERIAL 1
#define CONSOLE_VGA    2
void pc_console_use(u32 devices);

#endif
