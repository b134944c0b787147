# SPDX-License-Identifier: MIT
# tools/xen/xen.mk: a real Xen to run on, and a CD with it. See tools/xen/build.sh.

XEN_ELF := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/paravane/xen/xen.elf

.PHONY: xen iso-xen
xen: ## build a Xen that runs 32-bit guests, from Debian's source, below ~/.cache; two minutes
	@tools/xen/build.sh

iso-xen: $(B)/paravane-xen.iso ## make build/paravane-xen.iso, a CD with that Xen (after `make xen`)
	@echo "made $<: type at its serial port, the screen only shows; to boot it:"
	@echo "  qemu-system-x86_64 -m 128 -cdrom $< -serial mon:stdio -display none -no-reboot" \
	    "-device isa-debug-exit,iobase=0xf4"

$(XEN_ELF):
	@echo "$@ is not there; make xen builds it" >&2; exit 1

$(B)/iso/grub-xen.cfg: iso/grub.cfg tools/xen/grub.cfg
	@mkdir -p $(@D)
	$(Q)cat $^ > $@

$(B)/paravane-xen.iso: $(XEN_ELF) $(BOOTED) $(B)/iso/grub.img $(B)/iso/grub-xen.cfg iso/mkiso.sh
	$(Q)iso/mkiso.sh $@ menu $(B)/iso/grub-xen.cfg $(XEN_ELF) $(BOOTED)

# Before the tests, two of which want it at once.
test-build: $(if $(wildcard $(XEN_ELF)),$(B)/paravane-xen.iso)
