/* SPDX-License-Identifier: MIT */
/*
 * The console: shares one serial line between all programs. Text is written as it comes, a line
 * being edited is moved out of its way. Whoever reads gets whole lines, one reader after the other;
 * what is typed while nobody reads is kept for the next one. A thread of its own waits for the
 * device and hands what it got to the server loop, so the loop needs no locks. The driver may die
 * at any time: the call that fails is made again and waits for its successor.
 */
#include "abi/rights.h"
#include "abi/status.h"
#include "base/string.h"
#include "console/line_editor.h"
#include "gen/os_calls.h"
#include "os/print.h"
#include "os/server.h"
#include "os/start.h"
#include "os/thread.h"
#include "os/time.h"
#include "proto/console.h"
#include "proto/serial.h"

#define READERS_MAX 8u
#define INPUT_SIZE  4096u      /* bytes typed ahead, a power of two */
#define INPUT_BADGE UINT64_MAX /* init gives out process ids, which never get there */
#define RETRY_PAUSE (10 * TS_MILLISECOND)

struct reader {
    ts_handle_t reply;
    char prompt[TS_CONSOLE_PROMPT_MAX + 1];
};

static struct reader readers[READERS_MAX]; /* the first reader_count; readers[0] has the line */
static unsigned reader_count;
static struct line_editor editor;
static uint8_t input[INPUT_SIZE];
static uint32_t input_head;
static uint32_t input_tail;
static bool at_line_start = true;
static ts_handle_t serial;
static ts_handle_t input_endpoint; /* the reader thread's way to the loop */

/* Until the device has it: a driver that is restarted in the middle is asked again. */
static void send(const char *bytes, size_t length) {
    for (;;) {
        struct ts_message message;
        ts_message_begin(&message, TS_SERIAL_WRITE);
        (void)!ts_message_put_bytes(&message, bytes, length);
        if (ts_message_call(serial, &message, TS_TIME_INFINITE) == TS_OK) {
            return;
        }
        (void)!ts_thread_sleep(ts_time_after(RETRY_PAUSE));
    }
}

/* Terminals want a carriage return before each line feed; the editor's own output has them already.
 */
static void show(const char *text, size_t length) {
    char out[TS_SERIAL_BYTES_MAX];
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        if (used + 2 > sizeof(out)) {
            send(out, used);
            used = 0;
        }
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) {
            out[used++] = '\r';
        }
        out[used++] = text[i];
        at_line_start = text[i] == '\n';
    }
    if (used > 0) {
        send(out, used);
    }
}

static void show_editor(void) {
    const char *text;
    size_t length = line_editor_output(&editor, &text);
    if (length > 0) {
        show(text, length);
    }
}

static void start_line(void) {
    if (!at_line_start) {
        show("\n", 1);
    }
    line_editor_start(&editor, readers[0].prompt);
    show_editor();
}

/* The reader at the front is answered, and the next one's line begins. */
static void answer_reader(ts_status_t status) {
    struct ts_message message;
    ts_message_status(&message, status);
    if (status == TS_OK) {
        (void)!ts_message_put_bytes(&message, editor.line, editor.length);
    }
    (void)!ts_reply_send(readers[0].reply, &message); /* a reader that is gone needs no answer */
    reader_count--;
    memmove(&readers[0], &readers[1], reader_count * sizeof(readers[0]));
    if (reader_count > 0) {
        start_line();
    }
}

static void edit_input(void) {
    while (reader_count > 0 && input_head != input_tail) {
        enum line_event event = line_editor_feed(&editor, input[input_tail++ % INPUT_SIZE]);
        show_editor();
        if (event != LINE_MORE) {
            answer_reader(event == LINE_DONE ? TS_OK : TS_ERR_CANCELED);
        }
    }
}

