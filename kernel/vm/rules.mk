# SPDX-License-Identifier: MIT
USES    := kernel/cap kernel/sched kernel/mm kernel/core arch/include lib/base lib/abi
SOURCES := asid.c space.c vmar.c vmo.c test/vm_selftest.c
