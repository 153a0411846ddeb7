/* SPDX-License-Identifier: MIT */
/*
 * Every argument of every call in turn is replaced by bad handles, addresses and numbers, while all
 * others are valid. What is valid comes from the table of calls and from `settings`; a new call is
 * tried without a line here. A child in a job with little memory makes the calls; it has to get
 * through all of them, each answer must be one that the table lists, and afterwards it must work.
 */
#include "abi/message.h"
#include "gen/call_grammar.h"
#include "guest/cpu.h"
#include "guest/groups.h"
#include "guest/support.h"
#include "os/print.h"
#include "os/start.h"

#define MEMORY_ROOM (4ul << 20)
#define RANGE_SIZE  (1ul << 20)
#define TRIALS_MAX  16u
#define CALLS       (sizeof(ts_call_grammar) / sizeof(ts_call_grammar[0]))
#define LINES_FIRST 5u
#define LINES_END   96u

/* From lib/os/user.ld: what a program cannot write, and no call for it. */
extern char ts_image_text[], ts_image_constants[];

/* What to replace, and what the answer must be beside being listed. */
enum mode { MODE_HANDLES, MODE_ADDRESSES, MODE_NUMBERS, MODE_VALID };
#define ANY     1 /* whatever the table lists, OK included */
#define REFUSAL 2 /* anything but OK */

struct trial {
    uint64_t value;
    ts_status_t expected; /* or ANY, or REFUSAL */
};

/* Fresh for each call, because calls consume them. */
struct objects {
    ts_handle_t of_kind[TS_OBJECT_KIND_COUNT];
    ts_handle_t vmar;     /* root range of the process */
    ts_handle_t endpoint; /* where the reply comes from */
    ts_handle_t caller;   /* thread that waits for it */
};

static ts_handle_t closed_event;
static uint64_t buffer; /* a page, with nothing behind it */

/* Valid values that the type alone does not give. */
static const struct {
    uint16_t call;
    uint8_t argument;
    uint64_t value;
} settings[] = {
    {TS_SYSCALL_OBJECT_GET_INFO, 3, sizeof(struct ts_info_handle_basic)},
    {TS_SYSCALL_OBJECT_WAIT_ASYNC, 3, TS_SIGNAL_SIGNALED},
    {TS_SYSCALL_ENDPOINT_MINT, 1, 1},
    {TS_SYSCALL_REPLY_WAIT, 9, TS_REPLY_NONE},
    {TS_SYSCALL_THREAD_SET_AFFINITY, 1, 1},
    {TS_SYSCALL_PROCESS_START, 2, TS_PAGE_SIZE},
    {TS_SYSCALL_VMAR_ALLOCATE, 1, TS_VMAR_CAN_MAP_READ},
    {TS_SYSCALL_VMAR_ALLOCATE, 3, TS_PAGE_SIZE},
    {TS_SYSCALL_VMAR_MAP, 1, TS_VMAR_READ},
    {TS_SYSCALL_VMAR_MAP, 5, TS_PAGE_SIZE},
    {TS_SYSCALL_VMAR_UNMAP, 2, TS_PAGE_SIZE},
    {TS_SYSCALL_VMAR_PROTECT, 1, TS_VMAR_READ},
    {TS_SYSCALL_VMAR_PROTECT, 3, TS_PAGE_SIZE},
    {TS_SYSCALL_VMO_CREATE, 0, TS_PAGE_SIZE},
    {TS_SYSCALL_VMO_READ, 3, 8},
    {TS_SYSCALL_VMO_WRITE, 3, 8},
    {TS_SYSCALL_VMO_CREATE_PHYSICAL, 2, TS_PAGE_SIZE},
    {TS_SYSCALL_PAGER_QUERY_DIRTY_RANGES, 3, TS_PAGE_SIZE},
    {TS_SYSCALL_PAGER_QUERY_DIRTY_RANGES, 5, sizeof(struct ts_vmo_dirty_range)},
    {TS_SYSCALL_RESOURCE_CREATE, 1, TS_RESOURCE_LOG},
    {TS_SYSCALL_SYSTEM_POWER, 1, 99}, /* nothing that ends the machine */
    {TS_SYSCALL_SYSTEM_DEBUG, 1, TS_DEBUG_COUNTER},
    {TS_SYSCALL_SYSTEM_DEBUG, 2, TS_COUNTER_OBJECTS},
};

