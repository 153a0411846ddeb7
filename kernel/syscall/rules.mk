# SPDX-License-Identifier: MIT
USES    := kernel/system kernel/object kernel/vm kernel/cap kernel/sched kernel/mm kernel/core arch/include lib/base lib/abi
HEADERS := syscall.h
SOURCES := calls_device.c calls_endpoint.c calls_handle.c calls_info.c calls_memory.c calls_object.c calls_pager.c calls_system.c \
           calls_task.c dispatcher.c names.c
HEADERS := syscall.h system.h
