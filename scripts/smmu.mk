# SPDX-License-Identifier: MIT
# The SMMU library alone: its conformance suite with line coverage, its fuzzer, its benchmark on the build machine.
# The suite is also part of `make host-tests`; here it is built with coverage, and the threads under TSan.

SMMU := lib/smmuv3
SMMU_BUILD := build/smmu
SMMU_LIBRARY := $(addprefix $(SMMU)/,$(SOURCES.$(SMMU)))
SMMU_RIG := $(addprefix $(SMMU)/test/,rig.c suite.c fuzz.c)
SMMU_TESTS := $(patsubst test/%.c,%,$(HOST_TESTS.$(SMMU)))
SMMU_FLAGS := -std=gnu11 -g -fno-strict-aliasing $(WARNINGS) -I lib

$(SMMU_BUILD)/coverage/%.o: %.c scripts/smmu.mk
	@mkdir -p $(@D)
	$(if $(Q),@echo "  HOSTCC  $<")
	$(Q)$(HOST_CC) $(SMMU_FLAGS) -O0 -MMD -MP $(SMMU_SANITIZE) $(SMMU_COVERAGE) -c $< -o $@
$(addprefix $(SMMU_BUILD)/coverage/,$(SMMU_LIBRARY:.c=.o)): SMMU_COVERAGE := --coverage
SMMU_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

SMMU_OBJECTS := $(addprefix $(SMMU_BUILD)/coverage/,$(SMMU_LIBRARY:.c=.o) $(SMMU_RIG:.c=.o))
$(SMMU_BUILD)/%_test: $(SMMU_BUILD)/coverage/$(SMMU)/test/%_test.o $(SMMU_OBJECTS)
	$(Q)$(HOST_CC) $(SMMU_SANITIZE) --coverage $^ -lcmocka -lpthread -o $@
$(SMMU_BUILD)/threads_tsan: $(SMMU_LIBRARY) $(SMMU_RIG) $(SMMU)/test/threads_test.c
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(SMMU_FLAGS) -O1 -fsanitize=thread $^ -lcmocka -lpthread -o $@
$(SMMU_BUILD)/example_%: $(SMMU)/examples/%.c $(SMMU_LIBRARY) $(SMMU)/test/rig.c
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(SMMU_FLAGS) -O1 $(SMMU_SANITIZE) $^ -o $@
SMMU_EXAMPLES := $(patsubst $(SMMU)/examples/%.c,$(SMMU_BUILD)/example_%,$(wildcard $(SMMU)/examples/*.c))

.PHONY: smmu smmu-fuzz smmu-differential bench-host
smmu: $(addprefix $(SMMU_BUILD)/,$(SMMU_TESTS) threads_tsan) $(SMMU_EXAMPLES) ## runs the SMMU's conformance suite, with line coverage
	$(Q)$(PYTHON) scripts/smmu.py suite $(SMMU_BUILD) $(addprefix $(SMMU_BUILD)/,$(SMMU_TESTS) threads_tsan) $(SMMU_EXAMPLES)

# Goes on from what it found before; SECONDS=n. A finding is written to build/smmu/crash-*.
SECONDS ?= 60
$(SMMU_BUILD)/fuzz: $(SMMU_LIBRARY) $(SMMU_RIG) $(SMMU)/test/fuzz_smmuv3.c
	@mkdir -p $(@D)
	$(Q)clang -w -g -O1 -fno-strict-aliasing -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -I lib \
	    $(SMMU_LIBRARY) $(SMMU)/test/rig.c $(SMMU)/test/fuzz.c $(SMMU)/test/fuzz_smmuv3.c -o $@
smmu-fuzz: $(SMMU_BUILD)/fuzz ## fuzzes the SMMU for SECONDS; needs clang
	$(Q)mkdir -p $(SMMU_BUILD)/corpus
	$(Q)$< -max_len=1024 -max_total_time=$(SECONDS) -print_final_stats=1 -artifact_prefix=$(SMMU_BUILD)/ \
	    $(SMMU_BUILD)/corpus $(SMMU)/test/corpus

$(SMMU_BUILD)/bench: $(SMMU_LIBRARY) $(SMMU)/test/rig.c $(SMMU)/bench/bench.c lib/base/tree.c
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(SMMU_FLAGS) -O2 $^ -o $@
bench-host: $(SMMU_BUILD)/bench
	$(Q)$(PYTHON) scripts/smmu.py bench $(SMMU_BUILD)

$(SMMU_BUILD)/agent: $(SMMU_LIBRARY) $(SMMU)/differential/agent.c
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(SMMU_FLAGS) -O1 $(SMMU_SANITIZE) $^ -o $@
smmu-differential: $(SMMU_BUILD)/agent ## compares the SMMU with QEMU's, transaction by transaction
	$(Q)$(PYTHON) scripts/smmu_differential.py $<

# What the build switches save, in bytes of code and of state.
.PHONY: smmu-sizes
smmu-sizes: ## prints what the SMMU's build switches save
	$(Q)$(PYTHON) scripts/smmu.py sizes $(SMMU_BUILD) $(SMMU_LIBRARY)

-include $(shell find $(SMMU_BUILD)/coverage -name '*.d' 2>/dev/null)
