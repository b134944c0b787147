; SPDX-License-Identifier: MIT
; arch/x86/usercopy.asm: the only instructions of the kernel that touch a program's memory.
;
; Runs:  on behalf of the running program, interrupts on or off.
; Gives: copy_from_user, copy_to_user, copy_string (arch.h). A page fault on the user side is
;        resolved as if the program had made it (demand zero, copy on write). If it cannot be,
;        or if it is any other fault, trap() goes on at usercopy_failed.
; Read first: trap.c.

%include "arch/x86/layout.inc"

USER_TOP     equ 0x40000000             ; lib/abi.h
EFAULT       equ 14
ENAMETOOLONG equ 36

section .text
global usercopy_start, usercopy_end, usercopy_failed
usercopy_start:

; int copy_from_user(void *to, va_t from, u32 length), cdecl
global copy_from_user
copy_from_user:
    mov     edx, [esp + 8]
    jmp     copy
; int copy_to_user(va_t to, const void *from, u32 length), cdecl
global copy_to_user
copy_to_user:
    mov     edx, [esp + 4]
copy:
    push    ebp
    mov     ebp, esp
    push    esi
    push    edi
    ; EDX, the user side: the whole range must be below USER_TOP, without wrapping around.
    mov     ecx, [ebp + 16]
    cmp     ecx, USER_TOP
    ja      usercopy_failed
    add     edx, ecx
    jc      usercopy_failed
    cmp     edx, USER_TOP
    ja      usercopy_failed
    mov     edi, [ebp + 8]
    mov     esi, [ebp + 12]
    mov     edx, ecx
    shr     ecx, 2
    rep movsd
    mov     ecx, edx
    and     ecx, 3
    rep movsb
    xor     eax, eax
usercopy_return:
    lea     esp, [ebp - 8]
    pop     edi
    pop     esi
    pop     ebp
    ret

; int copy_string(char *to, va_t from, u32 size), cdecl
global copy_string
copy_string:
    push    ebp
    mov     ebp, esp
    push    esi
    push    edi
    mov     edi, [ebp + 8]
    mov     esi, [ebp + 12]
    xor     ecx, ecx
.next:
    cmp     ecx, [ebp + 16]
    jae     .too_long
    lea     edx, [esi + ecx]
    cmp     edx, USER_TOP
    jae     usercopy_failed
    mov     al, [edx]
    mov     [edi + ecx], al
    inc     ecx
    test    al, al
    jnz     .next
    lea     eax, [ecx - 1]
    jmp     usercopy_return
.too_long:
    mov     eax, -ENAMETOOLONG
    jmp     usercopy_return

usercopy_failed:
    mov     eax, -EFAULT
    jmp     usercopy_return
usercopy_end:

section .note.GNU-stack noalloc noexec nowrite progbits
