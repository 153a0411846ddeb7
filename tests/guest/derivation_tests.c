/* SPDX-License-Identifier: MIT */
/* The derivation tree: rules D. D5 waits for the handles of DMA. D8 is in the hostile tests of what derives, too. */
#include "guest/groups.h"
#include "guest/device.h"
#include "guest/support.h"

#define PAGE TS_PAGE_SIZE

static ts_time_t patience(void) {
    return ts_time_after(GUEST_PATIENCE);
}

static ts_handle_t copy_of(ts_handle_t handle) {
    return duplicate_with(handle, TS_RIGHT_SAME_RIGHTS);
}

static bool is_gone(ts_handle_t handle) {
    struct ts_info_handle_basic info;
    size_t actual;
    size_t available;
    return ts_object_get_info(handle, TS_INFO_HANDLE_BASIC, &info, sizeof(info), &actual, &available) ==
           TS_ERR_BAD_HANDLE;
}

static ts_handle_t replaced(ts_handle_t handle) {
    ts_handle_t fresh = TS_HANDLE_INVALID;
    CHECK_OK(ts_handle_replace(handle, TS_RIGHT_SAME_RIGHTS, &fresh));
    return fresh;
}

/* --- D1, D7, D12: what is whose child --- */

static void d1_duplicate_and_mint(void) {
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t minted = TS_HANDLE_INVALID;
    ts_handle_t copy = copy_of(endpoint);
    CHECK_OK(ts_endpoint_mint(copy, 3, TS_RIGHT_SAME_RIGHTS, &minted));
    ts_handle_t client = copy_of(minted);
    CHECK_OK(ts_handle_revoke(minted));
    CHECK(is_gone(client) && !is_gone(minted) && !is_gone(copy));
    CHECK_OK(ts_handle_revoke(endpoint));
    CHECK(is_gone(copy) && is_gone(minted) && !is_gone(endpoint));
    close_handle(endpoint);
}

static void d1_resources(void) {
    ts_handle_t top = copy_of(resource("root"));
    ts_handle_t line = TS_HANDLE_INVALID;
    ts_handle_t narrower = TS_HANDLE_INVALID;
    ts_handle_t interrupt = TS_HANDLE_INVALID;
    ts_handle_t registers = TS_HANDLE_INVALID;
    CHECK_OK(ts_resource_create(top, TS_RESOURCE_INTERRUPT, device_line, 8, &line));
    CHECK_OK(ts_resource_create(line, TS_RESOURCE_INTERRUPT, device_line, 1, &narrower));
    CHECK_OK(ts_interrupt_create(narrower, device_line, device_line_options, &interrupt));
    CHECK_OK(ts_vmo_create_physical(top, device_page, PAGE, &registers));
    CHECK_OK(ts_handle_revoke(line));
    CHECK(is_gone(narrower) && is_gone(interrupt) && !is_gone(registers));
    CHECK_OK(ts_handle_revoke(top));
    CHECK(is_gone(line) && is_gone(registers));
    close_handle(top);
}

/* A sub-range's handle goes with that of its range, and with it the right to map there. */
static void d12_ranges(void) {
    uint64_t address;
    ts_handle_t outer = TS_HANDLE_INVALID;
    ts_handle_t inner = TS_HANDLE_INVALID;
    ts_handle_t innermost = TS_HANDLE_INVALID;
    const uint32_t options = TS_VMAR_CAN_MAP_READ | TS_VMAR_CAN_MAP_WRITE;
    CHECK_OK(ts_vmar_allocate(guest_self.vmar, options, 0, 8 * PAGE, &outer, &address));
    CHECK_OK(ts_vmar_allocate(outer, options, 0, 4 * PAGE, &inner, &address));
    CHECK_OK(ts_vmar_allocate(inner, options, 0, PAGE, &innermost, &address));
    CHECK_OK(ts_handle_revoke(outer));
    CHECK(is_gone(inner) && is_gone(innermost) && !is_gone(outer));
    CHECK_OK(ts_vmar_destroy(outer));
    close_handle(outer);
}

static void d1_replace_keeps_the_place(void) {
    ts_handle_t top = make_event();
    ts_handle_t child = copy_of(top);
    ts_handle_t grandchild = copy_of(child);
    child = replaced(child);
    CHECK_OK(ts_handle_revoke(child));
    CHECK(is_gone(grandchild) && !is_gone(child));
    top = replaced(top);
    CHECK_OK(ts_handle_revoke(top));
    CHECK(is_gone(child));
    close_handle(top);
}

