/* SPDX-License-Identifier: MIT */
/* Signals, waits, ports and events: rules P, and the calls on any object. */
#include "guest/ceilings.h"
#include "guest/groups.h"
#include "guest/support.h"

#define USER_0 (1u << 24)
#define USER_1 (1u << 25)

#define PACKETS_MAX 2048u /* of users in one port */

static ts_status_t wait_now(ts_handle_t handle, ts_signals_t signals, ts_signals_t *observed) {
    return ts_object_wait_one(handle, signals, 0, observed);
}

/* --- events and signals --- */

static void normal_event_create(void) {
    ts_handle_t event = TS_HANDLE_INVALID;
    CHECK_OK(ts_event_create(0, &event));
    CHECK_EQUAL(TS_OBJECT_EVENT, kind_of(event));
    close_handle(event);
}

static ts_status_t event_in_child(void) {
    ts_handle_t event = TS_HANDLE_INVALID;
    ts_status_t status = ts_event_create(0, &event);
    return status == TS_OK ? ts_handle_close(event) : status;
}

static void hostile_event_create(void) {
    ts_handle_t event = 1;
    for (unsigned bit = 0; bit < 32; bit++) {
        CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_event_create(1u << bit, &event));
    }
    CHECK_EQUAL(0, event);
    check_ceilings(event_in_child, TS_HANDLE_INVALID);
}

static void normal_signal(void) {
    ts_handle_t event = make_event();
    ts_signals_t observed = 0;
    CHECK_OK(ts_object_signal(event, 0, TS_SIGNAL_SIGNALED | USER_0));
    CHECK_OK(wait_now(event, USER_0, &observed));
    CHECK_EQUAL(TS_SIGNAL_SIGNALED | USER_0, observed);
    CHECK_OK(ts_object_signal(event, USER_0, USER_1));
    CHECK_STATUS(TS_ERR_TIMED_OUT, wait_now(event, USER_0, &observed));
    CHECK_EQUAL(TS_SIGNAL_SIGNALED | USER_1, observed);
    close_handle(event);
}

static void hostile_signal(void) {
    ts_handle_t event = make_event();
    ts_handle_t port = make_port();
    ts_handle_t weak = duplicate_without(event, TS_RIGHT_SIGNAL);
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_object_signal(weak, 0, USER_0));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_object_signal(port, 0, USER_0));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_object_signal(event, 0, TS_SIGNAL_HANDLE_CLOSED));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_object_signal(event, 1, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_object_signal(0, 0, USER_0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_object_signal(STALE_HANDLE, 0, USER_0));
    close_handle(weak);
    close_handle(port);
    close_handle(event);
}

static void p13_user_signals_only(void) {
    ts_handle_t vmo = make_vmo(1);
    ts_signals_t observed;
    for (unsigned bit = 0; bit < 32; bit++) {
        CHECK_STATUS(bit >= 24 ? TS_OK : TS_ERR_INVALID_ARGS, ts_object_signal(vmo, 0, 1u << bit));
    }
    CHECK_OK(wait_now(vmo, TS_SIGNAL_USER_ALL, &observed));
    CHECK_EQUAL(TS_SIGNAL_USER_ALL | TS_SIGNAL_ZERO_CHILDREN, observed);
    close_handle(vmo);
}

/* --- wait_one --- */

