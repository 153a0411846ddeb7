/* SPDX-License-Identifier: MIT */
/*
 * Processes. A process is alive while started threads exist; the last one to go takes it apart. States and lists are
 * protected by task_tree_lock, the handle table and the address space by their own locks.
 */
#include "kernel/task_tree.h"

#include "arch/time.h"
#include "base/string.h"
#include "kernel/assert.h"
#include "kernel/heap.h"
#include "object_private.h"

static SLAB_CACHE(process_cache, struct process);

static void process_released(struct object *object) {
    struct process *process = container_of(object, struct process, object);
    spinlock_acquire(&task_tree_lock);
    bool counted = list_is_linked(&process->job_link) && process->state != PROCESS_DEAD;
    list_remove(&process->job_link);
    spinlock_release(&task_tree_lock);
    if (counted) {
        job_member_gone(process->job);
    }
}

static void process_free(struct object *object) {
    struct process *process = container_of(object, struct process, object);
    struct job *job = process->job;
    handle_table_free(&process->handles);
    address_space_retire(process->space);
    heap_free(process->ports);
    account_release(&job->account, TS_CEILING_PROCESSES, 1);
    object_uncharge(object);
    slab_free(&process_cache, process);
    object_release(&job->object);
}

static const struct object_ops process_ops = {.released = process_released, .free = process_free};

static ts_status_t process_init(struct process *process, struct job *job) {
    ts_status_t status = object_init(&process->object, TS_OBJECT_PROCESS, &process_ops, &job->account,
                                     sizeof(*process));
    if (status != TS_OK) {
        return status;
    }
    status = handle_table_init(&process->handles, &job->account);
    if (status == TS_OK) {
        status = address_space_new(&job->account, &process->space, &process->root_vmar);
        if (status != TS_OK) {
            handle_table_free(&process->handles);
        }
    }
    if (status != TS_OK) {
        object_uncharge(&process->object);
    }
    return status;
}

ts_status_t process_create(struct job *job, const char *name, struct process **result) {
    DEBUG_ASSERT(job->object.kind == TS_OBJECT_JOB);
    ts_status_t status = account_charge(&job->account, TS_CEILING_PROCESSES, 1);
    if (status != TS_OK) {
        return status;
    }
    struct process *process = slab_alloc(&process_cache);
    status = process != NULL ? process_init(process, job) : TS_ERR_NO_MEMORY;
    if (status != TS_OK) {
        if (process != NULL) {
            slab_free(&process_cache, process);
        }
        account_release(&job->account, TS_CEILING_PROCESSES, 1);
        return status;
    }
    string_copy(process->name, sizeof(process->name), name);
    list_init(&process->threads);
    list_init(&process->port_grants);
    list_init(&process->job_link);
    process->job = job;
    object_reference(&job->object);
    spinlock_acquire(&task_tree_lock);
    bool ready = job->state == JOB_READY;
    if (ready) {
        list_add_tail(&job->processes, &process->job_link);
        job->live++;
    }
    spinlock_release(&task_tree_lock);
    if (!ready) {
        object_release(&process->object);
        return TS_ERR_BAD_STATE;
    }
    *result = process;
    return TS_OK;
}

/* After a start that failed another may follow, unless somebody ended the process meanwhile, or started a thread. */
static void undo_start(struct process *process) {
    spinlock_acquire(&task_tree_lock);
    if (process->state == PROCESS_RUNNING && process->live_threads == 0) {
        process->state = PROCESS_NEW;
        process->start_time = 0;
    }
    spinlock_release(&task_tree_lock);
}

ts_status_t process_start(struct process *process, struct thread *thread, uint64_t entry, uint64_t stack,
                          struct handle_entry *argument1, uint64_t argument2) {
    DEBUG_ASSERT(process->object.kind == TS_OBJECT_PROCESS);
    DEBUG_ASSERT(thread->object.kind == TS_OBJECT_THREAD);
    if (thread->process != process) {
        handle_entry_close(argument1);
        return TS_ERR_ACCESS_DENIED;
    }
    spinlock_acquire(&task_tree_lock);
    bool can_start = process->state == PROCESS_NEW && !thread->started;
    if (can_start) {
        process->state = PROCESS_RUNNING;
        process->start_time = arch_time_now();
    }
    spinlock_release(&task_tree_lock);
    if (!can_start) {
        handle_entry_close(argument1);
        return TS_ERR_BAD_STATE;
    }
    ts_handle_t value = TS_HANDLE_INVALID;
    ts_status_t status = handle_put(&process->handles, argument1, &value);
    if (status == TS_OK) {
        status = thread_start(thread, entry, stack, value, argument2);
        if (status != TS_OK) {
            (void)handle_close(&process->handles, value);
        }
    }
    if (status != TS_OK) {
        undo_start(process);
    }
    return status;
}

/* Threads are killed under the lock that keeps them in the list; a kill only sets bits and ends waits. */
void process_kill(struct process *process, int64_t exit_code) {
    DEBUG_ASSERT(process->object.kind == TS_OBJECT_PROCESS);
    spinlock_acquire(&task_tree_lock);
    bool first = process->state < PROCESS_DYING;
    bool empty = process->live_threads == 0;
    if (first) {
        process->state = PROCESS_DYING;
        process->exit_code = exit_code;
    }
    spinlock_release(&task_tree_lock);
    if (!first) {
        return;
    }
    if (empty) {
        process_finish(process);
        return;
    }
    thread_kill_all(process);
}

void process_finish(struct process *process) {
    DEBUG_ASSERT(process->object.kind == TS_OBJECT_PROCESS);
    handle_table_close_all(&process->handles);
    ports_release_all(process);
    (void)vmar_destroy(process->root_vmar);
    spinlock_acquire(&task_tree_lock);
    process->state = PROCESS_DEAD;
    spinlock_release(&task_tree_lock);
    object_update_signals(&process->object, 0, TS_SIGNAL_TERMINATED);
    job_member_gone(process->job);
}
