/* SPDX-License-Identifier: MIT */
/* Synchronous messages: rules N, and the calls of the family. */
#include "abi/message.h"
#include "guest/ceilings.h"
#include "guest/groups.h"
#include "guest/revoking.h"
#include "guest/support.h"
#include "os/impl/cpu.h"

#define LONG_AGO 0

static ts_time_t patience(void) {
    return ts_time_after(GUEST_PATIENCE);
}

static ts_handle_t mint(ts_handle_t endpoint, uint64_t badge) {
    ts_handle_t client = TS_HANDLE_INVALID;
    CHECK_OK(ts_endpoint_mint(endpoint, badge, TS_RIGHT_SAME_RIGHTS, &client));
    return client;
}

static ts_status_t receive(ts_handle_t endpoint, struct ts_message *message, ts_time_t deadline) {
    ts_message_begin(message, 0);
    return ts_reply_wait(endpoint, message, deadline, TS_REPLY_NONE);
}

/* Answers the request in hand and looks for another at once. */
static ts_status_t answer(ts_handle_t endpoint, struct ts_message *message) {
    ts_status_t status = ts_reply_wait(endpoint, message, LONG_AGO, 0);
    return status == TS_ERR_TIMED_OUT ? TS_OK : status;
}

/* A thread that calls once: label 5, word 0 the argument's own; status and reply are shared. */
struct caller {
    ts_handle_t endpoint;
    unsigned slot; /* shared words slot and slot + 1 */
    uint64_t word;
    ts_time_t deadline;
};

static void call_once(void *argument) {
    const struct caller *caller = argument;
    struct ts_message message;
    ts_message_begin(&message, 5);
    (void)!ts_message_put(&message, caller->word);
    ts_status_t status = ts_call(caller->endpoint, &message, caller->deadline);
    shared_set(caller->slot + 1, message.word[0]);
    shared_set(caller->slot, (uint64_t)(int64_t)status);
}

static ts_status_t status_of(unsigned slot) {
    return (ts_status_t)shared_get(slot);
}

/* --- the calls --- */

static void normal_endpoint_create(void) {
    ts_handle_t endpoint = TS_HANDLE_INVALID;
    CHECK_OK(ts_endpoint_create(0, &endpoint));
    CHECK_EQUAL(TS_OBJECT_ENDPOINT, kind_of(endpoint));
    close_handle(endpoint);
}

static ts_status_t endpoint_in_child(void) {
    ts_handle_t endpoint = TS_HANDLE_INVALID;
    ts_status_t status = ts_endpoint_create(0, &endpoint);
    return status == TS_OK ? ts_handle_close(endpoint) : status;
}

static void hostile_endpoint_create(void) {
    ts_handle_t endpoint = 1;
    for (unsigned bit = 0; bit < 32; bit++) {
        CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_endpoint_create(1u << bit, &endpoint));
    }
    CHECK_EQUAL(0, endpoint);
    check_ceilings(endpoint_in_child, TS_HANDLE_INVALID);
}

static void normal_mint(void) {
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t client = TS_HANDLE_INVALID;
    CHECK_OK(ts_endpoint_mint(endpoint, 7, TS_RIGHT_SAME_RIGHTS, &client));
    CHECK_EQUAL(TS_RIGHT_WRITE | TS_RIGHT_TRANSFER | TS_RIGHT_DUPLICATE, rights_of(client));
    CHECK_EQUAL(koid_of(endpoint), koid_of(client));
    close_handle(client);
    close_handle(endpoint);
}

static ts_status_t derive_minted(ts_handle_t endpoint) {
    ts_handle_t client = TS_HANDLE_INVALID;
    ts_status_t status = ts_endpoint_mint(endpoint, 5, TS_RIGHT_SAME_RIGHTS, &client);
    return status == TS_OK ? ts_handle_close(client) : status;
}

static ts_status_t mint_in_child(void) {
    return derive_minted(guest_self.extra);
}

static void hostile_mint(void) {
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t port = make_port();
    ts_handle_t weak = duplicate_without(endpoint, TS_RIGHT_DUPLICATE);
    ts_handle_t client = 1;
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_endpoint_mint(endpoint, 0, TS_RIGHT_SAME_RIGHTS, &client));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_endpoint_mint(endpoint, 1, TS_RIGHT_READ, &client));
    CHECK_EQUAL(0, client);
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_endpoint_mint(weak, 1, TS_RIGHT_SAME_RIGHTS, &client));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_endpoint_mint(port, 1, TS_RIGHT_SAME_RIGHTS, &client));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_endpoint_mint(0, 1, TS_RIGHT_SAME_RIGHTS, &client));
    check_ceilings(mint_in_child, endpoint);
    close_handle(weak);
    close_handle(port);
    check_refused_while_revoked(derive_minted, endpoint);
}

static void n3_badge_is_set_once(void) {
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t client = mint(endpoint, 7);
    ts_handle_t again;
    CHECK_STATUS(TS_ERR_ACCESS_DENIED,
                 ts_endpoint_mint(client, 8, TS_RIGHT_SAME_RIGHTS, &again));
    close_handle(client);
    close_handle(endpoint);
}

