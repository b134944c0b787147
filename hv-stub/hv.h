/* SPDX-License-Identifier: MIT
 * hv-stub/hv.h: what a guest is to the hypervisor, and every function that one part of hv-stub
 * calls in another.
 *
 * hv-stub runs in ring 0 with interrupts off, in an address space of its own, in which every
 * physical address is its own linear address. A guest kernel runs in ring 1, its programs in
 * ring 3, on shadow page tables; of the hypervisor only the switcher is mapped there. All state
 * of a guest hangs off struct guest and struct vcpu.
 */
#ifndef HV_STUB_HV_H
#define HV_STUB_HV_H

#include "hv-stub/host.h"
#include "lib/hv.h"
#include "lib/multiboot.h"
#include "lib/pc.h"
#include "lib/string.h"
#include "lib/types.h"
#include "lib/x86.h"

/* --- switcher.asm: between a guest and us --------------------------------------------------- */

/* Loads a shadow root and goes to where the frame at HV_FRAME says. */
NORETURN void switcher_enter(u32 root);

/* --- what a guest is ------------------------------------------------------------------------ */

struct vpic {
    u8 requested, masked, in_service;
    u8 vector;         /* of its first line */
    u8 init_step;      /* the ICW that comes next; 0: it is not being initialized */
    bool read_service; /* the next read is of in_service, not requested */
    bool pending;      /* it would interrupt, if it were let */
};

/* An interrupt of line 0 to come. Both are TSC ticks; deadline 0: none, period 0: only once. */
struct alarm {
    u64 deadline, period;
};

enum { ALARM_REAL, ALARM_AVAILABLE, ALARM_PIT, ALARMS }; /* VMI's two times are the same */

struct vpit {
    struct vpit_channel {
        u8 mode;
        bool have_low; /* the count's low byte was written, its high byte comes next */
        u32 count;
        u64 start; /* TSC when it began to count down */
    } channel[3];
    u8 port_b;
};

/* An entry of a page table. No machine of ours has memory above 4 GiB: one whose high half is not 0
 * maps nothing that a guest could have. */
struct entry {
    u32 low, high;
};

#define CR0_PE 0x00000001u
#define CR0_TS 0x00000008u
#define CR0_WP 0x00010000u
#define CR0_PG 0x80000000u

#define FLAG_VM 0x20000u /* of EFLAGS */

struct vcpu {
    u32 cr[5];
    const struct entry *pdpt; /* where CR3 points to; NULL: not into its memory */
    struct table_pointer gdt, idt;
    struct gate {
        va_t entry;
        u32 selector : 16, type : 5, dpl : 2;
        u32 good : 1; /* it was looked up, and names code of the guest kernel's */
    } gate[256];      /* of the IDT; see gates_forget */
    u32 task;         /* the task register's selector */
    va_t tss;         /* and where its TSS is */
    bool halted;      /* it waits for an interrupt */
    u32 root;         /* of the shadow tables, physical */
    struct vpic pic;
    struct vpit pit;
    struct alarm alarm[ALARMS];
    u32 keyboard_unread; /* bytes sent to it since one was read */

    /* after VMI_Init */
    bool vmi;
    u32 stack_selector, stack_pointer; /* for traps from ring 3 */
    bool stack_good;                   /* and that is a stack segment */
    struct linear {
        va_t va;
        u32 size;
        u8 *memory;
    } linear; /* the direct map that it told us of */
};

/* What a page of the shadow pool stands for: this table of the guest's, used in this way. */
enum shadow_kind {
    SHADOW_LARGE_PAGE, /* an L1 table for a large page: gfn is the page's first frame */
    SHADOW_L1,
    SHADOW_L2,
    SHADOW_L2_TOP, /* under slot 3: with the switcher's entry */
    SHADOW_ROOT
};

struct shadow {
    u32 gfn;
    u32 kind; /* enum shadow_kind */
    u32 next; /* another one of the same frame, or among the released */
};

/* Stands for the frame of a table that the guest does not have: the one behind its memory. */
#define NO_TABLE(guest) ((guest)->pages)

struct guest {
    struct vcpu vcpu;
    u8 *base;  /* where its memory is in the machine */
    u32 pages; /* of memory */
    struct {
        u8 *pages;           /* the pool; page i shadows what info[i] says */
        struct shadow *info; /* by number of the page */
        u32 *first;          /* by frame: the number of a page that shadows it */
        u32 *l1;             /* by frame of the machine: that page, if it is all, and an L1 table */
        u32 above_screen;    /* bytes of memory */
        u8 *announced;       /* a bit a frame of the guest's */
        bool unannounced;    /* there are shadows of tables that were not */
        u32 used, size;      /* pages */
        u32 released[SHADOW_ROOT + 1];
    } shadow;
    u32 exits[REASONS];
    u64 cycles[REASONS];   /* spent on them, with hv.stats=on */
    enum hv_reason reason; /* of the exit being handled */
    u64 entered;           /* TSC when it came */
};

