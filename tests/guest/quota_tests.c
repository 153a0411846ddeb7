/* SPDX-License-Identifier: MIT */
/*
 * Ceilings: rules Q. Q6 and Q8 wait for surge budgets and CPU shares. That every call is refused at a ceiling without
 * effect is in the hostile tests of the calls (ceilings.h).
 */
#include "guest/device.h"
#include "guest/groups.h"
#include "guest/support.h"

#define PAGE TS_PAGE_SIZE

static ts_handle_t job_below(ts_handle_t parent) {
    ts_handle_t job = TS_HANDLE_INVALID;
    CHECK_OK(ts_job_create(parent, 0, &job));
    return job;
}

/* A process that is never started, in the job. */
static ts_status_t try_process(ts_handle_t job, ts_handle_t *process) {
    ts_handle_t vmar = TS_HANDLE_INVALID;
    ts_status_t status = ts_process_create(job, "idle", 4, 0, process, &vmar);
    return status == TS_OK ? ts_handle_close(vmar) : status;
}

static void end_process(ts_handle_t process) {
    CHECK_OK(ts_task_kill(process));
    close_handle(process);
}

static bool use_comes_to(ts_handle_t job, uint32_t kind, uint64_t value) {
    ts_time_t end = ts_time_after(GUEST_PATIENCE / 4);
    while (job_use(job, kind) != value && ts_time_now() < end) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND / 2));
    }
    return CHECK_EQUAL(value, job_use(job, kind));
}

/* --- Q1 to Q5 --- */

/* Threads and processes; memory and handles are tried by child processes. */
static void q1_only_that_job(void) {
    ts_handle_t job = make_job();
    ts_handle_t neighbour = make_job();
    ts_handle_t process[3] = {0};
    ts_handle_t thread[3] = {0};
    set_ceiling(job, TS_CEILING_PROCESSES, 1);
    set_ceiling(job, TS_CEILING_THREADS, 2);
    CHECK_OK(try_process(job, &process[0]));
    CHECK_STATUS(TS_ERR_NO_RESOURCES, try_process(job, &process[1]));
    CHECK_EQUAL(1, job_use(job, TS_CEILING_PROCESSES));
    CHECK_OK(ts_thread_create(process[0], "a", 1, 0, &thread[0]));
    CHECK_OK(ts_thread_create(process[0], "b", 1, 0, &thread[1]));
    uint64_t memory = job_use(job, TS_CEILING_MEMORY);
    CHECK_STATUS(TS_ERR_NO_RESOURCES, ts_thread_create(process[0], "c", 1, 0, &thread[2]));
    CHECK_EQUAL(2, job_use(job, TS_CEILING_THREADS));
    CHECK(use_comes_to(job, TS_CEILING_MEMORY, memory));
    CHECK_OK(try_process(neighbour, &process[2]));
    CHECK_OK(ts_thread_create(process[2], "d", 1, 0, &thread[2]));
    CHECK_OK(ts_handle_close_many(thread, 3));
    end_process(process[2]);
    end_process(process[0]);
    close_handle(neighbour);
    close_handle(job);
}

#define ROOM 4u

/* In a child whose job, or the one above it, has room for some handles. */
static void fill_handles(uint64_t argument) {
    ts_handle_t copy = TS_HANDLE_INVALID;
    uint64_t count = 0;
    ts_status_t status;
    (void)argument;
    shared_set(0, 1);
    while (shared_get(1) == 0) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND / 4));
    }
    while ((status = ts_handle_duplicate(guest_self.job, TS_RIGHT_SAME_RIGHTS, &copy)) == TS_OK) {
        count++;
    }
    CHECK_STATUS(TS_ERR_NO_RESOURCES, status);
    CHECK_EQUAL(ROOM, count);
    close_handle(guest_self.extra);
    CHECK_OK(ts_handle_duplicate(guest_self.job, TS_RIGHT_SAME_RIGHTS, &copy));
}

