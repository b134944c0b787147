; SPDX-License-Identifier: MIT
; pvops/trap.asm: the trap backend's bodies: what x86 does not trap, behind HV_PREFIX.
;
; Runs:  in ring 1, on hv-stub. cli, mov cr3 and their like trap by themselves and are emulated:
;        for those native's bodies serve. pushf, popf, iret and cpuid do not trap in ring 1, and
;        would show or lose the wrong state; the prefix makes them trap.
; Read first: native.asm, lib/hv.h.

%include "lib/hv.inc"
%include "pvops/inline.inc"

%macro FORCED 1+
    dd      HV_PREFIX
    %1
%endmacro

section .text

INLINE trap_irq_save
    FORCED pushf
    pop     eax
    cli
END_INLINE

INLINE trap_irq_restore
    push    eax
    FORCED popf
END_INLINE

INLINE_ONE trap_iret, FORCED iret

CPUID_BODY trap_cpuid, FORCED cpuid
