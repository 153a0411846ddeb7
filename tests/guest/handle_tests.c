/* SPDX-License-Identifier: MIT */
/* Handles: rules H1 to H12, and the calls of the family. */
#include "guest/ceilings.h"
#include "guest/groups.h"
#include "guest/revoking.h"
#include "guest/support.h"
#include "os/start.h"

#define SLOTS_PER_PAGE 128u
#define REUSES_RELEASE (1u << 20)
#define REUSES_DEBUG   (1u << 13)

static void normal_close(void) {
    ts_handle_t event = make_event();
    CHECK_OK(ts_handle_close(event));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_object_signal(event, 0, TS_SIGNAL_SIGNALED));
}

static void hostile_close(void) {
    ts_handle_t event = make_event();
    close_handle(event);
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(event));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(STALE_HANDLE));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(FORGED_HANDLE));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(UINT64_MAX));
}

static void h7_close_zero(void) {
    CHECK_OK(ts_handle_close(TS_HANDLE_INVALID));
}

static void normal_close_many(void) {
    ts_handle_t handles[3] = {make_event(), make_event(), make_event()};
    CHECK_OK(ts_handle_close_many(handles, 3));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_object_signal(handles[0], 0, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_object_signal(handles[2], 0, 0));
    CHECK_OK(ts_handle_close_many(handles, 0));
}

static void hostile_close_many(void) {
    uint64_t page = edge_make();
    ts_handle_t *end = (ts_handle_t *)(page + TS_PAGE_SIZE);
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_handle_close_many(end - 1, 1025));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_handle_close_many(end - 1, SIZE_MAX));
    end[-1] = make_event();
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_handle_close_many(end - 1, 2));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_handle_close_many(NULL, 1));
    ts_handle_t bad = STALE_HANDLE;
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close_many(&bad, 1));
    edge_unmake(page);
}

static void h7_close_many_goes_on(void) {
    ts_handle_t handles[4] = {make_event(), STALE_HANDLE, 0, make_event()};
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close_many(handles, 4));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(handles[0]));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(handles[3]));
}

static void normal_duplicate(void) {
    ts_handle_t event = make_event();
    ts_handle_t copy = TS_HANDLE_INVALID;
    ts_signals_t observed = 0;
    CHECK_OK(ts_handle_duplicate(event, TS_RIGHT_SAME_RIGHTS, &copy));
    CHECK(copy != event && copy != TS_HANDLE_INVALID);
    CHECK_EQUAL(koid_of(event), koid_of(copy));
    CHECK_OK(ts_object_signal(event, 0, TS_SIGNAL_SIGNALED));
    close_handle(event);
    CHECK_OK(ts_object_wait_one(copy, TS_SIGNAL_SIGNALED, 0, &observed));
    close_handle(copy);
}

static ts_status_t derive_duplicate(ts_handle_t handle) {
    ts_handle_t copy = TS_HANDLE_INVALID;
    ts_status_t status = ts_handle_duplicate(handle, TS_RIGHT_SAME_RIGHTS, &copy);
    return status == TS_OK ? ts_handle_close(copy) : status;
}

static ts_status_t duplicate_in_child(void) {
    return derive_duplicate(guest_self.extra);
}

static void hostile_duplicate(void) {
    ts_handle_t event = make_event();
    ts_handle_t weak = duplicate_without(event, TS_RIGHT_DUPLICATE);
    ts_handle_t copy = 1;
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_handle_duplicate(weak, TS_RIGHT_SAME_RIGHTS, &copy));
    CHECK_EQUAL(0, copy);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_handle_duplicate(event, TS_RIGHT_WRITE, &copy));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_handle_duplicate(event, 1u << 30, &copy));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_duplicate(0, TS_RIGHT_SAME_RIGHTS, &copy));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_duplicate(STALE_HANDLE, 0, &copy));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_duplicate(FORGED_HANDLE, 0, &copy));
    check_ceilings(duplicate_in_child, event);
    close_handle(weak);
    check_refused_while_revoked(derive_duplicate, event);
}

static void h1_needs_duplicate(void) {
    ts_handle_t event = make_event();
    ts_handle_t weak = duplicate_without(event, TS_RIGHT_DUPLICATE);
    ts_handle_t copy;
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_handle_duplicate(weak, TS_RIGHT_NONE, &copy));
    close_handle(weak);
    close_handle(event);
}

