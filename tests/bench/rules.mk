# SPDX-License-Identifier: MIT
USES    := lib/abi lib/base lib/os lib/proto drivers/serial/ns16550 drivers/serial/pl011
PROGRAM := bench
SOURCES := main.c measure.c peer.c calls.c messages.c signals.c objects.c memory.c faults.c paging.c snapshots.c interrupts.c
