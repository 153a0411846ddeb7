/* SPDX-License-Identifier: MIT */
/* Resources, registers, interrupts and I/O ports: the calls of drivers. */
#include "guest/ceilings.h"
#include "guest/cpu.h"
#include "guest/device.h"
#include "guest/groups.h"
#include "guest/revoking.h"
#include "guest/support.h"
#include "os/registers.h"

#define PAGE TS_PAGE_SIZE

static ts_handle_t root(void) {
    return resource("root");
}

static ts_handle_t root_copy(void) {
    return duplicate_with(root(), TS_RIGHT_SAME_RIGHTS);
}

static ts_handle_t make_resource(uint32_t kind, uint64_t base, uint64_t length) {
    ts_handle_t handle = TS_HANDLE_INVALID;
    CHECK_OK(ts_resource_create(root(), kind, base, length, &handle));
    return handle;
}

static ts_time_t patience(void) {
    return ts_time_after(GUEST_PATIENCE);
}

/* What a call made is closed at once: the form that checks of ceilings want. */
static ts_status_t close_made(ts_status_t status, const ts_handle_t *handle) {
    return status == TS_OK ? ts_handle_close(*handle) : status;
}

/* --- resources --- */

static void normal_resource_create(void) {
    struct ts_info_resource info = {0};
    size_t actual;
    size_t available;
    ts_handle_t outer = make_resource(TS_RESOURCE_INTERRUPT, 100, 50);
    ts_handle_t inner = TS_HANDLE_INVALID;
    CHECK_OK(ts_resource_create(outer, TS_RESOURCE_INTERRUPT, 120, 30, &inner));
    CHECK_OK(ts_object_get_info(inner, TS_INFO_RESOURCE, &info, sizeof(info), &actual, &available));
    CHECK_EQUAL(TS_RESOURCE_INTERRUPT, info.kind);
    CHECK_EQUAL(120, info.base);
    CHECK_EQUAL(30, info.length);
    CHECK_OK(ts_handle_revoke(outer));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(inner));
    close_handle(outer);
}

static ts_status_t derive_resource(ts_handle_t parent) {
    ts_handle_t handle = TS_HANDLE_INVALID;
    return close_made(ts_resource_create(parent, TS_RESOURCE_MEMORY, PAGE, PAGE, &handle), &handle);
}

static ts_status_t make_resource_in_child(void) {
    return derive_resource(guest_self.extra);
}

static void hostile_resource_create(void) {
    ts_handle_t lines = make_resource(TS_RESOURCE_INTERRUPT, 100, 50);
    ts_handle_t weak = duplicate_without(root(), TS_RIGHT_WRITE);
    ts_handle_t event = make_event();
    ts_handle_t made = 1;
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_resource_create(root(), TS_RESOURCE_ROOT, 0, 0, &made));
    CHECK_EQUAL(0, made);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_resource_create(root(), TS_RESOURCE_COUNT, 0, 0, &made));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_resource_create(root(), UINT32_MAX, 0, 0, &made));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE,
                 ts_resource_create(root(), TS_RESOURCE_MEMORY, UINT64_MAX, 2, &made));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE,
                 ts_resource_create(lines, TS_RESOURCE_INTERRUPT, 120, UINT64_MAX, &made));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED,
                 ts_resource_create(lines, TS_RESOURCE_INTERRUPT, 99, 2, &made));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED,
                 ts_resource_create(lines, TS_RESOURCE_INTERRUPT, 149, 2, &made));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED,
                 ts_resource_create(lines, TS_RESOURCE_INTERRUPT, 151, 0, &made));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_resource_create(lines, TS_RESOURCE_MEMORY, 120, 1, &made));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_resource_create(lines, TS_RESOURCE_POWER, 0, 0, &made));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_resource_create(weak, TS_RESOURCE_LOG, 0, 0, &made));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_resource_create(event, TS_RESOURCE_LOG, 0, 0, &made));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_resource_create(0, TS_RESOURCE_LOG, 0, 0, &made));
    check_ceilings(make_resource_in_child, root());
    check_refused_while_revoked(derive_resource, root_copy());
    close_handle(event);
    close_handle(weak);
    close_handle(lines);
}

/* --- registers --- */

static void normal_create_physical(void) {
    uint64_t address = 0;
    uint64_t size = 0;
    ts_handle_t vmo = TS_HANDLE_INVALID;
    ts_handle_t memory = make_resource(TS_RESOURCE_MEMORY, device_page, PAGE);
    CHECK_OK(ts_vmo_create_physical(memory, device_page, PAGE, &vmo));
    CHECK_OK(ts_vmo_get_size(vmo, &size));
    CHECK_EQUAL(PAGE, size);
    CHECK_OK(ts_vmar_map(guest_self.vmar, TS_VMAR_READ, 0, vmo, 0, PAGE, &address));
    if (address != 0) {
        CHECK_EQUAL(device_word, *(volatile uint32_t *)(address + device_word_offset));
        unmap(address, PAGE);
    }
    close_handle(vmo);
    close_handle(memory);
}

static ts_status_t derive_registers(ts_handle_t memory) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    return close_made(ts_vmo_create_physical(memory, device_page, PAGE, &vmo), &vmo);
}

static ts_status_t make_registers_in_child(void) {
    return derive_registers(guest_self.extra);
}

static void hostile_create_physical(void) {
    ts_handle_t memory = make_resource(TS_RESOURCE_MEMORY, device_page, 2 * PAGE);
    ts_handle_t weak = duplicate_without(memory, TS_RIGHT_WRITE);
    ts_handle_t event = make_event();
    ts_handle_t vmo = 1;
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_create_physical(memory, device_page, 0, &vmo));
    CHECK_EQUAL(0, vmo);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_create_physical(memory, device_page, PAGE - 1, &vmo));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_create_physical(memory, device_page + 8, PAGE, &vmo));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_create_physical(root(), ~(PAGE - 1ul), 2 * PAGE, &vmo));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_create_physical(root(), 0, ~(PAGE - 1ul), &vmo));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_create_physical(root(), 1ul << 52, PAGE, &vmo));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmo_create_physical(memory, device_page, 3 * PAGE, &vmo));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED,
                 ts_vmo_create_physical(memory, device_page - PAGE, PAGE, &vmo));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmo_create_physical(root(), device_ram_page, PAGE, &vmo));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmo_create_physical(weak, device_page, PAGE, &vmo));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED,
                 ts_vmo_create_physical(resource("log"), device_page, PAGE, &vmo));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_vmo_create_physical(event, device_page, PAGE, &vmo));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmo_create_physical(0, device_page, PAGE, &vmo));
    check_ceilings(make_registers_in_child, memory);
    check_refused_while_revoked(derive_registers, duplicate_with(memory, TS_RIGHT_SAME_RIGHTS));
    close_handle(event);
    close_handle(weak);
    close_handle(memory);
}

/* --- interrupts --- */

static ts_handle_t make_interrupt(void) {
    ts_handle_t interrupt = TS_HANDLE_INVALID;
    CHECK_OK(ts_interrupt_create(root(), device_line, device_line_options, &interrupt));
    return interrupt;
}

static ts_status_t derive_interrupt(ts_handle_t lines) {
    ts_handle_t interrupt = TS_HANDLE_INVALID;
    return close_made(ts_interrupt_create(lines, device_line, device_line_options, &interrupt),
                      &interrupt);
}

static ts_status_t make_interrupt_in_child(void) {
    return derive_interrupt(guest_self.extra);
}

/* Whether the line is in the list of those that are in use. */
static bool line_is_listed(uint32_t line) {
    static struct ts_info_interrupt lines[32];
    size_t actual = 0;
    size_t available;
    bool found = false;
    CHECK_OK(ts_object_get_info(root(), TS_INFO_SYSTEM_INTERRUPTS, lines, sizeof(lines), &actual,
                                &available));
    for (size_t i = 0; i < actual; i++) {
        found = found || lines[i].line == line;
    }
    return found;
}