static void d7_closed_middle(void) {
    ts_handle_t top = make_event();
    ts_handle_t middle = copy_of(top);
    ts_handle_t children[3] = {copy_of(middle), copy_of(middle), copy_of(middle)};
    close_handle(middle);
    CHECK(!is_gone(children[0]) && !is_gone(children[2]));
    close_handle(children[1]);
    ts_handle_t deeper = copy_of(children[2]);
    close_handle(children[2]);
    CHECK_OK(ts_handle_revoke(top));
    CHECK(is_gone(children[0]) && is_gone(deeper));
    close_handle(top);
}

static uint64_t nodes(void) {
    uint64_t count = 0;
    CHECK_OK(ts_system_debug(resource("debug"), TS_DEBUG_COUNTER, TS_COUNTER_CAPABILITIES, &count));
    return count;
}

/* A chain of duplicates whose former ends are closed has two nodes, however long it gets. */
static void d7_chains_do_not_grow(void) {
    ts_handle_t top = make_event();
    ts_handle_t end = copy_of(top);
    uint64_t before = nodes();
    for (unsigned i = 0; i < 2000; i++) {
        ts_handle_t next = copy_of(end);
        close_handle(end);
        end = next;
    }
    ts_time_t limit = patience();
    while (nodes() > before && ts_time_now() < limit) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
    }
    CHECK(nodes() <= before);
    CHECK_OK(ts_handle_revoke(top));
    CHECK(is_gone(end));
    close_handle(top);
}

/* --- D2, D3, D4, D6: what a revoke reaches --- */

/* Says that it is there, and waits until the revoke is over. */
static void meet(uint64_t step) {
    ts_time_t end = patience();
    shared_set(0, step);
    while (shared_get(1) < step && ts_time_now() < end) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND / 4));
    }
    CHECK(shared_get(1) >= step);
}

static void wait_for_step(uint64_t step) {
    ts_time_t end = patience();
    while (shared_get(0) < step && ts_time_now() < end) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND / 4));
    }
    CHECK(shared_get(0) >= step);
}

static void lose_handle(uint64_t argument) {
    (void)argument;
    ts_handle_t own = copy_of(guest_self.extra);
    CHECK_OK(ts_object_signal(own, 0, TS_SIGNAL_SIGNALED));
    meet(1);
    CHECK(is_gone(own) && is_gone(guest_self.extra));
}

static void d2_in_every_process(void) {
    struct guest_child child;
    ts_handle_t event = make_event();
    ts_signals_t observed;
    if (guest_child_start(&child, guest_self.job, lose_handle, 0, copy_of(event))) {
        wait_for_step(1);
        CHECK_OK(ts_object_wait_one(event, TS_SIGNAL_SIGNALED, 0, &observed));
        CHECK_OK(ts_handle_revoke(event));
        shared_set(1, 1);
        CHECK_EQUAL(0, guest_child_end(&child));
    }
    CHECK_OK(ts_object_signal(event, TS_SIGNAL_SIGNALED, 0));
    close_handle(event);
}

/* Sends one handle that is to be revoked between two that are not. */
static void send_three(void *argument) {
    struct ts_message message;
    ts_message_begin(&message, 6);
    (void)!ts_message_put_handle(&message, make_event());
    (void)!ts_message_put_handle(&message, (ts_handle_t)shared_get(2));
    (void)!ts_message_put_handle(&message, make_event());
    CHECK_OK(ts_call((ts_handle_t)argument, &message, patience()));
}

static void d3_in_a_message(void) {
    struct ts_message message;
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t event = make_event();
    ts_handle_t reply = TS_HANDLE_INVALID;
    shared_set(2, copy_of(event));
    ts_handle_t thread = guest_thread(send_three, (void *)endpoint);
    guest_wait_state(thread, TS_THREAD_CALLING);
    CHECK_OK(ts_handle_revoke(event));
    ts_message_begin(&message, 0);
    CHECK_OK(ts_reply_wait(endpoint, &message, patience(), TS_REPLY_NONE));
    CHECK_EQUAL(6, ts_tag_label(message.tag));
    CHECK_EQUAL(3, ts_tag_handles(message.tag));
    CHECK_EQUAL(TS_OBJECT_EVENT, kind_of(ts_message_handle(&message, 0)));
    CHECK_EQUAL(TS_HANDLE_INVALID, ts_message_handle(&message, 1));
    CHECK_EQUAL(TS_OBJECT_EVENT, kind_of(ts_message_handle(&message, 2)));
    close_handle(ts_message_handle(&message, 0));
    close_handle(ts_message_handle(&message, 2));
    CHECK_OK(ts_reply_save(0, &reply));
    ts_message_begin(&message, 0);
    CHECK_OK(ts_reply_send(reply, &message));
    guest_join(thread);
    close_handle(event);
    close_handle(endpoint);
}

static void lose_mapping(uint64_t argument) {
    volatile uint64_t *words = (volatile uint64_t *)map_vmo(guest_self.extra, 2 * PAGE);
    (void)argument;
    words[0] = 1;
    meet(1);
    words[0] = 2;
    CHECK(!"an access through a revoked mapping comes back");
}

static void d4_in_another_process(void) {
    struct guest_child child;
    uint64_t word = 0;
    ts_handle_t vmo = make_vmo(2 * PAGE);
    if (guest_child_start(&child, guest_self.job, lose_mapping, 0, copy_of(vmo))) {
        wait_for_step(1);
        CHECK_OK(ts_handle_revoke(vmo));
        shared_set(1, 1);
        CHECK_EQUAL(TS_EXIT_EXCEPTION, guest_child_end(&child));
    }
    CHECK_OK(ts_vmo_read(vmo, &word, 0, sizeof(word)));
    CHECK_EQUAL(1, word);
    close_handle(vmo);
}

/* Mappings by the handle itself and by handles below it go, those by handles above and beside stay; pieces of a mapping
 * are all its handle's, and the closed handle's too. */
static void d4_by_handle(void) {
    ts_handle_t top = make_vmo(3 * PAGE);
    ts_handle_t vmo = copy_of(top);
    ts_handle_t below = copy_of(vmo);
    ts_handle_t beside = copy_of(top);
    uint64_t by_top = map_vmo(top, 3 * PAGE);
    uint64_t by_vmo = map_vmo(vmo, 3 * PAGE);
    uint64_t by_below = map_vmo(below, 3 * PAGE);
    uint64_t by_beside = map_vmo(beside, 3 * PAGE);
    uint64_t word = 5;
    unmap(by_below + PAGE, PAGE);
    close_handle(below);
    *(volatile uint64_t *)(by_below + 2 * PAGE) = 9;
    CHECK_OK(ts_handle_revoke(vmo));
    CHECK_STATUS(TS_ERR_NOT_FOUND, ts_vmar_unmap(guest_self.vmar, by_vmo, 3 * PAGE));
    CHECK_STATUS(TS_ERR_NOT_FOUND, ts_vmar_unmap(guest_self.vmar, by_below, 3 * PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_write(top, (const void *)by_vmo, 0, 8));
    CHECK_EQUAL(9, *(volatile uint64_t *)(by_top + 2 * PAGE));
    CHECK_EQUAL(9, *(volatile uint64_t *)(by_beside + 2 * PAGE));
    CHECK_OK(ts_vmo_write(vmo, &word, 0, 8));
    unmap(by_top, 3 * PAGE);
    unmap(by_beside, 3 * PAGE);
    close_handle(beside);
    close_handle(vmo);
    close_handle(top);
}

static void wait_for_event(void *argument) {
    ts_signals_t observed = 0;
    shared_set(0, (uint64_t)ts_object_wait_one((ts_handle_t)argument, TS_SIGNAL_SIGNALED, patience(),
                                               &observed));
    shared_set(1, observed);
}

static void d6_waits(void) {
    ts_handle_t event = make_event();
    ts_handle_t copy = copy_of(event);
    ts_handle_t port = make_port();
    struct ts_packet packet;
    ts_handle_t thread = guest_thread(wait_for_event, (void *)copy);
    CHECK_OK(ts_object_wait_async(copy, port, 1, TS_SIGNAL_SIGNALED, 0));
    CHECK_OK(ts_object_wait_async(event, port, 2, TS_SIGNAL_SIGNALED, 0));
    guest_wait_state(thread, TS_THREAD_WAITING);
    CHECK_OK(ts_handle_revoke(event));
    guest_join(thread);
    CHECK_STATUS(TS_ERR_CANCELED, (ts_status_t)shared_get(0));
    CHECK((shared_get(1) & TS_SIGNAL_HANDLE_CLOSED) != 0);
    CHECK_OK(ts_object_signal(event, 0, TS_SIGNAL_SIGNALED));
    CHECK_OK(ts_port_wait(port, &packet, patience()));
    CHECK_EQUAL(2, packet.key);
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_port_wait(port, &packet, soon()));
    close_handle(port);
    close_handle(event);
}

