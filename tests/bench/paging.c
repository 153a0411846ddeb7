/* SPDX-License-Identifier: MIT */
/*
 * Page faults that a pager resolves: this program is the pager, by its port, and a process of a job of its own touches
 * pages one after the other. It is a copy of this program that begins in another function, because its job has to be
 * the one that pays for the pages. So an operation is: a fault, its packet, a page that was made in advance is
 * supplied, the thread goes on, up to its next fault; and the page goes away again.
 */
#include "abi/info.h"
#include "abi/options.h"
#include "abi/packet.h"
#include "abi/rights.h"
#include "abi/signals.h"
#include "abi/status.h"
#include "bench/benchmarks.h"
#include "bench/cpu.h"
#include "bench/measure.h"
#include "gen/os_calls.h"
#include "os/message.h"
#include "os/start.h"

#define FRAMES     24u
#define COUNT      (4u * FRAMES) /* each page of a domain is looked at as often as it is evicted */
#define OPERATIONS (4u * COUNT)  /* of the three runs of measure() */
#define STRIDE     17u           /* pages; more than what a fault maps around */
#define PAGES      512u          /* of one page table */
#define SIZE       ((uint64_t)PAGES * TS_PAGE_SIZE)
#define STACK_SIZE 16384u
#define PRIORITY   128u /* that of the benchmark */
_Static_assert(OPERATIONS < PAGES && (FRAMES + 1) * STRIDE < PAGES, "one page table is enough");

/* From lib/os/user.ld: where the image's parts begin. */
extern char ts_image_text[], ts_image_constants[], ts_image_data[], ts_image_end[];

static ts_handle_t job, process, range;    /* the other process, and its address space */
static ts_handle_t pager, port, paged;
static ts_handle_t spare; /* pages to supply */
static uint64_t next_spare;
static uint64_t base; /* of the mapping, there */

/* --- the other process --- */

/* Makes what it will touch, gives it away, and is told where and how far apart the pages are. */
static _Noreturn void touch_pages(uint64_t endpoint) {
    struct ts_message message;
    bool good = ts_port_create(0, &port) == TS_OK && ts_pager_create(0, &pager) == TS_OK &&
                ts_pager_create_vmo(pager, 0, port, 0, SIZE, &paged) == TS_OK;
    ts_message_begin(&message, 0);
    good = good && ts_message_put_handle(&message, port) && ts_message_put_handle(&message, pager) &&
           ts_message_put_handle(&message, paged) && ts_message_call(endpoint, &message, TS_TIME_INFINITE) == TS_OK;
    uint64_t start = ts_message_word(&message, 0);
    uint64_t step = ts_message_word(&message, 1);
    uint64_t end = ts_message_word(&message, 2);
    while (good) {
        for (uint64_t at = start; at != end; at += step) {
            (void)*(volatile uint64_t *)at;
        }
    }
    ts_process_exit(1);
}

static void map_part(const char *start, const char *end, uint32_t permissions) {
    struct ts_info_vmar info;
    size_t actual, available;
    uint64_t address, size = ((uint64_t)(end - start) + TS_PAGE_SIZE - 1) & ~(uint64_t)(TS_PAGE_SIZE - 1);
    ts_handle_t part;
    measure_must(ts_object_get_info(range, TS_INFO_VMAR, &info, sizeof(info), &actual, &available), "address space");
    measure_must(ts_vmo_create(size, 0, &part), "copy");
    measure_must(ts_vmo_write(part, start, 0, (size_t)(end - start)), "copy");
    if ((permissions & TS_VMAR_EXECUTE) != 0) {
        measure_must(ts_vmo_replace_executable(part, ts_startup_handle("root"), &part), "copy");
    }
    uint32_t options = permissions | TS_VMAR_SPECIFIC | TS_VMAR_MAP_RANGE;
    measure_must(ts_vmar_map(range, options, (uint64_t)start - info.base, part, 0, size, &address), "copy");
    measure_must(ts_handle_close(part), "copy");
}

static uint64_t map_stack(void) {
    ts_handle_t stack;
    uint64_t address;
    measure_must(ts_vmo_create(STACK_SIZE, 0, &stack), "stack");
    measure_must(ts_vmar_map(range, TS_VMAR_READ | TS_VMAR_WRITE, 0, stack, 0, STACK_SIZE, &address), "stack");
    measure_must(ts_handle_close(stack), "stack");
    return address + STACK_SIZE;
}

static ts_handle_t start_process(void) {
    ts_handle_t endpoint, client, thread;
    measure_must(ts_process_create(job, "touch", 5, 0, &process, &range), "process");
    map_part(ts_image_text, ts_image_constants, TS_VMAR_READ | TS_VMAR_EXECUTE);
    map_part(ts_image_constants, ts_image_data, TS_VMAR_READ);
    map_part(ts_image_data, ts_image_end, TS_VMAR_READ | TS_VMAR_WRITE);
    measure_must(ts_endpoint_create(0, &endpoint), "endpoint");
    measure_must(ts_endpoint_mint(endpoint, 1, TS_RIGHT_SAME_RIGHTS, &client), "endpoint");
    measure_must(ts_thread_create(process, "main", 4, 0, &thread), "thread");
    measure_must(ts_thread_set_priority(thread, PRIORITY), "thread");
    uint64_t stack = cpu_stack_of_function(map_stack());
    measure_must(ts_process_start(process, thread, (uint64_t)touch_pages, stack, client, 0), "process");
    measure_must(ts_handle_close(thread), "thread");
    return endpoint;
}

