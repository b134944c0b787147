# SPDX-License-Identifier: MIT
# tests/hostile/hostile.mk: the kernel that attacks hv-stub.

HOSTILE_SRC := $(wildcard tests/hostile/*.c tests/hostile/*.asm)
HOSTILE_OBJ := $(HOSTILE_SRC:%=$(B)/%.o)

$(B)/tests/hostile/boot.asm.o: $(B)/tests/hostile/hostile.inc

$(B)/hostile.elf: $(HOSTILE_OBJ) $(LIB_OBJ) tests/hostile/hostile.ld
	$(Q)$(LD) $(LDFLAGS) -T tests/hostile/hostile.ld -o $@ $(filter %.o,$^)

test-build: $(B)/hostile.elf $(B)/hv-stub.elf