static void wait_for_line(void *argument) {
    ts_time_t fired;
    shared_set(0, (uint64_t)ts_interrupt_wait((ts_handle_t)argument, patience(), &fired));
}

static void d6_interrupts(void) {
    ts_handle_t line = copy_of(resource("root"));
    ts_handle_t interrupt = TS_HANDLE_INVALID;
    ts_handle_t port = make_port();
    struct ts_packet packet;
    CHECK_OK(ts_interrupt_create(line, device_line, device_line_options, &interrupt));
    ts_handle_t thread = guest_thread(wait_for_line, (void *)interrupt);
    guest_wait_state(thread, TS_THREAD_WAITING);
    CHECK_OK(ts_handle_revoke(line));
    guest_join(thread);
    CHECK_STATUS(TS_ERR_CANCELED, (ts_status_t)shared_get(0));
    CHECK_OK(ts_interrupt_create(line, device_line, device_line_options, &interrupt));
    CHECK_OK(ts_interrupt_bind(interrupt, port, 5));
    if (device_prepare(resource("root"))) {
        CHECK_OK(device_fire(interrupt));
        CHECK_OK(ts_port_wait(port, &packet, patience()));
        CHECK_OK(ts_interrupt_ack(interrupt));
        CHECK_OK(ts_handle_revoke(line));
        (void)!device_fire(interrupt);
        CHECK_STATUS(TS_ERR_TIMED_OUT, ts_port_wait(port, &packet, soon()));
    }
    device_release();
    close_handle(line);
    close_handle(port);
}

/* --- D8, D9, D10 --- */

#define CHAIN       40u
#define CHAIN_WIDTH 40u
#define DERIVED_MAX 512u

static void revoke_in_thread(void *argument) {
    shared_set(0, 1);
    CHECK_OK(ts_handle_revoke((ts_handle_t)argument));
    shared_set(0, 2);
}

/* What is derived from a node far below while the revoke runs is refused, or goes with the rest. */
static void derive_deep_in_child(uint64_t argument) {
    static ts_handle_t derived[DERIVED_MAX];
    unsigned count = 0;
    ts_handle_t deepest = copy_of(guest_self.extra);
    (void)argument;
    for (unsigned i = 0; i < CHAIN; i++) {
        for (unsigned j = 0; j < CHAIN_WIDTH; j++) {
            (void)copy_of(deepest);
        }
        deepest = copy_of(deepest);
    }
    shared_set(0, 0);
    ts_handle_t thread = guest_thread(revoke_in_thread, (void *)guest_self.extra);
    ts_time_t end = patience();
    while (shared_get(0) != 2 && ts_time_now() < end && count < DERIVED_MAX) {
        ts_status_t status = ts_handle_duplicate(deepest, TS_RIGHT_SAME_RIGHTS, &derived[count]);
        count += status == TS_OK ? 1 : 0;
        CHECK(status == TS_OK || status == TS_ERR_BAD_STATE || status == TS_ERR_BAD_HANDLE);
        (void)!ts_thread_yield();
    }
    guest_join(thread);
    CHECK(is_gone(deepest));
    for (unsigned i = 0; i < count; i++) {
        CHECK(is_gone(derived[i]));
    }
    CHECK(!is_gone(guest_self.extra));
}

static void d8_deep(void) {
    struct guest_child child;
    if (guest_child_start(&child, guest_self.job, derive_deep_in_child, 0, make_event())) {
        CHECK_EQUAL(0, guest_child_end(&child));
    }
}

static void d9_needs_duplicate(void) {
    ts_handle_t event = make_event();
    ts_handle_t middle = copy_of(event);
    ts_handle_t below = copy_of(middle);
    CHECK_OK(ts_handle_replace(middle, rights_of(middle) & ~TS_RIGHT_DUPLICATE, &middle));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_handle_revoke(middle));
    CHECK(!is_gone(below));
    CHECK_OK(ts_handle_revoke(event));
    CHECK(is_gone(below));
    close_handle(event);
}

/* The same sequence on every machine. */
static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

#define PATHS      60u
#define PATH_STEPS 12u

