/* SPDX-License-Identifier: MIT */
/* What the host tests of this room need of rooms that are not linked: one task, no other CPU, jobs that count. */
#include "vm_support.h"

#include "kernel/assert.h"
#include "kernel/object.h"
#include "../reclaim.h"

static struct task only_task;

void mutex_init(struct mutex *mutex) {
    *mutex = (struct mutex){0};
}

void mutex_wait(struct mutex *mutex) {
    panic("mutex %p: nobody else can have it", (void *)mutex);
}

void mutex_wake(struct mutex *mutex) {
    panic("mutex %p: nobody waits", (void *)mutex);
}

bool mutex_is_free(struct mutex *mutex) {
    return mutex->state == MUTEX_FREE;
}

void sched_preemption_point(void) {
}

/* Jobs outlive the tests. */
void object_last_release(struct object *object) {
    panic("the last reference to %p went", (void *)object);
}

/* No job has a reclaim domain here. */
void reclaim_enter(struct frame *frame, const struct reclaim_miss *miss) {
    (void)frame;
    (void)miss;
}

void reclaim_leave(struct frame *frame) {
    (void)frame;
}

void vm_support_begin(void) {
    support_machine();
    percpu_self()->current = &only_task;
}
