/* SPDX-License-Identifier: MIT */
/*
 * Pagers: rules G, V26, V28 and M8, and the calls of the family. The test itself is the pager; threads of the program
 * want pages.
 */
#include "guest/ceilings.h"
#include "guest/groups.h"
#include "guest/memory.h"

#define KEY        0x7a6eul
#define MAY_FAULT  TS_VMAR_ALLOW_FAULTS
#define AT_LEAST   TS_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE
#define READ_PAGE  TS_PAGE_REQUEST_READ
#define DIRTY_PAGE TS_PAGE_REQUEST_DIRTY
#define FAILURES   5u

static const ts_status_t failures[FAILURES] = {TS_ERR_IO, TS_ERR_IO_DATA_INTEGRITY, TS_ERR_BAD_STATE, TS_ERR_NO_SPACE,
                                               TS_ERR_BUFFER_TOO_SMALL};

struct paged {
    ts_handle_t pager, port, vmo;
};

static ts_handle_t make_pager(void) {
    ts_handle_t pager = TS_HANDLE_INVALID;
    CHECK_OK(ts_pager_create(0, &pager));
    return pager;
}

static ts_handle_t make_paged(ts_handle_t pager, ts_handle_t port, uint32_t options, uint64_t key, uint64_t size) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    CHECK_OK(ts_pager_create_vmo(pager, options, port, key, size, &vmo));
    return vmo;
}

static struct paged begin(uint32_t options, uint64_t pages) {
    struct paged p = {.pager = make_pager(), .port = make_port()};
    p.vmo = make_paged(p.pager, p.port, options, KEY, pages * PAGE);
    guest_threads_reset();
    return p;
}

static bool next_packet(ts_handle_t port, uint64_t key, uint32_t command, uint64_t offset, uint64_t length) {
    struct ts_packet packet = {0};
    return CHECK_OK(ts_port_wait(port, &packet, ts_time_after(GUEST_PATIENCE))) && CHECK_EQUAL(key, packet.key) &&
           CHECK_EQUAL(TS_PACKET_PAGE_REQUEST, packet.type) && CHECK_STATUS(TS_OK, packet.status) &&
           CHECK_EQUAL(command, packet.page_request.command) && CHECK_EQUAL(offset, packet.page_request.offset) &&
           CHECK_EQUAL(length, packet.page_request.length) && CHECK_EQUAL(0, packet.page_request.flags);
}

static bool next_request(const struct paged *p, uint32_t command, uint64_t page) {
    return next_packet(p->port, KEY, command, page * PAGE, PAGE);
}

static void no_packet(ts_handle_t port) {
    struct ts_packet packet;
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_port_wait(port, &packet, soon()));
}

static void completes(const struct paged *p) {
    (void)!next_packet(p->port, KEY, TS_PAGE_REQUEST_COMPLETE, 0, 0);
    no_packet(p->port);
}

/* No request is left over, and the last packet comes. */
static void end(struct paged *p) {
    no_packet(p->port);
    close_handle(p->vmo);
    completes(p);
    close_handle(p->pager);
    close_handle(p->port);
}

static ts_status_t try_supply(const struct paged *p, uint64_t first, uint64_t pages, ts_handle_t from) {
    return ts_pager_supply_pages(p->pager, p->vmo, first * PAGE, pages * PAGE, from, 0);
}

/* The first words of the pages become base + page. */
static void supply(const struct paged *p, uint64_t first, uint64_t pages, uint64_t base) {
    ts_handle_t from = make_vmo(pages * PAGE);
    fill_pages(from, 0, pages, base + first);
    CHECK_OK(try_supply(p, first, pages, from));
    close_handle(from);
}

static ts_status_t operate(const struct paged *p, uint32_t op, uint64_t first, uint64_t pages, uint64_t data) {
    return ts_pager_op_range(p->pager, op, p->vmo, first * PAGE, pages * PAGE, data);
}

static ts_status_t fail(const struct paged *p, uint64_t first, uint64_t pages, ts_status_t error) {
    return operate(p, TS_PAGER_OP_FAIL, first, pages, (uint64_t)(int64_t)error);
}

static uint64_t map_with(ts_handle_t vmo, uint32_t options, uint64_t size) {
    uint64_t address = 0;
    CHECK_OK(ts_vmar_map(guest_self.vmar, options | MAY_FAULT, 0, vmo, 0, size, &address));
    return address;
}

/* --- threads that want pages --- */

enum way { BY_READ, BY_WRITE, BY_OP, BY_RANGE_OP, BY_LOAD, BY_STORE };

struct access {
    enum way way;
    ts_handle_t vmo;
    uint64_t address; /* of a mapping of it */
    uint64_t offset;
    uint64_t value;   /* to write, or what was read */
    ts_status_t status;
    ts_handle_t thread;
};

static void do_access(void *argument) {
    struct access *access = argument;
    uint64_t address = access->address + access->offset;
    access->status = TS_OK;
    switch (access->way) {
    case BY_READ: access->status = ts_vmo_read(access->vmo, &access->value, access->offset, 8); break;
    case BY_WRITE: access->status = ts_vmo_write(access->vmo, &access->value, access->offset, 8); break;
    case BY_OP: access->status = ts_vmo_op_range(access->vmo, TS_VMO_OP_COMMIT, access->offset, PAGE); break;
    case BY_RANGE_OP: access->status = ts_vmar_op_range(guest_self.vmar, TS_VMO_OP_COMMIT, address, PAGE); break;
    case BY_LOAD: access->value = *word_in(address); break;
    case BY_STORE: *word_in(address) = access->value; break;
    }
}

static void start(struct access *access) {
    access->status = TS_ERR_INTERNAL;
    access->thread = guest_thread(do_access, access);
}

static void finish(struct access *access, ts_status_t expected) {
    guest_join(access->thread);
    CHECK_STATUS(expected, access->status);
}

static bool is_waiting(const struct access *access) {
    (void)!ts_thread_sleep(soon());
    return guest_wait_state(access->thread, TS_THREAD_WAITING);
}

/* --- the calls --- */

static void normal_create(void) {
    ts_handle_t pager = make_pager();
    CHECK_EQUAL(TS_OBJECT_PAGER, kind_of(pager));
    CHECK_EQUAL(TS_DEFAULT_RIGHTS_PAGER, rights_of(pager));
    close_handle(pager);
}

static ts_status_t pager_in_child(void) {
    ts_handle_t pager = TS_HANDLE_INVALID;
    ts_status_t status = ts_pager_create(0, &pager);
    return status == TS_OK ? ts_handle_close(pager) : status;
}

static void hostile_create(void) {
    ts_handle_t pager = 1;
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_pager_create(1, &pager));
    CHECK_EQUAL(0, pager);
    check_ceilings(pager_in_child, TS_HANDLE_INVALID);
}

static void normal_create_vmo(void) {
    struct paged p = begin(TS_VMO_RESIZABLE | TS_VMO_TRAP_DIRTY, 3);
    uint64_t size = 0;
    CHECK_EQUAL(TS_OBJECT_VMO, kind_of(p.vmo));
    CHECK_OK(ts_vmo_get_size(p.vmo, &size));
    CHECK_EQUAL(3 * PAGE, size);
    CHECK_EQUAL(0, vmo_info(p.vmo).committed);
    end(&p);
}

static ts_status_t paged_in_child(void) {
    static ts_handle_t pager, port;
    ts_handle_t vmo = TS_HANDLE_INVALID;
    struct ts_packet packet;
    pager = pager != TS_HANDLE_INVALID ? pager : make_pager();
    port = port != TS_HANDLE_INVALID ? port : make_port();
    ts_status_t status = ts_pager_create_vmo(pager, 0, port, 1, PAGE, &vmo);
    if (status == TS_OK) {
        CHECK_OK(ts_handle_close(vmo));
        CHECK_OK(ts_port_wait(port, &packet, ts_time_after(GUEST_PATIENCE)));
    } else {
        CHECK_STATUS(TS_ERR_TIMED_OUT, ts_port_wait(port, &packet, 0));
    }
    return status;
}

static void hostile_create_vmo(void) {
    struct paged p = begin(0, 1);
    ts_handle_t weak = duplicate_without(p.port, TS_RIGHT_WRITE);
    ts_handle_t vmo = 1;
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_pager_create_vmo(p.pager, TS_VMO_DISCARDABLE, p.port, 1, PAGE, &vmo));
    CHECK_EQUAL(0, vmo);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_pager_create_vmo(p.pager, 1u << 31, p.port, 1, PAGE, &vmo));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_pager_create_vmo(p.pager, 0, p.port, 1, (1ul << 40) + 1, &vmo));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_pager_create_vmo(p.pager, 0, p.port, 1, UINT64_MAX, &vmo));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_pager_create_vmo(p.pager, 0, weak, 1, PAGE, &vmo));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_pager_create_vmo(p.port, 0, p.port, 1, PAGE, &vmo));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_pager_create_vmo(p.pager, 0, p.pager, 1, PAGE, &vmo));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_pager_create_vmo(STALE_HANDLE, 0, p.port, 1, PAGE, &vmo));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_pager_create_vmo(p.pager, 0, TS_HANDLE_INVALID, 1, PAGE, &vmo));
    check_ceilings(paged_in_child, TS_HANDLE_INVALID);
    close_handle(weak);
    end(&p);
}

static void normal_supply(void) {
    struct paged p = begin(0, 4);
    supply(&p, 0, 4, 100);
    check_pages(p.vmo, 0, 4, 100);
    CHECK_EQUAL(4 * PAGE, vmo_info(p.vmo).committed);
    end(&p);
}

/* Pages of the job that gives them; the VMO is of the job that the child is in. */
static ts_status_t supply_in_child(void) {
    static struct paged p;
    p.pager = p.pager != TS_HANDLE_INVALID ? p.pager : make_pager();
    p.port = p.port != TS_HANDLE_INVALID ? p.port : make_port();
    struct ts_packet packet;
    ts_handle_t from = TS_HANDLE_INVALID;
    ts_status_t status = ts_pager_create_vmo(p.pager, 0, p.port, KEY, PAGE << 20, &p.vmo);
    if (status != TS_OK) {
        return status;
    }
    status = ts_vmo_create(PAGE, 0, &from);
    if (status == TS_OK) {
        status = ts_vmo_op_range(from, TS_VMO_OP_COMMIT, 0, PAGE);
        status = status == TS_OK ? try_supply(&p, 1u << 19, 1, from) : status;
        CHECK_OK(ts_handle_close(from));
    }
    CHECK_OK(ts_handle_close(p.vmo));
    CHECK_OK(ts_port_wait(p.port, &packet, ts_time_after(GUEST_PATIENCE)));
    return status;
}

static void hostile_supply(void) {
    struct paged p = begin(0, 4);
    ts_handle_t from = make_vmo(4 * PAGE);
    ts_handle_t no_read = duplicate_without(from, TS_RIGHT_READ);
    ts_handle_t no_write = duplicate_without(from, TS_RIGHT_WRITE);
    ts_handle_t piece = TS_HANDLE_INVALID;
    CHECK_OK(ts_vmo_create_contiguous(PAGE, 0, &piece));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_pager_supply_pages(p.pager, p.vmo, 1, PAGE, from, 0));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_pager_supply_pages(p.pager, p.vmo, 0, PAGE - 1, from, 0));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_pager_supply_pages(p.pager, p.vmo, 0, PAGE, from, 8));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_pager_supply_pages(p.pager, from, 0, PAGE, from, 0));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_pager_supply_pages(p.pager, p.vmo, 4 * PAGE, PAGE, from, 0));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_pager_supply_pages(p.pager, p.vmo, PAGE, ~(PAGE - 1), from, 0));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_pager_supply_pages(p.pager, p.vmo, 0, PAGE, from, 4 * PAGE));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_pager_supply_pages(p.pager, p.vmo, 0, PAGE, from, ~(PAGE - 1)));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, try_supply(&p, 0, 1, piece));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, try_supply(&p, 0, 1, p.vmo));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, try_supply(&p, 0, 1, no_read));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, try_supply(&p, 0, 1, no_write));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, try_supply(&p, 0, 1, p.port));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_pager_supply_pages(p.vmo, p.vmo, 0, PAGE, from, 0));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_pager_supply_pages(p.pager, p.pager, 0, PAGE, from, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, try_supply(&p, 0, 1, STALE_HANDLE));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_pager_supply_pages(FORGED_HANDLE, p.vmo, 0, PAGE, from, 0));
    CHECK_EQUAL(0, vmo_info(p.vmo).committed);
    check_memory_ceiling(supply_in_child, TS_HANDLE_INVALID);
    close_handle(piece);
    close_handle(no_write);
    close_handle(no_read);
    close_handle(from);
    end(&p);
}

static void normal_detach(void) {
    struct paged p = begin(0, 2);
    supply(&p, 0, 1, 5);
    CHECK_OK(ts_pager_detach_vmo(p.pager, p.vmo));
    completes(&p);
    check_pages(p.vmo, 0, 1, 5);
    CHECK_OK(ts_pager_detach_vmo(p.pager, p.vmo));
    close_handle(p.vmo);
    no_packet(p.port);
    close_handle(p.pager);
    close_handle(p.port);
}

static void hostile_detach(void) {
    struct paged p = begin(0, 1);
    ts_handle_t vmo = make_vmo(PAGE);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_pager_detach_vmo(p.pager, vmo));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_pager_detach_vmo(p.vmo, p.vmo));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_pager_detach_vmo(p.pager, p.port));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_pager_detach_vmo(STALE_HANDLE, p.vmo));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_pager_detach_vmo(p.pager, STALE_HANDLE));
    close_handle(vmo);
    end(&p);
}

static uint64_t dirty_ranges(const struct paged *p, uint64_t first, uint64_t pages, struct ts_vmo_dirty_range *ranges,
                             size_t capacity, size_t *available) {
    size_t actual = 99;
    CHECK_OK(ts_pager_query_dirty_ranges(p->pager, p->vmo, first * PAGE, pages * PAGE, ranges,
                                         capacity * sizeof(*ranges), &actual, available));
    return actual;
}

/* One range is dirty, or (pages 0) none. */
static void check_dirty(const struct paged *p, uint64_t first, uint64_t pages) {
    struct ts_vmo_dirty_range range = {0};
    size_t available = 0;
    uint64_t size = 0;
    CHECK_OK(ts_vmo_get_size(p->vmo, &size));
    (void)dirty_ranges(p, 0, size / PAGE, &range, 1, &available);
    CHECK_EQUAL(pages != 0, available);
    CHECK_EQUAL(first * PAGE, range.offset);
    CHECK_EQUAL(pages * PAGE, range.length);
    CHECK_EQUAL(0, range.options);
}

static void normal_op(void) {
    struct paged p = begin(TS_VMO_TRAP_DIRTY, 2);
    supply(&p, 0, 2, 1);
    check_dirty(&p, 0, 0);
    CHECK_OK(operate(&p, TS_PAGER_OP_DIRTY, 1, 1, 0));
    check_dirty(&p, 1, 1);
    set_word(p.vmo, PAGE, 9);
    CHECK_OK(operate(&p, TS_PAGER_OP_WRITEBACK_BEGIN, 0, 2, 0));
    check_dirty(&p, 1, 1);
    CHECK_OK(operate(&p, TS_PAGER_OP_WRITEBACK_END, 0, 2, 0));
    check_dirty(&p, 0, 0);
    CHECK_OK(fail(&p, 0, 2, TS_ERR_IO));
    CHECK_EQUAL(9, word_at(p.vmo, PAGE));
    end(&p);
}