/* A child in `job` fills its table when the ceiling of `limited` leaves it some room. */
static void check_room(ts_handle_t job, ts_handle_t limited) {
    struct guest_child child;
    ts_time_t end = ts_time_after(GUEST_PATIENCE);
    shared_set(0, 0);
    shared_set(1, 0);
    if (guest_child_start(&child, job, fill_handles, 0, make_event())) {
        while (shared_get(0) == 0 && ts_time_now() < end) {
            (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND / 4));
        }
        set_ceiling(limited, TS_CEILING_HANDLES, job_use(limited, TS_CEILING_HANDLES) + ROOM);
        shared_set(1, 1);
        CHECK_EQUAL(0, guest_child_end(&child));
    }
}

static void q2_unset_is_the_parents(void) {
    ts_handle_t outer = make_job();
    ts_handle_t inner = job_below(outer);
    check_room(inner, inner);
    close_handle(inner);
    inner = job_below(outer);
    check_room(inner, outer);
    close_handle(inner);
    close_handle(outer);
}

static void q2_zero_denies(void) {
    ts_handle_t job = make_job();
    ts_handle_t inner = job_below(job);
    ts_handle_t process = TS_HANDLE_INVALID;
    set_ceiling(job, TS_CEILING_PROCESSES, 0);
    CHECK_STATUS(TS_ERR_NO_RESOURCES, try_process(job, &process));
    CHECK_STATUS(TS_ERR_NO_RESOURCES, try_process(inner, &process));
    close_handle(inner);
    close_handle(job);
    job = make_job();
    set_ceiling(job, TS_CEILING_MEMORY, 0);
    CHECK_STATUS(TS_ERR_NO_MEMORY, try_process(job, &process));
    CHECK_STATUS(TS_ERR_NO_MEMORY, ts_job_create(job, 0, &inner));
    close_handle(job);
}

static void q3_never_raised(void) {
    ts_handle_t outer = make_job();
    ts_handle_t inner = job_below(outer);
    for (uint32_t kind = 0; kind < TS_CEILING_COUNT; kind++) {
        set_ceiling(outer, kind, 100);
        CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_job_set_ceiling(outer, kind, 101));
        CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_job_set_ceiling(outer, kind, TS_CEILING_UNSET));
        CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_job_set_ceiling(inner, kind, 101));
        set_ceiling(inner, kind, 100);
        set_ceiling(inner, kind, 7);
        CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_job_set_ceiling(inner, kind, 8));
        set_ceiling(outer, kind, 5);
        CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_job_set_ceiling(inner, kind, 6));
    }
    close_handle(inner);
    close_handle(outer);
}

static void q3_below_use(void) {
    ts_handle_t job = make_job();
    ts_handle_t process[3] = {0};
    ts_handle_t thread = TS_HANDLE_INVALID;
    CHECK_OK(try_process(job, &process[0]));
    CHECK_OK(try_process(job, &process[1]));
    set_ceiling(job, TS_CEILING_PROCESSES, 1);
    CHECK_EQUAL(2, job_use(job, TS_CEILING_PROCESSES));
    CHECK_STATUS(TS_ERR_NO_RESOURCES, try_process(job, &process[2]));
    CHECK_OK(ts_thread_create(process[1], "a", 1, 0, &thread));
    close_handle(thread);
    end_process(process[0]);
    CHECK(use_comes_to(job, TS_CEILING_PROCESSES, 1));
    CHECK_STATUS(TS_ERR_NO_RESOURCES, try_process(job, &process[2]));
    end_process(process[1]);
    CHECK(use_comes_to(job, TS_CEILING_PROCESSES, 0));
    CHECK_OK(try_process(job, &process[2]));
    end_process(process[2]);
    close_handle(job);
}

