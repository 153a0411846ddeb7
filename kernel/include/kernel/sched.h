/* SPDX-License-Identifier: MIT */
/*
 * Tasks (what the scheduler knows of threads), their waits, and the CPUs they run on.
 *
 * A blocked task is woken by exactly one party: whoever claims its wait first (task_claim). Wakers that find tasks in
 * a queue claim under that queue's lock; timeouts and kills claim without it, and then call the wait's own cleanup.
 */
#pragma once

#include "abi/status.h"
#include "arch/context.h"
#include "base/list.h"
#include "base/tree.h"
#include "kernel/assert.h"
#include "kernel/percpu.h"
#include "kernel/spinlock.h"

struct pagetable;
struct task;

enum task_state { TASK_NEW, TASK_READY, TASK_RUNNING, TASK_BLOCKED, TASK_MIGRATING, TASK_DEAD };

enum task_attention { ATTENTION_KILL = 1 };

/* TIDY: of tasks that give back what programs dropped: above programs, so that a busy one cannot keep memory from
 * being freed, below drivers. */
enum { PRIORITY_IDLE = 0, PRIORITY_DEFAULT = 64, PRIORITY_TIDY = 144, PRIORITY_MAX = 255 };

struct timeout {
    struct tree_node node;        /* in the CPU's timeouts, protected by its timeout_lock */
    void (*expire)(struct timeout *, uint64_t cookie);
    uint64_t cookie;              /* for expire: which use of the timeout this is */
    uint32_t cpu;                 /* whose tree it is in */
    uint32_t armed;               /* atomic: in a tree */
    uint64_t fired;               /* atomic: cookie of the use that expired last */
};

struct task {
    struct arch_context context;
    void *stack;                  /* lowest byte; null: the boot stack */
    struct pagetable *space;      /* user address space; null: kernel task */
    struct list_node link;        /* run queue, protected by the queue's lock */
    uint32_t state;               /* enum task_state, atomic */
    uint32_t on_cpu;              /* atomic: some CPU still uses its stack or registers */
    uint32_t attention;           /* atomic: enum task_attention */
    uint8_t priority;             /* effective; base or inherited. Changed under the run queue's lock when ready */
    uint8_t base_priority;
    uint8_t queued_priority;      /* whose list it is in, while queued */
    bool empty_stack;             /* blocked without kernel stack: resumes in user mode */
    uint32_t cpu;                 /* where it runs or ran last */
    uint64_t affinity;            /* set of CPUs */
    ts_time_t run_time;           /* ns, up to its last switch away */
    ts_time_t slice_left;         /* ns of its slice when it was preempted; 0: a whole one */

    uint64_t wait_word;           /* atomic: number of the wait in the upper bits; bit 0: claimed (or not waiting) */
    bool uninterruptible;         /* kills do not end this wait */
    bool unmeasured;              /* how long it keeps interrupts off does not count */
    bool in_window;               /* inside a preemption point: interrupts come, but it cannot be killed here */
    ts_status_t wait_status;      /* written by the claimer before it makes the task ready */
    void (*wait_cleanup)(struct task *); /* called by a claimer that does not hold the queue's lock; may be null */
    struct list_node wait_link;   /* in a wait queue, protected by its lock */
    struct timeout timeout;
    uint64_t copy_address;        /* where its copy from or to user memory faulted */
    uint32_t copy_access;         /* enum fault_access of that; 0: it did not */
    void (*finish)(struct task *); /* called on another stack after the task's last switch away */
    void (*attend)(struct task *); /* called on its own stack, no lock held, when attention bits are set */
    char name[TS_NAME_LENGTH];
};

static inline struct task *task_current(void) {
    return percpu_self()->current;
}

/* Prepares the scheduler on this CPU, making the running code its idle task. */
void sched_init_cpu(struct percpu *cpu, struct task *idle);

/* The idle loop. Never returns. */
_Noreturn void sched_idle(void);

