/* SPDX-License-Identifier: MIT
 * tests/vmi/calls.c: the 74 calls: what each may be answered, takes, and may change.
 */
#include "tests/vmi/vmitest.h"

#define A 1u /* arguments */
#define D 2u
#define C 4u
#define S 8u

#define BIT(r)   (1u << (r))
#define STANDARD (BIT(R_EAX) | BIT(R_ECX) | BIT(R_EDX) | BIT(R_FLAGS))
#define FLAGS    BIT(R_FLAGS)
#define EAX      BIT(R_EAX)
#define OUTPUTS  (BIT(R_EAX) | BIT(R_EBX) | BIT(R_ECX) | BIT(R_EDX))
#define STRING   (BIT(R_ECX) | BIT(R_ESI) | BIT(R_EDI) | BIT(R_FLAGS))

#define MAY(reply) (1u << (reply))
#define MUST       MAY(CALL)               /* ring 1 cannot do it, or not notice it */
#define TRAPS      (MAY(CALL) | MAY(NONE)) /* the instruction itself would trap */
#define HINT       (MAY(CALL) | MAY(NONE) | MAY(NOP))
#define RETURNS    (MAY(CALL) | MAY(JUMP))

static const struct {
    const char *name;
    u32 replies, takes, changes;
} calls[CALLS] = {
    [CPUID] = {"CPUID", MUST, A | C, OUTPUTS},
    [WRMSR] = {"WRMSR", TRAPS, A | D | C, STANDARD},
    [RDMSR] = {"RDMSR", TRAPS, C, STANDARD},
    [SetGDT] = {"SetGDT", MUST, A, STANDARD},
    [SetLDT] = {"SetLDT", MUST, A, STANDARD},
    [SetIDT] = {"SetIDT", MUST, A, STANDARD},
    [SetTR] = {"SetTR", MUST, A, STANDARD},
    [GetGDT] = {"GetGDT", MUST, A, STANDARD},
    [GetLDT] = {"GetLDT", MUST, 0, STANDARD},
    [GetIDT] = {"GetIDT", MUST, A, STANDARD},
    [GetTR] = {"GetTR", MUST, 0, STANDARD},
    [WriteGDTEntry] = {"WriteGDTEntry", MUST, A | D | C | S, STANDARD},
    [WriteLDTEntry] = {"WriteLDTEntry", TRAPS, A | D | C | S, STANDARD},
    [WriteIDTEntry] = {"WriteIDTEntry", MUST, A | D | C | S, STANDARD},
    [UpdateKernelStack] = {"UpdateKernelStack", MUST, A | D, STANDARD},
    [SetCR0] = {"SetCR0", MUST, A, STANDARD},
    [SetCR2] = {"SetCR2", TRAPS, A, STANDARD},
    [SetCR3] = {"SetCR3", MUST, A, STANDARD},
    [SetCR4] = {"SetCR4", MUST, A, STANDARD},
    [GetCR0] = {"GetCR0", TRAPS, 0, STANDARD},
    [GetCR2] = {"GetCR2", TRAPS, 0, STANDARD},
    [GetCR3] = {"GetCR3", TRAPS, 0, STANDARD},
    [GetCR4] = {"GetCR4", TRAPS, 0, STANDARD},
    [WBINVD] = {"WBINVD", HINT, 0, STANDARD},
    [SetDR] = {"SetDR", HINT, A | D, STANDARD},
    [GetDR] = {"GetDR", TRAPS, A, STANDARD},
    [RDPMC] = {"RDPMC", TRAPS, C, STANDARD},
    [RDTSC] = {"RDTSC", TRAPS, 0, STANDARD},
    [CLTS] = {"CLTS", HINT, 0, STANDARD},
    [EnableInterrupts] = {"EnableInterrupts", MUST, 0, FLAGS},
    [DisableInterrupts] = {"DisableInterrupts", MUST, 0, FLAGS},
    [GetInterruptMask] = {"GetInterruptMask", MUST, 0, EAX | FLAGS},
    [SetInterruptMask] = {"SetInterruptMask", MUST, A, FLAGS},
    [IRET] = {"IRET", RETURNS, 0, 0},
    [SYSEXIT] = {"SYSEXIT", RETURNS | MAY(NONE), D | C, 0},
    [Halt] = {"Halt", MUST, 0, STANDARD},
    [Reboot] = {"Reboot", TRAPS, A, STANDARD},
    [Shutdown] = {"Shutdown", TRAPS, 0, STANDARD},
    [SetPxE] = {"SetPxE", TRAPS, A | D | C, STANDARD},
    [SetPxELong] = {"SetPxELong", MUST, A | D | C | S, STANDARD},
    [UpdatePxE] = {"UpdatePxE", HINT, A | D, STANDARD},
    [UpdatePxELong] = {"UpdatePxELong", MUST, A | D, STANDARD},
    [MachineToPhysical] = {"MachineToPhysical", HINT, A, STANDARD},
    [PhysicalToMachine] = {"PhysicalToMachine", HINT, A, STANDARD},
    [AllocatePage] = {"AllocatePage", MUST, A | D | C | S, STANDARD},
    [ReleasePage] = {"ReleasePage", HINT, A | D, STANDARD},
    [InvalPage] = {"InvalPage", MUST, A, STANDARD},
    [FlushTLB] = {"FlushTLB", MUST, A, STANDARD},
    [SetLinearMapping] = {"SetLinearMapping", HINT, A | D | C | S, STANDARD},
    [INL] = {"INL", TRAPS, D, EAX},
    [INB] = {"INB", TRAPS, D, EAX},
    [INW] = {"INW", TRAPS, D, EAX},
    [INSL] = {"INSL", TRAPS, D | C, STRING},
    [INSB] = {"INSB", TRAPS, D | C, STRING},
    [INSW] = {"INSW", TRAPS, D | C, STRING},
    [OUTL] = {"OUTL", TRAPS, A | D, 0},
    [OUTB] = {"OUTB", TRAPS, A | D, 0},
    [OUTW] = {"OUTW", TRAPS, A | D, 0},
    [OUTSL] = {"OUTSL", TRAPS, D | C, STRING},
    [OUTSB] = {"OUTSB", TRAPS, D | C, STRING},
    [OUTSW] = {"OUTSW", TRAPS, D | C, STRING},
    [SetIOPLMask] = {"SetIOPLMask", HINT, A, STANDARD},
    [SetInitialAPState] = {"SetInitialAPState", TRAPS, A | D, STANDARD},
    [APICWrite] = {"APICWrite", TRAPS, A | D, STANDARD},
    [APICRead] = {"APICRead", TRAPS, A, STANDARD},
    [IODelay] = {"IODelay", HINT, 0, STANDARD},
    [GetCycleFrequency] = {"GetCycleFrequency", TRAPS, 0, STANDARD},
    [GetCycleCounter] = {"GetCycleCounter", TRAPS, A, STANDARD},
    [SetAlarm] = {"SetAlarm", TRAPS, A | D | C | S, STANDARD},
    [CancelAlarm] = {"CancelAlarm", TRAPS, A, STANDARD},
    [GetWallclockTime] = {"GetWallclockTime", TRAPS, 0, STANDARD},
    [WallclockUpdated] = {"WallclockUpdated", TRAPS, 0, STANDARD},
    [SetCallbacks] = {"SetCallbacks", HINT, 0, STANDARD},
    [SetLazyMode] = {"SetLazyMode", HINT, A, STANDARD},
};