static void q4_every_ancestor(void) {
    ts_handle_t jobs[4] = {make_job()};
    ts_handle_t process = TS_HANDLE_INVALID;
    ts_handle_t thread = TS_HANDLE_INVALID;
    uint64_t memory[4];
    for (unsigned i = 1; i < 4; i++) {
        jobs[i] = job_below(jobs[i - 1]);
    }
    for (unsigned i = 0; i < 4; i++) {
        memory[i] = job_use(jobs[i], TS_CEILING_MEMORY);
    }
    CHECK_OK(try_process(jobs[3], &process));
    CHECK_OK(ts_thread_create(process, "a", 1, 0, &thread));
    uint64_t charged = job_use(jobs[3], TS_CEILING_MEMORY) - memory[3];
    CHECK(charged > PAGE);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQUAL(1, job_use(jobs[i], TS_CEILING_PROCESSES));
        CHECK_EQUAL(1, job_use(jobs[i], TS_CEILING_THREADS));
        CHECK_EQUAL(charged, job_use(jobs[i], TS_CEILING_MEMORY) - memory[i]);
    }
    close_handle(thread);
    end_process(process);
    for (unsigned i = 4; i-- > 0;) {
        CHECK(use_comes_to(jobs[i], TS_CEILING_MEMORY, memory[i]));
        CHECK(use_comes_to(jobs[i], TS_CEILING_PROCESSES, 0));
        CHECK(use_comes_to(jobs[i], TS_CEILING_THREADS, 0));
    }
    CHECK_OK(ts_handle_close_many(jobs, 4));
}

/* One of everything, left behind. */
static void leave_all_kinds(uint64_t argument) {
    ts_handle_t handle = TS_HANDLE_INVALID;
    ts_handle_t port = make_port();
    struct ts_packet packet = {.key = 1};
    (void)argument;
    CHECK_OK(ts_job_create(guest_self.job, 0, &handle));
    CHECK_OK(try_process(handle, &handle));
    CHECK_OK(ts_resource_create(guest_self.extra, TS_RESOURCE_LOG, 0, 0, &handle));
    CHECK_OK(ts_interrupt_create(guest_self.extra, device_line, device_line_options, &handle));
    CHECK_OK(ts_interrupt_bind(handle, port, 1));
    CHECK_OK(ts_object_wait_async(make_event(), port, 1, TS_SIGNAL_SIGNALED, 0));
    CHECK_OK(ts_port_queue(port, &packet));
    CHECK_OK(ts_endpoint_bind_port(make_endpoint(), port));
    (void)map_vmo(make_vmo(3 * PAGE), 3 * PAGE);
    for (unsigned i = 0; i < 300; i++) {
        (void)duplicate_with(port, TS_RIGHT_SAME_RIGHTS);
    }
}

static void q5_exactly_zero(void) {
    struct guest_child child;
    ts_handle_t job = make_job();
    ts_handle_t root = duplicate_with(resource("root"), TS_RIGHT_SAME_RIGHTS);
    if (guest_child_start(&child, job, leave_all_kinds, 0, root)) {
        CHECK_EQUAL(0, guest_child_end(&child));
    }
    CHECK_OK(ts_task_kill(job));
    for (uint32_t kind = 0; kind < TS_CEILING_COUNT; kind++) {
        CHECK(use_comes_to(job, kind, 0));
    }
    close_handle(job);
}

/* --- Q7, Q10: who pays --- */

static void wait_until(unsigned word, uint64_t value) {
    ts_time_t end = ts_time_after(GUEST_PATIENCE);
    while (shared_get(word) < value && ts_time_now() < end && guest_shared()->failures == 0) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND / 4));
    }
    CHECK(shared_get(word) >= value);
}

#define PACKETS 100u

/* Queues packets on the parent's port, and stays until it is told to go. */
static void queue_packets(uint64_t argument) {
    struct ts_packet packet = {.key = 1};
    (void)argument;
    wait_until(1, 1);
    for (unsigned i = 0; i < PACKETS; i++) {
        CHECK_OK(ts_port_queue(guest_self.extra, &packet));
    }
    shared_set(0, 1);
    wait_until(1, 2);
}

