# SPDX-License-Identifier: MIT
# hv-stub/hv-stub.mk: the hypervisor, an ELF of its own.

HV_SRC := $(wildcard hv-stub/*.c hv-stub/*.asm)
HV_OBJ := $(HV_SRC:%=$(B)/%.o)

# There is no backtrace here: EBP is better used for something else.
$(HV_OBJ): CFLAGS += -fomit-frame-pointer

$(B)/hv-stub.debug: $(HV_OBJ) $(LIB_OBJ) hv-stub/hv-stub.ld
	$(Q)$(LD) $(LDFLAGS) -T hv-stub/hv-stub.ld -Map=$(B)/hv-stub.map -o $@ $(filter %.o,$^)
	$(Q)$(OBJCOPY) --wildcard --strip-symbol='..@*' $@ # labels inside NASM macros

$(B)/hv-stub.elf: $(B)/hv-stub.debug
	$(Q)$(OBJCOPY) --strip-debug $< $@