/* Gives the task a kernel stack and default values. NO_MEMORY. */
ts_status_t task_init(struct task *task, const char *name, unsigned priority);
void task_release_stack(struct task *task);

/* A task that runs fn(arg) in the kernel. */
struct task *task_create_kernel(const char *name, void (*fn)(void *), void *arg, unsigned priority);

/* First call on the stack of a task that is switched to for the first time. */
void sched_task_entry(void);

void *stack_alloc(void); /* lowest byte of a kernel stack between guard pages; null: no memory */
void stack_free(void *stack);
size_t stack_size(void);

/* Makes a new or claimed task ready; it may run at once on another CPU. Any context, locks before RUN_QUEUE held. */
void task_make_ready(struct task *task);

/* Ends the running task; its finish function runs on another stack. */
_Noreturn void task_exit(void);

/* Lets other ready tasks of at least this priority run. */
void sched_yield(void);

/* Called where a long operation can be interrupted: takes pending interrupts, lets more urgent tasks run. Every
 * looked-up pointer without a reference is invalid afterwards. No lock held. */
void sched_preemption_point(void);

/* Switches if something more urgent is ready; end of interrupts and system calls. */
void sched_reschedule_if_pending(void);

/* --- how long interrupts are off (debug builds; see sched/irq_off.c) --- */

/* Of irq_off.c, for the two functions below alone. */
void irq_off_note_begin(void);
void irq_off_note_end(void);

/* They have just gone off on this CPU. Release builds have not even a call here: every system call passes. */
static inline void irq_off_begin(void) {
    if (CONFIG_DEBUG) {
        irq_off_note_begin();
    }
}

/* They are about to come on. */
static inline void irq_off_end(void) {
    if (CONFIG_DEBUG) {
        irq_off_note_end();
    }
}

void irq_off_measure(bool measured); /* whether what the running task does from here on counts */
ts_time_t irq_off_max(void);         /* ns */

/* --- waiting --- */

/* Begins a wait of the running task: before it becomes visible to wakers. */
void task_wait_begin(void (*cleanup)(struct task *));

/* True for the one caller that may wake the task. */
bool task_claim(struct task *task);

/* Claimed task that goes on waiting, for something else, after whoever claimed it moved it there. False: its timeout or
 * a kill came meanwhile, and the caller still has the claim: *status tells which. */
bool task_unclaim(struct task *task, ts_status_t *status);

/* Claimed task: ends its wait with this status. */
void task_wake(struct task *task, ts_status_t status);

/* Blocks the running task until it is woken; deadline TS_TIME_INFINITE: for ever. Returns the wake status. The caller
 * made it visible to wakers, and holds no lock. */
ts_status_t task_block(ts_time_t deadline);

/* The same for a wait that a kill does not end. */
void task_block_uninterruptible(void);

/* The same with an empty kernel stack: wakers write the result into the user frame. Does not return. */
_Noreturn void task_block_empty(ts_time_t deadline);

/* Ends the wait of a task from outside (kill): true if it was waiting and is now claimed and cleaned up. */
bool task_interrupt(struct task *task);

/* The running task looks at its attention bits; does not return if it was killed. No lock held. */
void task_attend(void);

/* Sets attention bits and makes the task look at them soon, wherever it is. */
void task_set_attention(struct task *task, uint32_t bits);

/* Changes where the task may run; it moves at once if it must. Interrupts off, no lock held. */
void task_set_affinity(struct task *task, uint64_t cpus);

/* Changes the effective priority; a ready task moves to its new queue. */
void task_set_priority(struct task *task, unsigned priority);

struct wait_queue {
    struct spinlock lock;
    struct list_node waiters;
};

void wait_queue_init(struct wait_queue *queue, enum lock_class lock_class);
/* Called with queue->lock held, which it releases. Returns the wake status. */
ts_status_t wait_queue_block(struct wait_queue *queue, ts_time_t deadline);
/* Wakes the first waiter (queue->lock held); false if there was none. */
bool wait_queue_wake_one(struct wait_queue *queue, ts_status_t status);
void wait_queue_wake_all(struct wait_queue *queue, ts_status_t status);

