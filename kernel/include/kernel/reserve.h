/* SPDX-License-Identifier: MIT */
/*
 * Frames that are set aside for those who free others: when all others are gone, a server that writes pages back so that
 * their frames become free still has what it needs for that. Any context, no lock: each place of a reserve is exchanged
 * atomically; what a frame contains does not travel with it, so the order needs to be no more than relaxed.
 */
#pragma once

#include "kernel/frames.h"

#define FRAME_RESERVE_MAX 64u

struct frame_reserve {
    uint32_t size;
    struct frame *slot[]; /* atomic; null: it was taken */
};

/* A full one of 1 .. FRAME_RESERVE_MAX frames; null: no memory. */
struct frame_reserve *frame_reserve_new(uint32_t size);
void frame_reserve_free(struct frame_reserve *reserve);

/* What frame_alloc() refused, from the reserve. Null: it is empty. Interrupts off. */
struct frame *frame_reserve_alloc(struct frame_reserve *reserve, enum frame_use use, unsigned flags);

/* Fills up what was taken, as far as there are frames. Null is allowed. */
void frame_reserve_fill(struct frame_reserve *reserve);

/* Frames that are there. */
uint32_t frame_reserve_count(const struct frame_reserve *reserve);
