# SPDX-License-Identifier: MIT
USES         := kernel/vm/policy kernel/core arch/include arch/formats lib/base lib/abi
SOURCES      := frames.c reserve.c pagetable.c tables.c inspect.c heap.c slab.c kernelspace.c \
                $(addprefix test/,frames_selftest.c pagetable_selftest.c heap_selftest.c) \
                $(if $(KASAN),kasan.c kasan_map.c kasan_report.c)
HEADERS      := kasan.h
PLAIN        := kasan.c kasan_map.c kasan_report.c
UNSHADOWED   := heap.c slab.c test/pagetable_selftest.c
HOST_TESTS   := $(addprefix test/,frames_test.c frames_cost_test.c pagetable_test.c pagetable_random_test.c \
                heap_test.c threads_test.c)
HOST_SOURCES := frames.c reserve.c pagetable.c tables.c heap.c slab.c \
                $(addprefix test/,support.c reference.c format_cases.c model.c)
HOST_USES    := arch/host
