/* SPDX-License-Identifier: MIT */
/* The suites of this room. */
#pragma once

#include "arch/mmu.h"
#include "kernel/selftest.h"

extern const struct selftest_suite frames_selftests;
extern const struct selftest_suite pagetable_selftests;
extern const struct selftest_suite heap_selftests;