static void h2_no_superset(void) {
    ts_handle_t event = make_event();
    ts_handle_t copy;
    for (unsigned bit = 0; bit < 31; bit++) {
        if ((TS_DEFAULT_RIGHTS_EVENT >> bit & 1) == 0) {
            CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_handle_duplicate(event, 1u << bit, &copy));
        }
    }
    close_handle(event);
}

static void h3_same_rights(void) {
    ts_handle_t event = make_event();
    ts_handle_t weak = duplicate_with(event, TS_RIGHT_DUPLICATE | TS_RIGHT_WAIT | TS_RIGHT_INSPECT);
    ts_handle_t copy = duplicate_with(weak, TS_RIGHT_SAME_RIGHTS);
    CHECK_EQUAL(rights_of(weak), rights_of(copy));
    close_handle(copy);
    close_handle(weak);
    close_handle(event);
}

static void h4_no_rights(void) {
    ts_handle_t event = make_event();
    ts_handle_t none = duplicate_with(event, TS_RIGHT_NONE);
    ts_signals_t observed;
    CHECK_EQUAL(0, rights_of(none));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_object_signal(none, 0, 0));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_object_wait_one(none, 1, 0, &observed));
    close_handle(none);
    close_handle(event);
}

static void normal_replace(void) {
    ts_handle_t event = make_event();
    ts_handle_t fresh = TS_HANDLE_INVALID;
    ts_koid_t koid = koid_of(event);
    CHECK_OK(ts_handle_replace(event, TS_RIGHT_WAIT, &fresh));
    CHECK_EQUAL(TS_RIGHT_WAIT, rights_of(fresh));
    CHECK_EQUAL(koid, koid_of(fresh));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_object_signal(event, 0, 0));
    close_handle(fresh);
}

static void hostile_replace(void) {
    ts_handle_t event = make_event();
    ts_handle_t fresh = 1;
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_handle_replace(event, TS_RIGHT_WRITE, &fresh));
    CHECK_EQUAL(0, fresh);
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_replace(event, 0, &fresh));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_replace(0, 0, &fresh));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_replace(STALE_HANDLE, 0, &fresh));
}

static void h5_replace_needs_no_right(void) {
    ts_handle_t event = make_event();
    ts_handle_t none = duplicate_with(event, TS_RIGHT_NONE);
    ts_handle_t fresh = TS_HANDLE_INVALID;
    CHECK_OK(ts_handle_replace(none, TS_RIGHT_SAME_RIGHTS, &fresh));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(none));
    close_handle(fresh);
    close_handle(event);
}

static void h5_old_is_gone_after_failure(void) {
    ts_handle_t event = make_event();
    ts_handle_t fresh;
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_handle_replace(event, TS_RIGHT_ALL, &fresh));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(event));
}

static void h6_replace_no_superset(void) {
    ts_handle_t fresh;
    for (unsigned bit = 0; bit < 20; bit++) {
        if ((TS_DEFAULT_RIGHTS_EVENT >> bit & 1) == 0) {
            CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_handle_replace(make_event(), 1u << bit, &fresh));
        }
    }
}

static void normal_revoke(void) {
    ts_handle_t event = make_event();
    ts_handle_t child = duplicate_with(event, TS_RIGHT_SAME_RIGHTS);
    ts_handle_t grandchild = duplicate_with(child, TS_RIGHT_SAME_RIGHTS);
    CHECK_OK(ts_handle_revoke(event));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(child));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(grandchild));
    CHECK_OK(ts_object_signal(event, 0, TS_SIGNAL_SIGNALED));
    close_handle(event);
}

static void hostile_revoke(void) {
    ts_handle_t event = make_event();
    ts_handle_t weak = duplicate_without(event, TS_RIGHT_DUPLICATE);
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_handle_revoke(weak));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_revoke(0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_revoke(STALE_HANDLE));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_revoke(FORGED_HANDLE));
    close_handle(weak);
    check_refused_while_revoked(ts_handle_revoke, event);
}

