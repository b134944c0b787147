; SPDX-License-Identifier: MIT
; arch/x86/usercopy.asm: the only instructions of the kernel that touch a program's memory.
;
; Runs:  on behalf of the running program, interrupts on or off.
; Gives: copy_from_user, copy_to_user (arch.h). A page fault on the user side is
;        resolved as if the program had made it (demand zero, copy on write). If it cannot be,
;        trap() goes on at usercopy_failed.
; Read first: trap.c.

%include "arch/x86/layout.inc"

USER_TOP equ 0x40000000                 ; lib/abi.h
EFAULT   equ 14

section .text
global copy_from_user, copy_to_user, usercopy_start, usercopy_end, usercopy_failed

; int copy_from_user(void *to, va_t from, u32 length)
; int copy_to_user(va_t to, const void *from, u32 length)
;
; The user side is the lower of the two, as the kernel is above all programs. The whole range must
; be below USER_TOP, without wrapping around: if neither side is, it fails as well.
usercopy_start:
copy_from_user:
copy_to_user:
    push    ebp
    mov     ebp, esp
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, edx
    cmp     eax, edx
    cmovb   edx, eax
    add     edx, ecx
    jc      usercopy_failed
    cmp     edx, USER_TOP
    ja      usercopy_failed
    mov     edx, ecx
    shr     ecx, 2
    rep movsd
    mov     ecx, edx
    and     ecx, 3
    rep movsb
    xor     eax, eax
.return:
    pop     edi
    pop     esi
    pop     ebp
    ret

usercopy_failed:
    mov     eax, -EFAULT
    jmp     copy_to_user.return
usercopy_end:
