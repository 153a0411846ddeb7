# SPDX-License-Identifier: MIT
USES    := kernel/syscall kernel/system kernel/object kernel/vm kernel/cap kernel/sched kernel/mm kernel/core arch/include lib/base lib/abi
HEADERS := init.h
SOURCES := crash.c init.c main.c upcalls.c
