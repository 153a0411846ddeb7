/* SPDX-License-Identifier: MIT */
/* Building and reading of messages. Words are kept in the message and in the buffer, so that the
 * kernel finds them wherever their number makes it look. Called by every program; touches only the
 * calling thread's buffer. */
#include "os/message.h"

#include "abi/status.h"
#include "base/string.h"

void ts_message_begin(struct ts_message *message, uint32_t label) {
    memset(message, 0, sizeof(*message));
    message->tag = ts_tag(label, 0, 0);
}

bool ts_message_put(struct ts_message *message, uint64_t word) {
    unsigned count = ts_tag_words(message->tag);
    if (count >= TS_MESSAGE_WORDS) {
        return false;
    }
    ts_message_buffer()->words[count] = word;
    if (count < TS_MESSAGE_REGISTER_WORDS) {
        message->word[count] = word;
    }
    message->tag++;
    return true;
}

bool ts_message_put_bytes(struct ts_message *message, const void *bytes, size_t length) {
    size_t room = TS_MESSAGE_WORDS - ts_tag_words(message->tag);
    if (room == 0 || length > (room - 1) * sizeof(uint64_t)) {
        return false;
    }
    bool all = ts_message_put(message, length);
    for (size_t at = 0; at < length; at += sizeof(uint64_t)) {
        uint64_t word = 0;
        size_t left = length - at;
        memcpy(&word, (const char *)bytes + at, left < sizeof(word) ? left : sizeof(word));
        all = all && ts_message_put(message, word);
    }
    return all;
}

bool ts_message_put_handle(struct ts_message *message, ts_handle_t handle) {
    unsigned count = ts_tag_handles(message->tag);
    if (count >= TS_MESSAGE_HANDLES) {
        return false;
    }
    ts_message_buffer()->handles[count] = handle;
    message->tag += 1ull << TS_TAG_HANDLES_SHIFT;
    return true;
}

uint64_t ts_message_word(const struct ts_message *message, unsigned index) {
    if (index >= ts_tag_words(message->tag) || index >= TS_MESSAGE_WORDS) {
        return 0;
    }
    return index < TS_MESSAGE_REGISTER_WORDS ? message->word[index]
                                             : ts_message_buffer()->words[index];
}

ts_handle_t ts_message_handle(const struct ts_message *message, unsigned index) {
    if (index >= ts_tag_handles(message->tag) || index >= TS_MESSAGE_HANDLES) {
        return TS_HANDLE_INVALID;
    }
    return ts_message_buffer()->handles[index];
}

bool ts_message_get_bytes(const struct ts_message *message, unsigned index, void *bytes,
                          size_t size, size_t *length) {
    unsigned count = ts_tag_words(message->tag);
    uint64_t all = ts_message_word(message, index);
    if (index >= count || all >= size || all > (uint64_t)(count - index - 1) * sizeof(uint64_t)) {
        return false;
    }
    for (size_t at = 0; at < all; at += sizeof(uint64_t)) {
        uint64_t word = ts_message_word(message, ++index);
        size_t left = all - at;
        memcpy((char *)bytes + at, &word, left < sizeof(word) ? left : sizeof(word));
    }
    ((char *)bytes)[all] = '\0';
    if (length != NULL) {
        *length = all;
    }
    return true;
}

ts_status_t ts_message_call(ts_handle_t endpoint, struct ts_message *message, ts_time_t deadline) {
    ts_status_t status = ts_call(endpoint, message, deadline);
    return status != TS_OK ? status : (ts_status_t)ts_tag_label(message->tag);
}
