/* SPDX-License-Identifier: MIT */
/* Threads on stacks from a pool, and copies of this program. */
#include "guest/child.h"

#include "guest/cpu.h"
#include "os/start.h"

#define STACKS     16u
#define STACK_SIZE 16384u

/* From lib/os/user.ld: where the image's parts begin. */
extern char ts_image_text[], ts_image_constants[], ts_image_data[], ts_image_end[];

/* In crt0.S. */
void ts_thread_begin(void);

struct guest_self guest_self;

/* What a child is to do: in its copy of the variables. */
static struct {
    guest_function function;
    uint64_t argument;
} launch;

static ts_handle_t text_vmo;
static ts_handle_t constants_vmo;
static ts_handle_t shared_vmo;
static uint64_t stack_pool; /* address; outside the image, so that children copy less */
static unsigned stacks_used;

static uint64_t page_round(uint64_t size) {
    return (size + TS_PAGE_SIZE - 1) & ~(uint64_t)(TS_PAGE_SIZE - 1);
}

/* Memory whose pages are there from the beginning, so that no later page fault charges anything. */
static ts_status_t make_memory(size_t size, ts_handle_t *vmo) {
    ts_status_t status = ts_vmo_create(page_round(size), 0, vmo);
    return status == TS_OK ? ts_vmo_op_range(*vmo, TS_VMO_OP_COMMIT, 0, page_round(size)) : status;
}

/* A VMO with what this process has at [start, end). */
static ts_status_t copy_image(const char *start, const char *end, ts_handle_t *vmo) {
    size_t size = (size_t)(end - start);
    ts_status_t status = make_memory(size, vmo);
    return status == TS_OK ? ts_vmo_write(*vmo, start, 0, size) : status;
}

/* A space keeps what the mapping that ended last was made of: so that no test is the first to end one. */
static void end_a_mapping(void) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    uint64_t address = 0;
    CHECK_OK(ts_vmo_create(TS_PAGE_SIZE, 0, &vmo));
    CHECK_OK(ts_vmar_map(guest_self.vmar, TS_VMAR_READ, 0, vmo, 0, TS_PAGE_SIZE, &address));
    CHECK_OK(ts_vmar_unmap(guest_self.vmar, address, TS_PAGE_SIZE));
    CHECK_OK(ts_handle_close(vmo));
}

static void make_stack_pool(void) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    CHECK_OK(make_memory(STACKS * STACK_SIZE, &vmo));
    CHECK_OK(ts_vmar_map(guest_self.vmar, TS_VMAR_READ | TS_VMAR_WRITE | TS_VMAR_MAP_RANGE, 0, vmo,
                         0, STACKS * STACK_SIZE, &stack_pool));
    CHECK_OK(ts_handle_close(vmo));
}

/* Each page of this program's variables is written once, and some of its stack, so that no test makes them. */
static void touch_own_memory(void) {
    volatile char stack[STACK_SIZE];
    for (uint64_t at = (uint64_t)ts_image_data; at < (uint64_t)ts_image_end; at += TS_PAGE_SIZE) {
        volatile char *byte = (volatile char *)at;
        *byte = *byte;
    }
    for (size_t i = 0; i < STACK_SIZE; i += TS_PAGE_SIZE) {
        stack[i] = 0;
    }
    (void)stack[0];
}

void guest_children_init(ts_handle_t shared) {
    touch_own_memory();
    guest_self.process = ts_startup_handle("process");
    guest_self.vmar = ts_startup_handle("vmar");
    guest_self.job = ts_startup_handle("job");
    shared_vmo = shared;
    CHECK_OK(copy_image(ts_image_text, ts_image_constants, &text_vmo));
    CHECK_OK(ts_vmo_replace_executable(text_vmo, ts_startup_handle("vmex"), &text_vmo));
    CHECK_OK(copy_image(ts_image_constants, ts_image_data, &constants_vmo));
    make_stack_pool();
    end_a_mapping();
}

void guest_threads_reset(void) {
    stacks_used = 0;
}

uint64_t guest_stack_top(void) {
    if (stack_pool == 0) {
        make_stack_pool();
    }
    CHECK(stacks_used < STACKS);
    return stack_pool + ++stacks_used % STACKS * STACK_SIZE + STACK_SIZE;
}

