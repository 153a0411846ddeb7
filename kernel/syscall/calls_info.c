/* SPDX-License-Identifier: MIT */
/*
 * Information about objects. Single records are made on the stack; arrays are written record by record through a
 * cursor, so that nothing is allocated; what does not fit is only counted.
 */
#include "gen/handlers.h"

#include "abi/rights.h"
#include "arch/time.h"
#include "base/string.h"
#include "kernel/assert.h"
#include "kernel/devices.h"
#include "kernel/endpoint.h"
#include "kernel/fault.h"
#include "kernel/heap.h"
#include "kernel/process.h"
#include "kernel/syscall.h"

#define WINDOW_SIZE 1024u

/* Records collected while locks are held, copied out afterwards. */
struct cursor {
    char *window;
    size_t record_size;
    size_t capacity;   /* records that the window holds */
    size_t skip;       /* records before the window */
    size_t seen;       /* records so far */
    size_t collected;  /* records in the window */
};

static bool cursor_add(struct cursor *cursor, const void *record) {
    if (cursor->seen >= cursor->skip && cursor->collected < cursor->capacity) {
        memcpy(cursor->window + cursor->collected * cursor->record_size, record, cursor->record_size);
        cursor->collected++;
    }
    cursor->seen++;
    return true;
}

typedef void (*collect_fn)(struct object *object, struct cursor *cursor);

/* Collects in windows until the buffer is full or everything was seen. Each window is consistent. */
static ts_status_t copy_array(struct object *object, collect_fn collect, size_t record_size, uaddr_t buffer,
                              size_t size, size_t *actual, size_t *available) {
    uint64_t window[WINDOW_SIZE / sizeof(uint64_t)];
    struct cursor cursor = {.window = (char *)window, .record_size = record_size};
    size_t room = size / record_size;
    ts_status_t status = TS_OK;
    do {
        size_t left = room - *actual;
        cursor.capacity = WINDOW_SIZE / record_size < left ? WINDOW_SIZE / record_size : left;
        cursor.skip = *actual;
        cursor.seen = 0;
        cursor.collected = 0;
        collect(object, &cursor);
        status = user_copy_out(buffer + *actual * record_size, window, cursor.collected * record_size);
        *actual += cursor.collected;
        *available = cursor.seen;
        sched_preemption_point();
    } while (status == TS_OK && cursor.collected > 0 && *actual < room && *actual < *available);
    return status;
}

static ts_status_t copy_record(const void *record, size_t record_size, uaddr_t buffer, size_t size, size_t *actual,
                               size_t *available) {
    *available = 1;
    if (size < record_size) {
        return TS_ERR_BUFFER_TOO_SMALL;
    }
    *actual = 1;
    return user_copy_out(buffer, record, record_size);
}

/* --- arrays --- */

struct handle_visit_context {
    struct cursor *cursor;
};

static bool visit_handle(void *context, ts_handle_t value, const struct handle_slot *slot) {
    struct ts_info_handle record = {value, slot->object->koid, slot->object->kind, slot->rights};
    return cursor_add(context, &record);
}

static void collect_handles(struct object *object, struct cursor *cursor) {
    handle_table_visit(&((struct process *)object)->handles, visit_handle, cursor);
}

static void collect_threads(struct object *object, struct cursor *cursor) {
    struct process *process = (struct process *)object;
    spinlock_acquire(&task_tree_lock);
    LIST_FOR_EACH(node, &process->threads) {
        cursor_add(cursor, &container_of(node, struct thread, process_link)->object.koid);
    }
    spinlock_release(&task_tree_lock);
}

static void collect_children(struct object *object, struct cursor *cursor) {
    spinlock_acquire(&task_tree_lock);
    LIST_FOR_EACH(node, &((struct job *)object)->children) {
        cursor_add(cursor, &container_of(node, struct job, sibling)->object.koid);
    }
    spinlock_release(&task_tree_lock);
}

static void collect_processes(struct object *object, struct cursor *cursor) {
    spinlock_acquire(&task_tree_lock);
    LIST_FOR_EACH(node, &((struct job *)object)->processes) {
        cursor_add(cursor, &container_of(node, struct process, job_link)->object.koid);
    }
    spinlock_release(&task_tree_lock);
}

static void collect_ceilings(struct object *object, struct cursor *cursor) {
    const struct account *account = &((struct job *)object)->account;
    for (unsigned i = 0; i < TS_CEILING_COUNT; i++) {
        struct ts_info_ceiling record = {__atomic_load_n(&account->ceiling[i], __ATOMIC_RELAXED),
                                         __atomic_load_n(&account->used[i], __ATOMIC_RELAXED)};
        cursor_add(cursor, &record);
    }
}

