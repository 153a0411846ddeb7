# SPDX-License-Identifier: MIT
USES         := lib/abi lib/base
SOURCES      := init.c registers.c queue.c interrupt.c event.c stream.c context.c configcache.c tlb.c attributes.c \
                walk.c plain.c translate.c port.c stall.c ats.c pagerequest.c command.c state.c build.c
HOST_TESTS   := $(addprefix test/,registers_test.c streams_test.c contexts_test.c walk_test.c faults_test.c \
                commands_test.c ats_test.c updates_test.c secure_test.c hostile_test.c state_test.c threads_test.c \
                corpus_test.c)
HOST_SOURCES := $(SOURCES) test/rig.c test/suite.c test/fuzz.c
