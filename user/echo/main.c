/* SPDX-License-Identifier: MIT */
/* The smallest server: answers each ECHO (proto/echo.h) with the bytes that came. Its one handle is
 * "endpoint". */
#include "abi/status.h"
#include "os/server.h"
#include "os/start.h"
#include "proto/echo.h"

static enum ts_answer echo_call(struct ts_message *message) {
    char bytes[TS_MESSAGE_WORDS * sizeof(uint64_t)];
    size_t length;
    if (ts_tag_label(message->tag) != TS_ECHO_ECHO) {
        ts_message_status(message, TS_ERR_NOT_SUPPORTED);
    } else if (!ts_message_get_bytes(message, 0, bytes, sizeof(bytes), &length)) {
        ts_message_status(message, TS_ERR_INVALID_ARGS);
    } else {
        ts_message_status(message, TS_OK);
        (void)!ts_message_put_bytes(message, bytes, length);
    }
    return TS_ANSWER_NOW;
}

int main(int argc, char **argv) {
    static const struct ts_server server = {NULL, echo_call, NULL, NULL};
    (void)argc;
    (void)argv;
    return ts_server_run(&server, ts_startup_handle("endpoint"), TS_HANDLE_INVALID);
}
