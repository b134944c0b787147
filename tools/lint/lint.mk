# SPDX-License-Identifier: MIT
# tools/lint/lint.mk: what can be checked without running anything.

LINT   := tools/lint
LINTS  := lint-privileged lint-oplist lint-porting lint-structure lint-lines lint-format lint-cppcheck lint-shell
C_FILES = $(shell git ls-files '*.[ch]')

.PHONY: lint $(LINTS)
lint: $(LINTS) ## check everything that can be checked without running it

lint-privileged: $(B)/kernel.elf
	$(Q)$(PYTHON) $(LINT)/privileged.py $< $(OBJDUMP)

lint-oplist: $(B)/pvops/native.asm.o
	$(Q)$(PYTHON) $(LINT)/oplist.py pvops/pvops.def $< $(NM)

lint-porting: $(B)/libpvops.a
	$(Q)$(LINT)/porting.sh $< $(NM) $(OBJDUMP)

lint-structure:
	$(Q)$(LINT)/structure.sh $(CC) $(filter-out -MMD -MP,$(CFLAGS))

lint-lines:
	$(Q)$(LINT)/lines.sh

lint-format:
	$(Q)clang-format --dry-run --Werror $(C_FILES)

# Off: what cppcheck cannot parse (the list of ops as members of a structure).
lint-cppcheck:
	$(Q)cppcheck --quiet --error-exitcode=1 --enable=warning,portability --inline-suppr -I. \
	    --suppress=internalAstError --platform=unix32 kernel arch pvops hv-stub lib user

lint-shell:
	$(Q)shellcheck $(shell git ls-files '*.sh' .ci/run)