/* With the present stretch of a CPU that idles: it may go on for long. A figure for people, read without locks. */
static uint64_t idle_time(const struct percpu *cpu) {
    ts_time_t time = cpu->idle_time;
    ts_time_t since = cpu->accounted;
    if (__atomic_load_n(&cpu->current, __ATOMIC_RELAXED) == cpu->idle_task && since < arch_time_now()) {
        time += arch_time_now() - since;
    }
    return (uint64_t)time;
}

static void collect_cpus(struct object *object, struct cursor *cursor) {
    (void)object;
    for (unsigned i = 0; i < percpu_count(); i++) {
        const struct percpu *cpu = percpu_of(i);
        struct ts_info_cpu record = {idle_time(cpu), cpu->switches, cpu->interrupts, 0};
        cursor_add(cursor, &record);
    }
}

static bool visit_interrupt(void *context, const struct interrupt *interrupt) {
    struct ts_info_interrupt record = {.line = interrupt->line, .count = interrupt->count};
    memcpy(record.name, interrupt->owner, sizeof(record.name));
    return cursor_add(context, &record);
}

static void collect_interrupts(struct object *object, struct cursor *cursor) {
    (void)object;
    interrupt_visit(visit_interrupt, cursor);
}

/* --- single records --- */

static void fill_process(struct process *process, struct ts_info_process *record) {
    spinlock_acquire(&task_tree_lock);
    *record = (struct ts_info_process){.exit_code = process->exit_code,
                                       .start_time = process->start_time,
                                       .started = process->state != PROCESS_NEW,
                                       .exited = process->state == PROCESS_DEAD};
    spinlock_release(&task_tree_lock);
}

static uint64_t process_run_time(struct process *process, uint64_t *threads) {
    ts_time_t total = process->dead_run_time;
    LIST_FOR_EACH(node, &process->threads) {
        total += container_of(node, struct thread, process_link)->task.run_time;
        *threads += 1;
    }
    return (uint64_t)total;
}

/* Memory of a process is what its job is charged; several processes of a job share the figure. */
static void fill_task_stats(struct object *object, struct ts_info_task_stats *record) {
    *record = (struct ts_info_task_stats){0};
    spinlock_acquire(&task_tree_lock);
    if (object->kind == TS_OBJECT_PROCESS) {
        struct process *process = (struct process *)object;
        record->cpu_time = process_run_time(process, &record->threads);
        record->handles = process->handles.count;
        record->memory = process->space->table.table_count * TS_PAGE_SIZE;
    } else {
        struct job *job = (struct job *)object;
        record->memory = job->account.used[TS_CEILING_MEMORY];
        record->handles = job->account.used[TS_CEILING_HANDLES];
        record->threads = job->account.used[TS_CEILING_THREADS];
        uint64_t threads = 0;
        LIST_FOR_EACH(node, &job->processes) {
            record->cpu_time += process_run_time(container_of(node, struct process, job_link), &threads);
        }
    }
    spinlock_release(&task_tree_lock);
}

static uint32_t thread_state(const struct thread *thread) {
    if (thread->dead) {
        return TS_THREAD_DEAD;
    }
    if (!thread->started) {
        return TS_THREAD_NEW;
    }
    if (thread->task.state != TASK_BLOCKED) {
        return TS_THREAD_RUNNING;
    }
    switch (thread->call_state) {
    case CALL_QUEUED:
    case CALL_WAITS_FOR_REPLY:
        return TS_THREAD_CALLING;
    case CALL_RECEIVING:
        return TS_THREAD_RECEIVING;
    default:
        return TS_THREAD_WAITING;
    }
}

static void fill_thread(const struct thread *thread, struct ts_info_thread *record) {
    *record = (struct ts_info_thread){.state = thread_state(thread),
                                      .priority = thread->task.priority,
                                      .base_priority = thread->task.base_priority,
                                      .cpu = thread->task.cpu,
                                      .cpu_time = (uint64_t)thread->task.run_time};
    memcpy(record->name, thread->task.name, sizeof(record->name));
}

static void fill_memory(struct ts_info_system_memory *record) {
    struct frame_counts frames;
    struct heap_counts heap;
    frames_count(&frames);
    heap_count(&heap);
    *record = (struct ts_info_system_memory){
        .total = frames.total * TS_PAGE_SIZE,
        .free = (frames.use[FRAME_FREE] + frames.use[FRAME_MAGAZINE]) * TS_PAGE_SIZE,
        .kernel = frames.use[FRAME_KERNEL] * TS_PAGE_SIZE,
        .heap = heap.bytes_used,
        .page_tables = frames.use[FRAME_PAGE_TABLE] * TS_PAGE_SIZE,
        .vmo = frames.use[FRAME_VMO] * TS_PAGE_SIZE,
        .boot = frames.use[FRAME_BOOT] * TS_PAGE_SIZE};
    record->other = record->total - record->free - record->kernel - record->page_tables - record->vmo - record->boot;
}

