# SPDX-License-Identifier: MIT
USES         := kernel/vm/policy kernel/cap kernel/sched kernel/mm kernel/core arch/include lib/base lib/abi
SOURCES      := asid.c space.c vmar.c mapping.c fault.c large.c vmo.c vmo_access.c discard.c page_tree.c family.c \
                page_source.c paged.c reclaim.c swap.c audit.c inspect.c test/vm_selftest.c
HEADERS      := vm_audit.h vm_inspect.h
HOST_TESTS   := test/family_test.c test/source_test.c
HOST_SOURCES := page_tree.c family.c swap.c test/vm_support.c
HOST_USES    := kernel/mm kernel/cap arch/host lib/base
