/* SPDX-License-Identifier: MIT */
/* The supervisor. A server that cannot be started counts as one that ended at once, so it has
 * pauses and a budget too. */
#include "init/supervisor.h"

#include "abi/status.h"
#include "base/string.h"
#include "gen/os_calls.h"
#include "init/device.h"
#include "init/system.h"
#include "os/print.h"
#include "os/server.h"
#include "os/time.h"

#define CRITICAL_EXIT_CODE 5u

static bool console_released;

static void set_deadline(void) {
    ts_time_t first = TS_TIME_INFINITE;
    struct task *task;
    for (uint32_t i = 0; (task = task_by_index(i)) != NULL; i++) {
        if (task->state == TS_PROCESS_BACKOFF && task->due < first) {
            first = task->due;
        }
    }
    ts_server_set_deadline(first);
}

/* The kernel's own output ends before a driver touches the same device. */
static void release_console(void) {
    uint64_t value;
    if (!console_released) {
        console_released = true;
        (void)!ts_system_debug(init_system.root, TS_DEBUG_CONSOLE_RELEASE, 0, &value);
    }
}

static bool put_arguments(struct task *task) {
    const struct manifest_names *arguments = &task->server->arguments;
    task->argument_length = 0;
    bool room = task_add_argument(task, task->server->program);
    for (uint32_t i = 0; i < arguments->count; i++) {
        room = room && task_add_argument(task, arguments->name[i]);
    }
    return room;
}

/* What the policy says after an end or a start that failed. */
static void decide(struct task *task) {
    enum restart_action action =
        restart_decide(&task->server->restart, &task->restart, task->started, ts_time_now(),
                       task->exit_code, &task->due);
    if (task->stop_wanted || action == RESTART_STOP) {
        task->state = TS_PROCESS_STOPPED;
    } else if (action == RESTART_AT) {
        task->state = TS_PROCESS_BACKOFF;
    } else {
        task->state = TS_PROCESS_FAILED;
        ts_log("server %s ends too often, it is not started again", task->name);
        if (task->server->critical) {
            (void)!ts_system_power(init_system.root, TS_POWER_OFF, CRITICAL_EXIT_CODE);
        }
    }
}

static void start_server(struct task *task) {
    task->stop_wanted = false;
    task->started = ts_time_now();
    if (task->server->compatible.count > 0) {
        release_console();
    }
    ts_status_t status = put_arguments(task) ? task_start(task, task->server) : TS_ERR_OUT_OF_RANGE;
    if (status != TS_OK) {
        ts_log("server %s does not start: %s", task->name, ts_status_name(status));
        task->exit_code = status;
        decide(task);
    }
}

/* A server runs if the command line means it to, and a driver if its device is there, and if no other driver provides the same service already.
 */
static bool is_wanted(const struct task *task) {
    const struct manifest_entry *server = task->server;
    struct device device;
    struct task *other;
    if (!manifest_is_meant(server, init_system.command_line)) {
        return false;
    }
    if (server->compatible.count == 0) {
        return true;
    }
    for (uint32_t i = 0; server->provides != NULL && (other = task_by_index(i)) != NULL; i++) {
        if (other != task && other->server != NULL && other->state == TS_PROCESS_RUNNING &&
            other->server->provides != NULL &&
            strcmp(other->server->provides, server->provides) == 0) {
            return false;
        }
    }
    return init_system.has_machine &&
           device_find(&init_system.machine, &server->compatible, &device);
}

void supervisor_start(void) {
    for (uint32_t i = 0; i < init_system.manifest.server_count; i++) {
        struct task *task = task_new(init_system.manifest.server[i].name);
        if (task == NULL) {
            break; /* cannot be: there are more tasks than servers */
        }
        task->server = &init_system.manifest.server[i];
        if (!task->server->manual && is_wanted(task)) {
            start_server(task);
        }
    }
    set_deadline();
}

static void program_ended(struct task *task, int64_t exit_code) {
    if (task->waiter != TS_HANDLE_INVALID) {
        struct ts_message message;
        ts_message_status(&message, TS_OK);
        (void)!ts_message_put(&message, (uint64_t)exit_code);
        (void)!ts_reply_send(task->waiter, &message);
        task_free(task);
    }
}

void supervisor_ended(uint64_t id) {
    struct task *task = task_by_id(id);
    if (task == NULL || task->state != TS_PROCESS_RUNNING) {
        return;
    }
    int64_t exit_code = task_reap(task);
    if (task->server == NULL) {
        program_ended(task, exit_code);
        return;
    }
    ts_log("server %s (%lu) ended with %ld", task->name, id, exit_code);
    decide(task);
    set_deadline();
}

void supervisor_expired(void) {
    struct task *task;
    for (uint32_t i = 0; (task = task_by_index(i)) != NULL; i++) {
        if (task->state == TS_PROCESS_BACKOFF && task->due <= ts_time_now()) {
            start_server(task);
        }
    }
    set_deadline();
}

ts_status_t supervisor_stop(const char *name) {
    struct task *task = task_by_name(name);
    if (task == NULL || task->server == NULL) {
        return TS_ERR_NOT_FOUND;
    }
    task->stop_wanted = true;
    if (task->state == TS_PROCESS_RUNNING) {
        return task_kill(task);
    }
    task->state = TS_PROCESS_STOPPED;
    set_deadline();
    return TS_OK;
}

/* The server that is to run under this name: of several drivers of one service, the one whose
 * device is there. */
static struct task *find_startable(const char *name, ts_status_t *status) {
    struct task *task;
    *status = TS_ERR_NOT_FOUND;
    for (uint32_t i = 0; (task = task_by_index(i)) != NULL; i++) {
        if (task->server != NULL && task_is_called(task, name)) {
            if (task->state == TS_PROCESS_RUNNING || is_wanted(task)) {
                *status = TS_OK;
                return task;
            }
            *status = TS_ERR_IO_NOT_PRESENT;
        }
    }
    return NULL;
}

ts_status_t supervisor_restart(const char *name) {
    ts_status_t status;
    struct task *task = find_startable(name, &status);
    if (task == NULL) {
        return status;
    }
    if (task->state == TS_PROCESS_RUNNING) {
        task->stop_wanted = false; /* if it is just being stopped, its policy decides again */
        return TS_OK;
    }
    memset(&task->restart, 0, sizeof(task->restart));
    start_server(task);
    set_deadline();
    return task->state == TS_PROCESS_RUNNING ? TS_OK : TS_ERR_UNAVAILABLE;
}
