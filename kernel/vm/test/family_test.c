/* SPDX-License-Identifier: MIT */
/*
 * Clone families against a model that copies: each view has its pages' contents in an array. Pages leave for swap and
 * come back at any time; the test is the server of swap. Seed and number of steps come from TEST_SEED and TEST_ROUNDS.
 */
#include "../family.h"
#include "../swap.h"
#include "kernel/object.h"
#include "vm_support.h"

#define VIEWS      24u
#define PAGES_MAX  1400u /* three leaf nodes, and a root */
#define JOBS       2u
#define CHECK_EACH 2048u
#define SLOTS      600u  /* fewer than there are pages */

struct model {
    struct view view;
    bool exists;
    uint32_t content[PAGES_MAX]; /* what the page's first word is; 0: zeros */
};

static struct model models[VIEWS];
static struct object job_objects[JOBS];
static struct account accounts[JOBS];
static uint32_t last_content;
static uint64_t runs_seen;
static uint64_t frames_before;

static struct object swap_job;
static struct account swap_account;
static struct page_source source;
static struct vmo swap_vmo;
static struct swap_space *space;
static uint32_t store[SLOTS]; /* what the server keeps */

static void begin_swap(void) {
    swap_job = (struct object){.references = 1};
    account_init(&swap_account, NULL, &swap_job);
    source = (struct page_source){0};
    swap_vmo = (struct vmo){.object = {.references = 1, .account = &swap_account}};
    list_init(&swap_vmo.children);
    assert_int_equal(view_create(&swap_vmo.own, SLOTS, &swap_account), TS_OK);
    view_set_source(&swap_vmo.own, &source);
    assert_int_equal(swap_attach(&swap_vmo, &space), TS_OK);
}

static void end_swap(void) {
    for (uint64_t number = 0; number < SLOTS; number++) {
        assert_null(swap_slot_of(&swap_vmo.own, number)); /* all slots came back */
    }
    view_destroy(&swap_vmo.own);
    swap_space_free(space);
    assert_int_equal(swap_account.used[TS_CEILING_MEMORY], 0);
}

static int begin(void **state) {
    (void)state;
    vm_support_begin();
    for (unsigned i = 0; i < JOBS; i++) {
        job_objects[i] = (struct object){.references = 1};
        account_init(&accounts[i], NULL, &job_objects[i]);
    }
    memset(models, 0, sizeof(models));
    last_content = 0;
    frames_before = support_frames_used();
    begin_swap();
    return 0;
}

static void lock(struct model *m) {
    mutex_acquire(&m->view.family->lock);
}

static void unlock(struct model *m) {
    mutex_release(&m->view.family->lock);
}

static ts_status_t create(struct model *m, uint64_t pages, struct account *account) {
    ts_status_t status = view_create(&m->view, pages, account);
    if (status == TS_OK) {
        memset(m->content, 0, sizeof(m->content));
        m->exists = true;
    }
    return status;
}

/* Of a slice: only the first `seen` pages of the child are those of `from`. */
static ts_status_t snapshot_part(struct model *from, uint64_t first, uint64_t seen, uint64_t pages,
                                 struct account *account, struct model *child) {
    lock(from);
    ts_status_t status = view_snapshot(&from->view, first, seen, pages, account, &child->view);
    unlock(from);
    if (status == TS_OK) {
        child->exists = true;
        for (uint64_t i = 0; i < PAGES_MAX; i++) {
            bool is_seen = i < seen && first + i < from->view.pages;
            child->content[i] = is_seen ? from->content[first + i] : 0;
        }
    }
    return status;
}

static ts_status_t snapshot(struct model *from, uint64_t first, uint64_t pages, struct account *account,
                            struct model *child) {
    return snapshot_part(from, first, pages, pages, account, child);
}

/* A page that swap has. */
static struct swap_slot *slot_of(const struct model *m, uint64_t page) {
    return page_tree_slot(page_tree_find(&m->view.tree, m->view.first + page));
}

static uint64_t number_of(const struct swap_slot *slot) {
    for (uint64_t number = 0; number < SLOTS; number++) {
        if (swap_slot_of(&swap_vmo.own, number) == slot) {
            return number;
        }
    }
    fail_msg("a slot of another space");
    return 0;
}

/* The server answers a request for a page, by a page of its own; what is zero it does not even make. */
static void supply(uint64_t number) {
    struct view aux;
    struct frame *frame = NULL;
    bool changed = false;
    assert_int_equal(view_create(&aux, 1, &swap_account), TS_OK);
    if (store[number] != 0) {
        assert_int_equal(view_own_page(&aux, 0, &frame, &changed), TS_OK);
        *(uint32_t *)frame_to_virt(frame) = store[number];
    }
    mutex_acquire(&swap_vmo.own.family->lock);
    assert_int_equal(swap_supply(&swap_vmo.own, number, &aux, 0), TS_OK);
    mutex_release(&swap_vmo.own.family->lock);
    view_destroy(&aux);
}

/* Family lock held. */
static void bring_in(struct model *m, uint64_t page) {
    struct page_wait wait;
    ts_status_t status = swap_in(m->view.family, slot_of(m, page), &wait);
    if (status == TS_ERR_SHOULD_WAIT) {
        supply(wait.page);
        status = swap_in(m->view.family, slot_of(m, page), &wait);
    }
    assert_int_equal(status, TS_OK);
    assert_null(slot_of(m, page));
}

static ts_status_t send_out(struct model *m, uint64_t page) {
    struct swap_slot *slot = NULL;
    lock(m);
    struct frame *frame = view_page(&m->view, page);
    ts_status_t status = frame != NULL ? swap_reserve(space, m->view.family, frame, &slot) : TS_OK;
    if (slot != NULL) {
        swap_out(slot, m->view.family, frame);
        assert_ptr_equal(slot_of(m, page), slot);
    }
    unlock(m);
    return status;
}

/* The server writes a page back. */
static void write_back(uint64_t number) {
    struct frame *frame = page_tree_frame(page_tree_find(&swap_vmo.own.tree, number));
    if (frame != NULL) {
        mutex_acquire(&swap_vmo.own.family->lock);
        store[number] = *(uint32_t *)frame_to_virt(frame);
        swap_drop(&swap_vmo.own, number);
        mutex_release(&swap_vmo.own.family->lock);
    }
}

static uint32_t content_in_swap(const struct swap_slot *slot) {
    uint64_t number = number_of(slot);
    uint64_t word = page_tree_find(&swap_vmo.own.tree, number);
    const struct frame *frame = page_tree_frame(word);
    return frame != NULL ? *(uint32_t *)frame_to_virt(frame) : word == PAGE_ABSENT ? store[number] : 0;
}

static uint64_t pages_in_swap(void) {
    uint64_t count = 0, page = 0;
    struct frame *frame;
    for (; view_next_page(&swap_vmo.own, &page, SLOTS, &frame); page++) {
        count++;
    }
    return count;
}

static ts_status_t write_page(struct model *m, uint64_t page) {
    struct frame *frame = NULL;
    bool changed = false;
    lock(m);
    if (slot_of(m, page) != NULL) {
        struct frame *absent;
        assert_int_equal(view_own_page(&m->view, page, &frame, &changed), TS_ERR_SHOULD_WAIT);
        assert_int_equal(view_find(&m->view, page, &absent), TS_ERR_SHOULD_WAIT);
        assert_null(absent);
        bring_in(m, page);
    }
    bool owned = view_owns_page(&m->view, page);
    struct frame *before = view_page(&m->view, page);
    ts_status_t status = view_own_page(&m->view, page, &frame, &changed);
    unlock(m);
    if (status == TS_OK) {
        assert_int_equal(owned, !changed);
        assert_int_equal(frame == before, !changed);
        m->content[page] = ++last_content % 8 != 0 ? last_content : 0;
        *(uint32_t *)frame_to_virt(frame) = m->content[page];
    }
    return status;
}

static ts_status_t cut(struct model *m, uint64_t first, uint64_t end) {
    lock(m);
    ts_status_t status = view_prepare_cut(&m->view, first, end);
    if (status == TS_OK) {
        view_cut(&m->view, first, end);
        memset(m->content + first, 0, (end - first) * sizeof(m->content[0]));
    }
    unlock(m);
    return status;
}

static void destroy(struct model *m) {
    view_destroy(&m->view);
    m->exists = false;
}

static void check_page(const struct model *m, uint64_t page) {
    const struct frame *frame = view_page(&m->view, page);
    const struct swap_slot *slot = slot_of(m, page);
    uint32_t content = frame != NULL ? *(uint32_t *)frame_to_virt(frame) : slot != NULL ? content_in_swap(slot) : 0;
    assert_int_equal(content, m->content[page]);
}

/* A piece of memory in one piece for an aligned node, if there is nothing in it. */
static void adopt_piece(struct model *m, uint64_t page) {
    uint64_t index = m->view.first + page, word;
    bool fits = index % FRAMES_LARGE == 0 && page + FRAMES_LARGE <= m->view.pages;
    if (!fits || page_tree_next(&m->view.tree, &index, index + FRAMES_LARGE, &word)) {
        return;
    }
    struct frame *run = frame_alloc_large(FRAME_VMO);
    for (uint64_t i = 0; run != NULL && i < FRAMES_LARGE; i++) {
        memset(frame_to_virt(&run[i]), 0, TS_PAGE_SIZE);
        assert_int_equal(view_adopt(&m->view, page + i, &run[i]), TS_OK);
    }
}

static bool is_own(const struct view *view, uint64_t index) {
    bool own;
    return page_tree_page(&view->tree, index, &own) != NULL && own;
}

/* The first of 512 pages, if they are as page_tree_run() says; by another way. */
static const struct frame *run_at(const struct view *view, uint64_t index) {
    const struct frame *first = page_tree_frame(page_tree_find(&view->tree, index));
    for (uint64_t i = 0; i < FRAMES_LARGE; i++) {
        const struct frame *frame = page_tree_frame(page_tree_find(&view->tree, index + i));
        if (frame == NULL || frame->number != first->number + i || !is_own(view, index + i)) {
            return NULL;
        }
    }
    return first;
}

static unsigned check_runs(const struct model *m) {
    unsigned runs = 0;
    for (uint64_t index = m->view.first & ~511ul; index < m->view.first + m->view.pages; index += FRAMES_LARGE) {
        const struct frame *first = run_at(&m->view, index);
        assert_ptr_equal(page_tree_run(&m->view.tree, index), first);
        assert_null(page_tree_run(&m->view.tree, index + 1));
        runs += first != NULL ? 1 : 0;
    }
    return runs;
}

/* Every page; the parts of all relatives add up to the pages that are there, and no part is nothing (V20). */
static void check_all(void) {
    uint64_t parts = 0, distinct = 0;
    for (unsigned i = 0; i < VIEWS; i++) {
        struct model *m = &models[i];
        for (uint64_t page = 0; m->exists && page < m->view.pages; page++) {
            check_page(m, page);
        }
        if (m->exists) {
            runs_seen += check_runs(m);
            uint64_t populated, part;
            view_count(&m->view, 0, m->view.pages, &populated, &part);
            assert_true(part <= populated && populated <= m->view.pages * TS_PAGE_SIZE);
            assert_int_equal(part == 0, populated == 0);
            parts += part;
        }
    }
    struct frame_counts counts;
    frames_count(&counts);
    distinct = counts.use[FRAME_VMO] - pages_in_swap();
    assert_int_equal(parts, distinct * TS_PAGE_SIZE);
}

static void end(void) {
    for (unsigned i = 0; i < VIEWS; i++) {
        if (models[i].exists) {
            destroy(&models[i]);
        }
    }
    end_swap();
    for (unsigned i = 0; i < JOBS; i++) {
        assert_int_equal(accounts[i].used[TS_CEILING_MEMORY], 0);
        assert_int_equal(accounts[i].used[TS_CEILING_SWAP], 0);
        assert_int_equal(job_objects[i].references, 1);
    }
    struct frame_counts counts;
    frames_count(&counts);
    assert_int_equal(counts.use[FRAME_VMO], 0);
    assert_int_equal(slab_audit(support_report), 0);
    assert_int_equal(frames_audit(support_report), 0);
    begin_swap();
}

static struct model *pick(struct random *random, bool exists) {
    unsigned start = (unsigned)random_below(random, VIEWS);
    for (unsigned i = 0; i < VIEWS; i++) {
        struct model *m = &models[(start + i) % VIEWS];
        if (m->exists == exists) {
            return m;
        }
    }
    return NULL;
}

static void random_range(struct random *random, uint64_t limit, uint64_t *first, uint64_t *last) {
    *first = random_below(random, limit + 1);
    *last = *first + random_below(random, limit - *first + 1);
    if (random_below(random, 4) == 0) { /* whole leaf nodes */
        *first &= ~(uint64_t)511;
    }
}

static void step_family(struct random *random, struct account *account) {
    struct model *from = pick(random, true), *fresh = pick(random, false);
    uint64_t pages = random_below(random, 5) == 0 ? random_below(random, 3) : random_below(random, PAGES_MAX + 1);
    if (fresh != NULL && (from == NULL || random_below(random, 4) == 0)) {
        assert_int_equal(create(fresh, pages, account), TS_OK);
    } else if (fresh != NULL && random_below(random, 2) == 0) {
        uint64_t first = random_below(random, 3) == 0 ? random_below(random, PAGES_MAX) : 0;
        pages = random_below(random, 3) == 0 ? from->view.pages : pages;
        uint64_t seen = random_below(random, 3) == 0 ? random_below(random, pages + 1) : pages;
        assert_int_equal(snapshot_part(from, first, seen, pages, account, fresh), TS_OK);
    } else if (from != NULL) {
        destroy(from);
    }
}

static void step_pages(struct random *random, struct model *m) {
    uint64_t first, last;
    switch (random_below(random, 16)) {
    case 0:
        random_range(random, m->view.pages, &first, &last);
        assert_int_equal(cut(m, first, last), TS_OK);
        break;
    case 1: /* another size */
        last = random_below(random, PAGES_MAX + 1);
        if (last < m->view.pages) {
            assert_int_equal(cut(m, last, m->view.pages), TS_OK);
        }
        m->view.pages = last;
        break;
    case 2:
    case 3:
    case 4:
        if (m->view.pages > 0) {
            (void)!send_out(m, random_below(random, m->view.pages)); /* or there is no slot */
        }
        break;
    case 5:
    case 6:
        write_back(random_below(random, SLOTS));
        break;
    case 7: /* a read */
        first = m->view.pages > 0 ? random_below(random, m->view.pages) : 0;
        if (m->view.pages > 0 && slot_of(m, first) != NULL) {
            lock(m);
            bring_in(m, first);
            unlock(m);
        }
        break;
    case 8:
        adopt_piece(m, -m->view.first % FRAMES_LARGE + random_below(random, 2) * FRAMES_LARGE);
        break;
    default:
        if (m->view.pages > 0) {
            assert_int_equal(write_page(m, random_below(random, m->view.pages)), TS_OK);
        }
        break;
    }
}

static void random_steps(void **state) {
    (void)state;
    struct random random = {support_seed(0x7e55e7a)};
    uint64_t rounds = support_rounds(200000);
    for (uint64_t round = 1; round <= rounds; round++) {
        struct model *m = pick(&random, true);
        if (m == NULL || random_below(&random, 24) == 0) {
            step_family(&random, &accounts[random_below(&random, JOBS)]);
        } else {
            step_pages(&random, m);
        }
        if (round % CHECK_EACH == 0) {
            check_all();
        }
    }
    check_all();
    assert_true(runs_seen > 0);
    end();
}

/* What other trees reach is no run, and is one again when they are gone; what has another page is none any more. */
static void runs_are_the_views_own(void **state) {
    (void)state;
    struct model *m = &models[0];
    assert_int_equal(create(m, 1400, &accounts[0]), TS_OK);
    adopt_piece(m, 512);
    const struct frame *first = view_page(&m->view, 512);
    assert_non_null(first);
    assert_ptr_equal(page_tree_run(&m->view.tree, 512), first);
    assert_null(page_tree_run(&m->view.tree, 0));
    assert_null(page_tree_run(&m->view.tree, 1024));
    assert_null(page_tree_run(&m->view.tree, 1ul << 20));
    assert_int_equal(write_page(m, 700), TS_OK);
    assert_ptr_equal(page_tree_run(&m->view.tree, 512), first);
    assert_int_equal(snapshot(m, 0, 1400, &accounts[0], &models[1]), TS_OK);
    assert_null(page_tree_run(&m->view.tree, 512));
    assert_null(page_tree_run(&models[1].view.tree, 512));
    destroy(&models[1]);
    assert_ptr_equal(page_tree_run(&m->view.tree, 512), first);
    assert_int_equal(snapshot(m, 1000, 10, &accounts[0], &models[1]), TS_OK);
    assert_int_equal(write_page(m, 0), TS_OK);
    assert_null(page_tree_run(&m->view.tree, 512));
    destroy(&models[1]);
    assert_ptr_equal(page_tree_run(&m->view.tree, 512), first); /* with hints */
    assert_int_equal(snapshot(m, 0, 1400, &accounts[0], &models[1]), TS_OK);
    assert_int_equal(write_page(m, 1023), TS_OK);
    destroy(&models[1]);
    assert_null(page_tree_run(&m->view.tree, 512));
    check_all();
    end();
}

/* Whoever sees a page that left sees it again, wherever it is by then, and pays for a slot meanwhile. */
static void shared_page_leaves_for_all(void **state) {
    (void)state;
    assert_int_equal(create(&models[0], 600, &accounts[0]), TS_OK);
    assert_int_equal(write_page(&models[0], 5), TS_OK);
    assert_int_equal(snapshot(&models[0], 0, 600, &accounts[1], &models[1]), TS_OK);
    assert_int_equal(write_page(&models[1], 6), TS_OK); /* its own node from here on */
    assert_int_equal(snapshot(&models[1], 0, 600, &accounts[1], &models[2]), TS_OK);
    assert_int_equal(send_out(&models[1], 5), TS_OK);
    const struct swap_slot *slot = slot_of(&models[0], 5);
    assert_int_equal(slot->shares, 2); /* words: two trees share a node */
    assert_ptr_equal(slot_of(&models[2], 5), slot);
    assert_int_equal(accounts[0].used[TS_CEILING_SWAP], TS_PAGE_SIZE);
    check_all();
    uint64_t before = accounts[0].used[TS_CEILING_MEMORY];
    write_back(number_of(slot));
    assert_int_equal(accounts[0].used[TS_CEILING_MEMORY], before - TS_PAGE_SIZE);
    check_all();
    assert_int_equal(write_page(&models[2], 5), TS_OK);
    assert_int_equal(accounts[0].used[TS_CEILING_SWAP], 0);
    assert_ptr_equal(view_page(&models[0].view, 5), view_page(&models[1].view, 5));
    assert_ptr_not_equal(view_page(&models[2].view, 5), view_page(&models[1].view, 5));
    check_all();
    end();
}

static void slots_end_with_their_pages(void **state) {
    (void)state;
    assert_int_equal(create(&models[0], 600, &accounts[0]), TS_OK);
    support_set_ceiling(&accounts[0], TS_CEILING_SWAP, 3 * TS_PAGE_SIZE);
    for (uint64_t page = 0; page < 4; page++) {
        assert_int_equal(write_page(&models[0], page), TS_OK);
        assert_int_equal(send_out(&models[0], page), page < 3 ? TS_OK : TS_ERR_NO_RESOURCES);
    }
    support_set_ceiling(&accounts[0], TS_CEILING_SWAP, TS_CEILING_UNSET);
    assert_int_equal(cut(&models[0], 0, 1), TS_OK); /* while it is on its way */
    write_back(number_of(slot_of(&models[0], 1)));
    assert_int_equal(cut(&models[0], 1, 2), TS_OK); /* when it is gone */
    assert_int_equal(accounts[0].used[TS_CEILING_SWAP], TS_PAGE_SIZE);
    check_all();
    end();
}

/* The server's own page may have left: it is no page of zeros, and comes back before it is supplied. */
static void swapped_page_is_supplied(void **state) {
    (void)state;
    assert_int_equal(create(&models[0], 1, &accounts[0]), TS_OK);
    assert_int_equal(create(&models[1], 1, &accounts[1]), TS_OK);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(write_page(&models[i], 0), TS_OK);
        assert_int_equal(send_out(&models[i], 0), TS_OK);
        write_back(number_of(slot_of(&models[i], 0)));
    }
    uint64_t wanted = number_of(slot_of(&models[0], 0));
    struct family *swap_family = swap_vmo.own.family;
    lock(&models[1]);
    mutex_acquire(&swap_family->lock);
    assert_int_equal(swap_supply(&swap_vmo.own, wanted, &models[1].view, 0), TS_ERR_SHOULD_WAIT);
    mutex_release(&swap_family->lock);
    bring_in(&models[1], 0);
    mutex_acquire(&swap_family->lock);
    assert_int_equal(swap_supply(&swap_vmo.own, wanted, &models[1].view, 0), TS_OK);
    mutex_release(&swap_family->lock);
    unlock(&models[1]);
    models[0].content[0] = models[1].content[0];
    models[1].content[0] = 0;
    check_all();
    end();
}

static void snapshot_equals_copy(void **state) { /* V10 */
    (void)state;
    assert_int_equal(create(&models[0], 600, &accounts[0]), TS_OK);
    for (uint64_t page = 0; page < 600; page += 7) {
        assert_int_equal(write_page(&models[0], page), TS_OK);
    }
    assert_int_equal(snapshot(&models[0], 0, 600, &accounts[0], &models[1]), TS_OK);
    for (uint64_t page = 0; page < 600; page += 14) {
        assert_int_equal(write_page(&models[0], page), TS_OK);
        assert_int_equal(write_page(&models[1], page + 7 < 600 ? page + 7 : 0), TS_OK);
    }
    check_all();
    end();
}

/* All orders in which a parent, two children and a grandchild can be closed. */
static void every_order_of_closing(void **state) { /* V17 V18 V19 */
    (void)state;
    for (unsigned order = 0; order < 4 * 4 * 4 * 4; order++) {
        unsigned turn[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 & 3};
        if ((1u << turn[0] | 1u << turn[1] | 1u << turn[2] | 1u << turn[3]) != 15) {
            continue;
        }
        assert_int_equal(create(&models[0], 520, &accounts[0]), TS_OK);
        for (uint64_t page = 508; page < 516; page++) {
            assert_int_equal(write_page(&models[0], page), TS_OK);
        }
        assert_int_equal(snapshot(&models[0], 0, 520, &accounts[0], &models[1]), TS_OK);
        assert_int_equal(snapshot(&models[0], 510, 4, &accounts[1], &models[2]), TS_OK);
        assert_int_equal(snapshot(&models[1], 509, 6, &accounts[1], &models[3]), TS_OK);
        assert_int_equal(write_page(&models[1], 511), TS_OK);
        assert_int_equal(write_page(&models[3], 1), TS_OK);
        for (unsigned i = 0; i < 4; i++) {
            check_all();
            destroy(&models[turn[i]]);
        }
        end();
    }
}

static uint64_t vmo_frames(void) {
    struct frame_counts counts;
    frames_count(&counts);
    return counts.use[FRAME_VMO];
}

static void unseen_page_is_written_in_place(void **state) { /* V21 */
    (void)state;
    assert_int_equal(create(&models[0], 1024, &accounts[0]), TS_OK);
    for (uint64_t page = 0; page < 1024; page += 64) {
        assert_int_equal(write_page(&models[0], page), TS_OK);
    }
    assert_int_equal(snapshot(&models[0], 512, 128, &accounts[0], &models[1]), TS_OK);
    uint64_t before = vmo_frames();
    assert_int_equal(write_page(&models[0], 64), TS_OK);  /* outside of the child */
    assert_int_equal(write_page(&models[0], 640), TS_OK); /* in a leaf node that the child sees a part of */
    assert_int_equal(vmo_frames(), before);
    assert_int_equal(write_page(&models[0], 512), TS_OK);
    assert_int_equal(vmo_frames(), before + 1);
    assert_int_equal(write_page(&models[1], 0), TS_OK); /* the parent has its own by now */
    assert_int_equal(vmo_frames(), before + 1);
    check_all();
    end();
}

static void forks_of_zeros_cost_a_page_each(void **state) { /* V22 */
    (void)state;
    assert_int_equal(create(&models[0], 1, &accounts[0]), TS_OK);
    for (unsigned i = 1; i < 4; i++) {
        assert_int_equal(snapshot(&models[i - 1], 0, 1, &accounts[0], &models[i]), TS_OK);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(write_page(&models[i], 0), TS_OK);
        assert_int_equal(vmo_frames(), i + 1);
    }
    check_all();
    end();
}

static void grown_clone_sees_nothing_of_the_parent(void **state) { /* V15 V16 */
    (void)state;
    assert_int_equal(create(&models[0], 8, &accounts[0]), TS_OK);
    for (uint64_t page = 0; page < 8; page++) {
        assert_int_equal(write_page(&models[0], page), TS_OK);
    }
    assert_int_equal(snapshot(&models[0], 0, 4, &accounts[0], &models[1]), TS_OK);
    models[1].view.pages = 8;
    check_all();
    assert_int_equal(cut(&models[1], 2, 8), TS_OK);
    models[1].view.pages = 2;
    models[1].view.pages = 8;
    check_all();
    end();
}

/* What is cut leaves nothing behind, also piece by piece. */
static void cut_pages_take_their_nodes_along(void **state) {
    (void)state;
    assert_int_equal(create(&models[0], PAGES_MAX, &accounts[0]), TS_OK);
    uint64_t own, before = accounts[0].used[TS_CEILING_MEMORY];
    for (uint64_t page = 0; page < PAGES_MAX; page += 100) {
        assert_int_equal(write_page(&models[0], page), TS_OK);
    }
    assert_int_equal(snapshot(&models[0], 0, PAGES_MAX, &accounts[1], &models[1]), TS_OK);
    for (uint64_t page = 0; page < PAGES_MAX; page += 100) {
        assert_int_equal(cut(&models[0], page, page + 1), TS_OK);
    }
    assert_int_equal(page_tree_nodes(&models[0].view.tree, &own), 0);
    check_all();
    destroy(&models[1]);
    assert_int_equal(accounts[0].used[TS_CEILING_MEMORY], before);
    end();
}

static void limits_of_the_index_space(void **state) { /* V11 */
    (void)state;
    assert_int_equal(create(&models[0], 4, &accounts[0]), TS_OK);
    assert_int_equal(write_page(&models[0], 3), TS_OK);
    uint64_t far = PAGE_TREE_INDEX_MAX - 3;
    assert_int_equal(snapshot(&models[0], far, 4, &accounts[0], &models[1]), TS_OK);
    assert_int_equal(write_page(&models[1], 3), TS_OK);
    check_all();
    assert_int_equal(snapshot(&models[0], far, 5, &accounts[0], &models[2]), TS_ERR_OUT_OF_RANGE);
    assert_int_equal(snapshot(&models[1], 1, 4, &accounts[0], &models[2]), TS_ERR_OUT_OF_RANGE);
    assert_int_equal(snapshot(&models[0], UINT64_MAX, 2, &accounts[0], &models[2]), TS_ERR_OUT_OF_RANGE);
    end();
}

/* Every allocation fails once: nothing is lost, nothing has changed to a reader. */
static void refused_memory_changes_nothing(void **state) {
    (void)state;
    for (uint64_t room = 0; room < 14; room++) {
        assert_int_equal(create(&models[0], 1100, &accounts[0]), TS_OK);
        assert_int_equal(write_page(&models[0], 3), TS_OK);
        assert_int_equal(write_page(&models[0], 1030), TS_OK);
        assert_int_equal(snapshot(&models[0], 0, 1100, &accounts[0], &models[1]), TS_OK);
        support_set_ceiling(&accounts[1], TS_CEILING_MEMORY, room * TS_PAGE_SIZE);
        ts_status_t status = snapshot(&models[1], 2, 1029, &accounts[1], &models[2]);
        assert_true(status == TS_OK || status == TS_ERR_NO_MEMORY);
        if (status == TS_OK) {
            status = write_page(&models[2], 1);
            assert_true(status == TS_OK || status == TS_ERR_NO_MEMORY);
            (void)!cut(&models[2], 1, 600);
        }
        support_set_ceiling(&accounts[1], TS_CEILING_MEMORY, TS_CEILING_UNSET);
        check_all();
        end();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(snapshot_equals_copy, begin),
        cmocka_unit_test_setup(every_order_of_closing, begin),
        cmocka_unit_test_setup(unseen_page_is_written_in_place, begin),
        cmocka_unit_test_setup(forks_of_zeros_cost_a_page_each, begin),
        cmocka_unit_test_setup(grown_clone_sees_nothing_of_the_parent, begin),
        cmocka_unit_test_setup(cut_pages_take_their_nodes_along, begin),
        cmocka_unit_test_setup(limits_of_the_index_space, begin),
        cmocka_unit_test_setup(refused_memory_changes_nothing, begin),
        cmocka_unit_test_setup(shared_page_leaves_for_all, begin),
        cmocka_unit_test_setup(slots_end_with_their_pages, begin),
        cmocka_unit_test_setup(runs_are_the_views_own, begin),
        cmocka_unit_test_setup(swapped_page_is_supplied, begin),
        cmocka_unit_test_setup(random_steps, begin),
    };
    return cmocka_run_group_tests_name("family", tests, NULL, NULL);
}
