# SPDX-License-Identifier: MIT
USES         := kernel/sched kernel/mm kernel/core arch/include lib/base lib/abi
SOURCES      := account.c capability.c handle.c object.c test/cap_selftest.c
HOST_SOURCES := account.c