/* Settled: what the child's start left behind is freed. */
static uint64_t settled_use(ts_handle_t job) {
    uint64_t use = job_use(job, TS_CEILING_MEMORY);
    for (unsigned same = 0; same < 10; same++) {
        (void)!ts_thread_sleep(ts_time_after(2 * TS_MILLISECOND));
        uint64_t now = job_use(job, TS_CEILING_MEMORY);
        same = now == use ? same : 0;
        use = now;
    }
    return use;
}

static void q7_messages_are_the_senders(void) {
    struct guest_child child;
    struct ts_packet packet;
    ts_handle_t job = make_job();
    ts_handle_t port = make_port();
    if (guest_child_start(&child, job, queue_packets, 0, duplicate_with(port, TS_RIGHT_SAME_RIGHTS))) {
        uint64_t before = settled_use(job);
        shared_set(1, 1);
        wait_until(0, 1);
        CHECK(settled_use(job) >= before + PACKETS * sizeof(packet));
        for (unsigned i = 0; i < PACKETS / 2; i++) {
            CHECK_OK(ts_port_wait(port, &packet, 0));
        }
        CHECK(settled_use(job) >= before + PACKETS / 2 * sizeof(packet));
        CHECK(settled_use(job) < before + PACKETS * sizeof(packet));
        for (unsigned i = 0; i < PACKETS / 2; i++) {
            CHECK_OK(ts_port_wait(port, &packet, 0));
        }
        CHECK(use_comes_to(job, TS_CEILING_MEMORY, before));
        shared_set(1, 2);
        CHECK_EQUAL(0, guest_child_end(&child));
    }
    close_handle(port);
    close_handle(job);
}

/* Makes a VMO, and sends it to the parent. */
static void send_vmo(uint64_t argument) {
    struct ts_message message;
    (void)argument;
    ts_message_begin(&message, 0);
    (void)!ts_message_put_handle(&message, make_vmo(16 * PAGE));
    CHECK_OK(ts_call(guest_self.extra, &message, ts_time_after(GUEST_PATIENCE)));
}

/* The child is gone, the handle is ours, and the memory is still charged to the child's job, not to another. */
static void q10_charge_does_not_move(void) {
    struct guest_child child;
    struct ts_message message;
    ts_handle_t job = make_job();
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t reply = TS_HANDLE_INVALID;
    ts_handle_t client = TS_HANDLE_INVALID;
    CHECK_OK(ts_endpoint_mint(endpoint, 1, TS_RIGHT_SAME_RIGHTS, &client));
    if (guest_child_start(&child, job, send_vmo, 0, client)) {
        ts_message_begin(&message, 0);
        CHECK_OK(ts_reply_wait(endpoint, &message, ts_time_after(GUEST_PATIENCE), TS_REPLY_NONE));
        ts_handle_t vmo = ts_message_handle(&message, 0);
        CHECK_OK(ts_reply_save(0, &reply));
        ts_message_begin(&message, 0);
        CHECK_OK(ts_reply_send(reply, &message));
        CHECK_EQUAL(0, guest_child_end(&child));
        CHECK(use_comes_to(job, TS_CEILING_PROCESSES, 0));
        CHECK(use_comes_to(job, TS_CEILING_HANDLES, 0));
        uint64_t left = settled_use(job);
        CHECK(left >= 16 * PAGE && left < 20 * PAGE);
        ts_handle_t copy = duplicate_with(vmo, TS_RIGHT_SAME_RIGHTS);
        CHECK_EQUAL(left, settled_use(job));
        close_handle(copy);
        close_handle(vmo);
        CHECK(use_comes_to(job, TS_CEILING_MEMORY, 0));
    }
    close_handle(endpoint);
    close_handle(job);
}

/* --- Q9: bombs --- */

/* Makes one more, and keeps it. */
typedef ts_status_t (*bomb_fn)(void);

static ts_handle_t bomb_port;
static ts_handle_t bomb_base;

