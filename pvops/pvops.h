/* SPDX-License-Identifier: MIT
 * pvops/pvops.h: the table of privileged operations, and how to call it.
 *
 * Runs:  everywhere in the kernel, from its first instruction: the table is native's at link time.
 * Needs: pvops.def, the one list of ops, from which everything here is made.
 * Gives: struct pv_ops, an enum of ops, struct pv_info, the types that ops take; and through
 *        pv_call.h a function an op: irq_disable(), set_pte(), ...
 * Read first: pvops.def.
 */
#ifndef PVOPS_PVOPS_H
#define PVOPS_PVOPS_H

#include "lib/types.h"
#include "lib/x86.h"
#include "pvops/host.h"

/* Every body that is written in C takes its arguments in EAX, EDX, ECX: so a site in C or in
 * NASM can be patched into a direct call without moving anything. */
#define PV_ABI __attribute__((regparm(3)))

struct cpuid_regs {
    u32 eax, ebx, ecx, edx;
};

/* What setup() finds out from the loader. */
struct boot_info {
    char cmdline[512];
    u32 ram_pages;           /* frames 0 .. ram_pages-1; 640 KiB to 1 MiB are the PC's */
    u32 mapped_pages;        /* of which the boot tables' direct map covers these */
    u32 first_free;          /* the first frame behind the kernel image */
    pa_t initrd, initrd_end; /* equal if there is none */
    pte_t *root;             /* the boot tables' root; it stays the kernel's */
};

#define LAZY_MMU 1
#define LAZY_CPU 2

#define PT_L1   1
#define PT_L2   2
#define PT_ROOT 3

#define CONSOLE_EMPTY 0xFFFFFFFFu

/* Groups are headings of the list, for people: whoever wants more of them redefines this. */
#define PV_GROUP(group, doc)

struct pv_ops {
#define PV_OP(group, kind, ret, name, params, args, doc) ret(PV_ABI *name) params;
#include "pvops/pvops.def"
#undef PV_OP
};

enum pv_op {
#define PV_OP(group, kind, ret, name, params, args, doc) PV_##name,
#include "pvops/pvops.def"
#undef PV_OP
    PV_OPS
};

/* What a backend is, besides its bodies. */
struct pv_info {
    const char *name;
    u32 kernel_rpl;     /* the ring that the kernel runs in */
    va_t va_top;        /* the kernel's linear space ends here */
    bool own_kernel_l2; /* each root needs an L2 table of its own for the kernel */
    bool no_pc_devices; /* there is no PIC, no PIT, no keyboard, no port */
    /* To the hypervisor and back, for nothing. NULL: there is none. */
    PV_ABI void (*null_exit)(void);
};

extern struct pv_ops pv_ops;   /* the table in force */
extern struct pv_info pv_info; /* the backend in force */

/* The values of the command line's pv keys. */
struct pv_options {
    const char *backend; /* pv=: "auto", or the one backend wanted */
    const char *patch;   /* pv.patch= */
    bool lazy;           /* pv.lazy=: may updates wait? */
    bool extensions;     /* pv.ext=: may vmi use what is not in the standard? */
};

/* Chooses a backend, fills the table with it, patches every site, prints the banner. Runs once,
 * at boot, interrupts off. Powers off with EXIT_NO_BACKEND if the backend wanted is not there. */
void pv_choose(const struct pv_options *options);

/* What the table and the sites hold, for people: lib/abi.h, PV_Q_*. Returns the bytes of the
 * answer, or a negative errno. */
union pv_answer;
int pv_query(u32 what, u32 index, union pv_answer *answer);

#include "pvops/pv_call.h"

#endif
