# SPDX-License-Identifier: MIT
USES    := lib/abi
SOURCES := string.c format.c compiler.c cpio.c elf.c fdt.c tree.c
UNSHADOWED := string.c fdt.c
HOST_TESTS := test/cpio_test.c test/elf_test.c test/fdt_test.c test/format_test.c test/string_test.c test/structures_test.c
