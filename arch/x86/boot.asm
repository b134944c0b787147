; SPDX-License-Identifier: MIT
; arch/x86/boot.asm: the Multiboot entry: from the loader to C, with paging on.
;
; Runs:  once, as the loader leaves us: protected mode, flat segments, paging and interrupts off.
;        In ring 0, or in ring 1 of a hypervisor that emulates the few privileged instructions
;        here: no backend is chosen yet, so these are the only ones outside the pvops table.
; Gives: the first BOOT_MAPPED bytes of memory mapped at KERNEL_BASE (and at 0, until
;        paging_init), boot_magic and boot_info_pa; then kernel_main on boot_stack.
; Read first: layout.h.

%include "arch/x86/layout.inc"

CR4_PAE     equ 1 << 5
; PG, WP (ring 0 and 1 respect read-only pages), NE, ET, EM (an FPU instruction traps), PE.
CR0_VALUE   equ 0x80010035

PTE_TABLE   equ 0x23                    ; P, W, A
PTE_PAGE    equ 0x63                    ; P, W, A, D
PDPTE       equ 0x01                    ; P: no other bit is allowed here

%define PHYS(symbol) (symbol - KERNEL_BASE)

extern kernel_main

section .multiboot alloc noexec nowrite
align 4
    dd 0x1BADB002, 3, -(0x1BADB002 + 3) ; modules on page boundaries, and tell us the memory

section .text
global multiboot_entry
multiboot_entry:
    cld
    mov     [PHYS(boot_magic)], eax
    mov     [PHYS(boot_info_pa)], ebx

    ; The L1 tables: BOOT_L1S pages in a row, entry n maps frame n. The high halves stay 0.
    mov     edi, PHYS(boot_l1)
    mov     eax, PTE_PAGE
.page:
    mov     [edi], eax
    add     edi, 8
    add     eax, 0x1000
    cmp     eax, BOOT_MAPPED
    jb      .page

    mov     edi, PHYS(boot_l2)
    mov     eax, PHYS(boot_l1) + PTE_TABLE
    mov     ecx, BOOT_L1S
.table:
    mov     [edi], eax
    add     edi, 8
    add     eax, 0x1000
    loop    .table

    ; Slots 0 and 3 share the L2 table: we run below until the jump, and above from then on.
    mov     eax, PHYS(boot_l2) + PDPTE
    mov     [PHYS(boot_root)], eax
    mov     [PHYS(boot_root) + 3 * 8], eax

    ; Absolute values: firmware leaves other bits on (UEFI) or the caches off (Bochs's BIOS).
    mov     eax, CR4_PAE
    mov     cr4, eax
    mov     eax, PHYS(boot_root)
    mov     cr3, eax
    mov     eax, CR0_VALUE
    mov     cr0, eax

    mov     eax, .high
    jmp     eax
.high:
    mov     esp, boot_stack_top
    xor     ebp, ebp                    ; the backtrace ends here
    lldt    bp                          ; no LDT: its selectors fault
    call    kernel_main
    ud2                                 ; kernel_main does not return

section .bss.page nobits alloc noexec write align=4096
global boot_root, boot_stack_top
boot_root:      resb 4096
boot_l2:        resb 4096
boot_l1:        resb 4096 * BOOT_L1S
                resb 4096
boot_stack_top:

section .data
global boot_magic, boot_info_pa
boot_magic:     dd 0
boot_info_pa:   dd 0
