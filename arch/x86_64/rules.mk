# SPDX-License-Identifier: MIT
USES    := arch/include arch/formats lib/base lib/abi
SOURCES := start.S entry.S context.S usercopy.S init.c context.c mmu.c irq.c time.c smp.c \
           trap.c debug.c \
           test/probe.S test/selftest.c test/space.c
