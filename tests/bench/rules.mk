# SPDX-License-Identifier: MIT
USES    := lib/abi lib/base lib/os lib/proto
PROGRAM := bench
SOURCES := main.c measure.c peer.c calls.c messages.c signals.c objects.c memory.c
