; SPDX-License-Identifier: MIT
; tests/vmi/boot.asm: from the loader to main, with PAE paging and descriptor tables of its own.
;
; Gives: the first MAPPED bytes of memory at DIRECT_MAP, nothing anywhere else; flat segments; a
;        trap frame (struct frame) for each exception, interrupt and system call.

%include "tests/vmi/layout.inc"

%define PHYS(symbol) (symbol - DIRECT_MAP)

extern main, trap

section .multiboot alloc noexec nowrite
align 4
    dd 0x1BADB002, 3, -(0x1BADB002 + 3)

section .text
global start
start:
    mov     [PHYS(boot_info)], ebx
    mov     edi, PHYS(boot_l1)          ; entry n maps frame n: P, W, A, D
    mov     eax, 0x63
.page:
    mov     [edi], eax
    add     edi, 8
    add     eax, 0x1000
    cmp     eax, MAPPED
    jb      .page
    mov     edi, PHYS(boot_l2)
    mov     eax, PHYS(boot_l1) + 0x23
    mov     ecx, MAPPED_L1S
.table:
    mov     [edi], eax
    add     edi, 8
    add     eax, 0x1000
    loop    .table
    mov     eax, PHYS(boot_l2) + 1
    mov     [PHYS(boot_root)], eax      ; until we are above
    mov     [PHYS(boot_root) + 3 * 8], eax
    mov     eax, 1 << 5                 ; PAE
    mov     cr4, eax
    mov     eax, PHYS(boot_root)
    mov     cr3, eax
    mov     eax, 0x80010033             ; PG, WP, NE, ET, MP, PE
    mov     cr0, eax
    mov     eax, .high
    jmp     eax
.high:
    mov     dword [boot_root], 0
    mov     eax, PHYS(boot_root)
    mov     cr3, eax
    mov     esp, boot_stack_top
    lgdt    [gdt_pointer]
    lidt    [idt_pointer]
    mov     eax, cs
    and     eax, 3
    lea     edx, [eax + KERNEL_DS]
    add     eax, KERNEL_CS
    push    eax
    push    .segments
    retf
.segments:
    mov     ss, edx
    mov     ds, edx
    mov     es, edx
    call    main
    ud2

; --- traps ---------------------------------------------------------------------------------------

%assign vector 0
%rep VECTORS
stub_ %+ vector:
%if vector != 8 && (vector < 10 || vector > 14) && vector != 17
    push    0
%endif
    push    vector
    jmp     trap_entry
%assign vector vector + 1
%endrep

trap_entry:
    pushad
    push    ds
    push    es
    mov     eax, KERNEL_DS              ; RPL 0: DS does not mind
    mov     ds, eax
    mov     es, eax
    cld
    mov     eax, esp
    call    trap                        ; regparm
    pop     es
    pop     ds
    popad
    add     esp, 8
    jmp     [ss:iret_target]

; System call 0 is only counted, and touches no register. Any other one is a trap.
global stub_syscall
stub_syscall:
    test    eax, eax
    jnz     .trap
    inc     dword [ss:system_calls]
    jmp     [ss:iret_target]
.trap:
    push    0
    push    VECTOR_SYSCALL
    jmp     trap_entry

global plain_iret, calling_iret
plain_iret:
    iret
calling_iret:                           ; where VMI_IRET wants to be called
    call    [ss:iret_entry]

section .rodata
global stubs
stubs:
%assign vector 0
%rep VECTORS
    dd      stub_ %+ vector
%assign vector vector + 1
%endrep

section .data
align 8
global gdt, gdt_pointer, idt_pointer, boot_info, iret_target, iret_entry, system_calls
gdt_pointer:    dw GDT_SLOTS * 8 - 1
                dd gdt
idt_pointer:    dw 256 * 8 - 1
                dd idt
boot_info:      dd 0
iret_target:    dd plain_iret
iret_entry:     dd 0
system_calls:   dd 0
align 4096
gdt:            dq 0                    ; all of DPL 0 that a kernel would give DPL 0
                dq 0x00CF9B000000FFFF
                dq 0x00CF93000000FFFF
                dq 0x00CFFB000000FFFF
                dq 0x00CFF3000000FFFF
                dq 0, 0, 0
align 4096

section .bss.page nobits alloc noexec write align=4096
global boot_root, boot_l2, boot_l1, idt
boot_root:      resb 4096
boot_l2:        resb 4096
boot_l1:        resb 4096 * MAPPED_L1S
idt:            resb 4096
                resb 16384
boot_stack_top:
