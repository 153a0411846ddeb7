# SPDX-License-Identifier: MIT
USES    := lib/base lib/abi
SOURCES := uart.c
