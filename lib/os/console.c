/* SPDX-License-Identifier: MIT */
/* Client side of the console. */
#include "os/console.h"

#include "abi/status.h"
#include "base/string.h"
#include "os/message.h"

#define ATTEMPTS 8u /* restarts of the console that one call outlives */

ts_status_t ts_console_write(ts_handle_t console, const char *text, size_t length) {
    ts_status_t status = TS_ERR_PEER_CLOSED;
    for (unsigned i = 0; i < ATTEMPTS && status == TS_ERR_PEER_CLOSED; i++) {
        struct ts_message message;
        ts_message_begin(&message, TS_CONSOLE_WRITE);
        if (!ts_message_put_bytes(&message, text, length)) {
            return TS_ERR_OUT_OF_RANGE;
        }
        status = ts_message_call(console, &message, TS_TIME_INFINITE);
    }
    return status;
}

ts_status_t ts_console_read_line(ts_handle_t console, const char *prompt, char *line, size_t size) {
    ts_status_t status = TS_ERR_PEER_CLOSED;
    line[0] = '\0';
    for (unsigned i = 0; i < ATTEMPTS && status == TS_ERR_PEER_CLOSED; i++) {
        struct ts_message message;
        ts_message_begin(&message, TS_CONSOLE_READ_LINE);
        if (!ts_message_put_bytes(&message, prompt, strnlen(prompt, TS_CONSOLE_PROMPT_MAX))) {
            return TS_ERR_OUT_OF_RANGE;
        }
        status = ts_message_call(console, &message, TS_TIME_INFINITE);
        if (status == TS_OK && !ts_message_get_bytes(&message, 0, line, size, NULL)) {
            return TS_ERR_BUFFER_TOO_SMALL;
        }
    }
    return status;
}
