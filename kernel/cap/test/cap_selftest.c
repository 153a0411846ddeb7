/* SPDX-License-Identifier: MIT */
/* Handles and their derivation, accounts, observers: with objects that only count what they are told. */
#include "abi/rights.h"
#include "kernel/assert.h"
#include "kernel/handle.h"
#include "kernel/selftest.h"

extern const struct selftest_suite cap_selftests;

#define RIGHTS    (TS_RIGHT_BASIC | TS_RIGHT_READ | TS_RIGHT_WRITE)
#define ALL_CPUS  UINT64_MAX
#define KINDS_MAX 512u

/* --- fixtures: a payer, a table, counting objects --- */

struct sample {
    struct object object;
    int readable;              /* handles with READ, as an endpoint counts them */
    unsigned ended;            /* how often the last handle was closed */
    struct handle_entry carried; /* closed when the last handle is */
};

static struct sample payer;    /* owner of the account */
static struct account account;
static struct sample samples[KINDS_MAX];
static struct handle_table table;

static void sample_opened(struct object *object, ts_rights_t rights) {
    container_of(object, struct sample, object)->readable += (rights & TS_RIGHT_READ) != 0 ? 1 : 0;
}

static void sample_closed(struct object *object, ts_rights_t rights) {
    container_of(object, struct sample, object)->readable -= (rights & TS_RIGHT_READ) != 0 ? 1 : 0;
}

static void sample_ended(struct object *object) {
    struct sample *sample = container_of(object, struct sample, object);
    sample->ended++;
    handle_entry_close(&sample->carried);
}

static void sample_free(struct object *object) {
    object_uncharge(object);
}

static const struct object_ops sample_ops = {.handle_opened = sample_opened,
                                             .handle_closed = sample_closed,
                                             .last_handle_closed = sample_ended,
                                             .free = sample_free};

static struct sample *make_sample(unsigned index) {
    struct sample *sample = &samples[index];
    *sample = (struct sample){0};
    ts_status_t status = object_init(&sample->object, TS_OBJECT_EVENT, &sample_ops, NULL, sizeof(*sample));
    ASSERT(status == TS_OK);
    return sample;
}

/* Everything charged from here on is charged to `account`. */
static bool begin(void) {
    payer = (struct sample){0};
    EXPECT(object_init(&payer.object, TS_OBJECT_JOB, &sample_ops, NULL, sizeof(payer)) == TS_OK);
    account_init(&account, NULL, &payer.object);
    table = (struct handle_table){0};
    return handle_table_init(&table, &account) == TS_OK;
}

/* Closes what is open; afterwards nothing is charged (Q5). */
static bool end(void) {
    handle_table_close_all(&table);
    for (unsigned i = 0; i < 1000 && account.used[TS_CEILING_MEMORY] > table.capacity / 128 * TS_PAGE_SIZE; i++) {
        selftest_sleep(100000);
        grace_synchronize();
    }
    handle_table_free(&table);
    for (unsigned i = 0; i < TS_CEILING_COUNT; i++) {
        EXPECT(account.used[i] == 0);
    }
    object_release(&payer.object);
    grace_synchronize();
    return true;
}

static ts_handle_t add(struct sample *sample, ts_rights_t rights) {
    ts_handle_t value = TS_HANDLE_INVALID;
    (void)handle_add(&table, &sample->object, rights, 0, NULL, &value);
    return value;
}

/* A new object with one handle, which is all that keeps it. */
static ts_handle_t add_new(unsigned index) {
    struct sample *sample = make_sample(index);
    ts_handle_t value = add(sample, RIGHTS);
    object_release(&sample->object);
    return value;
}

static bool is_valid(ts_handle_t value) {
    struct object *object;
    return handle_lookup(&table, value, 0, 0, &object) == TS_OK;
}

static ts_handle_t duplicate(ts_handle_t value) {
    ts_handle_t result = TS_HANDLE_INVALID;
    (void)handle_duplicate(&table, value, TS_RIGHT_SAME_RIGHTS, &result);
    return result;
}

/* --- handles --- */

static bool stale_values_stay_bad(void) {
    EXPECT(begin());
    ts_handle_t first = add_new(0);
    EXPECT(is_valid(first) && handle_close(&table, first) == TS_OK);
    for (unsigned i = 0; i < 300; i++) {
        ts_handle_t value = add_new(1);
        EXPECT(value != first && !is_valid(first));
        EXPECT(handle_close(&table, value) == TS_OK && handle_close(&table, value) == TS_ERR_BAD_HANDLE);
        grace_synchronize();
    }
    return end();
}

static bool rights_only_shrink(void) {
    EXPECT(begin());
    ts_handle_t value = add_new(0);
    ts_handle_t less = TS_HANDLE_INVALID, more = TS_HANDLE_INVALID;
    EXPECT(handle_duplicate(&table, value, TS_RIGHT_READ, &less) == TS_OK);
    EXPECT(handle_duplicate(&table, less, TS_RIGHT_READ, &more) == TS_ERR_ACCESS_DENIED);
    EXPECT(handle_duplicate(&table, value, RIGHTS | TS_RIGHT_EXECUTE, &more) == TS_ERR_INVALID_ARGS);
    EXPECT(handle_replace(&table, less, TS_RIGHT_WRITE, &more) == TS_ERR_INVALID_ARGS && !is_valid(less));
    return end();
}

/* N7 depends on it. */
static bool replaced_rights_are_counted(void) {
    EXPECT(begin());
    ts_handle_t value = add_new(0);
    EXPECT(samples[0].readable == 1);
    EXPECT(handle_replace(&table, value, TS_RIGHT_WRITE, &value) == TS_OK);
    EXPECT(samples[0].readable == 0 && samples[0].ended == 0);
    EXPECT(handle_close(&table, value) == TS_OK && samples[0].readable == 0 && samples[0].ended == 1);
    return end();
}

static bool refused_handle_ends_the_object(void) {
    EXPECT(begin());
    EXPECT(account_lower_ceiling(&account, TS_CEILING_HANDLES, 0) == TS_OK);
    EXPECT(add_new(0) == TS_HANDLE_INVALID && samples[0].ended == 1 && samples[0].readable == 0);
    EXPECT(account_lower_ceiling(&account, TS_CEILING_MEMORY, 16) == TS_OK);
    EXPECT(add_new(1) == TS_HANDLE_INVALID && samples[1].ended == 1 && samples[1].readable == 0);
    return end();
}

/* Each object's end closes the handle of the next, as messages that hold receive handles do. */
static bool chain_of_closes_needs_no_stack(void) {
    EXPECT(begin());
    ts_handle_t first = add_new(0);
    for (unsigned i = 1; i < KINDS_MAX; i++) {
        ts_handle_t next = add_new(i);
        EXPECT(handle_take(&table, next, 0, &samples[i - 1].carried) == TS_OK);
    }
    EXPECT(handle_close(&table, first) == TS_OK);
    for (unsigned i = 0; i < KINDS_MAX; i++) {
        EXPECT(samples[i].ended == 1);
    }
    return end();
}

/* --- derivation --- */

static bool revoke_takes_descendants(void) {
    EXPECT(begin());
    ts_handle_t top = add_new(0), child = duplicate(top), grandchild = duplicate(child), other = duplicate(top);
    EXPECT(handle_revoke(&table, child) == TS_OK);
    EXPECT(is_valid(top) && is_valid(child) && !is_valid(grandchild) && is_valid(other));
    EXPECT(handle_revoke(&table, top) == TS_OK);
    EXPECT(is_valid(top) && !is_valid(child) && !is_valid(other));
    EXPECT(is_valid(duplicate(top)));
    return end();
}

static bool revoke_needs_duplicate(void) {
    EXPECT(begin());
    ts_handle_t value = add_new(0), weak = TS_HANDLE_INVALID;
    EXPECT(handle_duplicate(&table, value, TS_RIGHT_READ, &weak) == TS_OK);
    EXPECT(handle_revoke(&table, weak) == TS_ERR_ACCESS_DENIED);
    return end();
}

