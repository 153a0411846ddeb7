/* SPDX-License-Identifier: MIT */
/* Calls on address ranges and VMOs. Long ones hold references, because they have preemption points. */
#include "gen/handlers.h"

#include "abi/rights.h"
#include "gen/lookup.h"
#include "kernel/assert.h"
#include "kernel/devices.h"
#include "kernel/process.h"

static inline ts_status_t publish(struct object *object, ts_rights_t rights, struct capability *parent,
                                  ts_handle_t *handle) {
    ts_status_t status = handle_add(process_handles_current(), object, rights, 0, parent, handle);
    object_release(object);
    return status;
}

ts_status_t sys_vmar_allocate(struct vmar *parent, const struct handle_view *parent_view, uint32_t options,
                              uint64_t offset, uint64_t size, ts_handle_t *child, uint64_t *address) {
    struct vmar *created = NULL;
    object_reference(&parent->object);
    capability_pin(parent_view->capability);
    ts_status_t status = vmar_allocate(parent, parent_view->rights, options, offset, size, &created, address);
    object_release(&parent->object);
    if (status != TS_OK) {
        capability_unpin(parent_view->capability);
        return status;
    }
    ts_rights_t rights = handle_child_rights(parent_view, TS_DEFAULT_RIGHTS_VMAR);
    rights |= (options & TS_VMAR_CAN_MAP_READ) != 0 ? TS_RIGHT_READ : 0;
    rights |= (options & TS_VMAR_CAN_MAP_WRITE) != 0 ? TS_RIGHT_WRITE : 0;
    rights |= (options & TS_VMAR_CAN_MAP_EXECUTE) != 0 ? TS_RIGHT_EXECUTE : 0;
    object_reference(&created->object);
    status = publish(&created->object, rights, parent_view->capability, child);
    capability_unpin(parent_view->capability);
    if (status != TS_OK) {
        (void)vmar_destroy(created);
        *address = 0;
    }
    object_release(&created->object);
    return status;
}

ts_status_t sys_vmar_map(struct vmar *vmar, const struct handle_view *vmar_view, uint32_t options, uint64_t offset,
                         struct vmo *vmo, const struct handle_view *vmo_view, uint64_t vmo_offset, uint64_t size,
                         uint64_t *address) {
    return vmar_map(vmar, vmar_view, options, offset, vmo, vmo_view, vmo_offset, size, address);
}

ts_status_t sys_vmar_unmap(struct vmar *vmar, uint64_t address, uint64_t size) {
    return vmar_unmap(vmar, address, size);
}

ts_status_t sys_vmar_protect(struct vmar *vmar, const struct handle_view *vmar_view, uint32_t options,
                             uint64_t address, uint64_t size) {
    return vmar_protect(vmar, vmar_view, options, address, size);
}

ts_status_t sys_vmar_destroy(struct vmar *vmar) {
    object_reference(&vmar->object);
    ts_status_t status = vmar_destroy(vmar);
    object_release(&vmar->object);
    return status;
}

ts_status_t sys_vmar_op_range(struct vmar *vmar, uint32_t op, uint64_t address, uint64_t size) {
    object_reference(&vmar->object);
    ts_status_t status = vmar_op_range(vmar, op, address, size);
    object_release(&vmar->object);
    return status;
}

ts_status_t sys_vmo_create(uint64_t size, uint32_t options, ts_handle_t *handle) {
    struct vmo *vmo = NULL;
    ts_status_t status = vmo_create(&process_current()->job->account, size, options, &vmo);
    return status == TS_OK ? publish(&vmo->object, TS_DEFAULT_RIGHTS_VMO, NULL, handle) : status;
}

ts_status_t sys_vmo_create_contiguous(uint64_t size, uint32_t alignment_log2, ts_handle_t *handle) {
    struct vmo *vmo = NULL;
    ts_status_t status = vmo_create_contiguous(&process_current()->job->account, size, alignment_log2, &vmo);
    return status == TS_OK ? publish(&vmo->object, TS_DEFAULT_RIGHTS_VMO, NULL, handle) : status;
}

/* V12: a copy may be written, but not executed; a slice is what the parent is, and hangs under its handle (D12). */
static ts_rights_t child_rights(const struct handle_view *parent, uint32_t options) {
    ts_rights_t rights = parent->rights;
    if ((options & TS_VMO_CHILD_SLICE) == 0) {
        rights = (rights | TS_RIGHT_WRITE | TS_RIGHT_SET_PROPERTY) & ~TS_RIGHT_EXECUTE;
    }
    return (options & TS_VMO_CHILD_NO_WRITE) != 0 ? rights & ~TS_RIGHT_WRITE : rights;
}

