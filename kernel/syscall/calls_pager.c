/* SPDX-License-Identifier: MIT */
/* Calls of pagers. All hold references, because they may wait for locks of VMOs. */
#include "gen/handlers.h"

#include "abi/rights.h"
#include "kernel/fault.h"
#include "kernel/pager.h"
#include "kernel/process.h"

#define RANGE_BATCH 8u

static ts_status_t publish(struct object *object, ts_rights_t rights, ts_handle_t *handle) {
    ts_status_t status = handle_add(process_handles_current(), object, rights, 0, NULL, handle);
    object_release(object);
    return status;
}

static struct account *current_account(void) {
    return &process_current()->job->account;
}

ts_status_t sys_pager_create(uint32_t options, ts_handle_t *handle) {
    struct pager *pager = NULL;
    ts_status_t status = options == 0 ? pager_create(current_account(), &pager) : TS_ERR_INVALID_ARGS;
    return status == TS_OK ? publish(&pager->object, TS_DEFAULT_RIGHTS_PAGER, handle) : status;
}

ts_status_t sys_pager_create_vmo(struct pager *pager, uint32_t options, struct port *port, uint64_t key, uint64_t size,
                                 ts_handle_t *handle) {
    struct vmo *vmo = NULL;
    ts_status_t status = pager_create_vmo(pager, current_account(), options, port, key, size, &vmo);
    if (status != TS_OK) {
        return status;
    }
    object_reference(&vmo->object);
    status = publish(&vmo->object, TS_DEFAULT_RIGHTS_VMO, handle);
    if (status != TS_OK) {
        pager_forget_vmo(vmo);
    }
    object_release(&vmo->object);
    return status;
}

ts_status_t sys_pager_supply_pages(struct pager *pager, struct vmo *vmo, uint64_t offset, uint64_t length,
                                   struct vmo *from, uint64_t from_offset) {
    if (!pager_has_vmo(pager, vmo)) {
        user_error("pager_supply_pages: the VMO is not this pager's");
        return TS_ERR_INVALID_ARGS;
    }
    object_reference(&vmo->object);
    object_reference(&from->object);
    ts_status_t status = vmo_supply(vmo, offset, length, from, from_offset);
    object_release(&from->object);
    object_release(&vmo->object);
    return status;
}

ts_status_t sys_pager_detach_vmo(struct pager *pager, struct vmo *vmo) {
    if (!pager_has_vmo(pager, vmo)) {
        return TS_ERR_INVALID_ARGS;
    }
    pager_detach_vmo(vmo);
    return TS_OK;
}

/* G5: the errors that a pager may answer. */
static bool is_answer(uint64_t data) {
    static const ts_status_t answers[] = {TS_ERR_IO, TS_ERR_IO_DATA_INTEGRITY, TS_ERR_BAD_STATE, TS_ERR_NO_SPACE,
                                          TS_ERR_BUFFER_TOO_SMALL};
    for (unsigned i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (data == (uint64_t)(int64_t)answers[i]) {
            return true;
        }
    }
    return false;
}

static ts_status_t operate(struct vmo *vmo, uint32_t op, uint64_t offset, uint64_t length, uint64_t data) {
    switch (op) {
    case TS_PAGER_OP_FAIL:
        return is_answer(data) ? vmo_fail(vmo, offset, length, (ts_status_t)data) : TS_ERR_INVALID_ARGS;
    case TS_PAGER_OP_DIRTY: return vmo_make_dirty(vmo, offset, length);
    case TS_PAGER_OP_WRITEBACK_BEGIN: return vmo_writeback_begin(vmo, offset, length);
    case TS_PAGER_OP_ASK_AGAIN: return vmo_ask_again(vmo, offset, length);
    case TS_PAGER_OP_WRITEBACK_END: return vmo_writeback_end(vmo, offset, length);
    default: return TS_ERR_INVALID_ARGS;
    }
}

/* Only FAIL has data. */
ts_status_t sys_pager_op_range(struct pager *pager, uint32_t op, struct vmo *vmo, uint64_t offset, uint64_t length,
                               uint64_t data) {
    if (!pager_has_vmo(pager, vmo) || (op != TS_PAGER_OP_FAIL && data != 0)) {
        return TS_ERR_INVALID_ARGS;
    }
    object_reference(&vmo->object);
    ts_status_t status = operate(vmo, op, offset, length, data);
    object_release(&vmo->object);
    return status;
}

/* Stores what fits, and counts the rest. */
static ts_status_t list_ranges(struct vmo *vmo, uint64_t offset, uint64_t end, uaddr_t buffer, size_t capacity,
                               size_t *actual, size_t *available) {
    struct ts_vmo_dirty_range ranges[RANGE_BATCH];
    size_t stored = 0, found = 0;
    ts_status_t status = TS_OK;
    while (status == TS_OK && offset < end) {
        size_t count = vmo_dirty_ranges(vmo, &offset, end, ranges, RANGE_BATCH);
        size_t fits = count < capacity - stored ? count : capacity - stored;
        status = fits > 0 ? user_copy_out(buffer + stored * sizeof(*ranges), ranges, fits * sizeof(*ranges)) : TS_OK;
        stored += fits;
        found += count;
    }
    *actual = status == TS_OK ? stored : 0;
    *available = status == TS_OK ? found : 0;
    return status;
}

ts_status_t sys_pager_query_dirty_ranges(struct pager *pager, struct vmo *vmo, uint64_t offset, uint64_t length,
                                         uaddr_t buffer, size_t size, size_t *actual, size_t *available) {
    uint64_t end;
    if (!pager_has_vmo(pager, vmo) || ((offset | length) & (TS_PAGE_SIZE - 1)) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    if (__builtin_add_overflow(offset, length, &end) || end > vmo->size) {
        return TS_ERR_OUT_OF_RANGE;
    }
    return list_ranges(vmo, offset, end, buffer, size / sizeof(struct ts_vmo_dirty_range), actual, available);
}
