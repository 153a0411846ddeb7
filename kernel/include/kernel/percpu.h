/* SPDX-License-Identifier: MIT */
/* The per-CPU block. Written by its own CPU with interrupts off, unless a member says otherwise. */
#pragma once

#include "arch/cpu.h"
#include "base/list.h"
#include "base/tree.h"
#include "kernel/spinlock.h"

struct task;
struct trace_record;

/* Work before the return to user mode; set by the own CPU only (others send an IPI). */
enum percpu_pending {
    PENDING_RESCHEDULE = 1, /* a task of higher priority became ready, or the time slice is over */
    PENDING_ATTENTION = 2,  /* the running task must look at its attention bits */
    PENDING_GRACE = 4,      /* objects wait for their grace period */
};

#define LOCK_DEPTH_MAX 16
#define LAST_CALLS     64u /* a power of two */

/* The queue of ready tasks of one CPU. lock (LOCK_RUN_QUEUE) protects all of it; other CPUs enqueue and steal. */
struct run_queue {
    struct spinlock lock;
    uint32_t ready_count;
    uint64_t cpu_bit;        /* whose it is */
    int running_priority;    /* of the task that the CPU runs or is about to switch to; -1: idle */
    uint64_t ready_levels[TS_PRIORITY_COUNT / 64]; /* bit: list is not empty; from the highest priority down */
    struct list_node ready[TS_PRIORITY_COUNT];
};

struct percpu {
    struct arch_percpu arch; /* first: entry code finds it */
    struct task *current;
    uint32_t pending;        /* enum percpu_pending */
    uint32_t idle;           /* atomic: this CPU is in arch_idle() and holds no pointer to any object */
    uint32_t call_count;
    uint16_t calls[LAST_CALLS]; /* numbers of the last system calls, a ring; near the start, for short offsets */
    struct task *idle_task;
    struct task *switched_from; /* who gave the CPU to the running task: its on_cpu is not cleared yet */

    struct spinlock timeout_lock; /* LOCK_TIMEOUT: protects timeouts */
    struct tree timeouts;         /* by deadline */
    bool closing;                 /* a closed handle's object is being told, with these to follow */
    struct list_node to_close;

    ts_time_t slice_end;
    ts_time_t armed;              /* deadline in the hardware timer, TS_TIME_INFINITE: none */

    uint64_t quiescent_epoch;     /* atomic: latest epoch at which this CPU held no looked-up pointer */
    struct list_node grace_collecting, grace_waiting;
    uint32_t grace_count;
    bool grace_enough;            /* what was freed last has more to do: not now */
    ts_time_t grace_deadline;     /* when the timer fires at the latest to go on with it; TS_TIME_INFINITE: as it may */
    uint64_t grace_target;

    uint64_t switches, interrupts, ipis; /* statistics */
    uint64_t faults;                     /* page faults of user mode */
    ts_time_t idle_time, accounted;      /* idle so far; time up to which the running task is accounted */
    ts_time_t irq_off_since;             /* debug builds: when interrupts went off; 0: they are on, or not measured */
    ts_time_t irq_off_max;               /* atomic: the longest stretch */

    struct trace_record *trace;   /* ring of TRACE_RECORDS; null: none */
    uint64_t trace_count;

    uint32_t lock_depth;          /* debug builds: locks held, and their classes */
    uint8_t lock_classes[LOCK_DEPTH_MAX];

    struct run_queue run_queue;   /* last, because it is large: what stands before it has short offsets */
};

static inline struct percpu *percpu_self(void) {
    return (struct percpu *)arch_percpu();
}

static inline unsigned percpu_cpu(void) {
    return arch_percpu()->cpu;
}

#define CPU_BIT(cpu) ((uint64_t)1 << (cpu))

/* Adds a block for the next CPU number. Boot CPU only, before that CPU starts. */
void percpu_add(struct percpu *block);
unsigned percpu_count(void);
void percpu_set_online(unsigned cpu);

/* Of percpu.c, for the two functions below alone. */
extern struct percpu *percpu_blocks[TS_CPU_COUNT_MAX];
extern uint64_t percpu_online_cpus; /* atomic */

/* cpu < percpu_count() */
static inline struct percpu *percpu_of(unsigned cpu) {
    return percpu_blocks[cpu];
}

/* Set of CPUs that run. */
static inline uint64_t percpu_online(void) {
    return __atomic_load_n(&percpu_online_cpus, __ATOMIC_ACQUIRE);
}
