/* SPDX-License-Identifier: MIT */
/*
 * The first process. It reads the system manifest, starts the servers with exactly the handles that
 * the manifest names, watches and restarts them, and serves proto/bootstrap.h and proto/process.h.
 * It only ever answers: it calls no server, so none can make it wait.
 */
#include "abi/options.h"
#include "abi/rights.h"
#include "abi/status.h"
#include "base/string.h"
#include "gen/os_calls.h"
#include "init/grants.h"
#include "init/supervisor.h"
#include "init/swap.h"
#include "init/system.h"
#include "os/print.h"
#include "os/server.h"
#include "os/start.h"

#define LOOK_RIGHTS                                                                                \
    (TS_RIGHT_INSPECT | TS_RIGHT_GET_PROPERTY | TS_RIGHT_ENUMERATE | TS_RIGHT_TRANSFER |           \
     TS_RIGHT_DUPLICATE)
#define START_EXIT_CODE 3u /* of the machine, when init cannot start */

static enum ts_answer answer(struct ts_message *message, ts_status_t status) {
    ts_message_status(message, status);
    return TS_ANSWER_NOW;
}

static enum ts_answer answer_word(struct ts_message *message, uint64_t word) {
    ts_message_status(message, TS_OK);
    (void)!ts_message_put(message, word);
    return TS_ANSWER_NOW;
}

static enum ts_answer answer_handle(struct ts_message *message, ts_status_t status,
                                    ts_handle_t handle) {
    ts_message_status(message, status);
    if (status == TS_OK) {
        (void)!ts_message_put_handle(message, handle);
    }
    return TS_ANSWER_NOW;
}

static enum ts_answer give_arguments(struct task *caller, struct ts_message *message) {
    ts_message_status(message, TS_OK);
    (void)!ts_message_put_bytes(message, caller->arguments, caller->argument_length);
    return TS_ANSWER_NOW;
}

static enum ts_answer look_up(struct task *caller, struct ts_message *message) {
    char name[TS_BOOTSTRAP_NAME_LENGTH];
    ts_handle_t handle = TS_HANDLE_INVALID;
    if (!ts_message_get_bytes(message, 0, name, sizeof(name), NULL)) {
        return answer(message, TS_ERR_INVALID_ARGS);
    }
    if (!service_is_public(name)) {
        return answer(message, TS_ERR_NOT_FOUND);
    }
    ts_status_t status = service_connect(name, caller->id, &handle);
    return answer_handle(message, status, handle);
}

/* Arguments come as terminated strings; a last one that is not terminated is refused. */
static enum ts_answer spawn(struct ts_message *message) {
    char arguments[TS_ARGUMENT_BYTES_MAX + 1];
    size_t length;
    if (!ts_message_get_bytes(message, 0, arguments, sizeof(arguments), &length) || length < 2 ||
        arguments[length - 1] != '\0' || strlen(arguments) >= TS_NAME_LENGTH) {
        return answer(message, TS_ERR_INVALID_ARGS);
    }
    struct task *task = task_new(arguments);
    if (task == NULL) {
        return answer(message, TS_ERR_NO_RESOURCES);
    }
    memcpy(task->arguments, arguments, length);
    task->argument_length = length;
    ts_status_t status = task_start(task, manifest_program(&init_system.manifest, arguments));
    if (status != TS_OK) {
        task_free(task);
        return answer(message, status);
    }
    return answer_word(message, task->id);
}

static enum ts_answer wait_for(struct task *task, struct ts_message *message) {
    if (task == NULL || task->server != NULL) {
        return answer(message, task == NULL ? TS_ERR_NOT_FOUND : TS_ERR_NOT_SUPPORTED);
    }
    if (task->state == TS_PROCESS_ENDED) {
        task_free(task);
        return answer_word(message, (uint64_t)task->exit_code);
    }
    if (task->waiter != TS_HANDLE_INVALID) {
        return answer(message, TS_ERR_ALREADY_BOUND);
    }
    ts_status_t status = ts_reply_save(0, &task->waiter);
    return status == TS_OK ? TS_ANSWER_LATER : answer(message, status);
}

static enum ts_answer list(struct ts_message *message) {
    struct ts_process_entry entry = {
        .id = TASK_ID_INIT, .state = TS_PROCESS_RUNNING, .server = 1, .name = "init"};
    uint64_t words[sizeof(entry) / sizeof(uint64_t)];
    uint64_t index = ts_message_word(message, 0);
    if (index > 0) {
        struct task *task = index <= TASKS_MAX ? task_by_index((uint32_t)index - 1) : NULL;
        if (task == NULL) {
            return answer(message, TS_ERR_NOT_FOUND);
        }
        entry.id = task->state == TS_PROCESS_RUNNING || task->server == NULL ? task->id : 0;
        entry.state = task->state;
        entry.restarts = task->restart.count;
        entry.exit_code = task->exit_code;
        entry.server = task->server != NULL;
        memcpy(entry.name, task->name, sizeof(entry.name));
    }
    memcpy(words, &entry, sizeof(words));
    ts_message_status(message, TS_OK);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        (void)!ts_message_put(message, words[i]);
    }
    return TS_ANSWER_NOW;
}

