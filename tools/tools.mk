# SPDX-License-Identifier: MIT
# tools/tools.mk: the tools that must be there before anything can be made.

export CROSS HOSTCC PYTHON GRUB_MKIMAGE

.PHONY: setup doctor
setup: ## install what is missing (apt), or say how; then, as in `make setup run`, go on
	@:
doctor: ## show each tool, its version, and what is missing
	@tools/doctor.sh

# In `make setup run` the run must see the new tools, and so must everything that make asks of them
# while it reads its files. So setup is done by remaking one of these files; make then starts over.
ifneq ($(filter setup,$(MAKECMDGOALS)),)
include $(B)/setup.mk
$(B)/setup.mk: $(if $(MAKE_RESTARTS),,tools-first)
	@tools/setup.sh
	@mkdir -p $(@D)
	@echo '# Set up; see tools/tools.mk.' > $@
.PHONY: tools-first
endif
