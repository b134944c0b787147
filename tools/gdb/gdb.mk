# SPDX-License-Identifier: MIT
# tools/gdb/gdb.mk: stepping through the kernel.

.PHONY: gdb
gdb: $(BOOTED) ## QEMU stopped at its first instruction, GDB attached; MODE=vmi|native|trap ARGS= RUN=
	@tools/gdb/run.sh
