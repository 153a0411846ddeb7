# SPDX-License-Identifier: MIT
USES    := kernel/object kernel/vm kernel/cap kernel/sched kernel/mm kernel/core arch/include lib/base lib/abi
HEADERS := selftest.h system.h
SOURCES := audit.c failing.c inspect.c selftest.c
