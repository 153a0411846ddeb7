/* SPDX-License-Identifier: MIT */
/* The table of tasks, and the starting and ending of their processes. */
#include "init/task.h"

#include "abi/info.h"
#include "abi/rights.h"
#include "abi/signals.h"
#include "abi/status.h"
#include "base/string.h"
#include "gen/os_calls.h"
#include "init/grants.h"
#include "init/swap.h"
#include "init/system.h"
#include "os/loader.h"
#include "os/print.h"
#include "os/time.h"

#define PROGRAM_STACK_SIZE 65536u

static struct task tasks[TASKS_MAX];
static uint64_t next_id = TASK_ID_INIT + 1;

static struct task *task_oldest_ended(void) {
    struct task *oldest = NULL;
    for (uint32_t i = 0; i < TASKS_MAX; i++) {
        struct task *task = &tasks[i];
        if (task->used && task->server == NULL && task->state == TS_PROCESS_ENDED &&
            (oldest == NULL || task->id < oldest->id)) {
            oldest = task;
        }
    }
    return oldest;
}

struct task *task_new(const char *name) {
    struct task *task = NULL;
    for (uint32_t i = 0; i < TASKS_MAX && task == NULL; i++) {
        task = tasks[i].used ? NULL : &tasks[i];
    }
    if (task == NULL) {
        task = task_oldest_ended();
    }
    if (task != NULL) {
        memset(task, 0, sizeof(*task));
        task->used = true;
        string_copy(task->name, sizeof(task->name), name);
    }
    return task;
}

void task_free(struct task *task) {
    task->used = false;
}

struct task *task_by_id(uint64_t id) {
    for (uint32_t i = 0; i < TASKS_MAX; i++) {
        if (tasks[i].used && id != 0 && tasks[i].id == id) {
            return &tasks[i];
        }
    }
    return NULL;
}

struct task *task_by_index(uint32_t index) {
    for (uint32_t i = 0; i < TASKS_MAX; i++) {
        if (tasks[i].used && index-- == 0) {
            return &tasks[i];
        }
    }
    return NULL;
}

bool task_is_called(const struct task *task, const char *name) {
    return strcmp(task->name, name) == 0 ||
           (task->server != NULL && task->server->provides != NULL &&
            strcmp(task->server->provides, name) == 0);
}

struct task *task_by_name(const char *name) {
    struct task *found = NULL;
    for (uint32_t i = 0; i < TASKS_MAX; i++) {
        struct task *task = &tasks[i];
        if (task->used && task_is_called(task, name) &&
            (found == NULL ||
             (found->state != TS_PROCESS_RUNNING && task->state == TS_PROCESS_RUNNING))) {
            found = task;
        }
    }
    return found;
}

bool task_add_argument(struct task *task, const char *text) {
    size_t size = strlen(text) + 1;
    if (size > sizeof(task->arguments) - task->argument_length) {
        return false;
    }
    memcpy(task->arguments + task->argument_length, text, size);
    task->argument_length += size;
    return true;
}

static ts_status_t set_reclaim(struct task *task, const struct manifest_entry *entry) {
    ts_status_t status = TS_OK;
    if (entry->reclaim != TS_RECLAIM_COUNT) {
        status = ts_job_set_reclaim(task->job, entry->reclaim, entry->frames);
    }
    if (status == TS_OK && entry->reserve != 0) {
        status = ts_job_set_reserve(task->job, entry->reserve);
    }
    return status == TS_OK && entry->is_swapped ? ts_job_set_swap(task->job, swap_objects()->vmo) : status;
}

/* A job of its own, with the ceilings of the manifest, and an empty process in it. */
static ts_status_t make_process(struct task *task, const struct manifest_entry *entry,
                                ts_handle_t *vmar) {
    ts_status_t status = ts_job_create(init_system.job, 0, &task->job);
    for (uint32_t kind = 0; status == TS_OK && kind < TS_CEILING_COUNT; kind++) {
        if (entry->ceiling[kind] != TS_CEILING_UNSET) {
            status = ts_job_set_ceiling(task->job, kind, entry->ceiling[kind]);
            status = status == TS_ERR_ACCESS_DENIED ? TS_OK : status; /* the machine has less */
        }
    }
    if (status == TS_OK) {
        status = set_reclaim(task, entry);
    }
    if (status == TS_OK) {
        status =
            ts_process_create(task->job, task->name, strlen(task->name), 0, &task->process, vmar);
    }
    return status;
}

