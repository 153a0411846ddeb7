/* SPDX-License-Identifier: MIT */
/*
 * Random steps on VMOs and their relatives, against a model that copies: create, clone and slice, write and read by call
 * and through mappings in three processes, resize, zero, commit, decommit, protect, close. `run tests match=random`
 * takes seed=N and steps=N; a run repeats by its seed, which is printed.
 *
 * The same with VMOs of two jobs that swap, by each policy: the other processes make them, which are in those jobs.
 *
 * A page of the model is every `stride`th of the VMO, so that pages lie in one or in several tables of its tree. Two of
 * its words are known: the first and the last. With one of the strides whole VMOs are committed, so that they have large
 * pages, which many pages of the model share.
 */
#include "guest/groups.h"
#include "guest/memory.h"
#include "guest/swapping.h"
#include "os/print.h"
#include "os/start.h"

#define MEMBERS     12u
#define PAGES_MAX   20u
#define WORDS       2u
#define PROCESSES   3u /* this one and two others */
#define STEPS       5000u
#define SEED        1u
#define CHECK_EACH  64u
#define LARGE       64u /* the stride with large pages */
#define PROGRESS    10000u /* longer runs tell that they go on */
#define SWAP_FRAMES 40u
#define SWAP_STEPS  600u
#define SWAP_TIME   TS_SECOND /* slow machines do fewer steps, but some */
#define SWAP_LEAST  100u

enum request { REQUEST_READ, REQUEST_WRITE, REQUEST_CREATE, REQUEST_CHILD, REQUEST_END };

/* What a VMO has; a slice has its parent's. */
struct store {
    unsigned references;
    uint64_t word[PAGES_MAX][WORDS];
};

struct member {
    struct store *store;  /* null: nobody is here */
    ts_handle_t handle;   /* 0: closed, but mapped somewhere */
    unsigned first;       /* page of the store */
    unsigned pages;
    bool resizable, copy, slice;
    uint64_t address[PROCESSES]; /* 0: not mapped */
    unsigned mapped[PROCESSES];  /* pages */
};

static struct store stores[MEMBERS];
static struct member members[MEMBERS];
static uint64_t random_state, stride, last_value;
static uint64_t large_seen; /* mappings of this process with a large page */
static struct guest_child others[PROCESSES];
static ts_handle_t endpoints[PROCESSES];
static bool others_make; /* VMOs, not this process */

static uint64_t random_below(uint64_t limit) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state * 0x2545f4914f6cdd1dul >> 16) % limit;
}

static uint64_t bytes_of(uint64_t pages) {
    return pages * stride * PAGE;
}

static uint64_t offset_of(uint64_t page, unsigned word) {
    return bytes_of(page) + (word == 0 ? 0 : PAGE - sizeof(uint64_t));
}

/* --- the other processes --- */

static uint64_t access(uint64_t address, uint64_t value, bool writes) {
    if (writes) {
        *word_in(address) = value;
    }
    return *word_in(address);
}

/* What a request asks for, and the answer to it. */
static void answer(struct ts_message *message) {
    enum request what = (enum request)ts_tag_label(message->tag);
    uint64_t first = ts_message_word(message, 0), second = ts_message_word(message, 1);
    if (what == REQUEST_READ || what == REQUEST_WRITE) {
        uint64_t value = access(first, second, what == REQUEST_WRITE);
        ts_message_begin(message, 0);
        (void)!ts_message_put(message, value);
        return;
    }
    ts_handle_t parent = what == REQUEST_CHILD ? ts_message_handle(message, 0) : TS_HANDLE_INVALID;
    uint32_t options = (uint32_t)ts_message_word(message, 2);
    ts_handle_t vmo = what == REQUEST_CHILD ? make_child(parent, options, first, second) : make_vmo_with(options, second);
    if (what == REQUEST_CHILD) {
        close_handle(parent);
    }
    ts_message_begin(message, 0);
    (void)!ts_message_put_handle(message, vmo);
}

static void serve(uint64_t argument) {
    struct ts_message message;
    (void)argument;
    ts_status_t status = ts_reply_wait(guest_self.extra, &message, TS_TIME_INFINITE, TS_REPLY_NONE);
    while (status == TS_OK && ts_tag_label(message.tag) != REQUEST_END) {
        answer(&message);
        status = ts_reply_wait(guest_self.extra, &message, TS_TIME_INFINITE, 0);
    }
    CHECK_OK(status);
}

