/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: 256 fixed priorities, a queue of ready tasks per CPU, round robin within a priority. Tickless: the
 * timer is armed only for timeouts and for the end of a slice that somebody else waits for.
 *
 * A task is in at most one run queue. `on_cpu` stays set until the CPU that ran it has left its stack; who wakes a
 * task waits for that (it is short, and never depends on a lock of the waker), so a queued task can run anywhere.
 */
#include "kernel/sched.h"

#include "arch/irq.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/stack.h"
#include "arch/time.h"
#include "base/string.h"
#include "kernel/assert.h"
#include "kernel/heap.h"
#include "kernel/kasan.h"
#include "kernel/kernelspace.h"
#include "kernel/trace.h"

#define SLICE_NS      10000000 /* round robin among equals */
#define GRACE_POLL_NS 20000
#define STEAL_LOOK    8u       /* tasks of a queue that are looked at, in case the first may not run here */

static uint64_t waiting_cpus; /* atomic: CPUs whose queue is not empty; a bit is changed under its queue's lock */
static bool other_cpus;       /* a machine with one CPU need not look after others; set before the first task runs */

/* Which bit of the levels stands for a priority: the first one that is set is the highest, because CPUs that must
 * search by instructions find the lowest bit faster. */
static inline unsigned level_bit(unsigned priority) {
    return TS_PRIORITY_COUNT - 1 - priority;
}

static inline void queue_push(struct run_queue *queue, struct task *task, bool front) {
    DEBUG_ASSERT(spinlock_is_held(&queue->lock));
    unsigned level = task->priority;
    struct list_node *head = &queue->ready[level];
    task->queued_priority = (uint8_t)level;
    if (front) {
        list_add_head(head, &task->link);
    } else {
        list_add_tail(head, &task->link);
    }
    queue->ready_levels[level_bit(level) / 64] |= (uint64_t)1 << (level_bit(level) % 64);
    if (queue->ready_count++ == 0 && other_cpus) {
        __atomic_fetch_or(&waiting_cpus, queue->cpu_bit, __ATOMIC_RELAXED);
    }
}

static inline void queue_remove(struct run_queue *queue, struct task *task) {
    DEBUG_ASSERT(spinlock_is_held(&queue->lock));
    unsigned level = task->queued_priority;
    list_remove(&task->link);
    if (list_is_empty(&queue->ready[level])) {
        queue->ready_levels[level_bit(level) / 64] &= ~((uint64_t)1 << (level_bit(level) % 64));
    }
    if (--queue->ready_count == 0 && other_cpus) {
        __atomic_fetch_and(&waiting_cpus, ~queue->cpu_bit, __ATOMIC_RELAXED);
    }
}

/* The highest priority with a ready task, or -1. */
static int queue_top(const struct run_queue *queue) {
    for (unsigned word = 0; word < TS_PRIORITY_COUNT / 64; word++) {
        if (queue->ready_levels[word] != 0) {
            return (int)level_bit(word * 64 + (unsigned)__builtin_ctzl(queue->ready_levels[word]));
        }
    }
    return -1;
}

static struct task *queue_first(struct run_queue *queue) {
    int top = queue_top(queue);
    return top < 0 ? NULL : container_of(queue->ready[top].next, struct task, link);
}

void sched_init_cpu(struct percpu *cpu, struct task *idle) {
    spinlock_init(&cpu->run_queue.lock, LOCK_RUN_QUEUE);
    spinlock_init(&cpu->timeout_lock, LOCK_TIMEOUT);
    for (unsigned i = 0; i < TS_PRIORITY_COUNT; i++) {
        list_init(&cpu->run_queue.ready[i]);
    }
    list_init(&cpu->grace_collecting);
    list_init(&cpu->grace_waiting);
    list_init(&cpu->to_close);
    cpu->armed = TS_TIME_INFINITE;
    cpu->grace_deadline = TS_TIME_INFINITE;
    cpu->slice_end = TS_TIME_INFINITE;
    cpu->run_queue.running_priority = -1;
    cpu->run_queue.cpu_bit = CPU_BIT(cpu->arch.cpu);
    other_cpus = other_cpus || cpu->arch.cpu != 0;
    idle->affinity = CPU_BIT(cpu->arch.cpu);
    idle->cpu = cpu->arch.cpu;
    idle->state = TASK_RUNNING;
    idle->on_cpu = 1;
    cpu->idle_task = idle;
    cpu->current = idle;
}

static void account(struct percpu *self, struct task *task, ts_time_t now) {
    if (task == self->idle_task) {
        self->idle_time += now - self->accounted;
    } else {
        task->run_time += now - self->accounted;
    }
    self->accounted = now;
}

static int running_priority(unsigned cpu) {
    return __atomic_load_n(&percpu_of(cpu)->run_queue.running_priority, __ATOMIC_RELAXED);
}

/* The task waits in a queue. A CPU that turned to something less urgent meanwhile did so before it could see the task
 * there: it is told to look again. */
static void tell_idler(uint64_t allowed, int priority) {
    if (!other_cpus) {
        return;
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (uint64_t set = allowed & percpu_online(); set != 0; set &= set - 1) {
        unsigned cpu = (unsigned)__builtin_ctzl(set);
        if (running_priority(cpu) < priority) {
            if (cpu == percpu_cpu()) {
                percpu_self()->pending |= PENDING_RESCHEDULE;
            } else {
                arch_ipi_send(CPU_BIT(cpu), ARCH_IPI_RESCHEDULE);
            }
            return;
        }
    }
}

/* First thing on the new task's stack: the old one is no longer in use. */
static void finish_switch(void) {
    struct percpu *self = percpu_self();
    struct task *old = self->switched_from;
    if (old->empty_stack) {
        kasan_unpoison(old->stack, ARCH_STACK_SIZE); /* its frames do not return */
        arch_context_discard(&old->context);
    }
    uint32_t state = old->state;
    uint64_t allowed = old->affinity;
    int priority = old->priority;
    __atomic_store_n(&old->on_cpu, 0, __ATOMIC_RELEASE);
    if (state == TASK_READY) {
        tell_idler(allowed, priority); /* it was preempted, and may go on elsewhere */
    } else if (state == TASK_MIGRATING) {
        task_make_ready(old);
    } else if (state == TASK_DEAD && old->finish != NULL) {
        old->finish(old);
    }
}

/* Kernel tasks start here: the first switch to them has to be finished as well. */
void sched_task_entry(void) {
    finish_switch();
}

/* The user half of this CPU becomes that of `space`, or the kernel's own, so that a table which no task runs in is in
 * no CPU. The set of CPUs is updated first: who changes the table afterwards flushes this CPU too. */
static void switch_space(struct pagetable *space, unsigned cpu) {
    if (space == NULL) {
        arch_mmu_switch(pagetable_phys(&kernel_pagetable), 0);
        return;
    }
    __atomic_fetch_or(&space->cpus, CPU_BIT(cpu), __ATOMIC_SEQ_CST);
    arch_mmu_switch(space->root, space->asid);
    if (ARCH_ASID_BITS != 0 && __builtin_expect(space->asid == PT_ASID_SHARED, 0)) {
        arch_tlb_flush(CPU_BIT(cpu), space->asid, 0, 0);
    }
}

static void switch_to(struct task *next) {
    struct percpu *self = percpu_self();
    struct task *old = self->current;
    DEBUG_ASSERT(self->lock_depth == 0);
    trace(TRACE_SWITCH, next->priority, (uint64_t)next);
    self->switches++;
    grace_quiescent();
    next->empty_stack = false;
    next->cpu = self->arch.cpu;
    next->state = TASK_RUNNING;
    __atomic_store_n(&next->on_cpu, 1, __ATOMIC_RELAXED);
    self->current = next;
    self->switched_from = old;
    /* Who sets attention bits or affinity looks at on_cpu afterwards: one of the two sees the other. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(&next->attention, __ATOMIC_RELAXED) != 0) {
        self->pending |= PENDING_ATTENTION;
    }
    if ((__atomic_load_n(&next->affinity, __ATOMIC_RELAXED) & CPU_BIT(self->arch.cpu)) == 0) {
        self->pending |= PENDING_RESCHEDULE; /* changed while it was between a queue and this CPU */
    }
    if (next->space != old->space) {
        switch_space(next->space, self->arch.cpu);
    }
    arch_context_switch(&old->context, &next->context);
    finish_switch();
}

