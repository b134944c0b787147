; SPDX-License-Identifier: MIT
; pvops/vmi.asm: the vmi backend's bodies that are not simply a call of the ROM's.
;
; Runs:  in ring 1, after VMI_Init.
; Needs: vmi_entry[], the addresses that VMI_GetRelocationInfo gave, filled by vmi.c.
; Gives: vmi_<op>: moves arguments to where VMI wants them. What VMI takes in the same registers
;        as the op, with the same clobbers, has no body here: the table holds the ROM's address.
; Read first: lib/vmi.h, vmi.c.

%include "arch/x86/layout.inc"
%include "lib/hv.inc"
%include "lib/vmi.inc"
%include "pvops/inline.inc"

%define VMI_CALL(number, name, how, doc) VMI_ %+ name equ number
%include "lib/vmi.def"
%undef VMI_CALL

%define ENTRY(name) vmi_entry + 4 * VMI_ %+ name

extern gdt, idt, vmi_entry

section .text

; --- irq: PATCH, everything is kept but EAX --------------------------------------------------------

BODY vmi_irq_save
    call    [ENTRY(GetInterruptMask)]
    jmp     [ENTRY(DisableInterrupts)]

; --- cpu -----------------------------------------------------------------------------------------

CPUID_BODY vmi_cpuid, call [ENTRY(CPUID)]

; rdmsr(EAX = index)
BODY vmi_rdmsr
    mov     ecx, eax
    jmp     [ENTRY(RDMSR)]

; write_*_entry(EAX = index, ECX:EDX = descriptor); the high half travels on the stack
%macro WRITE_ENTRY 3 ; op, table, call
BODY vmi_%1
    push    ecx
    mov     ecx, edx
    mov     edx, eax
    mov     eax, %2
    call    [ENTRY(%3)]
    add     esp, 4
    ret
%endmacro

WRITE_ENTRY write_gdt_entry, gdt, WriteGDTEntry
WRITE_ENTRY write_idt_entry, idt, WriteIDTEntry

; load_sp0(EAX = stack pointer)
BODY vmi_load_sp0
    mov     edx, eax
    mov     eax, KERNEL_DS
    jmp     [ENTRY(UpdateKernelStack)]

; --- mmu: set_*(EDX:EAX = entry, ECX = its address) ------------------------------------------------

%macro SET_ENTRY 2 ; op, level
BODY vmi_%1
    push    %2
    call    [ENTRY(SetPxELong)]
    add     esp, 4
    ret
%endmacro

SET_ENTRY set_pte, VMI_PAGE_PT
SET_ENTRY set_pmd, VMI_PAGE_PD
SET_ENTRY set_pdpte, VMI_PAGE_PDP

BODY vmi_flush_all
    mov     eax, 1                      ; without global pages: there are none
    jmp     [ENTRY(FlushTLB)]

; --- with extensions: the shared page, instead of calls ---------------------------------------------

INLINE_ONE vmi_ext_irq_disable, and byte [ss:HV_SHARED], ~HV_FLAG_IF

BODY vmi_ext_irq_save
    movzx   eax, byte [ss:HV_SHARED]
    and     byte [ss:HV_SHARED], ~HV_FLAG_IF
    and     eax, HV_FLAG_IF
    shl     eax, 9                      ; 200h = IF
    ret

; Page table entries are written here; the hypervisor is told where.
BODY vmi_ext_set_entry
    mov     [ecx + 4], edx
    mov     [ecx], eax
    mov     eax, ecx
    jmp     [ENTRY(Queue)]

; A page fault left its address in the shared page.
INLINE_ONE vmi_ext_read_cr2, mov eax, [HV_SHARED + 8]

; pt_announce(EAX = frame, EDX = level)
BODY vmi_ext_pt_announce
    shl     eax, 12
    lea     eax, [eax + edx * 8 + HV_QUEUE_ANNOUNCE]
    jmp     [ENTRY(Queue)]

; pt_release(EAX = frame, EDX = level)
BODY vmi_ext_pt_release
    shl     eax, 12
    or      eax, HV_QUEUE_RELEASE
    jmp     [ENTRY(Queue)]

; load_sp0(EAX = stack pointer): which segment it is in was said when there was no queue yet.
BODY vmi_ext_load_sp0
    or      eax, HV_QUEUE_STACK
    jmp     [ENTRY(Queue)]

BODY vmi_ext_lazy_begin
    mov     eax, 1
    jmp     [ENTRY(SetLazy)]

BODY vmi_ext_lazy_end
    xor     eax, eax
    jmp     [ENTRY(SetLazy)]

; A call that does next to nothing.
BODY vmi_null_exit
    jmp     [ENTRY(GetTR)]

; --- for vmi.c: ROM code, called with VMI's registers ------------------------------------------------

; u64 vmi_call(a, d, c, entry, s, s2): a call with up to five words; two are on the stack.
BODY vmi_call
    push    ebp
    mov     ebp, esp
    push    dword [ebp + 16]
    push    dword [ebp + 12]
    call    [ebp + 8]
    leave
    ret
