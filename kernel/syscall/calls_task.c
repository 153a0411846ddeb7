/* SPDX-License-Identifier: MIT */
/* Calls on jobs, processes and threads. */
#include "gen/handlers.h"

#include "abi/rights.h"
#include "arch/time.h"
#include "gen/lookup.h"
#include "kernel/assert.h"
#include "kernel/process.h"
#include "kernel/syscall.h"

static ts_status_t publish(struct object *object, ts_rights_t rights, ts_handle_t *handle) {
    ts_status_t status = handle_add(process_handles_current(), object, rights, 0, NULL, handle);
    object_release(object);
    return status;
}

ts_status_t sys_job_create(struct job *parent, uint32_t options, ts_handle_t *handle) {
    if (options != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    struct job *job = NULL;
    ts_status_t status = job_create(parent, &job);
    return status == TS_OK ? publish(&job->object, TS_DEFAULT_RIGHTS_JOB, handle) : status;
}

ts_status_t sys_job_set_ceiling(struct job *job, uint32_t kind, uint64_t value) {
    if (kind >= TS_CEILING_COUNT) {
        return TS_ERR_INVALID_ARGS;
    }
    return account_lower_ceiling(&job->account, (enum ts_job_ceiling)kind, value);
}

ts_status_t sys_job_set_reclaim(struct job *job, uint32_t policy, uint64_t frames) {
    return job_set_reclaim(job, policy, frames);
}

ts_status_t sys_job_set_swap(struct job *job, struct vmo *vmo) {
    object_reference(&job->object);
    object_reference(&vmo->object);
    ts_status_t status = job_set_swap(job, vmo);
    object_release(&vmo->object);
    object_release(&job->object);
    return status;
}

ts_status_t sys_job_set_reserve(struct job *job, uint64_t frames) {
    return job_set_reserve(job, frames);
}

ts_status_t sys_task_kill(ts_handle_t task) {
    struct handle_view view;
    ts_status_t status = handle_lookup_view(process_handles_current(), task, 0, 0, &view);
    if (status != TS_OK) {
        return status;
    }
    if (view.object->kind != TS_OBJECT_PROCESS && view.object->kind != TS_OBJECT_JOB) {
        return TS_ERR_WRONG_TYPE;
    }
    if ((view.rights & TS_RIGHT_DESTROY) == 0) {
        return TS_ERR_ACCESS_DENIED;
    }
    object_reference(view.object);
    if (view.object->kind == TS_OBJECT_PROCESS) {
        process_kill((struct process *)view.object, TS_EXIT_KILLED);
    } else {
        job_kill((struct job *)view.object);
    }
    object_release(view.object);
    return TS_OK;
}

/* Both handles or none: the second failure closes the first handle again. */
ts_status_t sys_process_create(struct job *job, uaddr_t name, size_t length, uint32_t options, ts_handle_t *process,
                               ts_handle_t *vmar) {
    char text[TS_NAME_LENGTH];
    ts_status_t status = options != 0 ? TS_ERR_INVALID_ARGS : syscall_copy_name(name, length, text);
    if (status != TS_OK) {
        return status;
    }
    struct process *created = NULL;
    object_reference(&job->object);
    status = process_create(job, text, &created);
    object_release(&job->object);
    if (status != TS_OK) {
        return status;
    }
    ts_rights_t vmar_rights = TS_DEFAULT_RIGHTS_VMAR | TS_RIGHT_IO | TS_RIGHT_EXECUTE;
    status = handle_add(process_handles_current(), &created->root_vmar->object, vmar_rights, 0, NULL, vmar);
    if (status == TS_OK) {
        status = handle_add(process_handles_current(), &created->object, TS_DEFAULT_RIGHTS_PROCESS, 0, NULL, process);
        if (status != TS_OK) {
            (void)handle_close(process_handles_current(), *vmar);
            *vmar = TS_HANDLE_INVALID;
        }
    }
    object_release(&created->object);
    return status;
}

ts_status_t sys_process_start(struct process *process, struct thread *thread, uint64_t entry, uint64_t stack,
                              ts_handle_t argument1, uint64_t argument2) {
    struct handle_entry entry1 = {0};
    if (argument1 != TS_HANDLE_INVALID) {
        ts_status_t status = handle_take(process_handles_current(), argument1, TS_RIGHT_TRANSFER, &entry1);
        if (status != TS_OK) {
            return status;
        }
    }
    object_reference(&process->object);
    object_reference(&thread->object);
    ts_status_t status = process_start(process, thread, entry, stack, &entry1, argument2);
    object_release(&thread->object);
    object_release(&process->object);
    return status;
}

_Noreturn void sys_process_exit(uint64_t code) {
    process_kill(process_current(), (int64_t)code);
    thread_exit_current();
}

ts_status_t sys_thread_create(struct process *process, uaddr_t name, size_t length, uint32_t options,
                              ts_handle_t *thread) {
    char text[TS_NAME_LENGTH];
    ts_status_t status = options != 0 ? TS_ERR_INVALID_ARGS : syscall_copy_name(name, length, text);
    if (status != TS_OK) {
        return status;
    }
    struct thread *created = NULL;
    object_reference(&process->object);
    status = thread_create(process, text, &created);
    object_release(&process->object);
    return status == TS_OK ? publish(&created->object, TS_DEFAULT_RIGHTS_THREAD, thread) : status;
}

ts_status_t sys_thread_start(struct thread *thread, uint64_t entry, uint64_t stack, uint64_t argument1,
                             uint64_t argument2) {
    object_reference(&thread->object); /* it maps the buffer, which may sleep */
    ts_status_t status = thread_start(thread, entry, stack, argument1, argument2);
    object_release(&thread->object);
    return status;
}

_Noreturn void sys_thread_exit(void) {
    thread_exit_current();
}

ts_status_t sys_thread_yield(void) {
    sched_yield();
    return TS_OK;
}

/* A thread may not be more urgent than its job allows. */
ts_status_t sys_thread_set_priority(struct thread *thread, uint32_t priority) {
    if (priority > PRIORITY_MAX) {
        return TS_ERR_OUT_OF_RANGE;
    }
    if (priority > account_effective_ceiling(&thread->process->job->account, TS_CEILING_PRIORITY)) {
        return TS_ERR_ACCESS_DENIED;
    }
    thread_set_priority(thread, priority);
    return TS_OK;
}

ts_status_t sys_thread_set_affinity(struct thread *thread, uint64_t cpus) {
    if ((cpus & percpu_online()) == 0) {
        return TS_ERR_INVALID_ARGS;
    }
    task_set_affinity(&thread->task, cpus);
    return TS_OK;
}

ts_status_t sys_thread_sleep(ts_time_t deadline) {
    if (deadline <= arch_time_now()) {
        sched_yield();
        return TS_OK;
    }
    task_wait_begin(NULL);
    ts_status_t status = task_block(deadline);
    return status == TS_ERR_TIMED_OUT ? TS_OK : status;
}
