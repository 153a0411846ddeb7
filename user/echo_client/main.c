/* SPDX-License-Identifier: MIT */
/* A client of the echo server: finds it by name, sends each argument there, and prints what comes
 * back. */
#include "abi/status.h"
#include "base/string.h"
#include "os/message.h"
#include "os/print.h"
#include "os/start.h"
#include "proto/echo.h"

static ts_status_t echo(ts_handle_t server, const char *text) {
    struct ts_message message;
    char answer[TS_MESSAGE_WORDS * sizeof(uint64_t)];
    ts_message_begin(&message, TS_ECHO_ECHO);
    if (!ts_message_put_bytes(&message, text, strlen(text))) {
        return TS_ERR_OUT_OF_RANGE;
    }
    ts_status_t status = ts_message_call(server, &message, TS_TIME_INFINITE);
    if (status == TS_OK && !ts_message_get_bytes(&message, 0, answer, sizeof(answer), NULL)) {
        status = TS_ERR_IO_DATA_INTEGRITY;
    }
    if (status == TS_OK) {
        ts_print("echo: %s\n", answer);
    }
    return status;
}

int main(int argc, char **argv) {
    ts_handle_t server;
    ts_status_t status = ts_service_find("echo", &server);
    if (argc < 2 && status == TS_OK) {
        status = echo(server, "nothing to say");
    }
    for (int i = 1; i < argc && status == TS_OK; i++) {
        status = echo(server, argv[i]);
    }
    if (status != TS_OK) {
        ts_print("echo_client: %s\n", ts_status_name(status));
        return 1;
    }
    return 0;
}
