/* SPDX-License-Identifier: MIT */
/* Ceilings go down in small steps from more than a call needs to nothing, and the call is tried at each. */
#include "guest/ceilings.h"

#include "guest/support.h"

#define ROOM_MAX   (10u * TS_PAGE_SIZE) /* more than any of the calls needs */
#define ROOM_STEP  96u                  /* less than anything that is charged */
#define SMALL_ROOM (2u * TS_PAGE_SIZE)
#define SAME_TIMES 10u

/* What the child is to try. */
#define WORD_KIND 120u

/* What was freed is given back a grace period later. Less than before is right too: then something older was. */
static bool use_comes_down(uint64_t *base) {
    ts_time_t end = ts_time_after(GUEST_PATIENCE / 4);
    uint64_t use;
    while ((use = job_use(guest_self.job, TS_CEILING_MEMORY)) > *base) {
        (void)!ts_thread_sleep(ts_time_after(0));
        if (ts_time_now() > end) {
            return CHECK_EQUAL(*base, use);
        }
    }
    *base = use;
    return true;
}

/* After one turn has made what stays: pages of the handle table, page tables. What the child's start left behind on
 * other CPUs is freed when it stays the same for a while. */
static uint64_t base_use(guest_maker make) {
    CHECK_OK(make());
    uint64_t use = job_use(guest_self.job, TS_CEILING_MEMORY);
    for (unsigned same = 0; same < SAME_TIMES; same++) {
        (void)!ts_thread_sleep(ts_time_after(2 * TS_MILLISECOND));
        uint64_t now = job_use(guest_self.job, TS_CEILING_MEMORY);
        same = now == use ? same : 0;
        use = now;
    }
    return use;
}

static void go_down(uint64_t argument) {
    guest_maker make = (guest_maker)argument;
    uint64_t base = base_use(make);
    uint64_t room = ROOM_MAX;
    ts_status_t status = TS_OK;
    while (use_comes_down(&base)) {
        CHECK_OK(ts_job_set_ceiling(guest_self.job, TS_CEILING_MEMORY, base + room));
        status = make();
        if (status != TS_OK) {
            CHECK_STATUS(TS_ERR_NO_MEMORY, status);
        }
        if (room == 0) {
            break;
        }
        uint64_t step = room > SMALL_ROOM ? TS_PAGE_SIZE / 2 : ROOM_STEP;
        room -= room < step ? room : step;
    }
    CHECK_STATUS(TS_ERR_NO_MEMORY, status);
    CHECK(use_comes_down(&base));
}

static void one_ceiling(uint64_t argument) {
    guest_maker make = (guest_maker)argument;
    uint32_t kind = (uint32_t)shared_get(WORD_KIND);
    uint64_t memory = base_use(make);
    uint64_t use = job_use(guest_self.job, kind);
    CHECK_OK(ts_job_set_ceiling(guest_self.job, kind, use));
    CHECK_STATUS(TS_ERR_NO_RESOURCES, make());
    CHECK(use_comes_down(&memory));
    CHECK_EQUAL(use, job_use(guest_self.job, kind));
}

static void run(guest_function function, guest_maker make, ts_handle_t extra) {
    struct guest_child child;
    ts_handle_t job = make_job();
    if (guest_child_start(&child, job, function, (uint64_t)make, extra)) {
        CHECK_EQUAL(0, guest_child_end(&child));
    }
    close_handle(job);
}

void check_memory_ceiling(guest_maker make, ts_handle_t extra) {
    run(go_down, make, extra);
}

void check_ceiling(guest_maker make, uint32_t kind, ts_handle_t extra) {
    shared_set(WORD_KIND, kind);
    run(one_ceiling, make, extra);
}

void check_ceilings(guest_maker make, ts_handle_t handle) {
    ts_handle_t second =
        handle != TS_HANDLE_INVALID ? duplicate_with(handle, TS_RIGHT_SAME_RIGHTS) : TS_HANDLE_INVALID;
    check_memory_ceiling(make, second);
    second = handle != TS_HANDLE_INVALID ? duplicate_with(handle, TS_RIGHT_SAME_RIGHTS) : TS_HANDLE_INVALID;
    check_ceiling(make, TS_CEILING_HANDLES, second);
}
