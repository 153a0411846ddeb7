# SPDX-License-Identifier: MIT
# Entry of the build. `make help` lists the targets. Each room lists its own sources in rules.mk:
#   SOURCES  its files           USES   the rooms that it may include; a program is linked with them
#   PROGRAM  name of the program made from SOURCES      FLOAT    yes: the program may use floating point
#   HEADERS  of kernel/include/kernel: the room's, where no file of SOURCES has the name
#   PLAIN    files that are built without sanitizers and stack protector
#   UNSHADOWED  files whose accesses KASAN does not check: what runs before there is a shadow, and allocators
#   HOST_TESTS, HOST_SOURCES, HOST_USES: see scripts/host.mk

ARCH    ?= x86_64
KASAN   ?=
VARIANT ?= $(if $(KASAN),kasan,release)
ARCHS   := x86_64 arm64 riscv64
BUILD   := build/$(ARCH)/$(VARIANT)
GEN     := build/gen
PYTHON  := /usr/bin/python3
MAKEFLAGS += --no-builtin-rules
ifeq ($(filter -j%,$(MAKEFLAGS))$(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
Q := $(if $(V),,@)
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

ifeq ($(ARCH),host) # of `make bench` alone
override ARCH := x86_64
HOST_BENCH := yes
endif
ifeq ($(filter $(ARCH),$(ARCHS)),)
$(error ARCH is one of: $(ARCHS))
endif
ifeq ($(filter $(VARIANT),release debug kasan),)
$(error VARIANT is one of: release debug kasan)
endif
override KASAN := $(filter kasan,$(VARIANT))

# Reads a file that only says that the packages are there: make installs them to get it, and starts again.
ifneq ($(filter-out help clean,$(or $(MAKECMDGOALS),all)),)
include build/packages.mk
endif
build/packages.mk: scripts/install-packages scripts/packages.tbl
	$(Q)scripts/install-packages
	$(Q)mkdir -p build && touch $@

# --- Tools and flags

PREFIX_x86_64  := x86_64-linux-gnu-
PREFIX_arm64   := aarch64-linux-gnu-
PREFIX_riscv64 := riscv64-linux-gnu-
CC      := $(PREFIX_$(ARCH))gcc
OBJCOPY := $(PREFIX_$(ARCH))objcopy
AR      := $(PREFIX_$(ARCH))ar
NM      := $(PREFIX_$(ARCH))nm

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla \
            -Wunused-result -Wconversion -Wno-sign-conversion
CFLAGS_COMMON := -std=gnu11 -O2 -g -ffreestanding -fno-pic -fno-pie -fno-common \
                 -fno-asynchronous-unwind-tables -fno-strict-aliasing -ffile-prefix-map=$(CURDIR)=. $(WARNINGS) -MMD -MP \
                 -nostdinc -isystem $(shell $(CC) -print-file-name=include 2>/dev/null)
CFLAGS_x86_64  := -fcf-protection=none
CFLAGS_arm64   := -mstrict-align -mno-outline-atomics -mcmodel=small
CFLAGS_riscv64 := -mabi=lp64 -mcmodel=medany -msmall-data-limit=0 -mno-relax -mstrict-align
INTEGER_x86_64  := -mgeneral-regs-only
INTEGER_arm64   := -mgeneral-regs-only
INTEGER_riscv64 := -march=rv64imac_zicsr_zifencei
FLOAT_riscv64   := -march=rv64gc_zicsr_zifencei
KERNEL_x86_64  := -mno-red-zone -mcmodel=kernel
KERNEL_arm64   := -ffixed-x18
CONFIG_release := -DCONFIG_DEBUG=0
CONFIG_debug   := -DCONFIG_DEBUG=1
CONFIG_kasan   := -DCONFIG_DEBUG=1
KERNEL_STACK_KIB ?= $(if $(KASAN),32,16)
STACK_BITS := $(or $(patsubst %:$(KERNEL_STACK_KIB),%,$(filter %:$(KERNEL_STACK_KIB),14:16 15:32 16:64)),\
                   $(error KERNEL_STACK_KIB is 16, 32 or 64))
STACK_SIZE := $(shell expr $(KERNEL_STACK_KIB) \* 1024)
INSTRUMENT_debug := -fsanitize=undefined -fstack-protector-strong -mstack-protector-guard=global
INSTRUMENT_kasan := $(INSTRUMENT_debug)
INSTRUMENT     := $(INSTRUMENT_$(VARIANT))
# The address sanitizer: every access is a call. SHADOW_OFFSET is that of kernel/mm/kasan_private.h. Calls of memory
# functions, those that the compiler makes included, go to versions that check.
SHADOW_OFFSET := 0xdfffffe800000000
KASAN_FLAGS   := -fsanitize=kernel-address -fasan-shadow-offset=$(SHADOW_OFFSET) -fsanitize-address-use-after-scope \
                 --param asan-stack=1 --param asan-globals=1 --param asan-instrumentation-with-call-threshold=0
KASAN_CHECKED := memcpy memmove memset memcmp strlen strnlen string_copy arch_copy_from_user arch_copy_to_user
SHADOWED      := $(KASAN)
PLAIN_FLAGS    := -fno-stack-protector

BASE_FLAGS   := $(CFLAGS_COMMON) $(CFLAGS_$(ARCH)) $(CONFIG_$(VARIANT)) $(PLAIN_FLAGS)
# The kernel's backtraces follow frame pointers; nothing reads those of programs.
KERNEL_FLAGS := $(BASE_FLAGS) -fno-omit-frame-pointer $(INTEGER_$(ARCH)) $(KERNEL_$(ARCH)) -DCONFIG_STACK_BITS=$(STACK_BITS) \
                $(if $(KASAN),-DCONFIG_KASAN=1 -DKASAN_SHADOW_OFFSET=$(SHADOW_OFFSET)ul) \
                -I lib -I boot -I arch -I arch/include \
                -I arch/$(ARCH)/include -I kernel/include -I drivers -I $(GEN)
USER_FLAGS   := $(BASE_FLAGS) -I lib -I lib/os/$(ARCH)/include -I drivers -I user -I tests -I $(GEN)
LINK := $(CC) -nostdlib -static -no-pie -Wl,-z,max-page-size=4096,--build-id=none,-z,noexecstack,--no-warn-rwx-segments

# --- Rooms

ROOMS := $(sort $(patsubst %/rules.mk,%,$(shell find arch boot drivers kernel lib user tests -name rules.mk 2>/dev/null)))
ROOM_VARIABLES := SOURCES USES PROGRAM FLOAT PLAIN UNSHADOWED HOST_TESTS HOST_SOURCES HOST_USES
define read_room
$(foreach variable,$(ROOM_VARIABLES),$(eval $(variable) :=))
$(eval include $(1)/rules.mk)
$(foreach variable,$(ROOM_VARIABLES),$(eval $(variable).$(1) := $($(variable))))
endef
$(foreach room,$(ROOMS),$(call read_room,$(room)))

KERNEL_ROOMS := lib/base boot/common boot/$(ARCH) arch/$(ARCH) arch/formats drivers/early $(filter kernel kernel/%,$(ROOMS))
PROGRAM_ROOMS := $(foreach room,$(ROOMS),$(if $(PROGRAM.$(room)),$(room)))
LIBRARY_ROOMS := $(foreach room,$(filter lib/% drivers/%,$(ROOMS)),$(if $(PROGRAM.$(room)),,$(if $(SOURCES.$(room)),$(room))))
PROGRAMS := $(foreach room,$(PROGRAM_ROOMS),$(BUILD)/bin/$(PROGRAM.$(room)))

# files of a room -> its objects, where context.c and context.S are two: $(call objects,kernel or user,room)
objects = $(addprefix $(BUILD)/$(1)/,$(patsubst %.c,%.o,$(patsubst %.S,%.S.o,$(addprefix $(2)/,$(SOURCES.$(2))))))
KERNEL_OBJECTS := $(foreach room,$(KERNEL_ROOMS),$(call objects,kernel,$(room))) \
                  $(if $(wildcard kernel/syscall/rules.mk),$(BUILD)/kernel/$(GEN)/gen/dispatch.o)
STUB_OBJECTS := $(BUILD)/user/$(GEN)/gen/$(ARCH)/os_calls.o
USER_OBJECTS := $(foreach room,$(PROGRAM_ROOMS) $(LIBRARY_ROOMS),$(call objects,user,$(room))) $(STUB_OBJECTS)

# --- What is generated

GENERATED := $(GEN)/gen/.done
ABI_TABLES := lib/abi/objects.tbl lib/abi/syscalls.tbl lib/abi/rights.h lib/abi/status.h
$(GENERATED): $(ABI_TABLES) $(wildcard scripts/gen/*.py)
	$(Q)$(PYTHON) scripts/gen/abi.py $(GEN)/gen
	$(Q)touch $@
$(GEN)/gen/%.c: $(GENERATED) ;

$(GEN)/traces/%.bin: tests/traces/%.txt tests/traces/misses.tsv scripts/gen/trace.py
	$(Q)$(PYTHON) scripts/gen/trace.py $< tests/traces/misses.tsv $@
$(BUILD)/user/tests/guest/trace.S.o: $(GEN)/traces/t2_cc1_pages.bin

# --- The kernel

IMAGE_x86_64  := kernel.elf
IMAGE_arm64   := Image
IMAGE_riscv64 := kernel.elf

.PHONY: all kernel
all: kernel $(if $(PROGRAMS),$(BUILD)/boot.cpio)
kernel: $(BUILD)/$(IMAGE_$(ARCH))

$(foreach room,$(KERNEL_ROOMS),$(foreach file,$(PLAIN.$(room)),\
    $(eval $(BUILD)/kernel/$(room)/$(basename $(file)).o: INSTRUMENT :=)))
$(foreach room,$(KERNEL_ROOMS),$(foreach file,$(PLAIN.$(room)) $(UNSHADOWED.$(room)),\
    $(eval $(BUILD)/kernel/$(room)/$(basename $(file)).o: SHADOWED :=)))

# What the kernel is built with besides its sources.
$(BUILD)/kernel.options: force
	$(Q)mkdir -p $(@D) && echo '$(STACK_BITS)' | cmp -s - $@ || echo '$(STACK_BITS)' > $@

$(BUILD)/kernel/%.o: %.c Makefile $(BUILD)/kernel.options | $(GENERATED)
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC      $<")
	$(Q)$(CC) $(KERNEL_FLAGS) $(INSTRUMENT) $(if $(SHADOWED),$(KASAN_FLAGS)) -c $< -o $@
	$(if $(SHADOWED),$(Q)$(OBJCOPY) $(foreach name,$(KASAN_CHECKED),--redefine-sym $(name)=kasan_$(name)) $@)

$(BUILD)/kernel/%.S.o: %.S Makefile $(BUILD)/kernel.options | $(GENERATED)
	@mkdir -p $(@D)
	$(if $(Q),@echo "  AS      $<")
	$(Q)$(CC) $(KERNEL_FLAGS) -D__ASSEMBLER__ -c $< -o $@

# Linked twice: first without names of functions, then with the table made from the first. The table lies behind the
# text, whose addresses stay.
$(BUILD)/symbols.%.o: $(BUILD)/symbols.%.S
	$(Q)$(CC) $(KERNEL_FLAGS) -c $< -o $@
$(BUILD)/symbols.none.S: scripts/gen/symbols.py
	@mkdir -p $(@D)
	$(Q)$(PYTHON) $< < /dev/null > $@
$(BUILD)/symbols.all.S: $(BUILD)/kernel.unnamed.elf scripts/gen/symbols.py
	$(Q)$(NM) -n $< | $(PYTHON) scripts/gen/symbols.py > $@
LINK_KERNEL = $(LINK) -Wl,-T,arch/$(ARCH)/kernel.ld,--defsym,kernel_stack_size=$(STACK_SIZE) $(KERNEL_OBJECTS) $(filter %.o,$<) -o $@
$(BUILD)/kernel.unnamed.elf: $(BUILD)/symbols.none.o $(KERNEL_OBJECTS) arch/$(ARCH)/kernel.ld
	$(Q)$(LINK_KERNEL)
$(BUILD)/kernel.elf: $(BUILD)/symbols.all.o $(KERNEL_OBJECTS) arch/$(ARCH)/kernel.ld
	$(if $(Q),@echo "  LINK    $@")
	$(Q)$(LINK_KERNEL)

$(BUILD)/Image: $(BUILD)/kernel.elf
	$(Q)$(OBJCOPY) -O binary $< $@

# --- Programs: a library per room, a program per room that names one

$(BUILD)/user/%.o: %.c Makefile | $(GENERATED)
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC      $<")
	$(Q)$(CC) $(USER_FLAGS) $(or $(NUMBERS),$(INTEGER_$(ARCH))) -c $< -o $@

$(BUILD)/user/%.S.o: %.S Makefile | $(GENERATED)
	@mkdir -p $(@D)
	$(if $(Q),@echo "  AS      $<")
	$(Q)$(CC) $(USER_FLAGS) $(INTEGER_$(ARCH)) -D__ASSEMBLER__ -c $< -o $@

define library_rules
$(BUILD)/user/$(1).a: $(call objects,user,$(1)) $(if $(filter lib/os,$(1)),$(STUB_OBJECTS))
	$(Q)rm -f $$@ && $(AR) rcsD $$@ $$^
endef
$(foreach room,$(LIBRARY_ROOMS),$(eval $(call library_rules,$(room))))

# $(call libraries,room): those that a program's room uses
libraries = $(patsubst %,$(BUILD)/user/%.a,$(filter $(LIBRARY_ROOMS),$(USES.$(1))))
define program_rules
$(BUILD)/bin/$(PROGRAM.$(1)): $(call objects,user,$(1)) $(call libraries,$(1)) lib/os/user.ld
	@mkdir -p $$(@D)
	$(if $(Q),@echo "  LINK    $$@")
	$(Q)$(LINK) -Wl,-T,lib/os/user.ld,-z,separate-code $(call objects,user,$(1)) \
	    -Wl,--start-group $(call libraries,$(1)) -Wl,--end-group -o $$@
$(if $(FLOAT.$(1)),$(call objects,user,$(1)): NUMBERS := $(or $(FLOAT_$(ARCH)),-O2))
endef
$(foreach room,$(PROGRAM_ROOMS),$(eval $(call program_rules,$(room))))

# --- Boot archive: programs, system manifest and, where firmware has no devicetree, the machine's

MANIFEST := $(firstword $(wildcard user/manifests/$(ARCH).dts user/manifests/system.dts))
MACHINE_SOURCE := $(wildcard scripts/machines/$(ARCH).dts)
ARCHIVE_FILES := $(PROGRAMS:$(BUILD)/%=%) $(if $(MANIFEST),manifest.dtb) $(if $(MACHINE_SOURCE),machine.dtb)
DTC := dtc -q -I dts -O dtb -i .

$(BUILD)/manifest.dtb: $(MANIFEST) $(wildcard user/manifests/*.dts*) $(wildcard drivers/*/*/*.dtsi tests/*/*.dtsi)
	@mkdir -p $(@D)
	$(Q)$(DTC) -i user/manifests -o $@ $<
$(BUILD)/machine.dtb: $(MACHINE_SOURCE)
	@mkdir -p $(@D)
	$(Q)$(DTC) -o $@ $<

# One time stamp, one owner, one order: the same input gives the same bytes.
$(BUILD)/boot.cpio: $(addprefix $(BUILD)/,$(ARCHIVE_FILES)) Makefile
	$(if $(Q),@echo "  CPIO    $@")
	$(Q)rm -rf $(BUILD)/archive && mkdir -p $(BUILD)/archive/bin
	$(Q)for file in $(ARCHIVE_FILES); do \
	    case $$file in bin/*) $(OBJCOPY) --strip-debug $(BUILD)/$$file $(BUILD)/archive/$$file;; \
	    *) cp $(BUILD)/$$file $(BUILD)/archive/$$file;; esac || exit 1; done
	$(Q)cd $(BUILD)/archive && chmod 755 bin/* && touch -d @0 $(ARCHIVE_FILES) && printf '%s\n' $(sort $(ARCHIVE_FILES)) | \
	    cpio --quiet -o -H crc --reproducible -R 0:0 > ../boot.cpio

-include $(KERNEL_OBJECTS:.o=.d) $(USER_OBJECTS:.o=.d)
include scripts/host.mk scripts/targets.mk scripts/bench.mk scripts/smmu.mk