static void d10_random_paths(void) {
    uint32_t random = 7;
    for (unsigned path = 0; path < PATHS; path++) {
        ts_handle_t vmo = make_vmo(PAGE);
        ts_handle_t at = copy_of(vmo);
        for (unsigned step = 0; step < PATH_STEPS; step++) {
            ts_rights_t held = rights_of(at);
            ts_rights_t wanted = next_random(&random) & next_random(&random) & TS_RIGHT_ALL;
            wanted = step % 2 == 0 ? held & ~(wanted & ~TS_RIGHT_DUPLICATE) : wanted;
            ts_handle_t next = TS_HANDLE_INVALID;
            bool replace = next_random(&random) % 2 == 0 && (wanted & ~held) == 0;
            ts_status_t status = replace ? ts_handle_replace(at, wanted, &next)
                                         : ts_handle_duplicate(at, wanted, &next);
            ts_status_t expected = !replace && (held & TS_RIGHT_DUPLICATE) == 0 ? TS_ERR_ACCESS_DENIED
                                   : (wanted & ~held) != 0                      ? TS_ERR_INVALID_ARGS
                                                                                : TS_OK;
            CHECK_STATUS(expected, status);
            if (status == TS_OK) {
                CHECK_EQUAL(wanted, rights_of(next));
                at = next;
            }
        }
        CHECK_OK(ts_handle_revoke(vmo));
        CHECK(is_gone(at));
        close_handle(vmo);
    }
}

/* Another kind has rights of its own, but whether it may be passed on is as with what it was made from. */
static void d10_other_kinds(void) {
    const ts_rights_t passing = TS_RIGHT_TRANSFER | TS_RIGHT_DUPLICATE | TS_RIGHT_INSPECT;
    uint64_t address;
    ts_handle_t weak = duplicate_with(resource("root"), TS_RIGHT_WRITE);
    ts_handle_t range = duplicate_without(guest_self.vmar, passing);
    ts_handle_t made[4] = {0};
    CHECK_OK(ts_resource_create(weak, TS_RESOURCE_LOG, 0, 0, &made[0]));
    CHECK_OK(ts_interrupt_create(weak, device_line, device_line_options, &made[1]));
    CHECK_OK(ts_vmo_create_physical(weak, device_page, PAGE, &made[2]));
    CHECK_OK(ts_vmar_allocate(range, TS_VMAR_CAN_MAP_READ, 0, PAGE, &made[3], &address));
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQUAL(0, rights_of(made[i]) & passing);
    }
    CHECK_OK(ts_vmar_destroy(made[3]));
    CHECK_OK(ts_handle_close_many(made, 4));
    close_handle(range);
    close_handle(weak);
}

/* --- D11 --- */

#define HOLDERS       2u /* a table does not hold so many */
#define HOLDER_COPIES 50000u
#define WAKES_MIN     10u

static void hold_copies(uint64_t argument) {
    (void)argument;
    for (unsigned i = 0; i < HOLDER_COPIES - 1; i++) {
        (void)copy_of(guest_self.extra);
    }
    ts_handle_t last = copy_of(guest_self.extra);
    shared_add(0, 1);
    ts_time_t end = ts_time_after(4 * GUEST_PATIENCE);
    while (shared_get(1) == 0 && ts_time_now() < end) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
    }
    CHECK(is_gone(last) && is_gone(guest_self.extra));
}

/* More urgent than who revokes and on the same CPU: it gets on only if interrupts come. */
static void count_wakes(void *argument) {
    (void)argument;
    while (shared_get(1) == 0) {
        shared_add(2, 1);
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
    }
}

static ts_handle_t start_counting(void) {
    ts_handle_t thread = TS_HANDLE_INVALID;
    CHECK_OK(ts_thread_create(guest_self.process, "counter", 7, 0, &thread));
    CHECK_OK(ts_thread_set_priority(thread, 140));
    CHECK_OK(ts_thread_set_affinity(thread, 1));
    CHECK_OK(ts_thread_start(thread, guest_thread_entry(), guest_stack_top(), (uint64_t)count_wakes, 0));
    return thread;
}