static void signal_later(void *argument) {
    (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
    CHECK_OK(ts_object_signal((ts_handle_t)argument, 0, TS_SIGNAL_SIGNALED));
}

static void normal_wait_one(void) {
    ts_handle_t event = make_event();
    ts_signals_t observed = 0;
    ts_handle_t thread = guest_thread(signal_later, (void *)event);
    CHECK_OK(ts_object_wait_one(event, TS_SIGNAL_SIGNALED, ts_time_after(GUEST_PATIENCE),
                                &observed));
    CHECK_EQUAL(TS_SIGNAL_SIGNALED, observed);
    guest_join(thread);
    close_handle(event);
}

static void wait_long(void *argument) {
    ts_signals_t observed;
    shared_set(0, (uint64_t)ts_object_wait_one((ts_handle_t)argument, TS_SIGNAL_SIGNALED,
                                               TS_TIME_INFINITE, &observed));
}

static void hostile_wait_one(void) {
    ts_handle_t event = make_event();
    ts_handle_t port = make_port();
    ts_handle_t weak = duplicate_without(event, TS_RIGHT_WAIT);
    ts_handle_t copy = duplicate_with(event, TS_RIGHT_SAME_RIGHTS);
    ts_signals_t observed = 1;
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, wait_now(weak, 1, &observed));
    CHECK_EQUAL(0, observed);
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, wait_now(port, 1, &observed));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, wait_now(0, 1, &observed));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, wait_now(FORGED_HANDLE, 1, &observed));
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_object_wait_one(event, TS_SIGNAL_SIGNALED, INT64_MIN, &observed));
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_object_wait_one(event, 0, soon(), &observed));
    ts_handle_t thread = guest_thread(wait_long, (void *)copy);
    guest_wait_state(thread, TS_THREAD_WAITING);
    close_handle(copy);
    guest_join(thread);
    CHECK_STATUS(TS_ERR_CANCELED, (ts_status_t)shared_get(0));
    close_handle(weak);
    close_handle(port);
    close_handle(event);
}

/* The generated stub cannot pass more than 32 bits; a raw call can. */
static void p12_observed_on_timeout(void) {
    ts_handle_t event = make_event();
    ts_signals_t observed = 0;
    CHECK_OK(ts_object_signal(event, 0, USER_1));
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_object_wait_one(event, USER_0, soon(), &observed));
    CHECK_EQUAL(USER_1, observed);
    close_handle(event);
}

static void wait_respects_deadline(void) {
    ts_handle_t event = make_event();
    ts_signals_t observed;
    ts_time_t deadline = ts_time_after(5 * TS_MILLISECOND);
    CHECK_STATUS(TS_ERR_TIMED_OUT,
                 ts_object_wait_one(event, TS_SIGNAL_SIGNALED, deadline, &observed));
    CHECK(ts_time_now() >= deadline);
    close_handle(event);
}

/* --- wait_async --- */

static void normal_wait_async(void) {
    ts_handle_t event = make_event();
    ts_handle_t port = make_port();
    struct ts_packet packet = {0};
    CHECK_OK(ts_object_wait_async(event, port, 99, USER_0 | USER_1, 0));
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_port_wait(port, &packet, 0));
    CHECK_OK(ts_object_signal(event, 0, USER_1));
    CHECK_OK(ts_port_wait(port, &packet, 0));
    CHECK_EQUAL(99, packet.key);
    CHECK_EQUAL(TS_PACKET_SIGNAL_ONE, packet.type);
    CHECK_OK(packet.status);
    CHECK_EQUAL(USER_0 | USER_1, packet.signal.trigger);
    CHECK_EQUAL(USER_1, packet.signal.observed);
    CHECK_EQUAL(1, packet.signal.count);
    CHECK_EQUAL(0, packet.signal.timestamp);
    close_handle(port);
    close_handle(event);
}

/* A port and an event of the child, made at first use. */
static ts_handle_t child_port;
static ts_handle_t child_event;

static void make_child_objects(void) {
    if (child_port == TS_HANDLE_INVALID) {
        child_port = make_port();
        child_event = make_event();
    }
}

static ts_status_t wait_async_in_child(void) {
    make_child_objects();
    ts_status_t status = ts_object_wait_async(child_event, child_port, 1, USER_0, 0);
    return status == TS_OK ? ts_port_cancel(child_port, child_event, 1) : status;
}

static void hostile_wait_async(void) {
    ts_handle_t event = make_event();
    ts_handle_t port = make_port();
    ts_handle_t read_only = duplicate_without(port, TS_RIGHT_WRITE);
    ts_handle_t weak = duplicate_without(event, TS_RIGHT_WAIT);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_object_wait_async(event, port, 0, 1, 1u << 7));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_object_wait_async(event, read_only, 0, 1, 0));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_object_wait_async(weak, port, 0, 1, 0));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_object_wait_async(port, port, 0, 1, 0));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_object_wait_async(event, event, 0, 1, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_object_wait_async(0, port, 0, 1, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_object_wait_async(event, STALE_HANDLE, 0, 1, 0));
    check_memory_ceiling(wait_async_in_child, TS_HANDLE_INVALID);
    close_handle(weak);
    close_handle(read_only);
    close_handle(port);
    close_handle(event);
}

