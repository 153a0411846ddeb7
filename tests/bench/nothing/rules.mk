# SPDX-License-Identifier: MIT
USES    := lib/abi lib/base lib/os lib/proto
PROGRAM := nothing
SOURCES := main.c
