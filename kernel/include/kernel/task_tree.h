/* SPDX-License-Identifier: MIT */
/* Jobs, processes and threads: who belongs to whom. task_tree_lock (LOCK_TASK) protects the lists and states below. */
#pragma once

#include "abi/info.h"
#include "abi/message.h"
#include "kernel/handle.h"
#include "kernel/sched.h"
#include "kernel/vmar.h"

#define JOB_DEPTH_MAX 32

struct arch_ports;
struct endpoint;
struct process;

enum job_state { JOB_READY, JOB_KILLED, JOB_DEAD };

struct job {
    struct object object;
    struct account account;
    struct job *parent;           /* referenced; null: root */
    unsigned depth;
    uint32_t state;               /* enum job_state */
    uint32_t live;                /* processes and children that are not dead */
    uint8_t pressure;             /* of its own ceiling, account_pressure() */
    uint8_t pressure_told;        /* by its signals: that, or of a job above it */
    struct list_node children, processes;
    struct list_node sibling;     /* in parent->children */
    char name[TS_NAME_LENGTH];
};

enum process_state { PROCESS_NEW, PROCESS_RUNNING, PROCESS_DYING, PROCESS_DEAD };

struct process {
    struct object object;
    struct handle_table handles;
    struct address_space *space;
    struct vmar *root_vmar;       /* referenced until the process is dead */
    struct job *job;              /* referenced */
    struct list_node job_link;
    struct list_node threads;
    uint32_t state;               /* enum process_state */
    uint32_t live_threads;        /* started and not yet gone */
    int64_t exit_code;
    ts_time_t start_time;
    ts_time_t dead_run_time;      /* of threads that are gone */
    struct arch_ports *ports;     /* I/O ports, where the CPU has them; null: none */
    struct list_node port_grants; /* what they come from (task_tree_lock) */
    char name[TS_NAME_LENGTH];
};

/* Where a request waits for its reply: in a thread that took it, or in a reply object. `caller` is atomic: the holder
 * reads it, takes the caller's call_lock and looks whether the caller still points here. */
struct reply_slot {
    struct thread *caller;
    struct thread *server;        /* whose request this is; null: in a reply object */
    bool taken;                   /* a request was taken and not yet replied to; the holder's own */
};

enum call_state { CALL_NONE, CALL_QUEUED, CALL_WAITS_FOR_REPLY, CALL_RECEIVING };

struct thread {
    struct object object;
    struct task task;
    struct process *process;      /* referenced */
    struct list_node process_link;
    bool started, dead;           /* task_tree_lock */
    uint32_t start_claimed;       /* atomic: somebody starts it, or has */
    struct vmo *buffer_vmo;       /* message buffer; referenced */
    struct ts_message_buffer *buffer; /* its kernel alias */
    uint64_t buffer_address;      /* where the process sees it */

    uint32_t call_state;          /* enum call_state: written by the thread, or by who claimed its wait */
    struct endpoint *endpoint;    /* referenced while queued or receiving */
    struct tree_node caller_node; /* in endpoint->callers, its lock */
    uint64_t call_badge;
    struct spinlock call_lock;    /* LOCK_CALL: protects holder, inherited_priority, and changes of priority */
    struct reply_slot *holder;    /* who has this thread's request */
    struct reply_slot request;    /* the request this thread took last */
    uint8_t inherited_priority;   /* of the caller in request; 0: none, or lower than its own */
    struct handle_entry transfer[TS_MESSAGE_HANDLES]; /* handles of the message being sent */
    unsigned transfer_count;
};

extern struct spinlock task_tree_lock;

static inline struct thread *thread_of_task(struct task *task) {
    return container_of(task, struct thread, task);
}

static inline struct thread *thread_current(void) {
    return thread_of_task(task_current());
}

static inline struct process *process_current(void) {
    return thread_current()->process;
}

/* --- jobs --- */

struct job *job_root(void);
ts_status_t job_create_root(uint64_t memory_ceiling);
/* A child with one reference. BAD_STATE, OUT_OF_RANGE (depth), NO_RESOURCES, NO_MEMORY. */
ts_status_t job_create(struct job *parent, struct job **job);
/* Kills everything below and the job itself. Has preemption points. */
void job_kill(struct job *job);

/* Gives a job without processes and jobs below it a reclaim domain of its own (kernel/reclaim.h). INVALID_ARGS,
 * BAD_STATE, NO_MEMORY. */
ts_status_t job_set_reclaim(struct job *job, uint32_t policy, uint64_t frames);

/* Gives the job's own domain swap, in a VMO that a pager made (vm/swap.h). INVALID_ARGS (it is another VMO, or what it
 * consists of is charged to the job or where there is swap), BAD_STATE (the job has no domain of its own, has swap, processes or jobs; the VMO is in use), OUT_OF_RANGE,
 * NO_MEMORY. The caller holds references. */
ts_status_t job_set_swap(struct job *job, struct vmo *vmo);

/* Makes the task that tells jobs how scarce memory is. */
void job_pressure_init(void);

/* Sets frames aside for pages that the job pays for when there are no others (kernel/reserve.h); once. The job is
 * charged for them. INVALID_ARGS, BAD_STATE, NO_MEMORY. */
ts_status_t job_set_reserve(struct job *job, uint64_t frames);
/* A process or a child of the job is dead, or was never more than a name: a killed job dies with the last. */
void job_member_gone(struct job *job);
/* The next job after `job` (null: the root) in a walk over all of them; null at the end. task_tree_lock held. */
struct job *job_next(struct job *job);
/* The process with the lowest koid above this one, referenced; null: none. Takes task_tree_lock. */
struct process *process_after(ts_koid_t koid);

/* --- processes --- */

ts_status_t process_create(struct job *job, const char *name, struct process **process);
/* Starts the first thread with argument1 (an entry that moves into the process; may be empty) and argument2. Where
 * that fails the entry is closed, and the process is as it was. */
ts_status_t process_start(struct process *process, struct thread *thread, uint64_t entry, uint64_t stack,
                          struct handle_entry *argument1, uint64_t argument2);
/* Ends the process with this exit code unless it ends already. Returns; threads die at their next safe point. */
void process_kill(struct process *process, int64_t exit_code);

/* --- threads --- */

/* The base priority; what is inherited goes on top of it. */
void thread_set_priority(struct thread *thread, unsigned priority);
ts_status_t thread_create(struct process *process, const char *name, struct thread **thread);
ts_status_t thread_start(struct thread *thread, uint64_t entry, uint64_t stack, uint64_t argument1,
                         uint64_t argument2);
/* Ends the running thread; its process too if it was the last. */
_Noreturn void thread_exit_current(void);