/* Who took requests is gone: the next one is told of those that were not answered, and of no others. */
static void asked_again(void) {
    struct paged p = begin(0, 3);
    struct access waits[2] = {{.way = BY_READ, .vmo = p.vmo}, {.way = BY_READ, .vmo = p.vmo, .offset = 2 * PAGE}};
    no_packet(p.port);
    CHECK_OK(operate(&p, TS_PAGER_OP_ASK_AGAIN, 0, 3, 0));
    no_packet(p.port);
    start(&waits[0]);
    (void)!next_request(&p, READ_PAGE, 0);
    start(&waits[1]);
    (void)!next_request(&p, READ_PAGE, 2);
    no_packet(p.port);
    CHECK_OK(operate(&p, TS_PAGER_OP_ASK_AGAIN, 2, 1, 0));
    (void)!next_request(&p, READ_PAGE, 2);
    no_packet(p.port);
    CHECK_OK(operate(&p, TS_PAGER_OP_ASK_AGAIN, 0, 3, 0));
    (void)!next_request(&p, READ_PAGE, 0);
    (void)!next_request(&p, READ_PAGE, 2);
    supply(&p, 0, 3, 1);
    finish(&waits[0], TS_OK);
    finish(&waits[1], TS_OK);
    end(&p);
}

/* A page of zeros gets a frame when it becomes dirty. */
static ts_status_t dirty_in_child(void) {
    static struct paged p;
    p.pager = p.pager != TS_HANDLE_INVALID ? p.pager : make_pager();
    p.port = p.port != TS_HANDLE_INVALID ? p.port : make_port();
    struct ts_packet packet;
    ts_handle_t from = TS_HANDLE_INVALID;
    ts_status_t status = ts_pager_create_vmo(p.pager, TS_VMO_TRAP_DIRTY, p.port, KEY, PAGE, &p.vmo);
    if (status != TS_OK) {
        return status;
    }
    status = ts_vmo_create(PAGE, 0, &from);
    if (status == TS_OK) {
        status = try_supply(&p, 0, 1, from);
        status = status == TS_OK ? operate(&p, TS_PAGER_OP_DIRTY, 0, 1, 0) : status;
        CHECK_OK(ts_handle_close(from));
    }
    CHECK_OK(ts_handle_close(p.vmo));
    CHECK_OK(ts_port_wait(p.port, &packet, ts_time_after(GUEST_PATIENCE)));
    return status;
}

static void hostile_op(void) {
    struct paged p = begin(TS_VMO_TRAP_DIRTY, 2);
    struct paged q = begin(0, 2);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, operate(&p, 0, 0, 1, 0));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, operate(&p, TS_PAGER_OP_ASK_AGAIN + 1, 0, 1, 0));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, operate(&p, TS_PAGER_OP_DIRTY, 0, 1, 1));
    for (uint32_t op = TS_PAGER_OP_FAIL; op <= TS_PAGER_OP_ASK_AGAIN; op++) {
        uint64_t data = op == TS_PAGER_OP_FAIL ? (uint64_t)(int64_t)TS_ERR_IO : 0;
        CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_pager_op_range(p.pager, op, p.vmo, 8, PAGE, data));
        CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_pager_op_range(p.pager, op, p.vmo, 0, 8, data));
        CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_pager_op_range(p.pager, op, q.vmo, 0, PAGE, data));
        CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_pager_op_range(p.pager, op, p.vmo, PAGE, 2 * PAGE, data));
        CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_pager_op_range(p.pager, op, p.vmo, PAGE, ~(PAGE - 1), data));
        CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_pager_op_range(p.vmo, op, p.vmo, 0, PAGE, data));
        CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_pager_op_range(p.pager, op, p.pager, 0, PAGE, data));
        CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_pager_op_range(p.pager, op, STALE_HANDLE, 0, PAGE, data));
    }
    CHECK_STATUS(TS_ERR_NOT_FOUND, operate(&p, TS_PAGER_OP_DIRTY, 0, 1, 0));
    supply(&q, 0, 1, 1);
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, operate(&q, TS_PAGER_OP_DIRTY, 0, 1, 0));
    check_memory_ceiling(dirty_in_child, TS_HANDLE_INVALID);
    end(&q);
    end(&p);
}

static void normal_query(void) {
    struct paged p = begin(0, 64);
    struct ts_vmo_dirty_range ranges[16];
    size_t available = 0;
    supply(&p, 0, 64, 1);
    for (uint64_t page = 1; page < 64; page += 4) {
        set_word(p.vmo, page * PAGE, page);
        set_word(p.vmo, (page + 1) * PAGE, page);
    }
    CHECK_EQUAL(16, dirty_ranges(&p, 0, 64, ranges, 16, &available));
    CHECK_EQUAL(16, available);
    for (uint64_t i = 0; i < 16; i++) {
        CHECK_EQUAL((1 + 4 * i) * PAGE, ranges[i].offset);
        CHECK_EQUAL(2 * PAGE, ranges[i].length);
    }
    CHECK_EQUAL(3, dirty_ranges(&p, 2, 60, ranges, 3, &available));
    CHECK_EQUAL(16, available);
    CHECK_EQUAL(2 * PAGE, ranges[0].offset);
    CHECK_EQUAL(PAGE, ranges[0].length);
    CHECK_EQUAL(0, dirty_ranges(&p, 0, 64, NULL, 0, &available));
    CHECK_EQUAL(16, available);
    CHECK_EQUAL(0, dirty_ranges(&p, 3, 2, ranges, 16, &available));
    CHECK_EQUAL(0, available);
    end(&p);
}

static void hostile_query(void) {
    struct paged p = begin(0, 2);
    struct ts_vmo_dirty_range range;
    size_t actual = 1, available = 1;
    ts_handle_t vmo = make_vmo(PAGE);
    supply(&p, 0, 1, 1);
    set_word(p.vmo, 0, 2);
#define QUERY(pager, vmo, offset, length, buffer)                                                                      \
    ts_pager_query_dirty_ranges(pager, vmo, offset, length, buffer, sizeof(range), &actual, &available)
    CHECK_STATUS(TS_ERR_INVALID_ARGS, QUERY(p.pager, p.vmo, 8, PAGE, &range));
    CHECK_EQUAL(0, actual + available);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, QUERY(p.pager, p.vmo, 0, 8, &range));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, QUERY(p.pager, vmo, 0, PAGE, &range));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, QUERY(p.pager, p.vmo, 0, 3 * PAGE, &range));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, QUERY(p.pager, p.vmo, PAGE, ~(PAGE - 1), &range));
    for (unsigned i = 0; i < BAD_ADDRESSES; i++) {
        CHECK_STATUS(TS_ERR_INVALID_ARGS, QUERY(p.pager, p.vmo, 0, PAGE, (void *)bad_address(i)));
        CHECK_EQUAL(0, actual + available);
    }
    CHECK_STATUS(TS_ERR_WRONG_TYPE, QUERY(p.vmo, p.vmo, 0, PAGE, &range));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, QUERY(p.pager, p.port, 0, PAGE, &range));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, QUERY(0, p.vmo, 0, PAGE, &range));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, QUERY(p.pager, STALE_HANDLE, 0, PAGE, &range));
#undef QUERY
    close_handle(vmo);
    end(&p);
}

/* --- requests --- */

