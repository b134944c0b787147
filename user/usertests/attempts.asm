; SPDX-License-Identifier: MIT
; user/usertests/attempts.asm: what a program may not do, an attempt a line.
;
; Runs:  ring 3, each in a process of its own, which must end with the status that stands there.
; Gives: attempts[attempt_count], a table of {name, function, status}, for protection.c.
; Source: SDM vol 2, the exceptions of each instruction; vol 3, "Privileged Instructions".

SYS_EXIT      equ 0                     ; lib/abi.h
SYS_YIELD     equ 6
STATUS_MEMORY equ 139
STATUS_OPCODE equ 132
STATUS_DIVIDE equ 136
STATUS_DEBUG  equ 133

KERNEL        equ 0xC0100000            ; the kernel's first byte
KERNEL_CODE   equ 0x08                  ; its code segment
NO_SEGMENT    equ 0xFFF8                ; a selector outside the GDT

; ATTEMPT "name", status: the instructions of the attempt follow, up to the next one.
%macro ATTEMPT 2
    jmp     escaped                     ; the attempt before has got away with it
[section .rodata.names]
%%name: db %1, 0
[section .rodata.attempts]
    dd      %%name, %%run, %2
__SECT__
%%run:
%endmacro

section .rodata.attempts
global attempts
attempts:

section .text

escaped:
    mov     eax, SYS_EXIT
    mov     ebx, 1
    int     0x80

ATTEMPT "read address 0", STATUS_MEMORY
    mov     eax, [0]
ATTEMPT "write address 0", STATUS_MEMORY
    mov     [0], eax
ATTEMPT "call address 0", STATUS_MEMORY
    xor     eax, eax
    call    eax
ATTEMPT "read the kernel", STATUS_MEMORY
    mov     eax, [KERNEL]
ATTEMPT "write the kernel", STATUS_MEMORY
    mov     [KERNEL], eax
ATTEMPT "call the kernel", STATUS_MEMORY
    mov     eax, KERNEL
    call    eax
ATTEMPT "read the last byte", STATUS_MEMORY
    mov     al, [0xFFFFFFFF]
ATTEMPT "write own text", STATUS_MEMORY
    mov     byte [escaped], 0
ATTEMPT "write a constant", STATUS_MEMORY
    mov     byte [attempts], 0
ATTEMPT "push with the stack in the kernel", STATUS_MEMORY
    mov     esp, KERNEL
    push    eax
ATTEMPT "push with the stack at 0", STATUS_MEMORY
    xor     esp, esp
    push    eax

ATTEMPT "hlt", STATUS_MEMORY
    hlt
ATTEMPT "cli", STATUS_MEMORY
    cli
ATTEMPT "sti", STATUS_MEMORY
    sti
ATTEMPT "in al, 21h", STATUS_MEMORY
    in      al, 0x21
ATTEMPT "out 80h, al", STATUS_MEMORY
    out     0x80, al
ATTEMPT "out dx, eax", STATUS_MEMORY
    mov     dx, 0xF4
    out     dx, eax
ATTEMPT "insb", STATUS_MEMORY
    mov     dx, 0x60
    lea     edi, [esp - 4]
    insb
ATTEMPT "mov eax, cr0", STATUS_MEMORY
    mov     eax, cr0
ATTEMPT "mov cr0, eax", STATUS_MEMORY
    mov     cr0, eax
ATTEMPT "mov eax, cr3", STATUS_MEMORY
    mov     eax, cr3
ATTEMPT "mov cr3, eax", STATUS_MEMORY
    mov     cr3, eax
ATTEMPT "mov cr4, eax", STATUS_MEMORY
    mov     cr4, eax
ATTEMPT "mov dr7, eax", STATUS_MEMORY
    mov     dr7, eax
ATTEMPT "clts", STATUS_MEMORY
    clts
ATTEMPT "lmsw ax", STATUS_MEMORY
    lmsw    ax
ATTEMPT "lgdt", STATUS_MEMORY
    lgdt    [attempts]
ATTEMPT "lidt", STATUS_MEMORY
    lidt    [attempts]
ATTEMPT "lldt ax", STATUS_MEMORY
    xor     eax, eax
    lldt    ax
ATTEMPT "ltr ax", STATUS_MEMORY
    mov     eax, 0x28
    ltr     ax
ATTEMPT "invlpg", STATUS_MEMORY
    invlpg  [0]
