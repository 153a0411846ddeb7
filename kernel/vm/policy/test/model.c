/* SPDX-License-Identifier: MIT */
/* See model.h. */
#include "model.h"

#include <string.h>

/* --- Lists */

static unsigned find(const struct model_list *list, unsigned page) {
    unsigned i = 0;
    while (i < list->count && list->pages[i] != page) {
        i++;
    }
    return i;
}

static bool has(const struct model_list *list, unsigned page) {
    return find(list, page) < list->count;
}

static void delete (struct model_list *list, unsigned page) {
    unsigned i = find(list, page);
    if (i < list->count) {
        list->count--;
        memmove(&list->pages[i], &list->pages[i + 1], (list->count - i) * sizeof(list->pages[0]));
    }
}

static void append(struct model_list *list, unsigned page) {
    list->pages[list->count++] = page;
}

static void prepend(struct model_list *list, unsigned page) {
    memmove(&list->pages[1], &list->pages[0], list->count * sizeof(list->pages[0]));
    list->pages[0] = page;
    list->count++;
}

static unsigned take_oldest(struct model_list *list) {
    unsigned page = list->pages[0];
    delete (list, page);
    return page;
}

/* --- The algorithms as published */

static size_t literal_lru(const uint32_t *requests, size_t count, uint32_t frames) {
    struct model_list list = {0};
    size_t misses = 0;
    for (size_t i = 0; i < count; i++) {
        if (has(&list, requests[i])) {
            delete (&list, requests[i]);
        } else {
            misses++;
            if (list.count == frames) {
                take_oldest(&list);
            }
        }
        append(&list, requests[i]);
    }
    return misses;
}

static size_t literal_clock(const uint32_t *requests, size_t count, uint32_t frames,
                            bool first_bit) {
    struct model_list circle = {0};
    bool bit[MODEL_PAGES] = {false}; /* by frame */
    unsigned hand = 0;
    size_t misses = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned frame = find(&circle, requests[i]);
        if (frame < circle.count) {
            bit[frame] = true;
            continue;
        }
        misses++;
        if (circle.count < frames) {
            append(&circle, requests[i]);
            bit[frame] = first_bit;
            continue;
        }
        for (; bit[hand]; hand = (hand + 1) % frames) {
            bit[hand] = false;
        }
        circle.pages[hand] = requests[i];
        bit[hand] = first_bit;
        hand = (hand + 1) % frames;
    }
    return misses;
}

struct figure {
    struct model_list t1, t2, b1, b2;
    unsigned c, p;
};

static void figure_replace(struct figure *f, bool in_b2) {
    if (f->t1.count > 0 &&
        (f->t1.count > f->p || (in_b2 && f->t1.count == f->p) || f->t2.count == 0)) {
        append(&f->b1, take_oldest(&f->t1));
    } else {
        append(&f->b2, take_oldest(&f->t2));
    }
}

static unsigned at_least_one(unsigned number) {
    return number < 1 ? 1 : number;
}

/* Cases II and III: the page is in a list of ghosts. */
static void figure_ghost(struct figure *f, unsigned x) {
    bool in_b2 = has(&f->b2, x);
    if (in_b2) {
        unsigned delta = at_least_one(f->b1.count / f->b2.count);
        f->p = f->p > delta ? f->p - delta : 0;
    } else {
        unsigned delta = at_least_one(f->b2.count / f->b1.count);
        f->p = f->p + delta < f->c ? f->p + delta : f->c;
    }
    figure_replace(f, in_b2);
    delete (in_b2 ? &f->b2 : &f->b1, x);
    append(&f->t2, x);
}

/* Case IV: it is in none. */
static void figure_new(struct figure *f, unsigned x) {
    unsigned l1 = f->t1.count + f->b1.count;
    unsigned all = l1 + f->t2.count + f->b2.count;
    if (l1 == f->c) {
        if (f->t1.count < f->c) {
            take_oldest(&f->b1);
            figure_replace(f, false);
        } else {
            take_oldest(&f->t1);
        }
    } else if (all >= f->c) {
        if (all == 2 * f->c) {
            take_oldest(&f->b2);
        }
        figure_replace(f, false);
    }
    append(&f->t1, x);
}

static size_t literal_arc(const uint32_t *requests, size_t count, uint32_t frames) {
    struct figure f = {.c = frames};
    size_t misses = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned x = requests[i];
        if (has(&f.t1, x) || has(&f.t2, x)) {
            delete (&f.t1, x);
            delete (&f.t2, x);
            append(&f.t2, x);
            continue;
        }
        misses++;
        if (has(&f.b1, x) || has(&f.b2, x)) {
            figure_ghost(&f, x);
        } else {
            figure_new(&f, x);
        }
    }
    return misses;
}

