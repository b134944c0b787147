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

; int copy_from_user(void *to, va_t from, u32 length)
global copy_from_user
copy_from_user:
    push    ebp
    mov     ebp, esp
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, edx
    jmp     copy
; int copy_to_user(va_t to, const void *from, u32 length)
global copy_to_user
copy_to_user:
    push    ebp
    mov     ebp, esp
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, edx
    mov     edx, eax
copy:
    ; EDX, the user side: the whole range must be below USER_TOP, without wrapping around.
    cmp     ecx, USER_TOP
    ja      usercopy_failed
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
usercopy_return:
    lea     esp, [ebp - 8]
    pop     edi
    pop     esi
    pop     ebp
    ret

; int copy_string(char *to, va_t from, u32 size)
global copy_string
copy_string:
    push    ebp
    mov     ebp, esp
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, edx
    xor     eax, eax                    ; how many bytes there are
.next:
    cmp     eax, ecx
    jae     .too_long
    lea     edx, [esi + eax]
    cmp     edx, USER_TOP
    jae     usercopy_failed
    mov     dl, [edx]
    mov     [edi + eax], dl
    inc     eax
    test    dl, dl
    jnz     .next
    dec     eax
    jmp     usercopy_return
.too_long:
    mov     eax, -ENAMETOOLONG
    jmp     usercopy_return

usercopy_failed:
    mov     eax, -EFAULT
    jmp     usercopy_return
usercopy_end:

section .note.GNU-stack noalloc noexec nowrite progbits
