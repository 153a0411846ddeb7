/* SPDX-License-Identifier: MIT */
/* The calls on jobs, processes and threads; their rules are in task_rule_tests.c. */
#include "guest/cpu.h"
#include "guest/groups.h"
#include "guest/support.h"
#include "os/start.h"

#define NAME_32 "12345678901234567890123456789012" /* one byte more than a name may have */

static ts_status_t create_job(ts_handle_t parent, uint32_t options) {
    ts_handle_t job = 1;
    ts_status_t status = ts_job_create(parent, options, &job);
    CHECK((status == TS_OK) == (job != TS_HANDLE_INVALID));
    (void)!ts_handle_close(job);
    return status;
}

static ts_status_t create_process(ts_handle_t job, const char *name, size_t length,
                                  uint32_t options) {
    ts_handle_t process = 1;
    ts_handle_t vmar = 1;
    ts_status_t status = ts_process_create(job, name, length, options, &process, &vmar);
    CHECK((status == TS_OK) == (process != TS_HANDLE_INVALID));
    CHECK((status == TS_OK) == (vmar != TS_HANDLE_INVALID));
    (void)!ts_handle_close(process);
    (void)!ts_handle_close(vmar);
    return status;
}

static ts_status_t create_thread(ts_handle_t process, const char *name, size_t length,
                                 uint32_t options) {
    ts_handle_t thread = 1;
    ts_status_t status = ts_thread_create(process, name, length, options, &thread);
    CHECK((status == TS_OK) == (thread != TS_HANDLE_INVALID));
    (void)!ts_handle_close(thread);
    return status;
}

/* --- jobs --- */

static void normal_job_create(void) {
    ts_handle_t job = TS_HANDLE_INVALID;
    CHECK_OK(ts_job_create(guest_self.job, 0, &job));
    CHECK_EQUAL(TS_OBJECT_JOB, kind_of(job));
    CHECK_OK(create_job(job, 0));
    CHECK_OK(create_process(job, "p", 1, 0));
    close_handle(job);
}

/* In a child whose job has no handles left. */
static void create_job_without_handles(uint64_t unused) {
    (void)unused;
    set_ceiling_to_use(guest_self.job, TS_CEILING_HANDLES);
    CHECK_STATUS(TS_ERR_NO_RESOURCES, create_job(guest_self.job, 0));
}

static void hostile_job_create(void) {
    ts_handle_t job = make_job();
    ts_handle_t weak = duplicate_without(job, TS_RIGHT_MANAGE_JOB);
    const uint64_t wide[] = {job, 1ul << 32};
    CHECK_STATUS(TS_ERR_INVALID_ARGS, create_job(job, 1));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, create_job(job, 1u << 31));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, raw_call(TS_SYSCALL_JOB_CREATE, wide, 2));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, create_job(0, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, create_job(STALE_HANDLE, 0));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, create_job(guest_self.process, 0));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, create_job(weak, 0));
    set_ceiling_to_use(job, TS_CEILING_MEMORY);
    CHECK_STATUS(TS_ERR_NO_MEMORY, create_job(job, 0));
    close_handle(weak);
    close_handle(job);
    job = make_job();
    CHECK_OK(ts_task_kill(job));
    CHECK_STATUS(TS_ERR_BAD_STATE, create_job(job, 0));
    close_handle(job);
    CHECK_EQUAL(0, run_in_job(create_job_without_handles, 0));
    /* OUT_OF_RANGE: T10. */
}

static void normal_job_set_ceiling(void) {
    ts_handle_t job = make_job();
    for (uint32_t kind = 0; kind < TS_CEILING_COUNT; kind++) {
        CHECK_OK(ts_job_set_ceiling(job, kind, 7));
        CHECK_OK(ts_job_set_ceiling(job, kind, 7));
        CHECK_OK(ts_job_set_ceiling(job, kind, 0));
    }
    CHECK_STATUS(TS_ERR_NO_RESOURCES, create_process(job, "p", 1, 0));
    close_handle(job);
}

static void hostile_job_set_ceiling(void) {
    ts_handle_t job = make_job();
    ts_handle_t child = TS_HANDLE_INVALID;
    ts_handle_t weak = duplicate_without(job, TS_RIGHT_SET_POLICY);
    const uint64_t wide[] = {job, 1ul << 32, 0};
    CHECK_OK(ts_job_create(job, 0, &child));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_job_set_ceiling(job, TS_CEILING_COUNT, 0));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_job_set_ceiling(job, UINT32_MAX, 0));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, raw_call(TS_SYSCALL_JOB_SET_CEILING, wide, 3));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_job_set_ceiling(weak, TS_CEILING_HANDLES, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_job_set_ceiling(0, TS_CEILING_HANDLES, 0));
    CHECK_STATUS(TS_ERR_WRONG_TYPE,
                 ts_job_set_ceiling(guest_self.process, TS_CEILING_HANDLES, 0));
    CHECK_OK(ts_job_set_ceiling(job, TS_CEILING_THREADS, 5));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_job_set_ceiling(job, TS_CEILING_THREADS, 6));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED,
                 ts_job_set_ceiling(job, TS_CEILING_THREADS, TS_CEILING_UNSET));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_job_set_ceiling(child, TS_CEILING_THREADS, 6));
    CHECK_OK(ts_job_set_ceiling(child, TS_CEILING_THREADS, 5));
    close_handle(weak);
    close_handle(child);
    close_handle(job);
}

static void wait_for_ever(uint64_t unused) {
    (void)unused;
    shared_add(100, 1);
    (void)!ts_thread_sleep(TS_TIME_INFINITE);
    CHECK(!"a wait without end ended");
}

/* A child that has come to its wait. */
static bool start_waiter(struct guest_child *child, ts_handle_t job) {
    return guest_child_start(child, job, wait_for_ever, 0, TS_HANDLE_INVALID) &&
           guest_wait_state(child->thread, TS_THREAD_WAITING);
}

static void normal_task_kill(void) {
    struct guest_child child;
    ts_handle_t job = make_job();
    bool killed = true; /* one wait for what does not come is long enough */
    if (start_waiter(&child, guest_self.job)) {
        CHECK_OK(ts_task_kill(child.process));
        killed = CHECK_EQUAL(TS_EXIT_KILLED, guest_child_end(&child));
    }
    if (killed && start_waiter(&child, job)) {
        CHECK_OK(ts_task_kill(job));
        wait_terminated(job);
        CHECK_EQUAL(TS_EXIT_KILLED, guest_child_end(&child));
    }
    CHECK_OK(ts_task_kill(job));
    close_handle(job);
}

static void hostile_task_kill(void) {
    ts_handle_t vmar = TS_HANDLE_INVALID;
    ts_handle_t process = make_process(guest_self.job, &vmar);
    ts_handle_t thread = make_thread(process);
    ts_handle_t job = make_job();
    ts_handle_t weak = duplicate_without(process, TS_RIGHT_DESTROY);
    ts_handle_t weak_job = duplicate_without(job, TS_RIGHT_DESTROY);
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_task_kill(0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_task_kill(STALE_HANDLE));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_task_kill(FORGED_HANDLE));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_task_kill(thread));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_task_kill(vmar));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_task_kill(weak));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_task_kill(weak_job));
    CHECK(!is_terminated(process) && !is_terminated(job));
    CHECK_OK(ts_task_kill(process));
    CHECK_OK(ts_task_kill(process));
    const ts_handle_t handles[] = {vmar, process, thread, job, weak, weak_job};
    CHECK_OK(ts_handle_close_many(handles, sizeof(handles) / sizeof(handles[0])));
}

/* --- processes --- */

static void normal_process_create(void) {
    ts_handle_t vmar = TS_HANDLE_INVALID;
    ts_handle_t process = make_process(guest_self.job, &vmar);
    struct ts_info_name name = {{0}};
    size_t actual;
    size_t available;
    CHECK_EQUAL(TS_OBJECT_PROCESS, kind_of(process));
    CHECK_EQUAL(TS_OBJECT_VMAR, kind_of(vmar));
    CHECK_OK(ts_object_get_info(process, TS_INFO_NAME, &name, sizeof(name), &actual, &available));
    CHECK(strcmp(name.name, "victim") == 0);
    CHECK_OK(create_process(guest_self.job, "", 0, 0));
    CHECK_OK(create_process(guest_self.job, NAME_32, 31, 0));
    close_handle(vmar);
    close_handle(process);
}

/* The call needs two handles: with room for one nothing must stay. */
static void create_process_without_handles(uint64_t spare) {
    uint64_t used = job_use(guest_self.job, TS_CEILING_HANDLES);
    set_ceiling(guest_self.job, TS_CEILING_HANDLES, used + spare);
    CHECK_STATUS(TS_ERR_NO_RESOURCES, create_process(guest_self.job, "p", 1, 0));
    CHECK_EQUAL(used, job_use(guest_self.job, TS_CEILING_HANDLES));
}