static void normal_interrupt_create(void) {
    ts_handle_t line = make_resource(TS_RESOURCE_INTERRUPT, device_line, 1);
    ts_handle_t interrupt = TS_HANDLE_INVALID;
    CHECK(!line_is_listed(device_line));
    CHECK_OK(ts_interrupt_create(line, device_line, device_line_options, &interrupt));
    CHECK_EQUAL(TS_OBJECT_INTERRUPT, kind_of(interrupt));
    CHECK_EQUAL(TS_DEFAULT_RIGHTS_INTERRUPT, rights_of(interrupt));
    CHECK(line_is_listed(device_line));
    CHECK_OK(ts_handle_revoke(line));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(interrupt));
    CHECK(!line_is_listed(device_line));
    close_handle(line);
    close_handle(make_interrupt());
}

static void hostile_interrupt_create(void) {
    ts_handle_t other = make_resource(TS_RESOURCE_INTERRUPT, device_line + 1, 1);
    ts_handle_t weak = duplicate_without(root(), TS_RIGHT_WRITE);
    ts_handle_t event = make_event();
    ts_handle_t made = 1;
    for (unsigned bit = 2; bit < 32; bit++) {
        CHECK_STATUS(TS_ERR_INVALID_ARGS,
                     ts_interrupt_create(root(), device_line, 1u << bit, &made));
    }
    CHECK_EQUAL(0, made);
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_interrupt_create(root(), 0, 0, &made));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_interrupt_create(root(), 1023, 0, &made));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_interrupt_create(root(), UINT32_MAX, 0, &made));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_interrupt_create(other, device_line, 0, &made));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_interrupt_create(weak, device_line, 0, &made));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_interrupt_create(resource("log"), device_line, 0, &made));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_interrupt_create(event, device_line, 0, &made));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_interrupt_create(0, device_line, 0, &made));
    ts_handle_t interrupt = make_interrupt();
    CHECK_STATUS(TS_ERR_ALREADY_BOUND,
                 ts_interrupt_create(root(), device_line, device_line_options, &made));
    close_handle(interrupt);
    check_ceilings(make_interrupt_in_child, root());
    check_ceiling(make_interrupt_in_child, TS_CEILING_INTERRUPTS, root_copy());
    check_refused_while_revoked(derive_interrupt, root_copy());
    close_handle(make_interrupt());
    close_handle(event);
    close_handle(weak);
    close_handle(other);
}

static void check_no_packet(ts_handle_t port) {
    struct ts_packet packet;
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_port_wait(port, &packet, soon()));
}

static void check_packet(ts_handle_t port, uint64_t key, ts_time_t after) {
    struct ts_packet packet = {0};
    CHECK_OK(ts_port_wait(port, &packet, patience()));
    CHECK_EQUAL(key, packet.key);
    CHECK_EQUAL(TS_PACKET_INTERRUPT, packet.type);
    CHECK(packet.interrupt.timestamp >= after && packet.interrupt.timestamp <= ts_time_now());
}

/* A real interrupt, as packets; what fires while the line is masked comes after the acknowledgement. */
static void normal_interrupt_bind(void) {
    ts_handle_t interrupt = make_interrupt();
    ts_handle_t port = make_port();
    CHECK_OK(ts_interrupt_bind(interrupt, port, 77));
    if (device_prepare(root())) {
        ts_time_t before = ts_time_now();
        check_no_packet(port);
        CHECK_OK(device_fire(interrupt));
        check_packet(port, 77, before);
        CHECK_OK(device_fire(interrupt));
        check_no_packet(port);
        CHECK_OK(ts_interrupt_ack(interrupt));
        check_packet(port, 77, before);
        CHECK_OK(ts_interrupt_ack(interrupt));
        check_no_packet(port);
    }
    device_release();
    close_handle(port);
    close_handle(interrupt);
}

static void hostile_interrupt_bind(void) {
    ts_handle_t interrupt = make_interrupt();
    ts_handle_t port = make_port();
    ts_handle_t other = make_port();
    ts_handle_t no_read = duplicate_without(interrupt, TS_RIGHT_READ);
    ts_handle_t no_write = duplicate_without(port, TS_RIGHT_WRITE);
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_interrupt_bind(no_read, port, 0));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_interrupt_bind(interrupt, no_write, 0));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_interrupt_bind(port, port, 0));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_interrupt_bind(interrupt, interrupt, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_interrupt_bind(0, port, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_interrupt_bind(interrupt, STALE_HANDLE, 0));
    CHECK_OK(ts_interrupt_bind(interrupt, port, 0));
    CHECK_STATUS(TS_ERR_ALREADY_BOUND, ts_interrupt_bind(interrupt, port, 0));
    CHECK_STATUS(TS_ERR_ALREADY_BOUND, ts_interrupt_bind(interrupt, other, 0));
    close_handle(no_write);
    close_handle(no_read);
    close_handle(port);
    CHECK_OK(ts_interrupt_bind(interrupt, other, 0)); /* a port that is gone binds nothing */
    close_handle(other);
    close_handle(interrupt);
}

static void fire_later(void *argument) {
    (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
    CHECK_OK(device_fire((ts_handle_t)argument));
}

static void normal_interrupt_wait(void) {
    ts_handle_t interrupt = make_interrupt();
    if (device_prepare(root())) {
        ts_time_t before = ts_time_now();
        ts_time_t fired = 0;
        ts_handle_t thread = guest_thread(fire_later, (void *)interrupt);
        CHECK_OK(ts_interrupt_wait(interrupt, patience(), &fired));
        CHECK(fired >= before && fired <= ts_time_now());
        guest_join(thread);
        CHECK_OK(device_fire(interrupt));
        CHECK_STATUS(TS_ERR_TIMED_OUT, ts_interrupt_wait(interrupt, soon(), &fired));
        CHECK_OK(ts_interrupt_ack(interrupt));
        CHECK_OK(ts_interrupt_wait(interrupt, patience(), &fired));
        CHECK_OK(ts_interrupt_ack(interrupt));
        CHECK_STATUS(TS_ERR_TIMED_OUT, ts_interrupt_wait(interrupt, soon(), &fired));
    }
    device_release();
    close_handle(interrupt);
}

static void wait_long(void *argument) {
    ts_time_t fired;
    shared_set(0, (uint64_t)ts_interrupt_wait((ts_handle_t)argument, TS_TIME_INFINITE, &fired));
}

static void hostile_interrupt_wait(void) {
    ts_handle_t interrupt = make_interrupt();
    ts_handle_t port = make_port();
    ts_handle_t weak = duplicate_without(interrupt, TS_RIGHT_READ);
    ts_time_t fired = 1;
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_interrupt_wait(interrupt, 0, &fired));
    CHECK_EQUAL(0, fired);
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_interrupt_wait(interrupt, INT64_MIN, &fired));
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_interrupt_wait(interrupt, soon(), &fired));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_interrupt_wait(weak, 0, &fired));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_interrupt_wait(port, 0, &fired));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_interrupt_wait(0, 0, &fired));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_interrupt_wait(FORGED_HANDLE, 0, &fired));
    CHECK_OK(ts_interrupt_bind(interrupt, port, 0));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_interrupt_wait(interrupt, 0, &fired));
    close_handle(weak);
    close_handle(interrupt);
    close_handle(port);
    interrupt = make_interrupt();
    ts_handle_t thread = guest_thread(wait_long, (void *)interrupt);
    guest_wait_state(thread, TS_THREAD_WAITING);
    close_handle(interrupt);
    guest_join(thread);
    CHECK_STATUS(TS_ERR_CANCELED, (ts_status_t)shared_get(0));
}

static void normal_interrupt_ack(void) {
    ts_handle_t interrupt = make_interrupt();
    ts_time_t fired;
    if (device_prepare(root())) {
        for (unsigned i = 0; i < 20; i++) {
            CHECK_OK(device_fire(interrupt));
            CHECK_OK(ts_interrupt_wait(interrupt, patience(), &fired));
            CHECK_OK(ts_interrupt_ack(interrupt));
        }
    }
    device_release();
    close_handle(interrupt);
}

static void hostile_interrupt_ack(void) {
    ts_handle_t interrupt = make_interrupt();
    ts_handle_t port = make_port();
    ts_handle_t weak = duplicate_without(interrupt, TS_RIGHT_WRITE);
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_interrupt_ack(interrupt));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_interrupt_ack(weak));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_interrupt_ack(port));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_interrupt_ack(0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_interrupt_ack(STALE_HANDLE));
    if (device_prepare(root())) {
        ts_time_t fired;
        CHECK_OK(device_fire(interrupt));
        CHECK_OK(ts_interrupt_wait(interrupt, patience(), &fired));
        CHECK_OK(ts_interrupt_ack(interrupt));
        CHECK_STATUS(TS_ERR_BAD_STATE, ts_interrupt_ack(interrupt));
    }
    device_release();
    close_handle(weak);
    close_handle(port);
    close_handle(interrupt);
}

/* Where the controller cannot, the call says so, and nothing comes. */
static void normal_interrupt_trigger(void) {
    ts_handle_t interrupt = make_interrupt();
    ts_time_t fired;
    ts_status_t expected = device_can_trigger ? TS_OK : TS_ERR_NOT_SUPPORTED;
    CHECK_STATUS(expected, ts_interrupt_trigger(interrupt));
    CHECK_STATUS(device_can_trigger ? TS_OK : TS_ERR_TIMED_OUT,
                 ts_interrupt_wait(interrupt, device_can_trigger ? patience() : soon(), &fired));
    close_handle(interrupt);
}

static void hostile_interrupt_trigger(void) {
    ts_handle_t interrupt = make_interrupt();
    ts_handle_t event = make_event();
    ts_handle_t weak = duplicate_without(interrupt, TS_RIGHT_SIGNAL);
    ts_time_t fired;
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_interrupt_trigger(weak));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_interrupt_trigger(event));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_interrupt_trigger(0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_interrupt_trigger(STALE_HANDLE));
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_interrupt_wait(interrupt, soon(), &fired));
    close_handle(weak);
    close_handle(interrupt);
    if (device_untriggerable_options != device_line_options || !device_can_trigger) {
        CHECK_OK(ts_interrupt_create(root(), device_line, device_untriggerable_options, &interrupt));
        CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_interrupt_trigger(interrupt));
        CHECK_STATUS(TS_ERR_TIMED_OUT, ts_interrupt_wait(interrupt, soon(), &fired));
        close_handle(interrupt);
    }
    close_handle(event);
}

/* A line that fired and was not acknowledged is free again when its holder is gone. */
static void line_of_a_dead_holder(void) {
    ts_time_t fired;
    ts_handle_t interrupt = make_interrupt();
    if (device_prepare(root())) {
        CHECK_OK(device_fire(interrupt));
        CHECK_OK(ts_interrupt_wait(interrupt, patience(), &fired));
        close_handle(interrupt);
        interrupt = make_interrupt();
        CHECK_OK(device_fire(interrupt));
        CHECK_OK(ts_interrupt_wait(interrupt, patience(), &fired));
        CHECK_OK(ts_interrupt_ack(interrupt));
    }
    device_release();
    close_handle(interrupt);
}

/* --- I/O ports --- */

/* The ports are the process's as long as the handle that it used is open. */
static void use_ports(uint64_t close_before) {
    CHECK_OK(ts_ports_enable(guest_self.extra, DEVICE_PORT_SELECT, 2));
    ts_port_write8(DEVICE_PORT_SELECT, DEVICE_PORT_INDEX);
    CHECK_EQUAL(DEVICE_PORT_RESULT, ts_port_read8(DEVICE_PORT_VALUE));
    if (close_before != 0) {
        close_handle(guest_self.extra);
        ts_port_write8(DEVICE_PORT_SELECT, DEVICE_PORT_INDEX);
    }
}

static void use_port_beside(uint64_t argument) {
    (void)argument;
    CHECK_OK(ts_ports_enable(guest_self.extra, DEVICE_PORT_SELECT, 2));
    ts_port_write8(DEVICE_PORT_VALUE + 1, 0);
}