size_t literal_misses(const struct reclaim_policy *policy, const uint32_t *requests, size_t count,
                      uint32_t frames) {
    if (policy == &reclaim_arc) {
        return literal_arc(requests, count, frames);
    }
    if (policy == &reclaim_lru) {
        return literal_lru(requests, count, frames);
    }
    return literal_clock(requests, count, frames, policy == &reclaim_clock);
}

/* --- The model of a set */

static bool is_clock(const struct model *model) {
    return model->policy == &reclaim_clock || model->policy == &reclaim_clock_ref0;
}

/* T1 or T2 of the paper, with the pages that are aside. */
static unsigned length(const struct model *model, unsigned list) {
    unsigned count = 0;
    for (unsigned i = 0; i < MODEL_PAGES; i++) {
        count += model->page[i].resident && model->page[i].list == list;
    }
    return count;
}

void model_init(struct model *model, const struct reclaim_policy *policy, unsigned capacity) {
    *model = (struct model){.policy = policy, .capacity = capacity, .room = capacity + 1};
}

static bool first_is_over(const struct model *model) {
    return model->ghosts[0].count > 0 &&
           length(model, 0) + model->ghosts[0].count > model->capacity;
}

static bool is_over(const struct model *model) {
    unsigned ghosts = model->ghosts[0].count + model->ghosts[1].count;
    unsigned all = length(model, 0) + length(model, 1) + ghosts;
    return first_is_over(model) || (ghosts > 0 && all > 2 * model->capacity) ||
           ghosts > model->capacity;
}

static void drop(struct model *model) {
    bool first = first_is_over(model) || model->ghosts[1].count == 0;
    take_oldest(&model->ghosts[first ? 0 : 1]);
}

void model_resize(struct model *model, unsigned capacity, bool with_memory) {
    model->capacity = capacity;
    model->target = model->target < capacity ? model->target : capacity;
    if (with_memory && model->policy == &reclaim_arc) {
        model->room = capacity + 1;
        memset(model->leaving, true, sizeof(model->leaving));
    }
}

/* Ghosts move from the youngest to the oldest; in which memory they are changes nothing but how
 * many may come. */
static bool move_one(struct model *model) {
    for (unsigned list = 0; list < 2; list++) {
        for (unsigned i = model->ghosts[list].count; i-- > 0;) {
            unsigned page = model->ghosts[list].pages[i];
            if (model->leaving[page]) {
                model->leaving[page] = false;
                return true;
            }
        }
    }
    return false;
}

bool model_resize_step(struct model *model, unsigned budget) {
    if (model->policy != &reclaim_arc) {
        return true;
    }
    for (; budget > 0; budget--) {
        if (is_over(model)) {
            drop(model);
        } else if (!move_one(model)) {
            return true;
        }
    }
    return false;
}

enum reclaim_ghost model_miss(struct model *model, unsigned page) {
    model->misses++;
    unsigned b1 = model->ghosts[0].count, b2 = model->ghosts[1].count;
    if (has(&model->ghosts[0], page)) {
        unsigned sum = model->target + at_least_one(b2 / b1);
        model->target = sum < model->capacity ? sum : model->capacity;
    } else if (has(&model->ghosts[1], page)) {
        unsigned delta = at_least_one(b1 / b2);
        model->target = model->target > delta ? model->target - delta : 0;
    } else {
        return RECLAIM_GHOST_NONE;
    }
    bool first = has(&model->ghosts[0], page);
    delete (&model->ghosts[first ? 0 : 1], page);
    model->ghost_hits++;
    return first ? RECLAIM_GHOST_RECENT : RECLAIM_GHOST_FREQUENT;
}

void model_track(struct model *model, unsigned page, enum reclaim_ghost ghost, bool asked,
                 enum reclaim_arrival arrival) {
    unsigned list = ghost != RECLAIM_GHOST_NONE;
    model->page[page] = (struct model_page){
        .resident = true,
        .list = list,
        .referenced = model->policy == &reclaim_clock && asked,
        .unused = arrival == RECLAIM_FIRST_USE,
    };
    append(&model->pages[list], page);
    for (unsigned i = 0; i < 2 && is_over(model); i++) {
        drop(model);
    }
}

void model_access(struct model *model, unsigned number) {
    struct model_page *page = &model->page[number];
    bool again = !page->unused;
    page->unused = false;
    model->hits += again;
    if (model->policy == &reclaim_none) {
        return;
    }
    if (is_clock(model) || page->aside) {
        page->referenced = true;
    }
    unsigned list = model->policy == &reclaim_arc && again ? 1 : page->list;
    if (!is_clock(model) && !page->aside) {
        delete (&model->pages[page->list], number);
        append(&model->pages[list], number);
    }
    page->list = list;
}

bool model_sweep(struct model *model, unsigned budget) {
    struct model_list *circle = &model->pages[0];
    for (; is_clock(model) && circle->count > 0 && model->page[circle->pages[0]].referenced;
         budget--) {
        if (budget == 0) {
            return false;
        }
        unsigned page = take_oldest(circle);
        model->page[page].referenced = false;
        append(circle, page);
    }
    return true;
}

static unsigned clock_choice(struct model *model) {
    const struct model_list *circle = &model->pages[0];
    model_sweep(model, MODEL_PAGES);
    return circle->count > 0 ? circle->pages[0] : MODEL_NONE;
}

static unsigned arc_choice(const struct model *model, enum reclaim_ghost ghost) {
    unsigned t1 = length(model, 0);
    bool first = t1 > model->target || (ghost == RECLAIM_GHOST_FREQUENT && t1 == model->target);
    const struct model_list *list = &model->pages[first ? 0 : 1];
    if (list->count == 0) {
        list = &model->pages[first ? 1 : 0];
    }
    return list->count > 0 ? list->pages[0] : MODEL_NONE;
}

static unsigned choose(struct model *model, enum reclaim_ghost ghost) {
    if (is_clock(model)) {
        return clock_choice(model);
    }
    if (model->policy == &reclaim_arc) {
        return arc_choice(model, ghost);
    }
    bool any = model->policy == &reclaim_lru && model->pages[0].count > 0;
    return any ? model->pages[0].pages[0] : MODEL_NONE;
}

unsigned model_victim(struct model *model, enum reclaim_ghost ghost) {
    unsigned page = choose(model, ghost);
    if (page != MODEL_NONE) {
        delete (&model->pages[model->page[page].list], page);
        model->page[page].aside = true;
        model->page[page].referenced = false;
    }
    return page;
}

void model_put_back(struct model *model, unsigned number) {
    struct model_page *page = &model->page[number];
    page->aside = false;
    if (page->referenced) {
        append(&model->pages[page->list], number);
    } else {
        prepend(&model->pages[page->list], number);
    }
}

void model_remove(struct model *model, unsigned page) {
    delete (&model->pages[model->page[page].list], page);
    model->page[page] = (struct model_page){0};
}

/* Ghosts for which the memory of the present capacity is used. */
static unsigned ghosts_here(const struct model *model) {
    unsigned count = 0;
    for (unsigned i = 0; i < MODEL_PAGES; i++) {
        count += (has(&model->ghosts[0], i) || has(&model->ghosts[1], i)) && !model->leaving[i];
    }
    return count;
}

static void forget_leaving(struct model *model) {
    for (unsigned i = 0; i < MODEL_PAGES; i++) {
        if (model->leaving[i]) {
            delete (&model->ghosts[0], i);
            delete (&model->ghosts[1], i);
        }
    }
}

void model_evict(struct model *model, unsigned page) {
    unsigned list = model->page[page].list;
    model_remove(model, page);
    model->evictions++;
    if (model->policy != &reclaim_arc) {
        return;
    }
    delete (&model->ghosts[0], page);
    delete (&model->ghosts[1], page);
    if (ghosts_here(model) == model->room) {
        forget_leaving(model);
        drop(model);
    }
    model->leaving[page] = false;
    append(&model->ghosts[list], page);
}

void model_count(const struct model *model, struct reclaim_counts *counts) {
    *counts = (struct reclaim_counts){
        .hits = model->hits,
        .misses = model->misses,
        .evictions = model->evictions,
        .ghost_hits = model->ghost_hits,
        .capacity = model->capacity,
        .target = model->target,
        .recent = length(model, 0),
        .frequent = length(model, 1),
        .recent_ghosts = model->ghosts[0].count,
        .frequent_ghosts = model->ghosts[1].count,
    };
    counts->pages = counts->recent + counts->frequent;
    for (unsigned i = 0; i < MODEL_PAGES; i++) {
        counts->aside += model->page[i].aside;
        counts->dirty += model->page[i].dirty;
    }
}
