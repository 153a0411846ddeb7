# SPDX-License-Identifier: MIT
USES    := lib/abi lib/base lib/os lib/proto drivers/serial/common
PROGRAM := ns16550
SOURCES := ns16550.c