static void g1_keys(void) {
    ts_handle_t pager = make_pager();
    ts_handle_t port = make_port();
    ts_handle_t vmo[2];
    struct access access[2];
    guest_threads_reset();
    for (unsigned i = 0; i < 2; i++) {
        vmo[i] = make_paged(pager, port, 0, 77 + i, PAGE);
        access[i] = (struct access){.way = BY_READ, .vmo = vmo[i]};
        start(&access[i]);
        (void)!next_packet(port, 77 + i, READ_PAGE, 0, PAGE);
    }
    for (unsigned i = 0; i < 2; i++) {
        const struct paged p = {pager, port, vmo[i]};
        supply(&p, 0, 1, 7 + i);
        finish(&access[i], TS_OK);
        CHECK_EQUAL(7 + i, access[i].value);
        close_handle(vmo[i]);
        (void)!next_packet(port, 77 + i, TS_PAGE_REQUEST_COMPLETE, 0, 0);
    }
    close_handle(port);
    close_handle(pager);
}

static void one_access(enum way way, uint64_t pages, uint64_t page) {
    struct paged p = begin(0, pages);
    struct access access = {.way = way, .vmo = p.vmo, .offset = page * PAGE, .value = 33};
    access.address = way == BY_READ || way == BY_WRITE ? 0 : map_with(p.vmo, MAP_WRITE, pages * PAGE);
    start(&access);
    if (next_request(&p, READ_PAGE, page)) {
        CHECK(is_waiting(&access));
        no_packet(p.port);
        supply(&p, page, 1, 500);
    }
    finish(&access, TS_OK);
    bool writes = way == BY_WRITE || way == BY_STORE;
    CHECK_EQUAL(writes ? 33 : 500 + page, word_at(p.vmo, page * PAGE));
    if (way == BY_READ || way == BY_LOAD) {
        CHECK_EQUAL(500 + page, access.value);
    }
    check_dirty(&p, writes ? page : 0, writes ? 1 : 0);
    if (access.address != 0) {
        unmap(access.address, pages * PAGE);
    }
    end(&p);
}

static void g2_every_way(void) {
    for (enum way way = BY_READ; way <= BY_STORE; way++) {
        one_access(way, 3, way % 3);
    }
    one_access(BY_LOAD, 1ul << 20, 0xfedcb);
}

/* A read that begins and ends within pages asks for whole pages, one after the other. */
static void g2_across_pages(void) {
    struct paged p = begin(0, 4);
    struct access access = {.way = BY_READ, .vmo = p.vmo, .offset = 2 * PAGE - 4};
    start(&access);
    for (uint64_t page = 1; page < 3 && next_request(&p, READ_PAGE, page); page++) {
        supply(&p, page, 1, 9);
    }
    finish(&access, TS_OK);
    CHECK_EQUAL(11ul << 32, access.value);
    end(&p);
}

/* Memory that another call reads and writes may be a pager's. */
static void read_into_mapping(void *argument) {
    struct access *access = argument;
    char name[] = "paged";
    access->status = ts_vmo_read(access->vmo, (void *)(access->address + 8), 0, 16);
    if (access->status == TS_OK) {
        access->status = ts_object_set_name(access->vmo, name, 5);
    }
    access->value = *word_in(access->address + 8);
}

static void g2_buffers_of_calls(void) {
    struct paged p = begin(0, 1);
    ts_handle_t vmo = make_vmo(PAGE);
    struct access access = {.vmo = vmo, .address = map_with(p.vmo, MAP_WRITE, PAGE)};
    set_word(vmo, 0, 1234);
    access.thread = guest_thread(read_into_mapping, &access);
    if (next_request(&p, READ_PAGE, 0)) {
        supply(&p, 0, 1, 1);
    }
    finish(&access, TS_OK);
    CHECK_EQUAL(1234, access.value);
    CHECK_EQUAL(1, word_at(p.vmo, 0));
    unmap(access.address, PAGE);
    close_handle(vmo);
    end(&p);
}

static void g3_moves_pages(void) {
    struct paged p = begin(0, 8);
    ts_handle_t from = make_vmo(8 * PAGE);
    uint64_t memory = program_memory();
    fill_pages(from, 0, 4, 10);
    uint64_t filled = program_memory();
    CHECK(filled > memory);
    CHECK_OK(try_supply(&p, 0, 4, from));
    CHECK_EQUAL(0, vmo_info(from).committed);
    check_zeros(from, 0, 4);
    check_pages(p.vmo, 0, 4, 10);
    fill_pages(from, 0, 6, 50); /* present pages stay, those that nobody wants are freed, absent ones are zeros */
    CHECK_OK(try_supply(&p, 2, 6, from));
    CHECK_EQUAL(0, vmo_info(from).committed);
    check_pages(p.vmo, 0, 4, 10);
    check_pages(p.vmo, 4, 4, 48);
    CHECK_EQUAL(8 * PAGE, vmo_info(p.vmo).committed);
    close_handle(from);
    end(&p);
}

static void g3_absent_pages_are_zeros(void) {
    struct paged p = begin(0, 3);
    ts_handle_t from = make_vmo(3 * PAGE);
    set_word(from, PAGE, 5);
    CHECK_OK(try_supply(&p, 0, 3, from));
    CHECK_EQUAL(PAGE, vmo_info(p.vmo).committed);
    check_zeros(p.vmo, 0, 1);
    CHECK_EQUAL(5, word_at(p.vmo, PAGE));
    uint64_t address = map_with(p.vmo, MAP_WRITE, 3 * PAGE);
    CHECK_EQUAL(0, *word_in(address + 2 * PAGE));
    *word_in(address + 2 * PAGE) = 6;
    CHECK_EQUAL(6, word_at(p.vmo, 2 * PAGE));
    check_dirty(&p, 2, 1);
    unmap(address, 3 * PAGE);
    close_handle(from);
    end(&p);
}

static void g3_what_is_in_use_stays(void) {
    struct paged p = begin(0, 1);
    ts_handle_t from = make_vmo(PAGE);
    set_word(from, 0, 1);
    ts_handle_t child = make_snapshot(from, 0, PAGE);
    CHECK_STATUS(TS_ERR_BAD_STATE, try_supply(&p, 0, 1, from));
    CHECK_STATUS(TS_ERR_BAD_STATE, try_supply(&p, 0, 1, child));
    close_handle(child);
    wait_alone(from);
    child = make_slice(from, 0, PAGE);
    CHECK_STATUS(TS_ERR_BAD_STATE, try_supply(&p, 0, 1, from));
    CHECK_STATUS(TS_ERR_BAD_STATE, try_supply(&p, 0, 1, child));
    close_handle(child);
    wait_no_children(from);
    uint64_t address = map_vmo(from, PAGE);
    CHECK_STATUS(TS_ERR_BAD_STATE, try_supply(&p, 0, 1, from));
    unmap(address, PAGE);
    CHECK_EQUAL(1, word_at(from, 0));
    CHECK_OK(try_supply(&p, 0, 1, from));
    CHECK_EQUAL(1, word_at(p.vmo, 0));
    close_handle(from);
    end(&p);
}

#define CROWD 6u

static void g4_one_request(void) {
    struct paged p = begin(0, 8);
    struct access access[CROWD];
    uint64_t address = map_with(p.vmo, MAP_WRITE, 8 * PAGE);
    for (unsigned i = 0; i < CROWD; i++) {
        access[i] = (struct access){.way = i % 2 == 0 ? BY_LOAD : BY_READ, .vmo = p.vmo, .address = address};
        start(&access[i]);
    }
    (void)!next_request(&p, READ_PAGE, 0);
    for (unsigned i = 0; i < CROWD; i++) {
        CHECK(is_waiting(&access[i]));
    }
    no_packet(p.port);
    supply(&p, 0, 8, 3); /* more than was asked for */
    for (unsigned i = 0; i < CROWD; i++) {
        finish(&access[i], TS_OK);
        CHECK_EQUAL(3, access[i].value);
    }
    check_pages(p.vmo, 0, 8, 3);
    unmap(address, 8 * PAGE);
    end(&p);
}

/* Requests come one after the other, in the order in which they arose; an answer wakes whom it covers. */
static void g4_others_wait(void) {
    struct paged p = begin(0, 3);
    struct access access[3];
    for (unsigned i = 0; i < 3; i++) {
        access[i] = (struct access){.way = BY_READ, .vmo = p.vmo, .offset = i * PAGE};
        start(&access[i]);
        CHECK(is_waiting(&access[i]));
    }
    for (unsigned i = 0; i < 3; i++) {
        (void)!next_request(&p, READ_PAGE, i);
    }
    supply(&p, 1, 1, 60);
    finish(&access[1], TS_OK);
    CHECK(is_waiting(&access[0]) && is_waiting(&access[2]));
    supply(&p, 0, 3, 60);
    finish(&access[0], TS_OK);
    finish(&access[2], TS_OK);
    CHECK_EQUAL(62, access[2].value);
    end(&p);
}

/* What is supplied before the pager took its request is not asked for any more. */
static void g4_supplied_unasked(void) {
    struct paged p = begin(0, 2);
    struct access access[2];
    for (unsigned i = 0; i < 2; i++) {
        access[i] = (struct access){.way = BY_READ, .vmo = p.vmo, .offset = i * PAGE};
        start(&access[i]);
        CHECK(is_waiting(&access[i]));
    }
    supply(&p, 0, 1, 1);
    finish(&access[0], TS_OK);
    (void)!next_request(&p, READ_PAGE, 1);
    supply(&p, 1, 1, 1);
    finish(&access[1], TS_OK);
    end(&p);
}

static void g5_errors_of_calls(void) {
    struct paged p = begin(0, 2);
    uint64_t address = map_with(p.vmo, MAP_WRITE, 2 * PAGE);
    for (unsigned i = 0; i < FAILURES; i++) {
        for (enum way way = BY_READ; way <= BY_RANGE_OP; way++) {
            struct access access = {.way = way, .vmo = p.vmo, .address = address, .offset = PAGE};
            guest_threads_reset();
            start(&access);
            (void)!next_request(&p, READ_PAGE, 1);
            CHECK_STATUS(TS_OK, fail(&p, 1, 1, failures[i]));
            finish(&access, failures[i]);
        }
    }
    CHECK_STATUS(TS_ERR_INVALID_ARGS, fail(&p, 0, 1, TS_OK));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, fail(&p, 0, 1, TS_ERR_NO_MEMORY));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, fail(&p, 0, 1, 40));
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 operate(&p, TS_PAGER_OP_FAIL, 0, 1, (uint64_t)(int64_t)TS_ERR_IO & UINT32_MAX));
    CHECK_EQUAL(0, vmo_info(p.vmo).committed);
    supply(&p, 0, 2, 8); /* and later there are pages after all */
    check_pages(p.vmo, 0, 2, 8);
    unmap(address, 2 * PAGE);
    end(&p);
}

/* In a child: the address is that of a mapping that it makes itself. */
static void load_in_child(uint64_t offset) {
    uint64_t address = 0;
    CHECK_OK(ts_vmar_map(guest_self.vmar, MAP_WRITE | MAY_FAULT, 0, guest_self.extra, 0, 4 * PAGE, &address));
    shared_set(0, 1);
    shared_set(1, *word_in(address + offset));
}

static bool start_load(struct guest_child *child, ts_handle_t vmo, uint64_t offset) {
    shared_set(0, 0);
    shared_set(1, 0);
    return guest_child_start(child, guest_self.job, load_in_child, offset,
                             duplicate_with(vmo, TS_RIGHT_SAME_RIGHTS));
}

static void g5_mapped_access(void) {
    struct paged p = begin(0, 4);
    struct guest_child child;
    if (start_load(&child, p.vmo, 2 * PAGE)) {
        (void)!next_request(&p, READ_PAGE, 2);
        CHECK_OK(fail(&p, 0, 4, TS_ERR_IO));
        CHECK_EQUAL(TS_EXIT_EXCEPTION, guest_child_end(&child));
        CHECK_EQUAL(0, shared_get(1));
    }
    if (start_load(&child, p.vmo, 2 * PAGE)) {
        (void)!next_request(&p, READ_PAGE, 2);
        supply(&p, 2, 1, 70);
        CHECK_EQUAL(0, guest_child_end(&child));
        CHECK_EQUAL(72, shared_get(1));
    }
    end(&p);
}

/* --- the end --- */

static void check_unavailable(ts_handle_t vmo, uint64_t offset) {
    uint64_t word;
    struct guest_child child;
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmo_read(vmo, &word, offset, 8));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmo_write(vmo, &word, offset, 8));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmo_op_range(vmo, TS_VMO_OP_COMMIT, offset, PAGE));
    if (start_load(&child, vmo, offset)) {
        CHECK_EQUAL(TS_EXIT_EXCEPTION, guest_child_end(&child));
        CHECK_EQUAL(1, shared_get(0));
    }
}

static void g6_detach(void) {
    struct paged p = begin(0, 4);
    struct access access[3];
    supply(&p, 3, 1, 20);
    for (unsigned i = 0; i < 3; i++) {
        access[i] = (struct access){.way = BY_READ, .vmo = p.vmo, .offset = i * PAGE};
        start(&access[i]);
        CHECK(is_waiting(&access[i]));
    }
    (void)!next_request(&p, READ_PAGE, 0);
    CHECK_OK(ts_pager_detach_vmo(p.pager, p.vmo));
    for (unsigned i = 0; i < 3; i++) {
        finish(&access[i], TS_ERR_BAD_STATE);
    }
    completes(&p);
    check_unavailable(p.vmo, PAGE);
    check_pages(p.vmo, 3, 1, 20);
    ts_handle_t from = make_vmo(PAGE);
    CHECK_STATUS(TS_ERR_BAD_STATE, try_supply(&p, 0, 1, from));
    close_handle(from);
    close_handle(p.vmo);
    no_packet(p.port);
    close_handle(p.pager);
    close_handle(p.port);
}

/* The last reference may be a mapping's, or a clone's. */
static void g6_last_reference(void) {
    struct paged p = begin(0, 1);
    supply(&p, 0, 1, 4);
    uint64_t address = map_with(p.vmo, MAP_READ, PAGE);
    ts_handle_t clone = make_child(p.vmo, AT_LEAST, 0, PAGE);
    close_handle(p.vmo);
    no_packet(p.port);
    CHECK_EQUAL(4, *word_in(address));
    unmap(address, PAGE);
    no_packet(p.port);
    CHECK_EQUAL(4, word_at(clone, 0));
    close_handle(clone);
    completes(&p);
    close_handle(p.pager);
    close_handle(p.port);
}

static void g6_closing_the_pager(void) {
    struct paged p = begin(0, 4);
    struct access access = {.way = BY_READ, .vmo = p.vmo};
    supply(&p, 3, 1, 20);
    start(&access);
    (void)!next_request(&p, READ_PAGE, 0);
    close_handle(p.pager);
    finish(&access, TS_ERR_BAD_STATE);
    no_packet(p.port);
    check_unavailable(p.vmo, PAGE);
    check_pages(p.vmo, 3, 1, 20);
    close_handle(p.vmo);
    no_packet(p.port);
    close_handle(p.port);
}

static void g7_closing_the_port(void) {
    struct paged p = begin(0, 4);
    struct access access[2];
    for (unsigned i = 0; i < 2; i++) {
        access[i] = (struct access){.way = BY_READ, .vmo = p.vmo, .offset = i * PAGE};
        start(&access[i]);
        CHECK(is_waiting(&access[i]));
    }
    close_handle(p.port);
    finish(&access[0], TS_ERR_BAD_STATE);
    finish(&access[1], TS_ERR_BAD_STATE);
    check_unavailable(p.vmo, 3 * PAGE);
    close_handle(p.vmo);
    close_handle(p.pager);
}