static bool closed_middle_hands_children_up(void) {
    EXPECT(begin());
    ts_handle_t top = add_new(0), middle = duplicate(top), one = duplicate(middle), two = duplicate(middle);
    EXPECT(handle_close(&table, middle) == TS_OK && is_valid(one) && is_valid(two));
    EXPECT(handle_revoke(&table, top) == TS_OK && !is_valid(one) && !is_valid(two));
    return end();
}

static bool revoke_reaches_messages(void) {
    EXPECT(begin());
    ts_handle_t top = add_new(0), child = duplicate(top), value = TS_HANDLE_INVALID;
    struct handle_entry entry;
    EXPECT(handle_take(&table, child, 0, &entry) == TS_OK);
    EXPECT(handle_revoke(&table, top) == TS_OK);
    EXPECT(handle_put(&table, &entry, &value) == TS_OK && value == TS_HANDLE_INVALID);
    return end();
}

static bool replace_keeps_the_place(void) {
    EXPECT(begin());
    ts_handle_t top = add_new(0), child = duplicate(top), grandchild = duplicate(child);
    EXPECT(handle_replace(&table, child, TS_RIGHT_SAME_RIGHTS, &child) == TS_OK);
    EXPECT(handle_revoke(&table, child) == TS_OK && is_valid(child) && !is_valid(grandchild));
    EXPECT(handle_revoke(&table, top) == TS_OK && !is_valid(child));
    return end();
}

static bool long_chains_are_revoked(void) {
    EXPECT(begin());
    ts_handle_t top = add_new(0), last = top;
    for (unsigned i = 0; i < 1000; i++) {
        last = duplicate(last);
    }
    EXPECT(is_valid(last) && table.count == 1001);
    EXPECT(handle_revoke(&table, top) == TS_OK && table.count == 1 && !is_valid(last));
    return end();
}

static bool duplicate_and_close_do_not_grow(void) {
    EXPECT(begin());
    ts_handle_t value = add_new(0);
    for (unsigned i = 0; i < 1000; i++) {
        ts_handle_t next = duplicate(value);
        EXPECT(next != TS_HANDLE_INVALID && handle_close(&table, value) == TS_OK);
        value = next;
        grace_synchronize();
    }
    EXPECT(account.used[TS_CEILING_MEMORY] < 2 * TS_PAGE_SIZE);
    return end();
}

#define MODEL 48

/* Against a model: whose child each handle is, also after those between were closed. */
static bool random_trees_match_a_model(void) {
    EXPECT(begin());
    static ts_handle_t values[MODEL];
    static int parents[MODEL * 40]; /* of every handle ever made */
    static int ids[MODEL];
    int made = 1;
    uint64_t seed = 0x1234567;
    values[0] = add_new(0);
    ids[0] = 0;
    parents[0] = -1;
    for (unsigned i = 1; i < MODEL; i++) {
        values[i] = TS_HANDLE_INVALID;
    }
    for (unsigned step = 0; step < 1500 && made < MODEL * 40; step++) {
        unsigned slot = (unsigned)(selftest_random(&seed) % MODEL), to = 1 + (unsigned)(selftest_random(&seed) % (MODEL - 1));
        unsigned action = (unsigned)(selftest_random(&seed) % 16);
        if (values[slot] == TS_HANDLE_INVALID) {
            slot = 0;
        }
        if (action < 11 && values[to] == TS_HANDLE_INVALID) {
            values[to] = duplicate(values[slot]);
            EXPECT(values[to] != TS_HANDLE_INVALID);
            parents[made] = ids[slot];
            ids[to] = made++;
        } else if (action < 15 && slot != 0) {
            EXPECT(handle_close(&table, values[slot]) == TS_OK);
            values[slot] = TS_HANDLE_INVALID;
        } else if (action == 15) {
            EXPECT(handle_revoke(&table, values[slot]) == TS_OK);
            for (unsigned i = 0; i < MODEL; i++) {
                int id = values[i] != TS_HANDLE_INVALID ? parents[ids[i]] : -1;
                while (id >= 0 && id != ids[slot]) {
                    id = parents[id];
                }
                bool gone = id >= 0;
                EXPECT(values[i] == TS_HANDLE_INVALID || is_valid(values[i]) == !gone);
                values[i] = gone ? TS_HANDLE_INVALID : values[i];
            }
        }
    }
    return end();
}

