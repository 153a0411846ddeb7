/* SPDX-License-Identifier: MIT */
/*
 * The swap server. Pages that leave memory lie in a VMO of its pager, "swap", until it has written them to "store", at
 * the same place; pages that are wanted again it supplies from there. Requests come by "port". All four are init's, and
 * outlive it: a successor asks again for what was asked and not answered, and writes what is not written yet.
 */
#include "abi/options.h"
#include "abi/packet.h"
#include "abi/status.h"
#include "gen/os_calls.h"
#include "os/print.h"
#include "os/start.h"
#include "os/time.h"

#define RANGES 32u
#define RETRY  (20 * TS_MILLISECOND)

struct swap {
    ts_handle_t pager, port, vmo, store;
    ts_handle_t page; /* one page, which is moved to whoever wants it */
    uint64_t address; /* of the store */
    uint64_t size;
};

static struct swap swap;

/* Whoever waits for the page is told if it cannot be had: for want of memory here, it may try again. */
static ts_status_t answer_read(uint64_t offset) {
    if (offset >= swap.size) {
        return TS_ERR_OUT_OF_RANGE;
    }
    ts_status_t status = ts_vmo_write(swap.page, (const void *)(swap.address + offset), 0, TS_PAGE_SIZE);
    if (status == TS_OK) {
        return ts_pager_supply_pages(swap.pager, swap.vmo, offset, TS_PAGE_SIZE, swap.page, 0);
    }
    return ts_pager_op_range(swap.pager, TS_PAGER_OP_FAIL, swap.vmo, offset, TS_PAGE_SIZE, (uint64_t)TS_ERR_IO);
}

/* What is written while it is copied stays dirty, and comes again. What cannot be stored, for want of memory, stays where
 * it is, and is tried again later. */
static ts_status_t write_range(uint64_t offset, uint64_t length) {
    ts_status_t status = ts_pager_op_range(swap.pager, TS_PAGER_OP_WRITEBACK_BEGIN, swap.vmo, offset, length, 0);
    if (status == TS_OK) {
        status = ts_vmo_read(swap.vmo, (void *)(swap.address + offset), offset, length);
    }
    if (status == TS_OK) {
        status = ts_pager_op_range(swap.pager, TS_PAGER_OP_WRITEBACK_END, swap.vmo, offset, length, 0);
    }
    return status;
}

static ts_status_t write_back(void) {
    struct ts_vmo_dirty_range ranges[RANGES];
    size_t actual = 0, available = 0;
    ts_status_t status = ts_pager_query_dirty_ranges(swap.pager, swap.vmo, 0, swap.size, ranges, sizeof(ranges),
                                                     &actual, &available);
    for (size_t i = 0; status == TS_OK && i < actual; i++) {
        status = write_range(ranges[i].offset, ranges[i].length);
    }
    if (status == TS_OK && available > actual) { /* the rest when it is its turn, so that others can have pages meanwhile */
        status = ts_pager_op_range(swap.pager, TS_PAGER_OP_ASK_AGAIN, swap.vmo, 0, 0, 0);
    }
    return status;
}

static ts_status_t take_handles(void) {
    swap.pager = ts_startup_handle("pager");
    swap.port = ts_startup_handle("port");
    swap.vmo = ts_startup_handle("swap");
    swap.store = ts_startup_handle("store");
    ts_status_t status = ts_vmo_get_size(swap.store, &swap.size);
    if (status == TS_OK) {
        status = ts_vmar_map(ts_startup_handle("vmar"), TS_VMAR_READ | TS_VMAR_WRITE, 0, swap.store, 0, swap.size,
                             &swap.address);
    }
    return status == TS_OK ? ts_vmo_create(TS_PAGE_SIZE, 0, &swap.page) : status;
}

static ts_status_t answer(const struct ts_packet *packet) {
    switch (packet->page_request.command) {
    case TS_PAGE_REQUEST_READ: return answer_read(packet->page_request.offset);
    case TS_PAGE_REQUEST_WRITEBACK: return write_back();
    default: return TS_OK;
    }
}

int main(int argc, char **argv) {
    (void)argc;
    (void)argv;
    ts_status_t status = take_handles();
    if (status == TS_OK) {
        status = ts_pager_op_range(swap.pager, TS_PAGER_OP_ASK_AGAIN, swap.vmo, 0, swap.size, 0);
    }
    bool again = false; /* pages are left that could not be written */
    while (status == TS_OK) {
        struct ts_packet packet;
        status = ts_port_wait(swap.port, &packet, again ? ts_time_after(RETRY) : TS_TIME_INFINITE);
        ts_status_t done = status == TS_OK ? answer(&packet) : TS_OK;
        again = again || done != TS_OK;
        if (status == TS_ERR_TIMED_OUT) {
            again = write_back() != TS_OK;
            status = TS_OK;
        }
    }
    ts_log("swap: %s", ts_status_name(status));
    return 1;
}