ATTEMPT "wbinvd", STATUS_MEMORY
    wbinvd
ATTEMPT "rdmsr", STATUS_MEMORY
    mov     ecx, 0x174
    rdmsr
ATTEMPT "wrmsr", STATUS_MEMORY
    mov     ecx, 0x174
    wrmsr

ATTEMPT "int 0", STATUS_MEMORY          ; of gates, only 3, 4 and 80h are for programs
    int     0
ATTEMPT "int 1", STATUS_MEMORY
    int     1
ATTEMPT "int 8", STATUS_MEMORY
    int     8
ATTEMPT "int 14", STATUS_MEMORY
    int     14
ATTEMPT "int 20h", STATUS_MEMORY
    int     0x20
ATTEMPT "int 7Fh", STATUS_MEMORY
    int     0x7F
ATTEMPT "int 81h", STATUS_MEMORY
    int     0x81
ATTEMPT "int FFh", STATUS_MEMORY
    int     0xFF
ATTEMPT "int3", STATUS_DEBUG
    int3
ATTEMPT "into", STATUS_DIVIDE
    mov     al, 0x7F
    inc     al
    into
ATTEMPT "bound", STATUS_DIVIDE
    mov     eax, -1
    bound   eax, [.limits]
.limits:
    dd      0, 1
ATTEMPT "divide by 0", STATUS_DIVIDE
    xor     ecx, ecx
    div     ecx
ATTEMPT "divide with overflow", STATUS_DIVIDE
    mov     edx, 1                      ; not 80000000h:0 by -1, which ends QEMU 7.2 itself
    xor     eax, eax
    mov     ecx, 1
    div     ecx
ATTEMPT "single step", STATUS_DEBUG
    pushf
    or      dword [esp], 0x100          ; TF
    popf
    nop
    jmp     $
ATTEMPT "single step into a system call", STATUS_DEBUG
    mov     eax, SYS_YIELD
    pushf
    or      dword [esp], 0x100
    popf
    int     0x80
    jmp     $

ATTEMPT "ud2", STATUS_OPCODE
    ud2
ATTEMPT "lock nop", STATUS_OPCODE
    db      0xF0, 0x90
ATTEMPT "an FPU instruction", STATUS_OPCODE
    fldz
ATTEMPT "fninit", STATUS_OPCODE
    fninit
ATTEMPT "an MMX instruction", STATUS_OPCODE
    movd    mm0, eax
ATTEMPT "an SSE instruction", STATUS_OPCODE
    movups  xmm0, [attempts]
ATTEMPT "syscall", STATUS_OPCODE
    syscall
ATTEMPT "sysenter", STATUS_MEMORY
    sysenter

ATTEMPT "the kernel's data segment in DS", STATUS_MEMORY
    mov     eax, 0x10
    mov     ds, eax
ATTEMPT "its code segment in ES", STATUS_MEMORY
    mov     eax, KERNEL_CODE
    mov     es, eax
ATTEMPT "a selector outside the GDT in FS", STATUS_MEMORY
    mov     eax, NO_SEGMENT | 3
    mov     fs, eax
ATTEMPT "a selector of the LDT in GS", STATUS_MEMORY
    mov     eax, 7
    mov     gs, eax
ATTEMPT "the task segment in DS", STATUS_MEMORY
    mov     eax, 0x2B
    mov     ds, eax
ATTEMPT "null in SS", STATUS_MEMORY
    xor     eax, eax
    mov     ss, eax
ATTEMPT "a code segment in SS", STATUS_MEMORY
    mov     eax, cs
    mov     ss, eax
ATTEMPT "far jump to the kernel", STATUS_MEMORY
    jmp     KERNEL_CODE:KERNEL
ATTEMPT "far call of its task segment", STATUS_MEMORY
    call    0x28:0
ATTEMPT "far return to the kernel", STATUS_MEMORY
    push    KERNEL_CODE
    push    KERNEL
    retf
ATTEMPT "iret to the kernel", STATUS_MEMORY
    push    2
    push    KERNEL_CODE
    push    KERNEL
    iret
ATTEMPT "iret with NT set", STATUS_MEMORY
    pushf
    or      dword [esp], 0x4000         ; NT: return to another task
    popf
    iret
    jmp     escaped

section .rodata.attempts
attempts_end:

section .rodata.attempt_count
global attempt_count
attempt_count:
    dd      (attempts_end - attempts) / 12