/* In a child whose table has one free slot, so that each turn uses the same one. */
static void reuse_one_slot(uint64_t reuses) {
    struct ts_info_task_stats stats;
    size_t actual;
    size_t available;
    ts_handle_t copy = TS_HANDLE_INVALID;
    CHECK_OK(ts_object_get_info(guest_self.process, TS_INFO_TASK_STATS, &stats, sizeof(stats),
                                &actual, &available));
    for (uint64_t i = stats.handles; i + 1 < SLOTS_PER_PAGE; i++) {
        copy = duplicate_with(guest_self.job, TS_RIGHT_SAME_RIGHTS);
    }
    ts_handle_t first = duplicate_with(guest_self.job, TS_RIGHT_SAME_RIGHTS);
    close_handle(first);
    for (uint64_t i = 0; i < reuses && guest_shared()->failures == 0; i++) {
        ts_handle_t next = TS_HANDLE_INVALID;
        if (ts_handle_duplicate(guest_self.job, TS_RIGHT_SAME_RIGHTS, &next) != TS_OK ||
            (uint32_t)next != (uint32_t)first || next == first ||
            (i % 1024 == 0 && ts_handle_close(first) != TS_ERR_BAD_HANDLE) ||
            ts_handle_close(next) != TS_OK) {
            CHECK(!"the slot is reused under another value");
        }
    }
    copy = duplicate_with(guest_self.job, TS_RIGHT_SAME_RIGHTS);
    CHECK_EQUAL((uint32_t)first, (uint32_t)copy);
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(first));
}

static void h8_stale_value(void) {
    uint64_t value;
    bool debug = ts_system_debug(resource("debug"), TS_DEBUG_CALL_COUNT, 0, &value) == TS_OK;
    CHECK_EQUAL(0, guest_child_run(reuse_one_slot, debug ? REUSES_DEBUG : REUSES_RELEASE));
}

static void h8_every_bit_counts(void) {
    ts_handle_t event = make_event();
    for (unsigned bit = 0; bit < 64; bit++) {
        ts_status_t status = ts_object_signal(event ^ 1ul << bit, 0, TS_SIGNAL_USER_ALL);
        CHECK(status != TS_OK);
    }
    CHECK_OK(ts_object_signal(event, 0, 0));
    close_handle(event);
}

static void h9_type_before_rights(void) {
    ts_handle_t event = make_event();
    ts_handle_t none = duplicate_with(event, TS_RIGHT_NONE);
    uint64_t size;
    char byte = 0;
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_vmo_read(none, &byte, 0, 1));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_vmo_get_size(none, &size));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_port_queue(none, &byte));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_task_kill(none));
    close_handle(none);
    close_handle(event);
}

static void use_value(uint64_t value) {
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(value));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_object_signal(value, 0, TS_SIGNAL_SIGNALED));
}

static void h10_own_process_only(void) {
    ts_handle_t event = make_event();
    CHECK_EQUAL(0, guest_child_run(use_value, event));
    CHECK_OK(ts_object_signal(event, 0, 0));
    close_handle(event);
}

static void wait_for_signal(void *argument) {
    ts_signals_t observed = 0;
    ts_status_t status = ts_object_wait_one((ts_handle_t)argument, TS_SIGNAL_SIGNALED,
                                            ts_time_after(GUEST_PATIENCE), &observed);
    shared_set(0, (uint64_t)status);
    shared_set(1, observed);
}

static void h12_close_ends_wait(void) {
    ts_handle_t event = make_event();
    ts_handle_t copy = duplicate_with(event, TS_RIGHT_SAME_RIGHTS);
    ts_handle_t thread = guest_thread(wait_for_signal, (void *)copy);
    guest_wait_state(thread, TS_THREAD_WAITING);
    close_handle(copy);
    guest_join(thread);
    CHECK_STATUS(TS_ERR_CANCELED, (ts_status_t)shared_get(0));
    CHECK((shared_get(1) & TS_SIGNAL_HANDLE_CLOSED) != 0);
    close_handle(event);
}

static void h12_other_handles_do_not(void) {
    ts_handle_t event = make_event();
    ts_handle_t copy = duplicate_with(event, TS_RIGHT_SAME_RIGHTS);
    ts_handle_t thread = guest_thread(wait_for_signal, (void *)copy);
    guest_wait_state(thread, TS_THREAD_WAITING);
    CHECK_OK(ts_object_signal(event, 0, TS_SIGNAL_SIGNALED));
    close_handle(event);
    guest_join(thread);
    CHECK_OK((ts_status_t)shared_get(0));
    close_handle(copy);
}

/* --- the rights of new objects --- */

static void check_new(ts_handle_t handle, uint32_t kind, ts_rights_t rights) {
    CHECK_EQUAL(kind, kind_of(handle));
    CHECK_EQUAL(rights, rights_of(handle));
    close_handle(handle);
}

static void rights_event(void) {
    check_new(make_event(), TS_OBJECT_EVENT, TS_DEFAULT_RIGHTS_EVENT);
}

static void rights_port(void) {
    check_new(make_port(), TS_OBJECT_PORT, TS_DEFAULT_RIGHTS_PORT);
}

static void rights_endpoint(void) {
    check_new(make_endpoint(), TS_OBJECT_ENDPOINT, TS_DEFAULT_RIGHTS_ENDPOINT);
}

