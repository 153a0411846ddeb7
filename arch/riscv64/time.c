/* SPDX-License-Identifier: MIT */
/*
 * The time CSR as clock, stimecmp (Sstc) or SBI as one-shot timer. sie.STIE is set exactly while a
 * deadline is set, so that a deadline that is over needs no call to be silenced. All state is
 * constant after time_init().
 */
#include "arch/time.h"

#include "arch/upcall.h"
#include "riscv64/riscv64_priv.h"

#define NANOSECONDS       1000000000ul
#define SHIFT             32
#define FREQUENCY_DEFAULT 10000000ul /* of QEMU's virt machine, should the devicetree not tell */

#define SCOUNTEREN_CYCLE   1ul
#define SCOUNTEREN_TIME    2ul
#define SCOUNTEREN_INSTRET 4ul

static bool has_sstc;
static uint64_t frequency;
static uint64_t base;         /* counter at time 0 */
static uint64_t ns_per_tick;  /* times 2^SHIFT, rounded down */
static uint64_t ticks_per_ns; /* times 2^SHIFT squared, rounded up */

static inline uint64_t counter_read(void) {
    uint64_t ticks;
    __asm__ volatile("rdtime %0" : "=r"(ticks)::"memory");
    return ticks;
}

/* Reads stimecmp. Where there is none, the borrowed trap vector skips the second li. */
static bool probe_sstc(void) {
    uint64_t found, status = csr_read(sstatus), vector = csr_read(stvec);
    __asm__ volatile("la    t0, 1f\n\t"
                     "csrw  stvec, t0\n\t"
                     "li    %0, 0\n\t"
                     "csrr  t0, 0x14d\n\t"
                     "li    %0, 1\n\t"
                     ".balign 4\n"
                     "1:"
                     : "=&r"(found)
                     :
                     : "t0", "memory");
    csr_write(stvec, vector);
    csr_write(sstatus, status);
    csr_write(sscratch, 0);
    return found != 0;
}

void time_init(const struct boot_info *bi) {
    has_sstc = probe_sstc();
    frequency = bi->timer_frequency != 0 ? bi->timer_frequency : FREQUENCY_DEFAULT;
    ns_per_tick = (NANOSECONDS << SHIFT) / frequency;
    ticks_per_ns = UINT64_MAX / ns_per_tick + 1;
    base = counter_read();
}

void time_init_cpu(void) {
    arch_time_cancel();
}

bool time_has_sstc(void) {
    return has_sstc;
}

ts_time_t arch_time_now(void) {
    return (ts_time_t)(((unsigned __int128)(counter_read() - base) * ns_per_tick) >> SHIFT);
}

/* The first count at which arch_time_now() is not before the deadline, or a few later. */
static uint64_t deadline_to_counter(ts_time_t deadline) {
    if (deadline <= 0) {
        return base;
    }
    return base + (uint64_t)(((unsigned __int128)deadline * ticks_per_ns) >> SHIFT) + 1;
}

void arch_time_set_deadline(ts_time_t deadline) {
    uint64_t counter = deadline_to_counter(deadline);
    if (has_sstc) {
        csr_write(0x14d, counter);
    } else {
        sbi(SBI_TIME, SBI_TIME_SET, counter);
    }
    csr_set(sie, SIE_TIMER);
}

void arch_time_cancel(void) {
    csr_clear(sie, SIE_TIMER);
}

void time_interrupt(void) {
    arch_time_cancel();
    kernel_timer();
}

void arch_time_page_fill(struct ts_time_page *page) {
    *page = (struct ts_time_page){
        .base = base, .multiplier = ns_per_tick, .shift = SHIFT, .frequency = frequency};
}

void arch_time_user_counters(bool enable) {
    csr_write(scounteren,
              enable ? SCOUNTEREN_TIME | SCOUNTEREN_CYCLE | SCOUNTEREN_INSTRET : SCOUNTEREN_TIME);
}
