# SPDX-License-Identifier: MIT
USES         := kernel/core arch/include arch/formats lib/base lib/abi
SOURCES      := frames.c pagetable.c tables.c heap.c slab.c kernelspace.c
HOST_TESTS   := test/frames_test.c test/pagetable_random_test.c
HOST_SOURCES := $(filter-out kernelspace.c,$(SOURCES)) ../core/spinlock.c $(addprefix test/,support.c reference.c format_cases.c model.c)
HOST_USES    := arch/host
