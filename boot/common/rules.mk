# SPDX-License-Identifier: MIT
USES    := lib/base lib/abi
SOURCES := boot_fdt.c boot_memory.c
UNSHADOWED := boot_fdt.c boot_memory.c
HOST_TESTS := test/boot_fdt_test.c test/boot_memory_test.c
HOST_USES  := lib/base