static void call(unsigned process, struct ts_message *message, ts_status_t expected) {
    CHECK_STATUS(expected, ts_call(endpoints[process], message, ts_time_after(GUEST_PATIENCE)));
}

static uint64_t request(unsigned process, enum request what, uint64_t address, uint64_t value) {
    struct ts_message message;
    ts_message_begin(&message, what);
    (void)!ts_message_put(&message, address);
    (void)!ts_message_put(&message, value);
    call(process, &message, what == REQUEST_END ? TS_ERR_PEER_CLOSED : TS_OK);
    return ts_message_word(&message, 0);
}

/* A VMO, or a child of one, that is charged to a process which is picked. */
static ts_handle_t make_member(ts_handle_t parent, uint32_t options, uint64_t offset, uint64_t size) {
    struct ts_message message;
    if (!others_make) {
        return parent == TS_HANDLE_INVALID ? make_vmo_with(options, size) : make_child(parent, options, offset, size);
    }
    ts_message_begin(&message, parent == TS_HANDLE_INVALID ? REQUEST_CREATE : REQUEST_CHILD);
    (void)!ts_message_put(&message, offset);
    (void)!ts_message_put(&message, size);
    (void)!ts_message_put(&message, options);
    if (parent != TS_HANDLE_INVALID) {
        (void)!ts_message_put_handle(&message, duplicate_with(parent, TS_RIGHT_SAME_RIGHTS));
    }
    call(1 + (unsigned)random_below(PROCESSES - 1), &message, TS_OK);
    return ts_message_handle(&message, 0);
}

/* One in each job. */
static void start_others(const ts_handle_t jobs[PROCESSES]) {
    for (unsigned i = 1; i < PROCESSES; i++) {
        ts_handle_t receive = make_endpoint();
        CHECK_OK(ts_endpoint_mint(receive, 1, TS_RIGHT_SAME_RIGHTS, &endpoints[i]));
        CHECK(guest_child_start(&others[i], jobs[i], serve, 0, receive));
    }
}

static void end_others(void) {
    for (unsigned i = 1; i < PROCESSES; i++) {
        (void)request(i, REQUEST_END, 0, 0);
        CHECK_EQUAL(0, guest_child_end(&others[i]));
        close_handle(endpoints[i]);
    }
}

static ts_handle_t vmar_of(unsigned process) {
    return process == 0 ? guest_self.vmar : others[process].vmar;
}

/* --- members --- */

static struct member *pick_free(void) {
    for (unsigned i = 0; i < MEMBERS; i++) {
        if (members[i].store == NULL) {
            return &members[i];
        }
    }
    return NULL;
}

/* A member with a handle, if there is one. */
static struct member *pick(void) {
    unsigned start = (unsigned)random_below(MEMBERS);
    for (unsigned i = 0; i < MEMBERS; i++) {
        struct member *member = &members[(start + i) % MEMBERS];
        if (member->store != NULL && member->handle != TS_HANDLE_INVALID) {
            return member;
        }
    }
    return NULL;
}

static struct store *new_store(void) {
    for (unsigned i = 0; i < MEMBERS; i++) {
        if (stores[i].references == 0) {
            stores[i] = (struct store){.references = 1};
            return &stores[i];
        }
    }
    return NULL;
}

static bool is_mapped(const struct member *member) {
    bool mapped = false;
    for (unsigned i = 0; i < PROCESSES; i++) {
        mapped = mapped || member->address[i] != 0;
    }
    return mapped;
}

static void leave(struct member *member) {
    if (member->handle == TS_HANDLE_INVALID && !is_mapped(member)) {
        member->store->references--;
        *member = (struct member){0};
    }
}

static uint64_t *model_word(struct member *member, unsigned page, unsigned word) {
    return &member->store->word[member->first + page][word];
}

/* --- accesses --- */

/* The ways to reach a page: by call (PROCESSES), or through the mapping of a process. */
static bool can_reach(const struct member *member, unsigned way, unsigned page) {
    if (page >= member->pages) {
        return false;
    }
    return way == PROCESSES ? member->handle != TS_HANDLE_INVALID
                            : member->address[way] != 0 && page < member->mapped[way];
}

static uint64_t read_word(const struct member *member, unsigned way, unsigned page, unsigned word) {
    uint64_t offset = offset_of(page, word);
    if (way == PROCESSES) {
        return word_at(member->handle, offset);
    }
    uint64_t address = member->address[way] + offset;
    return way == 0 ? *word_in(address) : request(way, REQUEST_READ, address, 0);
}