/* The stack page and the shared page that are mapped are those of the guest that runs. */
static inline struct trap_frame *frame_of(const struct vcpu *vcpu) {
    return (struct trap_frame *)HV_FRAME;
}

static inline struct vcpu_shared *shared_of(const struct vcpu *vcpu) {
    return (struct vcpu_shared *)HV_SHARED;
}

/* What a call or an instruction returns in EDX:EAX. */
static inline void return_u64(struct trap_frame *frame, u64 value) {
    frame->eax = (u32)value;
    frame->edx = (u32)(value >> 32);
}

static inline struct guest *guest_of(const struct vcpu *vcpu) {
    return (struct guest *)((u32)vcpu - offsetof(struct guest, vcpu));
}

static inline void count_exit(struct vcpu *vcpu, enum hv_reason reason) {
    guest_of(vcpu)->exits[reason]++;
    guest_of(vcpu)->reason = reason;
}

/* --- guest.c: its memory, its start, its end -------------------------------------------------- */

/* Why hv-stub stopped a guest; HV_EXIT_BASE + this is the run's status byte. */
enum stop {
    STOP_LOAD,     /* its file cannot be loaded */
    STOP_FAULT,    /* a fault without a handler, or without a stack for one */
    STOP_MEMORY,   /* it used memory that it does not have */
    STOP_MODE,     /* it asked for a mode of the CPU that there is not */
    STOP_INTERNAL, /* hv-stub found a fault of its own */
};

NORETURN void guest_stop(enum stop why, const char *format, ...) PRINTF_LIKE(2, 3);
NORETURN void guest_ended(u32 status_byte); /* it powered off by itself */
void guest_load(struct guest *guest, const struct multiboot_module *kernel,
                const struct multiboot_module *initrd);

/* NULL if the guest does not have that much memory there. */
void *guest_memory(const struct guest *guest, u32 pa, u32 size);

/* The same for a page, by its number. */
static inline void *guest_page(const struct guest *guest, u32 gfn) {
    return gfn < guest->pages ? guest->base + (gfn << PAGE_SHIFT) : NULL;
}

/* --- walk.c: the guest's own page tables ------------------------------------------------------ */

#define PTE_ADDRESS    0xFFFFF000u
#define INDEX_ROOT(va) ((va) >> 30)
#define INDEX_L2(va)   ((va) >> 21 & 511)
#define INDEX_L1(va)   ((va) >> 12 & 511)

/* How a linear address of the guest translates. */
struct walk {
    u32 l2_table, l1_table; /* frames; a large page has no L1 table */
    u32 l2, l1;             /* entries; for a large page both are the same */
    u32 gfn;                /* the frame that is mapped */
    u32 error;              /* or why there is none: the error code of the page fault */
};

/* Walks as the CPU would, for an access with these PF_ bits, and sets A and D. False: it faults,
 * and of *walk only the error counts. */
bool walk(struct vcpu *vcpu, va_t va, u32 access, struct walk *walk);
void walk_from(struct vcpu *vcpu, u32 cr3); /* CR3 is loaded */

/* Where the mapping that the guest told us of has a linear address; NULL: nowhere. */
static inline void *direct_memory(struct vcpu *vcpu, va_t va, u32 size) {
    u32 offset = va - vcpu->linear.va;

    if (offset >= vcpu->linear.size || size > vcpu->linear.size - offset) return NULL;
    return vcpu->linear.memory + offset;
}

/* The guest kernel's view of its linear memory; false: not all of it is mapped (writable). */
bool read_linear(struct vcpu *vcpu, va_t va, void *to, u32 size);
bool write_linear(struct vcpu *vcpu, va_t va, const void *from, u32 size);

/* --- shadow.c ----------------------------------------------------------------------------------- */

void shadow_init(struct guest *guest, u8 *pool, u32 size);
void shadow_flush(struct vcpu *vcpu); /* forget everything, as a TLB does */
void shadow_flush_one(struct vcpu *vcpu, va_t va);
void shadow_fill(struct vcpu *vcpu, va_t va, const struct walk *walk);
void shadow_announce(struct vcpu *vcpu, u32 gfn, u32 level); /* 1, 2, or 3: a root */
void shadow_release(struct vcpu *vcpu, u32 gfn);
void shadow_update(struct vcpu *vcpu, const struct entry *entry);
const va_t *shadow_update_plain(struct vcpu *vcpu, const va_t *next, const va_t *end);

/* --- segments.c: descriptors ---------------------------------------------------------------------- */

extern u64 host_gdt[], host_idt[]; /* the CPU's */

