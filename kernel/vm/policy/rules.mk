# SPDX-License-Identifier: MIT
USES         := kernel/core lib/base lib/abi
HEADERS      := reclaim_policy.h
SOURCES      := ghosts.c policy.c policy_none.c policy_lru.c policy_arc.c policy_clock.c
HOST_TESTS   := test/policies_test.c test/random_test.c test/traces_test.c
HOST_SOURCES := $(SOURCES) test/support.c test/replay.c test/model.c
