# SPDX-License-Identifier: MIT
# Entry of the build. `make help` lists the targets. Each room lists its own sources in rules.mk.

ARCH    ?= x86_64
VARIANT ?= release
BUILD   := build/$(ARCH)/$(VARIANT)
GEN     := build/gen

PREFIX_x86_64  := x86_64-linux-gnu-
PREFIX_arm64   := aarch64-linux-gnu-
PREFIX_riscv64 := riscv64-linux-gnu-
CC      := $(PREFIX_$(ARCH))gcc
OBJCOPY := $(PREFIX_$(ARCH))objcopy
NM      := $(PREFIX_$(ARCH))nm

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla \
            -Wunused-result -Wconversion -Wno-sign-conversion
CFLAGS_COMMON := -std=gnu11 -O2 -g -ffreestanding -fno-pic -fno-pie -fno-common -fno-omit-frame-pointer \
                 -fno-asynchronous-unwind-tables -fno-strict-aliasing -nostdinc -isystem $(shell $(CC) -print-file-name=include) \
                 -ffile-prefix-map=$(CURDIR)=. $(WARNINGS) -MMD -MP
CFLAGS_x86_64  := -mno-red-zone -mgeneral-regs-only -fcf-protection=none
CFLAGS_arm64   := -mgeneral-regs-only -mstrict-align -mno-outline-atomics -mcmodel=small
CFLAGS_riscv64 := -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -msmall-data-limit=0 -mno-relax -mstrict-align
KERNEL_CFLAGS_x86_64  := -mcmodel=kernel
KERNEL_CFLAGS_arm64   := -ffixed-x18
KERNEL_CFLAGS_riscv64 :=
VARIANT_release := -DCONFIG_DEBUG=0 -fno-stack-protector
VARIANT_debug   := -DCONFIG_DEBUG=1 -fno-stack-protector

INCLUDES := -I lib -I arch -I arch/include -I arch/$(ARCH)/include -I kernel/include -I drivers -I boot -I $(GEN)
KERNEL_CFLAGS := $(CFLAGS_COMMON) $(CFLAGS_$(ARCH)) $(KERNEL_CFLAGS_$(ARCH)) $(VARIANT_$(VARIANT)) $(INCLUDES)

KERNEL_ROOMS := lib/base boot/common boot/$(ARCH) arch/$(ARCH) drivers/early $(patsubst %/rules.mk,%,$(wildcard kernel/*/rules.mk kernel/rules.mk))

# A room's rules.mk sets USES (rooms it may include) and SOURCES.
define read_room
USES :=
SOURCES :=
-include $(1)/rules.mk
KERNEL_SOURCES += $$(addprefix $(1)/,$$(SOURCES))
endef
$(foreach room,$(KERNEL_ROOMS),$(eval $(call read_room,$(room))))

KERNEL_OBJECTS := $(patsubst %,$(BUILD)/kernel/%.o,$(basename $(KERNEL_SOURCES)))

.PHONY: all clean
all: $(BUILD)/kernel.elf

$(BUILD)/kernel/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(KERNEL_CFLAGS) -c $< -o $@

$(BUILD)/kernel/%.o: %.S Makefile
	@mkdir -p $(@D)
	$(CC) $(KERNEL_CFLAGS) -D__ASSEMBLER__ -c $< -o $@

$(BUILD)/kernel.elf: $(KERNEL_OBJECTS) arch/$(ARCH)/kernel.ld
	$(CC) -nostdlib -static -no-pie -Wl,-T,arch/$(ARCH)/kernel.ld,-z,max-page-size=4096,--build-id=none,-z,noexecstack,--no-warn-rwx-segments \
	    $(KERNEL_OBJECTS) -o $@

clean:
	rm -rf build compile_commands.json

-include $(KERNEL_OBJECTS:.o=.d)
