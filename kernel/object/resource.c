/* SPDX-License-Identifier: MIT */
/* Resources: immutable records of what their holder may use. */
#include "kernel/assert.h"
#include "kernel/devices.h"

#include "kernel/heap.h"

static SLAB_CACHE(resource_cache, struct resource);

static void resource_free(struct object *object) {
    object_uncharge(object);
    slab_free(&resource_cache, container_of(object, struct resource, object));
}

static const struct object_ops resource_ops = {.free = resource_free};

ts_status_t resource_create(struct account *account, uint32_t kind, uint64_t base, uint64_t length,
                            struct resource **result) {
    struct resource *resource = slab_alloc(&resource_cache);
    if (resource == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    ts_status_t status =
        object_init(&resource->object, TS_OBJECT_RESOURCE, &resource_ops, account, sizeof(*resource));
    if (status != TS_OK) {
        slab_free(&resource_cache, resource);
        return status;
    }
    resource->object.waitable = false;
    resource->kind = kind;
    resource->base = base;
    resource->length = length;
    *result = resource;
    return TS_OK;
}

bool resource_covers(const struct resource *resource, uint32_t kind, uint64_t base, uint64_t length) {
    DEBUG_ASSERT(resource->object.kind == TS_OBJECT_RESOURCE);
    if (resource->kind == TS_RESOURCE_ROOT) {
        return true;
    }
    return resource->kind == kind && base >= resource->base && length <= resource->length &&
           base - resource->base <= resource->length - length;
}
