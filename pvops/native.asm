; SPDX-License-Identifier: MIT
; pvops/native.asm: the native backend's bodies that are machine instructions.
;
; Runs:  in ring 0.
; Gives: native_<op> for each op whose native form is a few instructions.
; Read first: pvops.def (registers), pv_call.h (kinds), inline.inc.

%include "pvops/inline.inc"

extern gdt, idt, tss

section .text

; --- irq -------------------------------------------------------------------------------------

INLINE native_irq_save
    pushf
    pop     eax
    cli
END_INLINE

INLINE native_irq_restore
    push    eax
    popf
END_INLINE

INLINE_ONE native_irq_disable, cli
INLINE_ONE native_irq_enable, sti

; sti lets the next instruction begin before an interrupt is taken: none can slip in between.
INLINE native_safe_halt
    sti
    hlt
END_INLINE

; --- cpu -------------------------------------------------------------------------------------

CPUID_BODY native_cpuid, cpuid

INLINE_ONE native_read_cr2, mov eax, cr2
INLINE_ONE native_read_cr3, mov eax, cr3
INLINE_ONE native_write_cr3, mov cr3, eax
INLINE_ONE native_load_gdt, lgdt [eax]
INLINE_ONE native_load_idt, lidt [eax]
INLINE_ONE native_load_tr, ltr ax

; write_gdt_entry(EAX = index, ECX:EDX = descriptor)
BODY native_write_gdt_entry
    mov     [gdt + eax * 8], edx
    mov     [gdt + eax * 8 + 4], ecx
    ret

; write_idt_entry(EAX = vector, ECX:EDX = gate)
BODY native_write_idt_entry
    mov     [idt + eax * 8], edx
    mov     [idt + eax * 8 + 4], ecx
    ret

INLINE native_load_sp0
    db      0x89, 0x05                  ; mov [tss + 4], eax, in six bytes: struct tss: sp0
    dd      tss + 4
END_INLINE

INLINE native_rdmsr
    mov     ecx, eax
    rdmsr
END_INLINE

INLINE_ONE native_wrmsr, wrmsr
INLINE_ONE native_iret, iret

; --- mmu -------------------------------------------------------------------------------------

; Physical addresses are what the machine wants: nothing to do, and nothing is what a patched
; site holds.
INLINE_ONE native_make_pte
INLINE_ONE native_pte_pa

; An entry is 64 bits, but we store 32 at a time. Memory is below 4 GiB and there is no NX bit,
; so the high half is always 0 and the CPU never sees a half-written entry that means something.
; `byte`: an offset of 0 in the instruction makes it as long as a site: there is nothing to pad.
%macro INLINE_STORE_ENTRY 1
INLINE %1
    mov     [ecx + 4], edx
    mov     [byte ecx + 0], eax
END_INLINE
%endmacro

INLINE_STORE_ENTRY native_set_pte
INLINE_STORE_ENTRY native_set_pmd
INLINE_STORE_ENTRY native_set_pdpte

; The CPU reads tables wherever they are: nobody need be told.
INLINE_ONE native_pt_announce
INLINE_ONE native_pt_release
INLINE_ONE native_flush_one, invlpg [eax]

INLINE native_flush_all
    mov     eax, cr3
    mov     cr3, eax
END_INLINE

; Everything takes effect at once.
INLINE_ONE native_lazy_begin
INLINE_ONE native_lazy_end

; The same, for backends that have nothing to do where native has.
INLINE_ONE pv_nothing

; --- time ------------------------------------------------------------------------------------

; Nobody else runs on this CPU.
INLINE native_stolen_ns
    xor     eax, eax
    xor     edx, edx
END_INLINE

; --- io --------------------------------------------------------------------------------------

INLINE native_in8
    xor     eax, eax
    in      al, dx
END_INLINE

INLINE_ONE native_out8, out dx, al

; A write to port 80h, the POST code display, takes about a microsecond on any PC bus.
INLINE_ONE native_io_delay, out 0x80, al

; --- the end -----------------------------------------------------------------------------------

; An NMI or SMI may wake the CPU: hence the loop.
BODY native_halt_forever
    cli
    hlt
    jmp     native_halt_forever

; --- which ring is this? -----------------------------------------------------------------------

; The experiment of native's setup, see native.c. `native_ring_experiment(flags_after_cli *)`
; returns CS in EAX. In ring 0 cli clears IF and pushf shows it. In ring 1 cli traps, and
; whoever emulates it cannot make pushf tell the truth: pushf does not trap.
BODY native_ring_experiment
    pushf
    cli
    pushf
    pop     dword [eax]
    popf
    mov     eax, cs
    ret