static ts_koid_t related_koid(const struct object *object) {
    switch (object->kind) {
    case TS_OBJECT_THREAD:
        return ((const struct thread *)object)->process->object.koid;
    case TS_OBJECT_PROCESS:
        return ((const struct process *)object)->job->object.koid;
    case TS_OBJECT_JOB:
        return ((const struct job *)object)->parent != NULL ? ((const struct job *)object)->parent->object.koid : 0;
    default:
        return 0;
    }
}

/* The name's place in objects that have one. */
static char *object_name(struct object *object) {
    switch (object->kind) {
    case TS_OBJECT_JOB:
        return ((struct job *)object)->name;
    case TS_OBJECT_PROCESS:
        return ((struct process *)object)->name;
    case TS_OBJECT_THREAD:
        return ((struct thread *)object)->task.name;
    case TS_OBJECT_VMO:
        return ((struct vmo *)object)->name;
    default:
        return NULL;
    }
}

static void fill_vmo(struct vmo *vmo, struct ts_info_vmo *record) {
    struct vmo_counts counts;
    vmo_count(vmo, &counts);
    *record = (struct ts_info_vmo){.size = vmo->size,
                                   .content_size = vmo->content_size,
                                   .committed = counts.populated,
                                   .part = counts.part,
                                   .mappings = counts.mappings,
                                   .children = counts.children,
                                   .cache_policy = vmo->memory_type >> PT_TYPE_SHIFT,
                                   .physical = vmo->is_physical,
                                   .contiguous = vmo->is_contiguous,
                                   .resizable = vmo->is_resizable,
                                   .discardable = vmo->is_discardable,
                                   .discarded = vmo->discarded};
}

/* --- topics --- */

struct topic {
    uint8_t kind;        /* 0: any; TASKS: process or job */
    ts_rights_t rights;
    collect_fn collect;  /* null: a single record */
    uint32_t record_size;
};

#define TASKS 0xff

static const struct topic topics[] = {
    [TS_INFO_HANDLE_BASIC] = {0, 0, NULL, sizeof(struct ts_info_handle_basic)},
    [TS_INFO_NAME] = {0, 0, NULL, sizeof(struct ts_info_name)},
    [TS_INFO_PROCESS] = {TS_OBJECT_PROCESS, TS_RIGHT_INSPECT, NULL, sizeof(struct ts_info_process)},
    [TS_INFO_PROCESS_HANDLES] = {TS_OBJECT_PROCESS, TS_RIGHT_INSPECT, collect_handles, sizeof(struct ts_info_handle)},
    [TS_INFO_PROCESS_THREADS] = {TS_OBJECT_PROCESS, TS_RIGHT_INSPECT | TS_RIGHT_ENUMERATE, collect_threads,
                                 sizeof(ts_koid_t)},
    [TS_INFO_JOB_CHILDREN] = {TS_OBJECT_JOB, TS_RIGHT_INSPECT | TS_RIGHT_ENUMERATE, collect_children,
                              sizeof(ts_koid_t)},
    [TS_INFO_JOB_PROCESSES] = {TS_OBJECT_JOB, TS_RIGHT_INSPECT | TS_RIGHT_ENUMERATE, collect_processes,
                               sizeof(ts_koid_t)},
    [TS_INFO_JOB_CEILINGS] = {TS_OBJECT_JOB, TS_RIGHT_INSPECT, collect_ceilings, sizeof(struct ts_info_ceiling)},
    [TS_INFO_TASK_STATS] = {TASKS, TS_RIGHT_INSPECT, NULL, sizeof(struct ts_info_task_stats)},
    [TS_INFO_THREAD] = {TS_OBJECT_THREAD, TS_RIGHT_INSPECT, NULL, sizeof(struct ts_info_thread)},
    [TS_INFO_VMO] = {TS_OBJECT_VMO, TS_RIGHT_INSPECT, NULL, sizeof(struct ts_info_vmo)},
    [TS_INFO_SYSTEM_MEMORY] = {TS_OBJECT_RESOURCE, TS_RIGHT_INSPECT, NULL, sizeof(struct ts_info_system_memory)},
    [TS_INFO_SYSTEM_CPUS] = {TS_OBJECT_RESOURCE, TS_RIGHT_INSPECT, collect_cpus, sizeof(struct ts_info_cpu)},
    [TS_INFO_SYSTEM_INTERRUPTS] = {TS_OBJECT_RESOURCE, TS_RIGHT_INSPECT, collect_interrupts,
                                   sizeof(struct ts_info_interrupt)},
    [TS_INFO_RESOURCE] = {TS_OBJECT_RESOURCE, TS_RIGHT_INSPECT, NULL, sizeof(struct ts_info_resource)},
    [TS_INFO_VMAR] = {TS_OBJECT_VMAR, TS_RIGHT_INSPECT, NULL, sizeof(struct ts_info_vmar)},
};

