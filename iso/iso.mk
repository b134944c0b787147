# SPDX-License-Identifier: MIT
# iso/iso.mk: the CD image, and booting what was built in QEMU and in Bochs.

# What iso/run.sh reads; a dollar sign in ARGS and RUN is for the guest's shell, not for make.
export MODE ?= vmi
export MEM  ?= 64
export QEMU ?= qemu-system-i386
override export ARGS := $(value ARGS)
override export HVARGS := $(value HVARGS)
override export RUN  := $(value RUN)

# Fedora calls it grub2-mkimage, Homebrew i686-elf-grub-mkimage.
GRUB_MKIMAGE ?= $(firstword $(notdir $(foreach name,grub-mkimage grub2-mkimage \
                    i686-elf-grub-mkimage,$(shell command -v $(name) 2>/dev/null))) grub-mkimage)
GRUB_MODULES := biosdisk iso9660 multiboot normal serial terminal

# All of GRUB that is needed, in one file that the BIOS loads from the CD.
$(B)/iso/grub.img: iso/iso.mk
	@mkdir -p $(@D)
	$(Q)$(GRUB_MKIMAGE) -O i386-pc-eltorito -p '(cd)/boot/grub' -o $@ $(GRUB_MODULES)

BOOTED := $(B)/hv-stub.elf $(B)/kernel.elf $(B)/initrd.tar

$(B)/paravane.iso: $(BOOTED) $(B)/iso/grub.img iso/grub.cfg iso/mkiso.sh
	$(Q)iso/mkiso.sh $@ menu iso/grub.cfg $(BOOTED)

.PHONY: iso run run-iso run-bochs
iso: $(B)/paravane.iso ## make build/paravane.iso

run: $(BOOTED) ## boot in QEMU; MODE=vmi|native|trap|kvm|xen ARGS="pv.patch=off" RUN="ls; ps" MEM=64
	@iso/run.sh kernel
run-iso: $(B)/paravane.iso ## boot the CD in QEMU, as `run`
	@iso/run.sh iso
run-bochs: $(B)/paravane.iso ## boot the CD in Bochs, as `run`
	@iso/run.sh bochs