ts_status_t sys_vmo_create_child(struct vmo *parent, const struct handle_view *parent_view, uint32_t options,
                                 uint64_t offset, uint64_t size, ts_handle_t *handle) {
    struct vmo *child = NULL;
    object_reference(&parent->object);
    capability_pin(parent_view->capability);
    ts_status_t status =
        vmo_create_child(parent, &process_current()->job->account, options, offset, size, &child);
    if (status == TS_OK) {
        bool slice = (options & TS_VMO_CHILD_SLICE) != 0;
        status = publish(&child->object, child_rights(parent_view, options), slice ? parent_view->capability : NULL,
                         handle);
    }
    capability_unpin(parent_view->capability);
    object_release(&parent->object);
    return status;
}

ts_status_t sys_vmo_read(struct vmo *vmo, uaddr_t buffer, uint64_t offset, uint64_t length) {
    return vmo_read_user(vmo, buffer, offset, length);
}

ts_status_t sys_vmo_write(struct vmo *vmo, uaddr_t buffer, uint64_t offset, uint64_t length) {
    return vmo_write_user(vmo, buffer, offset, length);
}

ts_status_t sys_vmo_set_size(struct vmo *vmo, uint64_t size) {
    object_reference(&vmo->object);
    ts_status_t status = vmo_set_size(vmo, size);
    object_release(&vmo->object);
    return status;
}

/* V6: which right an operation needs. */
static ts_rights_t op_rights(uint32_t op) {
    if (op == TS_VMO_OP_LOCK || op == TS_VMO_OP_TRY_LOCK || op == TS_VMO_OP_UNLOCK) {
        return TS_RIGHT_READ | TS_RIGHT_WRITE; /* either */
    }
    bool reads = op == TS_VMO_OP_CACHE_SYNC || op == TS_VMO_OP_CACHE_CLEAN || op == TS_VMO_OP_CACHE_CLEAN_INVALIDATE;
    return reads ? TS_RIGHT_READ : TS_RIGHT_WRITE;
}

ts_status_t sys_vmo_op_range(struct vmo *vmo, const struct handle_view *vmo_view, uint32_t op, uint64_t offset,
                             uint64_t length) {
    if ((vmo_view->rights & op_rights(op)) == 0) {
        return TS_ERR_ACCESS_DENIED;
    }
    object_reference(&vmo->object);
    ts_status_t status = vmo_op_range(vmo, op, offset, length);
    object_release(&vmo->object);
    return status;
}

ts_status_t sys_vmo_set_cache_policy(struct vmo *vmo, uint32_t policy) {
    object_reference(&vmo->object);
    ts_status_t status = vmo_set_cache_policy(vmo, policy);
    object_release(&vmo->object);
    return status;
}

ts_status_t sys_vmo_get_size(struct vmo *vmo, uint64_t *size) {
    *size = vmo->size;
    return TS_OK;
}

ts_status_t sys_vmo_create_physical(struct resource *resource, const struct handle_view *resource_view, uint64_t base,
                                    uint64_t size, ts_handle_t *handle) {
    uint64_t end;
    if (size == 0 || ((base | size) & (TS_PAGE_SIZE - 1)) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    if (size > VMO_SIZE_MAX || __builtin_add_overflow(base, size, &end) || end > (uint64_t)1 << 52) {
        return TS_ERR_OUT_OF_RANGE;
    }
    /* RAM is never given out as registers, whatever a resource says. */
    if (!resource_covers(resource, TS_RESOURCE_MEMORY, base, size) || frames_are_ram(base, size)) {
        user_error("vmo_create_physical: %lx+%lx is not covered by the resource, or is RAM", base, size);
        return TS_ERR_ACCESS_DENIED;
    }
    struct vmo *vmo = NULL;
    ts_status_t status = vmo_create_physical(&process_current()->job->account, base, size, &vmo);
    ts_rights_t rights = handle_child_rights(resource_view, TS_DEFAULT_RIGHTS_VMO);
    return status == TS_OK ? publish(&vmo->object, rights, resource_view->capability, handle) : status;
}

/* H5: as replace, the old handle is gone in any case once it was found. */
ts_status_t sys_vmo_replace_executable(ts_handle_t vmo, struct resource *resource, ts_handle_t *executable) {
    struct vmo *found = NULL;
    ts_status_t status = vmo_from_handle(process_handles_current(), vmo, TS_RIGHT_NONE, &found);
    if (status != TS_OK) {
        return status;
    }
    if (!resource_covers(resource, TS_RESOURCE_VMEX, 0, 0)) {
        return TS_ERR_ACCESS_DENIED;
    }
    struct handle_entry entry;
    status = handle_take(process_handles_current(), vmo, TS_RIGHT_NONE, &entry);
    if (status != TS_OK) {
        return status;
    }
    handle_entry_set_rights(&entry, entry.rights | TS_RIGHT_EXECUTE);
    return handle_put(process_handles_current(), &entry, executable);
}
