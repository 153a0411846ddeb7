# SPDX-License-Identifier: MIT
# Benchmarks and coverage: QEMU with plugins that are built for the build machine.

HOSTCC ?= gcc
PLUGIN_FLAGS := -std=gnu11 -O2 -Wall -Wextra -Werror -Wshadow -Wconversion -Wno-sign-conversion -shared -fPIC
build/plugin/%.so: scripts/plugin/%.c scripts/plugin/qemu.h
	@mkdir -p $(@D)
	$(if $(Q),@echo "  HOSTCC  $@")
	$(Q)$(HOSTCC) $(PLUGIN_FLAGS) $< -o $@

# PROFILE=name shows where a benchmark's instructions go, VERIFY=1 compares the guest's counter with the plugin's.
.PHONY: bench
ifdef HOST_BENCH
bench: bench-host
else
bench: build/plugin/count.so $(foreach arch,$(CHOSEN_ARCHS),build-$(arch)-release) ## measures in instructions, on all architectures or ARCH
	$(Q)for arch in $(CHOSEN_ARCHS); do $(PYTHON) scripts/bench.py --arch $$arch \
	    $(if $(PROFILE),--profile $(PROFILE)) $(if $(VERIFY),--verify) || exit 1; done
endif

.PHONY: coverage
coverage: ## shows the line coverage of the last tests; FILE=kernel/... marks its lines that nothing executed
	$(Q)$(PYTHON) scripts/coverage.py --archs "$(CHOSEN_ARCHS)" $(if $(FILE),--lines $(FILE))