void segments_flat(void);   /* what a Multiboot loader leaves: flat code and data, in ring 1 */
void segments_reload(void); /* FS and GS, as SetGDT does */
bool segments_update(struct vcpu *vcpu, u32 selector); /* did that one change? It is now as new */
bool selector_is_code(u32 selector, u32 ring);
bool selector_is_data(u32 selector, u32 ring); /* writable: for a stack */

static inline va_t base_of(u64 descriptor) {
    u32 low = (u32)descriptor, high = (u32)(descriptor >> 32);

    return low >> 16 | (high & 0xFF) << 16 | (high & 0xFF000000);
}

static inline va_t selector_base(u32 selector) {
    return base_of(host_gdt[selector / 8 % GDT_SIZE]);
}

/* lgdt or lidt: the table is the vcpu's own; false: that memory is not mapped. */
bool guest_load_table(struct vcpu *vcpu, struct table_pointer *table, va_t from);
void guest_table_changed(struct vcpu *vcpu, const struct table_pointer *table);
bool guest_load_task(struct vcpu *vcpu, u32 selector); /* ltr; false: that is no available TSS */

/* --- events.c: exceptions and interrupts into the guest --------------------------------------------- */

#define NO_ERROR 0xFFFFFFFFu
void inject(struct vcpu *vcpu, u32 vector, u32 error);      /* error: or NO_ERROR */
void inject_int(struct vcpu *vcpu, u32 vector, u32 length); /* INT n, of that many bytes */
void guest_iret(struct vcpu *vcpu);
u32 guest_flags(const struct vcpu *vcpu); /* EFLAGS as the guest should see them */
void guest_set_flags(struct vcpu *vcpu, u32 flags);
void gates_forget(struct vcpu *vcpu); /* its IDT or GDT has changed */

/* --- emulate.c ---------------------------------------------------------------------------------------- */

bool emulate_general(struct vcpu *vcpu); /* after #GP; false: the fault is the guest's own */
bool emulate_forced(struct vcpu *vcpu);  /* after #UD; false: there is no HV_PREFIX */

/* Single instructions; false: that would fault. */
void guest_input(struct vcpu *vcpu, u32 port, u32 size);
void guest_output(struct vcpu *vcpu, u32 port, u32 size);
void guest_cpuid(struct vcpu *vcpu);
bool guest_rdmsr(struct vcpu *vcpu);
bool guest_write_control(struct vcpu *vcpu, u32 number, u32 value);

/* --- vmi.c ------------------------------------------------------------------------------------ */

void vmi_install_rom(const struct guest *guest);
bool vmi_remove_call(u32 number); /* false: there is none of that number */
void vmi_call(struct vcpu *vcpu);
void vmi_read_queue(struct vcpu *vcpu);
void vmi_interrupted(struct vcpu *vcpu);

/* --- devices.c, vpic.c, vpit.c -------------------------------------------------------------------------- */

u32 port_read(struct vcpu *vcpu, u32 port);
void port_write(struct vcpu *vcpu, u32 port, u32 value);
void vpic_request(struct vpic *pic, u32 line); /* 0 to 7 */
u32 vpic_accept(struct vpic *pic); /* of what is pending: its vector; it is then in service */
u32 vpic_read(const struct vpic *pic, u32 port);
void vpic_write(struct vpic *pic, u32 port, u32 value);
u32 vpit_read(struct vcpu *vcpu, u32 port);
void vpit_write(struct vcpu *vcpu, u32 port, u32 value);

/* --- timer.c: the machine's timer, for all the alarms of a guest ---------------------------- */

void timer_arm(struct vcpu *vcpu);       /* an alarm has changed */
void timer_interrupt(struct vcpu *vcpu); /* the machine's timer has fired */

/* --- host.c: the machine ------------------------------------------------------------------------------------ */

void host_init(void);
void host_timer(u64 deadline); /* TSC; 0: none */
void host_interrupt(struct vcpu *vcpu, u32 irq);
u64 host_ticks(u64 pit_counts); /* TSC ticks that so many counts of a PIT take */
void host_direct_stack(u32 selector, u32 sp);
NORETURN void host_leave(u32 status_byte);

/* --- console.c: lines of our own, between the guest's ------------------------------------------- */

void hv_print(const char *format, ...) PRINTF_LIKE(1, 2);
void hv_vprint(const char *format, va_list args);
void console_drain(void);
void console_guest_wrote(u32 byte);
void console_guest_text(const char *text, u32 length);

/* --- main.c, trap.c -------------------------------------------------------------------------------- */

extern struct guest the_guest;
extern struct hv_options {
    bool rom;   /* hv.rom: is there one? */
    bool stats; /* hv.stats: print the exits, and what they cost, when the guest has ended */
    bool trace; /* hv.trace: a line an exit */
    bool watch; /* either */
} hv_options;

#endif
