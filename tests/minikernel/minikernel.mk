# SPDX-License-Identifier: MIT
# tests/minikernel/minikernel.mk: a foreign kernel on libpvops.a, for tests/test_minikernel.py.

MINIKERNEL_OBJ := $(B)/tests/minikernel/boot.asm.o $(B)/tests/minikernel/main.c.o

$(B)/minikernel.elf: $(MINIKERNEL_OBJ) $(B)/libpvops.a tests/minikernel/minikernel.ld pvops/tables.ld
	$(Q)$(LD) $(LDFLAGS) -T tests/minikernel/minikernel.ld -o $@ $(MINIKERNEL_OBJ) $(B)/libpvops.a

test-build: $(B)/minikernel.elf