static ts_handle_t shared_top;
static uint32_t finished; /* atomic */

static void duplicate_much(void *argument) {
    (void)argument;
    ts_handle_t value = shared_top;
    for (unsigned i = 0; i < 300; i++) {
        ts_handle_t next = duplicate(value);
        value = next != TS_HANDLE_INVALID ? next : shared_top;
        sched_preemption_point();
    }
    __atomic_fetch_add(&finished, 1, __ATOMIC_RELEASE);
}

static void revoke_much(void *argument) {
    (void)argument;
    for (unsigned i = 0; i < 100; i++) {
        (void)handle_revoke(&table, shared_top);
        sched_preemption_point();
    }
    __atomic_fetch_add(&finished, 1, __ATOMIC_RELEASE);
}

static bool revokes_and_duplicates_at_once(void) {
    EXPECT(begin());
    shared_top = add_new(0);
    finished = 0;
    selftest_spawn(revoke_much, NULL, 64, ALL_CPUS);
    selftest_spawn(revoke_much, NULL, 64, ALL_CPUS);
    selftest_spawn(duplicate_much, NULL, 64, ALL_CPUS);
    selftest_spawn(duplicate_much, NULL, 64, ALL_CPUS);
    EXPECT(selftest_join() && finished == 4);
    EXPECT(handle_revoke(&table, shared_top) == TS_OK && table.count == 1);
    return end();
}

/* --- accounts --- */

static bool ceilings_are_exact(void) {
    EXPECT(begin());
    struct account child;
    account_init(&child, &account, &payer.object);
    EXPECT(account_lower_ceiling(&account, TS_CEILING_THREADS, 10) == TS_OK);
    EXPECT(account_charge(&child, TS_CEILING_THREADS, 10) == TS_OK);
    EXPECT(account_charge(&child, TS_CEILING_THREADS, 1) == TS_ERR_NO_RESOURCES);
    EXPECT(child.used[TS_CEILING_THREADS] == 10 && account.used[TS_CEILING_THREADS] == 10);
    EXPECT(account_charge(&child, TS_CEILING_MEMORY, UINT64_MAX) == TS_OK);
    EXPECT(account_charge(&child, TS_CEILING_MEMORY, 1) == TS_ERR_NO_MEMORY); /* the sum is no number */
    account_release(&child, TS_CEILING_MEMORY, UINT64_MAX);
    account_release(&child, TS_CEILING_THREADS, 10);
    return end();
}

static bool ceilings_only_fall(void) {
    EXPECT(begin());
    EXPECT(account_lower_ceiling(&account, TS_CEILING_HANDLES, 5) == TS_OK);
    EXPECT(account_lower_ceiling(&account, TS_CEILING_HANDLES, 6) == TS_ERR_ACCESS_DENIED);
    EXPECT(account_lower_ceiling(&account, TS_CEILING_HANDLES, 0) == TS_OK);
    EXPECT(account_charge(&account, TS_CEILING_HANDLES, 1) == TS_ERR_NO_RESOURCES);
    return end();
}

static uint32_t over; /* atomic */

static void charge_much(void *argument) {
    struct account *mine = argument;
    for (unsigned i = 0; i < 3000; i++) {
        if (account_charge(mine, TS_CEILING_PROCESSES, 3) == TS_OK) {
            if (__atomic_load_n(&account.used[TS_CEILING_PROCESSES], __ATOMIC_RELAXED) > 10) {
                __atomic_fetch_add(&over, 1, __ATOMIC_RELAXED);
            }
            account_release(mine, TS_CEILING_PROCESSES, 3);
        }
        if (i % 64 == 0) {
            sched_preemption_point();
        }
    }
}

