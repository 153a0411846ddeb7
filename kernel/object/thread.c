/* SPDX-License-Identifier: MIT */
/* Threads: what the scheduler runs, with an identity, a process and a message buffer. */
#include "kernel/task_tree.h"

#include "abi/options.h"
#include "abi/rights.h"
#include "arch/ports.h"
#include "arch/time.h"
#include "kernel/assert.h"
#include "kernel/endpoint.h"
#include "kernel/heap.h"
#include "object_private.h"

static SLAB_CACHE(thread_cache, struct thread);

static void thread_released(struct object *object) {
    struct thread *thread = container_of(object, struct thread, object);
    spinlock_acquire(&task_tree_lock);
    if (list_is_linked(&thread->process_link)) {
        list_remove(&thread->process_link);
    }
    thread->process->dead_run_time += thread->task.run_time;
    spinlock_release(&task_tree_lock);
}

static void thread_free(struct object *object) {
    struct thread *thread = container_of(object, struct thread, object);
    struct process *process = thread->process;
    task_release_stack(&thread->task);
    account_release(object->account, TS_CEILING_MEMORY, stack_size());
    if (thread->buffer_vmo != NULL) {
        object_release(&thread->buffer_vmo->object);
    }
    account_release(object->account, TS_CEILING_THREADS, 1);
    object_uncharge(object);
    slab_free(&thread_cache, thread);
    object_release(&process->object);
}

static const struct object_ops thread_ops = {.released = thread_released, .free = thread_free};

/* Attention bits are looked at where nothing is held. */
static void thread_attend(struct task *task) {
    if ((__atomic_load_n(&task->attention, __ATOMIC_SEQ_CST) & ATTENTION_KILL) != 0) {
        thread_exit_current();
    }
}

/* On another stack: the running reference goes. */
static void thread_finish(struct task *task) {
    object_release(&thread_of_task(task)->object);
}

/* Buffer page and its kernel alias. */
static ts_status_t make_buffer(struct thread *thread) {
    ts_status_t status = vmo_create(&thread->process->job->account, TS_PAGE_SIZE, 0, &thread->buffer_vmo);
    if (status != TS_OK) {
        thread->buffer_vmo = NULL;
        return status;
    }
    thread->buffer = vmo_pin_page(thread->buffer_vmo, 0);
    return thread->buffer != NULL ? TS_OK : TS_ERR_NO_MEMORY;
}

/* The buffer's place in the process, from the start to the end of the thread: one that is never started leaves no
 * mapping behind. */
static ts_status_t map_buffer(struct thread *thread) {
    const struct handle_view view = {.rights = TS_RIGHT_READ | TS_RIGHT_WRITE | TS_RIGHT_MAP};
    ts_status_t status =
        vmar_map(thread->process->root_vmar, &vmar_no_handle, TS_VMAR_READ | TS_VMAR_WRITE, 0, thread->buffer_vmo,
                 &view, 0, TS_PAGE_SIZE, &thread->buffer_address);
    thread->buffer->self = thread->buffer_address;
    return status;
}

/* No thread is more urgent than its job allows, also one whose priority nobody sets. */
static unsigned first_priority(const struct account *account) {
    uint64_t ceiling = account_effective_ceiling(account, TS_CEILING_PRIORITY);
    return ceiling < PRIORITY_DEFAULT ? (unsigned)ceiling : PRIORITY_DEFAULT;
}

static ts_status_t thread_init(struct thread *thread, struct account *account, const char *name) {
    ts_status_t status =
        object_init(&thread->object, TS_OBJECT_THREAD, &thread_ops, account, sizeof(*thread));
    if (status != TS_OK) {
        return status;
    }
    status = account_charge(account, TS_CEILING_MEMORY, stack_size());
    if (status == TS_OK) {
        status = task_init(&thread->task, name, first_priority(account));
        if (status != TS_OK) {
            account_release(account, TS_CEILING_MEMORY, stack_size());
        }
    }
    if (status != TS_OK) {
        object_uncharge(&thread->object);
    }
    return status;
}

static ts_status_t thread_new(struct account *account, const char *name, struct thread **result) {
    ts_status_t status = account_charge(account, TS_CEILING_THREADS, 1);
    if (status != TS_OK) {
        return status;
    }
    struct thread *thread = slab_alloc(&thread_cache);
    status = thread != NULL ? thread_init(thread, account, name) : TS_ERR_NO_MEMORY;
    if (status != TS_OK) {
        if (thread != NULL) {
            slab_free(&thread_cache, thread);
        }
        account_release(account, TS_CEILING_THREADS, 1);
        return status;
    }
    *result = thread;
    return TS_OK;
}

