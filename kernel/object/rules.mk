# SPDX-License-Identifier: MIT
USES    := kernel/vm kernel/cap kernel/sched kernel/mm kernel/core arch/include lib/base lib/abi
SOURCES := endpoint.c event.c interrupt.c job.c pager.c port.c ports.c pressure.c process.c resource.c thread.c
HEADERS := devices.h task_tree.h
