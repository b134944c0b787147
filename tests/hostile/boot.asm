; SPDX-License-Identifier: MIT
; tests/hostile/boot.asm: the entry, the traps, and what cannot be done to a hypervisor in C.
;
; Runs:  in ring 1, on flat segments. The contracts are in hostile.h.

%include "tests/hostile/hostile.inc"
%include "lib/hv.inc"

MULTIBOOT_MAGIC equ 0x1BADB002

%macro FORCED 1                         ; the hypervisor executes it
    dd      HV_PREFIX
    %1
%endmacro

extern hostile_main, hostile_unexpected, gdt

section .multiboot alloc exec nowrite
align 4
    dd      MULTIBOOT_MAGIC, 0, -MULTIBOOT_MAGIC
global guest_mark
guest_mark:
    db      "guest's own 1 MiB", 0

section .text
global hostile_entry
hostile_entry:
    mov     esp, stack_top
    mov     eax, ebx
    call    hostile_main

; --- traps ------------------------------------------------------------------------------------------

%assign vector 0
%rep 256
stub_ %+ vector:
%if vector >= VECTOR_IRQ && vector < VECTOR_IRQ + 16
    push    eax
    mov     eax, vector
    jmp     irq
%else
%if vector != 8 && (vector < 10 || vector > 14) && vector != 17
    push    0
%endif
    push    vector
    jmp     fault_entry
%endif
%assign vector vector + 1
%endrep

irq:
    push    ds
    mov     ds, [cs:flat]
    inc     dword [irq_count]
    cmp     byte [irq_eoi], 0
    je      .no_eoi
    cmp     eax, VECTOR_IRQ + 8
    mov     al, 0x20
    jb      .master
    out     0xA0, al
.master:
    out     0x20, al
.no_eoi:
    pop     ds
    pop     eax
    FORCED  iret

fault_entry:
    mov     ds, [cs:flat]
    mov     es, [cs:flat]
    cmp     byte [stepping], 0
    je      .fault
    cmp     dword [esp], 1
    jne     .fault
    inc     dword [steps]
    add     esp, 8
    FORCED  iret
.fault:
    pop     dword [fault.vector]
    pop     dword [fault.error]
    pop     dword [fault.eip]
    pop     dword [fault.cs]
    pop     dword [fault.eflags]
    mov     ss, [flat]
    mov     esp, stack_top - 16384
    mov     eax, cr2
    mov     [fault.cr2], eax
    cmp     dword [attempt_esp], 0
    jne     attempt_ended
    call    hostile_unexpected

align 4
flat:
    dd      SEL_DATA

; --- attempts -----------------------------------------------------------------------------------------

global attempt
attempt:
    pushad
    mov     [attempt_esp], esp
    mov     eax, [esp + 36]
    push    dword [esp + 40]
    call    eax
global attempt_survived
attempt_survived:
    mov     eax, SEL_DATA
    mov     ss, eax
    mov     ds, eax
    mov     dword [fault.vector], NO_FAULT
attempt_ended:
    jmp     SEL_CODE:.flat
.flat:
    mov     es, [flat]
    mov     esp, [attempt_esp]
    mov     dword [attempt_esp], 0
    push    2
    popfd
    popad
    xor     eax, eax
    cmp     dword [fault.vector], NO_FAULT
    setne   al
    ret

global attempt_user
attempt_user:
    pushad
    mov     [attempt_esp], esp
    mov     edx, [esp + 36]
    mov     eax, [esp + 40]
    mov     ecx, SEL_USER_DATA
    mov     ds, ecx
    mov     es, ecx
    push    SEL_USER_DATA
    push    user_stack_top
    push    2
    push    SEL_USER_CODE
    push    edx
    FORCED  iret

; --- attacks: the argument is at [ESP + 4] ------------------------------------------------------------

%macro ROUTINE 1
global %1
%1:
    mov     edx, [esp + 4]
%endmacro

ROUTINE peek
    mov     eax, [edx]
    ret
ROUTINE peek_ss
    mov     eax, [ss:edx]
    ret
ROUTINE peek_cs
    mov     eax, [cs:edx]
    ret
ROUTINE peek_fs
    mov     eax, [fs:edx]
    ret
ROUTINE poke
    mov     dword [edx], 0
    ret
ROUTINE poke_fs
    mov     dword [fs:edx], 0
    ret
ROUTINE fill_up
    mov     edi, edx
    mov     ecx, 0x10000
    xor     eax, eax
    rep     stosd
    ret
ROUTINE load_fs
    mov     fs, edx
    ret
ROUTINE load_gs
    mov     gs, edx
    ret
ROUTINE load_es
    mov     es, edx
    ret
ROUTINE load_ds
    mov     ds, edx
    ret
ROUTINE load_ss
    mov     ss, edx
    jmp     attempt_survived