/* The request that nobody took goes with who wanted it; one that was taken is answered to nobody. */
static void g8_killed_waiter(void) {
    struct paged p = begin(0, 4);
    struct guest_child child;
    struct access other = {.way = BY_READ, .vmo = p.vmo, .offset = PAGE};
    for (unsigned taken = 0; taken < 2; taken++) {
        if (start_load(&child, p.vmo, taken * PAGE)) {
            CHECK(guest_wait_state(child.thread, TS_THREAD_WAITING));
            while (shared_get(0) == 0) {
                (void)!ts_thread_sleep(soon());
            }
            CHECK(guest_wait_state(child.thread, TS_THREAD_WAITING));
            (void)!ts_thread_sleep(soon());
            if (taken == 1) {
                (void)!next_request(&p, READ_PAGE, 1);
                start(&other);
                CHECK(is_waiting(&other));
            }
            CHECK_OK(ts_task_kill(child.process));
            CHECK_EQUAL(TS_EXIT_KILLED, guest_child_end(&child));
        }
        no_packet(p.port);
    }
    supply(&p, 1, 1, 2);
    finish(&other, TS_OK);
    end(&p);
}

static void g9_shrinking(void) {
    struct paged p = begin(TS_VMO_RESIZABLE, 4);
    struct access access[2];
    for (unsigned i = 0; i < 2; i++) {
        access[i] = (struct access){.way = BY_READ, .vmo = p.vmo, .offset = 2 * i * PAGE};
        start(&access[i]);
        CHECK(is_waiting(&access[i]));
    }
    CHECK_OK(ts_vmo_set_size(p.vmo, 2 * PAGE));
    finish(&access[1], TS_ERR_OUT_OF_RANGE);
    (void)!next_request(&p, READ_PAGE, 0);
    supply(&p, 0, 1, 5);
    finish(&access[0], TS_OK);
    /* What was cut off is not asked for when it comes back (V5), and nor is what never was. */
    CHECK_OK(ts_vmo_set_size(p.vmo, 6 * PAGE));
    check_zeros(p.vmo, 2, 4);
    set_word(p.vmo, 3 * PAGE, 8);
    check_dirty(&p, 3, 1);
    supply(&p, 2, 2, 90);
    check_zeros(p.vmo, 2, 1);
    CHECK_EQUAL(8, word_at(p.vmo, 3 * PAGE));
    end(&p);
}

/* A mapped access beyond the end faults, also if it was waiting when the end came. */
static void g9_mapped_access(void) {
    struct paged p = begin(TS_VMO_RESIZABLE, 4);
    struct guest_child child;
    if (start_load(&child, p.vmo, 3 * PAGE)) {
        (void)!next_request(&p, READ_PAGE, 3);
        CHECK_OK(ts_vmo_set_size(p.vmo, PAGE));
        CHECK_EQUAL(TS_EXIT_EXCEPTION, guest_child_end(&child));
    }
    end(&p);
}

/* --- dirty pages --- */

static void one_write(enum way way, bool zeros) {
    struct paged p = begin(TS_VMO_TRAP_DIRTY, 2);
    uint64_t address = map_with(p.vmo, MAP_WRITE, 2 * PAGE);
    struct access access = {.way = way, .vmo = p.vmo, .address = address, .offset = PAGE, .value = 11};
    ts_handle_t from = make_vmo(2 * PAGE);
    if (!zeros) {
        fill_pages(from, 0, 2, 40);
    }
    CHECK_OK(try_supply(&p, 0, 2, from));
    CHECK_EQUAL(zeros ? 0 : 41, *word_in(address + PAGE));
    start(&access);
    (void)!next_request(&p, DIRTY_PAGE, 1);
    CHECK(is_waiting(&access));
    CHECK_EQUAL(zeros ? 0 : 41, word_at(p.vmo, PAGE));
    CHECK_OK(operate(&p, TS_PAGER_OP_DIRTY, 1, 1, 0));
    finish(&access, TS_OK);
    CHECK_EQUAL(11, *word_in(address + PAGE));
    *word_in(address + PAGE) = 12; /* asks no more */
    set_word(p.vmo, PAGE + 8, 13);
    CHECK_EQUAL(12, word_at(p.vmo, PAGE));
    check_dirty(&p, 1, 1);
    unmap(address, 2 * PAGE);
    close_handle(from);
    end(&p);
}

static void g10_first_write_asks(void) {
    one_write(BY_WRITE, false);
    one_write(BY_STORE, false);
    one_write(BY_WRITE, true);
    one_write(BY_STORE, true);
}

/* A write of an absent page asks for the page, then whether it may be written. */
static void g10_absent_page(void) {
    struct paged p = begin(TS_VMO_TRAP_DIRTY, 2);
    struct access access = {.way = BY_WRITE, .vmo = p.vmo, .value = 3};
    CHECK_STATUS(TS_ERR_NOT_FOUND, operate(&p, TS_PAGER_OP_DIRTY, 0, 1, 0));
    start(&access);
    (void)!next_request(&p, READ_PAGE, 0);
    supply(&p, 0, 1, 1);
    (void)!next_request(&p, DIRTY_PAGE, 0);
    CHECK_STATUS(TS_ERR_NOT_FOUND, operate(&p, TS_PAGER_OP_DIRTY, 0, 2, 0));
    CHECK(is_waiting(&access));
    check_dirty(&p, 0, 0);
    CHECK_OK(fail(&p, 0, 1, TS_ERR_NO_SPACE));
    finish(&access, TS_ERR_NO_SPACE);
    CHECK_EQUAL(1, word_at(p.vmo, 0));
    check_dirty(&p, 0, 0);
    end(&p);
}

static void write_dirty(const struct paged *p, struct access *access, uint64_t page) {
    access->offset = page * PAGE;
    guest_threads_reset();
    start(access);
    (void)!next_request(p, DIRTY_PAGE, page);
    CHECK_OK(operate(p, TS_PAGER_OP_DIRTY, page, 1, 0));
    finish(access, TS_OK);
}

static void write_back(enum way way) {
    struct paged p = begin(TS_VMO_TRAP_DIRTY, 4);
    uint64_t address = map_with(p.vmo, MAP_WRITE, 4 * PAGE);
    struct access access = {.way = way, .vmo = p.vmo, .address = address, .value = 1};
    supply(&p, 0, 4, 10);
    for (uint64_t page = 1; page < 4; page++) {
        write_dirty(&p, &access, page);
    }
    check_dirty(&p, 1, 3);
    CHECK_OK(operate(&p, TS_PAGER_OP_WRITEBACK_BEGIN, 1, 3, 0));
    check_dirty(&p, 1, 3);
    write_dirty(&p, &access, 2); /* asks again, because it would not be written back */
    CHECK_OK(operate(&p, TS_PAGER_OP_WRITEBACK_END, 1, 3, 0));
    check_dirty(&p, 2, 1);
    access.value = 7;
    write_dirty(&p, &access, 3);
    check_dirty(&p, 2, 2);
    CHECK_EQUAL(7, word_at(p.vmo, 3 * PAGE));
    /* The end without a beginning cleans nothing. */
    CHECK_OK(operate(&p, TS_PAGER_OP_WRITEBACK_END, 0, 4, 0));
    check_dirty(&p, 2, 2);
    unmap(address, 4 * PAGE);
    end(&p);
}

static void g11_write_back(void) {
    write_back(BY_WRITE);
    write_back(BY_STORE);
}

/* Without TRAP_DIRTY nobody is asked, but what was written is known. */
static void g11_without_trap(void) {
    struct paged p = begin(0, 2);
    uint64_t address = map_with(p.vmo, MAP_WRITE, 2 * PAGE);
    supply(&p, 0, 2, 10);
    CHECK_EQUAL(10, *word_in(address));
    check_dirty(&p, 0, 0);
    *word_in(address) = 5;
    check_dirty(&p, 0, 1);
    CHECK_OK(operate(&p, TS_PAGER_OP_WRITEBACK_BEGIN, 0, 2, 0));
    *word_in(address) = 6;
    CHECK_OK(operate(&p, TS_PAGER_OP_WRITEBACK_END, 0, 2, 0));
    check_dirty(&p, 0, 1);
    CHECK_OK(operate(&p, TS_PAGER_OP_WRITEBACK_BEGIN, 0, 2, 0));
    CHECK_OK(operate(&p, TS_PAGER_OP_WRITEBACK_END, 0, 2, 0));
    check_dirty(&p, 0, 0);
    CHECK_EQUAL(6, *word_in(address));
    check_dirty(&p, 0, 0);
    unmap(address, 2 * PAGE);
    end(&p);
}

/* --- clones --- */

static void g12_snapshots(void) {
    struct paged p = begin(0, 4);
    ts_handle_t refused = 1;
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmo_create_child(p.vmo, TS_VMO_CHILD_SNAPSHOT, 0, PAGE, &refused));
    CHECK_EQUAL(0, refused);
    ts_handle_t child = make_child(p.vmo, AT_LEAST, PAGE, 2 * PAGE);
    ts_handle_t grandchild = make_child(child, AT_LEAST, PAGE, PAGE);
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmo_create_child(child, TS_VMO_CHILD_SNAPSHOT, 0, PAGE, &refused));
    struct access access = {.way = BY_READ, .vmo = grandchild};
    start(&access);
    (void)!next_request(&p, READ_PAGE, 2);
    supply(&p, 2, 1, 30);
    finish(&access, TS_OK);
    CHECK_EQUAL(32, access.value);
    CHECK_EQUAL(32, word_at(child, PAGE));
    CHECK_EQUAL(32, word_at(p.vmo, 2 * PAGE));
    CHECK_EQUAL(0, vmo_info(child).committed);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_pager_detach_vmo(p.pager, child));
    close_handle(grandchild);
    close_handle(child);
    wait_no_children(p.vmo);
    end(&p);
}

static void g13_pairs(void) {
    struct paged p = begin(0, 2);
    struct paged q = begin(0, 2);
    ts_handle_t from = make_vmo(PAGE);
    ts_handle_t slice = make_slice(p.vmo, 0, PAGE);
    struct paged crossed = {p.pager, p.port, q.vmo};
    struct paged of_slice = {p.pager, p.port, slice};
    CHECK_STATUS(TS_ERR_INVALID_ARGS, try_supply(&crossed, 0, 1, from));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, fail(&crossed, 0, 1, TS_ERR_IO));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_pager_detach_vmo(p.pager, q.vmo));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, try_supply(&of_slice, 0, 1, from));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_pager_detach_vmo(p.pager, slice));
    supply(&q, 0, 1, 1);
    close_handle(slice);
    close_handle(from);
    end(&q);
    end(&p);
}

static void v26_writes_of_a_clone(void) {
    struct paged p = begin(0, 3);
    supply(&p, 0, 3, 10);
    ts_handle_t child = make_child(p.vmo, AT_LEAST, 0, 3 * PAGE);
    uint64_t address = map_with(child, MAP_WRITE, 3 * PAGE);
    uint64_t parent = map_with(p.vmo, MAP_WRITE, 3 * PAGE);
    CHECK_EQUAL(11, *word_in(address + PAGE));
    *word_in(address) = 50;
    set_word(child, 2 * PAGE, 52);
    CHECK_EQUAL(10, *word_in(parent));
    check_pages(p.vmo, 0, 3, 10);
    check_dirty(&p, 0, 0); /* the clone's pages are no business of the pager's */
    *word_in(parent) = 20;
    CHECK_EQUAL(50, *word_in(address));
    CHECK_EQUAL(50, word_at(child, 0));
    ts_handle_t second = make_child(child, AT_LEAST, 0, 3 * PAGE);
    *word_in(address) = 51;
    CHECK_EQUAL(50, word_at(second, 0));
    CHECK_EQUAL(2 * PAGE, vmo_info(child).committed);
    close_handle(second);
    unmap(parent, 3 * PAGE);
    unmap(address, 3 * PAGE);
    close_handle(child);
    wait_no_children(p.vmo);
    end(&p);
}

static void v13_snapshot_modified(void) {
    struct paged p = begin(0, 2);
    supply(&p, 0, 2, 10);
    ts_handle_t child = make_child(p.vmo, TS_VMO_CHILD_SNAPSHOT_MODIFIED, 0, 2 * PAGE);
    set_word(child, 0, 50);
    ts_handle_t second = make_child(child, TS_VMO_CHILD_SNAPSHOT_MODIFIED, 0, 2 * PAGE);
    set_word(child, 0, 51);
    set_word(p.vmo, 0, 20);
    CHECK_EQUAL(50, word_at(second, 0));
    CHECK_EQUAL(11, word_at(second, PAGE));
    CHECK_EQUAL(51, word_at(child, 0));
    close_handle(second);
    close_handle(child);
    wait_no_children(p.vmo);
    end(&p);
    ts_handle_t vmo = make_vmo(PAGE); /* without a pager it is a snapshot */
    set_word(vmo, 0, 1);
    child = make_child(vmo, TS_VMO_CHILD_SNAPSHOT_MODIFIED, 0, PAGE);
    set_word(vmo, 0, 2);
    CHECK_EQUAL(1, word_at(child, 0));
    close_handle(child);
    close_handle(vmo);
}

/* V14 V16: what a clone saw only through its parent is zeros when that is cut off, and so is what it never saw. */
static void v26_sizes(void) {
    struct paged p = begin(TS_VMO_RESIZABLE, 4);
    supply(&p, 0, 4, 10);
    ts_handle_t child = make_child(p.vmo, AT_LEAST | TS_VMO_RESIZABLE, PAGE, 2 * PAGE);
    uint64_t address = map_with(child, MAP_READ, 2 * PAGE);
    CHECK_EQUAL(12, *word_in(address + PAGE));
    CHECK_OK(ts_vmo_set_size(child, 3 * PAGE));
    check_zeros(child, 2, 1);
    CHECK_OK(ts_vmo_set_size(p.vmo, 2 * PAGE));
    CHECK_EQUAL(11, *word_in(address));
    CHECK_EQUAL(0, *word_in(address + PAGE));
    check_zeros(child, 1, 2);
    CHECK_OK(ts_vmo_set_size(child, 0));
    CHECK_OK(ts_vmo_set_size(child, 2 * PAGE));
    check_zeros(child, 0, 2);
    CHECK_EQUAL(11, word_at(p.vmo, PAGE));
    unmap(address, 2 * PAGE);
    close_handle(child);
    wait_no_children(p.vmo);
    end(&p);
}

static void v28_commit_of_a_clone(void) {
    struct paged p = begin(0, 2);
    ts_handle_t child = make_child(p.vmo, AT_LEAST, PAGE, PAGE);
    struct access access = {.way = BY_OP, .vmo = child};
    start(&access);
    (void)!next_request(&p, READ_PAGE, 1);
    supply(&p, 1, 1, 6);
    finish(&access, TS_OK);
    CHECK_EQUAL(PAGE, vmo_info(p.vmo).committed);
    CHECK_EQUAL(7, word_at(child, 0));
    check_dirty(&p, 0, 0);
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmo_op_range(p.vmo, TS_VMO_OP_DECOMMIT, 0, PAGE));
    close_handle(child);
    wait_no_children(p.vmo);
    end(&p);
}

static void m8_must_allow_faults(void) {
    struct paged p = begin(0, 1);
    ts_handle_t child = make_child(p.vmo, AT_LEAST, 0, PAGE);
    uint64_t address = 0;
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmar_map(guest_self.vmar, MAP_READ, 0, p.vmo, 0, PAGE, &address));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmar_map(guest_self.vmar, MAP_READ, 0, child, 0, PAGE, &address));
    unmap(map_with(p.vmo, MAP_READ, PAGE), PAGE);
    close_handle(child);
    wait_no_children(p.vmo);
    end(&p);
}

/* Zeros are written page by page, with the pager's permission. */
static void zero_is_a_write(void) {
    struct paged p = begin(0, 3);
    supply(&p, 0, 3, 10);
    CHECK_OK(ts_vmo_op_range(p.vmo, TS_VMO_OP_ZERO, PAGE, PAGE + 8));
    check_zeros(p.vmo, 1, 2);
    CHECK_EQUAL(10, word_at(p.vmo, 0));
    check_dirty(&p, 1, 2);
    end(&p);
}

/* --- all at once --- */

#define BUSY_PAGES   16u
#define BUSY_THREADS 4u
#define BUSY_ROUNDS  150u

static struct paged busy;
static uint64_t busy_address;

/* Each thread has its own word of each page, in which it counts; by mapping and by call in turn. */
static void count_in_pages(void *argument) {
    uint64_t index = (uint64_t)argument;
    uint64_t counts[BUSY_PAGES] = {0};
    uint64_t random = index + 1;
    for (unsigned round = 0; round < BUSY_ROUNDS; round++) {
        random = random * 6364136223846793005ul + 1442695040888963407ul;
        uint64_t page = random >> 40 & (BUSY_PAGES - 1);
        uint64_t offset = page * PAGE + 8 + 8 * index;
        uint64_t value = 0;
        if ((random >> 60 & 1) != 0) {
            value = *word_in(busy_address + offset);
            *word_in(busy_address + offset) = value + 1;
        } else {
            CHECK_OK(ts_vmo_read(busy.vmo, &value, offset, 8));
            uint64_t next = value + 1;
            CHECK_OK(ts_vmo_write(busy.vmo, &next, offset, 8));
        }
        CHECK_EQUAL(counts[page], value);
        counts[page]++;
    }
    shared_add(0, 1);
}

static void answer(const struct ts_packet_page_request *request) {
    uint64_t page = request->offset / PAGE;
    if (request->command == READ_PAGE) {
        supply(&busy, page, 1, 1000);
    } else {
        ts_status_t status = operate(&busy, TS_PAGER_OP_DIRTY, page, 1, 0);
        CHECK_OK(status);
        if (shared_add(1, 1) % 7 == 0) { /* not so often that all who were answered have to ask again, for ever */
            CHECK_OK(operate(&busy, TS_PAGER_OP_WRITEBACK_BEGIN, 0, BUSY_PAGES, 0));
            CHECK_OK(operate(&busy, TS_PAGER_OP_WRITEBACK_END, 0, BUSY_PAGES, 0));
        }
    }
}

static void busy_pager(void) {
    ts_handle_t thread[BUSY_THREADS];
    struct ts_packet packet;
    busy = begin(TS_VMO_TRAP_DIRTY, BUSY_PAGES);
    busy_address = map_with(busy.vmo, MAP_WRITE, BUSY_PAGES * PAGE);
    shared_set(0, 0);
    shared_set(1, 0);
    for (uint64_t i = 0; i < BUSY_THREADS; i++) {
        thread[i] = guest_thread(count_in_pages, (void *)i);
    }
    ts_time_t until = ts_time_after(GUEST_PATIENCE);
    while (shared_get(0) < BUSY_THREADS && ts_time_now() < until) {
        if (ts_port_wait(busy.port, &packet, soon()) == TS_OK) {
            answer(&packet.page_request);
        }
    }
    for (unsigned i = 0; i < BUSY_THREADS; i++) {
        guest_join(thread[i]);
    }
    CHECK(shared_get(1) >= BUSY_PAGES);
    check_pages(busy.vmo, 0, BUSY_PAGES, 1000);
    unmap(busy_address, BUSY_PAGES * PAGE);
    end(&busy);
}

static const struct guest_test tests[] = {
    {"normal: pager_create makes a pager", normal_create},
    {"hostile: pager_create refuses options, and at ceilings", hostile_create},
    {"normal: pager_create_vmo makes a VMO without pages", normal_create_vmo},
    {"hostile: pager_create_vmo refuses sizes, options and handles, and at ceilings", hostile_create_vmo},
    {"normal: pager_supply_pages gives a VMO pages", normal_supply},
    {"hostile: pager_supply_pages refuses ranges and handles, and at the ceiling", hostile_supply},
    {"normal: pager_detach_vmo leaves what is there", normal_detach},
    {"hostile: pager_detach_vmo refuses what is not the pager's", hostile_detach},
    {"normal: pager_op_range makes pages dirty and clean", normal_op},
    {"normal: pager_op_range has requests asked again", asked_again},
    {"hostile: pager_op_range refuses operations, ranges and handles, and at the ceiling", hostile_op},
    {"normal: pager_query_dirty_ranges lists dirty pages", normal_query},
    {"hostile: pager_query_dirty_ranges refuses ranges, pointers and handles", hostile_query},
    {"G1 requests carry the key of their VMO", g1_keys},
    {"G2 an access in any way asks for the page and waits", g2_every_way},
    {"G2 a read across pages asks for each", g2_across_pages},
    {"G2 buffers of calls may be absent pages", g2_buffers_of_calls},
    {"G3 pages are moved, and present ones stay", g3_moves_pages},
    {"G3 absent pages of the other VMO are zeros", g3_absent_pages_are_zeros},
    {"G3 pages with children or mappings are not taken", g3_what_is_in_use_stays},
    {"G4 a page is asked for once", g4_one_request},
    {"G4 an answer wakes whom it covers", g4_others_wait},
    {"G4 what was supplied is not asked for any more", g4_supplied_unasked},
    {"G5 calls return the error of the pager", g5_errors_of_calls},
    {"G5 a mapped access faults by the error of the pager", g5_mapped_access},
    {"G6 detaching fails what waits and what comes, and completes", g6_detach},
    {"G6 the last reference completes", g6_last_reference},
    {"G6 closing the pager detaches in silence", g6_closing_the_pager},
    {"G7 closing the port fails who waits", g7_closing_the_port},
    {"G8 a killed waiter leaves no trace", g8_killed_waiter},
    {"G9 shrinking wakes who waits beyond the end", g9_shrinking},
    {"G9 shrinking under a mapped access is a fault", g9_mapped_access},
    {"G10 the first write of a clean page asks", g10_first_write_asks},
    {"G10 an absent page cannot be dirty", g10_absent_page},
    {"G11 write-back cleans what was not written meanwhile", g11_write_back},
    {"G11 without TRAP_DIRTY what was written is known", g11_without_trap},
    {"G12 a clone asks for its parent's page", g12_snapshots},
    {"G13 a VMO of another pager is refused", g13_pairs},
    {"V26 what a clone writes is its own", v26_writes_of_a_clone},
    {"V13 V26 SNAPSHOT_MODIFIED copies what was written", v13_snapshot_modified},
    {"V14 V16 V26 a clone sees no more than it saw", v26_sizes},
    {"V28 committing a clone commits its parent", v28_commit_of_a_clone},
    {"M8 a mapping of a pager's VMO allows faults", m8_must_allow_faults},
    {"zeros are written into a pager's pages", zero_is_a_write},
    {"a pager under load loses nothing", busy_pager},
};

GUEST_GROUP(pager_tests, tests);
