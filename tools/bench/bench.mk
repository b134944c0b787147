# SPDX-License-Identifier: MIT
# tools/bench/bench.mk: what it costs: the same kernel, run in every way that there is.

BENCH  := $(B)/bench
DIRECT := tools/bench/direct

# The kernel without the table: the same sources, with another pv_call.h and pv_call.inc. Of the
# sources in NASM only entry.asm calls an op.
DIRECT_OBJ := $(patsubst %.c,$(B)/direct/%.c.o,$(filter %.c,$(KERNEL_SRC))) \
              $(B)/direct/arch/x86/entry.asm.o \
              $(filter-out %/entry.asm.o %.c.o,$(KERNEL_OBJ))

$(B)/direct/%.c.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) -I$(DIRECT) $(CFLAGS) -c $< -o $@

# NASM looks into the folder that it runs in first.
TO_TOP := ../../..
$(B)/direct/arch/x86/entry.asm.o: arch/x86/entry.asm $(NASM_INCLUDES) $(DIRECT)/pvops/pv_call.inc
	@mkdir -p $(@D)
	$(Q)cd $(DIRECT) && $(NASM) $(NASMFLAGS:-I%=-I$(TO_TOP)/%) $(TO_TOP)/$< -o $(TO_TOP)/$@

$(B)/direct/kernel-direct.debug: $(DIRECT_OBJ) $(LIB_OBJ) $(B)/ksyms.empty.o arch/x86/kernel.ld
	$(Q)$(LD) $(LDFLAGS) -T arch/x86/kernel.ld -o $@ $(filter %.o,$^)

$(B)/direct/kernel-direct.elf: $(B)/direct/kernel-direct.debug
	$(Q)$(OBJCOPY) --strip-debug $< $@

# A plugin of QEMU's that counts instructions; runs on the host.
$(BENCH)/count.so: tools/bench/count.c
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -O2 -Wall -Wextra -Wno-unused-parameter -shared -fPIC -o $@ $<

BENCH_NEEDS := $(B)/kernel.elf $(B)/hv-stub.elf $(B)/initrd.tar $(B)/direct/kernel-direct.elf $(BENCH)/count.so

BENCH_RUN := PYTHONPYCACHEPREFIX=$(B)/pycache $(PYTHON) tools/bench

.PHONY: bench bench-build bench-docs bench-where bench-diff bench-host
bench-build: $(BENCH_NEEDS)
bench: bench-build ## instructions per operation in every mode: build/bench.json, .md, .svg
	@$(BENCH_RUN)/bench.py
bench-docs: bench ## the same, and bring README.md and docs/ up to date
	@cp $(B)/bench.md $(B)/bench.svg docs/
	@$(BENCH_RUN)/paths.py README.md docs/paths.md
bench-where: bench-build ## where they go; ROW=cow_fault MODE=vmi; WHERE=--path: in their order
	@$(BENCH_RUN)/where.py "$(ROW)" "$(MODE)" $(WHERE)
bench-diff: ## the rows that cost something else than in BASE=REVISION
	@$(BENCH_RUN)/diff.py "$(BASE)"
bench-host: bench-build iso ## the host's clock: time per operation, to build, to boot; noisy
	@$(BENCH_RUN)/host.py
