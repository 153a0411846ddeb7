/* SPDX-License-Identifier: MIT */
/*
 * The serial server (proto/serial.h) over whatever UART is linked with it (device.h). A write is
 * answered when its last byte is in the transmitter, so nothing that was acknowledged dies with
 * this process. A read is answered when there are bytes. Needs the handles "endpoint" and
 * "interrupt", and what the UART asks for.
 */
#include "serial/common/device.h"

#include "abi/status.h"
#include "base/string.h"
#include "gen/os_calls.h"
#include "os/print.h"
#include "os/server.h"
#include "os/start.h"
#include "proto/serial.h"
#include "serial/common/queue.h"

#define WRITES_MAX    4u    /* writes that wait for the transmitter */
#define SETTLE_ROUNDS 64u   /* bounds the loop over a device that never calms down */
#define RECEIVE_BOUND 4096u /* bytes taken per interrupt */

struct pending_write {
    ts_handle_t reply;
    size_t length;
    size_t sent;
    uint8_t bytes[TS_SERIAL_BYTES_MAX + 1];
};

static struct pending_write
    writes[WRITES_MAX]; /* the first write_count are in use, the oldest first */
static unsigned write_count;
static struct serial_queue received;
static ts_handle_t reader; /* of a READ that waits, or 0 */
static ts_handle_t interrupt;
static ts_handle_t port;

/* Sends what the transmitter takes; true when all of it is in there. */
static bool transmit(struct pending_write *write) {
    while (write->sent < write->length) {
        unsigned room = serial_device_room();
        if (room == 0) {
            return false;
        }
        for (; room > 0 && write->sent < write->length; room--) {
            serial_device_put(write->bytes[write->sent++]);
        }
    }
    return true;
}

static void transmit_waiting(void) {
    struct ts_message message;
    while (write_count > 0 && transmit(&writes[0])) {
        ts_message_status(&message, TS_OK);
        (void)!ts_reply_send(writes[0].reply, &message); /* a writer that is gone needs no answer */
        write_count--;
        memmove(&writes[0], &writes[1], write_count * sizeof(writes[0]));
    }
    serial_device_want_room(write_count > 0);
}

static void receive_all(void) {
    uint8_t byte;
    for (unsigned i = 0; i < RECEIVE_BOUND && serial_device_get(&byte); i++) {
        serial_queue_put(&received, byte);
    }
}

static void put_received(struct ts_message *message) {
    uint8_t bytes[TS_SERIAL_BYTES_MAX];
    size_t count = serial_queue_take(&received, bytes, sizeof(bytes));
    ts_message_status(message, TS_OK);
    (void)!ts_message_put_bytes(message, bytes, count);
}

static void answer_reader(void) {
    if (reader != TS_HANDLE_INVALID && !serial_queue_is_empty(&received)) {
        struct ts_message message;
        put_received(&message);
        (void)!ts_reply_send(reader, &message);
        reader = TS_HANDLE_INVALID;
    }
}

static enum ts_answer write_bytes(struct ts_message *message) {
    ts_status_t status = TS_ERR_SHOULD_WAIT;
    if (write_count < WRITES_MAX) {
        struct pending_write *write = &writes[write_count];
        write->sent = 0;
        if (!ts_message_get_bytes(message, 0, write->bytes, sizeof(write->bytes), &write->length)) {
            status = TS_ERR_INVALID_ARGS;
        } else if (write_count == 0 && transmit(write)) {
            status = TS_OK;
        } else {
            status = ts_reply_save(0, &write->reply);
            if (status == TS_OK) {
                write_count++;
                serial_device_want_room(true);
                return TS_ANSWER_LATER;
            }
        }
    }
    ts_message_status(message, status);
    return TS_ANSWER_NOW;
}

/* A reader that died leaves its place to the next one: the older wait ends. */
static enum ts_answer read_bytes(struct ts_message *message) {
    if (reader != TS_HANDLE_INVALID) {
        (void)!ts_handle_close(reader);
        reader = TS_HANDLE_INVALID;
    }
    if (!serial_queue_is_empty(&received)) {
        put_received(message);
        return TS_ANSWER_NOW;
    }
    ts_status_t status = ts_reply_save(0, &reader);
    if (status == TS_OK) {
        return TS_ANSWER_LATER;
    }
    reader = TS_HANDLE_INVALID;
    ts_message_status(message, status);
    return TS_ANSWER_NOW;
}

static enum ts_answer serial_call(struct ts_message *message) {
    switch (ts_tag_label(message->tag)) {
    case TS_SERIAL_WRITE:
        return write_bytes(message);
    case TS_SERIAL_READ:
        return read_bytes(message);
    default:
        ts_message_status(message, TS_ERR_NOT_SUPPORTED);
        return TS_ANSWER_NOW;
    }
}

/* The line is acknowledged before the device is looked at for the last time: on a line that reports
 * edges, what happens in between would otherwise not be reported. */
static void serial_notified(const struct ts_packet *packet) {
    (void)packet;
    for (unsigned i = 0; i < SETTLE_ROUNDS; i++) {
        serial_device_settle();
        receive_all();
        transmit_waiting();
        answer_reader();
        (void)!ts_interrupt_ack(interrupt);
        if (!serial_device_pending()) {
            break;
        }
    }
}

static ts_status_t serial_init(void) {
    ts_status_t status = ts_interrupt_bind(interrupt, port, 0);
    if (status == TS_OK) {
        status = serial_device_start();
    }
    if (status == TS_OK) {
        serial_notified(NULL);
    }
    return status;
}

int main(int argc, char **argv) {
    static const struct ts_server server = {serial_init, serial_call, serial_notified, NULL};
    (void)argc;
    (void)argv;
    interrupt = ts_startup_handle("interrupt");
    if (ts_port_create(0, &port) != TS_OK) {
        return 1;
    }
    ts_status_t status = ts_server_run(&server, ts_startup_handle("endpoint"), port);
    ts_log("ended: %s", ts_status_name(status));
    return 1;
}
