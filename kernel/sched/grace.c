/* SPDX-License-Identifier: MIT */
/*
 * Grace periods. The kernel runs with interrupts off between points at which a CPU holds no looked-up pointer:
 * switches, idling, and interrupts of user mode. A batch is due when every other CPU has idled or reported such a
 * point with an epoch at least as new as the batch's; CPUs that run user code are asked by an IPI, because entering
 * the kernel shall cost nothing.
 *
 * Lists belong to their CPU; `grace_epoch`, `idle` and `quiescent_epoch` are atomic.
 */
#include "arch/smp.h"
#include "arch/time.h"
#include "kernel/assert.h"
#include "kernel/sched.h"

#define FREE_BATCH   64u
#define BUSY_POLL_NS 1000000

uint64_t grace_epoch = 1;

void grace_defer(struct grace_node *node) {
    struct percpu *self = percpu_self();
    list_add_tail(&self->grace_collecting, &node->link);
    self->grace_count++;
    self->pending |= PENDING_GRACE;
}

bool grace_is_pending(void) {
    struct percpu *self = percpu_self();
    return !list_is_empty(&self->grace_collecting) || !list_is_empty(&self->grace_waiting);
}

/* Those CPUs of a set that have not yet passed the epoch. */
static uint64_t lagging_among(uint64_t set, uint64_t target) {
    uint64_t lagging = 0;
    for (; set != 0; set &= set - 1) {
        unsigned cpu = (unsigned)__builtin_ctzl(set);
        const struct percpu *other = percpu_of(cpu);
        if (__atomic_load_n(&other->idle, __ATOMIC_SEQ_CST) == 0 &&
            __atomic_load_n(&other->quiescent_epoch, __ATOMIC_SEQ_CST) < target) {
            lagging |= CPU_BIT(cpu);
        }
    }
    return lagging;
}

static inline uint64_t lagging_cpus(uint64_t target) {
    uint64_t others = percpu_online() & ~CPU_BIT(percpu_cpu());
    return others != 0 ? lagging_among(others, target) : 0;
}

void grace_continue(struct grace_node *node) {
    struct percpu *self = percpu_self();
    list_add_head(&self->grace_waiting, &node->link);
    self->grace_enough = true;
}

/* A part of it: interrupts are off. The rest stays due. */
static void free_batch(struct percpu *self) {
    struct list_node *link;
    self->grace_enough = false;
    for (unsigned i = 0; i < FREE_BATCH && !self->grace_enough; i++) {
        link = list_pop_head(&self->grace_waiting);
        if (link == NULL) {
            break;
        }
        struct grace_node *node = container_of(link, struct grace_node, link);
        node->free(node);
    }
}

/* A program that makes no calls must not keep others waiting for memory. */
void grace_arm(struct percpu *self) {
    if ((self->pending & PENDING_GRACE) == 0 || self->grace_deadline != TS_TIME_INFINITE) {
        return;
    }
    self->grace_deadline = arch_time_now() + BUSY_POLL_NS;
    if (self->grace_deadline < self->armed) {
        self->armed = self->grace_deadline;
        arch_time_set_deadline(self->armed);
    }
}

void grace_poll(void) {
    struct percpu *self = percpu_self();
    grace_quiescent();
    if (!list_is_empty(&self->grace_waiting) && lagging_cpus(self->grace_target) == 0) {
        free_batch(self);
    }
    if (list_is_empty(&self->grace_waiting) && !list_is_empty(&self->grace_collecting)) {
        list_splice_tail(&self->grace_waiting, &self->grace_collecting);
        self->grace_count = 0;
        self->grace_target = __atomic_add_fetch(&grace_epoch, 1, __ATOMIC_SEQ_CST);
        self->quiescent_epoch = self->grace_target;
        uint64_t lagging = lagging_cpus(self->grace_target);
        if (lagging == 0) {
            free_batch(self);
        } else {
            arch_ipi_send(lagging, ARCH_IPI_RESCHEDULE);
        }
    }
    if (grace_is_pending()) {
        self->pending |= PENDING_GRACE;
        if (self->current != self->idle_task) {
            grace_arm(self); /* the idle loop sees to it itself */
        }
    } else {
        self->pending &= ~(uint32_t)PENDING_GRACE;
    }
}

void grace_synchronize(void) {
    while (grace_is_pending()) {
        grace_poll();
        sched_preemption_point();
    }
}
