/* SPDX-License-Identifier: MIT */
/* Text output: one buffer, written at the end of a line or when it is full. */
#include "os/print.h"

#include "abi/status.h"
#include "base/format.h"
#include "base/string.h"
#include "gen/os_calls.h"
#include "os/console.h"
#include "os/start.h"

#define FORMAT_SIZE 512u
#define LOG_MAX     256u

static char pending[TS_CONSOLE_TEXT_MAX];
static size_t pending_length;

static void log_bytes(const char *text, size_t length) {
    ts_handle_t log = ts_startup_handle("log");
    if (log != TS_HANDLE_INVALID) {
        size_t bytes = length < LOG_MAX ? length : LOG_MAX;
        ts_status_t status = ts_log_write(log, text, bytes);
        (void)status; /* a log that cannot be written cannot be told */
    }
}

void ts_print_flush(void) {
    size_t length = pending_length;
    ts_handle_t console = ts_startup_handle("console");
    pending_length = 0;
    if (length == 0) {
        return;
    }
    if (console != TS_HANDLE_INVALID) {
        (void)!ts_console_write(console, pending, length);
    } else {
        log_bytes(pending, pending[length - 1] == '\n' ? length - 1 : length);
    }
}

void ts_print_bytes(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        pending[pending_length++] = text[i];
        if (text[i] == '\n' || pending_length == sizeof(pending)) {
            ts_print_flush();
        }
    }
}

void ts_print(const char *format, ...) {
    char text[FORMAT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_va(text, sizeof(text), format, arguments);
    va_end(arguments);
    ts_print_bytes(text, length < sizeof(text) ? length : sizeof(text) - 1);
}

void ts_log(const char *format, ...) {
    char text[LOG_MAX];
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_va(text, sizeof(text), format, arguments);
    va_end(arguments);
    log_bytes(text, length < sizeof(text) ? length : sizeof(text) - 1);
}

const char *ts_status_name(ts_status_t status) {
#define STATUS_CASE(name, value)                                                                   \
    case value:                                                                                    \
        return #name + (value < 0 ? sizeof("ERR") : 0);
    switch (status) {
        TS_STATUS_LIST(STATUS_CASE)
    default:
        return "?";
    }
#undef STATUS_CASE
}