static void hostile_process_create(void) {
    ts_handle_t job = make_job();
    ts_handle_t weak = duplicate_without(job, TS_RIGHT_MANAGE_PROCESS);
    uint64_t page = edge_make();
    const uint64_t wide[] = {job, page, 1, 1ul << 32};
    CHECK_STATUS(TS_ERR_INVALID_ARGS, create_process(job, "p", 1, 1));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, create_process(job, "p", 1, 1u << 31));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, raw_call(TS_SYSCALL_PROCESS_CREATE, wide, 4));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, create_process(job, "a\nb", 3, 0));
    for (unsigned i = 0; i < BAD_ADDRESSES; i++) {
        CHECK_STATUS(TS_ERR_INVALID_ARGS, create_process(job, (void *)bad_address(i), 4, 0));
    }
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 create_process(job, (char *)(page + TS_PAGE_SIZE - 3), 4, 0));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, create_process(job, NAME_32, 32, 0));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, create_process(job, NAME_32, SIZE_MAX, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, create_process(0, "p", 1, 0));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, create_process(guest_self.process, "p", 1, 0));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, create_process(weak, "p", 1, 0));
    CHECK_EQUAL(0, job_use(job, TS_CEILING_PROCESSES));
    set_ceiling_to_use(job, TS_CEILING_MEMORY);
    CHECK_STATUS(TS_ERR_NO_MEMORY, create_process(job, "p", 1, 0));
    CHECK_EQUAL(0, job_use(job, TS_CEILING_PROCESSES));
    set_ceiling(job, TS_CEILING_PROCESSES, 0);
    CHECK_STATUS(TS_ERR_NO_RESOURCES, create_process(job, "p", 1, 0));
    close_handle(weak);
    close_handle(job);
    job = make_job();
    CHECK_OK(ts_task_kill(job));
    CHECK_STATUS(TS_ERR_BAD_STATE, create_process(job, "p", 1, 0));
    close_handle(job);
    edge_unmake(page);
    CHECK_EQUAL(0, run_in_job(create_process_without_handles, 0));
    CHECK_EQUAL(0, run_in_job(create_process_without_handles, 1));
}

/* Every amount of memory that is not enough is refused, and leaves nothing behind. */
static void process_create_at_every_amount(void) {
    uint64_t amount = 0;
    ts_status_t status = TS_ERR_NO_MEMORY;
    for (; status == TS_ERR_NO_MEMORY && amount < 64 * TS_PAGE_SIZE; amount += 512) {
        ts_handle_t job = make_job();
        set_ceiling(job, TS_CEILING_MEMORY, amount);
        status = create_process(job, "p", 1, 0);
        close_handle(job);
    }
    CHECK_OK(status);
    CHECK(amount > TS_PAGE_SIZE);
}

static void note_start(uint64_t argument) {
    shared_set(0, argument);
}

static void normal_process_start(void) {
    CHECK_EQUAL(0, guest_child_run(note_start, 77));
    CHECK_EQUAL(77, shared_get(0));
}

/* process_start of a thread that will find nothing to run. */
static ts_status_t start(ts_handle_t process, ts_handle_t thread, ts_handle_t argument) {
    return ts_process_start(process, thread, TS_PAGE_SIZE, TS_PAGE_SIZE, argument, 0);
}

static void hostile_process_start(void) {
    ts_handle_t vmar;
    ts_handle_t other_vmar;
    ts_handle_t process = make_process(guest_self.job, &vmar);
    ts_handle_t other = make_process(guest_self.job, &other_vmar);
    ts_handle_t thread = make_thread(process);
    ts_handle_t foreign = make_thread(other);
    ts_handle_t event = make_event();
    ts_handle_t weak = duplicate_without(process, TS_RIGHT_WRITE);
    ts_handle_t weak_thread = duplicate_without(thread, TS_RIGHT_WRITE);
    ts_handle_t stuck = duplicate_without(event, TS_RIGHT_TRANSFER);
    CHECK_STATUS(TS_ERR_BAD_HANDLE, start(0, thread, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, start(process, STALE_HANDLE, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, start(process, thread, STALE_HANDLE));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, start(process, thread, FORGED_HANDLE));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, start(thread, thread, 0));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, start(process, process, 0));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, start(weak, thread, 0));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, start(process, weak_thread, 0));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, start(process, thread, stuck));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, start(process, foreign, 0));
    CHECK_STATUS(TS_ERR_BAD_STATE, start(guest_self.process, resource("thread"), 0));
    CHECK_OK(ts_task_kill(other));
    CHECK_STATUS(TS_ERR_BAD_STATE, start(other, foreign, 0));
    CHECK(!is_terminated(process));
    const ts_handle_t handles[] = {vmar, other_vmar, process, other, thread,
                                   foreign, event, weak, weak_thread, stuck};
    CHECK_OK(ts_handle_close_many(handles, sizeof(handles) / sizeof(handles[0])));
}