/* The most urgent task of a queue that may run on this CPU and is more urgent than `floor`. Queue lock held. */
static struct task *find_stealable(struct run_queue *queue, unsigned cpu, int floor) {
    DEBUG_ASSERT(spinlock_is_held(&queue->lock));
    unsigned looked = 0;
    for (int level = queue_top(queue); level > floor && looked < STEAL_LOOK; level--) {
        LIST_FOR_EACH(node, &queue->ready[level]) {
            struct task *task = container_of(node, struct task, link);
            /* A task that was just preempted there may still be on its stack: leave it. */
            if ((__atomic_load_n(&task->affinity, __ATOMIC_RELAXED) & CPU_BIT(cpu)) != 0 &&
                __atomic_load_n(&task->on_cpu, __ATOMIC_ACQUIRE) == 0) {
                return task;
            }
            if (++looked == STEAL_LOOK) {
                break;
            }
        }
    }
    return NULL;
}

/* Takes a task more urgent than `floor` that waits on another CPU. */
static struct task *steal(struct percpu *self, int floor) {
    uint64_t others = __atomic_load_n(&waiting_cpus, __ATOMIC_RELAXED) & ~self->run_queue.cpu_bit;
    for (; others != 0; others &= others - 1) {
        struct run_queue *queue = &percpu_of((unsigned)__builtin_ctzl(others))->run_queue;
        spinlock_acquire(&queue->lock);
        struct task *task = find_stealable(queue, self->arch.cpu, floor);
        if (task != NULL) {
            queue_remove(queue, task);
        }
        spinlock_release(&queue->lock);
        if (task != NULL) {
            return task;
        }
    }
    return NULL;
}

/* Out of line, so that a switch while no other CPU has tasks waiting saves no registers for it. */
static __attribute__((noinline)) struct task *prefer_stolen(struct percpu *self, struct task *next) {
    struct task *better = steal(self, next != NULL ? next->priority : -1);
    if (better == NULL) {
        return next;
    }
    spinlock_acquire(&self->run_queue.lock);
    if (next != NULL) {
        queue_push(&self->run_queue, next, true);
    }
    self->run_queue.running_priority = better->priority;
    spinlock_release(&self->run_queue.lock);
    return better;
}

/* What another CPU's queue holds and is more urgent than `next` runs instead of it. The fence orders running_priority,
 * which says what this CPU would do, before the look at the queues; who queues a task looks the other way round. */
