/* SPDX-License-Identifier: MIT */
/* Short forms of what many tests do. */
#include "guest/support.h"

#include "guest/cpu.h"
#include "os/start.h"

ts_handle_t make_event(void) {
    ts_handle_t handle = TS_HANDLE_INVALID;
    CHECK_OK(ts_event_create(0, &handle));
    return handle;
}

ts_handle_t make_port(void) {
    ts_handle_t handle = TS_HANDLE_INVALID;
    CHECK_OK(ts_port_create(0, &handle));
    return handle;
}

ts_handle_t make_endpoint(void) {
    ts_handle_t handle = TS_HANDLE_INVALID;
    CHECK_OK(ts_endpoint_create(0, &handle));
    return handle;
}

ts_handle_t make_vmo(uint64_t size) {
    ts_handle_t handle = TS_HANDLE_INVALID;
    CHECK_OK(ts_vmo_create(size, 0, &handle));
    return handle;
}

ts_handle_t make_job(void) {
    ts_handle_t handle = TS_HANDLE_INVALID;
    CHECK_OK(ts_job_create(guest_self.job, 0, &handle));
    return handle;
}

ts_handle_t duplicate_with(ts_handle_t handle, ts_rights_t rights) {
    ts_handle_t copy = TS_HANDLE_INVALID;
    CHECK_OK(ts_handle_duplicate(handle, rights, &copy));
    return copy;
}

ts_handle_t duplicate_without(ts_handle_t handle, ts_rights_t rights) {
    return duplicate_with(handle, rights_of(handle) & ~rights);
}

static struct ts_info_handle_basic basic_info(ts_handle_t handle) {
    struct ts_info_handle_basic info = {0};
    size_t actual;
    size_t available;
    CHECK_OK(ts_object_get_info(handle, TS_INFO_HANDLE_BASIC, &info, sizeof(info), &actual,
                                &available));
    return info;
}

ts_rights_t rights_of(ts_handle_t handle) {
    return basic_info(handle).rights;
}

ts_koid_t koid_of(ts_handle_t handle) {
    return basic_info(handle).koid;
}

uint32_t kind_of(ts_handle_t handle) {
    return basic_info(handle).kind;
}

void close_handle(ts_handle_t handle) {
    CHECK_OK(ts_handle_close(handle));
}

ts_handle_t resource(const char *name) {
    return ts_startup_handle(name);
}

uint64_t job_use(ts_handle_t job, uint32_t kind) {
    struct ts_info_ceiling ceilings[TS_CEILING_COUNT] = {{0, 0}};
    size_t actual;
    size_t available;
    CHECK_OK(ts_object_get_info(job, TS_INFO_JOB_CEILINGS, ceilings, sizeof(ceilings), &actual,
                                &available));
    return ceilings[kind].used;
}

uint64_t map_vmo(ts_handle_t vmo, uint64_t size) {
    uint64_t address = 0;
    CHECK_OK(ts_vmar_map(guest_self.vmar, TS_VMAR_READ | TS_VMAR_WRITE, 0, vmo, 0, size, &address));
    return address;
}

void unmap(uint64_t address, uint64_t size) {
    CHECK_OK(ts_vmar_unmap(guest_self.vmar, address, size));
}

ts_time_t soon(void) {
    return ts_time_after(2 * TS_MILLISECOND);
}

/* Two pages of one mapping, the second taken away again. */
uint64_t edge_make(void) {
    ts_handle_t vmo = make_vmo(2 * TS_PAGE_SIZE);
    uint64_t page = map_vmo(vmo, 2 * TS_PAGE_SIZE);
    close_handle(vmo);
    unmap(page + TS_PAGE_SIZE, TS_PAGE_SIZE);
    return page;
}

void edge_unmake(uint64_t page) {
    unmap(page, TS_PAGE_SIZE);
}

uint64_t bad_address(unsigned index) {
    const uint64_t addresses[BAD_ADDRESSES] = {
        0, 0x8000, cpu_kernel_address, cpu_hole_address, UINT64_MAX - 7, 0x0000003ffffff000ul};
    return addresses[index];
}

ts_handle_t make_process(ts_handle_t job, ts_handle_t *vmar) {
    ts_handle_t process = TS_HANDLE_INVALID;
    CHECK_OK(ts_process_create(job, "victim", 6, 0, &process, vmar));
    return process;
}

ts_handle_t make_thread(ts_handle_t process) {
    ts_handle_t thread = TS_HANDLE_INVALID;
    CHECK_OK(ts_thread_create(process, "victim", 6, 0, &thread));
    return thread;
}

void set_ceiling(ts_handle_t job, uint32_t kind, uint64_t value) {
    CHECK_OK(ts_job_set_ceiling(job, kind, value));
}

void set_ceiling_to_use(ts_handle_t job, uint32_t kind) {
    set_ceiling(job, kind, job_use(job, kind));
}

int64_t run_in_job(guest_function function, uint64_t argument) {
    struct guest_child child;
    ts_handle_t job = make_job();
    int64_t code = guest_child_start(&child, job, function, argument, TS_HANDLE_INVALID)
                       ? guest_child_end(&child)
                       : INT64_MIN;
    close_handle(job);
    return code;
}

void wait_terminated(ts_handle_t task) {
    ts_signals_t observed;
    CHECK_OK(ts_object_wait_one(task, TS_SIGNAL_TERMINATED, ts_time_after(GUEST_PATIENCE),
                                &observed));
}

bool is_terminated(ts_handle_t task) {
    ts_signals_t observed = 0;
    return ts_object_wait_one(task, TS_SIGNAL_TERMINATED, 0, &observed) == TS_OK;
}

int64_t exit_code_of(ts_handle_t process) {
    struct ts_info_process info = {0};
    size_t actual;
    size_t available;
    CHECK_OK(ts_object_get_info(process, TS_INFO_PROCESS, &info, sizeof(info), &actual,
                                &available));
    return info.exit_code;
}

uint64_t all_cpus(void) {
    size_t actual;
    size_t available = 1;
    CHECK_OK(ts_object_get_info(resource("debug"), TS_INFO_SYSTEM_CPUS, NULL, 0, &actual,
                                &available));
    return available >= 64 ? UINT64_MAX : (1ul << available) - 1;
}

ts_status_t raw_call(uint64_t number, const uint64_t *arguments, unsigned count) {
    uint64_t registers[TS_CALL_ARGUMENTS] = {0};
    memcpy(registers, arguments, count * sizeof(*arguments));
    return (ts_status_t)cpu_system_call(number, registers);
}
