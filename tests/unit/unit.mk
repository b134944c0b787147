# SPDX-License-Identifier: MIT
# tests/unit/unit.mk: tests of the freestanding code on the host, where ASan and UBSan watch.
#
# Each tests/unit/test_*.c is a program. To add one, write it, and say below which objects of
# the tree it is linked with. Those are built from the very sources that go into the kernel.

HOSTCC      ?= cc
UNIT        := $(B)/unit
UNIT_TESTS  := $(patsubst tests/unit/%.c,$(UNIT)/%,$(wildcard tests/unit/test_*.c))
UNIT_CFLAGS := -std=gnu11 -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all \
               -Wall -Wextra $(if $(CI),-Werror) -I. -MMD -MP

$(UNIT)/test_string:  $(UNIT)/lib/string.o
$(UNIT)/test_format:  $(UNIT)/lib/format.o $(UNIT)/lib/string.o $(UNIT)/user/lib/snprintf.o
$(UNIT)/test_div64:   $(UNIT)/lib/div64.o
$(UNIT)/test_elf:     $(UNIT)/lib/elf.o
$(UNIT)/test_ustar:   $(UNIT)/lib/ustar.o
$(UNIT)/test_cmdline: $(UNIT)/lib/cmdline.o
$(UNIT)/test_frame:   $(UNIT)/kernel/frame.o
$(UNIT)/test_patch:   $(UNIT)/pvops/patch.o
$(UNIT)/test_pvclock: $(UNIT)/pvops/pvclock.o
$(UNIT)/test_decode:  $(UNIT)/hv-stub/decode.o

# These define what the host's C library defines too. All others use the host's, as ASan knows it.
$(UNIT)/lib/string.o $(UNIT)/lib/format.o $(UNIT)/user/lib/snprintf.o: UNIT_CFLAGS += -include tests/unit/rename.h


# This one includes kvm.c itself, to see its pages; the kernel's flags let a parameter be unused.
$(UNIT)/tests/unit/test_kvm.o: UNIT_CFLAGS += -Wno-unused-parameter

# kernel/frame.c sees another machine: an array for a memory.
$(UNIT)/kernel/frame.o $(UNIT)/tests/unit/test_frame.o: UNIT_CFLAGS := -Itests/unit/fake $(UNIT_CFLAGS)

.PHONY: unit unit-build
.PRECIOUS: $(UNIT)/%.o $(UNIT)/tests/unit/%.o
unit-build: $(UNIT_TESTS)

unit: unit-build ## run the host unit tests
	@failed=0; for test in $(UNIT_TESTS); do \
	    if $$test > $$test.log 2>&1; then echo "ok      $$test"; \
	    else failed=1; cat $$test.log; echo "FAILED  $$test"; fi; \
	done; exit $$failed

$(UNIT)/test_%: $(UNIT)/tests/unit/test_%.o
	$(Q)$(HOSTCC) $(UNIT_CFLAGS) $^ -lcmocka -o $@

$(UNIT)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(UNIT_CFLAGS) -ffreestanding -c $< -o $@

$(UNIT)/tests/unit/%.o: tests/unit/%.c
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(UNIT_CFLAGS) -c $< -o $@