static ts_status_t load_program(struct task *task, const struct manifest_entry *entry,
                                ts_handle_t vmar, struct ts_loaded *loaded) {
    struct cpio_entry file;
    const char *program = entry == &init_system.manifest.fallback ? task->name : entry->program;
    loaded->error = NULL;
    ts_status_t status = system_find_file("bin/", program, &file);
    if (status == TS_OK) {
        status = ts_program_load(vmar, file.data, file.size, PROGRAM_STACK_SIZE, entry->wired, init_system.root,
                                 loaded);
    }
    if (status != TS_OK) {
        ts_log("%s: %s%s%s", program, ts_status_name(status), loaded->error != NULL ? ": " : "",
               loaded->error != NULL ? loaded->error : "");
    }
    return status;
}

/* Its first thread, and the endpoint by which it calls init. */
static ts_status_t start_thread(struct task *task, const struct manifest_entry *entry,
                                ts_handle_t thread, const struct ts_loaded *loaded) {
    ts_handle_t bootstrap;
    ts_status_t status = ts_thread_set_priority(thread, entry->priority);
    if (status == TS_OK) {
        status = ts_object_wait_async(task->process, init_system.port, task->id,
                                      TS_SIGNAL_TERMINATED, 0);
    }
    if (status == TS_OK) {
        status =
            ts_endpoint_mint(init_system.endpoint, task->id,
                             TS_RIGHT_WRITE | TS_RIGHT_TRANSFER | TS_RIGHT_DUPLICATE, &bootstrap);
    }
    if (status == TS_OK) {
        task->started = ts_time_now();
        status =
            ts_process_start(task->process, thread, loaded->entry, loaded->stack, bootstrap, 0);
    }
    return status;
}

static void close_handle(ts_handle_t *handle) {
    if (*handle != TS_HANDLE_INVALID) {
        (void)!ts_handle_close(*handle);
        *handle = TS_HANDLE_INVALID;
    }
}

static void release(struct task *task) {
    for (; task->grant_next < task->grant_count; task->grant_next++) {
        close_handle(&task->grant[task->grant_next].handle);
    }
    if (task->job != TS_HANDLE_INVALID) {
        (void)!ts_task_kill(task->job);
    }
    close_handle(&task->process);
    close_handle(&task->job);
}

ts_status_t task_start(struct task *task, const struct manifest_entry *entry) {
    ts_handle_t vmar = TS_HANDLE_INVALID;
    ts_handle_t thread = TS_HANDLE_INVALID;
    struct ts_loaded loaded;
    task->id = next_id++;
    task->manage = entry->manage;
    task->grant_count = 0;
    task->grant_next = 0;
    ts_status_t status = make_process(task, entry, &vmar);
    if (status == TS_OK) {
        status = load_program(task, entry, vmar, &loaded);
    }
    if (status == TS_OK) {
        status = ts_thread_create(task->process, "main", 4, 0, &thread);
    }
    if (status == TS_OK) {
        status = grants_make(task, entry, vmar, thread);
        vmar = TS_HANDLE_INVALID; /* granted, or closed */
    }
    if (status == TS_OK) {
        status = start_thread(task, entry, thread, &loaded);
    }
    close_handle(&thread);
    close_handle(&vmar);
    if (status != TS_OK) {
        release(task);
        return status;
    }
    task->state = TS_PROCESS_RUNNING;
    return TS_OK;
}

ts_status_t task_kill(struct task *task) {
    return task->state == TS_PROCESS_RUNNING ? ts_task_kill(task->job) : TS_ERR_BAD_STATE;
}

int64_t task_reap(struct task *task) {
    struct ts_info_process info;
    size_t actual;
    size_t available;
    if (ts_object_get_info(task->process, TS_INFO_PROCESS, &info, sizeof(info), &actual,
                           &available) != TS_OK) {
        info.exit_code = TS_EXIT_KILLED;
    }
    task->exit_code = info.exit_code;
    task->state = TS_PROCESS_ENDED;
    release(task);
    return info.exit_code;
}
