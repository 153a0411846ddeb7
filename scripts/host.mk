# SPDX-License-Identifier: MIT
# Tests on the build machine, under ASan and UBSan. A room's rules.mk says:
#   HOST_TESTS    the test programs, one file each, written with cmocka
#   HOST_SOURCES  what the room contributes to such programs, if that is not SOURCES
#   HOST_USES     further rooms whose sources are linked in
# Made: build/host/<room>/<test>, printing TAP; the list of them in build/host/tests.

HOST_CC := gcc
HOST_FLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -fno-strict-aliasing -fsanitize=address,undefined \
              -fno-sanitize-recover=all -ffile-prefix-map=$(CURDIR)=. $(WARNINGS) -MMD -MP -DCONFIG_DEBUG=1 -DCONFIG_HOST=1 \
              -I lib -I boot -I arch -I arch/include -I arch/host/include -I kernel/include -I drivers -I user -I $(GEN)

host_files = $(addprefix $(1)/,$(filter %.c,$(or $(HOST_SOURCES.$(1)),$(SOURCES.$(1)))))
host_objects = $(patsubst %.c,build/host/objects/%.o,$(sort $(foreach room,$(1) $(HOST_USES.$(1)),$(call host_files,$(room)))))

build/host/objects/%.o: %.c Makefile scripts/host.mk | $(GENERATED)
	@mkdir -p $(@D)
	$(if $(Q),@echo "  HOSTCC  $<")
	$(Q)$(HOST_CC) $(HOST_FLAGS) -c $< -o $@

# $(call host_rules,room,test file)
define host_rules
build/host/$(1)/$(basename $(notdir $(2))): build/host/objects/$(1)/$(basename $(2)).o $(call host_objects,$(1))
	@mkdir -p $$(@D)
	$(if $(Q),@echo "  LINK    $$@")
	$(Q)$(HOST_CC) -fsanitize=address,undefined $$^ -lcmocka -lpthread -lm -o $$@
HOST_PROGRAMS += build/host/$(1)/$(basename $(notdir $(2)))
endef
HOST_PROGRAMS :=
$(foreach room,$(ROOMS),$(foreach test,$(HOST_TESTS.$(room)),$(eval $(call host_rules,$(room),$(test)))))

# The eviction policies as the kernel is linked with them: the release objects for the build machine's own architecture,
# freestanding code that needs no more than panic() and memset(). Only a program at a fixed address can link them. Another
# ARCH or VARIANT makes them with a make of its own.
BUILD_ARCH_x86_64  := x86_64
BUILD_ARCH_aarch64 := arm64
BUILD_ARCH := $(BUILD_ARCH_$(shell uname -m))
POLICY_ROOM := kernel/vm/policy
POLICY_OBJECTS := $(patsubst %.c,build/$(BUILD_ARCH)/release/kernel/$(POLICY_ROOM)/%.o,$(SOURCES.$(POLICY_ROOM)))
policy_test_objects = $(patsubst %,build/host/objects/$(POLICY_ROOM)/test/%.o,$(1))

ifneq ($(BUILD_ARCH),)
ifneq ($(ARCH)-$(VARIANT),$(BUILD_ARCH)-release)
$(POLICY_OBJECTS) &: force | $(GENERATED)
	$(Q)$(MAKE) -s --no-print-directory ARCH=$(BUILD_ARCH) VARIANT=release $(POLICY_OBJECTS)
endif
build/host/replay-trace: $(call policy_test_objects,replay_main replay) $(POLICY_OBJECTS)
build/host/$(POLICY_ROOM)/traces_kernel_test: $(call policy_test_objects,traces_test replay support) $(POLICY_OBJECTS)
build/host/replay-trace build/host/$(POLICY_ROOM)/traces_kernel_test:
	@mkdir -p $(@D)
	$(if $(Q),@echo "  LINK    $@")
	$(Q)$(HOST_CC) -no-pie -fsanitize=address,undefined $^ -lcmocka -o $@
HOST_PROGRAMS += build/host/$(POLICY_ROOM)/traces_kernel_test
build-$(BUILD_ARCH)-release: | $(POLICY_OBJECTS)
endif

.PHONY: host-tests
host-tests: $(HOST_PROGRAMS)
	$(Q)mkdir -p build/host && printf '%s\n' $(HOST_PROGRAMS) > build/host/tests

-include $(shell find build/host/objects -name '*.d' 2>/dev/null)
