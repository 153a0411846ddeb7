/* SPDX-License-Identifier: MIT */
/*
 * Jobs. A job is in its parent's list as long as it exists; it is removed when its last reference goes, which cannot
 * be before its children's and processes' (they refer to it). task_tree_lock protects all lists and states.
 */
#include "kernel/task_tree.h"

#include "kernel/assert.h"
#include "kernel/heap.h"
#include "kernel/reclaim.h"
#include "kernel/reserve.h"

struct spinlock task_tree_lock = SPINLOCK(LOCK_TASK);

static SLAB_CACHE(job_cache, struct job);
static struct job *root_job;

static void job_released(struct object *object) {
    struct job *job = container_of(object, struct job, object);
    spinlock_acquire(&task_tree_lock);
    bool counted = list_is_linked(&job->sibling) && job->state != JOB_DEAD;
    list_remove(&job->sibling);
    spinlock_release(&task_tree_lock);
    if (counted) {
        job_member_gone(job->parent);
    }
}

/* T6. A job that dies is one member less of its parent, and so on; depth is bounded. */
static void job_check_dead(struct job *job) {
    while (job != NULL) {
        spinlock_acquire(&task_tree_lock);
        bool dies = job->state == JOB_KILLED && job->live == 0;
        if (dies) {
            job->state = JOB_DEAD;
            if (job->parent != NULL) {
                job->parent->live--;
            }
        }
        spinlock_release(&task_tree_lock);
        if (!dies) {
            return;
        }
        object_update_signals(&job->object, 0, TS_SIGNAL_TERMINATED);
        job = job->parent;
    }
}

void job_member_gone(struct job *job) {
    DEBUG_ASSERT(job->object.kind == TS_OBJECT_JOB);
    spinlock_acquire(&task_tree_lock);
    ASSERT(job->live > 0);
    job->live--;
    spinlock_release(&task_tree_lock);
    job_check_dead(job);
}

struct job *job_next(struct job *job) {
    if (job == NULL) {
        return root_job;
    }
    const struct list_node *next = list_first(&job->children);
    while (next == NULL && job->parent != NULL) {
        next = job->sibling.next;
        job = job->parent;
        next = next != &job->children ? next : NULL;
    }
    return next != NULL ? container_of(next, struct job, sibling) : NULL;
}

/* --- reserves of frames: charged as if they were full --- */

static uint64_t reserve_bytes(uint32_t frames) {
    return sizeof(struct frame_reserve) + frames * (sizeof(struct frame *) + TS_PAGE_SIZE);
}

static void free_reserve(struct account *account, struct frame_reserve *reserve) {
    account_release(account, TS_CEILING_MEMORY, reserve_bytes(reserve->size));
    frame_reserve_free(reserve);
}

ts_status_t job_set_reserve(struct job *job, uint64_t frames) {
    DEBUG_ASSERT(job->object.kind == TS_OBJECT_JOB);
    if (frames == 0 || frames > FRAME_RESERVE_MAX) {
        return TS_ERR_INVALID_ARGS;
    }
    if (account_charge(&job->account, TS_CEILING_MEMORY, reserve_bytes((uint32_t)frames)) != TS_OK) {
        return TS_ERR_NO_MEMORY;
    }
    struct frame_reserve *reserve = frame_reserve_new((uint32_t)frames);
    if (reserve == NULL) {
        account_release(&job->account, TS_CEILING_MEMORY, reserve_bytes((uint32_t)frames));
        return TS_ERR_NO_MEMORY;
    }
    struct frame_reserve *none = NULL;
    if (!__atomic_compare_exchange_n(&job->account.reserve, &none, reserve, false, __ATOMIC_RELEASE,
                                     __ATOMIC_RELAXED)) {
        free_reserve(&job->account, reserve);
        return TS_ERR_BAD_STATE;
    }
    return TS_OK;
}

static void job_free(struct object *object) {
    struct job *job = container_of(object, struct job, object);
    struct job *parent = job->parent;
    if (reclaim_has_own(&job->account)) {
        reclaim_domain_free(job->account.parent, job->account.domain);
    }
    if (job->account.reserve != NULL) {
        free_reserve(&job->account, job->account.reserve);
    }
    object_uncharge(object);
    for (unsigned i = 0; i < TS_CEILING_COUNT; i++) {
        ASSERT(job->account.used[i] == 0);
    }
    slab_free(&job_cache, job);
    object_release(&parent->object);
}

static const struct object_ops job_ops = {.released = job_released, .free = job_free};

