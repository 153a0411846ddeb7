/* SPDX-License-Identifier: MIT */
/* Reserves of frames. */
#include "kernel/reserve.h"

#include "kernel/heap.h"

static struct frame *take(struct frame_reserve *reserve) {
    struct frame *frame = NULL;
    for (uint32_t i = 0; frame == NULL && i < reserve->size; i++) {
        frame = __atomic_exchange_n(&reserve->slot[i], NULL, __ATOMIC_RELAXED);
    }
    return frame;
}

/* One frame into an empty place, which another CPU may fill first. False: there is none. */
static bool fill_slot(struct frame **slot) {
    struct frame *frame = frame_alloc(FRAME_KERNEL, FRAME_DIRTY_OK);
    struct frame *empty = NULL;
    if (frame == NULL) {
        return false;
    }
    if (!__atomic_compare_exchange_n(slot, &empty, frame, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        frame_free(frame);
    }
    return true;
}

void frame_reserve_fill(struct frame_reserve *reserve) {
    bool more = reserve != NULL;
    for (uint32_t i = 0; more && i < reserve->size; i++) {
        more = __atomic_load_n(&reserve->slot[i], __ATOMIC_RELAXED) != NULL || fill_slot(&reserve->slot[i]);
    }
}

uint32_t frame_reserve_count(const struct frame_reserve *reserve) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < reserve->size; i++) {
        count += __atomic_load_n(&reserve->slot[i], __ATOMIC_RELAXED) != NULL ? 1 : 0;
    }
    return count;
}

struct frame_reserve *frame_reserve_new(uint32_t size) {
    struct frame_reserve *reserve = heap_alloc(sizeof(*reserve) + size * sizeof(reserve->slot[0]));
    if (reserve == NULL) {
        return NULL;
    }
    reserve->size = size;
    frame_reserve_fill(reserve);
    if (frame_reserve_count(reserve) < size) {
        frame_reserve_free(reserve);
        return NULL;
    }
    return reserve;
}

void frame_reserve_free(struct frame_reserve *reserve) {
    struct frame *frame;
    while ((frame = take(reserve)) != NULL) {
        frame_free(frame);
    }
    heap_free(reserve);
}

/* What is given back lies in this CPU's magazine, and is taken out again: interrupts are off in between. */
struct frame *frame_reserve_alloc(struct frame_reserve *reserve, enum frame_use use, unsigned flags) {
    struct frame *spare = take(reserve);
    if (spare == NULL) {
        return NULL;
    }
    frame_free(spare);
    return frame_alloc(use, flags);
}
