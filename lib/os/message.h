/* SPDX-License-Identifier: MIT */
/*
 * Messages through endpoints. A message is built word by word, sent, and turns into the answer in
 * place. Words beyond the sixth and all handles are in the thread's message buffer, which the next
 * message of the same thread overwrites: so a received message is read completely before another
 * one is sent.
 *
 * By convention a request's label says what is wanted, a reply's label is a status, and a byte
 * string takes one word for its length and then its bytes, eight to a word.
 */
#pragma once

#include "abi/message.h"
#include "abi/types.h"
#include "os/impl/cpu.h"

struct ts_message {
    uint64_t tag;
    uint64_t badge; /* of the handle that the sender used; received requests only */
    uint64_t word[TS_MESSAGE_REGISTER_WORDS];
};

/* The system calls that pass a whole message in registers. Results replace the message. */
ts_status_t ts_call(ts_handle_t endpoint, struct ts_message *message, ts_time_t deadline);
ts_status_t ts_reply_wait(ts_handle_t endpoint, struct ts_message *message, ts_time_t deadline,
                          uint64_t options);
ts_status_t ts_reply_send(ts_handle_t reply, const struct ts_message *message);

/* Building: an empty message, then words, bytes and handles appended. False: no room, nothing was
 * appended. */
void ts_message_begin(struct ts_message *message, uint32_t label);
bool ts_message_put(struct ts_message *message, uint64_t word);
bool ts_message_put_bytes(struct ts_message *message, const void *bytes, size_t length);
bool ts_message_put_handle(struct ts_message *message, ts_handle_t handle);

/* An empty reply with this status. */
static inline void ts_message_status(struct ts_message *message, ts_status_t status) {
    ts_message_begin(message, (uint32_t)status);
}

/* Reading: the index-th word, or handle; 0 if the message has fewer. */
uint64_t ts_message_word(const struct ts_message *message, unsigned index);
ts_handle_t ts_message_handle(const struct ts_message *message, unsigned index);

/* Copies the byte string whose length is the index-th word, and terminates it; size includes the
 * terminator. False, and nothing in bytes, if the message is too short or the string too long. */
bool ts_message_get_bytes(const struct ts_message *message, unsigned index, void *bytes,
                          size_t size, size_t *length);

/* Calls, and makes one status of how it went and of the reply's label. */
ts_status_t ts_message_call(ts_handle_t endpoint, struct ts_message *message, ts_time_t deadline);