static inline struct task *prefer_waiting(struct percpu *self, struct task *next) {
    if (!other_cpus) {
        return next;
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint64_t others = __atomic_load_n(&waiting_cpus, __ATOMIC_RELAXED) & ~CPU_BIT(self->arch.cpu);
    return others != 0 ? prefer_stolen(self, next) : next;
}

static void begin_slice(struct percpu *self, ts_time_t now, ts_time_t length) {
    self->slice_end = now + length;
    if (self->slice_end < self->armed) {
        self->armed = self->slice_end;
        arch_time_set_deadline(self->armed);
    }
}

static void arm_slice(struct percpu *self, struct task *next, ts_time_t now) {
    if (next == self->idle_task || list_is_empty(&self->run_queue.ready[next->priority])) {
        self->slice_end = TS_TIME_INFINITE;
        return;
    }
    begin_slice(self, now, next->slice_left != 0 ? next->slice_left : SLICE_NS);
}

/* A task that is preempted goes on with what it has left of its slice: otherwise whoever is interrupted often enough
 * would never come to the end of one, and its equals would wait for ever. */
static void keep_slice(const struct percpu *self, struct task *old, bool front, ts_time_t now) {
    old->slice_left = 0;
    if (front && self->slice_end != TS_TIME_INFINITE) {
        ts_time_t left = self->slice_end - now;
        old->slice_left = left > 0 ? left : 1;
    }
}

/* Picks the next task and switches to it. The running task has set its own state. */
static void schedule(bool requeue, bool front) {
    DEBUG_ASSERT(!arch_irq_enabled() && percpu_self()->lock_depth == 0);
    struct percpu *self = percpu_self();
    struct task *old = self->current;
    self->pending &= ~(uint32_t)PENDING_RESCHEDULE;
    if (__builtin_expect(self->pending != 0, 0)) {
        grace_arm(self); /* the next task may go on in user mode at once */
    }
    ts_time_t now = arch_time_now();
    account(self, old, now);
    keep_slice(self, old, requeue && front, now);
    spinlock_acquire(&self->run_queue.lock);
    if (requeue && old != self->idle_task) {
        if ((old->affinity & CPU_BIT(self->arch.cpu)) != 0) {
            old->state = TASK_READY;
            queue_push(&self->run_queue, old, front);
        } else {
            old->state = TASK_MIGRATING;
        }
    }
    struct task *next = queue_first(&self->run_queue);
    if (next != NULL) {
        queue_remove(&self->run_queue, next);
    }
    /* Under the lock, so that whoever queues a task afterwards knows whether this CPU has to be told. */
    self->run_queue.running_priority = next != NULL ? next->priority : -1;
    spinlock_release(&self->run_queue.lock);
    next = prefer_waiting(self, next);
    if (next == NULL) {
        next = self->idle_task;
    }
    arm_slice(self, next, now);
    if (next == old) {
        old->state = TASK_RUNNING;
        return;
    }
    switch_to(next);
}

/* The CPU on which a ready task should run: the last one, or, if that is busy with something at least as urgent, the
 * one that is busy with the least urgent. */
static unsigned choose_cpu(const struct task *task) {
    uint64_t allowed = task->affinity & percpu_online();
    unsigned last = task->cpu;
    bool may_stay = (allowed & CPU_BIT(last)) != 0;
    if (allowed == 0 || (may_stay && running_priority(last) < task->priority)) {
        return last;
    }
    unsigned best = may_stay ? last : (unsigned)__builtin_ctzl(allowed);
    int lowest = may_stay ? task->priority : running_priority(best);
    for (uint64_t set = allowed; set != 0 && lowest >= 0; set &= set - 1) {
        unsigned candidate = (unsigned)__builtin_ctzl(set);
        int running = running_priority(candidate);
        if (running < lowest) {
            best = candidate;
            lowest = running;
        }
    }
    return best;
}

void task_make_ready(struct task *task) {
    while (__atomic_load_n(&task->on_cpu, __ATOMIC_ACQUIRE) != 0) {
        arch_spin_wait();
    }
    unsigned target = choose_cpu(task);
    struct percpu *cpu = percpu_of(target);
    struct percpu *self = percpu_self();
    int priority = task->priority; /* once it is queued it may be anybody's */
    uint64_t allowed = task->affinity;
    spinlock_acquire(&cpu->run_queue.lock);
    task->state = TASK_READY;
    task->cpu = target;
    queue_push(&cpu->run_queue, task, false);
    int running = cpu->run_queue.running_priority;
    spinlock_release(&cpu->run_queue.lock);
    if (cpu == self && running < priority) {
        self->pending |= PENDING_RESCHEDULE;
    } else if (cpu == self && running == priority && self->slice_end == TS_TIME_INFINITE) {
        begin_slice(self, arch_time_now(), SLICE_NS);
    } else if (cpu != self && running <= priority) {
        arch_ipi_send(CPU_BIT(target), ARCH_IPI_RESCHEDULE);
    }
    if (running >= priority) {
        tell_idler(allowed, priority);
    }
}

void sched_yield(void) {
    DEBUG_ASSERT(!arch_irq_enabled() && percpu_self()->lock_depth == 0);
    schedule(true, false);
}

void sched_reschedule_if_pending(void) {
    struct percpu *self = percpu_self();
    if ((self->pending & PENDING_RESCHEDULE) != 0) {
        bool slice_over = self->slice_end != TS_TIME_INFINITE && arch_time_now() >= self->slice_end;
        schedule(true, !slice_over);
    }
}

void sched_preemption_point(void) {
    struct task *task = task_current();
    task->in_window = true;
    irq_off_end();
    arch_irq_enable();
    arch_irq_disable();
    irq_off_begin();
    if ((percpu_self()->pending & PENDING_GRACE) != 0) {
        grace_poll(); /* what a long operation leaves behind is freed along the way, not in one go at its end */
    }
    sched_reschedule_if_pending();
    task->in_window = false;
}

_Noreturn void task_exit(void) {
    DEBUG_ASSERT(!arch_irq_enabled() && percpu_self()->lock_depth == 0);
    struct task *task = task_current();
    timeout_cancel(&task->timeout);
    task->state = TASK_DEAD;
    schedule(false, false);
    panic("a dead task ran");
}

/* A kill that came before the wait could be seen has to end it here. True if it did. */
static bool killed_before_wait(struct task *task) {
    if ((__atomic_load_n(&task->attention, __ATOMIC_SEQ_CST) & ATTENTION_KILL) == 0) {
        return false;
    }
    if (!task_interrupt(task)) {
        return false;
    }
    task->state = TASK_RUNNING;
    return true;
}

static void set_wait_timeout(struct task *task, ts_time_t deadline) {
    if (deadline != TS_TIME_INFINITE) {
        task->timeout.cookie = __atomic_load_n(&task->wait_word, __ATOMIC_RELAXED) & ~(uint64_t)1;
        timeout_set(&task->timeout, deadline);
    }
}

ts_status_t task_block(ts_time_t deadline) {
    DEBUG_ASSERT(!arch_irq_enabled() && percpu_self()->lock_depth == 0);
    struct task *task = task_current();
    if (killed_before_wait(task)) {
        return task->wait_status;
    }
    set_wait_timeout(task, deadline);
    schedule(false, false);
    timeout_cancel(&task->timeout);
    return task->wait_status;
}

void task_block_uninterruptible(void) {
    schedule(false, false);
}

_Noreturn void task_block_empty(ts_time_t deadline) {
    struct task *task = task_current();
    if (killed_before_wait(task)) {
        task_attend();
    }
    set_wait_timeout(task, deadline);
    task->empty_stack = true;
    schedule(false, false);
    panic("a task with an empty stack came back");
}

void task_attend(void) {
    DEBUG_ASSERT(!arch_irq_enabled() && percpu_self()->lock_depth == 0);
    struct task *task = task_current();
    percpu_self()->pending &= ~(uint32_t)PENDING_ATTENTION;
    if (__atomic_load_n(&task->attention, __ATOMIC_SEQ_CST) != 0 && task->attend != NULL) {
        task->attend(task);
    }
}

void task_set_affinity(struct task *task, uint64_t cpus) {
    __atomic_store_n(&task->affinity, cpus, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if ((cpus & CPU_BIT(task->cpu)) != 0) {
        return;
    }
    if (task == task_current()) {
        sched_yield();
        return;
    }
    struct run_queue *queue = &percpu_of(task->cpu)->run_queue;
    spinlock_acquire(&queue->lock);
    bool queued = task->state == TASK_READY && list_is_linked(&task->link) &&
                  queue == &percpu_of(task->cpu)->run_queue;
    if (queued) {
        queue_remove(queue, task);
    }
    spinlock_release(&queue->lock);
    if (queued) {
        task_make_ready(task);
    } else if (__atomic_load_n(&task->on_cpu, __ATOMIC_SEQ_CST) != 0) {
        arch_ipi_send(CPU_BIT(task->cpu), ARCH_IPI_RESCHEDULE);
    }
}

void task_set_priority(struct task *task, unsigned priority) {
    struct run_queue *queue = &percpu_of(task->cpu)->run_queue;
    spinlock_acquire(&queue->lock);
    /* The task may have moved to another CPU's queue meanwhile: then only the number changes, and the next time
     * that it is queued counts. */
    bool here = task->state == TASK_READY && list_is_linked(&task->link) &&
                queue == &percpu_of(task->cpu)->run_queue;
    if (here) {
        queue_remove(queue, task);
    }
    task->priority = (uint8_t)priority;
    bool urgent = here && (int)priority > queue->running_priority;
    if (here) {
        queue_push(queue, task, false);
    }
    bool lowered = false;
    if (task == task_current()) {
        lowered = queue->running_priority > (int)priority;
        queue->running_priority = (int)priority;
    }
    int top = queue_top(queue);
    spinlock_release(&queue->lock);
    if (task == task_current()) {
        bool others_wait = (__atomic_load_n(&waiting_cpus, __ATOMIC_RELAXED) & ~queue->cpu_bit) != 0;
        percpu_self()->pending |= top > (int)priority || (lowered && others_wait) ? PENDING_RESCHEDULE : 0;
    } else if (urgent && queue == &percpu_self()->run_queue) {
        percpu_self()->pending |= PENDING_RESCHEDULE;
    } else if (urgent || (!here && __atomic_load_n(&task->on_cpu, __ATOMIC_SEQ_CST) != 0)) {
        arch_ipi_send(CPU_BIT(task->cpu), ARCH_IPI_RESCHEDULE); /* its CPU compares by the old priority */
    } else if (here) {
        tell_idler(task->affinity, (int)priority);
    }
}

void task_set_attention(struct task *task, uint32_t bits) {
    __atomic_fetch_or(&task->attention, bits, __ATOMIC_SEQ_CST);
    if (task == task_current()) {
        percpu_self()->pending |= PENDING_ATTENTION;
    } else if (__atomic_load_n(&task->on_cpu, __ATOMIC_SEQ_CST) != 0) {
        arch_ipi_send(CPU_BIT(task->cpu), ARCH_IPI_RESCHEDULE);
    }
}

/* The fence keeps look-ups behind the store: who waits for a grace period sees either the flag gone, or that nothing
 * was looked up before it looked. */
void sched_leave_idle(void) {
    struct percpu *self = percpu_self();
    if (__atomic_load_n(&self->idle, __ATOMIC_RELAXED) != 0) {
        __atomic_store_n(&self->idle, 0, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
}

/* While a grace period is under way the CPU wakes up to see its end. */
static void arm_grace(struct percpu *self) {
    ts_time_t deadline = arch_time_now() + GRACE_POLL_NS;
    if (deadline < self->armed) {
        self->armed = deadline;
        arch_time_set_deadline(deadline);
    }
}

_Noreturn void sched_idle(void) {
    struct percpu *self = percpu_self();
    for (;;) {
        grace_poll();
        schedule(false, false);
        if (grace_is_pending()) {
            arm_grace(self);
        }
        __atomic_store_n(&self->idle, 1, __ATOMIC_SEQ_CST);
        if ((self->pending & PENDING_RESCHEDULE) == 0) {
            irq_off_end();
            arch_idle();
            irq_off_begin();
        }
        sched_leave_idle();
    }
}