/* --- objects --- */

static void call_and_wait(void *argument) {
    struct ts_message message;
    ts_message_begin(&message, 0);
    ts_status_t status = ts_call((ts_handle_t)argument, &message, TS_TIME_INFINITE);
    CHECK(status == TS_OK || status == TS_ERR_CANCELED || status == TS_ERR_PEER_CLOSED);
    CHECK_OK(ts_handle_close((ts_handle_t)argument));
}

static ts_handle_t make_reply(struct objects *objects) {
    struct ts_message message;
    ts_handle_t client = TS_HANDLE_INVALID;
    ts_handle_t reply = TS_HANDLE_INVALID;
    objects->endpoint = make_endpoint();
    CHECK_OK(ts_endpoint_mint(objects->endpoint, 1, TS_RIGHT_SAME_RIGHTS, &client));
    guest_threads_reset();
    objects->caller = guest_thread(call_and_wait, (void *)client);
    ts_message_begin(&message, 0);
    CHECK_OK(ts_reply_wait(objects->endpoint, &message, ts_time_after(GUEST_PATIENCE),
                           TS_REPLY_NONE));
    CHECK_OK(ts_reply_save(0, &reply));
    return reply;
}

static ts_handle_t make_range(void) {
    ts_handle_t range = TS_HANDLE_INVALID;
    uint64_t address;
    CHECK_OK(ts_vmar_allocate(guest_self.vmar,
                              TS_VMAR_CAN_MAP_READ | TS_VMAR_CAN_MAP_WRITE |
                                  TS_VMAR_CAN_MAP_SPECIFIC,
                              0, RANGE_SIZE, &range, &address));
    return range;
}

/* Some line that nobody has taken. */
static ts_handle_t make_interrupt(void) {
    ts_handle_t interrupt = TS_HANDLE_INVALID;
    for (uint32_t line = LINES_FIRST; line < LINES_END; line++) {
        if (ts_interrupt_create(guest_self.extra, line, 0, &interrupt) == TS_OK) {
            return interrupt;
        }
    }
    CHECK(!"there is a free interrupt line");
    return TS_HANDLE_INVALID;
}

/* Of the pager, if there is one: with a dirty page, and nothing that could be waited for. */
static ts_handle_t make_vmo_of(ts_handle_t pager) {
    if (pager == TS_HANDLE_INVALID) {
        return make_vmo(TS_PAGE_SIZE);
    }
    ts_handle_t port = make_port();
    ts_handle_t vmo = TS_HANDLE_INVALID;
    CHECK_OK(ts_pager_create_vmo(pager, TS_VMO_RESIZABLE, port, 0, 0, &vmo));
    CHECK_OK(ts_vmo_set_size(vmo, TS_PAGE_SIZE));
    CHECK_OK(ts_vmo_write(vmo, &port, 0, sizeof(port)));
    CHECK_OK(ts_handle_close(port));
    return vmo;
}

static ts_handle_t make_pager(void) {
    ts_handle_t pager = TS_HANDLE_INVALID;
    CHECK_OK(ts_pager_create(0, &pager));
    return pager;
}

static ts_handle_t make_object(struct objects *objects, unsigned kind) {
    switch (kind) {
    case TS_OBJECT_JOB: return make_job();
    case TS_OBJECT_PROCESS: return make_process(guest_self.job, &objects->vmar);
    case TS_OBJECT_THREAD: return make_thread(objects->of_kind[TS_OBJECT_PROCESS]);
    case TS_OBJECT_VMAR: return make_range();
    case TS_OBJECT_VMO: return make_vmo_of(objects->of_kind[TS_OBJECT_PAGER]);
    case TS_OBJECT_ENDPOINT: return make_endpoint();
    case TS_OBJECT_REPLY: return make_reply(objects);
    case TS_OBJECT_PORT: return make_port();
    case TS_OBJECT_PAGER: return make_pager();
    case TS_OBJECT_INTERRUPT: return make_interrupt();
    case TS_OBJECT_RESOURCE: return duplicate_with(guest_self.extra, TS_RIGHT_SAME_RIGHTS);
    default: return make_event();
    }
}