static void queue_one(void *argument) {
    struct ts_packet packet = {.key = 12};
    (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
    CHECK_OK(ts_port_queue((ts_handle_t)argument, &packet));
}

static void normal_bind_port(void) {
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t port = make_port();
    struct ts_message message;
    struct ts_packet packet = {0};
    CHECK_OK(ts_endpoint_bind_port(endpoint, port));
    ts_handle_t thread = guest_thread(queue_one, (void *)port);
    CHECK_OK(receive(endpoint, &message, patience()));
    CHECK_EQUAL(TS_TAG_NOTIFIED, message.tag);
    CHECK_OK(ts_port_wait(port, &packet, 0));
    CHECK_EQUAL(12, packet.key);
    guest_join(thread);
    CHECK_OK(ts_port_queue(port, &packet));
    CHECK_OK(receive(endpoint, &message, 0));
    CHECK_EQUAL(TS_TAG_NOTIFIED, message.tag);
    close_handle(port);
    close_handle(endpoint);
}

static void hostile_bind_port(void) {
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t second = make_endpoint();
    ts_handle_t port = make_port();
    ts_handle_t other = make_port();
    ts_handle_t client = mint(endpoint, 3);
    ts_handle_t write_only = duplicate_without(port, TS_RIGHT_READ);
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_endpoint_bind_port(client, port));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_endpoint_bind_port(endpoint, write_only));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_endpoint_bind_port(port, port));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_endpoint_bind_port(endpoint, endpoint));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_endpoint_bind_port(0, port));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_endpoint_bind_port(endpoint, STALE_HANDLE));
    CHECK_OK(ts_endpoint_bind_port(endpoint, port));
    CHECK_STATUS(TS_ERR_ALREADY_BOUND, ts_endpoint_bind_port(endpoint, port));
    CHECK_STATUS(TS_ERR_ALREADY_BOUND, ts_endpoint_bind_port(endpoint, other));
    CHECK_STATUS(TS_ERR_ALREADY_BOUND, ts_endpoint_bind_port(second, port));
    close_handle(write_only);
    close_handle(client);
    close_handle(other);
    close_handle(port);
    close_handle(second);
    close_handle(endpoint);
}

/* A server that adds one to word 0 and answers, until label 9 comes. */
static void serve(void *argument) {
    ts_handle_t endpoint = (ts_handle_t)argument;
    struct ts_message message;
    uint64_t options = TS_REPLY_NONE;
    ts_message_begin(&message, 0);
    while (ts_reply_wait(endpoint, &message, patience(), options) == TS_OK) {
        uint64_t word = message.word[0];
        uint32_t label = ts_tag_label(message.tag);
        shared_set(20, message.badge);
        ts_message_begin(&message, label + 1);
        (void)!ts_message_put(&message, word + 1);
        options = 0;
        if (label == 9) {
            (void)!answer(endpoint, &message);
            return;
        }
    }
}

static void stop_server(ts_handle_t client, ts_handle_t thread) {
    struct ts_message message;
    ts_message_begin(&message, 9);
    CHECK_OK(ts_call(client, &message, patience()));
    guest_join(thread);
}

static void normal_call(void) {
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t client = mint(endpoint, 0xabcdef);
    ts_handle_t thread = guest_thread(serve, (void *)endpoint);
    struct ts_message message;
    for (uint64_t i = 0; i < 5; i++) {
        ts_message_begin(&message, 3);
        (void)!ts_message_put(&message, i);
        CHECK_OK(ts_call(client, &message, patience()));
        CHECK_EQUAL(4, ts_tag_label(message.tag));
        CHECK_EQUAL(1, ts_tag_words(message.tag));
        CHECK_EQUAL(i + 1, message.word[0]);
    }
    stop_server(client, thread);
    close_handle(client);
    close_handle(endpoint);
}

static void hostile_call(void) {
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t client = mint(endpoint, 1);
    ts_handle_t read_only = duplicate_with(endpoint, TS_RIGHT_READ);
    ts_handle_t event = make_event();
    ts_handle_t bound = duplicate_without(event, TS_RIGHT_TRANSFER);
    struct ts_message message;
    ts_message_begin(&message, 0);
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_call(0, &message, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_call(FORGED_HANDLE, &message, 0));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_call(event, &message, 0));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_call(read_only, &message, 0));
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_call(client, &message, 0));
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_call(client, &message, soon()));
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_call(client, &message, INT64_MIN));
    message.tag = ts_tag(0, 65, 0);
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_call(client, &message, 0));
    message.tag = ts_tag(0, 127, 7);
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_call(client, &message, 0));
    ts_message_begin(&message, 0);
    (void)!ts_message_put_handle(&message, STALE_HANDLE);
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_call(client, &message, 0));
    ts_message_begin(&message, 0);
    (void)!ts_message_put_handle(&message, bound);
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_call(client, &message, 0));
    close_handle(read_only);
    close_handle(event);
    close_handle(endpoint);
    ts_message_begin(&message, 0);
    CHECK_STATUS(TS_ERR_PEER_CLOSED, ts_call(client, &message, patience()));
    close_handle(client);
}

static void normal_reply_wait(void) {
    ts_handle_t endpoint = make_endpoint();
    struct caller caller = {mint(endpoint, 42), 0, 1234, patience()};
    struct ts_message message;
    ts_handle_t thread = guest_thread(call_once, &caller);
    CHECK_OK(receive(endpoint, &message, patience()));
    CHECK_EQUAL(5, ts_tag_label(message.tag));
    CHECK_EQUAL(42, message.badge);
    CHECK_EQUAL(1234, message.word[0]);
    CHECK_EQUAL(0, message.word[1]);
    ts_message_begin(&message, 0);
    (void)!ts_message_put(&message, 4321);
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_reply_wait(endpoint, &message, 0, 0));
    guest_join(thread);
    CHECK_OK(status_of(0));
    CHECK_EQUAL(4321, shared_get(1));
    close_handle(caller.endpoint);
    close_handle(endpoint);
}

static void receive_long(void *argument) {
    struct ts_message message;
    shared_set(0, (uint64_t)(int64_t)receive((ts_handle_t)argument, &message, TS_TIME_INFINITE));
}