static void p6_fires_at_once(void) {
    ts_handle_t event = make_event();
    ts_handle_t port = make_port();
    struct ts_packet packet = {0};
    CHECK_OK(ts_object_signal(event, 0, USER_0));
    CHECK_OK(ts_object_wait_async(event, port, 1, USER_0, 0));
    CHECK_OK(ts_port_wait(port, &packet, 0));
    CHECK_EQUAL(USER_0, packet.signal.observed);
    close_handle(port);
    close_handle(event);
}

static void p6_one_shot(void) {
    ts_handle_t event = make_event();
    ts_handle_t port = make_port();
    struct ts_packet packet;
    CHECK_OK(ts_object_wait_async(event, port, 1, USER_0, 0));
    CHECK_OK(ts_object_signal(event, 0, USER_0));
    CHECK_OK(ts_object_signal(event, USER_0, 0));
    CHECK_OK(ts_object_signal(event, 0, USER_0));
    CHECK_OK(ts_port_wait(port, &packet, 0));
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_port_wait(port, &packet, 0));
    close_handle(port);
    close_handle(event);
}

static void p6_edge(void) {
    ts_handle_t event = make_event();
    ts_handle_t port = make_port();
    struct ts_packet packet;
    CHECK_OK(ts_object_signal(event, 0, USER_0));
    CHECK_OK(ts_object_wait_async(event, port, 1, USER_0, TS_WAIT_ASYNC_EDGE));
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_port_wait(port, &packet, 0));
    CHECK_OK(ts_object_signal(event, USER_0, 0));
    CHECK_OK(ts_object_signal(event, 0, USER_0));
    CHECK_OK(ts_port_wait(port, &packet, 0));
    close_handle(port);
    close_handle(event);
}

static void p6_timestamp(void) {
    ts_handle_t event = make_event();
    ts_handle_t port = make_port();
    struct ts_packet packet = {0};
    ts_time_t before = ts_time_now();
    CHECK_OK(ts_object_wait_async(event, port, 1, USER_0, TS_WAIT_ASYNC_TIMESTAMP));
    CHECK_OK(ts_object_signal(event, 0, USER_0));
    CHECK_OK(ts_port_wait(port, &packet, 0));
    CHECK(packet.signal.timestamp >= before && packet.signal.timestamp <= ts_time_now());
    close_handle(port);
    close_handle(event);
}

/* --- ports --- */

static void normal_port_create(void) {
    ts_handle_t port = TS_HANDLE_INVALID;
    CHECK_OK(ts_port_create(0, &port));
    CHECK_EQUAL(TS_OBJECT_PORT, kind_of(port));
    close_handle(port);
}

static ts_status_t port_in_child(void) {
    ts_handle_t port = TS_HANDLE_INVALID;
    ts_status_t status = ts_port_create(0, &port);
    return status == TS_OK ? ts_handle_close(port) : status;
}

static void hostile_port_create(void) {
    ts_handle_t port = 1;
    for (unsigned bit = 0; bit < 32; bit++) {
        CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_port_create(1u << bit, &port));
    }
    CHECK_EQUAL(0, port);
    check_ceilings(port_in_child, TS_HANDLE_INVALID);
}

static struct ts_packet user_packet(uint64_t key) {
    struct ts_packet packet = {.key = key, .type = 77, .status = (int32_t)key};
    for (unsigned i = 0; i < 32; i++) {
        packet.bytes[i] = (uint8_t)(key + i);
    }
    return packet;
}

static void normal_port_queue(void) {
    ts_handle_t port = make_port();
    struct ts_packet sent = user_packet(5);
    struct ts_packet packet = {0};
    CHECK_OK(ts_port_queue(port, &sent));
    CHECK_OK(ts_port_wait(port, &packet, 0));
    CHECK_EQUAL(5, packet.key);
    CHECK_EQUAL(5, packet.status);
    CHECK(memcmp(sent.bytes, packet.bytes, sizeof(sent.bytes)) == 0);
    close_handle(port);
}

static ts_status_t queue_in_child(void) {
    struct ts_packet packet = user_packet(1);
    make_child_objects();
    ts_status_t status = ts_port_queue(child_port, &packet);
    return status == TS_OK ? ts_port_wait(child_port, &packet, 0) : status;
}

static void hostile_port_queue(void) {
    ts_handle_t port = make_port();
    ts_handle_t event = make_event();
    ts_handle_t weak = duplicate_without(port, TS_RIGHT_WRITE);
    uint64_t page = edge_make();
    struct ts_packet packet = user_packet(1);
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_port_queue(weak, &packet));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_port_queue(event, &packet));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_port_queue(0, &packet));
    for (unsigned i = 0; i < BAD_ADDRESSES; i++) {
        CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_port_queue(port, (void *)bad_address(i)));
    }
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_port_queue(port, (void *)(page + TS_PAGE_SIZE - sizeof(packet) + 1)));
    CHECK_OK(ts_port_queue(port, (void *)(page + TS_PAGE_SIZE - sizeof(packet))));
    edge_unmake(page);
    check_memory_ceiling(queue_in_child, TS_HANDLE_INVALID);
    for (unsigned i = 1; i < PACKETS_MAX; i++) {
        CHECK_OK(ts_port_queue(port, &packet));
    }
    CHECK_STATUS(TS_ERR_SHOULD_WAIT, ts_port_queue(port, &packet));
    close_handle(weak);
    close_handle(event);
    close_handle(port);
}

static void queue_later(void *argument) {
    struct ts_packet packet = user_packet(6);
    (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
    CHECK_OK(ts_port_queue((ts_handle_t)argument, &packet));
}

static void normal_port_wait(void) {
    ts_handle_t port = make_port();
    struct ts_packet packet = {0};
    ts_handle_t thread = guest_thread(queue_later, (void *)port);
    CHECK_OK(ts_port_wait(port, &packet, ts_time_after(GUEST_PATIENCE)));
    CHECK_EQUAL(6, packet.key);
    guest_join(thread);
    close_handle(port);
}

static void port_wait_long(void *argument) {
    struct ts_packet packet;
    shared_set(0, (uint64_t)ts_port_wait((ts_handle_t)argument, &packet, TS_TIME_INFINITE));
}

static void hostile_port_wait(void) {
    ts_handle_t port = make_port();
    ts_handle_t event = make_event();
    ts_handle_t weak = duplicate_without(port, TS_RIGHT_READ);
    uint64_t page = edge_make();
    struct ts_packet packet = user_packet(1);
    CHECK_OK(ts_port_queue(port, &packet));
    for (unsigned i = 0; i < BAD_ADDRESSES; i++) {
        CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_port_wait(port, (void *)bad_address(i), 0));
    }
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_port_wait(port, (void *)(page + TS_PAGE_SIZE - sizeof(packet) + 1), 0));
    CHECK_OK(ts_port_wait(port, (void *)(page + TS_PAGE_SIZE - sizeof(packet)), 0));
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_port_wait(port, &packet, 0));
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_port_wait(port, &packet, soon()));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_port_wait(weak, &packet, 0));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_port_wait(event, &packet, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_port_wait(FORGED_HANDLE, &packet, 0));
    edge_unmake(page);
    close_handle(weak);
    ts_handle_t thread = guest_thread(port_wait_long, (void *)port);
    guest_wait_state(thread, TS_THREAD_WAITING);
    close_handle(port);
    guest_join(thread);
    CHECK_STATUS(TS_ERR_CANCELED, (ts_status_t)shared_get(0));
    close_handle(event);
}

static void normal_port_cancel(void) {
    ts_handle_t event = make_event();
    ts_handle_t port = make_port();
    struct ts_packet packet;
    CHECK_OK(ts_object_wait_async(event, port, 3, USER_0, 0));
    CHECK_OK(ts_port_cancel(port, event, 3));
    CHECK_OK(ts_object_signal(event, 0, USER_0));
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_port_wait(port, &packet, 0));
    close_handle(port);
    close_handle(event);
}

