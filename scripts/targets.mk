# SPDX-License-Identifier: MIT
# What a user types. `make help` prints the lines with two number signs.

.PHONY: help clean golden
help: ## lists the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' scripts/targets.mk | expand -t 24
	@echo "Options: ARCH=$(subst $() ,|,$(ARCHS)) VARIANT=release|debug SMP=n MEM=size V=1"

golden: ## takes what is generated from lib/abi over into tests/abi and docs
	$(Q)$(PYTHON) scripts/gen/abi.py tests/abi
	$(Q)$(PYTHON) scripts/gen/abi.py --docs docs

clean: ## removes everything that was built
	rm -rf build compile_commands.json