static enum ts_answer take_input(struct ts_message *message) {
    uint8_t bytes[TS_SERIAL_BYTES_MAX + 1];
    size_t length;
    if (ts_message_get_bytes(message, 0, bytes, sizeof(bytes), &length)) {
        for (size_t i = 0; i < length && input_head - input_tail < INPUT_SIZE; i++) {
            input[input_head++ % INPUT_SIZE] = bytes[i];
        }
    }
    edit_input();
    ts_message_status(message, TS_OK);
    return TS_ANSWER_NOW;
}

static enum ts_answer write_text(struct ts_message *message) {
    char text[TS_CONSOLE_TEXT_MAX + 1];
    size_t length;
    if (!ts_message_get_bytes(message, 0, text, sizeof(text), &length)) {
        ts_message_status(message, TS_ERR_INVALID_ARGS);
        return TS_ANSWER_NOW;
    }
    if (reader_count > 0) {
        line_editor_hide(&editor);
        show_editor();
    }
    show(text, length);
    if (reader_count > 0) {
        if (!at_line_start) {
            show("\n", 1);
        }
        line_editor_show(&editor);
        show_editor();
    }
    ts_message_status(message, TS_OK);
    return TS_ANSWER_NOW;
}

static enum ts_answer read_line(struct ts_message *message) {
    struct reader *reader = &readers[reader_count];
    ts_status_t status = TS_ERR_SHOULD_WAIT;
    if (reader_count < READERS_MAX) {
        status = TS_ERR_INVALID_ARGS;
        if (ts_message_get_bytes(message, 0, reader->prompt, sizeof(reader->prompt), NULL)) {
            status = ts_reply_save(0, &reader->reply);
        }
    }
    if (status != TS_OK) {
        ts_message_status(message, status);
        return TS_ANSWER_NOW;
    }
    reader_count++;
    if (reader_count == 1) {
        start_line();
        edit_input();
    }
    return TS_ANSWER_LATER;
}

static enum ts_answer console_call(struct ts_message *message) {
    switch (ts_tag_label(message->tag)) {
    case TS_CONSOLE_WRITE:
        return write_text(message);
    case TS_CONSOLE_READ_LINE:
        return read_line(message);
    case TS_CONSOLE_INPUT:
        if (message->badge == INPUT_BADGE) {
            return take_input(message);
        }
        break;
    default:
        break;
    }
    ts_message_status(message, TS_ERR_NOT_SUPPORTED);
    return TS_ANSWER_NOW;
}

/* The reader thread: from the device to the loop, for ever. */
static void read_serial(void *argument) {
    uint8_t bytes[TS_SERIAL_BYTES_MAX + 1];
    size_t length;
    (void)argument;
    for (;;) {
        struct ts_message message;
        ts_message_begin(&message, TS_SERIAL_READ);
        if (ts_message_call(serial, &message, TS_TIME_INFINITE) != TS_OK) {
            (void)!ts_thread_sleep(ts_time_after(RETRY_PAUSE));
            continue;
        }
        if (ts_message_get_bytes(&message, 0, bytes, sizeof(bytes), &length)) {
            ts_message_begin(&message, TS_CONSOLE_INPUT);
            (void)!ts_message_put_bytes(&message, bytes, length);
            (void)!ts_message_call(input_endpoint, &message, TS_TIME_INFINITE);
        }
    }
}

static ts_status_t console_init(void) {
    ts_handle_t thread;
    line_editor_init(&editor);
    ts_status_t status = ts_endpoint_mint(ts_startup_handle("endpoint"), INPUT_BADGE,
                                          TS_RIGHT_WRITE, &input_endpoint);
    if (status == TS_OK) {
        status = ts_thread_spawn("console-reader", read_serial, NULL, TS_STACK_SIZE, &thread);
    }
    return status;
}

int main(int argc, char **argv) {
    static const struct ts_server server = {console_init, console_call, NULL, NULL};
    (void)argc;
    (void)argv;
    serial = ts_startup_handle("serial");
    ts_status_t status = ts_server_run(&server, ts_startup_handle("endpoint"), TS_HANDLE_INVALID);
    ts_log("ended: %s", ts_status_name(status));
    return 1;
}