uint64_t guest_thread_entry(void) {
    return (uint64_t)ts_thread_begin;
}

ts_handle_t guest_thread(void (*function)(void *), void *argument) {
    ts_handle_t thread = TS_HANDLE_INVALID;
    if (CHECK_OK(ts_thread_create(guest_self.process, "helper", 6, 0, &thread)) &&
        CHECK_OK(ts_thread_start(thread, guest_thread_entry(), guest_stack_top(),
                                 (uint64_t)function, (uint64_t)argument))) {
        return thread;
    }
    return TS_HANDLE_INVALID;
}

void guest_join(ts_handle_t thread) {
    ts_signals_t observed;
    if (thread != TS_HANDLE_INVALID) {
        CHECK_OK(ts_object_wait_one(thread, TS_SIGNAL_TERMINATED, ts_time_after(GUEST_PATIENCE),
                                    &observed));
        CHECK_OK(ts_handle_close(thread));
    }
}

bool guest_wait_state(ts_handle_t thread, uint32_t state) {
    struct ts_info_thread info;
    size_t actual;
    size_t available;
    ts_time_t end = ts_time_after(GUEST_PATIENCE);
    do {
        if (ts_object_get_info(thread, TS_INFO_THREAD, &info, sizeof(info), &actual, &available) ==
                TS_OK &&
            info.state == state) {
            return true;
        }
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND / 4));
    } while (ts_time_now() < end);
    return CHECK(!"the thread came to the state that was waited for");
}

/* --- children --- */

static _Noreturn void child_main(uint64_t bootstrap) {
    struct ts_message message;
    if (bootstrap != TS_HANDLE_INVALID) {
        ts_message_begin(&message, 0);
        if (!CHECK_OK(ts_call(bootstrap, &message, ts_time_after(GUEST_PATIENCE)))) {
            ts_process_exit(1);
        }
        guest_self.process = ts_message_handle(&message, 0);
        guest_self.vmar = ts_message_handle(&message, 1);
        guest_self.job = ts_message_handle(&message, 2);
        guest_self.extra = ts_message_handle(&message, 3);
        CHECK_OK(ts_handle_close(bootstrap));
    }
    stack_pool = 0;
    launch.function(launch.argument);
    ts_process_exit(0);
}

static ts_status_t map_part(const struct guest_child *child, const char *start, const char *end,
                            ts_handle_t vmo, uint32_t permissions) {
    struct ts_info_vmar range;
    size_t actual;
    size_t available;
    uint64_t address;
    ts_status_t status = ts_object_get_info(child->vmar, TS_INFO_VMAR, &range, sizeof(range),
                                            &actual, &available);
    return status != TS_OK
               ? status
               : ts_vmar_map(child->vmar, permissions | TS_VMAR_SPECIFIC | TS_VMAR_MAP_RANGE,
                             (uint64_t)start - range.base, vmo, 0,
                             page_round((uint64_t)(end - start)), &address);
}

static ts_status_t fill_child(const struct guest_child *child, uint64_t *stack) {
    ts_handle_t data = TS_HANDLE_INVALID;
    ts_handle_t stack_vmo = TS_HANDLE_INVALID;
    const uint32_t writable = TS_VMAR_READ | TS_VMAR_WRITE;
    const char *shared = (const char *)SHARED_ADDRESS;
    ts_status_t status = map_part(child, ts_image_text, ts_image_constants, text_vmo,
                                  TS_VMAR_READ | TS_VMAR_EXECUTE);
    if (status == TS_OK) {
        status =
            map_part(child, ts_image_constants, ts_image_data, constants_vmo, TS_VMAR_READ);
    }
    if (status == TS_OK) {
        status = map_part(child, shared, shared + TS_PAGE_SIZE, shared_vmo, writable);
    }
    if (status == TS_OK) {
        const char *clock = ts_time_page_address();
        status = map_part(child, clock, clock + TS_PAGE_SIZE, ts_startup_handle("time"),
                          TS_VMAR_READ);
    }
    if (status == TS_OK) {
        status = copy_image(ts_image_data, ts_image_end, &data);
    }
    if (status == TS_OK) {
        status = map_part(child, ts_image_data, ts_image_end, data, writable);
    }
    if (status == TS_OK) {
        status = make_memory(STACK_SIZE, &stack_vmo);
    }
    if (status == TS_OK) {
        status = ts_vmar_map(child->vmar, writable | TS_VMAR_MAP_RANGE, 0, stack_vmo, 0, STACK_SIZE,
                             stack);
        *stack += STACK_SIZE;
    }
    (void)!ts_handle_close(data);
    (void)!ts_handle_close(stack_vmo);
    return status;
}