static void hostile_port_cancel(void) {
    ts_handle_t event = make_event();
    ts_handle_t port = make_port();
    ts_handle_t weak = duplicate_without(port, TS_RIGHT_WRITE);
    CHECK_STATUS(TS_ERR_NOT_FOUND, ts_port_cancel(port, event, 3));
    CHECK_OK(ts_object_wait_async(event, port, 3, USER_0, 0));
    CHECK_STATUS(TS_ERR_NOT_FOUND, ts_port_cancel(port, event, 4));
    CHECK_STATUS(TS_ERR_NOT_FOUND, ts_port_cancel(port, port, 3));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_port_cancel(weak, event, 3));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_port_cancel(event, event, 3));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_port_cancel(port, STALE_HANDLE, 3));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_port_cancel(0, event, 3));
    CHECK_OK(ts_port_cancel(port, event, 3));
    close_handle(weak);
    close_handle(port);
    close_handle(event);
}

static void p3_fifo(void) {
    ts_handle_t port = make_port();
    struct ts_packet packet;
    for (uint64_t i = 0; i < 20; i++) {
        packet = user_packet(i);
        CHECK_OK(ts_port_queue(port, &packet));
    }
    for (uint64_t i = 0; i < 20; i++) {
        CHECK_OK(ts_port_wait(port, &packet, 0));
        CHECK_EQUAL(i, packet.key);
    }
    close_handle(port);
}

static void take_packets(void *argument) {
    struct ts_packet packet;
    while (ts_port_wait((ts_handle_t)argument, &packet, ts_time_after(GUEST_PATIENCE)) == TS_OK &&
           packet.key != UINT64_MAX) {
        shared_add(1, packet.key);
        shared_add(2, 1);
    }
}

static void p3_each_packet_once(void) {
    ts_handle_t port = make_port();
    ts_handle_t thread[3];
    struct ts_packet packet;
    for (unsigned i = 0; i < 3; i++) {
        thread[i] = guest_thread(take_packets, (void *)port);
    }
    for (uint64_t i = 1; i <= 300; i++) {
        packet = user_packet(i);
        CHECK_OK(ts_port_queue(port, &packet));
    }
    packet = user_packet(UINT64_MAX);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_OK(ts_port_queue(port, &packet));
    }
    for (unsigned i = 0; i < 3; i++) {
        guest_join(thread[i]);
    }
    CHECK_EQUAL(300, shared_get(2));
    CHECK_EQUAL(300 * 301 / 2, shared_get(1));
    close_handle(port);
}

static void p4_type_is_user(void) {
    ts_handle_t port = make_port();
    struct ts_packet packet = user_packet(1);
    packet.type = TS_PACKET_INTERRUPT;
    CHECK_OK(ts_port_queue(port, &packet));
    CHECK_OK(ts_port_wait(port, &packet, 0));
    CHECK_EQUAL(TS_PACKET_USER, packet.type);
    close_handle(port);
}

static void p5_port_cannot_be_waited_on(void) {
    ts_handle_t port = make_port();
    ts_signals_t observed;
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, wait_now(port, 1, &observed));
    close_handle(port);
}

static void p7_cancel_removes_queued_packet(void) {
    ts_handle_t event = make_event();
    ts_handle_t port = make_port();
    struct ts_packet packet;
    CHECK_OK(ts_object_signal(event, 0, USER_0));
    CHECK_OK(ts_object_wait_async(event, port, 3, USER_0, 0));
    CHECK_OK(ts_port_cancel(port, event, 3));
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_port_wait(port, &packet, 0));
    CHECK_STATUS(TS_ERR_NOT_FOUND, ts_port_cancel(port, event, 3));
    close_handle(port);
    close_handle(event);
}

static void p8_close_ends_async_wait(void) {
    ts_handle_t event = make_event();
    ts_handle_t copy = duplicate_with(event, TS_RIGHT_SAME_RIGHTS);
    ts_handle_t port = make_port();
    struct ts_packet packet;
    CHECK_OK(ts_object_wait_async(copy, port, 3, USER_0, 0));
    close_handle(copy);
    CHECK_OK(ts_object_signal(event, 0, USER_0));
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_port_wait(port, &packet, 0));
    close_handle(port);
    close_handle(event);
}

static void p8_queued_packets_stay(void) {
    ts_handle_t event = make_event();
    ts_handle_t port = make_port();
    struct ts_packet packet = {0};
    CHECK_OK(ts_object_wait_async(event, port, 4, USER_0, 0));
    CHECK_OK(ts_object_signal(event, 0, USER_0));
    close_handle(event);
    CHECK_OK(ts_port_wait(port, &packet, 0));
    CHECK_EQUAL(4, packet.key);
    close_handle(port);
}

static void p9_full_queue(void) {
    ts_handle_t port = make_port();
    struct ts_packet packet = user_packet(1);
    ts_status_t status = TS_OK;
    unsigned count = 0;
    while (count < 5000 && (status = ts_port_queue(port, &packet)) == TS_OK) {
        count++;
    }
    CHECK_STATUS(TS_ERR_SHOULD_WAIT, status);
    CHECK_EQUAL(PACKETS_MAX, count);
    CHECK_OK(ts_port_wait(port, &packet, 0));
    CHECK_OK(ts_port_queue(port, &packet));
    CHECK_STATUS(TS_ERR_SHOULD_WAIT, ts_port_queue(port, &packet));
    close_handle(port);
}

static void p10_deadline_past(void) {
    ts_handle_t port = make_port();
    struct ts_packet packet = user_packet(1);
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_port_wait(port, &packet, INT64_MIN));
    CHECK_OK(ts_port_queue(port, &packet));
    CHECK_OK(ts_port_wait(port, &packet, INT64_MIN));
    close_handle(port);
}

/* Waits on many objects end at one port; those left are gone with the port. */
static void port_ends_with_waits(void) {
    ts_handle_t port = make_port();
    ts_handle_t events[40];
    struct ts_packet packet = user_packet(1);
    for (unsigned i = 0; i < 40; i++) {
        events[i] = make_event();
        CHECK_OK(ts_object_wait_async(events[i], port, i, USER_0, 0));
        if (i % 2 == 0) {
            CHECK_OK(ts_object_signal(events[i], 0, USER_0));
        }
    }
    CHECK_OK(ts_port_queue(port, &packet));
    close_handle(port);
    CHECK_OK(ts_handle_close_many(events, 40));
}

/* --- information and names --- */

static void normal_get_info(void) {
    struct ts_info_handle_basic basic = {0};
    struct ts_info_thread thread = {0};
    size_t actual = 0;
    size_t available = 0;
    CHECK_OK(ts_object_get_info(guest_self.process, TS_INFO_HANDLE_BASIC, &basic, sizeof(basic),
                                &actual, &available));
    CHECK_EQUAL(1, actual);
    CHECK_EQUAL(1, available);
    CHECK_EQUAL(TS_OBJECT_PROCESS, basic.kind);
    CHECK_EQUAL(koid_of(guest_self.job), basic.related_koid);
    CHECK_OK(ts_object_get_info(resource("thread"), TS_INFO_THREAD, &thread, sizeof(thread),
                                &actual, &available));
    CHECK_EQUAL(TS_THREAD_RUNNING, thread.state);
    CHECK(strcmp(thread.name, "main") == 0);
}

static void hostile_get_info(void) {
    ts_handle_t event = make_event();
    ts_handle_t weak = duplicate_without(guest_self.process, TS_RIGHT_INSPECT);
    uint64_t page = edge_make();
    struct ts_info_task_stats stats;
    size_t actual = 1;
    size_t available = 1;
    CHECK_STATUS(TS_ERR_BUFFER_TOO_SMALL,
                 ts_object_get_info(guest_self.process, TS_INFO_TASK_STATS, &stats,
                                    sizeof(stats) - 1, &actual, &available));
    CHECK_EQUAL(0, actual);
    CHECK_EQUAL(1, available);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_object_get_info(event, 1000, &stats, sizeof(stats),
                                                         &actual, &available));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_object_get_info(event, UINT32_MAX, &stats, sizeof(stats),
                                                         &actual, &available));
    for (unsigned i = 0; i < BAD_ADDRESSES; i++) {
        CHECK_STATUS(TS_ERR_INVALID_ARGS,
                     ts_object_get_info(guest_self.process, TS_INFO_TASK_STATS,
                                        (void *)bad_address(i), 64, &actual, &available));
        CHECK_STATUS(TS_ERR_INVALID_ARGS,
                     ts_object_get_info(guest_self.process, TS_INFO_PROCESS_HANDLES,
                                        (void *)bad_address(i), SIZE_MAX, &actual, &available));
    }
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_object_get_info(guest_self.process, TS_INFO_TASK_STATS,
                                    (void *)(page + TS_PAGE_SIZE - sizeof(stats) + 8),
                                    sizeof(stats), &actual, &available));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_object_get_info(event, TS_INFO_VMO, &stats, sizeof(stats),
                                                       &actual, &available));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_object_get_info(event, TS_INFO_NAME, &stats, sizeof(stats),
                                                       &actual, &available));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_object_get_info(weak, TS_INFO_TASK_STATS, &stats,
                                                          sizeof(stats), &actual, &available));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED,
                 ts_object_get_info(resource("log"), TS_INFO_SYSTEM_MEMORY, &stats, sizeof(stats),
                                    &actual, &available));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_object_get_info(0, TS_INFO_HANDLE_BASIC, &stats,
                                                       sizeof(stats), &actual, &available));
    edge_unmake(page);
    close_handle(weak);
    close_handle(event);
}

static void info_handles_lists_all(void) {
    static struct ts_info_handle handles[64];
    struct ts_info_task_stats stats = {0};
    ts_handle_t event = make_event();
    size_t actual = 0;
    size_t available = 0;
    bool found = false;
    CHECK_OK(ts_object_get_info(guest_self.process, TS_INFO_PROCESS_HANDLES, handles,
                                sizeof(handles), &actual, &available));
    for (size_t i = 0; i < actual; i++) {
        found = found || (handles[i].value == event && handles[i].kind == TS_OBJECT_EVENT &&
                          handles[i].rights == TS_DEFAULT_RIGHTS_EVENT);
    }
    CHECK(found);
    CHECK_OK(ts_object_get_info(guest_self.process, TS_INFO_TASK_STATS, &stats, sizeof(stats),
                                &actual, &available));
    CHECK_OK(ts_object_get_info(guest_self.process, TS_INFO_PROCESS_HANDLES, handles,
                                2 * sizeof(handles[0]), &actual, &available));
    CHECK_EQUAL(2, actual);
    CHECK_EQUAL(stats.handles, available);
    CHECK_OK(ts_object_get_info(guest_self.process, TS_INFO_PROCESS_HANDLES, NULL, 0, &actual,
                                &available));
    CHECK_EQUAL(0, actual);
    close_handle(event);
}

/* Every topic on every kind of object gives a record or a refusal. */
static void info_any_topic_of_any_object(void) {
    uint64_t buffer[64];
    ts_handle_t handles[] = {make_event(),     make_port(),        make_endpoint(),
                             make_vmo(1),      make_job(),         guest_self.process,
                             guest_self.vmar,  resource("thread"), resource("root"),
                             resource("debug")};
    for (unsigned i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
        for (uint32_t topic = 0; topic < 24; topic++) {
            size_t actual = 0;
            size_t available = 0;
            ts_status_t status = ts_object_get_info(handles[i], topic, buffer, sizeof(buffer),
                                                    &actual, &available);
            CHECK(status == TS_OK || status == TS_ERR_WRONG_TYPE ||
                  status == TS_ERR_ACCESS_DENIED || status == TS_ERR_INVALID_ARGS);
            CHECK(actual <= available && actual * 8 <= sizeof(buffer));
        }
    }
    CHECK_OK(ts_handle_close_many(handles, 5));
}

static void normal_set_name(void) {
    ts_handle_t vmo = make_vmo(1);
    struct ts_info_name name = {{0}};
    size_t actual;
    size_t available;
    CHECK_OK(ts_object_set_name(vmo, "a name", 6));
    CHECK_OK(ts_object_get_info(vmo, TS_INFO_NAME, &name, sizeof(name), &actual, &available));
    CHECK(strcmp(name.name, "a name") == 0);
    CHECK_OK(ts_object_set_name(vmo, "1234567890123456789012345678901", 31));
    CHECK_OK(ts_object_set_name(vmo, "", 0));
    CHECK_OK(ts_object_get_info(vmo, TS_INFO_NAME, &name, sizeof(name), &actual, &available));
    CHECK(name.name[0] == '\0');
    close_handle(vmo);
}