static void write_word(const struct member *member, unsigned way, unsigned page, unsigned word, uint64_t value) {
    uint64_t offset = offset_of(page, word);
    if (way == PROCESSES) {
        set_word(member->handle, offset, value);
        return;
    }
    uint64_t address = member->address[way] + offset;
    if (way == 0) {
        *word_in(address) = value;
    } else {
        (void)request(way, REQUEST_WRITE, address, value);
    }
}

static void check_word(struct member *member, unsigned way, unsigned page, unsigned word) {
    if (can_reach(member, way, page) &&
        !CHECK_EQUAL(*model_word(member, page, word), read_word(member, way, page, word))) {
        ts_print("# member %u way %u page %u word %u\n", (unsigned)(member - members), way, page, word);
    }
}

/* A member that has pages, and a way to one of them. */
static bool pick_access(struct member **member, unsigned *way, unsigned *page) {
    unsigned start = (unsigned)random_below(MEMBERS);
    for (unsigned i = 0; i < MEMBERS * (PROCESSES + 1); i++) {
        *member = &members[(start + i / (PROCESSES + 1)) % MEMBERS];
        *way = (start + i) % (PROCESSES + 1);
        if ((*member)->pages > 0) {
            *page = (unsigned)random_below((*member)->pages);
            if (can_reach(*member, *way, *page)) {
                return true;
            }
        }
    }
    return false;
}

static void step_access(void) {
    struct member *member;
    unsigned way, page, word = (unsigned)random_below(WORDS);
    if (!pick_access(&member, &way, &page)) {
        return;
    }
    if (random_below(4) == 0) {
        check_word(member, way, page, word);
    } else {
        *model_word(member, page, word) = ++last_value;
        write_word(member, way, page, word, last_value);
    }
}

static void look_for_large(const struct member *member) {
    if (stride == LARGE && member->address[0] != 0) {
        large_seen += leaf_of(guest_self.process, member->address[0]).size > PAGE ? 1 : 0;
    }
}

static void check_all(void) {
    for (unsigned i = 0; i < MEMBERS; i++) {
        struct member *member = &members[i];
        look_for_large(member);
        for (unsigned page = 0; member->store != NULL && page < member->pages; page++) {
            for (unsigned way = 0; way <= PROCESSES; way++) {
                check_word(member, way, page, (unsigned)random_below(WORDS));
            }
        }
        if (member->handle != TS_HANDLE_INVALID) {
            struct ts_info_vmo info = vmo_info(member->handle);
            CHECK(info.part <= info.committed && info.committed <= info.size);
            CHECK_EQUAL(bytes_of(member->pages), info.size);
        }
    }
}

/* --- steps that change what is there --- */

static void commit_all(const struct member *member) {
    CHECK_OK(ts_vmo_op_range(member->handle, TS_VMO_OP_COMMIT, 0, bytes_of(member->pages)));
}

static void step_create(void) {
    struct member *member = pick_free();
    if (member == NULL) {
        return;
    }
    bool resizable = random_below(2) == 0;
    unsigned pages = (unsigned)random_below(PAGES_MAX + 1);
    *member = (struct member){.store = new_store(), .pages = pages, .resizable = resizable};
    member->handle = make_member(TS_HANDLE_INVALID, resizable ? TS_VMO_RESIZABLE : 0, 0, bytes_of(pages));
    if (stride == LARGE && random_below(2) == 0) {
        commit_all(member);
    }
}

static void step_slice(struct member *parent, struct member *child) {
    unsigned first = (unsigned)random_below(parent->pages + 1);
    unsigned pages = (unsigned)random_below(parent->pages - first + 1);
    if (parent->resizable) {
        ts_handle_t refused;
        CHECK_STATUS(TS_ERR_NOT_SUPPORTED,
                     ts_vmo_create_child(parent->handle, TS_VMO_CHILD_SLICE, 0, bytes_of(pages), &refused));
        return;
    }
    *child = (struct member){.store = parent->store, .first = parent->first + first, .pages = pages};
    child->copy = parent->copy;
    child->slice = true;
    child->store->references++;
    child->handle = make_member(parent->handle, TS_VMO_CHILD_SLICE, bytes_of(first), bytes_of(pages));
}