static void hostile_reply_wait(void) {
    ts_handle_t endpoint = make_endpoint();
    struct caller caller = {mint(endpoint, 1), 2, 0, patience()};
    ts_handle_t port = make_port();
    struct ts_message message;
    ts_message_begin(&message, 0);
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_reply_wait(endpoint, &message, 0, 0));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_reply_wait(endpoint, &message, 0, 2));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_reply_wait(endpoint, &message, 0, UINT64_MAX));
    CHECK_STATUS(TS_ERR_TIMED_OUT, receive(endpoint, &message, 0));
    CHECK_STATUS(TS_ERR_TIMED_OUT, receive(endpoint, &message, soon()));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, receive(caller.endpoint, &message, 0));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, receive(port, &message, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, receive(0, &message, 0));
    ts_handle_t thread = guest_thread(call_once, &caller);
    CHECK_OK(receive(endpoint, &message, patience()));
    message.tag = ts_tag(0, 80, 0);
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_reply_wait(endpoint, &message, 0, 0));
    ts_message_begin(&message, 0);
    CHECK_OK(answer(endpoint, &message));
    guest_join(thread);
    CHECK_OK(status_of(2));
    thread = guest_thread(receive_long, (void *)endpoint);
    guest_wait_state(thread, TS_THREAD_RECEIVING);
    close_handle(endpoint);
    guest_join(thread);
    CHECK_STATUS(TS_ERR_CANCELED, status_of(0));
    close_handle(caller.endpoint);
    close_handle(port);
}

static void normal_reply_save(void) {
    ts_handle_t endpoint = make_endpoint();
    struct caller caller = {mint(endpoint, 1), 0, 1, patience()};
    struct ts_message message;
    ts_handle_t reply = TS_HANDLE_INVALID;
    ts_handle_t thread = guest_thread(call_once, &caller);
    CHECK_OK(receive(endpoint, &message, patience()));
    CHECK_OK(ts_reply_save(0, &reply));
    CHECK_EQUAL(TS_DEFAULT_RIGHTS_REPLY, rights_of(reply));
    CHECK_STATUS(TS_ERR_TIMED_OUT, receive(endpoint, &message, 0));
    ts_message_begin(&message, 0);
    (void)!ts_message_put(&message, 77);
    CHECK_OK(ts_reply_send(reply, &message));
    guest_join(thread);
    CHECK_OK(status_of(0));
    CHECK_EQUAL(77, shared_get(1));
    close_handle(caller.endpoint);
    close_handle(endpoint);
}

/* Always has a request for the endpoint, whatever becomes of the one before. */
static void call_for_ever(void *argument) {
    struct ts_message message;
    ts_status_t status;
    do {
        ts_message_begin(&message, 0);
        status = ts_call((ts_handle_t)argument, &message, patience());
    } while (status == TS_OK || status == TS_ERR_CANCELED || status == TS_ERR_PEER_CLOSED);
}

static ts_status_t save_in_child(void) {
    static ts_handle_t endpoint;
    struct ts_message message;
    ts_handle_t reply = TS_HANDLE_INVALID;
    if (endpoint == TS_HANDLE_INVALID) {
        endpoint = make_endpoint();
        close_handle(guest_thread(call_for_ever, (void *)endpoint));
    }
    CHECK_OK(receive(endpoint, &message, patience()));
    ts_status_t status = ts_reply_save(0, &reply);
    return status == TS_OK ? ts_handle_close(reply) : status;
}

static void hostile_reply_save(void) {
    ts_handle_t endpoint = make_endpoint();
    struct caller caller = {mint(endpoint, 1), 0, 1, patience()};
    struct ts_message message;
    ts_handle_t reply = 1;
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_reply_save(0, &reply));
    CHECK_EQUAL(0, reply);
    ts_handle_t thread = guest_thread(call_once, &caller);
    CHECK_OK(receive(endpoint, &message, patience()));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_reply_save(1u << 31, &reply));
    CHECK_OK(ts_reply_save(0, &reply));
    ts_handle_t second;
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_reply_save(0, &second));
    close_handle(reply);
    guest_join(thread);
    check_ceilings(save_in_child, TS_HANDLE_INVALID);
    close_handle(caller.endpoint);
    close_handle(endpoint);
}

static void normal_reply_send(void) {
    ts_handle_t endpoint = make_endpoint();
    struct caller caller = {mint(endpoint, 1), 0, 1, patience()};
    struct ts_message message;
    ts_handle_t reply = TS_HANDLE_INVALID;
    ts_handle_t thread = guest_thread(call_once, &caller);
    CHECK_OK(receive(endpoint, &message, patience()));
    CHECK_OK(ts_reply_save(0, &reply));
    ts_message_begin(&message, 0);
    (void)!ts_message_put(&message, 78);
    CHECK_OK(ts_reply_send(reply, &message));
    guest_join(thread);
    CHECK_OK(status_of(0));
    CHECK_EQUAL(78, shared_get(1));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(reply));
    close_handle(caller.endpoint);
    close_handle(endpoint);
}

