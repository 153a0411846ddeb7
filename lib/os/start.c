/* SPDX-License-Identifier: MIT */
/*
 * From the first instruction to main(). The kernel gives the first process its handles in the
 * message buffer, by number; every other program asks its parent for them, by name
 * (proto/bootstrap.h). Runs on the first thread alone.
 */
#include "os/start.h"

#include "abi/options.h"
#include "abi/startup.h"
#include "abi/status.h"
#include "base/string.h"
#include "gen/os_calls.h"
#include "gen/syscalls.h"
#include "os/loader.h"
#include "os/message.h"
#include "os/print.h"
#include "os/time.h"
#include "proto/bootstrap.h"

/* Kept by the linker script, in every program. */
static const struct ts_abi_note abi_note
    __attribute__((section(".note.tessera"), used, aligned(4))) = {
        .name_size = sizeof(TS_ABI_NOTE_NAME),
        .descriptor_size = sizeof(uint64_t),
        .type = TS_ABI_NOTE_TYPE,
        .name = TS_ABI_NOTE_NAME,
        .abi_id = {(uint32_t)TS_ABI_ID, (uint32_t)(TS_ABI_ID >> 32)},
};

struct startup_entry {
    char name[TS_BOOTSTRAP_NAME_LENGTH];
    uint64_t value;
};

static struct startup_entry entries[TS_BOOTSTRAP_HANDLES_MAX];
static unsigned entry_count;
static char argument_bytes[TS_ARGUMENT_BYTES_MAX + 1];
static char *arguments[TS_ARGUMENT_COUNT_MAX + 1];
static int argument_count;

void ts_start(uint64_t argument1, uint64_t argument2);

uint64_t ts_startup_value(const char *name) {
    for (unsigned i = 0; i < entry_count; i++) {
        if (strcmp(entries[i].name, name) == 0) {
            return entries[i].value;
        }
    }
    return 0;
}

ts_handle_t ts_startup_handle(const char *name) {
    return ts_startup_value(name);
}

static void add_entry(const char *name, uint64_t value) {
    if (entry_count < TS_BOOTSTRAP_HANDLES_MAX) {
        string_copy(entries[entry_count].name, sizeof(entries[entry_count].name), name);
        entries[entry_count++].value = value;
    }
}

const char *ts_argument(const char *key) {
    size_t length = strlen(key);
    for (int i = 0; i < argument_count; i++) {
        if (strncmp(arguments[i], key, length) == 0 && arguments[i][length] == '=') {
            return arguments[i] + length + 1;
        }
    }
    return NULL;
}

uint64_t ts_argument_number(const char *key, uint64_t otherwise) {
    const char *text = ts_argument(key);
    uint64_t number;
    return text != NULL && ts_number_parse(text, &number) ? number : otherwise;
}

static int digit_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

bool ts_number_parse(const char *text, uint64_t *number) {
    unsigned base = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
    const char *at = base == 16 ? text + 2 : text;
    uint64_t value = 0;
    if (*at == '\0') {
        return false;
    }
    for (; *at != '\0'; at++) {
        unsigned digit = (unsigned)digit_value(*at);
        if (digit >= base || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit, &value)) {
            return false;
        }
    }
    *number = value;
    return true;
}

ts_status_t ts_service_find(const char *name, ts_handle_t *service) {
    struct ts_message message;
    ts_message_begin(&message, TS_BOOTSTRAP_LOOKUP);
    if (!ts_message_put_bytes(&message, name, strlen(name))) {
        return TS_ERR_OUT_OF_RANGE;
    }
    ts_status_t status = ts_message_call(ts_startup_handle("init"), &message, TS_TIME_INFINITE);
    *service = status == TS_OK ? ts_message_handle(&message, 0) : TS_HANDLE_INVALID;
    return status;
}

void ts_exit(int64_t code) {
    ts_print_flush();
    ts_process_exit((uint64_t)code);
}

/* The kernel's name codes as the names that programs use. */
static const char *kernel_name(uint64_t code) {
    switch (code) {
    case TS_STARTUP_PROCESS:
        return "process";
    case TS_STARTUP_THREAD:
        return "thread";
    case TS_STARTUP_VMAR:
        return "vmar";
    case TS_STARTUP_JOB:
        return "job";
    case TS_STARTUP_RESOURCE_ROOT:
        return "root";
    case TS_STARTUP_ARCHIVE:
        return "archive";
    case TS_STARTUP_ARCHIVE_OFFSET:
        return "archive-offset";
    case TS_STARTUP_ARCHIVE_SIZE:
        return "archive-size";
    case TS_STARTUP_DEVICETREE:
        return "tree";
    case TS_STARTUP_DEVICETREE_OFFSET:
        return "tree-offset";
    case TS_STARTUP_DEVICETREE_SIZE:
        return "tree-size";
    case TS_STARTUP_TIME_PAGE:
        return "time";
    case TS_STARTUP_LOG:
        return "log";
    case TS_STARTUP_COMMAND_LINE:
        return "command-line";
    default:
        return NULL;
    }
}

static void startup_from_kernel(uint64_t words) {
    const struct ts_message_buffer *buffer = ts_message_buffer();
    for (uint64_t i = 0; i + 1 < words && i + 1 < TS_MESSAGE_WORDS; i += 2) {
        const char *name = kernel_name(buffer->words[i]);
        if (name != NULL) {
            add_entry(name, buffer->words[i + 1]);
        }
    }
}

static void startup_handles(ts_handle_t parent) {
    struct ts_message message;
    do {
        ts_message_begin(&message, TS_BOOTSTRAP_GET);
        if (ts_message_call(parent, &message, TS_TIME_INFINITE) != TS_OK) {
            ts_process_exit((uint64_t)TS_ERR_BAD_STATE);
        }
        for (unsigned i = 0; i < ts_tag_handles(message.tag); i++) {
            char name[TS_BOOTSTRAP_NAME_LENGTH];
            uint64_t words[2] = {ts_message_word(&message, 1 + 2 * i),
                                 ts_message_word(&message, 2 + 2 * i)};
            memcpy(name, words, sizeof(name));
            name[sizeof(name) - 1] = '\0';
            add_entry(name, ts_message_handle(&message, i));
        }
    } while (ts_message_word(&message, 0) > 0 && ts_tag_handles(message.tag) > 0);
}

static void startup_arguments(ts_handle_t parent) {
    struct ts_message message;
    size_t length = 0;
    ts_message_begin(&message, TS_BOOTSTRAP_ARGUMENTS);
    if (ts_message_call(parent, &message, TS_TIME_INFINITE) != TS_OK ||
        !ts_message_get_bytes(&message, 0, argument_bytes, sizeof(argument_bytes), &length)) {
        return;
    }
    for (size_t at = 0; at < length && argument_count < (int)TS_ARGUMENT_COUNT_MAX;) {
        arguments[argument_count++] = argument_bytes + at;
        at += strlen(argument_bytes + at) + 1;
    }
}

/* Called by crt0 with what process_start (or the kernel) passed. */
void ts_start(uint64_t argument1, uint64_t argument2) {
    if (argument1 == TS_HANDLE_INVALID) {
        startup_from_kernel(argument2);
    } else {
        add_entry("init", argument1);
        startup_handles(argument1);
        startup_arguments(argument1);
    }
    ts_time_init();
    ts_exit(main(argument_count, arguments));
}
