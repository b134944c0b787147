; SPDX-License-Identifier: MIT
; hv-stub/switcher.asm: the one page of code that is mapped in every address space.
;
; Runs:  in ring 0, interrupts off, linked at HV_CODE. A trap arrives here on the guest's page
;        tables and on the stack page, and goes on in hv_trap on the hypervisor's. While a guest
;        runs this page is read-only, even for ring 0 (CR0.WP).
; Needs: whatever the guest left in DS, ES, FS, GS, DF and on the stack page; nothing of it is
;        believed, but for what the CPU and we ourselves have pushed since the trap.
; Read first: lib/hv.h, lib/x86.h (struct trap_frame).

%include "hv-stub/host.inc"
%include "lib/hv.inc"

extern hv_trap, hv_call, hv_root, hv_stack_top

section .switcher progbits alloc exec nowrite align=4096

; Stubs are of STUB_SIZE bytes each, so that host.c can tell where they are.
global switcher_stubs, vmi_stubs
switcher_stubs:
%assign vector 0
%rep HOST_VECTORS
align STUB_SIZE
%if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21
    push    0                           ; where the CPU pushes no error code
%endif
    push    vector
    jmp     enter_hypervisor
%assign vector vector + 1
%endrep

; A call from the ROM: the frame's vector is its number.
align STUB_SIZE
vmi_stubs:
%assign index 0
%rep VMI_VECTORS
align STUB_SIZE
    push    0
    push    index + (index / VMI_STANDARD) * (VMI_EXTENSIONS - VMI_STANDARD)
    jmp     enter_call
%assign index index + 1
%endrep

; From here on we see everything; ESP still is the frame.
%macro ENTER_HYPERVISOR 0
    pushad
    push    ds
    push    es
    mov     eax, HOST_DS
    mov     ds, eax
    mov     es, eax
    cld
    mov     eax, hv_root
    mov     cr3, eax
    mov     eax, esp
    mov     esp, hv_stack_top
%endmacro

; A guest's frame is always at the same place: the CPU begins at the top of the stack page.
%macro LEAVE_HYPERVISOR 0
    mov     esp, HV_FRAME
    mov     cr3, eax                    ; from here on we see what the guest sees
    pop     es
    pop     ds
    popad
    add     esp, 8                      ; vector and error code
    iret
%endmacro

enter_call:
    ENTER_HYPERVISOR
    call    hv_call                     ; gives the root of the guest's shadow tables
    LEAVE_HYPERVISOR

enter_hypervisor:
    ENTER_HYPERVISOR
    call    hv_trap
global switcher_enter                   ; switcher_enter(u32 root)
switcher_enter:
    LEAVE_HYPERVISOR
