/* SPDX-License-Identifier: MIT */
/* Mappings, pages and families as records, part by part, so that no lock is held for longer than a part takes. */
#include "kernel/vm_inspect.h"

#include "base/string.h"
#include "kernel/assert.h"
#include "vm_private.h"

static unsigned depth_of(const struct mapping *mapping) {
    unsigned depth = 0;
    for (const struct vmar *vmar = mapping->region.parent; vmar != NULL; vmar = vmar->region.parent) {
        if (++depth % 64 == 0) {
            sched_preemption_point();
        }
    }
    return depth;
}

/* Pages that are there in [first, end). Family lock held. */
static uint64_t count_pages(const struct view *view, uint64_t first, uint64_t end) {
    struct frame *frame;
    uint64_t count = 0;
    for (uint64_t page = first; view_next_page(view, &page, end, &frame); page++) {
        if (++count % 64 == 0) {
            sched_preemption_point();
        }
    }
    return count;
}

static void describe_mapping(const struct mapping *mapping, struct ts_inspect_map *record) {
    const struct vmo *vmo = mapping->vmo;
    struct family *family = vmo->view->family;
    uint64_t first = mapping_page(mapping, mapping->region.base);
    uint64_t pages = mapping->region.size >> TS_PAGE_SHIFT;
    *record = (struct ts_inspect_map){.base = mapping->region.base,
                                      .size = mapping->region.size,
                                      .offset = mapping->vmo_offset,
                                      .vmo = vmo->object.koid,
                                      .permissions = mapping->permissions,
                                      .depth = depth_of(mapping)};
    mutex_acquire(&family->lock);
    record->present = vmo->is_physical || vmo->is_borrowed ? pages : count_pages(vmo->view, first, first + pages);
    string_copy(record->name, sizeof(record->name), vmo->name);
    mutex_release(&family->lock);
}

unsigned inspect_maps(struct address_space *space, uint64_t *position, struct ts_inspect_map *records, unsigned room) {
    unsigned count = 0;
    mutex_acquire(&space->lock);
    while (count < room) {
        const struct mapping *mapping = vmar_next_mapping(space->root, *position);
        if (mapping == NULL) {
            *position = INSPECT_END;
            break;
        }
        describe_mapping(mapping, &records[count++]);
        *position = mapping->region.base + mapping->region.size;
    }
    mutex_release(&space->lock);
    return count;
}

static void describe_page(const struct view *view, uint64_t index, uint64_t word, struct ts_inspect_page *record) {
    const struct frame *frame = page_tree_frame(word);
    bool swapped = page_tree_slot(word) != NULL;
    *record = (struct ts_inspect_page){.state = swapped         ? TS_PAGE_STATE_SWAPPED
                                                : frame == NULL ? TS_PAGE_STATE_ZERO
                                                                : 0};
    if (frame == NULL) {
        return;
    }
    bool own;
    (void)page_tree_page(&view->tree, index, &own);
    record->pa = frame_to_phys(frame);
    record->shares = frame->shares;
    record->state |= own ? 0 : TS_PAGE_STATE_COPY;
    record->state |= (frame->flags & FRAME_DIRTY) != 0 ? TS_PAGE_STATE_DIRTY : 0;
    record->state |= view->pins != 0 || frame->pin_count != 0 ? TS_PAGE_STATE_PINNED : 0;
    LIST_FOR_EACH(node, &view->family->views) {
        const struct view *relative = container_of(node, const struct view, link);
        if (relative != view && page_tree_frame(page_tree_find(&relative->tree, index)) == frame) {
            record->state |= TS_PAGE_STATE_SHARED;
            break;
        }
    }
}

unsigned inspect_pages(struct vmo *vmo, uint64_t *position, struct ts_inspect_page *records, unsigned room) {
    const struct view *view = vmo->view;
    uint64_t first = vmo->offset >> TS_PAGE_SHIFT;
    uint64_t pages = vmo->size >> TS_PAGE_SHIFT;
    unsigned count = 0;
    mutex_acquire(&view->family->lock);
    uint64_t base = view->first + first;
    uint64_t index = *position < pages ? base + *position : base + pages;
    uint64_t word;
    while (count < room && page_tree_next(&view->tree, &index, base + pages, &word)) {
        describe_page(view, index, word, &records[count]);
        records[count++].page = index - base;
        index++;
        sched_preemption_point();
    }
    *position = count == room ? index - base : INSPECT_END;
    mutex_release(&view->family->lock);
    return count;
}

static void describe_vmo(struct vmo *vmo, struct ts_inspect_vmo *record) {
    struct family *family = vmo->own.family;
    *record = (struct ts_inspect_vmo){.koid = vmo->object.koid,
                                      .first = vmo->own.first,
                                      .pages = vmo->own.pages,
                                      .present = count_pages(&vmo->own, 0, vmo->own.pages),
                                      .pins = vmo->own.pins,
                                      .handles = __atomic_load_n(&vmo->object.handles, __ATOMIC_RELAXED)};
    LIST_FOR_EACH(node, &vmo->own.mappings) {
        record->mappings++;
    }
    string_copy(record->name, sizeof(record->name), vmo->name);
    spinlock_acquire(&family->links_lock);
    record->parent = vmo->parent != NULL ? vmo->parent->object.koid : 0;
    spinlock_release(&family->links_lock);
}

unsigned inspect_family(struct vmo *vmo, uint64_t *position, struct ts_inspect_vmo *records, unsigned room) {
    struct family *family = vmo->view->family;
    unsigned count = 0;
    uint64_t at = 0;
    bool more = false;
    mutex_acquire(&family->lock);
    LIST_FOR_EACH(node, &family->views) {
        if (at++ < *position) {
            continue;
        }
        if (count == room) {
            more = true;
            break;
        }
        describe_vmo(container_of(node, struct vmo, own.link), &records[count++]);
        sched_preemption_point();
    }
    *position = more ? *position + count : INSPECT_END;
    mutex_release(&family->lock);
    return count;
}

void inspect_count_vmos(uint64_t *vmos, uint64_t *families) {
    struct vmo *vmo = NULL;
    *vmos = 0;
    *families = 0;
    while ((vmo = vmo_next(vmo)) != NULL) {
        struct family *family = vmo->view->family;
        ++*vmos;
        mutex_acquire(&family->lock);
        *families += vmo->sliced == NULL && list_first(&family->views) == &vmo->own.link ? 1 : 0;
        mutex_release(&family->lock);
    }
}
