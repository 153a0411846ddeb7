/* SPDX-License-Identifier: MIT */
/* VMOs whose pages are all there from the beginning, so that their page tree never changes and needs no lock. */
#include "kernel/vmo.h"

#include "base/string.h"
#include "kernel/assert.h"
#include "kernel/heap.h"

#define NODE_BITS   9u
#define NODE_WORDS  ((uint64_t)1 << NODE_BITS)
#define PAGE_BATCH  32u /* pages between two preemption points */

static SLAB_CACHE(vmo_cache, struct vmo);

static unsigned tree_height(uint64_t pages) {
    unsigned height = 0;
    while (height < 4 && pages > (uint64_t)1 << (NODE_BITS * height)) {
        height++;
    }
    return height;
}

/* A frame for the VMO, charged to its account. */
static struct frame *charged_frame(struct account *account, enum frame_use use) {
    if (account_charge(account, TS_CEILING_MEMORY, TS_PAGE_SIZE) != TS_OK) {
        return NULL;
    }
    struct frame *frame = frame_alloc(use, FRAME_ANY);
    if (frame == NULL) {
        account_release(account, TS_CEILING_MEMORY, TS_PAGE_SIZE);
    }
    return frame;
}

/* The word of a page; makes nodes on the way if `create`. Null: no node, or no memory for one. */
static uint64_t *tree_word(struct vmo *vmo, uint64_t index, bool create) {
    uint64_t *word = &vmo->pages.root;
    for (unsigned level = vmo->pages.height; level > 0; level--) {
        if (*word == 0) {
            struct frame *frame = create ? charged_frame(vmo->object.account, FRAME_KERNEL) : NULL;
            if (frame == NULL) {
                return NULL;
            }
            *word = (uint64_t)frame_to_virt(frame);
        }
        uint64_t *node = (uint64_t *)*word;
        word = &node[index >> (NODE_BITS * (level - 1)) & (NODE_WORDS - 1)];
    }
    return word;
}

static struct frame *tree_frame(const struct vmo *vmo, uint64_t index) {
    const uint64_t *word = tree_word((struct vmo *)(uintptr_t)vmo, index, false);
    return word != NULL ? (struct frame *)*word : NULL;
}

static void node_free(struct account *account, uint64_t word, unsigned height) {
    if (word == 0 || height == 0) {
        return;
    }
    const uint64_t *node = (const uint64_t *)word;
    for (uint64_t i = 0; i < NODE_WORDS && height > 1; i++) {
        node_free(account, node[i], height - 1);
    }
    frame_free(frame_from_phys(virt_to_phys(node)));
    account_release(account, TS_CEILING_MEMORY, TS_PAGE_SIZE);
}

/* The lowest node on the way to a page, whose pages are freed, goes. */
static void leaf_node_free(struct vmo *vmo, uint64_t index) {
    uint64_t *word = &vmo->pages.root;
    for (unsigned level = vmo->pages.height; level > 1 && *word != 0; level--) {
        word = &((uint64_t *)*word)[index >> (NODE_BITS * (level - 1)) & (NODE_WORDS - 1)];
    }
    node_free(vmo->object.account, *word, vmo->pages.height > 0 ? 1 : 0);
    *word = 0;
}

/* Frees some pages: as many as may take a moment with interrupts off. False: there are more. */
static bool free_some_pages(struct vmo *vmo) {
    uint64_t pages = vmo->size >> TS_PAGE_SHIFT;
    uint64_t end = vmo->freed + PAGE_BATCH < pages ? vmo->freed + PAGE_BATCH : pages;
    for (; vmo->freed < end; vmo->freed++) {
        struct frame *frame = tree_frame(vmo, vmo->freed);
        if (frame != NULL) {
            frame_free(frame);
            account_release(vmo->object.account, TS_CEILING_MEMORY, TS_PAGE_SIZE);
        }
        if (vmo->freed % NODE_WORDS == NODE_WORDS - 1 || vmo->freed == pages - 1) {
            leaf_node_free(vmo, vmo->freed);
        }
    }
    return end == pages;
}

static void vmo_free(struct object *object) {
    struct vmo *vmo = container_of(object, struct vmo, object);
    if (!vmo->is_physical && !vmo->is_borrowed) {
        if (!free_some_pages(vmo)) {
            grace_continue(&object->grace);
            return;
        }
        node_free(object->account, vmo->pages.root, vmo->pages.height);
    }
    object_uncharge(object);
    slab_free(&vmo_cache, vmo);
}

static const struct object_ops vmo_ops = {.free = vmo_free};