/* --- the pager --- */

/* Lets the other process run until it waits: nobody else of this priority is ready. */
static void settle(void) {
    for (unsigned i = 0; i < 8; i++) {
        (void)!ts_thread_yield();
    }
}

static ts_status_t supply(uint64_t offset) {
    ts_status_t status = ts_pager_supply_pages(pager, paged, offset, TS_PAGE_SIZE, spare, next_spare);
    next_spare += TS_PAGE_SIZE;
    return status;
}

/* The process touches `pages` of the VMO, `stride` pages apart, and is at its first fault. The VMO's last page is
 * there and mapped, so that the page table stays. */
static void begin(uint64_t stride, uint64_t pages) {
    struct ts_message message;
    ts_handle_t reply;
    ts_handle_t endpoint = start_process();
    measure_must(ts_reply_wait(endpoint, &message, TS_TIME_INFINITE, TS_REPLY_NONE), "request of the process");
    port = ts_message_handle(&message, 0);
    pager = ts_message_handle(&message, 1);
    paged = ts_message_handle(&message, 2);
    measure_must(ts_reply_save(0, &reply), "reply for the process");
    measure_must(ts_vmo_create((OPERATIONS + 1) * TS_PAGE_SIZE, 0, &spare), "pages");
    measure_must(ts_vmo_op_range(spare, TS_VMO_OP_COMMIT, 0, (OPERATIONS + 1) * TS_PAGE_SIZE), "pages");
    next_spare = 0;
    measure_must(supply(SIZE - TS_PAGE_SIZE), "last page");
    measure_must(ts_vmar_map(range, TS_VMAR_READ | TS_VMAR_ALLOW_FAULTS | TS_VMAR_MAP_RANGE, 0, paged, 0, SIZE, &base),
                 "mapping");
    ts_message_status(&message, TS_OK);
    (void)ts_message_put(&message, base);
    (void)ts_message_put(&message, stride * TS_PAGE_SIZE);
    (void)ts_message_put(&message, base + pages * stride * TS_PAGE_SIZE);
    measure_must(ts_reply_send(reply, &message), "answer to the process");
    measure_must(ts_handle_close(endpoint), "endpoint");
    settle();
}

static void end(void) {
    ts_signals_t observed;
    measure_must(ts_task_kill(process), "process");
    measure_must(ts_object_wait_one(process, TS_SIGNAL_TERMINATED, TS_TIME_INFINITE, &observed), "process");
    const ts_handle_t handles[] = {job, process, range, port, pager, paged, spare};
    measure_must(ts_handle_close_many(handles, sizeof(handles) / sizeof(handles[0])), "handles");
}

/* With a full domain, room is made by eviction. */
static void run_supply(uint64_t count) {
    ts_status_t failures = TS_OK;
    struct ts_packet packet;
    for (uint64_t i = 0; i < count; i++) {
        failures |= ts_port_wait(port, &packet, TS_TIME_INFINITE);
        failures |= supply(packet.page_request.offset);
    }
    measure_must(failures, __func__);
}

/* The page before, which was used meanwhile, is unmapped. */
static void run_supply_unmap(uint64_t count) {
    ts_status_t failures = TS_OK;
    struct ts_packet packet;
    for (uint64_t i = 0; i < count; i++) {
        failures |= ts_port_wait(port, &packet, TS_TIME_INFINITE);
        if (packet.page_request.offset > 0) {
            failures |= ts_vmar_unmap(range, base + packet.page_request.offset - TS_PAGE_SIZE, TS_PAGE_SIZE);
        }
        failures |= supply(packet.page_request.offset);
    }
    measure_must(failures, __func__);
}

/* One fault each. */
static void measure_touching(const char *name, measure_run *run) {
    uint64_t faults = measure_faults();
    measure(name, run, COUNT, 1);
    settle();
    measure_must(measure_faults() - faults == OPERATIONS ? TS_OK : TS_ERR_BAD_STATE, name);
}

static void measure_pager(void) {
    measure_must(ts_job_create(ts_startup_handle("job"), 0, &job), "job");
    begin(1, OPERATIONS + 1);
    measure_touching("pager_rt", run_supply_unmap);
    end();
}

/* Always the page that left last is wanted next. Each was used, so it is passed over once before it leaves. */
static void measure_refault(void) {
    struct ts_info_reclaim info = {0};
    size_t actual, available;
    measure_must(ts_job_create(ts_startup_handle("job"), 0, &job), "job");
    measure_must(ts_job_set_reclaim(job, TS_RECLAIM_LRU, FRAMES), "domain");
    begin(STRIDE, FRAMES + 1);
    measure_touching("evict_refault", run_supply);
    measure_must(ts_object_get_info(job, TS_INFO_JOB_RECLAIM, &info, sizeof(info), &actual, &available), "counters");
    measure_must(info.misses == OPERATIONS + 1 && info.evictions == info.misses - FRAMES ? TS_OK : TS_ERR_BAD_STATE,
                 "evictions");
    end();
}

void bench_paging(void) {
    measure_pager();
    measure_refault();
}
