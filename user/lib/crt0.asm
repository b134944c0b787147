; SPDX-License-Identifier: MIT
; user/lib/crt0.asm: where a program begins.
;
; Runs:  ring 3, the first instruction after exec.
; Needs: [esp] = argc and behind it argv[0] to argv[argc - 1] and a zero, as the System V ABI for
;        i386 has it.
; Gives: main(argc, argv); its result becomes the exit status.

global _start
global program_name
extern main
extern exit

section .text

_start:
    xor ebp, ebp                ; backtraces end here
    mov eax, [esp]              ; argc
    lea edx, [esp + 4]          ; argv: both are where main expects them
    test eax, eax
    jz .named                   ; argc may be 0
    mov ecx, [edx]
    mov [program_name], ecx
.named:
    and esp, -16
    call main
    call exit

section .rodata

unnamed: db "?", 0

section .data

program_name: dd unnamed
