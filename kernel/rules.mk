# SPDX-License-Identifier: MIT
USES    := kernel/syscall kernel/object kernel/vm kernel/cap kernel/sched kernel/mm kernel/core arch/include lib/base lib/abi
SOURCES := audit.c crash.c init.c main.c selftest.c upcalls.c
