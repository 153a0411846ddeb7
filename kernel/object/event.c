/* SPDX-License-Identifier: MIT */
/* Events: signals and nothing else. */
#include "kernel/devices.h"

#include "kernel/heap.h"

static SLAB_CACHE(event_cache, struct event);

static void event_free(struct object *object) {
    object_uncharge(object);
    slab_free(&event_cache, container_of(object, struct event, object));
}

static const struct object_ops event_ops = {.free = event_free};

ts_status_t event_create(struct account *account, struct event **event) {
    *event = slab_alloc(&event_cache);
    if (*event == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    ts_status_t status = object_init(&(*event)->object, TS_OBJECT_EVENT, &event_ops, account, sizeof(**event));
    if (status != TS_OK) {
        slab_free(&event_cache, *event);
    }
    return status;
}
