/* SPDX-License-Identifier: MIT
 * tests/vmi/user.c: VMI_IRET to ring 3, system calls, and the stack that traps from there use.
 */
#include "tests/vmi/vmitest.h"
#include "lib/string.h"

#define SYSTEM_CALLS 1000
#define FLAGS_USER   0x202u

static u32 stack_page;

/* Runs the program of SYSTEM_CALLS calls, and looks at how it came back. */
static void run_program(u32 stack_top) {
    u32 root = user_space(user_calls, (u32)(user_end - user_calls));
    u32 result, flags;

    call1(SetCR3, root);
    system_calls = 0;
    user_count = SYSTEM_CALLS;
    result = enter_user(USER_CODE, USER_STACK, FLAGS_USER | ARITHMETIC);
    EXPECT(user_vector == VECTOR_SYSCALL, "vector %u, error %x, after %u system calls", user_vector,
           user_error, system_calls);
    EXPECT(result == 1 && system_calls == SYSTEM_CALLS, "%u system calls, result %u", system_calls,
           result);
    EXPECT(user_frame == stack_top, "the trap came on a stack at %08x, not %08x", user_frame,
           stack_top);
    EXPECT(user_registers.ebx == 0xB0B0B0B0 && user_registers.edx == 0xD0D0D0D0 &&
               user_registers.ebp == 0xEB0EB0EB && user_registers.esi == 0x51515152 &&
               user_registers.edi == 0xD1D1D1D1 && user_registers.ecx == 0,
           "registers of the program have changed");
    EXPECT(user_registers.cs == USER_CS && (user_registers.ss & 0xFFFF) == USER_DS &&
               (user_registers.ds & 0xFFFF) == USER_DS && user_registers.esp == USER_STACK,
           "CS %x SS %x DS %x ESP %08x", user_registers.cs, user_registers.ss, user_registers.ds,
           user_registers.esp);
    flags = user_registers.eflags;
    EXPECT(flags & 0x200 && !(flags & 0x23000), "its flags were %08x", flags);
    EXPECT((u32)call0(GetInterruptMask) == 0x200, "a trap gate has changed the interrupt mask");
    call0(DisableInterrupts);
}

/* Nobody has told of a stack but the TSS, at SetTR. */
static void stack_of_the_tss(void) {
    const u32 *tss = (const u32 *)((u32)(gdt[TSS_SEL / 8] >> 16 & 0xFFFFFF) |
                                   (u32)(gdt[TSS_SEL / 8] >> 32 & 0xFF000000));

    run_program(tss[1]);
}

static void kernel_stack(void) {
    stack_page = page();
    call2(UpdateKernelStack, KERNEL_DS, (u32)at(stack_page) + PAGE_SIZE);
    run_program((u32)at(stack_page) + PAGE_SIZE);
    call2(UpdateKernelStack, KERNEL_DS, (u32)at(stack_page) + PAGE_SIZE / 2);
    run_program((u32)at(stack_page) + PAGE_SIZE / 2);
}

/* After these three whatever was prepared for system calls is prepared anew. */
static void tables_again(void) {
    u64 gate = idt[VECTOR_SYSCALL];

    call4(WriteIDTEntry, (u32)idt, VECTOR_SYSCALL, 0, 0);
    call4(WriteIDTEntry, (u32)idt, VECTOR_SYSCALL, (u32)gate, (u32)(gate >> 32));
    run_program((u32)at(stack_page) + PAGE_SIZE / 2);
    call1(SetGDT, (u32)&gdt_pointer);
    call1(SetIDT, (u32)&idt_pointer);
    run_program((u32)at(stack_page) + PAGE_SIZE / 2);
}

/* An interrupt gate for system calls masks interrupts until the iret. */
static void interrupt_gate(void) {
    u64 gate = idt[VECTOR_SYSCALL], other = (gate & ~(0xFFull << 40)) | 0xEEull << 40;

    call4(WriteIDTEntry, (u32)idt, VECTOR_SYSCALL, (u32)other, (u32)(other >> 32));
    call1(SetCR3, user_space(user_calls, (u32)(user_end - user_calls)));
    user_count = 10;
    system_calls = 0;
    enter_user(USER_CODE, USER_STACK, FLAGS_USER);
    call4(WriteIDTEntry, (u32)idt, VECTOR_SYSCALL, (u32)gate, (u32)(gate >> 32));
    EXPECT(user_vector == VECTOR_SYSCALL && system_calls == 10, "vector %u", user_vector);
    EXPECT(user_registers.eflags & 0x200, "the program's IF was 0");
    EXPECT((u32)call0(GetInterruptMask) == 0, "the handler ran with interrupts on");
}

/* A program reads from `va`: the vector, or its system call's number. */
static u32 user_read(u32 va) {
    u8 code[16];

    memcpy(code + 5, user_reads, (u32)(user_end - user_reads));
    code[0] = 0xBF; /* mov edi, va */
    memcpy(code + 1, &va, sizeof va);
    call1(SetCR3, user_space(code, sizeof code));
    enter_user(USER_CODE, USER_STACK, FLAGS_USER);
    return user_vector;
}

static void user_faults(void) {
    EXPECT(user_read(USER_CODE) == VECTOR_SYSCALL, "it cannot read its own code: vector %u",
           user_vector);
    EXPECT(user_read((u32)gdt) == VECTOR_PF && user_error == 5, "kernel memory: vector %u error %x",
           user_vector, user_error);
    EXPECT(user_read(rom->virtual_top) == VECTOR_PF && user_error == 5,
           "the ROM: vector %u error %x", user_vector, user_error);
    EXPECT(user_read(0x30000000) == VECTOR_PF && user_error == 4, "nothing: vector %u error %x",
           user_vector, user_error);
    EXPECT(fault.cr2 == 0x30000000, "CR2 is %08x", fault.cr2);
}

/* INT n of any other vector is #GP, with the vector in its error code. */
static void user_int(void) {
    static const u8 vectors[] = {0, 14, 32, 0x7F, 0x81, 0x90, 0xDA, 0xFF};

    for (u32 i = 0; i < sizeof vectors; i++) {
        const u8 code[] = {0xCD, vectors[i]};

        call1(SetCR3, user_space(code, sizeof code));
        enter_user(USER_CODE, USER_STACK, FLAGS_USER);
        EXPECT(user_vector == VECTOR_GP && user_error == vectors[i] * 8u + 2,
               "INT %x: vector %u, error %x", vectors[i], user_vector, user_error);
    }
}

const struct test user_tests[] = {
    {"system calls on the stack of the TSS", stack_of_the_tss},
    {"UpdateKernelStack, and system calls", kernel_stack},
    {"system calls after changes of tables", tables_again},
    {"system calls by an interrupt gate", interrupt_gate},
    {"page faults of programs", user_faults},
    {"INT n of programs", user_int},
    {NULL, NULL},
};
