/* SPDX-License-Identifier: MIT */
/* A ring of received bytes. A full ring drops what comes: the sender was not told to stop, and the
 * newest is lost. */
#pragma once

#include "abi/types.h"

#define SERIAL_QUEUE_SIZE 2048u /* a power of two */

struct serial_queue {
    uint8_t bytes[SERIAL_QUEUE_SIZE];
    uint32_t head; /* bytes ever put in */
    uint32_t tail; /* bytes ever taken out */
    uint64_t dropped;
};

static inline bool serial_queue_is_empty(const struct serial_queue *queue) {
    return queue->head == queue->tail;
}

static inline void serial_queue_put(struct serial_queue *queue, uint8_t byte) {
    if (queue->head - queue->tail >= SERIAL_QUEUE_SIZE) {
        queue->dropped++;
        return;
    }
    queue->bytes[queue->head++ % SERIAL_QUEUE_SIZE] = byte;
}

/* Takes at most max bytes; returns how many. */
static inline size_t serial_queue_take(struct serial_queue *queue, uint8_t *bytes, size_t max) {
    size_t count = 0;
    while (count < max && !serial_queue_is_empty(queue)) {
        bytes[count++] = queue->bytes[queue->tail++ % SERIAL_QUEUE_SIZE];
    }
    return count;
}