static bool chargers_never_exceed_the_ceiling(void) {
    EXPECT(begin());
    static struct account children[4];
    over = 0;
    EXPECT(account_lower_ceiling(&account, TS_CEILING_PROCESSES, 10) == TS_OK);
    for (unsigned i = 0; i < 4; i++) {
        account_init(&children[i], &account, &payer.object);
        selftest_spawn(charge_much, &children[i], 64, ALL_CPUS);
    }
    EXPECT(selftest_join() && over == 0);
    for (unsigned i = 0; i < 4; i++) {
        EXPECT(children[i].used[TS_CEILING_PROCESSES] == 0);
    }
    return end();
}

/* --- signals --- */

static unsigned fired;
static ts_status_t fired_status;

static void note_fired(struct observer *observer, ts_status_t status, ts_signals_t observed) {
    (void)observer, (void)observed;
    fired++;
    fired_status = status;
}

static bool edges_need_a_transition(void) {
    EXPECT(begin());
    struct sample *sample = make_sample(0);
    struct observer observer = {.signals = TS_SIGNAL_SIGNALED, .edge = true, .fire = note_fired};
    ts_signals_t observed;
    fired = 0;
    object_update_signals(&sample->object, 0, TS_SIGNAL_SIGNALED);
    EXPECT(object_observe(&sample->object, &observer, &observed) == OBSERVING_WAITS);
    object_update_signals(&sample->object, 0, TS_SIGNAL_SIGNALED);
    EXPECT(fired == 0);
    object_update_signals(&sample->object, TS_SIGNAL_SIGNALED, 0);
    object_update_signals(&sample->object, 0, TS_SIGNAL_SIGNALED);
    EXPECT(fired == 1 && fired_status == TS_OK);
    EXPECT(!object_unobserve(&sample->object, &observer));
    object_release(&sample->object);
    return end();
}

static bool closed_handles_end_waits(void) {
    EXPECT(begin());
    ts_handle_t value = add_new(0), keeper = duplicate(value);
    struct handle_view view;
    EXPECT(is_valid(keeper) && handle_lookup_view(&table, value, 0, 0, &view) == TS_OK);
    struct observer observer = {.signals = TS_SIGNAL_SIGNALED, .capability = view.capability, .fire = note_fired};
    ts_signals_t observed;
    fired = 0;
    EXPECT(object_observe(view.object, &observer, &observed) == OBSERVING_WAITS);
    EXPECT(handle_close(&table, value) == TS_OK && fired == 1 && fired_status == TS_ERR_CANCELED);
    EXPECT(object_observe(view.object, &observer, &observed) == OBSERVING_CLOSED); /* it began too late */
    return end();
}

static const struct selftest tests[] = {
    {"H8_stale_values_stay_bad", stale_values_stay_bad},
    {"D10_rights_only_shrink", rights_only_shrink},
    {"H5_replaced_rights_are_counted", replaced_rights_are_counted},
    {"refused_handle_ends_the_object", refused_handle_ends_the_object},
    {"chain_of_closes_needs_no_stack", chain_of_closes_needs_no_stack},
    {"D2_revoke_takes_descendants", revoke_takes_descendants},
    {"D9_revoke_needs_duplicate", revoke_needs_duplicate},
    {"D7_closed_middle_hands_children_up", closed_middle_hands_children_up},
    {"D3_revoke_reaches_messages", revoke_reaches_messages},
    {"D1_replace_keeps_the_place", replace_keeps_the_place},
    {"D11_long_chains_are_revoked", long_chains_are_revoked},
    {"duplicate_and_close_do_not_grow", duplicate_and_close_do_not_grow},
    {"D2_random_trees_match_a_model", random_trees_match_a_model},
    {"D8_revokes_and_duplicates_at_once", revokes_and_duplicates_at_once},
    {"Q1_ceilings_are_exact", ceilings_are_exact},
    {"Q3_ceilings_only_fall", ceilings_only_fall},
    {"Q1_chargers_never_exceed_the_ceiling", chargers_never_exceed_the_ceiling},
    {"P6_edges_need_a_transition", edges_need_a_transition},
    {"H12_closed_handles_end_waits", closed_handles_end_waits},
};

const struct selftest_suite cap_selftests = {"cap", tests, sizeof(tests) / sizeof(tests[0])};