static void d11_hundred_thousand(void) {
    struct guest_child child[HOLDERS];
    ts_handle_t event = make_event();
    ts_handle_t self = resource("thread");
    ts_time_t end = ts_time_after(4 * GUEST_PATIENCE);
    unsigned holders = 0;
    for (; holders < HOLDERS; holders++) {
        if (!guest_child_start(&child[holders], guest_self.job, hold_copies, 0, copy_of(event))) {
            break;
        }
    }
    while (shared_get(0) < holders && ts_time_now() < end) {
        (void)!ts_thread_sleep(ts_time_after(5 * TS_MILLISECOND));
    }
    CHECK_EQUAL(HOLDERS, shared_get(0));
    CHECK_OK(ts_thread_set_affinity(self, 1));
    ts_handle_t counter = start_counting();
    uint64_t before = shared_get(2);
    CHECK_OK(ts_handle_revoke(event));
    CHECK(shared_get(2) - before >= WAKES_MIN);
    shared_set(1, 1);
    guest_join(counter);
    CHECK_OK(ts_thread_set_affinity(self, UINT64_MAX));
    for (unsigned i = 0; i < holders; i++) {
        CHECK_EQUAL(0, guest_child_end(&child[i]));
    }
    CHECK_OK(ts_object_signal(event, 0, 0));
    close_handle(event);
}

/* --- races --- */

#define RACERS 3u
#define ROUNDS 150u

/* What a thread may be told whose handles vanish under it. */
static bool is_race_status(ts_status_t status) {
    return status == TS_OK || status == TS_ERR_BAD_HANDLE || status == TS_ERR_BAD_STATE;
}

static void revoke_while(void (*racer)(void *), ts_handle_t top) {
    ts_handle_t thread[RACERS];
    shared_set(10, 0);
    for (unsigned i = 0; i < RACERS; i++) {
        thread[i] = guest_thread(racer, (void *)top);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        CHECK_OK(ts_handle_revoke(top));
        (void)!ts_thread_sleep(ts_time_after(i % 8 == 0 ? TS_MILLISECOND / 2 : 0));
    }
    shared_set(10, 1);
    for (unsigned i = 0; i < RACERS; i++) {
        guest_join(thread[i]);
    }
    CHECK(shared_get(11) > 0);
    CHECK_OK(ts_handle_revoke(top));
}

/* Trees of duplicates, some of whose middles are closed. */
static void race_duplicates(void *argument) {
    uint32_t random = 99;
    ts_handle_t held[8] = {0};
    while (shared_get(10) == 0) {
        unsigned at = next_random(&random) % 8;
        unsigned from = next_random(&random) % 12;
        ts_handle_t source = from < 8 && held[from] != 0 ? held[from] : (ts_handle_t)argument;
        ts_status_t closed = ts_handle_close(held[at]);
        held[at] = TS_HANDLE_INVALID;
        ts_status_t status = ts_handle_duplicate(source, TS_RIGHT_SAME_RIGHTS, &held[at]);
        CHECK(is_race_status(status) && is_race_status(closed));
        shared_add(11, status == TS_OK ? 1 : 0);
    }
    for (unsigned i = 0; i < 8; i++) {
        CHECK(is_race_status(ts_handle_close(held[i])));
    }
}

static void race_revoke_duplicate(void) {
    ts_handle_t event = make_event();
    revoke_while(race_duplicates, event);
    close_handle(event);
}

/* Reads, maps and waits through handles that go. */
static void race_uses(void *argument) {
    uint64_t word;
    uint64_t address;
    ts_signals_t observed;
    while (shared_get(10) == 0) {
        ts_handle_t vmo = TS_HANDLE_INVALID;
        if (ts_handle_duplicate((ts_handle_t)argument, TS_RIGHT_SAME_RIGHTS, &vmo) != TS_OK) {
            continue;
        }
        ts_status_t status = ts_vmo_read(vmo, &word, 0, sizeof(word));
        CHECK(is_race_status(status));
        shared_add(11, status == TS_OK ? 1 : 0);
        status = ts_vmar_map(guest_self.vmar, TS_VMAR_READ, 0, vmo, 0, PAGE, &address);
        CHECK(is_race_status(status));
        if (status == TS_OK) {
            status = ts_vmo_write((ts_handle_t)argument, (const void *)address, PAGE, 8);
            CHECK(status == TS_OK || status == TS_ERR_INVALID_ARGS);
            status = ts_vmar_unmap(guest_self.vmar, address, PAGE);
            CHECK(status == TS_OK || status == TS_ERR_NOT_FOUND);
        }
        status = ts_object_wait_one(vmo, TS_SIGNAL_USER_ALL, ts_time_after(TS_MILLISECOND / 10),
                                    &observed);
        CHECK(status == TS_ERR_TIMED_OUT || status == TS_ERR_CANCELED || status == TS_ERR_BAD_HANDLE);
        CHECK(is_race_status(ts_handle_close(vmo)));
    }
}

