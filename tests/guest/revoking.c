/* SPDX-License-Identifier: MIT */
/*
 * The thread that revokes is of low priority and has much to do, so the other one comes in at one of its preemption
 * points, on one CPU too. Whether it comes in time is luck; so it is tried again until it did.
 */
#include "guest/revoking.h"

#include "guest/support.h"

#define DESCENDANTS  1500u
#define ROUNDS       50u
#define LOW_PRIORITY 8u
#define WORD_STATE   121u

enum { STATE_BEFORE, STATE_REVOKING, STATE_DONE };

static void revoke_all(void *argument) {
    shared_set(WORD_STATE, STATE_REVOKING);
    CHECK_OK(ts_handle_revoke((ts_handle_t)argument));
    shared_set(WORD_STATE, STATE_DONE);
}

static ts_handle_t start_revoke(void) {
    ts_handle_t thread = TS_HANDLE_INVALID;
    for (unsigned i = 0; i < DESCENDANTS; i++) {
        (void)duplicate_with(guest_self.extra, TS_RIGHT_SAME_RIGHTS);
    }
    shared_set(WORD_STATE, STATE_BEFORE);
    CHECK_OK(ts_thread_create(guest_self.process, "revoker", 7, 0, &thread));
    CHECK_OK(ts_thread_set_priority(thread, LOW_PRIORITY));
    CHECK_OK(ts_thread_start(thread, guest_thread_entry(), guest_stack_top(), (uint64_t)revoke_all,
                             guest_self.extra));
    return thread;
}

/* One revoke. True if the call was refused while it ran. */
static bool try_once(guest_derive derive) {
    bool refused = false;
    ts_handle_t thread = start_revoke();
    ts_time_t end = ts_time_after(GUEST_PATIENCE);
    while (shared_get(WORD_STATE) != STATE_DONE && ts_time_now() < end) {
        if (shared_get(WORD_STATE) == STATE_REVOKING) {
            ts_status_t status = derive(guest_self.extra);
            refused = refused || status == TS_ERR_BAD_STATE;
            CHECK(status == TS_OK || status == TS_ERR_BAD_STATE);
        }
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND / 10));
    }
    guest_join(thread);
    return refused;
}

static void derive_while_revoked(uint64_t argument) {
    guest_derive derive = (guest_derive)argument;
    bool refused = false;
    for (unsigned i = 0; i < ROUNDS && !refused && guest_shared()->failures == 0; i++) {
        guest_threads_reset();
        refused = try_once(derive);
    }
    CHECK(refused);
    CHECK_OK(derive(guest_self.extra));
}

void check_refused_while_revoked(guest_derive derive, ts_handle_t handle) {
    struct guest_child child;
    if (guest_child_start(&child, guest_self.job, derive_while_revoked, (uint64_t)derive, handle)) {
        CHECK_EQUAL(0, guest_child_end(&child));
    }
}
