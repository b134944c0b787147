; SPDX-License-Identifier: MIT
; hv-stub/boot.asm: the Multiboot entry of the hypervisor.
;
; Runs:  once, as the loader leaves us: protected mode, flat segments, paging off, ring 0.
; Gives: hv_main(magic, info) on a stack; hw_paging and hw_tables for host.c.
; Read first: hv.h.

%include "hv-stub/host.inc"

extern hv_main

section .multiboot alloc noexec nowrite
align 4
    dd 0x1BADB002, 3, -(0x1BADB002 + 3) ; modules on page boundaries, and tell us the memory

section .text
global hv_entry
hv_entry:
    mov     esp, hv_stack_top
    cld
    mov     edx, ebx
    call    hv_main                     ; hv_main(magic, information)
    ud2

; hw_paging(root): PAE paging on. Absolute values: firmware leaves other bits on. PG, WP: even we
; respect read-only pages; NE, ET; EM: FPU instructions of guests trap; PE.
global hw_paging
hw_paging:
    mov     edx, 1 << 5                 ; CR4.PAE
    mov     cr4, edx
    mov     cr3, eax
    mov     eax, 0x80010035
    mov     cr0, eax
    ret

; hw_tables(gdt *, idt *): and all segment registers from them.
global hw_tables
hw_tables:
    lgdt    [eax]
    lidt    [edx]
    mov     eax, HOST_DS
    mov     ds, eax
    mov     es, eax
    mov     ss, eax
    xor     eax, eax
    mov     fs, eax
    mov     gs, eax
    lldt    ax
    mov     eax, HOST_TSS
    ltr     ax
    jmp     HOST_CS:.loaded
.loaded:
    ret

section .bss
align 16
    resb 8192
global hv_stack_top
hv_stack_top:
