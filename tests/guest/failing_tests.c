/* SPDX-License-Identifier: MIT */
/*
 * Every allocation that the kernel makes for a child fails once: run after run, the one with the next number. Whatever
 * fails, calls must say so with a clean error, the audit must find nothing, and nothing may be left.
 * `every=1` tries each allocation instead of each 50th, `seed=` says where to begin.
 */
#include "guest/cpu.h"
#include "guest/device.h"
#include "guest/groups.h"
#include "guest/support.h"
#include "os/print.h"
#include "os/start.h"

#define EVERY    50u
#define PAGE     TS_PAGE_SIZE
#define READABLE TS_VMAR_READ
#define WRITABLE (TS_VMAR_READ | TS_VMAR_WRITE)
#define HANDLES  140u /* more than a page of the handle table holds */
#define SIGNAL   (1u << 24) /* one of the user's */

/* Of the child: something was refused for want of memory, so what was to be made may be missing. */
static bool refused;

/* OK, or refused; once something was refused, what follows from it. */
static bool may(ts_status_t status) {
    if (status == TS_ERR_NO_MEMORY || status == TS_ERR_NO_RESOURCES) {
        refused = true;
    } else if (!refused) {
        return CHECK_OK(status);
    } else {
        CHECK(status == TS_OK || status == TS_ERR_BAD_HANDLE || status == TS_ERR_NOT_FOUND ||
              status == TS_ERR_INVALID_ARGS || status == TS_ERR_BAD_STATE || status == TS_ERR_TIMED_OUT);
    }
    return status == TS_OK;
}

static void may_close(ts_handle_t handle) {
    if (handle != TS_HANDLE_INVALID) {
        CHECK_OK(ts_handle_close(handle));
    }
}

static void store(uint64_t address, uint64_t page, char value) {
    if (address != 0) {
        *(volatile char *)(address + page * PAGE) = value;
    }
}

static void expect_mapped(uint64_t address, uint64_t page, char value) {
    if (address != 0) {
        char byte = *(volatile char *)(address + page * PAGE);
        CHECK(refused || byte == value);
    }
}

static void expect(ts_handle_t vmo, uint64_t page, char value) {
    char byte = 0;
    if (may(ts_vmo_read(vmo, &byte, page * PAGE, 1)) && !refused) {
        CHECK_EQUAL(value, byte);
    }
}

static void check_audit(ts_handle_t handle) {
    uint64_t problems = 1;
    CHECK_OK(ts_system_debug(handle, TS_DEBUG_AUDIT, 0, &problems));
    CHECK_EQUAL(0, problems);
}

/* --- memory --- */

/* A copy of a copy, with writes by call and by page faults on both sides. */
static void copies(ts_handle_t vmo, uint64_t address) {
    ts_handle_t copy = TS_HANDLE_INVALID;
    ts_handle_t second = TS_HANDLE_INVALID;
    uint64_t copy_address = 0;
    may(ts_vmo_create_child(vmo, TS_VMO_CHILD_SNAPSHOT | TS_VMO_RESIZABLE, 0, 8 * PAGE, &copy));
    may(ts_vmar_map(guest_self.vmar, WRITABLE | TS_VMAR_MAP_RANGE | TS_VMAR_ALLOW_FAULTS, 0, copy, 0, 8 * PAGE,
                    &copy_address));
    may(ts_vmo_create_child(copy, TS_VMO_CHILD_SNAPSHOT, PAGE, 4 * PAGE, &second));
    store(address, 1, 'w');
    store(copy_address, 2, 'x');
    may(ts_vmo_write(second, "y", 0, 1));
    expect(vmo, 1, 'w');
    expect(copy, 1, 'b');
    expect(copy, 2, 'x');
    expect(second, 0, 'y');
    expect(second, 1, 'c');
    may(ts_vmo_set_size(copy, (uint64_t)1 << 34));
    may(ts_vmo_write(copy, "z", ((uint64_t)1 << 34) - 1, 1));
    check_audit(guest_self.extra); /* with all of it there */
    may(ts_vmo_set_size(copy, 3 * PAGE));
    may_close(vmo != 0 ? second : 0);
    may_close(copy);
    if (copy_address != 0) {
        may(ts_vmar_unmap(guest_self.vmar, copy_address, 8 * PAGE));
    }
}

/* Mappings that are cut and divided, in a range of their own. */
static void ranges(ts_handle_t vmo) {
    ts_handle_t range = TS_HANDLE_INVALID;
    ts_handle_t piece = TS_HANDLE_INVALID;
    uint64_t base = 0;
    uint64_t address = 0;
    const uint32_t can = TS_VMAR_CAN_MAP_READ | TS_VMAR_CAN_MAP_WRITE | TS_VMAR_CAN_MAP_SPECIFIC;
    may(ts_vmar_allocate(guest_self.vmar, can, 0, 64 * PAGE, &range, &base));
    may(ts_vmar_map(range, WRITABLE | TS_VMAR_SPECIFIC, 0, vmo, 0, 8 * PAGE, &address));
    may(ts_vmar_map(range, READABLE | TS_VMAR_SPECIFIC, 16 * PAGE, vmo, 0, 8 * PAGE, &address));
    may(ts_vmar_op_range(range, TS_VMO_OP_COMMIT, base, 8 * PAGE));
    may(ts_vmar_protect(range, READABLE, base + 2 * PAGE, 2 * PAGE));
    may(ts_vmar_unmap(range, base + 5 * PAGE, PAGE));
    may(ts_vmar_map(range, WRITABLE | TS_VMAR_SPECIFIC_OVERWRITE, 17 * PAGE, vmo, 0, 2 * PAGE, &address));
    may(ts_vmo_create_contiguous(4 * PAGE, 0, &piece));
    may(ts_vmar_map(range, WRITABLE, 0, piece, 0, 4 * PAGE, &address));
    check_audit(guest_self.extra);
    may_close(piece);
    if (range != TS_HANDLE_INVALID) {
        CHECK_OK(ts_vmar_destroy(range));
    }
    may_close(range);
}

/* A large page that is split, written, and joined again. */
static void large_pages(void) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    ts_handle_t copy = TS_HANDLE_INVALID;
    uint64_t address = 0;
    may(ts_vmo_create(512 * PAGE, 0, &vmo));
    may(ts_vmo_op_range(vmo, TS_VMO_OP_COMMIT, 0, 512 * PAGE));
    may(ts_vmar_map(guest_self.vmar, WRITABLE, 0, vmo, 0, 512 * PAGE, &address));
    store(address, 3, 'l');
    may(ts_vmo_create_child(vmo, TS_VMO_CHILD_SNAPSHOT, 3 * PAGE, PAGE, &copy));
    store(address, 4, 'm');
    expect(copy, 0, 'l');
    check_audit(guest_self.extra);
    may_close(copy);
    store(address, 3, 'n');
    expect(vmo, 3, 'n');
    expect(vmo, 4, 'm');
    may(ts_vmo_op_range(vmo, TS_VMO_OP_DECOMMIT, 5 * PAGE, PAGE));
    expect_mapped(address, 4, 'm');
    check_audit(guest_self.extra);
    if (address != 0) {
        may(ts_vmar_unmap(guest_self.vmar, address, 512 * PAGE));
    }
    may_close(vmo);
}

static void memory_calls(void) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    ts_handle_t slice = TS_HANDLE_INVALID;
    uint64_t address = 0;
    may(ts_vmo_create(16 * PAGE, 0, &vmo));
    for (uint64_t page = 0; page < 4; page++) {
        may(ts_vmo_write(vmo, &"abcd"[page], page * PAGE, 1));
    }
    may(ts_vmar_map(guest_self.vmar, WRITABLE, 0, vmo, 0, 16 * PAGE, &address));
    store(address, 0, 'A');
    store(address, 9, 'j');
    expect_mapped(address, 10, 0);
    may(ts_vmo_write(vmo, "k", 10 * PAGE, 1));
    expect_mapped(address, 10, 'k');
    may(ts_vmo_op_range(vmo, TS_VMO_OP_DECOMMIT, 9 * PAGE, PAGE));
    copies(vmo, address);
    may(ts_vmo_create_child(vmo, TS_VMO_CHILD_SLICE, 2 * PAGE, 4 * PAGE, &slice));
    may(ts_vmo_op_range(slice, TS_VMO_OP_ZERO, 100, 2 * PAGE));
    may_close(slice);
    ranges(vmo);
    if (address != 0) {
        may(ts_vmar_unmap(guest_self.vmar, address, 16 * PAGE));
    }
    may_close(vmo);
    large_pages();
}

/* --- everything else that makes something --- */

static void handles(void) {
    static ts_handle_t made[HANDLES];
    ts_handle_t top = TS_HANDLE_INVALID;
    may(ts_event_create(0, &top));
    for (unsigned i = 0; i < HANDLES; i++) {
        made[i] = TS_HANDLE_INVALID;
        may(ts_handle_duplicate(top, TS_RIGHT_SAME_RIGHTS, &made[i]));
    }
    for (unsigned i = 0; i < HANDLES; i++) {
        may_close(made[i]);
    }
    may_close(top);
}

static void ports(void) {
    ts_handle_t port = TS_HANDLE_INVALID;
    ts_handle_t event = TS_HANDLE_INVALID;
    struct ts_packet packet = {0};
    may(ts_port_create(0, &port));
    may(ts_event_create(0, &event));
    may(ts_port_queue(port, &packet));
    may(ts_object_wait_async(event, port, 1, SIGNAL, 0));
    may(ts_object_signal(event, 0, SIGNAL));
    may(ts_port_wait(port, &packet, ts_time_after(0)));
    may_close(event);
    may_close(port);
}

/* A refusal leaves the request where it was. */
static bool keep(ts_handle_t *reply) {
    return may(ts_reply_save(0, reply)) || may(ts_reply_save(0, reply));
}

static void serve(void *argument) {
    struct ts_message message;
    ts_handle_t reply = TS_HANDLE_INVALID;
    ts_message_begin(&message, 0);
    if (ts_reply_wait((ts_handle_t)argument, &message, ts_time_after(GUEST_PATIENCE / 4), TS_REPLY_NONE) == TS_OK &&
        keep(&reply)) {
        ts_message_begin(&message, 0);
        may(ts_reply_send(reply, &message));
    }
}

static void messages(void) {
    ts_handle_t endpoint = TS_HANDLE_INVALID;
    ts_handle_t client = TS_HANDLE_INVALID;
    ts_handle_t thread = TS_HANDLE_INVALID;
    ts_handle_t event = TS_HANDLE_INVALID;
    struct ts_message message;
    ts_signals_t observed;
    may(ts_endpoint_create(0, &endpoint));
    may(ts_endpoint_mint(endpoint, 1, TS_RIGHT_SAME_RIGHTS, &client));
    may(ts_event_create(0, &event));
    may(ts_thread_create(guest_self.process, "server", 6, 0, &thread));
    if (!refused && may(ts_thread_start(thread, guest_thread_entry(), guest_stack_top(), (uint64_t)serve, endpoint))) {
        ts_message_begin(&message, 0);
        (void)!ts_message_put_handle(&message, event);
        ts_status_t status = ts_call(client, &message, ts_time_after(GUEST_PATIENCE / 2));
        if (status != TS_ERR_NO_MEMORY) {
            CHECK_OK(status);
        }
        CHECK_OK(ts_object_wait_one(thread, TS_SIGNAL_TERMINATED, ts_time_after(GUEST_PATIENCE), &observed));
    }
    may_close(thread);
    (void)!ts_handle_close(event);
    may_close(client);
    may_close(endpoint);
}

static void tasks(void) {
    ts_handle_t job = TS_HANDLE_INVALID;
    ts_handle_t process = TS_HANDLE_INVALID;
    ts_handle_t vmar = TS_HANDLE_INVALID;
    ts_handle_t thread = TS_HANDLE_INVALID;
    ts_handle_t argument = TS_HANDLE_INVALID;
    may(ts_job_create(guest_self.job, 0, &job));
    may(ts_process_create(job, "victim", 6, 0, &process, &vmar));
    may(ts_thread_create(process, "main", 4, 0, &thread));
    may(ts_event_create(0, &argument));
    if (!refused) {
        /* The handle has moved, or was closed. Its first instruction faults. */
        may(ts_process_start(process, thread, PAGE, PAGE, argument, 0));
        (void)!ts_handle_close(argument);
    } else {
        may_close(argument);
    }
    if (job != TS_HANDLE_INVALID) {
        CHECK_OK(ts_task_kill(job));
    }
    may_close(thread);
    may_close(vmar);
    may_close(process);
    may_close(job);
}

static void devices(void) {
    ts_handle_t lines = TS_HANDLE_INVALID;
    ts_handle_t registers = TS_HANDLE_INVALID;
    ts_handle_t interrupt = TS_HANDLE_INVALID;
    may(ts_resource_create(guest_self.extra, TS_RESOURCE_INTERRUPT, device_line, 1, &lines));
    may(ts_interrupt_create(lines, device_line, device_line_options, &interrupt));
    may(ts_vmo_create_physical(guest_self.extra, device_page, PAGE, &registers));
    may_close(registers);
    may_close(interrupt);
    may_close(lines);
    if (cpu_has_ports) {
        ts_handle_t range = TS_HANDLE_INVALID;
        may(ts_resource_create(guest_self.extra, TS_RESOURCE_IOPORT, DEVICE_PORT_RESULT, 1, &range));
        may(ts_ports_enable(range, DEVICE_PORT_RESULT, 1));
        may_close(range);
    }
}

static void other_calls(void) {
    handles();
    ports();
    messages();
    tasks();
    devices();
}

/* --- runs --- */

/* The first turn makes what stays, pages and tables: it is not counted, so that all turns count the same. */
static void memory_child(uint64_t nth) {
    uint64_t before;
    memory_calls();
    CHECK_OK(ts_system_debug(guest_self.extra, TS_DEBUG_FAIL_ALLOCATION, nth, &before));
    memory_calls();
    CHECK_OK(ts_system_debug(guest_self.extra, TS_DEBUG_FAIL_ALLOCATION, 0, &before));
    shared_set(0, before == 0 ? nth : 0);
}

static void other_child(uint64_t nth) {
    uint64_t before;
    (void)guest_stack_top();
    other_calls();
    CHECK_OK(ts_system_debug(guest_self.extra, TS_DEBUG_FAIL_ALLOCATION, nth, &before));
    other_calls();
    CHECK_OK(ts_system_debug(guest_self.extra, TS_DEBUG_FAIL_ALLOCATION, 0, &before));
    shared_set(0, before == 0 ? nth : 0);
}

/* Whether there was an allocation with this number. A page fault that finds no memory ends the child. */
static bool fail_nth(guest_function child_main, uint64_t nth) {
    struct guest_child child;
    uint64_t left = 1;
    ts_handle_t job = make_job();
    shared_set(0, 0);
    if (guest_child_start(&child, job, child_main, nth, duplicate_with(resource("root"), TS_RIGHT_SAME_RIGHTS))) {
        int64_t code = guest_child_end(&child);
        CHECK_OK(ts_system_debug(resource("debug"), TS_DEBUG_FAIL_ALLOCATION, 0, &left));
        CHECK_EQUAL(0, left);
        CHECK(code == 0 || code == TS_EXIT_EXCEPTION);
        if (code == TS_EXIT_EXCEPTION) {
            shared_set(0, nth);
        }
    }
    close_handle(job);
    check_audit(resource("debug"));
    return shared_get(0) == nth;
}

static void fail_each(guest_function child_main) {
    uint64_t every = ts_argument_number("every", EVERY);
    uint64_t seed = ts_argument_number("seed", (uint64_t)ts_time_now() / 1000);
    uint64_t nth = every < 2 ? 1 : 1 + seed % every;
    ts_print("# seed=%lu every=%lu: begins with allocation %lu\n", seed, every, nth);
    uint64_t tried = 0;
    while (guest_shared()->failures == 0 && fail_nth(child_main, nth)) {
        nth += every < 2 ? 1 : every;
        tried++;
    }
    ts_print("# %lu allocations failed, the last tried was %lu\n", tried, nth);
}

static void memory_fails(void) {
    fail_each(memory_child);
}

static void others_fail(void) {
    fail_each(other_child);
}

static const struct guest_test tests[] = {
    {"system_debug: allocations of memory calls and page faults fail", memory_fails},
    {"system_debug: allocations of other calls fail", others_fail},
};

GUEST_GROUP(failing_tests, tests);