const struct rom *rom;
struct relocation relocations[CALLS];

const char *call_name(u32 number) { return calls[number].name; }

bool reply_allowed(u32 number, enum reply reply) {
    return reply <= NOP && calls[number].replies & MAY(reply);
}

bool have(enum number number) { return relocations[number].reply == CALL; }

/* --- poisoned calls -------------------------------------------------------------------------- */

static const char *const register_names[] = {"EAX", "ECX", "EDX", "EBX",
                                             "EBP", "ESI", "EDI", "flags"};

void run_reset(void) {
    static const u32 values[] = {0xA0A0A0A1, 0xC0C0C0C1, 0xD0D0D0D1, 0xB0B0B0B1,
                                 0xEB0EB0E1, 0x51515151, 0xD1D1D1D1};
    static bool odd;

    run = (struct run){.ds = KERNEL_DS | 1, .es = USER_DS, .fs = USER_DS, .gs = KERNEL_DS | 1};
    for (u32 i = 0; i < ARRAY_SIZE(values); i++) run.in[i] = odd ? ~values[i] : values[i];
    run.in[R_FLAGS] = odd ? ARITHMETIC | 2 : 2; /* DF is always 0 */
    run.args[0] = run.args[1] = GUARD;
    odd = !odd;
}

static void check_frame(const char *name) {
    EXPECT(run.esp_after == run.esp_before, "%s: ESP is off by %d", name,
           (int)(run.esp_after - run.esp_before));
    EXPECT(run.out_args[0] == run.args[0], "%s: its first stack word became %08x", name,
           run.out_args[0]);
    EXPECT(run.out_ds == run.ds && run.out_es == run.es && run.out_fs == run.fs &&
               run.out_gs == run.gs,
           "%s: DS ES FS GS became %x %x %x %x", name, run.out_ds, run.out_es, run.out_fs,
           run.out_gs);
    if (run.stack) return;
    EXPECT(run.out_args[1] == run.args[1], "%s: its second stack word became %08x", name,
           run.out_args[1]);
    for (u32 i = 0; i < 4; i++)
        EXPECT(run.out_guards[i] == GUARD, "%s: the stack above its arguments has changed", name);
}