/* A start that fails half-way leaves the process as it was, but for the argument. */
static void process_start_undone(uint32_t ceiling, ts_status_t expected) {
    ts_handle_t job = make_job();
    ts_handle_t vmar = TS_HANDLE_INVALID;
    ts_handle_t process = make_process(job, &vmar);
    ts_handle_t thread = make_thread(process);
    ts_handle_t event = make_event();
    ts_handle_t moved = duplicate_with(event, TS_RIGHT_SAME_RIGHTS);
    struct ts_info_process info = {0};
    size_t actual;
    size_t available;
    set_ceiling_to_use(job, ceiling);
    CHECK_STATUS(expected, start(process, thread, moved));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(moved));
    CHECK(!is_terminated(process));
    CHECK_OK(ts_object_get_info(process, TS_INFO_PROCESS, &info, sizeof(info), &actual,
                                &available));
    CHECK_EQUAL(0, info.started);
    CHECK_EQUAL(0, job_use(job, TS_CEILING_HANDLES));
    if (ceiling == TS_CEILING_HANDLES) {
        CHECK_OK(start(process, thread, 0));
        wait_terminated(process);
    }
    const ts_handle_t handles[] = {vmar, process, thread, event, job};
    CHECK_OK(ts_handle_close_many(handles, sizeof(handles) / sizeof(handles[0])));
}

static void process_start_without_handles(void) {
    process_start_undone(TS_CEILING_HANDLES, TS_ERR_NO_RESOURCES);
}

static void process_start_without_memory(void) {
    process_start_undone(TS_CEILING_MEMORY, TS_ERR_NO_MEMORY);
}

static void exit_with(uint64_t code) {
    ts_process_exit(code);
}

static void normal_process_exit(void) {
    CHECK_EQUAL(0, guest_child_run(exit_with, 0));
    CHECK_EQUAL(42, guest_child_run(exit_with, 42));
    CHECK_EQUAL(-5, guest_child_run(exit_with, (uint64_t)-5));
    CHECK_EQUAL(INT64_MIN, guest_child_run(exit_with, 1ul << 63));
}

/* --- threads --- */

static void note_argument(void *argument) {
    shared_set(0, (uint64_t)argument);
}

static void normal_thread_create(void) {
    ts_handle_t thread = make_thread(guest_self.process);
    struct ts_info_thread info = {0};
    size_t actual;
    size_t available;
    CHECK_EQUAL(TS_OBJECT_THREAD, kind_of(thread));
    CHECK_OK(ts_object_get_info(thread, TS_INFO_THREAD, &info, sizeof(info), &actual, &available));
    CHECK_EQUAL(TS_THREAD_NEW, info.state);
    CHECK(strcmp(info.name, "victim") == 0);
    CHECK_OK(create_thread(guest_self.process, NAME_32, 31, 0));
    CHECK_OK(create_thread(guest_self.process, "", 0, 0));
    close_handle(thread);
}

static void create_thread_without_handles(uint64_t unused) {
    (void)unused;
    set_ceiling_to_use(guest_self.job, TS_CEILING_HANDLES);
    CHECK_STATUS(TS_ERR_NO_RESOURCES, create_thread(guest_self.process, "t", 1, 0));
}

