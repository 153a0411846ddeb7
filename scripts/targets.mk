# SPDX-License-Identifier: MIT
# What a user types. `make help` prints the lines with two number signs.

SMP       ?= 4
MEM       ?= 512M
APPEND    ?=
FIRMWARE  ?=
ACCEL     ?=
QEMUFLAGS ?=
MACHINE   ?= $(filter-out bios,$(FIRMWARE))
ISO := $(BUILD)/tessera.iso
# All, unless ARCH is given.
CHOSEN_ARCHS := $(if $(filter command line environment,$(origin ARCH)),$(ARCH),$(ARCHS))

.PHONY: help run iso everything test test-boot test-smp64 test-kasan mutate debug check golden rules readme clean force
help: ## lists the targets
	@sed -n 's/^\([a-z0-9_.-]*\):.*## \(.*\)/  make \1\t\2/p' scripts/targets.mk scripts/bench.mk | expand -t 24
	@echo "Options: ARCH=x86_64|arm64|riscv64 VARIANT=release|debug|kasan KASAN=1 SMP=cpus MEM=size APPEND='kernel command line'"
	@echo "         RUN='commands; to type' FIRMWARE=uefi MACHINE=row of scripts/targets.tbl ACCEL= QEMUFLAGS= V=1"
	@echo "         KERNEL_STACK_KIB=16|32|64"

# x86-64 boots the ISO unless the machine says otherwise; the other architectures have no ISO.
RUN_OPTIONS = --arch $(ARCH) --variant $(VARIANT) --machine "$(MACHINE)" --smp $(SMP) --mem $(MEM) \
              --append "$(APPEND)" --accel "$(ACCEL)" --qemuflags="$(QEMUFLAGS)"
run: all $(if $(filter x86_64,$(ARCH)),$(if $(filter pvh,$(MACHINE)),,$(ISO))) ## boots Tessera in QEMU; RUN='ps; mem' types commands
	$(Q)$(PYTHON) scripts/run.py $(RUN_OPTIONS) $(if $(filter undefined,$(origin RUN)),,--run "$$RUN")

iso: $(ISO) ## makes the bootable ISO (x86-64, BIOS and UEFI)
$(BUILD)/grub.cfg: scripts/grub.cfg force
	$(Q)mkdir -p $(@D) && sed 's|@APPEND@|$(APPEND)|' $< | cmp -s - $@ || sed 's|@APPEND@|$(APPEND)|' $< > $@
$(ISO): $(BUILD)/kernel.elf $(BUILD)/grub.cfg $(if $(PROGRAMS),$(BUILD)/boot.cpio)
	$(if $(filter x86_64,$(ARCH)),,$(error only x86-64 has an ISO))
	$(if $(Q),@echo "  ISO     $@")
	$(Q)rm -rf $(BUILD)/iso && mkdir -p $(BUILD)/iso/boot/grub
	$(Q)$(OBJCOPY) --strip-debug $(BUILD)/kernel.elf $(BUILD)/iso/boot/kernel.elf
	$(Q)cp $(BUILD)/grub.cfg $(BUILD)/iso/boot/grub/grub.cfg
	$(Q)if [ -f $(BUILD)/boot.cpio ]; then cp $(BUILD)/boot.cpio $(BUILD)/iso/boot/; fi
	$(Q)scripts/make-iso $(BUILD)/iso $@

# Debug builds for all architectures, and a release build of each for the boots that want it.
build-%: $(GENERATED)
	$(Q)$(MAKE) ARCH=$(firstword $(subst -, ,$*)) VARIANT=$(lastword $(subst -, ,$*)) all $(if $(filter x86_64-release,$*),iso)
everything: host-tests build/plugin/coverage.so $(foreach arch,$(ARCHS),build-$(arch)-debug build-$(arch)-release)
test: everything $(foreach arch,$(ARCHS),build-$(arch)-kasan) ## runs all tests, on the build machine and on three architectures; BOOTS=name runs some boots
	$(Q)$(PYTHON) scripts/test.py --archs "$(ARCHS)" $(if $(BOOTS),--boots "$(BOOTS)")
test-boot: everything ## boots all machines of the boot matrix, and all boots that must fail
	$(Q)$(PYTHON) scripts/test.py --archs "$(ARCHS)" --no-host --no-boots --slice full $(if $(BOOTS),--boots "$(BOOTS)")
test-smp64: everything ## boots with 64 CPUs on three architectures
	$(Q)$(PYTHON) scripts/test.py --archs "$(ARCHS)" --no-host --no-boots --slice smp64

test-kasan: $(foreach arch,$(CHOSEN_ARCHS),build-$(arch)-kasan) ## self-tests, guest tests and forbidden accesses with the address sanitizer
	$(Q)$(PYTHON) scripts/test.py --archs "$(CHOSEN_ARCHS)" --no-host --slice kasan $(if $(BOOTS),--boots "$(BOOTS)")

mutate: $(foreach arch,$(CHOSEN_ARCHS),build-$(arch)-debug) ## shows every call's tests turning red when the call does nothing; CALL=name for one
	$(Q)$(PYTHON) scripts/mutate.py --archs "$(CHOSEN_ARCHS)" --call "$(CALL)"

debug: all ## boots Tessera halted, with gdb-multiarch attached
	$(Q)GDB="$(GDB)" $(PYTHON) scripts/debug.py $(RUN_OPTIONS)

.PHONY: compile_commands.json
compile_commands.json: $(GENERATED) ## writes the compiler's commands for editors
	$(Q)$(MAKE) -nB --no-print-directory ARCH=$(ARCH) VARIANT=$(VARIANT) all host-tests | $(PYTHON) scripts/compile-commands.py

check: $(filter build/host/lib/smmuv3/%,$(HOST_PROGRAMS)) ## checks what must be zero, and prints hints
	$(Q)$(PYTHON) scripts/check/main.py

golden: ## takes what is generated from lib/abi over into tests/abi and docs
	$(Q)$(PYTHON) scripts/gen/abi.py tests/abi
	$(Q)$(PYTHON) scripts/gen/abi.py --docs docs

rules: ## prints which test holds which rule of docs/rules.tbl, by the last make test
	$(Q)$(PYTHON) scripts/rules.py

readme: ## writes the results of the last make test into README.md
	$(Q)$(PYTHON) scripts/readme_status.py

clean: ## removes everything that was built
	rm -rf build compile_commands.json
