/* SPDX-License-Identifier: MIT */
/* The objects of swap. */
#include "init/swap.h"

#include "abi/options.h"
#include "abi/status.h"
#include "gen/os_calls.h"

static struct swap_objects objects;

ts_status_t swap_make(uint64_t pages) {
    if (pages == 0) {
        return TS_OK;
    }
    if (pages > UINT64_MAX / TS_PAGE_SIZE) {
        return TS_ERR_OUT_OF_RANGE;
    }
    ts_status_t status = ts_pager_create(0, &objects.pager);
    if (status == TS_OK) {
        status = ts_port_create(0, &objects.port);
    }
    if (status == TS_OK) {
        status = ts_pager_create_vmo(objects.pager, 0, objects.port, 0, pages * TS_PAGE_SIZE, &objects.vmo);
    }
    return status == TS_OK ? ts_vmo_create(pages * TS_PAGE_SIZE, 0, &objects.store) : status;
}

const struct swap_objects *swap_objects(void) {
    return &objects;
}
