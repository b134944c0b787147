; SPDX-License-Identifier: MIT
; user/damaged.asm: a program of a few bytes with its ELF file written out, whole or damaged.
;
; Runs:  ring 3, if nothing is wrong with it: it exits with status 42.
; Needs: nasm -f bin -D DAMAGE_x, x being one of those below or `none`.
; Gives: a file that differs from a good one by that damage alone, so that a refusal has only
;        one possible cause.

bits 32

PAGE        equ 0x1000
SYS_EXIT    equ 0               ; lib/abi.h
EM_386      equ 3
EM_X86_64   equ 62

%define MAGIC       0x7F, "ELF"
%define CLASS       1           ; 32 bits
%define MACHINE     EM_386
%define BASE        0x08048000
%define ENTRY       BASE + (code - file)
%define TABLE       table - file
%define FILE_SIZE   end - file
%define MEMORY_SIZE end - file

%ifdef DAMAGE_magic
%define MAGIC       0x7F, "ELK"
%elifdef DAMAGE_class
%define CLASS       2           ; 64 bits
%elifdef DAMAGE_machine
%define MACHINE     EM_X86_64
%elifdef DAMAGE_table
%define TABLE       PAGE        ; program headers behind the end of the file
%elifdef DAMAGE_trunc
%define FILE_SIZE   PAGE        ; more than there is
%define MEMORY_SIZE PAGE
%elifdef DAMAGE_size
%define MEMORY_SIZE 1           ; less than comes from the file
%elifdef DAMAGE_high
%define BASE        0xC0100000  ; the kernel's own
%elifdef DAMAGE_stack
%define BASE        0x3FFFF000  ; the last page below USER_TOP
%elifdef DAMAGE_wrap
%define MEMORY_SIZE 0 - BASE + PAGE
%elifdef DAMAGE_entry
%define ENTRY       BASE + PAGE ; behind the segment
%endif

%ifndef DAMAGE_empty
file:
    db MAGIC, CLASS, 1, 1       ; little endian, ELF version 1
    times 16 - ($ - file) db 0
%ifndef DAMAGE_header           ; that file ends here
    dw 2, MACHINE               ; an executable
    dd 1, ENTRY, TABLE, 0       ; version; no section headers
    dd 0                        ; flags
    dw 52, 32, 1, 0, 0, 0       ; bytes of this header, of a program header; one of those
table:
    dd 1, 0, BASE, BASE         ; PT_LOAD, from offset 0
    dd FILE_SIZE, MEMORY_SIZE
    dd 5, PAGE                  ; read and execute; alignment
code:
    mov eax, SYS_EXIT
    mov ebx, 42
    int 0x80
end:
%endif
%endif
