/* SPDX-License-Identifier: MIT */
/* Client side of the process service. */
#include "os/programs.h"

#include "abi/status.h"
#include "base/string.h"
#include "os/message.h"
#include "os/start.h"

static ts_status_t call_init(struct ts_message *message) {
    return ts_message_call(ts_startup_handle("init"), message, TS_TIME_INFINITE);
}

static ts_status_t call_with_id(struct ts_message *message, uint32_t label, uint64_t id) {
    ts_message_begin(message, label);
    if (!ts_message_put(message, id)) {
        return TS_ERR_OUT_OF_RANGE;
    }
    return call_init(message);
}

static ts_status_t call_with_bytes(struct ts_message *message, uint32_t label, const char *bytes,
                                   size_t length) {
    ts_message_begin(message, label);
    if (!ts_message_put_bytes(message, bytes, length)) {
        return TS_ERR_OUT_OF_RANGE;
    }
    return call_init(message);
}

ts_status_t ts_program_spawn(const char *arguments, size_t length, uint64_t *id) {
    struct ts_message message;
    ts_status_t status = call_with_bytes(&message, TS_PROCESS_SPAWN, arguments, length);
    *id = status == TS_OK ? ts_message_word(&message, 0) : 0;
    return status;
}

ts_status_t ts_program_wait(uint64_t id, int64_t *exit_code) {
    struct ts_message message;
    ts_status_t status = call_with_id(&message, TS_PROCESS_WAIT, id);
    *exit_code = status == TS_OK ? (int64_t)ts_message_word(&message, 0) : 0;
    return status;
}

ts_status_t ts_program_kill(uint64_t id) {
    struct ts_message message;
    return call_with_id(&message, TS_PROCESS_KILL, id);
}

ts_status_t ts_program_list(uint64_t index, struct ts_process_entry *entry) {
    struct ts_message message;
    uint64_t words[sizeof(*entry) / sizeof(uint64_t)];
    ts_status_t status = call_with_id(&message, TS_PROCESS_LIST, index);
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        words[i] = status == TS_OK ? ts_message_word(&message, i) : 0;
    }
    memcpy(entry, words, sizeof(*entry));
    entry->name[sizeof(entry->name) - 1] = '\0';
    return status;
}

ts_status_t ts_program_open(uint64_t id, ts_handle_t *process) {
    struct ts_message message;
    ts_status_t status = call_with_id(&message, TS_PROCESS_OPEN, id);
    *process = status == TS_OK ? ts_message_handle(&message, 0) : TS_HANDLE_INVALID;
    return status;
}

ts_status_t ts_program_find(const char *name, uint64_t *id) {
    struct ts_message message;
    ts_status_t status = call_with_bytes(&message, TS_PROCESS_FIND, name, strlen(name));
    *id = status == TS_OK ? ts_message_word(&message, 0) : 0;
    return status;
}

ts_status_t ts_server_stop(const char *name) {
    struct ts_message message;
    return call_with_bytes(&message, TS_PROCESS_STOP, name, strlen(name));
}

ts_status_t ts_server_start(const char *name) {
    struct ts_message message;
    return call_with_bytes(&message, TS_PROCESS_START, name, strlen(name));
}
