# SPDX-License-Identifier: MIT
USES    := lib/abi lib/base lib/os lib/proto
PROGRAM := tests
SOURCES := main.c check.c child.c support.c ceilings.c revoking.c memory.c handle_tests.c memory_tests.c vmo_tests.c \
           clone_tests.c vmar_tests.c large_tests.c random_tests.c race_tests.c vm_hostile_tests.c pager_tests.c \
           reclaim_tests.c swapping.c swap_tests.c swap_hostile_tests.c trace_tests.c trace.S \
           object_tests.c endpoint_tests.c device_tests.c system_tests.c derivation_tests.c task_tests.c \
           task_rule_tests.c fault_tests.c vector_tests.c hostile_tests.c quota_tests.c failing_tests.c inspect_tests.c \
           $(ARCH)/cpu.c $(ARCH)/device.c