static void step_copy(struct member *parent, struct member *child) {
    unsigned first = (unsigned)random_below(PAGES_MAX);
    unsigned pages = (unsigned)random_below(PAGES_MAX + 1);
    bool lazy = random_below(4) == 0;
    first = random_below(2) == 0 ? 0 : first;
    *child = (struct member){.store = new_store(), .pages = pages, .resizable = random_below(2) == 0, .copy = true};
    for (unsigned page = 0; page < pages && first + page < parent->pages; page++) {
        memcpy(child->store->word[page], model_word(parent, first + page, 0), sizeof(child->store->word[page]));
    }
    uint32_t kind = lazy ? TS_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE : TS_VMO_CHILD_SNAPSHOT;
    child->handle = make_member(parent->handle, kind | (child->resizable ? TS_VMO_RESIZABLE : 0), bytes_of(first),
                                bytes_of(pages));
    for (unsigned page = 0; lazy && page < pages; page++) { /* V26: until then the parent may be seen */
        CHECK_OK(ts_vmo_op_range(child->handle, TS_VMO_OP_COMMIT, bytes_of(page), PAGE));
    }
}

static void step_child(void) {
    struct member *parent = pick();
    struct member *child = pick_free();
    if (parent == NULL || child == NULL) {
        return;
    }
    if (random_below(4) == 0) {
        step_slice(parent, child);
    } else {
        step_copy(parent, child);
    }
}

static void step_close(void) {
    struct member *member = pick();
    if (member != NULL) {
        close_handle(member->handle);
        member->handle = TS_HANDLE_INVALID;
        leave(member);
    }
}

static void unmap_member(struct member *member, unsigned process) {
    CHECK_OK(ts_vmar_unmap(vmar_of(process), member->address[process], bytes_of(member->mapped[process])));
    member->address[process] = 0;
    leave(member);
}

static void step_map(void) {
    struct member *member = &members[random_below(MEMBERS)];
    unsigned process = (unsigned)random_below(PROCESSES);
    if (member->store != NULL && member->address[process] != 0) {
        if (random_below(4) == 0) {
            unmap_member(member, process);
        }
    } else if (member->store != NULL && member->handle != TS_HANDLE_INVALID && member->pages > 0) {
        uint32_t options = MAP_WRITE | TS_VMAR_ALLOW_FAULTS | (random_below(2) == 0 ? TS_VMAR_MAP_RANGE : 0);
        member->mapped[process] = member->pages;
        CHECK_OK(ts_vmar_map(vmar_of(process), options, 0, member->handle, 0, bytes_of(member->pages),
                             &member->address[process]));
    }
}

/* Away and back: what is given back comes by faults. */
static void step_protect(void) {
    struct member *member = &members[random_below(MEMBERS)];
    unsigned process = (unsigned)random_below(PROCESSES);
    if (member->store != NULL && member->address[process] != 0) {
        uint64_t first = random_below(member->mapped[process]);
        uint64_t size = bytes_of(member->mapped[process] - first);
        uint64_t at = member->address[process] + bytes_of(first);
        CHECK_OK(ts_vmar_protect(vmar_of(process), random_below(2) == 0 ? MAP_READ : 0, at, size));
        CHECK_OK(ts_vmar_protect(vmar_of(process), MAP_WRITE, at, size));
    }
}

static void step_resize(void) {
    struct member *member = pick();
    if (member == NULL) {
        return;
    }
    unsigned pages = (unsigned)random_below(PAGES_MAX + 1);
    ts_status_t status = ts_vmo_set_size(member->handle, bytes_of(pages));
    CHECK_STATUS(member->resizable ? TS_OK : TS_ERR_UNAVAILABLE, status);
    if (member->resizable) {
        for (unsigned page = pages; page < member->pages; page++) {
            memset(model_word(member, page, 0), 0, sizeof(member->store->word[0]));
        }
        member->pages = pages;
    }
}

static void step_zero(void) {
    struct member *member = pick();
    if (member == NULL || member->pages == 0) {
        return;
    }
    unsigned first = (unsigned)random_below(member->pages);
    unsigned count = (unsigned)random_below(member->pages - first) + 1;
    bool decommit = random_below(2) == 0;
    uint32_t op = decommit ? TS_VMO_OP_DECOMMIT : TS_VMO_OP_ZERO;
    ts_status_t status = ts_vmo_op_range(member->handle, op, bytes_of(first), bytes_of(count));
    if (decommit && (member->copy || status != TS_OK)) { /* whether others have copies, the model does not know */
        CHECK_STATUS(TS_ERR_NOT_SUPPORTED, status);
        return;
    }
    CHECK_OK(status);
    for (unsigned page = first; page < first + count; page++) {
        memset(model_word(member, page, 0), 0, sizeof(member->store->word[0]));
    }
}