static void hostile_thread_create(void) {
    ts_handle_t job = make_job();
    ts_handle_t vmar = TS_HANDLE_INVALID;
    ts_handle_t process = make_process(job, &vmar);
    ts_handle_t weak = duplicate_without(process, TS_RIGHT_MANAGE_THREAD);
    const uint64_t wide[] = {process, SHARED_ADDRESS, 0, 1ul << 32};
    CHECK_STATUS(TS_ERR_INVALID_ARGS, create_thread(process, "t", 1, 1));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, raw_call(TS_SYSCALL_THREAD_CREATE, wide, 4));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, create_thread(process, "\x7f", 1, 0));
    for (unsigned i = 0; i < BAD_ADDRESSES; i++) {
        CHECK_STATUS(TS_ERR_INVALID_ARGS, create_thread(process, (void *)bad_address(i), 4, 0));
    }
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, create_thread(process, NAME_32, 32, 0));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, create_thread(process, NAME_32, SIZE_MAX, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, create_thread(0, "t", 1, 0));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, create_thread(vmar, "t", 1, 0));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, create_thread(weak, "t", 1, 0));
    set_ceiling_to_use(job, TS_CEILING_MEMORY);
    CHECK_STATUS(TS_ERR_NO_MEMORY, create_thread(process, "t", 1, 0));
    CHECK_EQUAL(0, job_use(job, TS_CEILING_THREADS));
    set_ceiling(job, TS_CEILING_THREADS, 0);
    CHECK_STATUS(TS_ERR_NO_RESOURCES, create_thread(process, "t", 1, 0));
    const ts_handle_t handles[] = {weak, process, vmar, job};
    CHECK_OK(ts_handle_close_many(handles, 4));
    process = make_process(guest_self.job, &vmar);
    CHECK_OK(ts_task_kill(process));
    CHECK_STATUS(TS_ERR_BAD_STATE, create_thread(process, "t", 1, 0));
    close_handle(process);
    close_handle(vmar);
    CHECK_EQUAL(0, run_in_job(create_thread_without_handles, 0));
}

static void normal_thread_start(void) {
    ts_handle_t thread = make_thread(guest_self.process);
    CHECK_OK(ts_thread_start(thread, guest_thread_entry(), guest_stack_top(),
                             (uint64_t)note_argument, 0x123456789abcdef));
    guest_join(thread);
    CHECK_EQUAL(0x123456789abcdef, shared_get(0));
}

static ts_status_t start_thread(ts_handle_t thread) {
    return ts_thread_start(thread, guest_thread_entry(), TS_PAGE_SIZE, 0, 0);
}

static void hostile_thread_start(void) {
    struct guest_child child;
    ts_handle_t job = make_job();
    ts_handle_t vmar = TS_HANDLE_INVALID;
    ts_handle_t process = make_process(job, &vmar);
    ts_handle_t unborn = make_thread(process);
    ts_handle_t weak = duplicate_without(unborn, TS_RIGHT_MANAGE_THREAD);
    CHECK_STATUS(TS_ERR_BAD_HANDLE, start_thread(0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, start_thread(STALE_HANDLE));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, start_thread(process));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, start_thread(weak));
    CHECK_STATUS(TS_ERR_BAD_STATE, start_thread(unborn));
    CHECK_OK(ts_task_kill(process));
    CHECK_STATUS(TS_ERR_BAD_STATE, start_thread(unborn));
    if (start_waiter(&child, job)) {
        ts_handle_t second = make_thread(child.process);
        set_ceiling_to_use(job, TS_CEILING_MEMORY);
        CHECK_STATUS(TS_ERR_NO_MEMORY, start_thread(second));
        CHECK_STATUS(TS_ERR_NO_MEMORY, start_thread(second));
        CHECK(!is_terminated(child.process));
        CHECK_OK(ts_task_kill(child.process));
        CHECK_EQUAL(TS_EXIT_KILLED, guest_child_end(&child));
        CHECK_STATUS(TS_ERR_BAD_STATE, start_thread(second));
        close_handle(second);
    }
    const ts_handle_t handles[] = {weak, unborn, process, vmar, job};
    CHECK_OK(ts_handle_close_many(handles, 5));
}

/* An address space with one free page, which the first thread's message buffer takes. That thread
 * does not run meanwhile: it is the least urgent one of the CPU that we keep. */
static void thread_start_without_addresses(void) {
    ts_handle_t vmar = TS_HANDLE_INVALID;
    ts_handle_t process = make_process(guest_self.job, &vmar);
    ts_handle_t first = make_thread(process);
    ts_handle_t second = make_thread(process);
    ts_handle_t range = TS_HANDLE_INVALID;
    struct ts_info_vmar info = {0};
    size_t actual;
    size_t available;
    uint64_t address;
    CHECK_OK(ts_object_get_info(vmar, TS_INFO_VMAR, &info, sizeof(info), &actual, &available));
    CHECK_OK(ts_vmar_allocate(vmar, TS_VMAR_CAN_MAP_READ | TS_VMAR_SPECIFIC, 0,
                              info.length - TS_PAGE_SIZE, &range, &address));
    CHECK_OK(ts_thread_set_affinity(resource("thread"), 1));
    CHECK_OK(ts_thread_set_affinity(first, 1));
    CHECK_OK(ts_thread_set_priority(first, 0));
    CHECK_OK(start(process, first, 0));
    CHECK_STATUS(TS_ERR_NO_RESOURCES, start_thread(second));
    CHECK_OK(ts_thread_set_affinity(resource("thread"), UINT64_MAX));
    CHECK_OK(ts_thread_set_affinity(first, UINT64_MAX));
    CHECK_OK(ts_task_kill(process));
    wait_terminated(process);
    const ts_handle_t handles[] = {range, first, second, process, vmar};
    CHECK_OK(ts_handle_close_many(handles, 5));
}

