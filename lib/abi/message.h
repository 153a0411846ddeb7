/* SPDX-License-Identifier: MIT */
/*
 * Messages through endpoints: the tag, and the message buffer, one pinned page per thread that
 * kernel and user space both see. Up to 6 words travel in registers; with more than 6, all words
 * are taken from and delivered to the buffer, and the first 6 are delivered in registers as well.
 * Handles are always in the buffer.
 */
#pragma once

#include "abi/types.h"

#define TS_MESSAGE_WORDS          64u /* most words of a message */
#define TS_MESSAGE_HANDLES        4u  /* most handles of a message */
#define TS_MESSAGE_REGISTER_WORDS 6u  /* words that need no buffer */

/* Tag: bits 0-6 words, bits 7-9 handles, bits 10-15 zero, bits 16-31 flags of the kernel, bits
 * 32-63 label. */
#define TS_TAG_WORDS_MASK    0x7full
#define TS_TAG_HANDLES_SHIFT 7
#define TS_TAG_HANDLES_MASK  0x7ull
#define TS_TAG_FLAGS_MASK    0xffff0000ull
#define TS_TAG_LABEL_SHIFT   32

/* Set by the kernel alone: no request was taken, the port bound to the endpoint has packets. */
#define TS_TAG_NOTIFIED (1ull << 16)

/* Options of ts_reply_wait. */
#define TS_REPLY_NONE 1ull /* nothing to reply to: only receive */

static inline uint64_t ts_tag(uint32_t label, unsigned words, unsigned handles) {
    return (uint64_t)label << TS_TAG_LABEL_SHIFT | (uint64_t)handles << TS_TAG_HANDLES_SHIFT |
           words;
}

static inline unsigned ts_tag_words(uint64_t tag) {
    return (unsigned)(tag & TS_TAG_WORDS_MASK);
}

static inline unsigned ts_tag_handles(uint64_t tag) {
    return (unsigned)(tag >> TS_TAG_HANDLES_SHIFT & TS_TAG_HANDLES_MASK);
}

static inline uint32_t ts_tag_label(uint64_t tag) {
    return (uint32_t)(tag >> TS_TAG_LABEL_SHIFT);
}

#define TS_MESSAGE_TLS_WORDS (512u - 1u - TS_MESSAGE_HANDLES - TS_MESSAGE_WORDS)

/* The thread pointer register holds this page's address when a thread starts. */
struct ts_message_buffer {
    uint64_t self; /* the page's own address in the process, set by the kernel */
    ts_handle_t handles[TS_MESSAGE_HANDLES];
    uint64_t words[TS_MESSAGE_WORDS];
    uint64_t tls[TS_MESSAGE_TLS_WORDS]; /* user space's own; the kernel does not look at it */
};

_Static_assert(sizeof(struct ts_message_buffer) == TS_PAGE_SIZE, "the message buffer is a page");
