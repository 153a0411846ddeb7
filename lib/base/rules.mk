# SPDX-License-Identifier: MIT
USES    := lib/abi
SOURCES := string.c format.c compiler.c tree.c fdt.c