static void run_with_ports(guest_function function, uint64_t argument, int64_t code) {
    struct guest_child child;
    ts_handle_t ports = make_resource(TS_RESOURCE_IOPORT, DEVICE_PORT_SELECT, 2);
    if (guest_child_start(&child, guest_self.job, function, argument, ports)) {
        CHECK_EQUAL(code, guest_child_end(&child));
    }
}

static void normal_ports_enable(void) {
    if (!cpu_has_ports) {
        CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_ports_enable(root(), DEVICE_PORT_SELECT, 2));
        return;
    }
    run_with_ports(use_ports, false, 0);
    run_with_ports(use_ports, true, TS_EXIT_EXCEPTION);
    run_with_ports(use_port_beside, 0, TS_EXIT_EXCEPTION);
}

/* A revoke ends what was granted by the handle, which itself stays. */
static ts_status_t derive_ports(ts_handle_t ports) {
    return ts_ports_enable(ports, DEVICE_PORT_SELECT, 1);
}

static ts_status_t make_grant_in_child(void) {
    ts_status_t status = derive_ports(guest_self.extra);
    return status == TS_OK ? ts_handle_revoke(guest_self.extra) : status;
}

static void hostile_ports_without_any(ts_handle_t weak, ts_handle_t event) {
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_ports_enable(weak, DEVICE_PORT_SELECT, 1));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_ports_enable(event, DEVICE_PORT_SELECT, 1));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_ports_enable(0, DEVICE_PORT_SELECT, 1));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_ports_enable(STALE_HANDLE, DEVICE_PORT_SELECT, 1));
}

static void hostile_ports_enable(void) {
    ts_handle_t weak = duplicate_without(root(), TS_RIGHT_WRITE);
    ts_handle_t event = make_event();
    hostile_ports_without_any(weak, event);
    if (cpu_has_ports) {
        ts_handle_t ports = make_resource(TS_RESOURCE_IOPORT, DEVICE_PORT_SELECT, 2);
        CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_ports_enable(ports, DEVICE_PORT_SELECT, 0));
        CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_ports_enable(root(), 0x10000, 1));
        CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_ports_enable(root(), 0xffff, 2));
        CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_ports_enable(root(), UINT32_MAX, UINT32_MAX));
        CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_ports_enable(ports, DEVICE_PORT_SELECT, 3));
        CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_ports_enable(resource("log"), 0, 1));
        check_memory_ceiling(make_grant_in_child, duplicate_with(ports, TS_RIGHT_SAME_RIGHTS));
        check_refused_while_revoked(derive_ports, ports);
    } else {
        CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_ports_enable(root(), 0, 0));
    }
    close_handle(event);
    close_handle(weak);
}

static const struct guest_test tests[] = {
    {"normal: resource_create makes a smaller resource", normal_resource_create},
    {"hostile: resource_create refuses kinds, ranges and handles", hostile_resource_create},
    {"normal: vmo_create_physical makes registers readable", normal_create_physical},
    {"hostile: vmo_create_physical refuses ranges, RAM and handles", hostile_create_physical},
    {"normal: interrupt_create takes a line, a revoke gives it back", normal_interrupt_create},
    {"hostile: interrupt_create refuses options, lines and handles", hostile_interrupt_create},
    {"normal: interrupt_bind delivers packets", normal_interrupt_bind},
    {"hostile: interrupt_bind refuses a second port and handles", hostile_interrupt_bind},
    {"normal: interrupt_wait waits for the interrupt", normal_interrupt_wait},
    {"hostile: interrupt_wait refuses, times out and is cancelled", hostile_interrupt_wait},
    {"normal: interrupt_ack lets the line fire again", normal_interrupt_ack},
    {"hostile: interrupt_ack refuses what has not fired", hostile_interrupt_ack},
    {"normal: interrupt_trigger makes the line fire, or says that it cannot", normal_interrupt_trigger},
    {"hostile: interrupt_trigger refuses handles", hostile_interrupt_trigger},
    {"interrupt_create: the line of a holder that is gone works again", line_of_a_dead_holder},
    {"normal: ports_enable lets the process use ports", normal_ports_enable},
    {"hostile: ports_enable refuses ranges and handles", hostile_ports_enable},
};

GUEST_GROUP(device_tests, tests);