static ts_status_t vmo_new(struct account *account, uint64_t size, struct vmo **result) {
    struct vmo *vmo = slab_alloc(&vmo_cache);
    if (vmo == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    ts_status_t status = object_init(&vmo->object, TS_OBJECT_VMO, &vmo_ops, account, sizeof(*vmo));
    if (status != TS_OK) {
        slab_free(&vmo_cache, vmo);
        return status;
    }
    vmo->object.signals = TS_SIGNAL_ZERO_CHILDREN;
    vmo->size = size;
    *result = vmo;
    return TS_OK;
}

static ts_status_t add_page(struct vmo *vmo, uint64_t index) {
    uint64_t *word = tree_word(vmo, index, true);
    struct frame *frame = word != NULL ? charged_frame(vmo->object.account, FRAME_VMO) : NULL;
    if (frame == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    frame->owner = vmo;
    frame->index = index;
    *word = (uint64_t)frame;
    return TS_OK;
}

ts_status_t vmo_create(struct account *account, uint64_t size, struct vmo **result) {
    if (size > VMO_SIZE_MAX) {
        return TS_ERR_OUT_OF_RANGE;
    }
    size = (size + TS_PAGE_SIZE - 1) & ~(uint64_t)(TS_PAGE_SIZE - 1);
    struct vmo *vmo = NULL;
    ts_status_t status = vmo_new(account, size, &vmo);
    if (status != TS_OK) {
        return status;
    }
    vmo->pages.height = tree_height(size >> TS_PAGE_SHIFT);
    for (uint64_t i = 0; i < size >> TS_PAGE_SHIFT; i++) {
        status = add_page(vmo, i);
        if (status != TS_OK) {
            vmo->size = i << TS_PAGE_SHIFT; /* so much there is to free */
            object_release(&vmo->object);
            return status;
        }
        if (i % PAGE_BATCH == PAGE_BATCH - 1) {
            sched_preemption_point();
        }
    }
    *result = vmo;
    return TS_OK;
}

ts_status_t vmo_create_physical(struct account *account, uint64_t base, uint64_t size, struct vmo **result) {
    ts_status_t status = vmo_new(account, size, result);
    if (status == TS_OK) {
        (*result)->is_physical = true;
        (*result)->physical_base = base;
        (*result)->memory_type = PT_TYPE_DEVICE;
    }
    return status;
}

ts_status_t vmo_create_borrowed(uint64_t base, uint64_t size, struct vmo **result) {
    ts_status_t status = vmo_new(NULL, size, result);
    if (status == TS_OK) {
        (*result)->is_borrowed = true;
        (*result)->physical_base = base;
    }
    return status;
}

void *vmo_page(const struct vmo *vmo, uint64_t page_index) {
    DEBUG_ASSERT(vmo->object.kind == TS_OBJECT_VMO);
    if (page_index >= vmo->size >> TS_PAGE_SHIFT || vmo->is_physical) {
        return NULL;
    }
    return phys_to_virt(vmo_page_phys(vmo, page_index));
}

uint64_t vmo_page_phys(const struct vmo *vmo, uint64_t page_index) {
    DEBUG_ASSERT(vmo->object.kind == TS_OBJECT_VMO);
    if (vmo->is_physical || vmo->is_borrowed) {
        return vmo->physical_base + (page_index << TS_PAGE_SHIFT);
    }
    return frame_to_phys(tree_frame(vmo, page_index));
}

static ts_status_t check_range(const struct vmo *vmo, uint64_t offset, uint64_t length) {
    if (vmo->is_physical) {
        return TS_ERR_NOT_SUPPORTED;
    }
    uint64_t end;
    if (__builtin_add_overflow(offset, length, &end) || end > vmo->size) {
        return TS_ERR_OUT_OF_RANGE;
    }
    return TS_OK;
}

enum direction { FROM_VMO, TO_VMO };

static ts_status_t copy_user(struct vmo *vmo, uaddr_t buffer, uint64_t offset, uint64_t length,
                             enum direction direction) {
    ts_status_t status = check_range(vmo, offset, length);
    while (status == TS_OK && length > 0) {
        uint64_t in_page = offset & (TS_PAGE_SIZE - 1);
        size_t part = TS_PAGE_SIZE - in_page < length ? TS_PAGE_SIZE - in_page : length;
        char *page = vmo_page(vmo, offset >> TS_PAGE_SHIFT);
        status = direction == FROM_VMO ? arch_copy_to_user(buffer, page + in_page, part)
                                       : arch_copy_from_user(page + in_page, buffer, part);
        buffer += part;
        offset += part;
        length -= part;
        sched_preemption_point();
    }
    return status;
}

ts_status_t vmo_read_user(struct vmo *vmo, uaddr_t buffer, uint64_t offset, uint64_t length) {
    DEBUG_ASSERT(vmo->object.kind == TS_OBJECT_VMO);
    return copy_user(vmo, buffer, offset, length, FROM_VMO);
}

ts_status_t vmo_write_user(struct vmo *vmo, uaddr_t buffer, uint64_t offset, uint64_t length) {
    DEBUG_ASSERT(vmo->object.kind == TS_OBJECT_VMO);
    if (vmo->is_borrowed) {
        return TS_ERR_NOT_SUPPORTED;
    }
    return copy_user(vmo, buffer, offset, length, TO_VMO);
}

ts_status_t vmo_write_kernel(struct vmo *vmo, const void *data, uint64_t offset, uint64_t length) {
    DEBUG_ASSERT(vmo->object.kind == TS_OBJECT_VMO);
    ts_status_t status = check_range(vmo, offset, length);
    const char *from = data;
    while (status == TS_OK && length > 0) {
        uint64_t in_page = offset & (TS_PAGE_SIZE - 1);
        size_t part = TS_PAGE_SIZE - in_page < length ? TS_PAGE_SIZE - in_page : length;
        memcpy((char *)vmo_page(vmo, offset >> TS_PAGE_SHIFT) + in_page, from, part);
        from += part;
        offset += part;
        length -= part;
    }
    return status;
}
