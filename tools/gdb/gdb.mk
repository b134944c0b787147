# SPDX-License-Identifier: MIT
# tools/gdb/gdb.mk: stepping through the kernel.

.PHONY: gdb
gdb: $(BOOTED) ## QEMU stopped at its first instruction, GDB attached; MODE= ARGS= RUN= as run
	@tools/gdb/run.sh
