/* SPDX-License-Identifier: MIT */
/* The build machine has no interrupts; the flag is kept for those who ask. */
#pragma once

#include "abi/types.h"

extern _Thread_local bool host_irq_enabled;

static inline void arch_irq_disable(void) {
    host_irq_enabled = false;
}

static inline void arch_irq_enable(void) {
    host_irq_enabled = true;
}

static inline bool arch_irq_enabled(void) {
    return host_irq_enabled;
}
