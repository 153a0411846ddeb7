# SPDX-License-Identifier: MIT
USES    := arch/include arch/formats lib/base lib/abi
SOURCES := start.S entry.S context.S usercopy.S context.c debug.c init.c irq.c mmu.c \
           smp.c time.c trap.c test/probe.S test/lines.c test/selftest.c test/space.c