static void step_commit(void) {
    struct member *member = pick();
    if (member != NULL && stride == LARGE && random_below(2) == 0) {
        commit_all(member);
    } else if (member != NULL && member->pages > 0) {
        unsigned page = (unsigned)random_below(member->pages);
        CHECK_OK(ts_vmo_op_range(member->handle, TS_VMO_OP_COMMIT, bytes_of(page), PAGE));
        if (random_below(2) == 0) {
            unsigned word = (unsigned)random_below(WORDS);
            *model_word(member, page, word) = 0;
            CHECK_OK(ts_vmo_op_range(member->handle, TS_VMO_OP_ZERO, offset_of(page, word), sizeof(uint64_t)));
        }
    }
}

static void step(void) {
    static void (*const rare[])(void) = {step_create, step_child,   step_child,  step_child, step_close, step_close, step_map,
                                         step_map,    step_map,     step_map,    step_map,   step_map,   step_map,   step_map,
                                         step_protect, step_resize, step_zero,   step_commit};
    if (random_below(4) == 0) {
        rare[random_below(sizeof(rare) / sizeof(rare[0]))]();
    } else {
        step_access();
    }
}

static void end_members(void) {
    for (unsigned i = 0; i < MEMBERS; i++) {
        struct member *member = &members[i];
        if (member->handle != TS_HANDLE_INVALID) {
            close_handle(member->handle);
            member->handle = TS_HANDLE_INVALID;
            leave(member);
        }
        for (unsigned process = 0; process < PROCESSES; process++) {
            if (member->store != NULL && member->address[process] != 0) {
                unmap_member(member, process);
            }
        }
    }
}

/* Steps as the arguments say, with an end for those who do not say how many. */
static void take_steps(uint64_t count, uint64_t least, ts_time_t end) {
    static const uint64_t strides[] = {1, 3, 171, 512, LARGE};
    const uint64_t parts = sizeof(strides) / sizeof(strides[0]) - (others_make ? 1 : 0);
    uint64_t seed = ts_argument_number("seed", SEED);
    uint64_t steps = ts_argument_number("steps", count);
    ts_print("# seed %lu steps %lu\n", seed, steps);
    random_state = seed * 0x9e3779b97f4a7c15ul + 1;
    bool ends = steps == count;
    for (uint64_t i = 0; i < steps && guest_shared()->failures == 0; i++) {
        if (ends && i >= least && ts_time_now() > end) {
            break;
        }
        if (i % (steps / parts + 1) == 0) {
            end_members();
            stride = strides[i / (steps / parts + 1)];
        }
        if (i % PROGRESS == PROGRESS - 1) {
            ts_print("# step %lu\n", i + 1);
            ts_print_flush();
        }
        step();
        if (i % CHECK_EACH == 0) {
            check_all();
        }
        if (guest_shared()->failures != 0) {
            ts_print("# failed at step %lu, stride %lu\n", i, stride);
        }
    }
    check_all();
    CHECK(large_seen > 0 || others_make || steps < STEPS);
    ts_print("# %lu large pages seen\n", large_seen);
    end_members();
}

static void random_relatives(void) {
    const ts_handle_t jobs[PROCESSES] = {guest_self.job, guest_self.job, guest_self.job};
    others_make = false;
    start_others(jobs);
    take_steps(STEPS, STEPS, 0);
    end_others();
}

static void random_swapped(uint32_t policy) {
    ts_handle_t second = make_job();
    swap_begin(policy, SWAP_FRAMES);
    CHECK_OK(ts_job_set_reclaim(second, policy, SWAP_FRAMES));
    CHECK_OK(ts_job_set_swap(second, swap.vmo));
    const ts_handle_t jobs[PROCESSES] = {guest_self.job, swap.job, second};
    others_make = true;
    start_others(jobs);
    take_steps(SWAP_STEPS, SWAP_LEAST, ts_time_after(SWAP_TIME));
    end_others();
    CHECK(swap.writes > 0);
    close_handle(second);
    swap_end();
}

static void random_lru(void) {
    random_swapped(TS_RECLAIM_LRU);
}

static void random_arc(void) {
    random_swapped(TS_RECLAIM_ARC);
}

static void random_clock(void) {
    random_swapped(TS_RECLAIM_CLOCK);
}

static const struct guest_test tests[] = {
    {"V10 V14 V15 V16 V19 V24 V29 random steps are as the model says", random_relatives},
    {"random steps on memory that is swapped by LRU", random_lru},
    {"random steps on memory that is swapped by ARC", random_arc},
    {"random steps on memory that is swapped by Clock", random_clock},
};

GUEST_GROUP(random_tests, tests);