ROUTINE leap                             ; with a frame for iret, which does for ret too
    push    2
    push    SEL_CODE
    push    attempt_survived
    xor     eax, eax
    jmp     edx
ROUTINE leap_on
    push    0x202
    push    SEL_CODE
    push    attempt_survived
    jmp     edx
ROUTINE spin_with_esp
    mov     esp, edx
    sti
    jmp     $

ROUTINE lose_descriptor
    mov     eax, [registers.eax]
    mov     ecx, [registers.ecx]
    mov     fs, edx
    mov     gs, edx
    mov     es, edx
    mov     ds, edx
    mov     [ss:gdt + SEL_SPARE], eax
    mov     [ss:gdt + SEL_SPARE + 4], ecx
    o32 lgdt [ss:gdt_pointer]
    cli                                 ; out and back, in all ways
    mov     eax, 0
    FORCED  cpuid
    mov     eax, 0
    int     0x90
    FORCED  pushfd
    FORCED  popfd
    mov     eax, SEL_DATA
    mov     ds, eax
    mov     fs, eax
    mov     gs, eax
    jmp     attempt_survived

ROUTINE far_jump                         ; the argument is the selector
    mov     [far_target + 4], edx
    mov     dword [far_target], attempt_survived
    jmp     far [far_target]
ROUTINE far_call
    mov     [far_target + 4], edx
    mov     dword [far_target], attempt_survived
    call    far [far_target]

ROUTINE iret_there
    mov     esp, edx
    iret
ROUTINE iret_forced
    mov     esp, edx
    FORCED  iret

ROUTINE iret_rom                        ; EAX: the ROM's iret
    mov     eax, [registers.eax]
    mov     esp, edx
    jmp     eax
ROUTINE iret_call
    mov     esp, edx
    int     0xE1                        ; what the ROM's iret asks for when an interrupt waits

; The trap needs no stack of the guest's: only the frame's address travels.
ROUTINE trap_with_esp
    mov     esp, edx
    cli
    mov     ecx, cr0
    FORCED  {cpuid}
    mov     esp, [attempt_esp]
    jmp     attempt_survived
ROUTINE call_with_esp
    mov     esp, edx
%rep 3
    mov     eax, 0
    int     0x90                        ; VMI_CPUID
%endrep
    mov     esp, [attempt_esp]
    jmp     attempt_survived
ROUTINE push_with_esp
    mov     esp, edx
    push    edx
    mov     esp, [attempt_esp]
    jmp     attempt_survived

ROUTINE call_registers
    push    dword [registers.stack + 4]
    push    dword [registers.stack]
    mov     [far_target], edx
    mov     eax, [registers.eax]
    mov     ecx, [registers.ecx]
    mov     edx, [registers.edx]
    mov     ebx, [registers.ebx]
    mov     esi, [registers.esi]
    mov     edi, [registers.edi]
    call    [far_target]
    mov     ds, [cs:flat]
    mov     [registers.eax], eax
    mov     [registers.ecx], ecx
    mov     [registers.edx], edx
    mov     [registers.ebx], ebx
    add     esp, 8
    ret

; EDX: the ROM's GetInterruptMask, which is code there and no trap.
ROUTINE step_through
    mov     edi, edx
    push    0x102
    popfd                               ; TF
    nop
    mov     eax, 0
    int     0x90                        ; VMI_CPUID: a trap into the hypervisor
    call    edi
    cli                                 ; emulated
    FORCED  pushfd
    FORCED  popfd
    mov     eax, SEL_DATA
    mov     ss, eax                     ; holds back what comes before the next instruction's end
    int     0x90
    mov     eax, SEL_DATA
    mov     ss, eax
    nop
    pushfd
    and     dword [esp], ~0x100
    popfd
    ret

; --- data -------------------------------------------------------------------------------------------------

section .rodata
gdt_pointer:
    dw      511
    dd      gdt
global stubs
stubs:
%assign vector 0
%rep 256
    dd      stub_ %+ vector
%assign vector vector + 1
%endrep

section .bss
global fault, registers, irq_count, irq_eoi, steps, stepping
align 16, resb 1
fault:
.vector: resd 1
.error:  resd 1
.eip:    resd 1
.cs:     resd 1
.eflags: resd 1
.cr2:    resd 1
registers:
.eax:    resd 1
.ecx:    resd 1
.edx:    resd 1
.ebx:    resd 1
.esi:    resd 1
.edi:    resd 1
.stack:  resd 2
attempt_esp: resd 1
far_target: resd 2
irq_count: resd 1
steps:   resd 1
irq_eoi: resb 1
stepping: resb 1
align 4096, resb 1
    resb    32768
stack_top:
    resb    8192
global trap_stack_top
trap_stack_top:                         ; for traps from ring 3
    resb    4096
user_stack_top:
