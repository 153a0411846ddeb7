/* SPDX-License-Identifier: MIT */
/* Ranges and mappings. Every function takes the space's lock for its whole duration; decode first, then change. */
#include "kernel/vmar.h"

#include "abi/options.h"
#include "abi/rights.h"
#include "kernel/assert.h"
#include "kernel/heap.h"
#include "vm_private.h"

#define PERMISSIONS VM_PERMISSIONS
#define CAN_MAP     (TS_VMAR_CAN_MAP_READ | TS_VMAR_CAN_MAP_WRITE | TS_VMAR_CAN_MAP_EXECUTE)
#define PLACEMENT   (TS_VMAR_SPECIFIC | TS_VMAR_SPECIFIC_OVERWRITE)
#define MAP_OPTIONS (PERMISSIONS | PLACEMENT | TS_VMAR_MAP_RANGE | TS_VMAR_ALLOW_FAULTS | TS_VMAR_ALIGN_MASK)
#define PAGE_BATCH  64u

static SLAB_CACHE(vmar_cache, struct vmar);
static SLAB_CACHE(mapping_cache, struct mapping);

const struct handle_view vmar_no_handle = {.rights = TS_RIGHT_ALL};

static bool is_aligned(uint64_t value) {
    return (value & (TS_PAGE_SIZE - 1)) == 0;
}

/* R, W, X that rights of a handle allow. */
static uint32_t permissions_of_rights(ts_rights_t rights) {
    return ((rights & TS_RIGHT_READ) != 0 ? TS_VMAR_READ : 0) |
           ((rights & TS_RIGHT_WRITE) != 0 ? TS_VMAR_WRITE : 0) |
           ((rights & TS_RIGHT_EXECUTE) != 0 ? TS_VMAR_EXECUTE : 0);
}

/* R, W, X that CAN_MAP flags allow. */
static uint32_t permissions_of_flags(uint32_t can_map) {
    return ((can_map & TS_VMAR_CAN_MAP_READ) != 0 ? TS_VMAR_READ : 0) |
           ((can_map & TS_VMAR_CAN_MAP_WRITE) != 0 ? TS_VMAR_WRITE : 0) |
           ((can_map & TS_VMAR_CAN_MAP_EXECUTE) != 0 ? TS_VMAR_EXECUTE : 0);
}

/* M6 and W^X: nothing, or READ with at most one of the others. */
static bool permissions_are_valid(uint32_t options) {
    uint32_t permissions = options & PERMISSIONS;
    return permissions == 0 || ((permissions & TS_VMAR_READ) != 0 && permissions != PERMISSIONS);
}

static void vmar_free(struct object *object) {
    struct vmar *vmar = container_of(object, struct vmar, object);
    address_space_release(vmar->space);
    object_uncharge(object);
    slab_free(&vmar_cache, vmar);
}

static const struct object_ops vmar_ops = {.free = vmar_free};

static ts_status_t vmar_new(struct address_space *space, struct vmar *parent, uint64_t base, uint64_t size,
                            uint32_t can_map, struct vmar **result) {
    struct vmar *vmar = slab_alloc(&vmar_cache);
    if (vmar == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    ts_status_t status = object_init(&vmar->object, TS_OBJECT_VMAR, &vmar_ops, space->account, sizeof(*vmar));
    if (status != TS_OK) {
        slab_free(&vmar_cache, vmar);
        return status;
    }
    vmar->object.waitable = false;
    vmar->region = (struct region){.base = base, .size = size, .parent = parent, .is_vmar = true};
    vmar->space = space;
    vmar->can_map = can_map;
    address_space_reference(space);
    *result = vmar;
    return TS_OK;
}

ts_status_t vmar_new_root(struct address_space *space, uint64_t base, uint64_t size, struct vmar **root) {
    return vmar_new(space, NULL, base, size, CAN_MAP | TS_VMAR_CAN_MAP_SPECIFIC, root);
}

/* M14: what the address has to be a multiple of; 0: what the options say is none. */
static uint64_t alignment_of(uint32_t options) {
    uint32_t log2 = (options & TS_VMAR_ALIGN_MASK) >> TS_VMAR_ALIGN_SHIFT;
    if (log2 == 0) {
        return TS_PAGE_SIZE;
    }
    return log2 < TS_PAGE_SHIFT ? 0 : (uint64_t)1 << log2;
}

/* Anywhere free, where large pages can lie if the size allows any: at other places none could be used. */
static bool find_room(struct vmar *vmar, uint64_t size, uint64_t alignment, uint64_t *base) {
    uint64_t natural = size >= PT_SIZE_1G ? PT_SIZE_1G : size >= PT_SIZE_2M ? PT_SIZE_2M : TS_PAGE_SIZE;
    return (natural > alignment && space_find_room(vmar, size, natural, base)) ||
           space_find_room(vmar, size, alignment, base);
}

/* Decides where [*, size) goes: by offset where the options say so, anywhere free otherwise. */
static __attribute__((noinline)) ts_status_t place(struct vmar *vmar, uint32_t options, uint64_t offset, uint64_t size,
                                                   uint64_t *base) {
    DEBUG_ASSERT(vmar->space->lock.owner == task_current());
    uint64_t alignment = alignment_of(options);
    if (size == 0 || !is_aligned(size) || !is_aligned(offset) || alignment == 0 ||
        (options & PLACEMENT) == PLACEMENT) {
        return TS_ERR_INVALID_ARGS;
    }
    if ((options & PLACEMENT) == 0) {
        if (offset != 0) {
            return TS_ERR_INVALID_ARGS;
        }
        return find_room(vmar, size, alignment, base) ? TS_OK : TS_ERR_NO_RESOURCES;
    }
    if ((vmar->can_map & TS_VMAR_CAN_MAP_SPECIFIC) == 0) {
        return TS_ERR_ACCESS_DENIED;
    }
    uint64_t end;
    *base = vmar->region.base + offset;
    if (__builtin_add_overflow(offset, size, &end) || end > vmar->region.size || (*base & (alignment - 1)) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    if ((options & TS_VMAR_SPECIFIC) != 0 && !space_range_is_free(vmar, *base, size)) {
        return TS_ERR_ALREADY_EXISTS;
    }
    return TS_OK;
}

ts_status_t vmar_allocate(struct vmar *parent, ts_rights_t rights, uint32_t options, uint64_t offset, uint64_t size,
                          struct vmar **child, uint64_t *address) {
    DEBUG_ASSERT(parent->object.kind == TS_OBJECT_VMAR);
    if ((options & ~(CAN_MAP | TS_VMAR_CAN_MAP_SPECIFIC | TS_VMAR_SPECIFIC | TS_VMAR_ALIGN_MASK)) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    if ((permissions_of_flags(options) & ~(permissions_of_flags(parent->can_map) & permissions_of_rights(rights))) != 0) {
        user_error("vmar_allocate: options %x beyond what range and handle allow", options);
        return TS_ERR_ACCESS_DENIED;
    }
    struct address_space *space = parent->space;
    mutex_acquire(&space->lock);
    uint64_t base = 0;
    ts_status_t status = parent->destroyed ? TS_ERR_BAD_STATE : place(parent, options, offset, size, &base);
    if (status == TS_OK) {
        status = vmar_new(space, parent, base, size, options & (CAN_MAP | TS_VMAR_CAN_MAP_SPECIFIC), child);
    }
    if (status == TS_OK) {
        /* The parent's tree holds a reference until the range is destroyed. */
        object_reference(&(*child)->object);
        tree_insert(&parent->children, &(*child)->region.node, base);
        *address = base;
    }
    mutex_release(&space->lock);
    return status;
}

/* --- mappings --- */

static void unmap_all(struct vmar *vmar, uint64_t start, uint64_t end);

static void mapping_hold(struct dependent *dependent);
static void mapping_end(struct dependent *dependent);

/* Charged to the space, with all that is the same for each of its mappings. */
static __attribute__((noinline)) struct mapping *mapping_alloc(struct address_space *space) {
    if (account_charge(space->account, TS_CEILING_MEMORY, sizeof(struct mapping)) != TS_OK) {
        return NULL;
    }
    struct mapping *mapping = slab_alloc_dirty(&mapping_cache);
    if (mapping == NULL) {
        account_release(space->account, TS_CEILING_MEMORY, sizeof(*mapping));
        return NULL;
    }
    mapping->region.is_vmar = false;
    mapping->view_link = (struct list_node){0};
    mapping->space = space;
    mapping->dependent.capability = NULL;
    mapping->dependent.ends_with_handle = false;
    mapping->dependent.hold = mapping_hold;
    mapping->dependent.end = mapping_end;
    return mapping;
}

static __attribute__((noinline)) void mapping_discard(struct address_space *space, struct mapping *mapping) {
    slab_free(&mapping_cache, mapping);
    account_release(space->account, TS_CEILING_MEMORY, sizeof(*mapping));
}

/* The spare one, or another; not linked anywhere, and ready to hang under the handle of its VMO. Null: no memory. */
static inline struct mapping *mapping_make(struct address_space *space, struct vmo *vmo) {
    struct mapping *mapping = __atomic_exchange_n(&space->spare, NULL, __ATOMIC_ACQUIRE);
    if (mapping == NULL) {
        mapping = mapping_alloc(space);
    }
    if (mapping == NULL) {
        return NULL;
    }
    object_reference(&vmo->object);
    mapping->vmo = vmo;
    mapping->held = false;
    mapping->state = MAPPING_NEW;
    return mapping;
}

/* It is as it was made, but for what mapping_make() sets. */
static inline void mapping_free(struct mapping *mapping) {
    struct address_space *space = mapping->space;
    struct vmo *vmo = mapping->vmo;
    if (__builtin_expect(list_is_linked(&mapping->view_link), 0)) {
        mutex_acquire(&vmo->view->family->lock);
        list_remove(&mapping->view_link);
        mutex_release(&vmo->view->family->lock);
    }
    mapping = __atomic_exchange_n(&space->spare, mapping, __ATOMIC_RELEASE);
    if (mapping != NULL) {
        mapping_discard(space, mapping);
    }
    object_release(&vmo->object);
}

void mapping_free_spare(struct address_space *space) {
    if (space->spare != NULL) {
        mapping_discard(space, space->spare);
    }
}

/* Out of the tree and of the page table. A revoke that holds it frees it. Space lock held. */
static inline void mapping_drop(struct mapping *mapping) {
    mapping->state = MAPPING_GONE;
    mapping->space->recent = NULL;
    bool attached = dependent_detach(&mapping->dependent);
    if (attached || !mapping->held) {
        mapping_free(mapping);
    }
}

/* Tree lock held. */
static void mapping_hold(struct dependent *dependent) {
    struct mapping *mapping = container_of(dependent, struct mapping, dependent);
    mapping->held = true;
    address_space_reference(mapping->space);
}

/* D4: the handle was revoked. The mapping may not be in its place yet, or not any more. */
static void mapping_end(struct dependent *dependent) {
    struct mapping *mapping = container_of(dependent, struct mapping, dependent);
    struct address_space *space = mapping->space;
    mutex_acquire(&space->lock);
    if (mapping->state == MAPPING_NEW) {
        mapping->state = MAPPING_REVOKED; /* who makes it frees it */
    } else {
        if (mapping->state == MAPPING_PLACED) {
            struct region *region = &mapping->region;
            unmap_all(region->parent, region->base, region->base + region->size);
            tree_remove(&region->parent->children, &region->node);
            space->recent = NULL;
        }
        mapping_free(mapping);
    }
    mutex_release(&space->lock);
    address_space_release(space);
}

static struct family *family_of(const struct mapping *mapping) {
    return mapping->vmo->view->family;
}

/* The second part of a divided mapping hangs where the first does. False: the first is being revoked. */
static bool mapping_share_origin(struct mapping *tail, struct mapping *mapping) {
    return dependent_join(&tail->dependent, &mapping->dependent) || !mapping->held;
}

/* Puts the second part of a mapping into the range. Both locks held. */
static void insert_tail(struct vmar *vmar, struct mapping *tail, const struct mapping *mapping) {
    DEBUG_ASSERT(vmar->space->lock.owner == task_current());
    tail->permissions = mapping->permissions;
    tail->allowed = mapping->allowed;
    tail->state = MAPPING_PLACED;
    tree_insert(&vmar->children, &tail->region.node, tail->region.base);
    mapping_link(tail, tail->vmo->view);
}

/* If the first part is being revoked, the second ends here and now. Space lock held. */
static void settle_tail(struct vmar *vmar, struct mapping *tail, struct mapping *mapping) {
    if (!mapping_share_origin(tail, mapping)) {
        unmap_all(vmar, tail->region.base, tail->region.base + tail->region.size);
        tree_remove(&vmar->children, &tail->region.node);
        mapping_drop(tail);
    }
}

/* What a new mapping shows at once: memory in one piece, or with MAP_RANGE what is there. Both locks held. */
static inline ts_status_t map_pages(struct mapping *mapping, const struct family *family, bool what_is_there) {
    const struct vmo *vmo = mapping->vmo;
    const struct region *region = &mapping->region;
    if (family->swap != NULL) {
        return TS_ERR_NOT_SUPPORTED;
    }
    if (mapping->permissions == 0) {
        return TS_OK; /* no access at all: nothing to map */
    }
    if (vmo->is_physical || vmo->is_borrowed || vmo->is_contiguous) {
        return mapping_install_piece(mapping);
    }
    if (!what_is_there) {
        return TS_OK;
    }
    ts_status_t status = region->size == TS_PAGE_SIZE
                             ? fault_map_page(mapping, region->base)
                             : fault_map_range(mapping, region->base, region->base + region->size);
    if (status != TS_OK) {
        mapping_unmap(mapping, region->base, region->base + region->size);
    }
    return status;
}

static ts_status_t unmap_locked(struct vmar *vmar, uint64_t address, uint64_t size, bool *any);

/* M8: who maps what may not be there, now or later, says that it may fault. */
static ts_status_t check_part(const struct vmo *vmo, uint32_t options, uint64_t vmo_offset, uint64_t size) {
    bool may_fault = (options & TS_VMAR_ALLOW_FAULTS) != 0;
    uint64_t end;
    if ((vmo->is_resizable || vmo->view->family->source != NULL) && !may_fault) {
        return TS_ERR_NOT_SUPPORTED;
    }
    if (__builtin_add_overflow(vmo_offset, size, &end) || end > (may_fault ? VMO_SIZE_MAX : vmo->size)) {
        return TS_ERR_BUFFER_TOO_SMALL;
    }
    return TS_OK;
}

static ts_status_t check_map(const struct vmar *vmar, ts_rights_t vmar_rights, uint32_t options, const struct vmo *vmo,
                             ts_rights_t vmo_rights, uint64_t vmo_offset, uint64_t size, uint32_t *allowed) {
    if ((options & ~MAP_OPTIONS) != 0 || !is_aligned(vmo_offset) || !is_aligned(size) || size == 0) {
        return TS_ERR_INVALID_ARGS;
    }
    bool overwrites_and_maps = (options & TS_VMAR_SPECIFIC_OVERWRITE) != 0 && (options & TS_VMAR_MAP_RANGE) != 0;
    if (!permissions_are_valid(options) || overwrites_and_maps) { /* M4 */
        return TS_ERR_INVALID_ARGS;
    }
    *allowed = permissions_of_flags(vmar->can_map) & permissions_of_rights(vmar_rights) &
               permissions_of_rights(vmo_rights);
    if ((options & PERMISSIONS & ~*allowed) != 0) {
        user_error("vmar_map: permissions %x beyond what range and handles allow (%x)", options & PERMISSIONS,
                   *allowed);
        return TS_ERR_ACCESS_DENIED;
    }
    return check_part(vmo, options, vmo_offset, size);
}

/* Puts the mapping into the range, in place of what is there if the options say so. */
static __attribute__((noinline)) ts_status_t mapping_place(struct vmar *vmar, uint32_t options, uint64_t offset,
                                                           struct mapping *mapping) {
    struct region *region = &mapping->region;
    ts_status_t status = place(vmar, options, offset, region->size, &region->base);
    if (status == TS_OK && (options & TS_VMAR_SPECIFIC_OVERWRITE) != 0) {
        bool any = false;
        status = unmap_locked(vmar, region->base, region->size, &any);
    }
    if (status == TS_OK) {
        tree_insert(&vmar->children, &region->node, region->base);
    }
    return status;
}

/* The space's lock is held. The VMO may have become smaller since the range was looked at: then it faults (M8). */
static inline ts_status_t map_locked(struct vmar *vmar, uint32_t options, uint64_t offset, struct mapping *mapping) {
    DEBUG_ASSERT(vmar->space->lock.owner == task_current());
    if (vmar->destroyed || mapping->state == MAPPING_REVOKED) {
        return TS_ERR_BAD_STATE;
    }
    bool anywhere = ((options & (PLACEMENT | TS_VMAR_ALIGN_MASK)) | offset) == 0;
    if (!anywhere || !space_place_small(vmar, &mapping->region)) {
        ts_status_t status = mapping_place(vmar, options, offset, mapping);
        if (status != TS_OK) {
            return status;
        }
    }
    struct view *view = mapping->vmo->view;
    struct family *family = view->family;
    mutex_acquire(&family->lock);
    mapping_link(mapping, view);
    ts_status_t status = map_pages(mapping, family, (options & TS_VMAR_MAP_RANGE) != 0);
    mutex_release(&family->lock);
    if (status != TS_OK) {
        tree_remove(&vmar->children, &mapping->region.node);
        return status;
    }
    mapping->state = MAPPING_PLACED;
    vmar->space->recent = mapping;
    return TS_OK;
}

ts_status_t vmar_map(struct vmar *vmar, const struct handle_view *vmar_view, uint32_t options, uint64_t offset,
                     struct vmo *vmo, const struct handle_view *vmo_view, uint64_t vmo_offset, uint64_t size,
                     uint64_t *address) {
    DEBUG_ASSERT(vmar->object.kind == TS_OBJECT_VMAR);
    DEBUG_ASSERT(vmo->object.kind == TS_OBJECT_VMO);
    uint32_t allowed = 0;
    ts_status_t status =
        check_map(vmar, vmar_view->rights, options, vmo, vmo_view->rights, vmo_offset, size, &allowed);
    if (status != TS_OK) {
        return status;
    }
    struct address_space *space = vmar->space;
    struct mapping *mapping = mapping_make(space, vmo);
    if (mapping == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    mapping->region.size = size;
    mapping->region.parent = vmar;
    mapping->vmo_offset = vmo_offset;
    mapping->permissions = options & PERMISSIONS;
    mapping->allowed = allowed;
    /* Before anything sleeps, because the node may be gone afterwards. */
    struct capability *capability = vmo_view->capability;
    if (capability != NULL && dependent_attach(&mapping->dependent, capability) != TS_OK) {
        mapping_free(mapping);
        return TS_ERR_BAD_STATE;
    }
    object_reference(&vmar->object);
    mutex_acquire(&space->lock);
    status = map_locked(vmar, options, offset, mapping);
    if (status == TS_OK) {
        *address = mapping->region.base;
    } else if (mapping->state == MAPPING_REVOKED) {
        mapping_free(mapping);
    } else {
        mapping_drop(mapping);
    }
    mutex_release(&space->lock);
    object_release(&vmar->object);
    return status;
}

/* --- unmapping --- */

/* The first region that reaches beyond `address`. */
static struct region *first_region(const struct vmar *vmar, uint64_t address) {
    struct tree_node *node = tree_find_at_most(&vmar->children, address);
    if (node != NULL) {
        struct region *region = container_of(node, struct region, node);
        if (region->base + region->size > address) {
            return region;
        }
        node = tree_next(node);
    } else {
        node = tree_first(&vmar->children);
    }
    return node != NULL ? container_of(node, struct region, node) : NULL;
}

static struct region *next_region(const struct region *region) {
    struct tree_node *node = tree_next(&region->node);
    return node != NULL ? container_of(node, struct region, node) : NULL;
}

/* Depth is the user's choice. */
struct mapping *vmar_next_mapping(const struct vmar *top, uint64_t address) {
    const struct vmar *vmar = top;
    for (unsigned step = 1;; step++) {
        struct region *region = first_region(vmar, address);
        if (region != NULL && !region->is_vmar) {
            return container_of(region, struct mapping, region);
        }
        if (region != NULL) {
            vmar = container_of(region, struct vmar, region);
        } else if (vmar == top) {
            return NULL;
        } else {
            address = vmar->region.base + vmar->region.size;
            vmar = vmar->region.parent;
        }
        if (step % PAGE_BATCH == 0) {
            sched_preemption_point();
        }
    }
}

struct mapping *vmar_find_mapping(const struct vmar *top, uint64_t address) {
    struct mapping *mapping = vmar_next_mapping(top, address);
    return mapping != NULL && mapping->region.base <= address ? mapping : NULL;
}

/* All mappings in [start, end) below a range are not translated any more; all CPUs forget them, before anything that
 * they reach is released. */
static void unmap_all(struct vmar *vmar, uint64_t start, uint64_t end) {
    DEBUG_ASSERT(vmar->space->lock.owner == task_current());
    struct mapping *mapping;
    while (start < end && (mapping = vmar_next_mapping(vmar, start)) != NULL && mapping->region.base < end) {
        uint64_t base = mapping->region.base > start ? mapping->region.base : start;
        uint64_t mapping_end = mapping->region.base + mapping->region.size;
        start = mapping_end < end ? mapping_end : end;
        mutex_acquire(&family_of(mapping)->lock);
        mapping_unmap(mapping, base, start);
        mutex_release(&family_of(mapping)->lock);
        sched_preemption_point();
    }
}

/* Ends a range whose children are gone already: its place in the parent and the parent's reference. */
static void vmar_detach(struct vmar *vmar) {
    vmar->destroyed = true;
    if (vmar->region.parent != NULL) {
        tree_remove(&vmar->region.parent->children, &vmar->region.node);
        object_release(&vmar->object);
    }
}

static inline void mapping_remove(struct vmar *vmar, struct mapping *mapping) {
    DEBUG_ASSERT(vmar->space->lock.owner == task_current());
    tree_remove(&vmar->children, &mapping->region.node);
    mapping_drop(mapping);
}

/* Takes apart a range and all below it, deepest first, without recursion: depth is the user's choice. */
static void destroy_locked(struct vmar *top) {
    DEBUG_ASSERT(top->space->lock.owner == task_current());
    struct vmar *vmar = top;
    unsigned done = 0;
    for (;;) {
        struct tree_node *node = tree_first(&vmar->children);
        if (node == NULL) {
            struct vmar *parent = vmar->region.parent;
            bool last = vmar == top;
            vmar_detach(vmar);
            if (last) {
                return;
            }
            vmar = parent;
            continue;
        }
        struct region *region = container_of(node, struct region, node);
        if (region->is_vmar) {
            vmar = container_of(region, struct vmar, region);
        } else {
            mapping_remove(vmar, container_of(region, struct mapping, region));
        }
        if (++done % PAGE_BATCH == 0) {
            sched_preemption_point();
        }
    }
}

/* Keeps [start, end) out of a mapping: trims it, or cuts it in two with `spare` as the second part. */
static void mapping_cut(struct vmar *vmar, struct mapping *mapping, uint64_t start, uint64_t end,
                        struct mapping **spare) {
    DEBUG_ASSERT(vmar->space->lock.owner == task_current());
    uint64_t base = mapping->region.base;
    uint64_t mapping_end = base + mapping->region.size;
    if (start <= base && end >= mapping_end) {
        mapping_remove(vmar, mapping);
        return;
    }
    struct mapping *tail = NULL;
    mutex_acquire(&family_of(mapping)->lock);
    if (start > base && end < mapping_end) {
        tail = *spare;
        *spare = NULL;
        tail->region = (struct region){.base = end, .size = mapping_end - end, .parent = vmar};
        tail->vmo_offset = mapping->vmo_offset + (end - base);
        mapping->region.size = start - base;
        insert_tail(vmar, tail, mapping);
    } else if (start > base) {
        mapping->region.size = start - base;
    } else {
        tree_remove(&vmar->children, &mapping->region.node);
        mapping->vmo_offset += end - base;
        mapping->region.base = end;
        mapping->region.size = mapping_end - end;
        tree_insert(&vmar->children, &mapping->region.node, end);
    }
    mutex_release(&family_of(mapping)->lock);
    if (tail != NULL) {
        settle_tail(vmar, tail, mapping);
    }
}

/* M10: no sub-range may be cut. Tells whether there is anything, and the mapping that would be cut in two. */
static ts_status_t check_unmap(const struct vmar *vmar, uint64_t address, uint64_t end, bool *any,
                               struct mapping **cut) {
    DEBUG_ASSERT(vmar->space->lock.owner == task_current());
    *any = false;
    *cut = NULL;
    unsigned done = 0;
    for (struct region *r = first_region(vmar, address); r != NULL && r->base < end; r = next_region(r)) {
        if (++done % PAGE_BATCH == 0) {
            sched_preemption_point();
        }
        *any = true;
        bool inside = r->base >= address && r->base + r->size <= end;
        if (r->is_vmar && !inside) {
            return TS_ERR_INVALID_ARGS;
        }
        if (!r->is_vmar && r->base < address && r->base + r->size > end) {
            *cut = container_of(r, struct mapping, region);
        }
    }
    return TS_OK;
}

static inline bool is_whole(const struct region *region, uint64_t address, uint64_t size) {
    return region->base == address && region->size == size;
}

/* What is most often unmapped or protected: a whole mapping, found without searching for more. Null: it is not one. */
static inline struct mapping *whole_mapping(const struct vmar *vmar, uint64_t address, uint64_t size) {
    struct mapping *recent = vmar->space->recent;
    if (recent != NULL && recent->region.parent == vmar && is_whole(&recent->region, address, size)) {
        return recent;
    }
    struct tree_node *node = tree_find_at_most(&vmar->children, address);
    struct region *region = node != NULL ? container_of(node, struct region, node) : NULL;
    bool whole = region != NULL && !region->is_vmar && is_whole(region, address, size);
    return whole ? container_of(region, struct mapping, region) : NULL;
}

static inline bool unmap_whole(struct vmar *vmar, uint64_t address, uint64_t size) {
    struct mapping *mapping = whole_mapping(vmar, address, size);
    if (mapping == NULL) {
        return false;
    }
    struct family *family = family_of(mapping);
    mutex_acquire(&family->lock);
    mapping_unmap(mapping, address, address + size);
    list_remove(&mapping->view_link);
    mutex_release(&family->lock);
    mapping_remove(vmar, mapping);
    return true;
}

static __attribute__((noinline)) ts_status_t unmap_locked(struct vmar *vmar, uint64_t address, uint64_t size,
                                                          bool *any) {
    DEBUG_ASSERT(vmar->space->lock.owner == task_current());
    uint64_t end = address + size;
    struct mapping *cut = NULL; /* by both ends */
    ts_status_t status = check_unmap(vmar, address, end, any, &cut);
    if (status != TS_OK || !*any) {
        return status;
    }
    struct mapping *spare = NULL;
    if (cut != NULL) {
        spare = mapping_make(vmar->space, cut->vmo);
        if (spare == NULL) {
            return TS_ERR_NO_MEMORY;
        }
    }
    unmap_all(vmar, address, end);
    struct region *region;
    unsigned done = 0;
    while ((region = first_region(vmar, address)) != NULL && region->base < end) {
        if (region->is_vmar) {
            destroy_locked(container_of(region, struct vmar, region));
        } else {
            mapping_cut(vmar, container_of(region, struct mapping, region), address, end, &spare);
        }
        if (++done % PAGE_BATCH == 0) {
            sched_preemption_point();
        }
    }
    return TS_OK;
}

static ts_status_t check_address(const struct vmar *vmar, uint64_t address, uint64_t size) {
    uint64_t end;
    if (size == 0 || !is_aligned(address) || !is_aligned(size) || __builtin_add_overflow(address, size, &end) ||
        address < vmar->region.base || end > vmar->region.base + vmar->region.size) {
        return TS_ERR_INVALID_ARGS;
    }
    return TS_OK;
}

ts_status_t vmar_unmap(struct vmar *vmar, uint64_t address, uint64_t size) {
    DEBUG_ASSERT(vmar->object.kind == TS_OBJECT_VMAR);
    ts_status_t status = check_address(vmar, address, size);
    if (status != TS_OK) {
        return status;
    }
    struct address_space *space = vmar->space;
    object_reference(&vmar->object);
    mutex_acquire(&space->lock);
    if (vmar->destroyed) {
        status = TS_ERR_BAD_STATE;
    } else if (!unmap_whole(vmar, address, size)) {
        bool any = false;
        status = unmap_locked(vmar, address, size, &any);
        status = status == TS_OK && !any ? TS_ERR_NOT_FOUND : status;
    }
    mutex_release(&space->lock);
    object_release(&vmar->object);
    return status;
}

ts_status_t vmar_destroy(struct vmar *vmar) {
    DEBUG_ASSERT(vmar->object.kind == TS_OBJECT_VMAR);
    struct address_space *space = vmar->space;
    mutex_acquire(&space->lock);
    ts_status_t status = TS_ERR_BAD_STATE;
    if (!vmar->destroyed) {
        status = TS_OK;
        unmap_all(vmar, vmar->region.base, vmar->region.base + vmar->region.size);
        destroy_locked(vmar);
    }
    mutex_release(&space->lock);
    return status;
}

/* --- protection --- */

/* M11: mappings without a hole, no sub-range, nothing beyond what was allowed at map time. Cuts at both ends are
 * made first, each needing a spare. */
static ts_status_t check_protect(const struct vmar *vmar, uint64_t address, uint64_t end, uint32_t permissions) {
    DEBUG_ASSERT(vmar->space->lock.owner == task_current());
    uint64_t covered = address;
    unsigned done = 0;
    for (struct region *r = first_region(vmar, address); r != NULL && r->base < end; r = next_region(r)) {
        if (++done % PAGE_BATCH == 0) {
            sched_preemption_point();
        }
        if (r->base > covered) {
            return TS_ERR_NOT_FOUND;
        }
        if (r->is_vmar) {
            return TS_ERR_INVALID_ARGS;
        }
        if ((permissions & ~container_of(r, struct mapping, region)->allowed) != 0) {
            return TS_ERR_ACCESS_DENIED;
        }
        covered = r->base + r->size;
    }
    return covered < end ? TS_ERR_NOT_FOUND : TS_OK;
}

/* Divides the mapping that contains `address` so that one begins there. */
static ts_status_t divide_at(struct vmar *vmar, uint64_t address) {
    DEBUG_ASSERT(vmar->space->lock.owner == task_current());
    struct region *region = first_region(vmar, address);
    if (region == NULL || region->base >= address) {
        return TS_OK;
    }
    struct mapping *mapping = container_of(region, struct mapping, region);
    struct mapping *tail = mapping_make(vmar->space, mapping->vmo);
    if (tail == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    uint64_t end = region->base + region->size;
    mutex_acquire(&family_of(mapping)->lock);
    tail->region = (struct region){.base = address, .size = end - address, .parent = vmar};
    tail->vmo_offset = mapping->vmo_offset + (address - region->base);
    region->size = address - region->base;
    insert_tail(vmar, tail, mapping);
    mutex_release(&family_of(mapping)->lock);
    settle_tail(vmar, tail, mapping);
    return TS_OK;
}

/* What is taken away goes at once. What is given comes by faults, because WRITE is for pages that are the VMO's own. */
static void protect_mapping(struct mapping *mapping, uint32_t permissions) {
    struct region *region = &mapping->region;
    mutex_acquire(&family_of(mapping)->lock);
    uint32_t kept = mapping->permissions & permissions;
    mapping->permissions = permissions;
    if (kept == 0 || (permissions & TS_VMAR_EXECUTE) != 0) {
        mapping_unmap(mapping, region->base, region->base + region->size);
    } else {
        uint32_t flags = mapping_flags(mapping);
        flags &= (kept & TS_VMAR_WRITE) != 0 ? UINT32_MAX : ~(uint32_t)PT_WRITE;
        mapping_protect(mapping, region->base, region->base + region->size, flags);
    }
    mutex_release(&family_of(mapping)->lock);
}

static ts_status_t protect_locked(struct vmar *vmar, uint64_t address, uint64_t size, uint32_t permissions) {
    DEBUG_ASSERT(vmar->space->lock.owner == task_current());
    struct mapping *whole = whole_mapping(vmar, address, size);
    if (whole != NULL && (permissions & ~whole->allowed) == 0) {
        protect_mapping(whole, permissions);
        return TS_OK;
    }
    uint64_t end = address + size;
    ts_status_t status = check_protect(vmar, address, end, permissions);
    if (status == TS_OK) {
        status = divide_at(vmar, address);
    }
    if (status == TS_OK) {
        status = divide_at(vmar, end);
    }
    struct region *region = status == TS_OK ? first_region(vmar, address) : NULL;
    for (; region != NULL && region->base < end; region = next_region(region)) {
        protect_mapping(container_of(region, struct mapping, region), permissions);
        sched_preemption_point();
    }
    return status;
}

ts_status_t vmar_protect(struct vmar *vmar, const struct handle_view *view, uint32_t options, uint64_t address,
                         uint64_t size) {
    DEBUG_ASSERT(vmar->object.kind == TS_OBJECT_VMAR);
    if ((options & ~PERMISSIONS) != 0 || !permissions_are_valid(options)) {
        return TS_ERR_INVALID_ARGS;
    }
    if ((options & ~permissions_of_rights(view->rights)) != 0) {
        return TS_ERR_ACCESS_DENIED;
    }
    ts_status_t status = check_address(vmar, address, size);
    if (status != TS_OK) {
        return status;
    }
    struct address_space *space = vmar->space;
    object_reference(&vmar->object);
    mutex_acquire(&space->lock);
    status = vmar->destroyed ? TS_ERR_BAD_STATE : protect_locked(vmar, address, size, options);
    mutex_release(&space->lock);
    object_release(&vmar->object);
    return status;
}

/* --- operations on what is mapped --- */

/* The operation on the part of a mapping that [*address, end) covers; *address advances by what was done. Space lock
 * held. */
static ts_status_t op_on_mapping(struct mapping *mapping, struct vmo_op *op, uint64_t *address, uint64_t end) {
    uint64_t base = mapping->region.base;
    uint64_t stop = base + mapping->region.size < end ? base + mapping->region.size : end;
    bool writes = op->op == TS_VMO_OP_COMMIT || op->op == TS_VMO_OP_DECOMMIT || op->op == TS_VMO_OP_ZERO ||
                  op->op == TS_VMO_OP_CACHE_INVALIDATE;
    if ((mapping->allowed & (writes ? TS_VMAR_WRITE : TS_VMAR_READ)) == 0) {
        return TS_ERR_ACCESS_DENIED;
    }
    op->offset = mapping->vmo_offset + (*address - base);
    op->length = stop - *address;
    ts_status_t status = vmo_op_try(mapping->vmo, op);
    *address = status == TS_ERR_SHOULD_WAIT ? stop - op->length : stop;
    return status;
}

static ts_status_t op_locked(struct vmar *vmar, struct vmo_op *op, uint64_t *address, uint64_t end) {
    ts_status_t status = TS_OK;
    while (status == TS_OK && *address < end) {
        struct mapping *mapping = vmar_find_mapping(vmar, *address);
        if (mapping == NULL) {
            return TS_ERR_BAD_STATE;
        }
        status = op_on_mapping(mapping, op, address, end);
        sched_preemption_point();
    }
    return status;
}

/* Nothing is held while a page is waited for. */
ts_status_t vmar_op_range(struct vmar *vmar, uint32_t op, uint64_t address, uint64_t size) {
    DEBUG_ASSERT(vmar->object.kind == TS_OBJECT_VMAR);
    bool locks = op == TS_VMO_OP_LOCK || op == TS_VMO_OP_TRY_LOCK || op == TS_VMO_OP_UNLOCK;
    ts_status_t status = locks ? TS_ERR_INVALID_ARGS : check_address(vmar, address, size);
    struct vmo_op state = {.op = op};
    uint64_t end = address + size;
    while (status == TS_OK && address < end) {
        mutex_acquire(&vmar->space->lock);
        status = vmar->destroyed ? TS_ERR_BAD_STATE : op_locked(vmar, &state, &address, end);
        mutex_release(&vmar->space->lock);
        status = status == TS_ERR_SHOULD_WAIT ? page_wait_finish(&state.wait) : status;
    }
    return status;
}
