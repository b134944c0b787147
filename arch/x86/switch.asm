; SPDX-License-Identifier: MIT
; arch/x86/switch.asm: from one kernel stack to another.
;
; Runs:  in the scheduler, interrupts off.
; Read first: kernel/sched.c.

section .text

; void switch_stack(va_t *save, va_t load). What C expects to survive a call travels on
; the stack, and so does a program's FS and GS: the kernel never uses those two.
global switch_stack
switch_stack:
    push    ebp
    push    ebx
    push    esi
    push    edi
    push    fs
    push    gs
    mov     [eax], esp
    mov     esp, edx
    pop     gs
    pop     fs
    pop     edi
    pop     esi
    pop     ebx
    pop     ebp
    ret
