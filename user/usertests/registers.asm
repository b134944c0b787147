; SPDX-License-Identifier: MIT
; user/usertests/registers.asm: system calls and interrupts, with every register under control.
;
; Runs:  ring 3, cdecl.
; Gives: the functions of registers.h.

EDI_VALUE equ 0xD1D1D1D1
ESI_VALUE equ 0x51515151
EBP_VALUE equ 0xB9B9B9B9

section .text

; --- what must stay ------------------------------------------------------------------------------

; EXPECT register's place in pushad, wanted value, bit of the result
%macro EXPECT 3
    mov     ecx, %2
    cmp     [esp + %1], ecx
    je      %%same
    or      eax, %3
%%same:
%endmacro

; u32 call_keeps_registers(u32 number, u32 a, u32 b, u32 c)
global call_keeps_registers
call_keeps_registers:
    push    ebp
    push    ebx
    push    esi
    push    edi
    mov     eax, [esp + 20]
    mov     ebx, [esp + 24]
    mov     ecx, [esp + 28]
    mov     edx, [esp + 32]
    mov     edi, EDI_VALUE
    mov     esi, ESI_VALUE
    mov     ebp, EBP_VALUE
    int     0x80
    pushad
    xor     eax, eax
    EXPECT  0, EDI_VALUE, 1
    EXPECT  4, ESI_VALUE, 2
    EXPECT  8, EBP_VALUE, 4
    EXPECT  16, [esp + 56], 8           ; EBX, against the argument a
    EXPECT  24, [esp + 60], 16          ; ECX, b
    EXPECT  20, [esp + 64], 32          ; EDX, c
    add     esp, 32
    pop     edi
    pop     esi
    pop     ebx
    pop     ebp
    ret

; bool registers_stay(u32 seed, u32 rounds): each register holds the seed plus its own number.
; The rounds are counted in memory, where no interrupt can lose them.
global registers_stay
registers_stay:
    push    ebp
    push    ebx
    push    esi
    push    edi
    mov     eax, [esp + 20]
    lea     ebx, [eax + 1]
    lea     ecx, [eax + 2]
    lea     edx, [eax + 3]
    lea     esi, [eax + 4]
    lea     edi, [eax + 5]
    lea     ebp, [eax + 6]
    std
.next:
    cmp     eax, [esp + 20]
    jne     .changed
    inc     eax
    cmp     ebx, eax
    jne     .changed
    inc     eax
    cmp     ecx, eax
    jne     .changed
    inc     eax
    cmp     edx, eax
    jne     .changed
    inc     eax
    cmp     esi, eax
    jne     .changed
    inc     eax
    cmp     edi, eax
    jne     .changed
    inc     eax
    cmp     ebp, eax
    jne     .changed
    sub     eax, 6
    dec     dword [esp + 24]
    jnz     .next
    pushf
    pop     edx
    mov     eax, 1
    test    edx, 0x400                  ; DF
    jnz     .done
.changed:
    xor     eax, eax
.done:
    cld
    pop     edi
    pop     esi
    pop     ebx
    pop     ebp
    ret

; void set_fs_gs(u32 selector)
global set_fs_gs
set_fs_gs:
    mov     eax, [esp + 4]
    mov     fs, eax
    mov     gs, eax
    ret

; u32 get_fs_gs(void)
global get_fs_gs
get_fs_gs:
    mov     eax, gs
    shl     eax, 16
    mov     ax, fs
    ret

; u32 get_ss(void)
global get_ss
get_ss:
    mov     eax, ss
    ret

; --- what programs may try -----------------------------------------------------------------------

; u32 flags_after(u32 set, u32 clear)
global flags_after
flags_after:
    pushf                               ; as they were
    mov     ecx, [esp + 12]
    not     ecx
    pushf
    pop     eax
    or      eax, [esp + 8]
    and     eax, ecx
    push    eax
    popf
    pushf
    pop     eax
    popf
    ret

; struct outcome call_with_flags(u32 number, u32 a, u32 flags): a structure is returned through a
; pointer in front of the arguments, which the callee takes off the stack.
global call_with_flags
call_with_flags:
    push    ebx
    mov     eax, [esp + 12]
    mov     ebx, [esp + 16]
    pushf                               ; as they were
    pushf
    pop     ecx
    or      ecx, [esp + 24]
    push    ecx
    popf
    int     0x80
    pushf
    pop     ecx
    popf
    mov     edx, [esp + 8]
    mov     [edx], eax
    mov     [edx + 4], ecx
    mov     eax, edx
    pop     ebx
    ret     4

; i32 call_with_null_segments(u32 number)
global call_with_null_segments
call_with_null_segments:
    mov     eax, [esp + 4]
    xor     ecx, ecx
    mov     ds, ecx
    mov     es, ecx
    mov     fs, ecx
    mov     gs, ecx
    int     0x80
    mov     edx, ds                     ; still 0, all of them?
    mov     ecx, es
    or      edx, ecx
    mov     ecx, fs
    or      edx, ecx
    mov     ecx, gs
    or      edx, ecx
    push    ss
    pop     ds
    push    ss
    pop     es
    jz      .same
    mov     eax, -1
.same:
    ret

; i32 call_with_stack(u32 number, u32 esp)
global call_with_stack
call_with_stack:
    push    ebp
    mov     ebp, esp
    mov     eax, [ebp + 8]
    mov     esp, [ebp + 12]
    int     0x80
    mov     esp, ebp
    pop     ebp
    ret
