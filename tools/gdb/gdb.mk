# SPDX-License-Identifier: MIT
# tools/gdb/gdb.mk: stepping through the kernel.

.PHONY: gdb
gdb: export ARGS RUN MEM
gdb: $(B)/kernel.elf $(B)/initrd.tar ## QEMU stopped at its first instruction, GDB attached
	@tools/gdb/run.sh
