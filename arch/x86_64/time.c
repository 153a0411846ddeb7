/* SPDX-License-Identifier: MIT */
/*
 * The clock is the time stamp counter, the timer that of the local APIC. Both are measured once
 * against the programmable interval timer, for half a millisecond. Counters of all CPUs are taken
 * to run together.
 */
#include "x86_64_priv.h"

#include "arch/time.h"
#include "arch/upcall.h"

#define PIT_HERTZ       1193182ul
#define PIT_TICKS       600u /* measured interval */
#define PIT_CHANNEL2    0x42
#define PIT_COMMAND     0x43
#define PIT_GATE        0x61
#define POLL_LIMIT      100000u
#define SAMPLE_TRIES    8u
#define ATTEMPTS        8u
#define PAUSE_RATIO_MAX 16u

#define TIMER_DIVIDE_1 0x0bu
#define TIMER_MASKED   0x10000u
#define TIME_SHIFT     32

/* Written by the boot CPU before others start. */
static uint64_t tsc_base;
static uint64_t tsc_hertz = NANOSECONDS;
static uint64_t tsc_multiplier = 1ul << TIME_SHIFT;
static uint64_t timer_multiplier = 1ul << TIME_SHIFT; /* timer ticks per ns */

/* (value * multiplier) >> TIME_SHIFT; what does not fit is cut to the largest value. */
static uint64_t scale(uint64_t value, uint64_t multiplier) {
    unsigned __int128 result = (unsigned __int128)value * multiplier >> TIME_SHIFT;
    return result > UINT64_MAX ? UINT64_MAX : (uint64_t)result;
}

static uint16_t pit_read(void) {
    arch_port_write8(PIT_COMMAND, 0x80); /* latch channel 2 */
    uint8_t low = arch_port_read8(PIT_CHANNEL2);
    return (uint16_t)(low | arch_port_read8(PIT_CHANNEL2) << 8);
}

/* The three counters at one moment, as far as the CPU was not interrupted (by a host) between the
 * first and the last read, which `length` tells, in TSC ticks. */
struct sample {
    uint16_t pit;
    uint32_t timer;
    uint64_t tsc;
    uint64_t length;
};

static struct sample sample_once(void) {
    struct sample s;
    uint64_t before = arch_cycle_count();
    s.pit = pit_read();
    s.tsc = arch_cycle_count();
    s.timer = apic_read(APIC_TIMER_CURRENT);
    s.length = arch_cycle_count() - before;
    return s;
}

static struct sample sample_best(void) {
    struct sample best = sample_once();
    for (unsigned i = 1; i < SAMPLE_TRIES; i++) {
        struct sample next = sample_once();
        best = next.length < best.length ? next : best;
    }
    return best;
}

/* Polls until the interval timer has counted PIT_TICKS. False if it stands still, or if one pause
 * was so long that the interval timer may have gone round. */
static bool measure(struct sample *first, struct sample *last) {
    uint64_t longest = 0;
    *first = sample_best();
    *last = *first;
    for (unsigned i = 0; (uint16_t)(first->pit - last->pit) < PIT_TICKS; i++) {
        uint64_t before = last->tsc;
        *last = sample_once();
        longest = last->tsc - before > longest ? last->tsc - before : longest;
        if (i == POLL_LIMIT) {
            return false;
        }
    }
    *last = sample_best();
    uint64_t total = last->tsc - first->tsc;
    return last->timer < first->timer && longest / PAUSE_RATIO_MAX < total - longest;
}

/* Counts down from 65535 with the speaker off and the gate open. */
static void pit_start(void) {
    arch_port_write8(PIT_GATE, (uint8_t)((arch_port_read8(PIT_GATE) & ~2u) | 1u));
    arch_port_write8(PIT_COMMAND, 0xb0);
    arch_port_write8(PIT_CHANNEL2, 0xff);
    arch_port_write8(PIT_CHANNEL2, 0xff);
}

void time_calibrate(void) {
    struct sample first;
    struct sample last;
    tsc_base = arch_cycle_count();
    apic_write(APIC_TIMER_DIVIDE, TIMER_DIVIDE_1);
    apic_write(APIC_TIMER_INITIAL, UINT32_MAX);
    bool measured = false;
    for (unsigned i = 0; i < ATTEMPTS && !measured; i++) {
        pit_start();
        measured = measure(&first, &last);
    }
    apic_write(APIC_TIMER_INITIAL, 0);
    if (!measured) {
        return;
    }
    uint64_t elapsed = (uint64_t)(first.pit - last.pit) * NANOSECONDS / PIT_HERTZ;
    uint64_t cycles = last.tsc - first.tsc;
    tsc_multiplier = (elapsed << TIME_SHIFT) / cycles;
    tsc_hertz = cycles * NANOSECONDS / elapsed;
    timer_multiplier = ((uint64_t)(first.timer - last.timer) << TIME_SHIFT) / elapsed;
}

void time_init_cpu(void) {
    apic_write(APIC_TIMER_DIVIDE, TIMER_DIVIDE_1);
    apic_write(APIC_TIMER_INITIAL, 0);
    apic_write(APIC_TIMER_LVT, VECTOR_TIMER);
}

ts_time_t arch_time_now(void) {
    return (ts_time_t)scale(arch_cycle_count() - tsc_base, tsc_multiplier);
}

/* The counter has 32 bits: a far deadline takes several rounds. */
static void timer_program(ts_time_t deadline, ts_time_t now) {
    uint64_t ticks = deadline > now ? scale((uint64_t)(deadline - now), timer_multiplier) + 1 : 1;
    apic_write(APIC_TIMER_INITIAL, ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks);
}

void arch_time_set_deadline(ts_time_t deadline) {
    arch_percpu()->deadline = deadline;
    if (deadline == TS_TIME_INFINITE) {
        apic_write(APIC_TIMER_INITIAL, 0);
    } else {
        timer_program(deadline, arch_time_now());
    }
}

void arch_time_cancel(void) {
    arch_time_set_deadline(TS_TIME_INFINITE);
}

/* An interrupt that was under way when its deadline was replaced or cancelled finds a later one. */
void time_expired(void) {
    struct arch_percpu *p = arch_percpu();
    ts_time_t now = arch_time_now();
    if (p->deadline <= now) {
        p->deadline = TS_TIME_INFINITE;
        kernel_timer();
    } else if (p->deadline != TS_TIME_INFINITE) {
        timer_program(p->deadline, now);
    }
}

void time_delay(uint64_t ns) {
    ts_time_t end = arch_time_now() + (ts_time_t)ns;
    while (arch_time_now() < end) {
        arch_spin_wait();
    }
}

void arch_time_page_fill(struct ts_time_page *page) {
    page->base = tsc_base;
    page->multiplier = tsc_multiplier;
    page->shift = TIME_SHIFT;
    page->frequency = tsc_hertz;
}

/* The TSC is the clock and always readable; this is about the performance counters. */
void arch_time_user_counters(bool enable) {
    cr4_write(enable ? cr4_read() | CR4_COUNTERS : cr4_read() & ~CR4_COUNTERS);
}
