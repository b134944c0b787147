; SPDX-License-Identifier: MIT
; pvops/thunks.asm: a detour for each op, for pv.patch=count and pv.patch=poison.
;
; Runs:  in place of the op's body: with pv.patch=count or poison, each site calls the thunk of
;        its op, and the thunk goes on through the table.
; Gives: pv_count_thunks[], pv_poison_thunks[] (a pointer an op) and pv_counts[] (u32 an op).
; Read first: pv_call.h (what each kind may change), patch.c.

%include "pvops/pv_call.inc"

POISON equ 0xDEADBEEF

; Flags may change in every kind; for iret they come from the frame. SS is always the kernel's.
%define PV_OP(group, kind, ret, name, params, args, doc) COUNT_THUNK name
%macro COUNT_THUNK 1
count_%1:
    inc     dword [ss:pv_counts + 4 * PV_%1]
    jmp     [ss:PV_SLOT(%1)]
%endmacro
%include "pvops/pvops.def"
%undef PV_OP

; After the op, everything that its kind lets it change is changed. A site that relies on more
; than its contract breaks here, whatever the backend in force happens to keep.
%define PV_OP(group, kind, ret, name, params, args, doc) POISON_THUNK_ %+ kind name, ret
%macro POISON_THUNK_CALL 2
poison_%1:
    call    [PV_SLOT(%1)]
    mov     ecx, POISON
%ifidn %2, void
    mov     eax, POISON
%endif
%ifnidn %2, u64
    mov     edx, POISON
%endif
    or      ecx, ecx
    ret
%endmacro
%macro POISON_THUNK_PATCH 2
poison_%1:
    call    [PV_SLOT(%1)]
    cmp     esp, POISON
    ret
%endmacro
%macro POISON_THUNK_JMP 2
poison_%1:
    jmp     [cs:PV_SLOT(%1)]
%endmacro
%include "pvops/pvops.def"
%undef PV_OP

section .rodata
global pv_count_thunks, pv_poison_thunks

%define PV_OP(group, kind, ret, name, params, args, doc) dd count_ %+ name
pv_count_thunks:
%include "pvops/pvops.def"
%undef PV_OP

%define PV_OP(group, kind, ret, name, params, args, doc) dd poison_ %+ name
pv_poison_thunks:
%include "pvops/pvops.def"
%undef PV_OP

section .bss
global pv_counts
pv_counts:
    resd    PV_OPS
