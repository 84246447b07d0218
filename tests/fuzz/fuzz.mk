# SPDX-License-Identifier: BSD-2-Clause
# What the Makefiles of fuzzers share. They set HERE, O and NAMES, have a rule
# for $(O)/X_fuzzer, $(O)/X_fuzzer_replay and $(O)/X.seeds (a directory), and
# include this file; then
#
#	make check [SECONDS=20]	replays corpus and seeds, then fuzzes each (clang)
#	make replay		only the former; any compiler
#	make fuzzers		builds; run build/fuzz/.../guided/X_fuzzer by hand
#
# A finding is left in $(O)/guided/X.found/. Once mended it goes to corpus/X/ as
# text (replay.c says how) and stays.

SECONDS ?= 20
MAX_LEN ?= 8192
FUZZ_CC ?= clang

.PHONY: check replay fuzz fuzzers replay-files fuzz-files clean
.SECONDARY:
check: replay fuzz

replay:
	+@$(MAKE) --no-print-directory -f $(HERE)Makefile replay-files SANITIZE=1 O=$(O)/plain

fuzzers fuzz:
	+@$(MAKE) --no-print-directory -f $(HERE)Makefile $@-files CC=$(FUZZ_CC) SANITIZE=1 FUZZ=1 O=$(O)/guided

replay-files: $(NAMES:%=replay-%)
fuzzers-files: $(NAMES:%=$(O)/%_fuzzer)
fuzz-files: $(NAMES:%=fuzz-%)

replay-%: $(O)/%_fuzzer_replay $(O)/%.seeds
	@$< $(wildcard $(HERE)corpus/$*/*.hex) $(O)/$*.seeds/* 2>$(O)/$*.log >$(O)/$*.out || \
		{ tail -n 60 $(O)/$*.log; exit 1; }
	@echo "$*_fuzzer: replay of $$(cat $(O)/$*.out)"

fuzz-%: $(O)/%_fuzzer $(O)/%.seeds
	@mkdir -p $(O)/$*.inputs $(O)/$*.found
	@for f in $(wildcard $(HERE)corpus/$*/*.hex); do \
		perl -pe 's/#.*//; s/\s//g; $$_ = pack "H*", $$_' "$$f" >"$(O)/$*.inputs/$$(basename "$$f" .hex)"; done
	@cp $(O)/$*.seeds/* $(O)/$*.inputs/
	@nice $< -max_total_time=$(SECONDS) -max_len=$(MAX_LEN) -timeout=120 -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix=$(O)/$*.found/ $(O)/$*.inputs 2>$(O)/$*.log || { tail -n 60 $(O)/$*.log; exit 1; }
	@awk '/stat::number_of_executed_units/ { n = $$2 } /cov:/ { c = $$4 } \
		END { printf "%s_fuzzer: %s inputs in %s s, %s edges: clean\n", "$*", n, "$(SECONDS)", c }' $(O)/$*.log

clean:
	rm -rf $(O)
