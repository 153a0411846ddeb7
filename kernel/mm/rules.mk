# SPDX-License-Identifier: MIT
USES    := kernel/core arch/include arch/formats lib/base lib/abi
SOURCES := frames.c pagetable.c heap.c slab.c
