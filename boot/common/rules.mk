# SPDX-License-Identifier: MIT
USES    := lib/base lib/abi
SOURCES := boot_fdt.c boot_memory.c
