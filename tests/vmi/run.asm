; SPDX-License-Identifier: MIT
; tests/vmi/run.asm: what C cannot do: calls with chosen registers, probes that may fault, a
; program in ring 3, and the way out of a test that went wrong.

%include "tests/vmi/layout.inc"

extern iret_target

section .text

; --- a call with every register chosen, and every register looked at -----------------------------

; vmi_run(): calls run.entry with the registers, segments and stack words of `run`, and writes down
; there what it leaves. `run` is reached by SS: the call may be made with any DS.
global vmi_run
vmi_run:
    push    ebp
    push    ebx
    push    esi
    push    edi
    mov     [run_stack], esp
    mov     eax, [run + RUN_STACK]
    test    eax, eax
    jz      .guarded
    mov     esp, eax                    ; its last word holds the only stack argument
    jmp     .argument
.guarded:
    push    GUARD
    push    GUARD
    push    GUARD
    push    GUARD
    push    dword [run + RUN_ARGS + 4]
.argument:
    push    dword [run + RUN_ARGS]
    mov     [run + RUN_ESP_BEFORE], esp
    mov     es, [run + RUN_ES]
    mov     fs, [run + RUN_FS]
    mov     gs, [run + RUN_GS]
    push    dword [run + RUN_IN + 28]
    popf
    mov     eax, [run + RUN_IN]
    mov     ecx, [run + RUN_IN + 4]
    mov     edx, [run + RUN_IN + 8]
    mov     ebx, [run + RUN_IN + 12]
    mov     ebp, [run + RUN_IN + 16]
    mov     esi, [run + RUN_IN + 20]
    mov     edi, [run + RUN_IN + 24]
    mov     ds, [run + RUN_DS]
    call    [ss:run + RUN_ENTRY]
    mov     dword [ss:run + RUN_RETURNED], 1
    mov     [ss:run + RUN_OUT], eax
    mov     [ss:run + RUN_OUT + 4], ecx
    mov     [ss:run + RUN_OUT + 8], edx
    mov     [ss:run + RUN_OUT + 12], ebx
    mov     [ss:run + RUN_OUT + 16], ebp
    mov     [ss:run + RUN_OUT + 20], esi
    mov     [ss:run + RUN_OUT + 24], edi
    mov     [ss:run + RUN_ESP_AFTER], esp
    mov     esp, [ss:run + RUN_ESP_BEFORE]
    pushf
    pop     dword [ss:run + RUN_OUT + 28]
    cld
    mov     [ss:run + RUN_OUT_DS], ds
    mov     [ss:run + RUN_OUT_ES], es
    mov     [ss:run + RUN_OUT_FS], fs
    mov     [ss:run + RUN_OUT_GS], gs
    mov     eax, KERNEL_DS
    mov     ds, eax
    mov     es, eax
    pop     dword [run + RUN_OUT_ARGS]
    cmp     dword [run + RUN_STACK], 0
    jne     .done
    pop     dword [run + RUN_OUT_ARGS + 4]
    pop     dword [run + RUN_OUT_GUARDS]
    pop     dword [run + RUN_OUT_GUARDS + 4]
    pop     dword [run + RUN_OUT_GUARDS + 8]
    pop     dword [run + RUN_OUT_GUARDS + 12]
.done:
    mov     esp, [run_stack]
    pop     edi
    pop     esi
    pop     ebx
    pop     ebp
    ret

; An iret to the next instruction, as an entry for vmi_run.
global iret_probe, iret_landing
iret_probe:
    push    dword [ss:run + RUN_IRET_FLAGS]
    push    cs
    push    iret_landing
    jmp     [ss:iret_target]
iret_landing:
    mov     dword [ss:run + RUN_RETURNED], 1
    ret

; u64 plain_call(entry, a, d, c, s, s2), cdecl: a call without checks, also for trap handlers.
global plain_call
plain_call:
    push    ebp
    mov     ebp, esp
    push    dword [ebp + 28]
    push    dword [ebp + 24]
    mov     eax, [ebp + 12]
    mov     edx, [ebp + 16]
    mov     ecx, [ebp + 20]
    call    [ebp + 8]
    leave
    ret

; --- memory that may not be there ----------------------------------------------------------------

; bool probe_read(va, u32 *value), probe_write(va, u32 value), regparm: false after a fault, which
; trap() sends to probe_failed.
global probe_read, probe_read_at, probe_write, probe_write_at, probe_failed
probe_read:
probe_read_at:
    mov     eax, [eax]
    mov     [edx], eax
    mov     eax, 1
    ret
probe_write:
probe_write_at:
    mov     [eax], edx
    mov     eax, 1
    ret
probe_failed:
    xor     eax, eax
    ret

; u32 read_fs(offset), regparm, cdecl registers otherwise
global read_fs, load_fs
read_fs:
    mov     eax, [fs:eax]
    ret
load_fs:
    mov     fs, eax
    ret

; --- exceptions on purpose: two bytes each, but for int3 -----------------------------------------

global raise_ud, raise_bp
raise_ud:
    ud2
    ret
raise_bp:
    int3
    ret

; --- out of a test, out of a program -------------------------------------------------------------

; bool guarded(function), regparm: calls it; true if it ended by abandon().
global guarded, abandon
guarded:
    push    ebp
    push    ebx
    push    esi
    push    edi
    mov     [test_stack], esp
    call    eax
    xor     eax, eax
.out:
    mov     esp, [test_stack]
    pop     edi
    pop     esi
    pop     ebx
    pop     ebp
    ret
abandon:
    mov     eax, 1
    jmp     guarded.out

; u32 enter_user(eip, esp, eflags), regparm: runs a program, until leave_user(result).
; Its registers: ECX and EDX 1000, EBX EBP ESI EDI patterns.
global enter_user, leave_user
enter_user:
    push    ebp
    push    ebx
    push    esi
    push    edi
    mov     [user_stack], esp
    push    USER_DS
    push    edx
    push    ecx
    push    USER_CS
    push    eax
    mov     eax, USER_DS
    mov     ds, eax
    mov     es, eax
    mov     ecx, [ss:user_count]
    mov     edx, 0xD0D0D0D0
    mov     ebx, 0xB0B0B0B0
    mov     ebp, 0xEB0EB0EB
    mov     esi, 0x51515151
    mov     edi, 0xD1D1D1D1
    xor     eax, eax
    jmp     [ss:iret_target]
leave_user:
    mov     esp, [user_stack]
    pop     edi
    pop     esi
    pop     ebx
    pop     ebp
    ret

; The program: ECX system calls that are only counted, then one that leaves.
global user_calls, user_reads, user_end
user_calls:
    inc     esi
.again:
    int     VECTOR_SYSCALL
    loop    .again
    inc     eax
    int     VECTOR_SYSCALL
user_reads:
    mov     eax, [edi]
    mov     eax, 2
    int     VECTOR_SYSCALL
user_end:

section .data
align 4
global run, user_count
run:            times 152 db 0
run_stack:      dd 0
test_stack:     dd 0
user_stack:     dd 0
user_count:     dd 1000