static void hostile_reply_send(void) {
    ts_handle_t endpoint = make_endpoint();
    /* Long enough for the caller to come before it passes. */
    struct caller caller = {mint(endpoint, 1), 0, 1, ts_time_after(TS_SECOND / 5)};
    struct ts_message message;
    ts_handle_t reply = TS_HANDLE_INVALID;
    ts_handle_t weak = TS_HANDLE_INVALID;
    ts_message_begin(&message, 0);
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_reply_send(0, &message));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_reply_send(STALE_HANDLE, &message));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_reply_send(endpoint, &message));
    ts_handle_t thread = guest_thread(call_once, &caller);
    CHECK_OK(receive(endpoint, &message, patience()));
    CHECK_OK(ts_reply_save(0, &reply));
    guest_join(thread);
    CHECK_STATUS(TS_ERR_TIMED_OUT, status_of(0));
    ts_message_begin(&message, 0);
    CHECK_STATUS(TS_ERR_PEER_CLOSED, ts_reply_send(reply, &message));
    caller.deadline = patience();
    thread = guest_thread(call_once, &caller);
    CHECK_OK(receive(endpoint, &message, patience()));
    CHECK_OK(ts_reply_save(0, &reply));
    CHECK_OK(ts_handle_replace(reply, TS_RIGHT_TRANSFER, &weak));
    ts_message_begin(&message, 0);
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_reply_send(weak, &message));
    close_handle(weak);
    guest_join(thread);
    CHECK_STATUS(TS_ERR_CANCELED, status_of(0));
    thread = guest_thread(call_once, &caller);
    CHECK_OK(receive(endpoint, &message, patience()));
    CHECK_OK(ts_reply_save(0, &reply));
    message.tag = ts_tag(0, 65, 0);
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_reply_send(reply, &message));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(reply));
    guest_join(thread);
    CHECK_STATUS(TS_ERR_CANCELED, status_of(0));
    close_handle(caller.endpoint);
    close_handle(endpoint);
}

/* --- rules --- */

static void n1_waits_for_receiver(void) {
    ts_handle_t endpoint = make_endpoint();
    struct caller caller = {mint(endpoint, 1), 0, 8, patience()};
    struct ts_message message;
    ts_handle_t thread = guest_thread(call_once, &caller);
    guest_wait_state(thread, TS_THREAD_CALLING);
    CHECK_OK(receive(endpoint, &message, patience()));
    CHECK_EQUAL(8, message.word[0]);
    CHECK_OK(answer(endpoint, &message));
    guest_join(thread);
    CHECK_OK(status_of(0));
    close_handle(caller.endpoint);
    close_handle(endpoint);
}

static void n1_deadline(void) {
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t client = mint(endpoint, 1);
    struct ts_message message;
    ts_time_t deadline = ts_time_after(3 * TS_MILLISECOND);
    ts_message_begin(&message, 0);
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_call(client, &message, deadline));
    CHECK(ts_time_now() >= deadline);
    CHECK_STATUS(TS_ERR_TIMED_OUT, receive(endpoint, &message, 0));
    close_handle(client);
    close_handle(endpoint);
}

static void n1_endpoint_closes(void) {
    ts_handle_t endpoint = make_endpoint();
    struct caller caller = {mint(endpoint, 1), 0, 8, TS_TIME_INFINITE};
    ts_handle_t thread = guest_thread(call_once, &caller);
    guest_wait_state(thread, TS_THREAD_CALLING);
    close_handle(endpoint);
    guest_join(thread);
    CHECK_STATUS(TS_ERR_PEER_CLOSED, status_of(0));
    close_handle(caller.endpoint);
}

static void n2_badge_of_the_handle(void) {
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t client = mint(endpoint, 0x1122334455667788ul);
    ts_handle_t copy = duplicate_with(client, TS_RIGHT_SAME_RIGHTS);
    ts_handle_t thread = guest_thread(serve, (void *)endpoint);
    struct ts_message message;
    ts_message_begin(&message, 1);
    message.badge = 5; /* not the sender's to say */
    CHECK_OK(ts_call(copy, &message, patience()));
    CHECK_EQUAL(0x1122334455667788ul, shared_get(20));
    ts_message_begin(&message, 1);
    CHECK_OK(ts_call(endpoint, &message, patience()));
    CHECK_EQUAL(0, shared_get(20));
    stop_server(client, thread);
    close_handle(copy);
    close_handle(client);
    close_handle(endpoint);
}

static void n2_flags_are_the_kernels(void) {
    ts_handle_t endpoint = make_endpoint();
    struct caller caller = {mint(endpoint, 1), 0, 8, patience()};
    struct ts_message message;
    ts_handle_t thread = guest_thread(call_once, &caller);
    CHECK_OK(receive(endpoint, &message, patience()));
    message.tag = ts_tag(6, 0, 0) | TS_TAG_FLAGS_MASK;
    CHECK_OK(answer(endpoint, &message));
    guest_join(thread);
    CHECK_OK(status_of(0));
    close_handle(caller.endpoint);
    close_handle(endpoint);
}

static void n4_rights(void) {
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t read_only = duplicate_with(endpoint, TS_RIGHT_READ);
    ts_handle_t write_only = duplicate_with(endpoint, TS_RIGHT_WRITE);
    ts_handle_t none = duplicate_with(endpoint, TS_RIGHT_NONE);
    ts_handle_t event = make_event();
    ts_handle_t weak_event = duplicate_with(event, TS_RIGHT_NONE);
    struct ts_message message;
    ts_message_begin(&message, 0);
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_call(read_only, &message, 0));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, receive(write_only, &message, 0));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_call(none, &message, 0));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_call(weak_event, &message, 0));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, receive(weak_event, &message, 0));
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_call(write_only, &message, 0));
    CHECK_STATUS(TS_ERR_TIMED_OUT, receive(read_only, &message, 0));
    close_handle(weak_event);
    close_handle(event);
    close_handle(none);
    close_handle(write_only);
    close_handle(read_only);
    close_handle(endpoint);
}

static void n5_single_use(void) {
    ts_handle_t endpoint = make_endpoint();
    struct caller caller = {mint(endpoint, 1), 0, 8, patience()};
    struct ts_message message;
    ts_handle_t reply = TS_HANDLE_INVALID;
    ts_handle_t thread = guest_thread(call_once, &caller);
    CHECK_OK(receive(endpoint, &message, patience()));
    CHECK_OK(answer(endpoint, &message));
    ts_message_begin(&message, 0);
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_reply_wait(endpoint, &message, 0, 0));
    guest_join(thread);
    thread = guest_thread(call_once, &caller);
    CHECK_OK(receive(endpoint, &message, patience()));
    CHECK_OK(ts_reply_save(0, &reply));
    CHECK_OK(ts_reply_send(reply, &message));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_reply_send(reply, &message));
    guest_join(thread);
    close_handle(caller.endpoint);
    close_handle(endpoint);
}

static void n6_dropped_reply(void) {
    ts_handle_t endpoint = make_endpoint();
    struct caller caller = {mint(endpoint, 1), 0, 8, TS_TIME_INFINITE};
    struct ts_message message;
    ts_handle_t reply = TS_HANDLE_INVALID;
    ts_handle_t thread = guest_thread(call_once, &caller);
    CHECK_OK(receive(endpoint, &message, patience()));
    CHECK_OK(ts_reply_save(0, &reply));
    close_handle(reply);
    guest_join(thread);
    CHECK_STATUS(TS_ERR_CANCELED, status_of(0));
    close_handle(caller.endpoint);
    close_handle(endpoint);
}

static void n7_last_receive_handle(void) {
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t second = duplicate_with(endpoint, TS_RIGHT_READ);
    ts_handle_t client = mint(endpoint, 1);
    struct ts_message message;
    close_handle(endpoint);
    ts_message_begin(&message, 0);
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_call(client, &message, 0));
    close_handle(second);
    CHECK_STATUS(TS_ERR_PEER_CLOSED, ts_call(client, &message, TS_TIME_INFINITE));
    close_handle(client);
}

/* In a child: takes a request from `extra` and dies with it, in the way that was asked for. */
static void take_and_die(uint64_t way) {
    struct ts_message message;
    CHECK_OK(receive(guest_self.extra, &message, patience()));
    shared_set(10, 1);
    if (way == 1) {
        *(volatile uint64_t *)bad_address(0) = 1;
    }
    if (way == 2) {
        ts_thread_exit();
    }
    if (way == 3) {
        (void)!ts_thread_sleep(TS_TIME_INFINITE);
    }
}

static void server_dies(uint64_t way) {
    ts_handle_t endpoint = make_endpoint();
    struct caller caller = {mint(endpoint, 1), 0, 8, TS_TIME_INFINITE};
    struct guest_child child;
    if (guest_child_start(&child, guest_self.job, take_and_die, way,
                          duplicate_with(endpoint, TS_RIGHT_SAME_RIGHTS))) {
        ts_handle_t thread = guest_thread(call_once, &caller);
        for (unsigned i = 0; i < 20000 && shared_get(10) == 0; i++) {
            (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND / 10));
        }
        if (way == 3) {
            CHECK_OK(ts_task_kill(child.process));
        }
        guest_join(thread);
        (void)guest_child_end(&child);
        CHECK_STATUS(TS_ERR_PEER_CLOSED, status_of(0));
    }
    close_handle(caller.endpoint);
    close_handle(endpoint);
}

static void n8_server_exits(void) {
    server_dies(0);
}

static void n8_server_faults(void) {
    server_dies(1);
}

static void n8_server_thread_ends(void) {
    server_dies(2);
}

static void n8_server_is_killed(void) {
    server_dies(3);
}

static void call_from_child(uint64_t argument) {
    struct ts_message message;
    (void)argument;
    ts_message_begin(&message, 0);
    (void)!ts_message_put_handle(&message, duplicate_with(guest_self.job, TS_RIGHT_SAME_RIGHTS));
    (void)!ts_call(guest_self.extra, &message, TS_TIME_INFINITE);
    CHECK(!"the call of a killed thread returns");
}

static void n9_caller_dies(void) {
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t event = make_event();
    struct ts_message message;
    struct guest_child child;
    if (guest_child_start(&child, guest_self.job, call_from_child, 0, mint(endpoint, 4))) {
        CHECK_OK(receive(endpoint, &message, patience()));
        CHECK_EQUAL(1, ts_tag_handles(message.tag));
        ts_handle_t received = ts_message_handle(&message, 0);
        CHECK_OK(ts_task_kill(child.process));
        CHECK_EQUAL(TS_EXIT_KILLED, guest_child_end(&child));
        ts_message_begin(&message, 0);
        (void)!ts_message_put_handle(&message, event);
        CHECK_STATUS(TS_ERR_PEER_CLOSED, ts_reply_wait(endpoint, &message, TS_TIME_INFINITE, 0));
        CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(event));
        close_handle(received);
    }
    close_handle(endpoint);
}

static void n9_queued_caller_dies(void) {
    ts_handle_t endpoint = make_endpoint();
    struct ts_message message;
    struct guest_child child;
    if (guest_child_start(&child, guest_self.job, call_from_child, 0, mint(endpoint, 4))) {
        guest_wait_state(child.thread, TS_THREAD_CALLING);
        CHECK_OK(ts_task_kill(child.process));
        CHECK_EQUAL(TS_EXIT_KILLED, guest_child_end(&child));
        CHECK_STATUS(TS_ERR_TIMED_OUT, receive(endpoint, &message, 0));
    }
    close_handle(endpoint);
}

