/* SPDX-License-Identifier: MIT */
/*
 * How long interrupts stay off, in debug builds. A stretch begins where the kernel is entered, and where interrupts go
 * off again at a preemption point or after idling; it ends where they come on. A switch of tasks is part of it. What a
 * task does that says so (self-tests, the audit) is not measured. Each CPU keeps its own longest.
 */
#include "arch/time.h"
#include "kernel/assert.h"
#include "kernel/sched.h"

void irq_off_note_begin(void) {
    struct percpu *self = percpu_self();
    if (self->current != NULL && !self->current->unmeasured) {
        self->irq_off_since = arch_time_now();
    }
}

void irq_off_note_end(void) {
    struct percpu *self = percpu_self();
    if (self->irq_off_since != 0) {
        ts_time_t length = arch_time_now() - self->irq_off_since;
        self->irq_off_since = 0;
        if (length > self->irq_off_max) {
            __atomic_store_n(&self->irq_off_max, length, __ATOMIC_RELAXED);
        }
    }
}

void irq_off_measure(bool measured) {
    irq_off_end();
    task_current()->unmeasured = !measured;
    irq_off_begin();
}

ts_time_t irq_off_max(void) {
    ts_time_t max = 0;
    for (unsigned i = 0; i < percpu_count(); i++) {
        ts_time_t length = __atomic_load_n(&percpu_of(i)->irq_off_max, __ATOMIC_RELAXED);
        max = length > max ? length : max;
    }
    return max;
}
