/* SPDX-License-Identifier: MIT */
/*
 * Processes that init started: servers, which keep their task for ever, and programs, whose task is
 * free again when somebody was told how they ended. A task's id changes with every start and is the
 * badge of the process's calls.
 */
#pragma once

#include "init/manifest.h"
#include "os/message.h"
#include "proto/bootstrap.h"
#include "proto/process.h"

#define TASKS_MAX    64u
#define TASK_ID_INIT 1u /* init itself, in lists */

/* A handle that waits to be fetched by the process. */
struct grant {
    char name[TS_BOOTSTRAP_NAME_LENGTH];
    ts_handle_t handle;
};

struct task {
    bool used;
    const struct manifest_entry *server; /* null: a program */
    bool manage;
    uint64_t id;    /* 0: never started */
    uint32_t state; /* enum ts_process_state */
    bool stop_wanted;
    ts_handle_t job;
    ts_handle_t process;
    ts_handle_t waiter; /* reply to whoever waits for the end, or 0 */
    int64_t exit_code;
    ts_time_t started;
    ts_time_t due; /* in BACKOFF: when it is started again */
    struct restart_state restart;
    uint32_t grant_count;
    uint32_t grant_next;
    struct grant grant[TS_BOOTSTRAP_HANDLES_MAX];
    size_t argument_length;
    char arguments[TS_ARGUMENT_BYTES_MAX];
    char name[TS_NAME_LENGTH];
};

/* A task for a server or a program; null if all are taken. One whose end nobody asked for gives
 * way. */
struct task *task_new(const char *name);
void task_free(struct task *task);

struct task *task_by_id(uint64_t id);        /* 0 finds nothing */
struct task *task_by_index(uint32_t index);  /* used tasks, in order; null at the end */
struct task *task_by_name(const char *name); /* running ones before others */

/* By its name, or as a server by that of its service. */
bool task_is_called(const struct task *task, const char *name);

/* Loads and starts the task's process as the entry says, with task->arguments. On failure nothing
 * is left of it. */
ts_status_t task_start(struct task *task, const struct manifest_entry *entry);

/* Ends everything in the task's job. The end is reported like any other. */
ts_status_t task_kill(struct task *task);

/* After the end of the process: gives back what it had, and returns its exit code. */
int64_t task_reap(struct task *task);

/* Appends one argument; false if there is no room. */
bool task_add_argument(struct task *task, const char *text);
