; SPDX-License-Identifier: MIT
; pvops/kvm.asm: the kvm backend's body of a PATCH op: such bodies are NASM's.
;
; Read first: kvm.c, inline.inc.

%include "pvops/inline.inc"

section .text

; Ports are answered by programs. Nothing is what a patched site holds.
INLINE_ONE kvm_io_delay

section .note.GNU-stack noalloc noexec nowrite progbits