/* What the call needs; a thread needs a process, and handles of no kind get an event. */
static void make_objects(struct objects *objects, const struct ts_call_grammar *call) {
    memset(objects, 0, sizeof(*objects));
    objects->of_kind[TS_OBJECT_EVENT] = make_event();
    for (unsigned i = 0; i < call->argument_count; i++) {
        unsigned kind = call->argument[i].kind;
        if (kind == TS_OBJECT_THREAD && objects->of_kind[TS_OBJECT_PROCESS] == 0) {
            objects->of_kind[TS_OBJECT_PROCESS] = make_object(objects, TS_OBJECT_PROCESS);
        }
        if (kind != 0 && objects->of_kind[kind] == TS_HANDLE_INVALID) {
            objects->of_kind[kind] = make_object(objects, kind);
        }
    }
}

/* Some of them may be gone, or have lost their rights. */
static void end_objects(struct objects *objects) {
    (void)!ts_task_kill(objects->of_kind[TS_OBJECT_PROCESS]);
    (void)!ts_vmar_destroy(objects->of_kind[TS_OBJECT_VMAR]);
    for (unsigned i = 0; i < TS_OBJECT_KIND_COUNT; i++) {
        (void)!ts_handle_close(objects->of_kind[i]);
    }
    (void)!ts_handle_close(objects->vmar);
    (void)!ts_handle_close(objects->endpoint);
    guest_join(objects->caller);
}

/* --- one call --- */

static uint64_t valid_value(const struct ts_call_grammar *call, unsigned index,
                            const struct objects *objects) {
    const struct ts_argument *argument = &call->argument[index];
    for (unsigned i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (settings[i].call == call->number && settings[i].argument == index) {
            return settings[i].value;
        }
    }
    switch (argument->type) {
    case TS_ARGUMENT_HANDLE:
        return objects->of_kind[argument->kind != 0 ? argument->kind : TS_OBJECT_EVENT];
    case TS_ARGUMENT_IN:
    case TS_ARGUMENT_OUT:
        memset((void *)buffer, 'x', TS_PAGE_SIZE);
        return buffer;
    case TS_ARGUMENT_USIZE: return 8;
    case TS_ARGUMENT_RIGHTS: return TS_RIGHT_SAME_RIGHTS;
    case TS_ARGUMENT_SIGNALS: return TS_SIGNAL_SIGNALED;
    default: return 0; /* times too: nothing waits */
    }
}

static bool is_listed(const struct ts_call_grammar *call, ts_status_t status) {
    for (unsigned i = 0; call->errors[i] != TS_OK; i++) {
        if (call->errors[i] == status) {
            return true;
        }
    }
    return status == TS_OK;
}

/* Makes the call with one argument replaced (none: index beyond them), and closes what it gave. */
static ts_status_t make_call(const struct ts_call_grammar *call, const struct objects *objects,
                             unsigned replaced, uint64_t value) {
    uint64_t registers[TS_CALL_ARGUMENTS] = {0};
    for (unsigned i = 0; i < call->argument_count; i++) {
        registers[i] = i == replaced ? value : valid_value(call, i, objects);
    }
    uint64_t raw = cpu_system_call(call->number, registers);
    ts_status_t status = (ts_status_t)raw;
    for (unsigned i = 0; i < TS_CALL_RESULTS; i++) {
        if ((call->handle_results >> i & 1) != 0) {
            CHECK((status == TS_OK) == (registers[i] != TS_HANDLE_INVALID));
            (void)!ts_handle_close(registers[i]);
        }
    }
    (void)guest_check(raw == (uint64_t)(int64_t)status && is_listed(call, status), call->name,
                      (int)replaced, ts_status_name(status));
    return status;
}

static void try_value(const struct ts_call_grammar *call, struct objects *objects, unsigned index,
                      const struct trial *trial) {
    ts_status_t status = make_call(call, objects, index, trial->value);
    if (trial->expected == REFUSAL) {
        (void)guest_check(status != TS_OK, call->name, (int)index, "OK by a bad value");
    } else if (trial->expected != ANY) {
        (void)guest_check_status(trial->expected, status, call->name, (int)index, "bad value");
    }
}

/* --- what replaces what --- */

/* A handle without rights takes the place of the valid one. */
static uint64_t without_rights(struct objects *objects, unsigned kind) {
    ts_handle_t weak = TS_HANDLE_INVALID;
    CHECK_OK(ts_handle_replace(objects->of_kind[kind], TS_RIGHT_NONE, &weak));
    objects->of_kind[kind] = weak;
    return weak;
}

static unsigned handle_trials(const struct ts_argument *argument, struct objects *objects,
                              struct trial *trials) {
    const uint64_t bad[] = {STALE_HANDLE, FORGED_HANDLE, UINT64_MAX, 1ul << 32, closed_event};
    const unsigned count = sizeof(bad) / sizeof(bad[0]);
    if (argument->type != TS_ARGUMENT_HANDLE) {
        return 0;
    }
    bool typed = argument->kind != 0;
    for (unsigned i = 0; i < count; i++) {
        trials[i] = (struct trial){bad[i], typed ? TS_ERR_BAD_HANDLE : REFUSAL};
    }
    trials[count] = (struct trial){TS_HANDLE_INVALID, typed ? TS_ERR_BAD_HANDLE : ANY};
    if (!typed) {
        return count + 1;
    }
    unsigned other = argument->kind == TS_OBJECT_EVENT ? TS_OBJECT_PORT : TS_OBJECT_EVENT;
    trials[count + 1] = (struct trial){objects->of_kind[other], TS_ERR_WRONG_TYPE};
    trials[count + 2] = (struct trial){without_rights(objects, argument->kind),
                                       argument->rights != 0 ? TS_ERR_ACCESS_DENIED : ANY};
    return count + 3;
}

static unsigned address_trials(const struct ts_argument *argument, struct trial *trials) {
    if (argument->type != TS_ARGUMENT_IN && argument->type != TS_ARGUMENT_OUT) {
        return 0;
    }
    for (unsigned i = 0; i < BAD_ADDRESSES; i++) {
        trials[i] = (struct trial){bad_address(i), REFUSAL};
    }
    trials[BAD_ADDRESSES] = (struct trial){buffer + TS_PAGE_SIZE - 4, REFUSAL};
    trials[BAD_ADDRESSES + 1] = (struct trial){buffer + TS_PAGE_SIZE, REFUSAL};
    if (argument->type == TS_ARGUMENT_IN) {
        return BAD_ADDRESSES + 2;
    }
    trials[BAD_ADDRESSES + 2] = (struct trial){(uint64_t)ts_image_text, REFUSAL};
    trials[BAD_ADDRESSES + 3] = (struct trial){(uint64_t)ts_image_constants, REFUSAL};
    return BAD_ADDRESSES + 4;
}

static unsigned number_trials(const struct ts_argument *argument, struct trial *trials) {
    /* None so small that it is a command: one of them restarts the machine. */
    static const uint64_t narrow[] = {0x7fffffff, 0x80000000, 0xffffffff};
    static const uint64_t wide[] = {1, TS_PAGE_SIZE - 1, 1ul << 31, 1ul << 47, 1ul << 63,
                                    INT64_MAX, UINT64_MAX, -TS_PAGE_SIZE};
    unsigned count = 0;
    switch (argument->type) {
    case TS_ARGUMENT_U32:
    case TS_ARGUMENT_RIGHTS:
    case TS_ARGUMENT_SIGNALS:
    case TS_ARGUMENT_PRIORITY:
    case TS_ARGUMENT_STATUS:
        for (; count < sizeof(narrow) / sizeof(narrow[0]); count++) {
            trials[count] = (struct trial){narrow[count], ANY};
        }
        trials[count++] = (struct trial){1ul << 32, TS_ERR_INVALID_ARGS};
        trials[count++] = (struct trial){UINT64_MAX, TS_ERR_INVALID_ARGS};
        return count;
    case TS_ARGUMENT_U64:
    case TS_ARGUMENT_USIZE:
        for (; count < sizeof(wide) / sizeof(wide[0]); count++) {
            trials[count] = (struct trial){wide[count], ANY};
        }
        return count;
    case TS_ARGUMENT_TIME: /* those that are past */
        trials[0] = (struct trial){1ul << 63, ANY};
        trials[1] = (struct trial){UINT64_MAX, ANY};
        return 2;
    default: return 0;
    }
}

static unsigned trials_of(enum mode mode, const struct ts_argument *argument,
                          struct objects *objects, struct trial *trials) {
    switch (mode) {
    case MODE_HANDLES: return handle_trials(argument, objects, trials);
    case MODE_ADDRESSES: return address_trials(argument, trials);
    case MODE_NUMBERS: return number_trials(argument, trials);
    default: return 0;
    }
}

/* --- all calls, in a child --- */

static void prepare_child(void) {
    set_ceiling(guest_self.job, TS_CEILING_MEMORY,
                job_use(guest_self.job, TS_CEILING_MEMORY) + MEMORY_ROOM);
    buffer = edge_make();
    closed_event = make_event();
    close_handle(closed_event);
}

static void still_works(void) {
    ts_handle_t event = make_event();
    ts_signals_t observed = 0;
    CHECK_OK(ts_object_signal(event, 0, TS_SIGNAL_SIGNALED));
    CHECK_OK(ts_object_wait_one(event, TS_SIGNAL_SIGNALED, 0, &observed));
    close_handle(event);
    shared_set(0, 1);
}

/* Every trial has its own objects; how many there are is asked with objects that nobody uses. */
static void try_argument(const struct ts_call_grammar *call, unsigned index, enum mode mode) {
    struct trial trials[TRIALS_MAX];
    unsigned count = 1;
    for (unsigned i = 0; i < count; i++) {
        struct objects objects;
        make_objects(&objects, call);
        count = trials_of(mode, &call->argument[index], &objects, trials);
        if (i < count) {
            try_value(call, &objects, index, &trials[i]);
            shared_add(1, 1);
        }
        end_objects(&objects);
    }
}

static void try_all(uint64_t mode) {
    prepare_child();
    for (unsigned i = 0; i < CALLS; i++) {
        const struct ts_call_grammar *call = &ts_call_grammar[i];
        for (unsigned j = 0; j < call->argument_count && !call->noreturn; j++) {
            try_argument(call, j, (enum mode)mode);
        }
    }
    still_works();
}

static void run_child(guest_function function, uint64_t mode, unsigned trials_min) {
    struct guest_child child;
    ts_handle_t job = make_job();
    if (guest_child_start(&child, job, function, mode,
                          duplicate_with(resource("root"), TS_RIGHT_SAME_RIGHTS))) {
        CHECK_EQUAL(0, guest_child_end(&child));
        CHECK_EQUAL(1, shared_get(0));
        CHECK(shared_get(1) >= trials_min);
    }
    close_handle(job);
}

/* Without this the other tests might show nothing: with all arguments valid most calls succeed. */
static void valid_calls(uint64_t unused) {
    (void)unused;
    prepare_child();
    for (unsigned i = 0; i < CALLS; i++) {
        struct objects objects;
        if (!ts_call_grammar[i].noreturn) {
            make_objects(&objects, &ts_call_grammar[i]);
            ts_status_t status = make_call(&ts_call_grammar[i], &objects, TS_CALL_ARGUMENTS, 0);
            shared_add(1, status == TS_OK ? 1 : 0);
            end_objects(&objects);
        }
    }
    still_works();
}

static void valid_arguments(void) {
    run_child(valid_calls, MODE_VALID, 38);
}

static void bad_handles(void) {
    run_child(try_all, MODE_HANDLES, 400);
}

static void bad_addresses(void) {
    run_child(try_all, MODE_ADDRESSES, 90);
}

static void bad_numbers(void) {
    run_child(try_all, MODE_NUMBERS, 600);
}

static const struct guest_test tests[] = {
    {"most calls succeed with valid arguments made from the table", valid_arguments},
    {"any handle of any call may be bad", bad_handles},
    {"any address of any call may be bad", bad_addresses},
    {"any number of any call may be huge", bad_numbers},
};

GUEST_GROUP(hostile_tests, tests);
