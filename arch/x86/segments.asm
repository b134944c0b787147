; SPDX-License-Identifier: MIT
; arch/x86/segments.asm: small things that C cannot say: segment registers, a bad ESP.
;
; Read first: cpu.c.

%include "arch/x86/layout.inc"

section .text

; reload_segments(EAX = rpl), regparm. Loading a selector checks CPL and RPL against the
; descriptor's DPL: CS and SS need RPL = CPL; a null FS and GS are what programs start with.
global reload_segments
reload_segments:
    lea     ecx, [eax + KERNEL_CS]
    lea     edx, [eax + KERNEL_DS]
    push    ecx
    push    .reloaded
    retf                                ; a far return loads CS
.reloaded:
    mov     ss, edx
    mov     ds, edx
    mov     es, edx
    xor     eax, eax
    mov     fs, eax
    mov     gs, eax
    ret

; crash_double_fault(): the push faults, and so does the CPU's own push of the trap frame.
global crash_double_fault
crash_double_fault:
    mov     esp, 0x50000000             ; never mapped
    push    eax
    ret
