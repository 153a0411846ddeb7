# SPDX-License-Identifier: MIT
USES    := lib/abi
SOURCES := string.c format.c compiler.c cpio.c elf.c fdt.c tree.c
HOST_TESTS := test/fdt_test.c
