# SPDX-License-Identifier: MIT
# tests/fuzz/fuzz.mk: libFuzzer looks for bytes that break what hv-stub promises of any bytes.
#
# What it finds stays in build/fuzz/: inputs that reach new code in corpus/, and beside it the
# one that failed, to be given to the program as its argument.

FUZZ         := $(B)/fuzz
FUZZCC       ?= clang
FUZZ_SECONDS ?= 600
FUZZ_CFLAGS  := -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
                -Wall -Wextra $(if $(CI),-Werror) -I. -MMD -MP

.PHONY: fuzz
fuzz: $(FUZZ)/fuzz_decode $(FUZZ)/seeds ## fuzz the decoder for FUZZ_SECONDS=600
	@mkdir -p $(FUZZ)/corpus
	$(Q)$< -max_total_time=$(FUZZ_SECONDS) -max_len=32 -print_final_stats=1 \
	    -artifact_prefix=$(FUZZ)/ $(FUZZ)/corpus $(FUZZ)/seeds

$(FUZZ)/fuzz_decode: $(FUZZ)/tests/fuzz/fuzz_decode.o $(FUZZ)/hv-stub/decode.o
	$(Q)$(FUZZCC) $(FUZZ_CFLAGS) $^ -o $@

$(FUZZ)/seeds: $(UNIT)/test_decode
	@rm -rf $@ && mkdir -p $@
	$(Q)$< $@

$(FUZZ)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(FUZZCC) $(FUZZ_CFLAGS) -c $< -o $@