static void race_revoke_use(void) {
    ts_handle_t vmo = make_vmo(2 * PAGE);
    revoke_while(race_uses, vmo);
    close_handle(vmo);
}

/* Takes what is sent, and answers with what came, until label 9. */
static void bounce(void *argument) {
    struct ts_message message;
    uint64_t options = TS_REPLY_NONE;
    bool last = false;
    ts_message_begin(&message, 0);
    while (!last && ts_reply_wait((ts_handle_t)argument, &message, patience(), options) == TS_OK) {
        ts_handle_t handle = ts_message_handle(&message, 0);
        last = ts_tag_label(message.tag) == 9;
        ts_message_begin(&message, 0);
        if (handle != TS_HANDLE_INVALID) {
            (void)!ts_message_put_handle(&message, handle);
        }
        ts_handle_t reply = TS_HANDLE_INVALID;
        options = ts_reply_save(0, &reply) == TS_OK ? TS_REPLY_NONE : 0;
        (void)!ts_reply_send(reply, &message); /* the handle may be gone: then there is no answer */
    }
}

static void race_transfers(void *argument) {
    struct ts_message message;
    ts_handle_t endpoint = shared_get(12);
    while (shared_get(10) == 0) {
        ts_handle_t handle = TS_HANDLE_INVALID;
        if (ts_handle_duplicate((ts_handle_t)argument, TS_RIGHT_SAME_RIGHTS, &handle) != TS_OK) {
            continue;
        }
        ts_message_begin(&message, 1);
        (void)!ts_message_put_handle(&message, handle);
        ts_status_t status = ts_call(endpoint, &message, patience());
        CHECK(status == TS_OK || status == TS_ERR_BAD_HANDLE || status == TS_ERR_CANCELED);
        shared_add(11, status == TS_OK ? 1 : 0);
        if (status == TS_OK && ts_tag_handles(message.tag) == 1) {
            CHECK(is_race_status(ts_handle_close(ts_message_handle(&message, 0))));
        }
    }
}

static void race_revoke_transfer(void) {
    struct ts_message message;
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t event = make_event();
    ts_handle_t server[2];
    shared_set(12, endpoint);
    for (unsigned i = 0; i < 2; i++) {
        server[i] = guest_thread(bounce, (void *)endpoint);
    }
    revoke_while(race_transfers, event);
    for (unsigned i = 0; i < 2; i++) {
        ts_message_begin(&message, 9);
        CHECK_OK(ts_call(endpoint, &message, patience()));
    }
    for (unsigned i = 0; i < 2; i++) {
        guest_join(server[i]);
    }
    close_handle(event);
    close_handle(endpoint);
}

static const struct guest_test tests[] = {
    {"D1 duplicates and minted handles are children", d1_duplicate_and_mint},
    {"D1 smaller resources, interrupts and registers are children", d1_resources},
    {"D1 replace keeps the place", d1_replace_keeps_the_place},
    {"D2 a revoke reaches every process", d2_in_every_process},
    {"D3 a revoke reaches messages under way", d3_in_a_message},
    {"D4 mappings of another process are gone", d4_in_another_process},
    {"D4 mappings go by the handle that made them", d4_by_handle},
    {"D6 waits end with CANCELED", d6_waits},
    {"D6 interrupts end with their resource", d6_interrupts},
    {"D7 the children of a closed handle are its parent's", d7_closed_middle},
    {"D7 chains of duplicate and close do not grow", d7_chains_do_not_grow},
    {"D8 what is derived far below a revoke is refused, or gone with it", d8_deep},
    {"D9 revoke needs DUPLICATE", d9_needs_duplicate},
    {"D10 rights never grow on random paths", d10_random_paths},
    {"D10 what another kind may do with itself is as with its parent", d10_other_kinds},
    {"D11 a revoke of 100,000 lets interrupts in", d11_hundred_thousand},
    {"D12 a sub-range goes with the handle that it was made from", d12_ranges},
    {"D2 revoke races with duplicate", race_revoke_duplicate},
    {"D2 D4 D6 revoke races with use", race_revoke_use},
    {"D3 revoke races with transfer", race_revoke_transfer},
};

GUEST_GROUP(derivation_tests, tests);
