/* SPDX-License-Identifier: MIT */
/* The build machine: a thread is a CPU. */
#pragma once

#include "abi/types.h"

#define ARCH_CACHE_LINE 64

struct arch_percpu {
    uint32_t cpu;
};

extern _Thread_local struct arch_percpu *host_percpu;

static inline struct arch_percpu *arch_percpu(void) {
    return host_percpu;
}

void host_yield(void); /* not named here: the kernel has a sched_yield() of its own */

static inline void arch_cpu_pause(void) {
    host_yield();
}

static inline uint64_t arch_cycle_count(void) {
    return 0;
}