/* Runs what has been put into `run`, then looks at everything that may not change. */
void run_checked(const char *name, u32 entry, u32 may_change) {
    u32 flags = ARITHMETIC | 0x400; /* and DF */

    run.entry = entry;
    vmi_run();
    check_frame(name);
    for (u32 i = R_EAX; i <= R_EDI; i++)
        if (!(may_change & BIT(i)))
            EXPECT(run.out[i] == run.in[i], "%s: %s was %08x, is %08x", name, register_names[i],
                   run.in[i], run.out[i]);
    EXPECT(!(run.out[R_FLAGS] & 0x400), "%s: DF is set", name);
    if (!(may_change & FLAGS))
        EXPECT(((run.out[R_FLAGS] ^ run.in[R_FLAGS]) & flags) == 0, "%s: flags %08x became %08x",
               name, run.in[R_FLAGS], run.out[R_FLAGS]);
}

/* The registers of a call are in place; all others are known values. */
static u64 run_call(enum number number) {
    switch (relocations[number].reply) {
    case CALL: break;
    case NOP: return 0;
    default: fail("%s: it is not there", calls[number].name); return 0;
    }
    run_checked(calls[number].name, relocations[number].entry, calls[number].changes);
    return (u64)run.out[R_EDX] << 32 | run.out[R_EAX];
}

void call_prepare(enum number number, u32 a, u32 d, u32 c, u32 s, u32 s2) {
    u32 takes = calls[number].takes;

    run_reset();
    if (takes & A) run.in[R_EAX] = a;
    if (takes & D) run.in[R_EDX] = d;
    if (takes & C) run.in[R_ECX] = c;
    if (takes & S) {
        run.args[0] = s;
        run.args[1] = s2;
    }
}

u64 call(enum number number, u32 a, u32 d, u32 c, u32 s, u32 s2) {
    call_prepare(number, a, d, c, s, s2);
    return run_call(number);
}

u64 call_prepared(enum number number) { return run_call(number); }

u64 plain(enum number number, u32 a, u32 d, u32 c, u32 s, u32 s2) {
    return have(number) ? plain_call(relocations[number].entry, a, d, c, s, s2) : 0;
}

/* --- the ROM's two entries ------------------------------------------------------------------- */

struct relocation relocate(u32 number) {
    run_reset();
    run.in[R_EAX] = number;
    run_checked("GetRelocationInfo", (u32)rom->get_relocation, STANDARD);
    if (run.out[R_EDX] & ~0xFFu) fail("GetRelocationInfo(%x): EDX is %08x", number, run.out[R_EDX]);
    return (struct relocation){run.out[R_EAX], run.out[R_EDX] & 0xFF};
}

u32 initialize(void) {
    run_reset();
    run_checked("VMI_Init", (u32)rom->init, STANDARD);
    return run.out[R_EAX];
}