static ts_status_t check_topic(uint32_t topic, const struct handle_view *view) {
    const struct topic *row = &topics[topic];
    const struct object *object = view->object;
    bool fits = row->kind == 0 || row->kind == object->kind ||
                (row->kind == TASKS && (object->kind == TS_OBJECT_PROCESS || object->kind == TS_OBJECT_JOB));
    if (!fits) {
        return TS_ERR_WRONG_TYPE;
    }
    if ((view->rights & row->rights) != row->rights) {
        return TS_ERR_ACCESS_DENIED;
    }
    if (topic == TS_INFO_NAME && (view->rights & (TS_RIGHT_GET_PROPERTY | TS_RIGHT_INSPECT)) == 0) {
        return TS_ERR_ACCESS_DENIED;
    }
    bool system = topic >= TS_INFO_SYSTEM_MEMORY && topic <= TS_INFO_SYSTEM_INTERRUPTS;
    if (system && !resource_covers((const struct resource *)object, TS_RESOURCE_DEBUG, 0, 0)) {
        return TS_ERR_ACCESS_DENIED;
    }
    return topic == TS_INFO_NAME && object_name(view->object) == NULL ? TS_ERR_WRONG_TYPE : TS_OK;
}

static void fill_record(uint32_t topic, const struct handle_view *view, void *record) {
    struct object *object = view->object;
    switch (topic) {
    case TS_INFO_HANDLE_BASIC:
        *(struct ts_info_handle_basic *)record =
            (struct ts_info_handle_basic){object->koid, related_koid(object), object->kind, view->rights};
        break;
    case TS_INFO_NAME:
        memcpy(record, object_name(object), TS_NAME_LENGTH);
        break;
    case TS_INFO_PROCESS:
        fill_process((struct process *)object, record);
        break;
    case TS_INFO_TASK_STATS:
        fill_task_stats(object, record);
        break;
    case TS_INFO_THREAD:
        fill_thread((const struct thread *)object, record);
        break;
    case TS_INFO_VMO:
        fill_vmo((struct vmo *)object, record);
        break;
    case TS_INFO_SYSTEM_MEMORY:
        fill_memory(record);
        break;
    case TS_INFO_RESOURCE: {
        const struct resource *resource = (const struct resource *)object;
        *(struct ts_info_resource *)record =
            (struct ts_info_resource){.kind = resource->kind, .base = resource->base, .length = resource->length};
        break;
    }
    default: {
        const struct region *region = &((const struct vmar *)object)->region;
        *(struct ts_info_vmar *)record = (struct ts_info_vmar){region->base, region->size};
        break;
    }
    }
}

ts_status_t sys_object_get_info(ts_handle_t handle, uint32_t topic, uaddr_t buffer, size_t size, size_t *actual,
                                size_t *available) {
    struct handle_view view;
    ts_status_t status = handle_lookup_view(process_handles_current(), handle, 0, 0, &view);
    if (status != TS_OK) {
        return status;
    }
    if (topic >= sizeof(topics) / sizeof(topics[0])) {
        return TS_ERR_INVALID_ARGS;
    }
    status = check_topic(topic, &view);
    if (status != TS_OK) {
        return status;
    }
    const struct topic *row = &topics[topic];
    object_reference(view.object);
    if (row->collect != NULL) {
        status = copy_array(view.object, row->collect, row->record_size, buffer, size, actual, available);
    } else {
        uint64_t record[16] = {0};
        ASSERT(row->record_size <= sizeof(record));
        fill_record(topic, &view, record);
        status = copy_record(record, row->record_size, buffer, size, actual, available);
    }
    object_release(view.object);
    return status;
}

/* Names are for people: a reader may see a name half changed. */
ts_status_t sys_object_set_name(ts_handle_t handle, uaddr_t name, size_t length) {
    struct handle_view view;
    ts_status_t status = handle_lookup_view(process_handles_current(), handle, 0, 0, &view);
    if (status != TS_OK) {
        return status;
    }
    char *target = object_name(view.object);
    if (target == NULL) {
        return TS_ERR_WRONG_TYPE;
    }
    if ((view.rights & TS_RIGHT_SET_PROPERTY) == 0) {
        return TS_ERR_ACCESS_DENIED;
    }
    char text[TS_NAME_LENGTH];
    object_reference(view.object);
    status = syscall_copy_name(name, length, text);
    if (status == TS_OK) {
        memcpy(target, text, sizeof(text));
    }
    object_release(view.object);
    return status;
}