static void n10_order(void) {
    static const uint32_t priorities[5] = {60, 90, 70, 90, 80};
    static const uint64_t expected[5] = {1, 3, 4, 2, 0};
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t client = mint(endpoint, 1);
    ts_handle_t thread[5];
    struct caller caller[5];
    struct ts_message message;
    for (unsigned i = 0; i < 5; i++) {
        caller[i] = (struct caller){client, 2 * i, i, patience()};
        CHECK_OK(ts_thread_create(guest_self.process, "caller", 6, 0, &thread[i]));
        CHECK_OK(ts_thread_set_priority(thread[i], priorities[i]));
        CHECK_OK(ts_thread_start(thread[i], guest_thread_entry(), guest_stack_top(),
                                 (uint64_t)call_once, (uint64_t)&caller[i]));
        guest_wait_state(thread[i], TS_THREAD_CALLING);
    }
    for (unsigned i = 0; i < 5; i++) {
        ts_handle_t reply = TS_HANDLE_INVALID;
        CHECK_OK(receive(endpoint, &message, 0));
        CHECK_EQUAL(expected[i], message.word[0]);
        CHECK_OK(ts_reply_save(0, &reply));
        CHECK_OK(ts_reply_send(reply, &message));
    }
    for (unsigned i = 0; i < 5; i++) {
        guest_join(thread[i]);
    }
    close_handle(client);
    close_handle(endpoint);
}

static uint32_t priority_of(ts_handle_t thread) {
    struct ts_info_thread info = {0};
    size_t actual;
    size_t available;
    CHECK_OK(ts_object_get_info(thread, TS_INFO_THREAD, &info, sizeof(info), &actual, &available));
    return info.priority;
}

static void n11_inherits_priority(void) {
    ts_handle_t endpoint = make_endpoint();
    struct caller caller = {mint(endpoint, 1), 0, 8, patience()};
    struct ts_message message;
    ts_handle_t self = resource("thread");
    uint32_t own = priority_of(self);
    ts_handle_t thread = TS_HANDLE_INVALID;
    CHECK_OK(ts_thread_create(guest_self.process, "urgent", 6, 0, &thread));
    CHECK_OK(ts_thread_set_priority(thread, own + 20));
    CHECK_OK(ts_thread_start(thread, guest_thread_entry(), guest_stack_top(), (uint64_t)call_once,
                             (uint64_t)&caller));
    CHECK_OK(receive(endpoint, &message, patience()));
    CHECK_EQUAL(own + 20, priority_of(self));
    CHECK_OK(answer(endpoint, &message));
    CHECK_EQUAL(own, priority_of(self));
    guest_join(thread);
    close_handle(caller.endpoint);
    close_handle(endpoint);
}

static void n11_undone_by_timeout(void) {
    ts_handle_t endpoint = make_endpoint();
    struct caller caller = {mint(endpoint, 1), 0, 8, 0};
    struct ts_message message;
    ts_handle_t self = resource("thread");
    uint32_t own = priority_of(self);
    ts_handle_t thread = TS_HANDLE_INVALID;
    caller.deadline = ts_time_after(200 * TS_MILLISECOND);
    CHECK_OK(ts_thread_create(guest_self.process, "urgent", 6, 0, &thread));
    CHECK_OK(ts_thread_set_priority(thread, own + 20));
    CHECK_OK(ts_thread_start(thread, guest_thread_entry(), guest_stack_top(), (uint64_t)call_once,
                             (uint64_t)&caller));
    CHECK_OK(receive(endpoint, &message, patience()));
    CHECK_EQUAL(own + 20, priority_of(self));
    guest_join(thread);
    CHECK_STATUS(TS_ERR_TIMED_OUT, status_of(0));
    CHECK_EQUAL(own, priority_of(self));
    ts_message_begin(&message, 0);
    CHECK_STATUS(TS_ERR_PEER_CLOSED, ts_reply_wait(endpoint, &message, 0, 0));
    CHECK_EQUAL(own, priority_of(self));
    close_handle(caller.endpoint);
    close_handle(endpoint);
}

/* A thread that sends four handles and gets four others. */
static void swap_handles(void *argument) {
    struct ts_message message;
    ts_message_begin(&message, 0);
    for (unsigned i = 0; i < 4; i++) {
        ts_handle_t event = make_event();
        shared_set(30 + i, koid_of(event));
        (void)!ts_message_put_handle(&message, event);
    }
    CHECK_OK(ts_call((ts_handle_t)argument, &message, patience()));
    CHECK_EQUAL(4, ts_tag_handles(message.tag));
    for (unsigned i = 0; i < 4; i++) {
        ts_handle_t handle = ts_message_handle(&message, i);
        CHECK_EQUAL(shared_get(30 + i), koid_of(handle));
        close_handle(handle);
    }
}

static void n12_handles_move(void) {
    ts_handle_t endpoint = make_endpoint();
    struct ts_message message;
    ts_handle_t handles[4];
    ts_handle_t thread = guest_thread(swap_handles, (void *)endpoint);
    CHECK_OK(receive(endpoint, &message, patience()));
    for (unsigned i = 0; i < 4; i++) {
        handles[i] = ts_message_handle(&message, i);
        CHECK_EQUAL(shared_get(30 + i), koid_of(handles[i]));
        CHECK_EQUAL(TS_DEFAULT_RIGHTS_EVENT, rights_of(handles[i]));
    }
    ts_message_begin(&message, 0);
    for (unsigned i = 0; i < 4; i++) {
        (void)!ts_message_put_handle(&message, handles[i]);
    }
    CHECK_OK(answer(endpoint, &message));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(handles[0]));
    guest_join(thread);
    close_handle(endpoint);
}

static void n12_consumed_on_failure(void) {
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t event = make_event();
    ts_handle_t other = make_event();
    struct ts_message message;
    ts_message_begin(&message, 0);
    (void)!ts_message_put_handle(&message, event);
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_call(endpoint, &message, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(event));
    ts_message_begin(&message, 0);
    (void)!ts_message_put_handle(&message, other);
    (void)!ts_message_put_handle(&message, other);
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_call(endpoint, &message, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(other));
    close_handle(endpoint);
}

