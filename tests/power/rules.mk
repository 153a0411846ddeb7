# SPDX-License-Identifier: MIT
USES    := lib/abi lib/base lib/os lib/proto
PROGRAM := power_test
SOURCES := main.c
