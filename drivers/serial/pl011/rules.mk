# SPDX-License-Identifier: MIT
USES    := lib/abi lib/base lib/os lib/proto drivers/serial/common
PROGRAM := pl011
SOURCES := pl011.c
