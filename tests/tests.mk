# SPDX-License-Identifier: MIT
# tests/tests.mk: runs the tests. T= names some of them: make test T="tests/test_boot.py -k bochs"

include tests/unit/unit.mk

# One more than the processors: a machine that boots from a CD mostly waits.
TEST_JOBS ?= $(shell expr $$(nproc 2>/dev/null || echo 2) + 1)
T         ?= tests
PYTEST     = PYTHONPYCACHEPREFIX=$(B)/pycache $(PYTHON) -m pytest -c tests/pytest.ini -n $(TEST_JOBS)

.PHONY: test test-quick test-all test-build
test: test-build ## run the tests, 6 minutes on two cores; T="FILE -k WORD" names some
	@$(PYTEST) -m "not long" $(T)
test-quick: test-build ## run the most telling tests, 20 seconds
	@$(PYTEST) -m quick $(T)
test-all: test-build ## run all tests, the long ones too
	@$(PYTEST) $(T)

test-build: all iso unit-build bench-build
