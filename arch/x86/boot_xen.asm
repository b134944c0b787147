; SPDX-License-Identifier: MIT
; arch/x86/boot_xen.asm: the Xen entry: from a real Xen to C, as its domain 0.
;
; Runs:  once, in ring 1, paging on: Xen has set up flat segments and page tables; events are masked.
; Gives: the ELF notes by which Xen knows what it loads; the xen backend in force; then
;        kernel_main on boot_stack.
; Read first: boot.asm, pvops/xen.c.

%include "arch/x86/layout.inc"
%include "pvops/xen_abi.inc"

extern boot_stack_top, kernel_main, xen_start, xen_hypercalls

%macro NOTE 2+ ; type, contents
    dd      4, %%end - %%start, %1
    db      "Xen", 0
%%start:
    %2
%%end:
    align 4, db 0
%endmacro

section .note.Xen note alloc noexec nowrite align=4
    NOTE XEN_ELFNOTE_XEN_VERSION, db "xen-3.0", 0
    NOTE XEN_ELFNOTE_LOADER, db "generic", 0
    NOTE XEN_ELFNOTE_PAE_MODE, db "yes", 0
    NOTE XEN_ELFNOTE_VIRT_BASE, dd KERNEL_BASE
    NOTE XEN_ELFNOTE_PADDR_OFFSET, dd 0
    NOTE XEN_ELFNOTE_ENTRY, dd xen_entry
    NOTE XEN_ELFNOTE_HYPERCALL_PAGE, dd xen_hypercalls

section .text

; ESI = start_info
xen_entry:
    cld
    mov     esp, boot_stack_top
    xor     ebp, ebp                    ; the backtrace ends here
    mov     eax, esi
    call    xen_start
    call    kernel_main
    ud2                                 ; kernel_main does not return