/* A sleeping lock, for operations with preemption points inside. Not recursive; taken with no spin lock held. */
struct mutex {
    struct wait_queue queue;
    uint32_t state;     /* atomic: enum mutex_state; CONTENDED changes with queue.lock held only */
    struct task *owner; /* debug builds: who has it */
};

enum mutex_state { MUTEX_FREE, MUTEX_HELD, MUTEX_CONTENDED /* somebody may wait for it */ };

void mutex_init(struct mutex *mutex);
/* Nobody has it, nor is still about to give it back. */
bool mutex_is_free(struct mutex *mutex);

/* Of wait.c, for the two functions below alone: what they do when somebody else has it, or wants it. */
void mutex_wait(struct mutex *mutex);
void mutex_wake(struct mutex *mutex);

/* Acquire and release order what the lock protects, as those of a spin lock do. */
static inline void mutex_acquire(struct mutex *mutex) {
    uint32_t free = MUTEX_FREE;
    DEBUG_ASSERT(percpu_self()->lock_depth == 0);
    if (__builtin_expect(!__atomic_compare_exchange_n(&mutex->state, &free, MUTEX_HELD, false, __ATOMIC_ACQUIRE,
                                                      __ATOMIC_RELAXED), 0)) {
        mutex_wait(mutex);
    }
    if (CONFIG_DEBUG) {
        mutex->owner = task_current();
    }
}

static inline void mutex_release(struct mutex *mutex) {
    uint32_t held = MUTEX_HELD;
    if (CONFIG_DEBUG) {
        ASSERT(mutex->owner == task_current());
        mutex->owner = NULL;
    }
    if (__builtin_expect(!__atomic_compare_exchange_n(&mutex->state, &held, MUTEX_FREE, false, __ATOMIC_RELEASE,
                                                      __ATOMIC_RELAXED), 0)) {
        mutex_wake(mutex);
    }
}

/* --- time --- */

/* Calls timeout->expire(timeout, timeout->cookie) on this CPU at or after the deadline, interrupts off, no lock held. */
void timeout_set(struct timeout *timeout, ts_time_t deadline);
/* Afterwards expire is not called any more, but may still be running on another CPU. */
void timeout_cancel(struct timeout *timeout);
void timeout_run_expired(void);

/* An interrupt came, perhaps while this CPU idled: from here on it may hold looked-up pointers. */
void sched_leave_idle(void);

/* --- grace periods --- */

struct grace_node {
    struct list_node link;
    void (*free)(struct grace_node *);
};

/* Calls node->free after every CPU has passed a point at which it holds no looked-up pointer. Any context. */
void grace_defer(struct grace_node *node);
/* In node->free: there is more to do than should be done at once. It is called again soon, without a further period. */
void grace_continue(struct grace_node *node);
extern uint64_t grace_epoch; /* atomic; of grace.c, for the function below alone */
/* This CPU holds no looked-up pointer now. Release after acquire is enough: whoever sees this epoch knows that earlier
 * uses of pointers are over, and this CPU's later look-ups see everything that was removed before the epoch began. */
static inline void grace_quiescent(void) {
    __atomic_store_n(&percpu_self()->quiescent_epoch, __atomic_load_n(&grace_epoch, __ATOMIC_ACQUIRE),
                     __ATOMIC_RELEASE);
}
/* The same; and runs what is due. */
void grace_poll(void);
/* This CPU is about to run a task: if something waits for a grace period here, it comes back by itself before long,
 * whatever timeouts come and go until then. */
void grace_arm(struct percpu *self);
/* Waits until everything deferred on this CPU before the call was freed. May switch tasks. */
void grace_synchronize(void);
bool grace_is_pending(void);
