/* SPDX-License-Identifier: MIT
 * tools/bench/direct/pvops/pv_call.h: what the kernel would call if there were no table.
 *
 * Runs:  in build/direct/kernel-direct.elf, built with this folder before the real one on the
 *        path of headers: the same sources, where each op is the instruction itself, or a C call of
 *        native's body. It boots on the bare machine only, and is the zero of `make bench`.
 * Read first: the real pvops/pv_call.h, pvops/native.asm.
 */
#ifndef PVOPS_PV_CALL_H
#define PVOPS_PV_CALL_H

#include "pvops/pvops.h"

/* --- one instruction, or two ----------------------------------------------------------------- */

static inline u32 irq_save(void) {
    u32 flags;

    asm volatile("pushf\n pop %0\n cli" : "=r"(flags) : : "memory");
    return flags;
}

static inline void irq_restore(u32 flags) {
    asm volatile("push %0\n popf" : : "r"(flags) : "memory", "cc");
}

static inline void irq_disable(void) { asm volatile("cli" : : : "memory"); }
static inline void irq_enable(void) { asm volatile("sti" : : : "memory"); }
static inline void safe_halt(void) { asm volatile("sti\n hlt" : : : "memory"); }

static inline u32 read_cr2(void) {
    u32 value;

    asm volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

static inline u32 read_cr3(void) {
    u32 value;

    asm volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}

static inline void write_cr3(u32 root) { asm volatile("mov %0, %%cr3" : : "r"(root) : "memory"); }

static inline void load_gdt(const struct table_pointer *gdt) {
    asm volatile("lgdt %0" : : "m"(*gdt) : "memory");
}

static inline void load_idt(const struct table_pointer *idt) {
    asm volatile("lidt %0" : : "m"(*idt) : "memory");
}

static inline void load_tr(u32 selector) { asm volatile("ltr %w0" : : "r"(selector) : "memory"); }

static inline void load_sp0(u32 sp) { asm volatile("mov %0, tss + 4" : : "r"(sp) : "memory"); }

static inline u64 rdmsr(u32 msr) {
    u64 value;

    asm volatile("rdmsr" : "=A"(value) : "c"(msr));
    return value;
}

static inline void wrmsr(u64 value, u32 msr) {
    asm volatile("wrmsr" : : "A"(value), "c"(msr) : "memory");
}

static inline u64 make_pte(u64 entry) { return entry; }
static inline u64 pte_pa(u64 pte) { return pte; }

static inline void set_pte(u64 pte, pte_t *ptep) {
    asm volatile("mov %2, 4(%0)\n mov %1, (%0)"
                 :
                 : "r"(ptep), "r"((u32)pte), "r"((u32)(pte >> 32))
                 : "memory");
}

static inline void set_pmd(u64 pte, pte_t *ptep) { set_pte(pte, ptep); }
static inline void set_pdpte(u64 pte, pte_t *ptep) { set_pte(pte, ptep); }

static inline void pt_announce(u32 pfn, u32 level) {}
static inline void pt_release(u32 pfn, u32 level) {}

static inline void flush_one(va_t va) {
    asm volatile("invlpg %0" : : "m"(*(char *)(uintptr_t)va) : "memory");
}

static inline void flush_all(void) { write_cr3(read_cr3()); }

static inline void lazy_begin(u32 mode) {}
static inline void lazy_end(void) {}

static inline u64 stolen_ns(void) { return 0; }

static inline u32 in8(u32 port) {
    u8 value;

    asm volatile("inb %w1, %0" : "=a"(value) : "d"(port) : "memory");
    return value;
}

static inline void out8(u32 value, u32 port) {
    asm volatile("outb %b0, %w1" : : "a"(value), "d"(port) : "memory");
}

static inline void io_delay(void) { asm volatile("outb %%al, $0x80" : : : "memory"); }

/* --- a call, also where the compiler sees the body ---------------------------------------------- */

#define CALLED(ret, name, params, ...)                         \
    __attribute__((noinline)) PV_ABI ret native_##name params; \
    static inline ret name params { return native_##name(__VA_ARGS__); }

CALLED(void, irqchip_init, (void))
CALLED(void, irq_unmask, (u32 irq), irq)
CALLED(u32, irq_eoi, (u32 irq), irq)
CALLED(void, cpuid, (struct cpuid_regs * regs), regs)
CALLED(void, write_gdt_entry, (u32 index, u64 descriptor), index, descriptor)
CALLED(void, write_idt_entry, (u32 vector, u64 gate), vector, gate)
CALLED(void, clock_init, (void))
CALLED(u64, clock_ns, (void))
CALLED(void, timer_set, (u64 deadline), deadline)
CALLED(void, timer_periodic, (u32 period), period)
CALLED(u64, wall_clock, (void))
CALLED(void, console_write, (const char *text, u32 length), text, length)
CALLED(u32, console_read, (void))
CALLED(void, setup, (struct boot_info * info), info)
CALLED(void, power_off, (u32 status), status)
CALLED(void, reboot, (void))
CALLED(void, crash, (void))

#endif
