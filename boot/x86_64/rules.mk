# SPDX-License-Identifier: MIT
USES    := boot/common arch/include lib/base lib/abi
SOURCES := header.S adapter.c acpi.c
UNSHADOWED := adapter.c acpi.c
HOST_TESTS   := test/acpi_test.c
HOST_SOURCES := acpi.c
HOST_USES    := lib/base