static void n12_limits(void) {
    ts_handle_t endpoint = make_endpoint();
    struct ts_message message;
    ts_message_begin(&message, 0);
    for (unsigned words = 0; words < 128; words++) {
        message.tag = ts_tag(0, words, 0);
        CHECK_STATUS(words > 64 ? TS_ERR_OUT_OF_RANGE : TS_ERR_TIMED_OUT,
                     ts_call(endpoint, &message, 0));
    }
    for (unsigned handles = 5; handles < 8; handles++) {
        message.tag = ts_tag(0, 0, handles);
        CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_call(endpoint, &message, 0));
    }
    close_handle(endpoint);
}

/* Sends `words` words, each its own number, and wants each plus 1000 back. */
static void send_words(void *argument) {
    struct ts_message message;
    ts_handle_t endpoint = shared_get(40);
    for (unsigned words = 0; words <= TS_MESSAGE_WORDS; words++) {
        ts_message_begin(&message, words);
        for (unsigned i = 0; i < words; i++) {
            CHECK(ts_message_put(&message, i));
        }
        CHECK_OK(ts_call(endpoint, &message, patience()));
        CHECK_EQUAL(words, ts_tag_words(message.tag));
        for (unsigned i = 0; i < words; i++) {
            CHECK_EQUAL(1000 + i, ts_message_word(&message, i));
        }
    }
    (void)argument;
}

static void n13_all_sizes(void) {
    ts_handle_t endpoint = make_endpoint();
    struct ts_message message;
    uint64_t options = TS_REPLY_NONE;
    shared_set(40, endpoint);
    ts_handle_t thread = guest_thread(send_words, NULL);
    for (unsigned words = 0; words <= TS_MESSAGE_WORDS; words++) {
        ts_message_begin(&message, 0);
        CHECK_OK(ts_reply_wait(endpoint, &message, patience(), options));
        CHECK_EQUAL(words, ts_tag_words(message.tag));
        CHECK_EQUAL(words, ts_tag_label(message.tag));
        for (unsigned i = 0; i < words; i++) {
            CHECK_EQUAL(i, ts_message_word(&message, i));
        }
        ts_handle_t reply = TS_HANDLE_INVALID;
        CHECK_OK(ts_reply_save(0, &reply));
        ts_message_begin(&message, 0);
        for (unsigned i = 0; i < words; i++) {
            CHECK(ts_message_put(&message, 1000 + i));
        }
        CHECK_OK(ts_reply_send(reply, &message));
    }
    guest_join(thread);
    close_handle(endpoint);
}

static void n13_whole_buffer(void) {
    ts_handle_t endpoint = make_endpoint();
    struct ts_message message;
    shared_set(40, endpoint);
    ts_handle_t thread = guest_thread(send_words, NULL);
    uint64_t options = TS_REPLY_NONE;
    for (unsigned round = 0; round <= TS_MESSAGE_WORDS; round++) {
        uint64_t words[TS_MESSAGE_WORDS];
        CHECK_OK(ts_reply_wait(endpoint, &message, patience(), options));
        unsigned count = ts_tag_words(message.tag);
        for (unsigned i = 0; i < count; i++) {
            words[i] = ts_message_word(&message, i);
        }
        ts_message_begin(&message, 0);
        for (unsigned i = 0; i < count; i++) {
            (void)!ts_message_put(&message, words[i] + 1000);
        }
        options = 0;
    }
    CHECK_OK(answer(endpoint, &message));
    guest_join(thread);
    close_handle(endpoint);
}

static void n14_own_endpoint(void) {
    ts_handle_t endpoint = make_endpoint();
    struct caller caller = {mint(endpoint, 1), 0, 8, patience()};
    struct ts_message message;
    struct ts_message nested;
    ts_handle_t reply = TS_HANDLE_INVALID;
    ts_handle_t thread = guest_thread(call_once, &caller);
    CHECK_OK(receive(endpoint, &message, patience()));
    ts_message_begin(&nested, 0);
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_call(endpoint, &nested, soon()));
    CHECK_OK(ts_reply_save(0, &reply));
    ts_message_begin(&message, 0);
    CHECK_OK(ts_reply_send(reply, &message));
    guest_join(thread);
    CHECK_OK(status_of(0));
    close_handle(caller.endpoint);
    close_handle(endpoint);
}

static void receive_in_child(uint64_t argument) {
    struct ts_message message;
    (void)argument;
    (void)!receive(guest_self.extra, &message, TS_TIME_INFINITE);
    CHECK(!"the receive of a killed thread returns");
}

static void n15_killed_receiver(void) {
    ts_handle_t endpoint = make_endpoint();
    struct guest_child child;
    if (guest_child_start(&child, guest_self.job, receive_in_child, 0,
                          duplicate_with(endpoint, TS_RIGHT_SAME_RIGHTS))) {
        guest_wait_state(child.thread, TS_THREAD_RECEIVING);
        ts_handle_t server = guest_thread(serve, (void *)endpoint);
        guest_wait_state(server, TS_THREAD_RECEIVING);
        CHECK_OK(ts_task_kill(child.process));
        CHECK_EQUAL(TS_EXIT_KILLED, guest_child_end(&child));
        ts_handle_t client = mint(endpoint, 1);
        stop_server(client, server);
        close_handle(client);
    }
    close_handle(endpoint);
}