ts_status_t thread_create(struct process *process, const char *name, struct thread **result) {
    DEBUG_ASSERT(process->object.kind == TS_OBJECT_PROCESS);
    struct thread *thread = NULL;
    ts_status_t status = thread_new(&process->job->account, name, &thread);
    if (status != TS_OK) {
        return status;
    }
    object_reference(&process->object);
    thread->process = process;
    thread->task.attend = thread_attend;
    thread->task.finish = thread_finish;
    thread->task.space = &process->space->table;
    spinlock_init(&thread->call_lock, LOCK_CALL);
    thread->request.server = thread;
    list_init(&thread->process_link);
    arch_context_init_user(&thread->task.context, thread->task.stack, stack_size());
    status = make_buffer(thread);
    if (status == TS_OK) {
        spinlock_acquire(&task_tree_lock);
        bool alive = process->state <= PROCESS_RUNNING;
        if (alive) {
            arch_ports_attach(&thread->task.context, process->ports);
            list_add_tail(&process->threads, &thread->process_link);
        }
        spinlock_release(&task_tree_lock);
        status = alive ? TS_OK : TS_ERR_BAD_STATE;
    }
    if (status != TS_OK) {
        object_release(&thread->object);
        return status;
    }
    *result = thread;
    return TS_OK;
}

/* Of several who start a thread one goes on. */
static bool claim_start(struct thread *thread) {
    return thread->process->state == PROCESS_RUNNING &&
           __atomic_exchange_n(&thread->start_claimed, 1, __ATOMIC_ACQ_REL) == 0;
}

ts_status_t thread_start(struct thread *thread, uint64_t entry, uint64_t stack, uint64_t argument1,
                         uint64_t argument2) {
    DEBUG_ASSERT(thread->object.kind == TS_OBJECT_THREAD);
    struct process *process = thread->process;
    if (!claim_start(thread)) {
        return TS_ERR_BAD_STATE;
    }
    ts_status_t status = map_buffer(thread);
    if (status != TS_OK) {
        __atomic_store_n(&thread->start_claimed, 0, __ATOMIC_RELEASE);
        return status;
    }
    spinlock_acquire(&task_tree_lock);
    bool can_start = process->state == PROCESS_RUNNING;
    if (can_start) {
        thread->started = true;
        process->live_threads++;
    }
    spinlock_release(&task_tree_lock);
    if (!can_start) {
        /* The process ended, or its start was undone: then the thread may be started with the next. */
        (void)vmar_unmap(process->root_vmar, thread->buffer_address, TS_PAGE_SIZE);
        __atomic_store_n(&thread->start_claimed, 0, __ATOMIC_RELEASE);
        return TS_ERR_BAD_STATE;
    }
    object_reference(&thread->object); /* the running reference */
    arch_context_set_entry(&thread->task.context, entry, stack, argument1, argument2);
    arch_context_set_tls(&thread->task.context, thread->buffer_address);
    object_update_signals(&thread->object, 0, TS_SIGNAL_RUNNING);
    task_make_ready(&thread->task);
    return TS_OK;
}

void thread_set_priority(struct thread *thread, unsigned priority) {
    DEBUG_ASSERT(thread->object.kind == TS_OBJECT_THREAD);
    spinlock_acquire(&thread->call_lock);
    thread->task.base_priority = (uint8_t)priority;
    task_set_priority(&thread->task, priority > thread->inherited_priority ? priority : thread->inherited_priority);
    spinlock_release(&thread->call_lock);
}

static void thread_kill(struct thread *thread) {
    task_set_attention(&thread->task, ATTENTION_KILL);
    if (task_interrupt(&thread->task)) {
        task_make_ready(&thread->task);
    }
}

/* One thread per hold of the lock, found by not having the bit yet. */
void thread_kill_all(struct process *process) {
    DEBUG_ASSERT(process->object.kind == TS_OBJECT_PROCESS);
    for (;;) {
        struct thread *victim = NULL;
        spinlock_acquire(&task_tree_lock);
        LIST_FOR_EACH(node, &process->threads) {
            struct thread *thread = container_of(node, struct thread, process_link);
            if (thread->started && !thread->dead &&
                (__atomic_load_n(&thread->task.attention, __ATOMIC_RELAXED) & ATTENTION_KILL) == 0) {
                victim = thread;
                object_reference(&victim->object); /* its running reference exists */
                break;
            }
        }
        spinlock_release(&task_tree_lock);
        if (victim == NULL) {
            return;
        }
        thread_kill(victim);
        object_release(&victim->object);
        sched_preemption_point();
    }
}

_Noreturn void thread_exit_current(void) {
    struct thread *thread = thread_current();
    struct process *process = thread->process;
    endpoint_thread_dies(thread);
    (void)vmar_unmap(process->root_vmar, thread->buffer_address, TS_PAGE_SIZE);
    spinlock_acquire(&task_tree_lock);
    thread->dead = true;
    process->live_threads--;
    bool last = process->live_threads == 0;
    if (last && process->state == PROCESS_RUNNING) {
        process->state = PROCESS_DYING;
    }
    spinlock_release(&task_tree_lock);
    if (last) {
        process_finish(process);
    }
    object_update_signals(&thread->object, TS_SIGNAL_RUNNING, TS_SIGNAL_TERMINATED);
    task_exit();
}