static void process_start_without_addresses(void) {
    ts_handle_t vmar = TS_HANDLE_INVALID;
    ts_handle_t process = make_process(guest_self.job, &vmar);
    ts_handle_t thread = make_thread(process);
    ts_handle_t range = TS_HANDLE_INVALID;
    struct ts_info_vmar info = {0};
    size_t actual;
    size_t available;
    uint64_t address;
    CHECK_OK(ts_object_get_info(vmar, TS_INFO_VMAR, &info, sizeof(info), &actual, &available));
    CHECK_OK(ts_vmar_allocate(vmar, TS_VMAR_CAN_MAP_READ | TS_VMAR_SPECIFIC, 0, info.length,
                              &range, &address));
    CHECK_STATUS(TS_ERR_NO_RESOURCES, start(process, thread, 0));
    CHECK(!is_terminated(process));
    CHECK_OK(ts_vmar_destroy(range));
    CHECK_OK(start(process, thread, 0));
    wait_terminated(process);
    CHECK_EQUAL(TS_EXIT_EXCEPTION, exit_code_of(process));
    const ts_handle_t handles[] = {range, thread, process, vmar};
    CHECK_OK(ts_handle_close_many(handles, 4));
}

static void exit_early(void *argument) {
    (void)argument;
    shared_set(0, 1);
    ts_thread_exit();
}

static void normal_thread_exit(void) {
    guest_join(guest_thread(exit_early, NULL));
    CHECK_EQUAL(1, shared_get(0));
}

/* Lets the other run until it has yielded so often. */
static void yield_often(void *argument) {
    const unsigned index = (unsigned)(uint64_t)argument;
    for (unsigned i = 0; i < 200; i++) {
        shared_add(index, 1);
        CHECK_OK(ts_thread_yield());
    }
    shared_set(index + 2, shared_get(index ^ 1)); /* how far the other came */
}

static void normal_thread_yield(void) {
    ts_handle_t threads[2];
    for (unsigned i = 0; i < 2; i++) {
        threads[i] = make_thread(guest_self.process);
        CHECK_OK(ts_thread_set_affinity(threads[i], 1));
        CHECK_OK(ts_thread_set_priority(threads[i], 1));
    }
    CHECK_OK(ts_thread_set_affinity(resource("thread"), 1));
    for (unsigned i = 0; i < 2; i++) {
        CHECK_OK(ts_thread_start(threads[i], guest_thread_entry(), guest_stack_top(),
                                 (uint64_t)yield_often, i));
    }
    CHECK_OK(ts_thread_set_affinity(resource("thread"), UINT64_MAX));
    guest_join(threads[0]);
    guest_join(threads[1]);
    /* On one CPU each step of one lets the other make one. */
    CHECK(shared_get(2) >= 150 && shared_get(3) >= 150);
}

static struct ts_info_thread thread_info(ts_handle_t thread) {
    struct ts_info_thread info = {0};
    size_t actual;
    size_t available;
    CHECK_OK(ts_object_get_info(thread, TS_INFO_THREAD, &info, sizeof(info), &actual, &available));
    return info;
}

static void normal_thread_set_priority(void) {
    ts_handle_t thread = make_thread(guest_self.process);
    for (uint32_t priority = 0; priority <= 128; priority += 32) {
        CHECK_OK(ts_thread_set_priority(thread, priority));
        CHECK_EQUAL(priority, thread_info(thread).priority);
        CHECK_EQUAL(priority, thread_info(thread).base_priority);
    }
    close_handle(thread);
}

