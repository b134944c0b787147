; SPDX-License-Identifier: MIT
; tests/minikernel/boot.asm: another kernel's boot and interrupt entry.
;
; Runs:  as a Multiboot loader leaves us, in ring 0 or in ring 1 of a hypervisor.
; Gives: the first 16 MiB at direct_map, in pages of 2 MiB; then main, on a stack of its own. A
;        struct frame (main.c) for each exception and interrupt.

%include "arch/x86/layout.inc"
%include "pvops/pv_call.inc"

DIRECT_MAP  equ 0x80000000              ; slot 2 of the root: another place than Paravane's

%define PHYS(symbol) (symbol - DIRECT_MAP)

extern main, interrupt

section .multiboot alloc noexec nowrite
align 4
    dd 0x1BADB002, 3, -(0x1BADB002 + 3)

section .text
global start
start:
    cld
    mov     [PHYS(boot_magic)], eax
    mov     [PHYS(boot_info_pa)], ebx
    mov     edi, PHYS(l2)
    mov     eax, 0xE3                   ; P, W, A, D, a large page
.page:
    mov     [edi], eax
    add     edi, 8
    add     eax, 0x200000
    cmp     eax, BOOT_MAPPED
    jb      .page
    mov     eax, PHYS(l2) + 1
    mov     [PHYS(root)], eax           ; where we are until the jump
    mov     [PHYS(root) + 2 * 8], eax
    mov     eax, 1 << 5                 ; PAE
    mov     cr4, eax
    mov     eax, PHYS(root)
    mov     cr3, eax
    mov     eax, 0x80010033             ; PG, WP, NE, ET, MP, PE
    mov     cr0, eax
    mov     eax, .high
    jmp     eax
.high:
    mov     esp, stack_top
    call    main
    ud2

global trap_stubs
align TRAP_STUB_SIZE
trap_stubs:
%assign vector 0
%rep IRQ_BASE + IRQ_COUNT
align TRAP_STUB_SIZE
%if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21
    push    0                           ; where the CPU pushes no error code
%endif
    push    vector
    jmp     enter
%assign vector vector + 1
%endrep

global syscall_entry
syscall_entry:                          ; there are no programs, but cpu.c makes a gate for them
    push    0
    push    VECTOR_SYSCALL
enter:
    pushad
    mov     eax, esp
    call    interrupt                   ; regparm
    popad
    add     esp, 8                      ; vector and error code
    PV_JMP  iret

section .data
global boot_magic, boot_info_pa
boot_magic:     dd 0
boot_info_pa:   dd 0

section .bss.page nobits alloc noexec write align=4096
root:           resb 4096
l2:             resb 4096
                resb 8192
stack_top:
