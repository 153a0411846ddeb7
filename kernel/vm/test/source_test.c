/* SPDX-License-Identifier: MIT */
/*
 * A family with a page source against a model: what is absent, what is zeros, and what has to be asked before a write.
 * Seed and number of steps come from TEST_SEED and TEST_ROUNDS.
 */
#include "../family.h"
#include "kernel/object.h"
#include "vm_support.h"

#define VIEWS     12u /* the first is the source's */
#define PAGES_MAX 1100u
#define JOBS      2u

struct model {
    struct view view;
    bool exists;
    bool has[PAGES_MAX]; /* the page itself: zeros that were supplied included */
    bool dirty[PAGES_MAX];
    uint32_t content[PAGES_MAX];
    uint64_t first, pages, limit;
};

static struct model models[VIEWS];
static struct model *const filled = &models[0];
static struct page_source source;
static struct object job_objects[JOBS];
static struct account accounts[JOBS];
static uint32_t last_content;

static void begin(bool traps_dirty) {
    vm_support_begin();
    for (unsigned i = 0; i < JOBS; i++) {
        job_objects[i] = (struct object){.references = 1};
        account_init(&accounts[i], NULL, &job_objects[i]);
    }
    memset(models, 0, sizeof(models));
    source = (struct page_source){.traps_dirty = traps_dirty};
    assert_int_equal(view_create(&filled->view, 900, &accounts[0]), TS_OK);
    view_set_source(&filled->view, &source);
    filled->exists = true;
    filled->pages = filled->limit = 900;
}

static void lock(void) {
    mutex_acquire(&filled->view.family->lock);
}

static void unlock(void) {
    mutex_release(&filled->view.family->lock);
}

/* SHOULD_WAIT, or what is there. */
static ts_status_t expected(const struct model *m, uint64_t page, uint32_t *content) {
    *content = 0;
    if (m->has[page] || page >= m->limit) {
        *content = m->has[page] ? m->content[page] : 0;
        return TS_OK;
    }
    uint64_t index = m->first + page;
    if (m != filled && index < PAGES_MAX && filled->has[index]) {
        *content = filled->content[index];
        return TS_OK;
    }
    return index < filled->limit ? TS_ERR_SHOULD_WAIT : TS_OK;
}

static void check_page(const struct model *m, uint64_t page) {
    struct frame *frame;
    uint32_t content;
    ts_status_t status = expected(m, page, &content);
    assert_int_equal(view_find(&m->view, page, &frame), status);
    assert_int_equal(frame != NULL ? *(uint32_t *)frame_to_virt(frame) : 0, content);
    if (m == filled && view_page(&m->view, page) != NULL) {
        assert_int_equal(view_owns_page(&m->view, page), m->dirty[page]);
    }
}

static void write_page(struct model *m, uint64_t page) {
    struct frame *frame = NULL;
    bool changed = false;
    uint32_t content;
    ts_status_t status = expected(m, page, &content);
    if (m == filled && m->has[page] && !m->dirty[page] && source.traps_dirty) {
        status = TS_ERR_SHOULD_WAIT;
    }
    lock();
    assert_int_equal(view_own_page(&m->view, page, &frame, &changed), status);
    unlock();
    if (status == TS_OK) {
        assert_int_equal(*(uint32_t *)frame_to_virt(frame), content);
        m->has[page] = m->dirty[page] = true;
        m->content[page] = *(uint32_t *)frame_to_virt(frame) = ++last_content;
    }
}

/* A page, or zeros, of another job's VMO. */
static void supply(uint64_t page, bool zeros) {
    struct model other = {0};
    struct frame *frame = NULL;
    bool changed;
    assert_int_equal(view_create(&other.view, 3, &accounts[1]), TS_OK);
    if (!zeros) {
        assert_int_equal(view_own_page(&other.view, 1, &frame, &changed), TS_OK);
        *(uint32_t *)frame_to_virt(frame) = ++last_content;
    }
    lock();
    if (filled->has[page] || page >= filled->limit) {
        view_drop_page(&other.view, 1);
    } else {
        assert_int_equal(view_move_page(&other.view, 1, &filled->view, page), TS_OK);
        filled->has[page] = true;
        filled->dirty[page] = false;
        filled->content[page] = zeros ? 0 : last_content;
    }
    unlock();
    assert_null(view_page(&other.view, 1));
    view_destroy(&other.view);
}

static void make_dirty(uint64_t page) {
    bool changed;
    if (filled->has[page]) {
        lock();
        assert_int_equal(view_make_dirty(&filled->view, page, &changed), TS_OK);
        unlock();
        filled->dirty[page] = true;
    }
}

static void clean(uint64_t page) {
    struct frame *frame = view_page(&filled->view, page);
    if (frame != NULL) {
        frame->flags = 0;
        filled->dirty[page] = false;
    }
}

static void resize(struct model *m, uint64_t pages) {
    lock();
    if (pages < m->pages) {
        assert_int_equal(view_prepare_cut(&m->view, pages, m->pages), TS_OK);
        view_cut(&m->view, pages, m->pages);
        memset(m->has + pages, 0, m->pages - pages);
    }
    m->pages = m->view.pages = pages;
    m->limit = pages < m->limit ? pages : m->limit;
    m->view.limit = pages < m->view.limit ? pages : m->view.limit;
    unlock();
}

static void clone(struct model *from, uint64_t first, uint64_t pages, struct account *account, struct model *child) {
    lock();
    assert_int_equal(view_snapshot(&from->view, first, pages, pages, account, &child->view), TS_OK);
    unlock();
    uint64_t seen = from == filled ? from->pages : from->limit;
    seen = seen > first ? seen - first : 0;
    memset(child->has, 0, sizeof(child->has));
    child->exists = true;
    child->pages = pages;
    child->first = from->first + first;
    child->limit = seen < pages ? seen : pages;
    for (uint64_t page = 0; from != filled && page < pages && first + page < from->pages; page++) {
        child->has[page] = from->has[first + page];
        child->content[page] = from->content[first + page];
    }
}

static void step_family(struct random *random, struct model *m) {
    if (m->exists && m != filled && random_below(random, 3) == 0) {
        view_destroy(&m->view);
        m->exists = false;
    } else if (m->exists) {
        resize(m, random_below(random, PAGES_MAX - (m->first < PAGES_MAX ? m->first : PAGES_MAX - 1)));
    } else {
        struct model *from = &models[random_below(random, VIEWS)];
        from = from->exists ? from : filled;
        uint64_t room = PAGES_MAX - from->first;
        uint64_t first = random_below(random, 2) == 0 ? 0 : random_below(random, room);
        clone(from, first, random_below(random, room - first), &accounts[random_below(random, JOBS)], m);
    }
}

static void step(struct random *random) {
    struct model *m = &models[random_below(random, VIEWS)];
    if (random_below(random, 64) == 0) {
        step_family(random, m);
        return;
    }
    m = m->exists ? m : filled;
    uint64_t page = random_below(random, PAGES_MAX);
    switch (random_below(random, 6)) {
    case 0: supply(page, random_below(random, 4) == 0); break;
    case 1: make_dirty(page); break;
    case 2: clean(page); break;
    default:
        if (page < m->pages) {
            write_page(m, page);
            check_page(m, page);
        }
        break;
    }
}

static void check_all(void) {
    for (unsigned i = 0; i < VIEWS; i++) {
        for (uint64_t page = 0; models[i].exists && page < models[i].pages; page++) {
            check_page(&models[i], page);
        }
    }
}

static void end(void) {
    for (unsigned i = VIEWS; i > 0; i--) {
        if (models[i - 1].exists) {
            view_destroy(&models[i - 1].view);
        }
    }
    for (unsigned i = 0; i < JOBS; i++) {
        assert_int_equal(accounts[i].used[TS_CEILING_MEMORY], 0);
        assert_int_equal(job_objects[i].references, 1);
    }
    assert_int_equal(slab_audit(support_report), 0);
    assert_int_equal(frames_audit(support_report), 0);
}

static void random_steps(bool traps_dirty) {
    struct random random = {support_seed(0x9a6e5)};
    uint64_t rounds = support_rounds(100000);
    begin(traps_dirty);
    for (uint64_t round = 1; round <= rounds; round++) {
        step(&random);
        if (round % 1024 == 0) {
            check_all();
        }
    }
    check_all();
    end();
}

static void random_steps_without_trap(void **state) { /* G3 G12 V26 */
    (void)state;
    random_steps(false);
}

static void random_steps_with_trap(void **state) { /* G10 */
    (void)state;
    random_steps(true);
}

/* Every allocation of a supply fails once: the page stays where it was. */
static void refused_supply(void **state) { /* G3 */
    (void)state;
    begin(false);
    struct model other = {0};
    struct frame *frame = NULL;
    bool changed;
    assert_int_equal(view_create(&other.view, 1, &accounts[1]), TS_OK);
    assert_int_equal(view_own_page(&other.view, 0, &frame, &changed), TS_OK);
    uint64_t used = accounts[0].used[TS_CEILING_MEMORY];
    ts_status_t status = TS_ERR_NO_MEMORY;
    for (uint64_t room = 0; status != TS_OK; room++) {
        assert_true(room < 8);
        support_set_ceiling(&accounts[0], TS_CEILING_MEMORY, used + room * TS_PAGE_SIZE);
        lock();
        status = view_move_page(&other.view, 0, &filled->view, 899);
        unlock();
        assert_int_equal(view_page(&other.view, 0) != NULL, status != TS_OK);
        assert_int_equal(view_page(&filled->view, 899) != NULL, status == TS_OK);
    }
    assert_int_equal(view_page(&filled->view, 899), frame);
    view_destroy(&other.view);
    end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_steps_without_trap),
        cmocka_unit_test(random_steps_with_trap),
        cmocka_unit_test(refused_supply),
    };
    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