static ts_status_t bomb_event(void) {
    ts_handle_t handle;
    return ts_event_create(0, &handle);
}

static ts_status_t bomb_ports(void) {
    ts_handle_t handle;
    return ts_port_create(0, &handle);
}

static ts_status_t bomb_endpoint(void) {
    ts_handle_t handle;
    return ts_endpoint_create(0, &handle);
}

static ts_status_t bomb_mint(void) {
    ts_handle_t handle;
    return ts_endpoint_mint(bomb_base, 9, TS_RIGHT_SAME_RIGHTS, &handle);
}

static ts_status_t bomb_duplicate(void) {
    ts_handle_t handle;
    return ts_handle_duplicate(bomb_port, TS_RIGHT_SAME_RIGHTS, &handle);
}

/* A full port is not the end: there are others. */
static ts_status_t bomb_packet(void) {
    struct ts_packet packet = {.key = 1};
    ts_status_t status = ts_port_queue(bomb_port, &packet);
    return status == TS_ERR_SHOULD_WAIT ? ts_port_create(0, &bomb_port) : status;
}

static ts_status_t bomb_wait(void) {
    return ts_object_wait_async(guest_self.process, bomb_port, 1, TS_SIGNAL_TERMINATED, 0);
}

static ts_status_t bomb_vmo(void) {
    ts_handle_t handle;
    return ts_vmo_create(64 * PAGE, 0, &handle);
}

static ts_status_t bomb_mapping(void) {
    static ts_handle_t vmo;
    uint64_t address;
    vmo = vmo != TS_HANDLE_INVALID ? vmo : make_vmo(PAGE);
    return ts_vmar_map(guest_self.vmar, TS_VMAR_READ, 0, vmo, 0, PAGE, &address);
}

static ts_status_t bomb_range(void) {
    ts_handle_t handle;
    uint64_t address;
    return ts_vmar_allocate(guest_self.vmar, TS_VMAR_CAN_MAP_READ, 0, PAGE, &handle, &address);
}

static ts_status_t bomb_job(void) {
    ts_handle_t handle;
    return ts_job_create(guest_self.job, 0, &handle);
}

static ts_status_t bomb_process(void) {
    ts_handle_t handle;
    ts_handle_t vmar;
    return ts_process_create(guest_self.job, "bomb", 4, 0, &handle, &vmar);
}

static ts_status_t bomb_thread(void) {
    ts_handle_t handle;
    return ts_thread_create(guest_self.process, "bomb", 4, 0, &handle);
}

static ts_status_t bomb_resource(void) {
    ts_handle_t handle;
    return ts_resource_create(guest_self.extra, TS_RESOURCE_LOG, 0, 0, &handle);
}

static ts_status_t bomb_registers(void) {
    ts_handle_t handle;
    return ts_vmo_create_physical(guest_self.extra, device_page, PAGE, &handle);
}

static ts_status_t bomb_interrupt(void) {
    static uint32_t taken;
    ts_handle_t handle;
    ts_status_t status =
        ts_interrupt_create(guest_self.extra, device_line + taken, device_line_options, &handle);
    taken += status == TS_OK ? 1 : 0;
    return status;
}

static const bomb_fn bombs[] = {
    bomb_event,   bomb_ports,   bomb_endpoint, bomb_mint,    bomb_duplicate, bomb_packet,
    bomb_wait,    bomb_vmo,     bomb_mapping,  bomb_range,   bomb_job,       bomb_process,
    bomb_thread,  bomb_resource, bomb_registers, bomb_interrupt,
};

#define BOMBS (sizeof(bombs) / sizeof(bombs[0]))

#define BOMB_MAX    20000u /* more than fits below the ceilings */
#define BOMB_SORRY  20u

/* Goes on until it was refused some times. What a refused try had charged is given back a moment later, so one that
 * follows may still succeed. */
