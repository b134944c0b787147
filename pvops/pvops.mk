# SPDX-License-Identifier: MIT
# pvops/pvops.mk: libpvops.a, for other kernels: docs/porting.md says how to use it.
#
# pvops/ itself, the drivers and formats of arch/x86, and what both need of lib/.

PVOPS_ARCH := cmos.c cpu.c multiboot.c pc_console.c pic.c pit.c power.c ps2.c segments.asm uart.c vga.c
PVOPS_LIB  := cmos.c cmdline.c div64.c format.c string.c
PVOPS_OBJ  := $(filter $(B)/pvops/%,$(KERNEL_OBJ)) $(PVOPS_ARCH:%=$(B)/arch/x86/%.o) \
              $(PVOPS_LIB:%=$(B)/lib/%.o)

.PHONY: libpvops
libpvops: $(B)/libpvops.a ## make build/libpvops.a, pvops for another kernel
$(B)/libpvops.a: $(PVOPS_OBJ)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^
