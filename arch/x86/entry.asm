; SPDX-License-Identifier: MIT
; arch/x86/entry.asm: how a trap, an interrupt or a system call enters the kernel, and leaves.
;
; Runs:  on the kernel stack of the process that runs, in the kernel's ring. Exceptions and
;        interrupts come through interrupt gates (interrupts off), int 80h through a trap gate
;        (interrupts stay on): a hypervisor may let ring 3 call straight into ring 1, and there
;        an interrupt gate would clear the real IF, which ring 1 could not set again.
; Gives: a struct trap_frame (lib/x86.h) to trap(), or three arguments to a system call.
; Read first: layout.h (the frame), pv_call.inc.

%include "arch/x86/layout.inc"
%include "pvops/pv_call.inc"

extern trap, trap_exit_work, syscall, need_work

; DF and the data segments are as the program left them; the ABI of C wants neither so.
%macro SAVE_REGISTERS 1 ; scratch register
    pushad
    push    ds
    push    es
    cld
    mov     %1, KERNEL_DS
    mov     ds, %1
    mov     es, %1
%endmacro

%macro RESTORE_REGISTERS 0
    pop     es
    pop     ds
    popad
    add     esp, 8                      ; vector and error code
%endmacro

section .text

; --- a stub a vector, of TRAP_STUB_SIZE bytes: pushes what is missing for a full frame ------------

global trap_stubs
align TRAP_STUB_SIZE
trap_stubs:
%assign vector 0
%rep IRQ_BASE + IRQ_COUNT
align TRAP_STUB_SIZE
%if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21
    push    0                           ; where the CPU pushes no error code
%endif
    push    vector
    jmp     trap_entry
%assign vector vector + 1
%endrep

trap_entry:
    SAVE_REGISTERS eax
    mov     eax, esp
    call    trap                        ; trap(struct trap_frame *), regparm
    mov     al, [esp + FRAME_CS]
    and     al, 3
    cmp     al, 3                       ; from a program? The kernel may be in ring 0 or 1.
    je      trap_return.off             ; interrupts are off since the gate
    RESTORE_REGISTERS
    PV_JMP  iret

; --- a system call: EAX = number, EBX, ECX, EDX = arguments -----------------------------------

global syscall_entry
syscall_entry:
    push    0
    push    VECTOR_SYSCALL
    SAVE_REGISTERS esi
    push    eax                         ; C's fourth argument
    mov     eax, ebx                    ; its first (regparm): EAX
    xchg    ecx, edx                    ; its second: EDX, its third: ECX
    call    syscall
    add     esp, 4
    mov     [esp + FRAME_EAX], eax

; --- back to the program -----------------------------------------------------------------------

; Interrupts stay off from the test on: whatever arrives later finds the program, not us.
global trap_return
trap_return:
    PV_CALL irq_disable
.off:
    cmp     dword [need_work], 0
    jne     .work
    RESTORE_REGISTERS
    PV_JMP  iret
.work:
    call    trap_exit_work              ; switches processes, ends this one, ...
    jmp     trap_return
