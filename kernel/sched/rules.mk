# SPDX-License-Identifier: MIT
USES    := kernel/mm kernel/core arch/include lib/base lib/abi
SOURCES := grace.c irq_off.c sched.c stack.c timeout.c wait.c $(addprefix test/,support.c sched_selftest.c)