static void hostile_thread_set_priority(void) {
    ts_handle_t job = make_job();
    ts_handle_t vmar = TS_HANDLE_INVALID;
    ts_handle_t process = make_process(job, &vmar);
    ts_handle_t thread = make_thread(process);
    ts_handle_t weak = duplicate_without(thread, TS_RIGHT_MANAGE_THREAD);
    const uint64_t wide[] = {thread, 1ul << 32};
    set_ceiling(job, TS_CEILING_PRIORITY, 20);
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_thread_set_priority(thread, 256));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_thread_set_priority(thread, UINT32_MAX));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, raw_call(TS_SYSCALL_THREAD_SET_PRIORITY, wide, 2));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_thread_set_priority(thread, 21));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_thread_set_priority(thread, 255));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_thread_set_priority(weak, 1));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_thread_set_priority(process, 1));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_thread_set_priority(0, 1));
    CHECK_OK(ts_thread_set_priority(thread, 20));
    CHECK_EQUAL(20, thread_info(thread).priority);
    const ts_handle_t handles[] = {weak, thread, process, vmar, job};
    CHECK_OK(ts_handle_close_many(handles, 5));
}

/* Nobody gets above the job's ceiling by never saying a priority. */
static void new_thread_below_ceiling(void) {
    ts_handle_t job = make_job();
    ts_handle_t vmar = TS_HANDLE_INVALID;
    ts_handle_t process = make_process(job, &vmar);
    set_ceiling(job, TS_CEILING_PRIORITY, 3);
    ts_handle_t thread = make_thread(process);
    CHECK_EQUAL(3, thread_info(thread).priority);
    CHECK_EQUAL(3, thread_info(thread).base_priority);
    const ts_handle_t handles[] = {thread, process, vmar, job};
    CHECK_OK(ts_handle_close_many(handles, 4));
}

static void count_until_told(void *argument) {
    (void)argument;
    while (shared_get(0) == 0) {
        shared_add(1, 1);
    }
}

static bool wait_for_cpu(ts_handle_t thread, uint32_t cpu) {
    ts_time_t end = ts_time_after(GUEST_PATIENCE);
    uint64_t count = shared_get(1);
    while (thread_info(thread).cpu != cpu && ts_time_now() < end) {
        CHECK_OK(ts_thread_sleep(ts_time_after(TS_MILLISECOND / 4)));
    }
    bool moved = CHECK_EQUAL(cpu, thread_info(thread).cpu);
    while (shared_get(1) == count && ts_time_now() < end) {
        CHECK_OK(ts_thread_sleep(ts_time_after(TS_MILLISECOND / 4)));
    }
    return CHECK(shared_get(1) != count) && moved;
}

/* A thread that never enters the kernel by itself moves as well. */
static void normal_thread_set_affinity(void) {
    ts_handle_t thread = guest_thread(count_until_told, NULL);
    uint32_t cpus = (uint32_t)__builtin_popcountl(all_cpus());
    bool moved = true;
    for (uint32_t step = 0; moved && step < 3 * cpus; step++) {
        CHECK_OK(ts_thread_set_affinity(thread, 1ul << step % cpus));
        moved = wait_for_cpu(thread, step % cpus);
    }
    CHECK_OK(ts_thread_set_affinity(thread, UINT64_MAX));
    shared_set(0, 1);
    guest_join(thread);
}

static void affinity_of_oneself(void) {
    uint64_t cpus = all_cpus();
    for (uint32_t cpu = 0; (cpus >> cpu & 1) != 0 && cpu < 63; cpu++) {
        CHECK_OK(ts_thread_set_affinity(resource("thread"), 1ul << cpu));
        CHECK_EQUAL(cpu, thread_info(resource("thread")).cpu);
    }
    CHECK_OK(ts_thread_set_affinity(resource("thread"), UINT64_MAX));
}

static void hostile_thread_set_affinity(void) {
    ts_handle_t thread = make_thread(guest_self.process);
    ts_handle_t weak = duplicate_without(thread, TS_RIGHT_MANAGE_THREAD);
    uint64_t cpus = all_cpus();
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_thread_set_affinity(thread, 0));
    if (cpus != UINT64_MAX) {
        CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_thread_set_affinity(thread, ~cpus));
        CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_thread_set_affinity(thread, cpus + 1));
    }
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_thread_set_affinity(weak, 1));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_thread_set_affinity(guest_self.process, 1));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_thread_set_affinity(0, 1));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_thread_set_affinity(STALE_HANDLE, 1));
    close_handle(weak);
    close_handle(thread);
}

static void count_own_word(void *argument) {
    while (shared_get(0) == 0) {
        shared_add((unsigned)(uint64_t)argument, 1);
    }
}