static void rights_vmo(void) {
    check_new(make_vmo(1), TS_OBJECT_VMO, TS_DEFAULT_RIGHTS_VMO);
}

static void rights_job(void) {
    check_new(make_job(), TS_OBJECT_JOB, TS_DEFAULT_RIGHTS_JOB);
}

static void rights_process(void) {
    ts_handle_t process = TS_HANDLE_INVALID;
    ts_handle_t vmar = TS_HANDLE_INVALID;
    CHECK_OK(ts_process_create(guest_self.job, "p", 1, 0, &process, &vmar));
    check_new(process, TS_OBJECT_PROCESS, TS_DEFAULT_RIGHTS_PROCESS);
    check_new(vmar, TS_OBJECT_VMAR,
              TS_DEFAULT_RIGHTS_VMAR | TS_RIGHT_READ | TS_RIGHT_WRITE | TS_RIGHT_EXECUTE);
}

static void rights_thread(void) {
    ts_handle_t thread = TS_HANDLE_INVALID;
    CHECK_OK(ts_thread_create(guest_self.process, "t", 1, 0, &thread));
    check_new(thread, TS_OBJECT_THREAD, TS_DEFAULT_RIGHTS_THREAD);
}

static void rights_vmar(void) {
    ts_handle_t range = TS_HANDLE_INVALID;
    uint64_t address;
    CHECK_OK(ts_vmar_allocate(guest_self.vmar, TS_VMAR_CAN_MAP_READ, 0, TS_PAGE_SIZE, &range,
                              &address));
    CHECK_OK(ts_vmar_destroy(range));
    check_new(range, TS_OBJECT_VMAR, TS_DEFAULT_RIGHTS_VMAR | TS_RIGHT_READ);
}

static void rights_resource(void) {
    ts_handle_t handle = TS_HANDLE_INVALID;
    CHECK_OK(ts_resource_create(resource("root"), TS_RESOURCE_LOG, 0, 0, &handle));
    check_new(handle, TS_OBJECT_RESOURCE, TS_DEFAULT_RIGHTS_RESOURCE);
}

static const struct guest_test tests[] = {
    {"normal: handle_close closes", normal_close},
    {"hostile: handle_close refuses forged, stale and closed handles", hostile_close},
    {"normal: handle_close_many closes all", normal_close_many},
    {"hostile: handle_close_many refuses bad arrays and counts", hostile_close_many},
    {"normal: handle_duplicate makes a second handle", normal_duplicate},
    {"hostile: handle_duplicate refuses missing and new rights, and at ceilings", hostile_duplicate},
    {"normal: handle_replace exchanges the handle", normal_replace},
    {"hostile: handle_replace refuses new rights and bad handles", hostile_replace},
    {"normal: handle_revoke removes descendants", normal_revoke},
    {"hostile: handle_revoke needs DUPLICATE and a handle, and runs once", hostile_revoke},
    {"H1 duplicate without DUPLICATE is denied", h1_needs_duplicate},
    {"H2 rights that are no subset are refused", h2_no_superset},
    {"H3 SAME_RIGHTS keeps all rights", h3_same_rights},
    {"H4 a handle may have no rights", h4_no_rights},
    {"H5 replace needs no right", h5_replace_needs_no_right},
    {"H5 the old handle is gone after a failed replace", h5_old_is_gone_after_failure},
    {"H6 replace with more rights is refused", h6_replace_no_superset},
    {"H7 closing 0 succeeds", h7_close_zero},
    {"H7 close_many closes the others of a bad handle", h7_close_many_goes_on},
    {"H8 the first value of a slot stays bad however often it is reused", h8_stale_value},
    {"H8 a handle with any bit changed is another", h8_every_bit_counts},
    {"H9 wrong type is told before missing rights", h9_type_before_rights},
    {"H10 a value is worth nothing in another process", h10_own_process_only},
    {"H12 closing a handle ends the wait through it", h12_close_ends_wait},
    {"H12 closing another handle does not", h12_other_handles_do_not},
    {"rights of a new event", rights_event},
    {"rights of a new port", rights_port},
    {"rights of a new endpoint", rights_endpoint},
    {"rights of a new vmo", rights_vmo},
    {"rights of a new job", rights_job},
    {"rights of a new process and its vmar", rights_process},
    {"rights of a new thread", rights_thread},
    {"rights of a new vmar", rights_vmar},
    {"rights of a new resource", rights_resource},
};

GUEST_GROUP(handle_tests, tests);
