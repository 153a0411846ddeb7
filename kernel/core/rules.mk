# SPDX-License-Identifier: MIT
USES    := drivers/early arch/include lib/base lib/abi
SOURCES := log.c panic.c percpu.c spinlock.c symbols.c trace.c ubsan.c
PLAIN   := ubsan.c
HEADERS := assert.h selftest.h
