/* SPDX-License-Identifier: MIT */
/*
 * The clock is the virtual counter, the timer its comparator: both are EL1's own, under a
 * hypervisor too. Conversions are one multiplication with a 32-bit fraction, both ways.
 */
#include "arch/time.h"

#include "arch/irq.h"
#include "arm64/arm64_priv.h"

#define FRACTION_BITS     32
#define NANOSECONDS       1000000000ull
#define FREQUENCY_DEFAULT 62500000ull /* a counter that firmware did not describe */
#define TIMER_ENABLE      1u

/* Written once by the boot CPU. */
static uint64_t frequency;
static uint64_t base;     /* counter at boot */
static uint64_t to_ns;    /* nanoseconds in a tick, as a fraction */
static uint64_t to_ticks; /* ticks in a nanosecond, rounded up */

static uint64_t counter(void) {
    arm_isb();
    return ARM_READ(cntvct_el0);
}

void arm_time_init(uint64_t given) {
    frequency = given != 0 ? given : ARM_READ(cntfrq_el0);
    if (frequency == 0 || frequency >> FRACTION_BITS != 0) {
        frequency = FREQUENCY_DEFAULT;
    }
    base = counter();
    to_ns = (NANOSECONDS << FRACTION_BITS) / frequency;
    to_ticks = (frequency << FRACTION_BITS) / NANOSECONDS + 1;
}

void arm_time_init_cpu(void) {
    ARM_WRITE(cntv_ctl_el0, 0);
    arm_isb();
    arch_irq_unmask(ARM_IRQ_TIMER);
}

ts_time_t arch_time_now(void) {
    return (ts_time_t)((unsigned __int128)(counter() - base) * to_ns >> FRACTION_BITS);
}

/* One tick more than the quotient, so that the clock never reads less than the deadline when the
 * timer fires. */
void arch_time_set_deadline(ts_time_t deadline) {
    if (deadline == TS_TIME_INFINITE) {
        arch_time_cancel();
        return;
    }
    uint64_t ns = deadline > 0 ? (uint64_t)deadline : 0;
    uint64_t ticks = (uint64_t)((unsigned __int128)ns * to_ticks >> FRACTION_BITS) + 1;
    ARM_WRITE(cntv_cval_el0, base + ticks);
    ARM_WRITE(cntv_ctl_el0, TIMER_ENABLE);
    arm_isb();
}

void arch_time_cancel(void) {
    ARM_WRITE(cntv_ctl_el0, 0);
    arm_isb();
}

void arch_time_page_fill(struct ts_time_page *page) {
    page->base = base;
    page->multiplier = to_ns;
    page->shift = FRACTION_BITS;
    page->reserved = 0;
    page->frequency = frequency;
}