static void n15_killed_caller_in_the_middle(void) {
    ts_handle_t endpoint = make_endpoint();
    struct guest_child child;
    struct caller first = {mint(endpoint, 1), 0, 1, patience()};
    struct caller last = {first.endpoint, 2, 3, patience()};
    struct ts_message message;
    ts_handle_t first_thread = guest_thread(call_once, &first);
    guest_wait_state(first_thread, TS_THREAD_CALLING);
    if (guest_child_start(&child, guest_self.job, call_from_child, 0, mint(endpoint, 2))) {
        guest_wait_state(child.thread, TS_THREAD_CALLING);
        ts_handle_t last_thread = guest_thread(call_once, &last);
        guest_wait_state(last_thread, TS_THREAD_CALLING);
        CHECK_OK(ts_task_kill(child.process));
        CHECK_EQUAL(TS_EXIT_KILLED, guest_child_end(&child));
        CHECK_OK(receive(endpoint, &message, 0));
        CHECK_EQUAL(1, message.badge);
        CHECK_OK(ts_reply_wait(endpoint, &message, 0, 0));
        CHECK_EQUAL(1, message.badge);
        CHECK_STATUS(TS_ERR_TIMED_OUT, ts_reply_wait(endpoint, &message, 0, 0));
        guest_join(last_thread);
    }
    guest_join(first_thread);
    close_handle(first.endpoint);
    close_handle(endpoint);
}

#define STORM_CALLS 200u

static void storm_caller(void *argument) {
    struct ts_message message;
    for (unsigned i = 0; i < STORM_CALLS; i++) {
        ts_message_begin(&message, 1);
        (void)!ts_message_put(&message, i);
        if (!CHECK_OK(ts_call((ts_handle_t)argument, &message, patience())) ||
            !CHECK_EQUAL(i + 1, message.word[0])) {
            return;
        }
        shared_add(50, 1);
    }
}

static void n16_many_callers_and_receivers(void) {
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t client = mint(endpoint, 1);
    ts_handle_t server[3];
    ts_handle_t caller[4];
    for (unsigned i = 0; i < 3; i++) {
        server[i] = guest_thread(serve, (void *)endpoint);
    }
    for (unsigned i = 0; i < 4; i++) {
        caller[i] = guest_thread(storm_caller, (void *)client);
    }
    for (unsigned i = 0; i < 4; i++) {
        guest_join(caller[i]);
    }
    CHECK_EQUAL(4 * STORM_CALLS, shared_get(50));
    for (unsigned i = 0; i < 3; i++) {
        struct ts_message message;
        ts_message_begin(&message, 9);
        CHECK_OK(ts_call(client, &message, patience()));
    }
    for (unsigned i = 0; i < 3; i++) {
        guest_join(server[i]);
    }
    close_handle(client);
    close_handle(endpoint);
}

static const struct guest_test tests[] = {
    {"normal: endpoint_create makes an endpoint", normal_endpoint_create},
    {"hostile: endpoint_create refuses options, and at ceilings", hostile_endpoint_create},
    {"normal: endpoint_mint makes a badged handle", normal_mint},
    {"hostile: endpoint_mint refuses badge 0 and new rights, and at ceilings", hostile_mint},
    {"normal: endpoint_bind_port wakes the receiver for packets", normal_bind_port},
    {"hostile: endpoint_bind_port refuses a second port", hostile_bind_port},
    {"normal: call gets its reply", normal_call},
    {"hostile: call refuses tags, handles and closed endpoints", hostile_call},
    {"normal: reply_wait receives and replies", normal_reply_wait},
    {"hostile: reply_wait refuses options, tags and replies to nobody", hostile_reply_wait},
    {"normal: reply_save keeps the right to answer", normal_reply_save},
    {"hostile: reply_save refuses without a request, and at ceilings", hostile_reply_save},
    {"normal: reply_send answers later", normal_reply_send},
    {"hostile: reply_send refuses, and is used up by it", hostile_reply_send},
    {"N1 a call waits for a receiver", n1_waits_for_receiver},
    {"N1 a call ends at its deadline", n1_deadline},
    {"N1 a call ends when the endpoint closes", n1_endpoint_closes},
    {"N2 the badge is that of the handle", n2_badge_of_the_handle},
    {"N2 flags of the tag are the kernel's", n2_flags_are_the_kernels},
    {"N3 a badge is set once", n3_badge_is_set_once},
    {"N4 calling needs WRITE, receiving READ", n4_rights},
    {"N5 a reply right is used once", n5_single_use},
    {"N6 a dropped reply cancels the call", n6_dropped_reply},
    {"N7 the last receive handle closes the endpoint", n7_last_receive_handle},
    {"N8 the server exits: PEER_CLOSED", n8_server_exits},
    {"N8 the server faults: PEER_CLOSED", n8_server_faults},
    {"N8 the server's thread ends: PEER_CLOSED", n8_server_thread_ends},
    {"N8 the server is killed: PEER_CLOSED", n8_server_is_killed},
    {"N9 the caller dies: the reply does not block", n9_caller_dies},
    {"N9 a queued caller dies: nothing is received", n9_queued_caller_dies},
    {"N10 callers are served by priority, then in order", n10_order},
    {"N11 the server runs at its caller's priority", n11_inherits_priority},
    {"N11 a timeout undoes the priority", n11_undone_by_timeout},
    {"N12 four handles move", n12_handles_move},
    {"N12 handles are consumed by failures", n12_consumed_on_failure},
    {"N12 more than 64 words or 4 handles are refused", n12_limits},
    {"N13 messages of all sizes arrive whole by reply_send", n13_all_sizes},
    {"N13 messages of all sizes arrive whole by reply_wait", n13_whole_buffer},
    {"N14 a call to the own endpoint ends at its deadline", n14_own_endpoint},
    {"N15 a killed receiver leaves the queue right", n15_killed_receiver},
    {"N15 a killed caller leaves the queue right", n15_killed_caller_in_the_middle},
    {"N16 nothing is lost or doubled among many", n16_many_callers_and_receivers},
};

GUEST_GROUP(endpoint_tests, tests);
