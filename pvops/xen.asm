; SPDX-License-Identifier: MIT
; pvops/xen.asm: the xen backend's bodies that must keep registers, and where Xen calls the kernel.
;
; Runs:  in ring 1, on Xen, which is above va_top in every address space.
; Gives: xen_<op>; xen_upcall, Xen's one interrupt, and its like.
; Read first: xen_abi.h, xen.c.

%include "arch/x86/layout.inc"
%include "lib/x86.inc"
%include "pvops/xen_abi.inc"
%include "pvops/inline.inc"

extern xen_p2m, xen_m2p, xen_vectors, xen_gates

%define PENDING xen_shared + XEN_UPCALL_PENDING
%define MASK    xen_shared + XEN_UPCALL_MASK
%define GATE(vector) ss:xen_gates + 4 * (vector)

section .text

; --- irq: Xen's event mask is the interrupt flag, turned round --------------------------------------

INLINE_ONE xen_irq_disable, mov byte [MASK], 1

BODY xen_irq_save
    movzx   eax, byte [MASK]
    mov     byte [MASK], 1
    xor     eax, 1
    shl     eax, 9                      ; 200h = IF
    ret

BODY xen_irq_restore
    test    ah, 2
    jnz     xen_irq_enable
    mov     byte [MASK], 1
    ret

; Xen looks at the mask when it has something to deliver, and not again when we clear it: what
; came in between we must ask for. Any hypercall does.
BODY xen_irq_enable
    mov     byte [MASK], 0
    cmp     byte [PENDING], 0
    jne     .deliver
    ret
.deliver:
    pushad
    xor     ebx, ebx                    ; XENVER_version
    call    xen_hypercalls + HYPERCALL_xen_version * HYPERCALL_SIZE
    popad
    ret

; --- traps -----------------------------------------------------------------------------------------

; The CPU's own iret serves in ring 1, but it does not know the event mask. So the mask is
; cleared before it, and an upcall that comes between the two finds our frame not gone yet:
; xen_upcall then acts as if it were. Where events wait already, Xen does both, and delivers them.
BODY xen_iret
    test    byte [esp + 9], 2           ; IF in the frame's EFLAGS
    jz      .go
    mov     byte [ss:MASK], 0
.window:
    cmp     byte [ss:PENDING], 0
    jne     .deliver
.go:
    iret
.deliver:
    mov     byte [ss:MASK], 1
.window_end:
    jmp     xen_hypercalls + HYPERCALL_iret * HYPERCALL_SIZE

; All interrupts come here, masked. One event becomes one interrupt, through the gate that xen.c
; chose for its channel; if others wait, we say so, and Xen comes again when we unmask.
BODY xen_upcall
    test    byte [esp + 4], 2           ; a program's EIP says nothing
    jnz     .take
    cmp     dword [esp], xen_iret.window
    jb      .take
    cmp     dword [esp], xen_iret.window_end
    jae     .take
    add     esp, 12                     ; EIP, CS, EFLAGS: beneath is the frame of the iret
.take:
    push    dword [GATE(IRQ_BASE + IRQ_SPURIOUS)]
    push    eax
    push    ecx
    mov     byte [ss:PENDING], 0
    mov     dword [ss:xen_shared + XEN_PENDING_SEL], 0
    mov     eax, [ss:xen_shared + XEN_EVTCHN_MASK]
    not     eax
    and     eax, [ss:xen_shared + XEN_EVTCHN_PENDING]
    bsf     ecx, eax
    jz      .go
    btr     eax, ecx
    test    eax, eax
    jz      .last
    mov     byte [ss:PENDING], 1
.last:
    lock btr [ss:xen_shared + XEN_EVTCHN_PENDING], ecx
    movzx   ecx, byte [ss:xen_vectors + ecx]
    mov     ecx, [GATE(ecx)]
    mov     [esp + 8], ecx
.go:
    pop     ecx
    pop     eax
    ret                                 ; to the handler

; A program's syscall, which is #UD where nobody has switched it on. Xen has, for 64-bit guests.
BODY xen_syscall
    sub     dword [esp], 2              ; EIP, back to the instruction
    jmp     [GATE(VECTOR_UD)]

; #NM. Xen lets the next FPU instruction pass, as if we had loaded the program's FPU state; programs
; have none. fpu_taskswitch(1) makes it fault again.
BODY xen_no_fpu
    pushad
    mov     ebx, 1
    call    xen_hypercalls + HYPERCALL_fpu_taskswitch * HYPERCALL_SIZE
    popad
    jmp     [GATE(VECTOR_NM)]

; --- cpu -------------------------------------------------------------------------------------------

INLINE_ONE xen_read_cr2, mov eax, [xen_shared + XEN_CR2]

; cpuid does not trap in ring 1, and tells what CPU there is, not what Xen lets us have of it.
; Behind a prefix that makes it fault, Xen answers.
CPUID_BODY xen_cpuid, db 0x0F, 0x0B, "xen", 0x0F, 0xA2 ; ud2, 'xen', cpuid

; Xen has a TSS of its own, in which stack_switch sets the stack.
INLINE_ONE xen_load_tr

; MSRs are Xen's. Ours is the one that says where sysenter goes; Xen lets no program use it
; before a guest has told it an address.
INLINE xen_rdmsr
    xor     eax, eax
    xor     edx, edx
END_INLINE

INLINE_ONE xen_wrmsr

; --- mmu -------------------------------------------------------------------------------------------

; make_pte(EDX:EAX = entry): frame numbers of ours become the machine's.
BODY xen_make_pte
    push    ecx
    mov     ecx, eax
    shr     eax, 12
    and     ecx, 0xFFF
    mov     edx, [xen_p2m]
    mov     eax, [edx + eax * 4]
    mov     edx, eax
    shr     edx, 20
    shl     eax, 12
    or      eax, ecx
    pop     ecx
    ret

; pte_pa(EDX:EAX = entry): the reverse, from a table that Xen keeps for all guests.
BODY xen_pte_pa
    push    ecx
    mov     ecx, eax
    and     ecx, 0xFFF
    shrd    eax, edx, 12
    mov     edx, [xen_m2p]
    mov     eax, [edx + eax * 4]
    shl     eax, 12
    or      eax, ecx
    xor     edx, edx
    pop     ecx
    ret

; --- devices: there are none. Ports read as an empty bus does ----------------------------------------

INLINE_ONE xen_irqchip_init
INLINE_ONE xen_in8, mov eax, 0xFF
INLINE_ONE xen_out8
INLINE_ONE xen_io_delay

section .bss.page nobits alloc noexec write align=4096
global xen_hypercalls, xen_shared
xen_hypercalls: resb 4096               ; Xen writes its entries here
xen_shared:     resb 4096               ; the page of struct xen_shared_info is mapped over this one