static ts_status_t job_new(struct job *parent, struct job **result) {
    struct job *job = slab_alloc(&job_cache);
    if (job == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    struct account *payer = parent != NULL ? &parent->account : NULL;
    ts_status_t status = object_init(&job->object, TS_OBJECT_JOB, &job_ops, payer, sizeof(*job));
    if (status != TS_OK) {
        slab_free(&job_cache, job);
        return status;
    }
    account_init(&job->account, payer, &job->object);
    job->parent = parent;
    list_init(&job->children);
    list_init(&job->processes);
    list_init(&job->sibling);
    *result = job;
    return TS_OK;
}

struct job *job_root(void) {
    return root_job;
}

ts_status_t job_create_root(uint64_t memory_ceiling) {
    ts_status_t status = job_new(NULL, &root_job);
    if (status == TS_OK) {
        status = account_lower_ceiling(&root_job->account, TS_CEILING_MEMORY, memory_ceiling);
    }
    return status;
}

ts_status_t job_set_reclaim(struct job *job, uint32_t policy, uint64_t frames) {
    DEBUG_ASSERT(job->object.kind == TS_OBJECT_JOB);
    struct reclaim_domain *domain = NULL;
    ts_status_t status = reclaim_domain_new(job->account.parent, policy, frames, &domain);
    if (status != TS_OK) {
        return status;
    }
    spinlock_acquire(&task_tree_lock);
    bool empty = job->state == JOB_READY && list_is_empty(&job->children) && list_is_empty(&job->processes);
    bool taken = empty && !reclaim_has_own(&job->account);
    if (taken) {
        job->account.domain = domain;
    }
    spinlock_release(&task_tree_lock);
    if (!taken) {
        reclaim_domain_free(job->account.parent, domain);
        return TS_ERR_BAD_STATE;
    }
    return TS_OK;
}

ts_status_t job_set_swap(struct job *job, struct vmo *vmo) {
    DEBUG_ASSERT(job->object.kind == TS_OBJECT_JOB);
    struct swap_space *space = NULL;
    ts_status_t status = reclaim_swap_new(&job->account, vmo, &space);
    if (status != TS_OK) {
        return status;
    }
    spinlock_acquire(&task_tree_lock);
    bool empty = job->state == JOB_READY && list_is_empty(&job->children) && list_is_empty(&job->processes);
    bool taken = empty && reclaim_set_swap(&job->account, vmo, space);
    spinlock_release(&task_tree_lock);
    if (!taken) {
        reclaim_swap_free(space);
        return TS_ERR_BAD_STATE;
    }
    return TS_OK;
}

ts_status_t job_create(struct job *parent, struct job **result) {
    DEBUG_ASSERT(parent->object.kind == TS_OBJECT_JOB);
    if (parent->depth + 1 > JOB_DEPTH_MAX) {
        return TS_ERR_OUT_OF_RANGE;
    }
    struct job *job = NULL;
    ts_status_t status = job_new(parent, &job);
    if (status != TS_OK) {
        return status;
    }
    job->depth = parent->depth + 1;
    object_reference(&parent->object);
    spinlock_acquire(&task_tree_lock);
    bool ready = parent->state == JOB_READY;
    if (ready) {
        job->account.domain = parent->account.domain; /* which it may have got meanwhile; from now on it does not change */
        list_add_tail(&parent->children, &job->sibling);
        parent->live++;
    }
    spinlock_release(&task_tree_lock);
    if (!ready) {
        object_release(&job->object);
        return TS_ERR_BAD_STATE;
    }
    *result = job;
    return TS_OK;
}

/* A live process or a job below that is not killed yet; referenced. task_tree_lock is held. */
static struct process *next_process(struct job *job) {
    DEBUG_ASSERT(spinlock_is_held(&task_tree_lock));
    LIST_FOR_EACH(node, &job->processes) {
        struct process *process = container_of(node, struct process, job_link);
        if (process->state <= PROCESS_RUNNING && object_try_reference(&process->object)) {
            return process;
        }
    }
    return NULL;
}

struct process *process_after(ts_koid_t koid) {
    struct process *best = NULL;
    spinlock_acquire(&task_tree_lock);
    for (struct job *job = job_next(NULL); job != NULL; job = job_next(job)) {
        LIST_FOR_EACH(node, &job->processes) {
            struct process *process = container_of(node, struct process, job_link);
            ts_koid_t candidate = process->object.koid;
            if (candidate > koid && (best == NULL || candidate < best->object.koid) &&
                __atomic_load_n(&process->object.references, __ATOMIC_RELAXED) != 0) {
                best = process;
            }
        }
    }
    if (best != NULL && !object_try_reference(&best->object)) {
        best = NULL;
    }
    spinlock_release(&task_tree_lock);
    return best;
}

static struct job *next_child(struct job *job) {
    DEBUG_ASSERT(spinlock_is_held(&task_tree_lock));
    LIST_FOR_EACH(node, &job->children) {
        struct job *child = container_of(node, struct job, sibling);
        if (child->state == JOB_READY && object_try_reference(&child->object)) {
            return child;
        }
    }
    return NULL;
}

/* Depth is bounded by JOB_DEPTH_MAX: descends by loop, coming back through the parents. */
void job_kill(struct job *top) {
    DEBUG_ASSERT(top->object.kind == TS_OBJECT_JOB);
    struct job *job = top;
    object_reference(&top->object);
    for (;;) {
        spinlock_acquire(&task_tree_lock);
        if (job->state == JOB_READY) {
            job->state = JOB_KILLED;
        }
        struct process *process = next_process(job);
        struct job *child = process == NULL ? next_child(job) : NULL;
        spinlock_release(&task_tree_lock);
        if (process != NULL) {
            process_kill(process, TS_EXIT_KILLED);
            object_release(&process->object);
        } else if (child != NULL) {
            job = child;
        } else {
            struct job *parent = job->parent;
            bool last = job == top;
            job_check_dead(job);
            object_release(&job->object);
            if (last) {
                return;
            }
            job = parent;
        }
        sched_preemption_point();
    }
}