static ts_handle_t duplicate(ts_handle_t handle) {
    ts_handle_t copy = TS_HANDLE_INVALID;
    CHECK_OK(ts_handle_duplicate(handle, TS_RIGHT_SAME_RIGHTS, &copy));
    return copy;
}

/* Answers the child's only question. */
static bool give_handles(const struct guest_child *child, ts_handle_t endpoint, ts_handle_t job,
                         ts_handle_t extra) {
    struct ts_message message;
    ts_handle_t reply = TS_HANDLE_INVALID;
    ts_message_begin(&message, 0);
    if (!CHECK_OK(ts_reply_wait(endpoint, &message, ts_time_after(GUEST_PATIENCE),
                                TS_REPLY_NONE)) ||
        !CHECK_OK(ts_reply_save(0, &reply))) {
        return false;
    }
    ts_message_begin(&message, 0);
    (void)!ts_message_put_handle(&message, duplicate(child->process));
    (void)!ts_message_put_handle(&message, duplicate(child->vmar));
    (void)!ts_message_put_handle(&message, duplicate(job));
    if (extra != TS_HANDLE_INVALID) {
        (void)!ts_message_put_handle(&message, extra);
    }
    return CHECK_OK(ts_reply_send(reply, &message));
}

static void close_child(struct guest_child *child) {
    CHECK_OK(ts_handle_close(child->thread));
    CHECK_OK(ts_handle_close(child->vmar));
    CHECK_OK(ts_handle_close(child->process));
}

bool guest_child_start(struct guest_child *child, ts_handle_t job, guest_function function,
                       uint64_t argument, ts_handle_t extra) {
    uint64_t stack = 0;
    ts_handle_t endpoint = TS_HANDLE_INVALID;
    ts_handle_t client = TS_HANDLE_INVALID;
    *child = (struct guest_child){0};
    launch.function = function;
    launch.argument = argument;
    bool good =
        CHECK_OK(ts_process_create(job, "child", 5, 0, &child->process, &child->vmar)) &&
        CHECK_OK(fill_child(child, &stack)) &&
        CHECK_OK(ts_thread_create(child->process, "main", 4, 0, &child->thread)) &&
        CHECK_OK(ts_endpoint_create(0, &endpoint)) &&
        CHECK_OK(ts_endpoint_mint(endpoint, 1, TS_RIGHT_SAME_RIGHTS, &client)) &&
        CHECK_OK(ts_process_start(child->process, child->thread, (uint64_t)child_main,
                                  cpu_stack_of_function(stack), client, 0)) &&
        give_handles(child, endpoint, job, extra);
    CHECK_OK(ts_handle_close(endpoint));
    if (!good && child->process != TS_HANDLE_INVALID) {
        (void)!ts_task_kill(child->process);
        close_child(child);
    }
    return good;
}

int64_t guest_child_end(struct guest_child *child) {
    struct ts_info_process info = {0};
    size_t actual;
    size_t available;
    ts_signals_t observed;
    if (!CHECK_OK(ts_object_wait_one(child->process, TS_SIGNAL_TERMINATED,
                                     ts_time_after(GUEST_PATIENCE), &observed))) {
        CHECK_OK(ts_task_kill(child->process));
    }
    CHECK_OK(ts_object_get_info(child->process, TS_INFO_PROCESS, &info, sizeof(info), &actual,
                                &available));
    close_child(child);
    return info.exit_code;
}

int64_t guest_child_run(guest_function function, uint64_t argument) {
    struct guest_child child;
    return guest_child_start(&child, guest_self.job, function, argument, TS_HANDLE_INVALID)
               ? guest_child_end(&child)
               : INT64_MIN;
}