static void explode(uint64_t index) {
    uint64_t count = 0;
    unsigned refused = 0;
    bomb_port = make_port();
    bomb_base = make_endpoint();
    while (refused < BOMB_SORRY && count < BOMB_MAX) {
        ts_status_t status = bombs[index]();
        count += status == TS_OK ? 1 : 0;
        refused += status == TS_OK ? 0 : 1;
        CHECK(status == TS_OK || status == TS_ERR_NO_MEMORY || status == TS_ERR_NO_RESOURCES);
    }
    CHECK(count > 0 && count < BOMB_MAX);
    shared_add(5, 1);
}

static ts_handle_t limited_job(void) {
    ts_handle_t job = make_job();
    set_ceiling(job, TS_CEILING_MEMORY, 192 * PAGE);
    set_ceiling(job, TS_CEILING_HANDLES, 1000);
    set_ceiling(job, TS_CEILING_THREADS, 6);
    set_ceiling(job, TS_CEILING_PROCESSES, 4);
    set_ceiling(job, TS_CEILING_INTERRUPTS, 2);
    return job;
}

/* A neighbour that makes and gives back one of each, over and over, until it is told to stop. */
static void live_next_door(uint64_t argument) {
    ts_handle_t handle = TS_HANDLE_INVALID;
    uint64_t address;
    (void)argument;
    while (shared_get(6) == 0 && guest_shared()->failures == 0) {
        close_handle(make_event());
        close_handle(make_port());
        close_handle(make_endpoint());
        ts_handle_t vmo = make_vmo(2 * PAGE);
        unmap(map_vmo(vmo, 2 * PAGE), 2 * PAGE);
        close_handle(vmo);
        CHECK_OK(ts_job_create(guest_self.job, 0, &handle));
        close_handle(handle);
        CHECK_OK(ts_thread_create(guest_self.process, "n", 1, 0, &handle));
        close_handle(handle);
        CHECK_OK(ts_vmar_allocate(guest_self.vmar, TS_VMAR_CAN_MAP_READ, 0, PAGE, &handle, &address));
        CHECK_OK(ts_vmar_destroy(handle));
        close_handle(handle);
        shared_add(7, 1);
    }
}

static void q9_bombs(void) {
    struct guest_child neighbour;
    ts_handle_t home = make_job();
    if (!guest_child_start(&neighbour, home, live_next_door, 0, TS_HANDLE_INVALID)) {
        close_handle(home);
        return;
    }
    for (unsigned i = 0; i < BOMBS; i++) {
        struct guest_child child;
        ts_handle_t job = limited_job();
        uint64_t turns = shared_get(7);
        if (guest_child_start(&child, job, explode, i,
                              duplicate_with(resource("root"), TS_RIGHT_SAME_RIGHTS))) {
            wait_until(5, i + 1);
            wait_until(7, turns + 1);
            CHECK_EQUAL(0, guest_child_end(&child));
        }
        CHECK_OK(ts_task_kill(job));
        close_handle(job);
    }
    CHECK_EQUAL(BOMBS, shared_get(5));
    shared_set(6, 1);
    CHECK_EQUAL(0, guest_child_end(&neighbour));
    close_handle(home);
}

static const struct guest_test tests[] = {
    {"Q1 a job at its ceiling is refused, and it alone", q1_only_that_job},
    {"Q2 an unset ceiling is the parent's", q2_unset_is_the_parents},
    {"Q2 a ceiling of zero denies", q2_zero_denies},
    {"Q3 a ceiling is never raised", q3_never_raised},
    {"Q3 a ceiling below the use denies new charges only", q3_below_use},
    {"Q4 a charge counts in every job above", q4_every_ancestor},
    {"Q5 nothing stays charged when all is gone", q5_exactly_zero},
    {"Q7 queued packets are charged to their sender's job", q7_messages_are_the_senders},
    {"Q9 bombs of every kind end at their ceiling", q9_bombs},
    {"Q7 Q10 an object stays charged to the job that made it", q10_charge_does_not_move},
};

GUEST_GROUP(quota_tests, tests);