static enum ts_answer open_process(uint64_t id, struct ts_message *message) {
    struct task *task = task_by_id(id);
    ts_handle_t process = id == TASK_ID_INIT ? init_system.process : TS_HANDLE_INVALID;
    ts_handle_t handle = TS_HANDLE_INVALID;
    if (task != NULL) {
        process = task->process;
    }
    if (process == TS_HANDLE_INVALID) {
        return answer(message, TS_ERR_NOT_FOUND);
    }
    ts_status_t status = ts_handle_duplicate(process, LOOK_RIGHTS, &handle);
    return answer_handle(message, status, handle);
}

static enum ts_answer by_name(uint32_t label, struct ts_message *message) {
    char name[TS_NAME_LENGTH];
    if (!ts_message_get_bytes(message, 0, name, sizeof(name), NULL)) {
        return answer(message, TS_ERR_INVALID_ARGS);
    }
    if (label == TS_PROCESS_STOP) {
        return answer(message, supervisor_stop(name));
    }
    if (label == TS_PROCESS_START) {
        return answer(message, supervisor_restart(name));
    }
    struct task *task = task_by_name(name);
    return task != NULL && task->state == TS_PROCESS_RUNNING ? answer_word(message, task->id)
                                                             : answer(message, TS_ERR_NOT_FOUND);
}

static enum ts_answer manage(struct ts_message *message) {
    uint32_t label = ts_tag_label(message->tag);
    uint64_t id = ts_message_word(message, 0);
    struct task *task = task_by_id(id);
    switch (label) {
    case TS_PROCESS_SPAWN:
        return spawn(message);
    case TS_PROCESS_WAIT:
        return wait_for(task, message);
    case TS_PROCESS_KILL:
        return answer(message, task != NULL ? task_kill(task) : TS_ERR_NOT_FOUND);
    case TS_PROCESS_LIST:
        return list(message);
    case TS_PROCESS_OPEN:
        return open_process(id, message);
    case TS_PROCESS_STOP:
    case TS_PROCESS_START:
    case TS_PROCESS_FIND:
        return by_name(label, message);
    default:
        return answer(message, TS_ERR_NOT_SUPPORTED);
    }
}

static enum ts_answer init_call(struct ts_message *message) {
    struct task *caller = task_by_id(message->badge);
    if (caller == NULL) {
        return answer(message, TS_ERR_BAD_STATE);
    }
    switch (ts_tag_label(message->tag)) {
    case TS_BOOTSTRAP_GET:
        grants_fetch(caller, message);
        return TS_ANSWER_NOW;
    case TS_BOOTSTRAP_ARGUMENTS:
        return give_arguments(caller, message);
    case TS_BOOTSTRAP_LOOKUP:
        return look_up(caller, message);
    default:
        return caller->manage ? manage(message) : answer(message, TS_ERR_ACCESS_DENIED);
    }
}

static void init_notified(const struct ts_packet *packet) {
    if (packet->type == TS_PACKET_SIGNAL_ONE) {
        supervisor_ended(packet->key);
    }
}

static ts_status_t init_start(void) {
    ts_status_t status = services_make();
    if (status == TS_OK) {
        status = swap_make(manifest_swap_pages(&init_system.manifest));
    }
    if (status == TS_OK) {
        supervisor_start();
    }
    return status;
}

/* Nothing runs yet that could tell: the kernel's console and the machine's exit code do. */
static void give_up(const char *error, ts_status_t status) {
    const char *node = init_system.manifest.culprit; /* null unless the manifest was refused */
    ts_log("%s%s%s%s (%s)", node != NULL ? "manifest.dtb: " : "", node != NULL ? node : "",
           node != NULL && node[0] != '\0' ? ": " : "", error, ts_status_name(status));
    (void)!ts_system_power(init_system.root, TS_POWER_OFF, START_EXIT_CODE);
}

int main(int argc, char **argv) {
    static const struct ts_server server = {init_start, init_call, init_notified,
                                            supervisor_expired};
    const char *error = NULL;
    (void)argc;
    (void)argv;
    ts_status_t status = system_open(&error);
    if (status == TS_OK) {
        error = "the server loop ended";
        status = ts_server_run(&server, init_system.endpoint, init_system.port);
    }
    give_up(error, status);
    return 1;
}
