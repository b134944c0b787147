# SPDX-License-Identifier: MIT
# tests/vmi/vmi.mk: the guest kernel that tests the ROM, for tests/test_vmi_rom.py.

VMITEST_SRC := $(wildcard tests/vmi/*.c tests/vmi/*.asm)
VMITEST_OBJ := $(VMITEST_SRC:%=$(B)/%.o) $(B)/user/lib/snprintf.c.o

$(B)/tests/vmi/boot.asm.o $(B)/tests/vmi/run.asm.o: $(B)/tests/vmi/layout.inc

$(B)/vmitest.elf: $(VMITEST_OBJ) $(LIB_OBJ) tests/vmi/vmitest.ld
	$(Q)$(LD) $(LDFLAGS) -T tests/vmi/vmitest.ld -o $@ $(filter %.o,$^)

test-build: $(B)/vmitest.elf $(B)/hv-stub.elf
