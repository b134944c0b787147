; SPDX-License-Identifier: MIT
; hv-stub/rom.asm: the code of the VMI ROM: one page, mapped read-only in every address space.
;
; Runs:  in the guest's ring, linked at HV_ROM. Each call of lib/vmi.def is answered in one way:
;        HV        a trap into the hypervisor; the vector says which call
;        HV_ARG    the same; what the call has on the stack goes along in EBX
;        HV_ARGS   the same, with two words, in EBX and ESI
;        CODE      instructions right here: the virtual IF is one byte of the shared page
;        JUMP      the same, but reached by a jump
;        NOP       nothing is to be done
;        NONE      there is no such call
; Gives: rom_table, from which GetRelocationInfo is answered; rom_image, by which a guest finds
;        the ROM in its memory, where it is copied to. All the code stays here.
; Read first: lib/vmi.def, vmi.c. Only CS and SS may be relied on in CODE.

%include "hv-stub/host.inc"
%include "lib/hv.inc"

; What GetRelocationInfo says of each: VMI_RELOCATION_* of lib/vmi.h
RELOCATION_HV      equ 1
RELOCATION_HV_ARG  equ 1
RELOCATION_HV_ARGS equ 1
RELOCATION_CODE    equ 1
RELOCATION_JUMP    equ 2
RELOCATION_NOP     equ 3
RELOCATION_NONE    equ 0

EFLAGS_IF       equ 0x200

%define VECTOR_OF(number) VMI_VECTOR + number - (number / VMI_EXTENSIONS) * (VMI_EXTENSIONS - VMI_STANDARD)

; The shared page, struct vcpu_shared
SHARED_FLAG     equ HV_SHARED
SHARED_LAZY     equ HV_SHARED + 1
SHARED_QUEUED   equ HV_SHARED + 4
SHARED_QUEUE    equ HV_SHARED + 12

section .rom progbits alloc exec nowrite align=4096

; --- one entry a call ------------------------------------------------------------------------

%macro ENTRY_HV 2 ; number, name
rom_%2:
    int     VECTOR_OF(%1)
    ret
%endmacro

%macro ENTRY_HV_ARG 2
rom_%2:
    push    ebx
    mov     ebx, [esp + 8]
    int     VECTOR_OF(%1)
    pop     ebx
    ret
%endmacro

%macro ENTRY_HV_ARGS 2
rom_%2:
    push    ebx
    push    esi
    mov     ebx, [esp + 12]
    mov     esi, [esp + 16]
    int     VECTOR_OF(%1)
    pop     esi
    pop     ebx
    ret
%endmacro

%macro ENTRY_CODE 2
%endmacro
%define ENTRY_JUMP ENTRY_CODE

%macro ENTRY_NOP 2
rom_%2 equ 0
%endmacro
%define ENTRY_NONE ENTRY_NOP

%define VMI_CALL(number, name, how, doc) ENTRY_ %+ how number, name
%include "lib/vmi.def"
%undef VMI_CALL

; --- CODE --------------------------------------------------------------------------------------

rom_RDTSC:
    rdtsc
    ret

; Bit 7 of the byte is set while an interrupt waits: the `or` itself shows it, as the sign. So
; there is no moment at which one could be missed.
rom_SetInterruptMask:
    test    ah, EFLAGS_IF >> 8
    jz      rom_DisableInterrupts
rom_EnableInterrupts:
    or      byte [ss:SHARED_FLAG], HV_FLAG_IF
    js      .waiting
    ret
.waiting:
    int     VECTOR_OF(VMI_DELIVER)
    ret

rom_DisableInterrupts:
    and     byte [ss:SHARED_FLAG], ~HV_FLAG_IF
    ret

rom_GetInterruptMask:
    movzx   eax, byte [ss:SHARED_FLAG]
    and     eax, HV_FLAG_IF
    shl     eax, 9
    ret

; Restores the virtual IF from the frame, then leaves by a real iret, which does not change IF in
; this ring. The frame is untouched until then: if an interrupt comes in between, the hypervisor
; completes the iret and injects it behind.
global rom_iret_start, rom_iret_end
rom_IRET:
rom_iret_start:
    test    byte [esp + 9], EFLAGS_IF >> 8
    jz      .off
    or      byte [ss:SHARED_FLAG], HV_FLAG_IF
    js      .waiting
    iret
.off:
    and     byte [ss:SHARED_FLAG], ~HV_FLAG_IF
    iret
.waiting:
    int     VECTOR_OF(VMI_IRET_DELIVER)
rom_iret_end:

; Appends a word to the queue; until the index is stored nothing has happened. If an interrupt
; comes before that, the hypervisor sends us back to the start: its handler may have the queue read.
global rom_append_start, rom_append_end
rom_Queue:
    cmp     byte [ss:SHARED_LAZY], 0
    je      rom_queue_now
rom_append_start:
    mov     ecx, [ss:SHARED_QUEUED]
    cmp     ecx, HV_QUEUE_BYTES
    jae     rom_append_full
    mov     [ss:SHARED_QUEUE + ecx], eax
    add     ecx, 4
    mov     [ss:SHARED_QUEUED], ecx
rom_append_end:
    ret
rom_append_full:
    int     VECTOR_OF(128)              ; any call has the queue read
    jmp     rom_append_start
rom_queue_now:
    int     VECTOR_OF(VMI_QUEUE_NOW)
    ret

rom_SetLazy:
    mov     [ss:SHARED_LAZY], al
    test    al, al
    jnz     .done
    cmp     dword [ss:SHARED_QUEUED], 0
    jne     rom_Null
.done:
    ret

; --- VMI_GetRelocationInfo: EAX call; EAX address, EDX type --------------------------------------

global rom_get_relocation
rom_get_relocation:
    xor     edx, edx
    cmp     eax, VMI_STANDARD
    jb      .known
    sub     eax, VMI_EXTENSIONS
    cmp     eax, VMI_COUNT - VMI_STANDARD
    jae     .none
    add     eax, VMI_STANDARD
.known:
    mov     edx, [ss:rom_table + eax * 8 + 4]
    mov     eax, [ss:rom_table + eax * 8]
    ret
.none:
    xor     eax, eax
    ret

%define VMI_CALL(number, name, how, doc) dd rom_ %+ name, RELOCATION_ %+ how
align 8
global rom_table
rom_table:
%include "lib/vmi.def"
VMI_COUNT equ ($ - rom_table) / 8

; --- what a guest finds in its memory: struct vmi_rom, and what that points to -------------------

section .rodata align=4
global rom_image
rom_image:
    dw      0xAA55
    db      ROM_SIZE / 512
    retf                                ; a BIOS would call it, and is sent back
    times 4 db 0                        ; the last one is set so that the sum is 0
    db      "cVmi", 0, 3, 0, 0          ; API 3.0
    dd      HV_VA_TOP
    dw      0, license - rom_image, pci_data - rom_image, 0
    times 100 db 0
    int     VECTOR_OF(VMI_INIT)         ; neither entry point depends on where it is mapped
    ret
    times 5 db 0
    push    dword rom_get_relocation
    ret
    times 2 db 0
license:                                ; the one that Linux asks for; the code here is MIT, which is wider
    db      "GPL v2", 0
align 4, db 0
pci_data:
    db      "PCIR"
    dw      0x15AD, 0x0801, 0, .end - pci_data ; VMware, VMI
    db      0, 0, 0x80, 5               ; other memory controller
    dw      ROM_SIZE / 512, 0
    db      0, 0x80                     ; the last image
    dw      0
.end:
    times ROM_SIZE - ($ - rom_image) db 0
