# SPDX-License-Identifier: MIT
USES         := lib/abi lib/base
SOURCES      := init.c registers.c queue.c interrupt.c event.c stream.c context.c configcache.c tlb.c attributes.c \
                walk.c plain.c translate.c port.c stall.c ats.c pagerequest.c command.c build.c
HOST_TESTS   := $(addprefix test/,streams_test.c contexts_test.c walk_test.c)
HOST_SOURCES := $(SOURCES) test/rig.c test/suite.c