/* We wake more often than a slice is long; that must not begin a new one for who was running. */
static void equals_take_turns(void) {
    ts_handle_t threads[3];
    CHECK_OK(ts_thread_set_affinity(resource("thread"), 1));
    for (unsigned i = 0; i < 3; i++) {
        threads[i] = make_thread(guest_self.process);
        CHECK_OK(ts_thread_set_affinity(threads[i], 1));
        CHECK_OK(ts_thread_set_priority(threads[i], 10));
        CHECK_OK(ts_thread_start(threads[i], guest_thread_entry(), guest_stack_top(),
                                 (uint64_t)count_own_word, 1 + i));
    }
    ts_time_t end = ts_time_after(GUEST_PATIENCE);
    while ((shared_get(1) == 0 || shared_get(2) == 0 || shared_get(3) == 0) &&
           ts_time_now() < end) {
        CHECK_OK(ts_thread_sleep(ts_time_after(TS_MILLISECOND)));
    }
    CHECK(shared_get(1) != 0 && shared_get(2) != 0 && shared_get(3) != 0);
    shared_set(0, 1);
    CHECK_OK(ts_thread_set_affinity(resource("thread"), UINT64_MAX));
    for (unsigned i = 0; i < 3; i++) {
        guest_join(threads[i]);
    }
}

static void normal_thread_sleep(void) {
    for (ts_time_t length = 0; length < 4 * TS_MILLISECOND; length += TS_MILLISECOND) {
        ts_time_t deadline = ts_time_after(length);
        CHECK_OK(ts_thread_sleep(deadline));
        CHECK(ts_time_now() >= deadline);
    }
    CHECK_OK(ts_thread_sleep(0));
    CHECK_OK(ts_thread_sleep(-1));
    CHECK_OK(ts_thread_sleep(INT64_MIN));
}

static const struct guest_test tests[] = {
    {"normal: job_create makes a job", normal_job_create},
    {"hostile: job_create refuses options, handles, dead parents and full ones",
     hostile_job_create},
    {"normal: job_set_ceiling lowers a ceiling", normal_job_set_ceiling},
    {"hostile: job_set_ceiling refuses to raise, kinds and handles", hostile_job_set_ceiling},
    {"normal: task_kill ends processes and jobs", normal_task_kill},
    {"hostile: task_kill refuses other kinds, rights and handles", hostile_task_kill},
    {"normal: process_create makes a process and its range", normal_process_create},
    {"hostile: process_create refuses names, handles, dead jobs and full ones",
     hostile_process_create},
    {"process_create: any amount of memory that is too small is refused",
     process_create_at_every_amount},
    {"normal: process_start starts the first thread", normal_process_start},
    {"hostile: process_start refuses handles, rights and states", hostile_process_start},
    {"hostile: process_start without room for the argument changes nothing",
     process_start_without_handles},
    {"hostile: process_start without memory changes nothing", process_start_without_memory},
    {"hostile: process_start without addresses changes nothing",
     process_start_without_addresses},
    {"normal: process_exit ends the process with its code", normal_process_exit},
    {"normal: thread_create makes a thread", normal_thread_create},
    {"hostile: thread_create refuses names, handles, dead processes and full jobs",
     hostile_thread_create},
    {"normal: thread_start starts a thread with its arguments", normal_thread_start},
    {"hostile: thread_start refuses handles, states and full jobs", hostile_thread_start},
    {"hostile: thread_start refuses where no address is free", thread_start_without_addresses},
    {"normal: thread_exit ends the thread", normal_thread_exit},
    {"normal: thread_yield lets others run", normal_thread_yield},
    {"normal: thread_set_priority sets the priority", normal_thread_set_priority},
    {"hostile: thread_set_priority refuses numbers, the job's ceiling and handles",
     hostile_thread_set_priority},
    {"thread_create: a new thread is within the job's priority", new_thread_below_ceiling},
    {"normal: thread_set_affinity moves a running thread", normal_thread_set_affinity},
    {"thread_set_affinity: the caller has moved when it returns", affinity_of_oneself},
    {"hostile: thread_set_affinity refuses CPUs that are not there", hostile_thread_set_affinity},
    {"thread_set_priority: equals take turns beside somebody urgent who often wakes",
     equals_take_turns},
    {"normal: thread_sleep sleeps until the deadline", normal_thread_sleep},
};

GUEST_GROUP(task_tests, tests);
