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

.PHONY: host-tests
host-tests: $(HOST_PROGRAMS)
	$(Q)mkdir -p build/host && printf '%s\n' $(HOST_PROGRAMS) > build/host/tests

-include $(shell find build/host/objects -name '*.d' 2>/dev/null)
