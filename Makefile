# SPDX-License-Identifier: MIT
# Makefile: builds the kernel, its programs and the ISO. `make help` lists what it can do.
#
# Each folder that makes something says how in its own fragment: user/user.mk, iso/iso.mk,
# tests/tests.mk, tools/tools.mk. Everything made goes below build/ and nowhere else.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif

# CROSS=i686-linux-gnu- serves hosts whose own compiler has no -m32; CC=clang works as well.
CROSS   ?=
ifeq ($(origin CC),default)
CC      := $(CROSS)gcc
endif
LD      := $(CROSS)ld
NM      := $(CROSS)nm
OBJCOPY := $(CROSS)objcopy
OBJDUMP := $(CROSS)objdump
NASM    ?= nasm
PYTHON  ?= /usr/bin/python3

B := build

# One set of C flags for everything that runs on the machine. No libgcc, no libc, no FPU. A
# function's first three words are in EAX, EDX and ECX, as they are for pv ops. Nothing of ours
# needs the stack aligned to 16 bytes; clang has another word for that.
STACK := $(if $(findstring clang,$(CC)),-mstack-alignment=4,-mpreferred-stack-boundary=2)
CFLAGS := -m32 -march=i686 -mtune=generic -mregparm=3 $(STACK) -std=gnu11 -O2 -g -I. -MMD -MP \
          -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include 2>/dev/null) \
          -fno-pie -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables \
          -fno-omit-frame-pointer -fno-strict-aliasing -mgeneral-regs-only \
          -Wall -Wextra -Wno-unused-parameter -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla \
          $(if $(CI),-Werror)
# Each file begins with the note that its code needs no executable stack.
NASMFLAGS := -f elf32 -g -F dwarf -I. -I$(B)/ -w+all $(if $(CI),-w+error) \
             --before "section .note.GNU-stack noalloc noexec nowrite progbits"
LDFLAGS   := -m elf_i386 -nostdlib -z max-page-size=4096 --no-warn-rwx-segments --build-id=none

KERNEL_SRC := $(wildcard kernel/*.c arch/x86/*.c arch/x86/*.asm pvops/*.c pvops/*.asm)
LIB_SRC    := $(wildcard lib/*.c lib/*.asm)
KERNEL_OBJ := $(KERNEL_SRC:%=$(B)/%.o)
LIB_OBJ    := $(LIB_SRC:%=$(B)/%.o)

.PHONY: all clean help
all: $(B)/kernel.elf $(B)/hv-stub.elf $(B)/initrd.tar ## build kernel, hypervisor and programs
	@echo "built: $^"

$(B)/%.c.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -c $< -o $@

# NASM's own -MD does not name what is included: so each object depends on all that can be.
NASM_INCLUDES := $(wildcard pvops/*.inc pvops/*.def lib/*.def) \
                 $(B)/arch/x86/layout.inc $(B)/pvops/xen_abi.inc $(B)/lib/x86.inc \
                 $(B)/lib/hv.inc $(B)/lib/vmi.inc $(B)/hv-stub/host.inc

$(B)/%.asm.o: %.asm $(NASM_INCLUDES)
	@mkdir -p $(@D)
	$(Q)$(NASM) $(NASMFLAGS) $< -o $@

# C and NASM read the same numbers: each `#define NAME number` becomes a `%define`.
.PRECIOUS: $(B)/%.inc
$(B)/%.inc: %.h
	@mkdir -p $(@D)
	$(Q)sed -n 's/^#define \([A-Za-z0-9_]*\) *\([0-9][0-9A-Fa-fx]*\)\( .*\)*$$/%define \1 \2/p' $< > $@

# The kernel is linked twice: the symbols of the first link, for the backtrace, go into the second.
$(B)/kernel.pass1: $(KERNEL_OBJ) $(LIB_OBJ) $(B)/ksyms.empty.o arch/x86/kernel.ld pvops/tables.ld
	$(Q)$(LD) $(LDFLAGS) -T arch/x86/kernel.ld -o $@ $(filter %.o,$^)

$(B)/ksyms.asm: $(B)/kernel.pass1 tools/ksyms.sh
	$(Q)$(NM) -n $< | tools/ksyms.sh > $@

$(B)/ksyms.empty.asm: tools/ksyms.sh
	@mkdir -p $(@D)
	$(Q)tools/ksyms.sh < /dev/null > $@

$(B)/ksyms%o: $(B)/ksyms%asm
	$(Q)$(NASM) $(NASMFLAGS) $< -o $@

$(B)/kernel.debug: $(KERNEL_OBJ) $(LIB_OBJ) $(B)/ksyms.o arch/x86/kernel.ld pvops/tables.ld
	$(Q)$(LD) $(LDFLAGS) -T arch/x86/kernel.ld -Map=$(B)/kernel.map -o $@ $(filter %.o,$^)
	$(Q)$(OBJCOPY) --wildcard --strip-symbol='..@*' $@ # labels inside NASM macros

# What is booted has no DWARF: it is in kernel.debug, which GDB loads.
$(B)/kernel.elf: $(B)/kernel.debug
	$(Q)$(OBJCOPY) --strip-debug $< $@

include pvops/pvops.mk hv-stub/hv-stub.mk user/user.mk iso/iso.mk tests/tests.mk tests/fuzz/fuzz.mk tests/vmi/vmi.mk tests/hostile/hostile.mk tests/minikernel/minikernel.mk
include tools/tools.mk tools/lint/lint.mk tools/gdb/gdb.mk tools/bench/bench.mk tools/xen/xen.mk

clean: ## remove build/
	rm -rf $(B)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# `make V=1` shows the commands.
Q := $(if $(V),,@)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