static void hostile_set_name(void) {
    ts_handle_t vmo = make_vmo(1);
    ts_handle_t event = make_event();
    ts_handle_t weak = duplicate_without(vmo, TS_RIGHT_SET_PROPERTY);
    uint64_t page = edge_make();
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_object_set_name(vmo, (void *)page, 32));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_object_set_name(vmo, (void *)page, SIZE_MAX));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_object_set_name(vmo, "a\nb", 3));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_object_set_name(vmo, "a\0b", 3));
    for (unsigned i = 0; i < BAD_ADDRESSES; i++) {
        CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_object_set_name(vmo, (void *)bad_address(i), 9));
    }
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_object_set_name(vmo, (void *)(page + TS_PAGE_SIZE - 4), 5));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_object_set_name(event, "x", 1));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_object_set_name(weak, "x", 1));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_object_set_name(0, "x", 1));
    edge_unmake(page);
    close_handle(weak);
    close_handle(event);
    close_handle(vmo);
}

static const struct guest_test tests[] = {
    {"normal: event_create makes an event", normal_event_create},
    {"hostile: event_create refuses options, and at ceilings", hostile_event_create},
    {"normal: object_signal sets and clears", normal_signal},
    {"hostile: object_signal refuses the kernel's signals", hostile_signal},
    {"normal: object_wait_one waits for a signal", normal_wait_one},
    {"hostile: object_wait_one refuses, times out and is cancelled", hostile_wait_one},
    {"normal: object_wait_async delivers a packet", normal_wait_async},
    {"hostile: object_wait_async refuses options and handles, and at the ceiling", hostile_wait_async},
    {"normal: object_get_info reads records", normal_get_info},
    {"hostile: object_get_info refuses topics, buffers and handles", hostile_get_info},
    {"normal: object_set_name names", normal_set_name},
    {"hostile: object_set_name refuses names, pointers and handles", hostile_set_name},
    {"normal: port_create makes a port", normal_port_create},
    {"hostile: port_create refuses options, and at ceilings", hostile_port_create},
    {"normal: port_queue queues a packet", normal_port_queue},
    {"hostile: port_queue refuses pointers and handles, when full and at the ceiling", hostile_port_queue},
    {"normal: port_wait waits for a packet", normal_port_wait},
    {"hostile: port_wait refuses, times out and is cancelled", hostile_port_wait},
    {"normal: port_cancel ends a wait", normal_port_cancel},
    {"hostile: port_cancel refuses what is not there", hostile_port_cancel},
    {"P3 packets come in order", p3_fifo},
    {"P3 each packet comes once", p3_each_packet_once},
    {"P4 queued packets are of type USER", p4_type_is_user},
    {"P5 a port cannot be waited on", p5_port_cannot_be_waited_on},
    {"P6 an asynchronous wait fires at once if it may", p6_fires_at_once},
    {"P6 an asynchronous wait fires once", p6_one_shot},
    {"P6 EDGE fires at the next change only", p6_edge},
    {"P6 TIMESTAMP tells when", p6_timestamp},
    {"P7 cancel removes the queued packet", p7_cancel_removes_queued_packet},
    {"P8 closing the handle ends its asynchronous waits", p8_close_ends_async_wait},
    {"P8 queued packets stay", p8_queued_packets_stay},
    {"P9 a full queue is SHOULD_WAIT", p9_full_queue},
    {"P10 a packet is more than a deadline", p10_deadline_past},
    {"P12 signals are told on TIMED_OUT too", p12_observed_on_timeout},
    {"P13 only user signals can be set", p13_user_signals_only},
    {"object_wait_one does not return early", wait_respects_deadline},
    {"port_wait: a port ends with its waits and packets", port_ends_with_waits},
    {"object_get_info lists the handles of a process", info_handles_lists_all},
    {"object_get_info survives every topic on every kind", info_any_topic_of_any_object},
};

GUEST_GROUP(object_tests, tests);
