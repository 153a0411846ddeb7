/* SPDX-License-Identifier: MIT */
/* Ranges and mappings. Every function takes the space's lock for its whole duration; decode first, then change. */
#include "kernel/vmar.h"

#include "abi/options.h"
#include "abi/rights.h"
#include "kernel/assert.h"
#include "kernel/heap.h"
#include "vm_private.h"

#define PERMISSIONS (TS_VMAR_READ | TS_VMAR_WRITE | TS_VMAR_EXECUTE)
#define CAN_MAP     (TS_VMAR_CAN_MAP_READ | TS_VMAR_CAN_MAP_WRITE | TS_VMAR_CAN_MAP_EXECUTE)
#define PLACEMENT   (TS_VMAR_SPECIFIC | TS_VMAR_SPECIFIC_OVERWRITE)
#define PAGE_BATCH  64u

static SLAB_CACHE(vmar_cache, struct vmar);
static SLAB_CACHE(mapping_cache, struct mapping);

static bool is_aligned(uint64_t value) {
    return (value & (TS_PAGE_SIZE - 1)) == 0;
}

static uint32_t page_flags(const struct mapping *mapping) {
    uint32_t flags = PT_USER | mapping->vmo->memory_type;
    flags |= (mapping->permissions & TS_VMAR_READ) != 0 ? PT_READ : 0;
    flags |= (mapping->permissions & TS_VMAR_WRITE) != 0 ? PT_WRITE : 0;
    flags |= (mapping->permissions & TS_VMAR_EXECUTE) != 0 ? PT_EXECUTE : 0;
    return flags;
}

/* R, W, X that rights of a handle allow. */
static uint32_t permissions_of_rights(ts_rights_t rights) {
    return ((rights & TS_RIGHT_READ) != 0 ? TS_VMAR_READ : 0) |
           ((rights & TS_RIGHT_WRITE) != 0 ? TS_VMAR_WRITE : 0) |
           ((rights & TS_RIGHT_EXECUTE) != 0 ? TS_VMAR_EXECUTE : 0);
}

/* CAN_MAP flags that rights of a handle allow to hand on. */
static uint32_t can_map_of_rights(ts_rights_t rights) {
    return ((rights & TS_RIGHT_READ) != 0 ? TS_VMAR_CAN_MAP_READ : 0) |
           ((rights & TS_RIGHT_WRITE) != 0 ? TS_VMAR_CAN_MAP_WRITE : 0) |
           ((rights & TS_RIGHT_EXECUTE) != 0 ? TS_VMAR_CAN_MAP_EXECUTE : 0);
}

static uint32_t permissions_of_range(const struct vmar *vmar) {
    return ((vmar->can_map & TS_VMAR_CAN_MAP_READ) != 0 ? TS_VMAR_READ : 0) |
           ((vmar->can_map & TS_VMAR_CAN_MAP_WRITE) != 0 ? TS_VMAR_WRITE : 0) |
           ((vmar->can_map & TS_VMAR_CAN_MAP_EXECUTE) != 0 ? TS_VMAR_EXECUTE : 0);
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

/* Decides where [*, size) goes: by offset where the options say so, anywhere free otherwise. */
static ts_status_t place(const struct vmar *vmar, uint32_t options, uint64_t offset, uint64_t size, uint64_t *base) {
    if (size == 0 || !is_aligned(size) || !is_aligned(offset) || (options & PLACEMENT) == PLACEMENT) {
        return TS_ERR_INVALID_ARGS;
    }
    if ((options & PLACEMENT) == 0) {
        if (offset != 0) {
            return TS_ERR_INVALID_ARGS;
        }
        return space_find_room(vmar, size, base) ? TS_OK : TS_ERR_NO_RESOURCES;
    }
    if ((vmar->can_map & TS_VMAR_CAN_MAP_SPECIFIC) == 0) {
        return TS_ERR_ACCESS_DENIED;
    }
    uint64_t end;
    if (__builtin_add_overflow(offset, size, &end) || end > vmar->region.size) {
        return TS_ERR_INVALID_ARGS;
    }
    *base = vmar->region.base + offset;
    if ((options & TS_VMAR_SPECIFIC) != 0 && !space_range_is_free(vmar, *base, size)) {
        return TS_ERR_ALREADY_EXISTS;
    }
    return TS_OK;
}

ts_status_t vmar_allocate(struct vmar *parent, ts_rights_t rights, uint32_t options, uint64_t offset, uint64_t size,
                          struct vmar **child, uint64_t *address) {
    if ((options & ~(CAN_MAP | TS_VMAR_CAN_MAP_SPECIFIC | TS_VMAR_SPECIFIC)) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    if ((options & CAN_MAP & ~(parent->can_map & can_map_of_rights(rights))) != 0) {
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

static ts_status_t unmap_locked(struct vmar *vmar, uint64_t address, uint64_t size, bool *any);
static ts_status_t unmap_pages(struct address_space *space, uint64_t base, uint64_t size);
static void mapping_remove(struct vmar *vmar, struct mapping *mapping);

static void flush_all(struct address_space *space, struct pt_flush *flush) {
    pagetable_flush(&space->table, flush);
}

static void mapping_free(struct mapping *mapping) {
    struct address_space *space = mapping->space;
    __atomic_fetch_sub(&mapping->vmo->mapping_count, 1, __ATOMIC_RELAXED);
    object_release(&mapping->vmo->object);
    account_release(space->account, TS_CEILING_MEMORY, sizeof(*mapping));
    slab_free(&mapping_cache, mapping);
}

/* Out of the tree and of the page table. A revoke that holds it frees it. Space lock held. */
static void mapping_drop(struct mapping *mapping) {
    mapping->unmapped = true;
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

static void mapping_end(struct dependent *dependent);

static struct mapping *mapping_new(struct address_space *space, struct vmo *vmo) {
    if (account_charge(space->account, TS_CEILING_MEMORY, sizeof(struct mapping)) != TS_OK) {
        return NULL;
    }
    struct mapping *mapping = slab_alloc(&mapping_cache);
    if (mapping == NULL) {
        account_release(space->account, TS_CEILING_MEMORY, sizeof(*mapping));
        return NULL;
    }
    object_reference(&vmo->object);
    __atomic_fetch_add(&vmo->mapping_count, 1, __ATOMIC_RELAXED);
    mapping->vmo = vmo;
    mapping->space = space;
    mapping->dependent.hold = mapping_hold;
    mapping->dependent.end = mapping_end;
    return mapping;
}

/* The second part of a divided mapping hangs where the first does. False: the first is being revoked. */
static bool mapping_share_origin(struct mapping *tail, struct mapping *mapping) {
    return dependent_join(&tail->dependent, &mapping->dependent) || !mapping->held;
}

/* Puts the second part of a mapping into the range; if the first is being revoked, it ends here and now. */
static void insert_tail(struct vmar *vmar, struct mapping *tail, struct mapping *mapping) {
    tail->permissions = mapping->permissions;
    tail->allowed = mapping->allowed;
    if (mapping_share_origin(tail, mapping)) {
        tree_insert(&vmar->children, &tail->region.node, tail->region.base);
    } else {
        (void)unmap_pages(vmar->space, tail->region.base, tail->region.size);
        mapping_drop(tail);
    }
}

static ts_status_t map_pages(struct address_space *space, const struct mapping *mapping) {
    const struct vmo *vmo = mapping->vmo;
    uint32_t flags = page_flags(mapping);
    if (flags == (PT_USER | vmo->memory_type)) {
        return TS_OK; /* no access at all: nothing to map */
    }
    if (vmo->is_physical || vmo->is_borrowed) {
        return pagetable_map_range(&space->table, mapping->region.base, vmo->physical_base + mapping->vmo_offset,
                                   mapping->region.size, flags);
    }
    for (uint64_t done = 0; done < mapping->region.size; done += TS_PAGE_SIZE) {
        uint64_t pa = vmo_page_phys(vmo, (mapping->vmo_offset + done) >> TS_PAGE_SHIFT);
        ts_status_t status = pagetable_map(&space->table, mapping->region.base + done, pa, PT_SIZE_4K, flags);
        if (status != TS_OK) {
            struct pt_flush flush;
            pt_flush_init(&flush);
            (void)pagetable_unmap_range(&space->table, mapping->region.base, done, &flush);
            flush_all(space, &flush);
            return status;
        }
        if ((done >> TS_PAGE_SHIFT) % PAGE_BATCH == PAGE_BATCH - 1) {
            sched_preemption_point();
        }
    }
    return TS_OK;
}


static ts_status_t check_map(const struct vmar *vmar, ts_rights_t vmar_rights, uint32_t options, const struct vmo *vmo,
                             ts_rights_t vmo_rights, uint64_t vmo_offset, uint64_t size, uint32_t *allowed) {
    if ((options & ~(PERMISSIONS | PLACEMENT)) != 0 || !is_aligned(vmo_offset) || !is_aligned(size) || size == 0) {
        return TS_ERR_INVALID_ARGS;
    }
    if ((options & TS_VMAR_WRITE) != 0 && (options & (TS_VMAR_READ | TS_VMAR_EXECUTE)) != TS_VMAR_READ) {
        return TS_ERR_INVALID_ARGS; /* M6, and W^X */
    }
    *allowed = permissions_of_range(vmar) & permissions_of_rights(vmar_rights) & permissions_of_rights(vmo_rights);
    if ((options & PERMISSIONS & ~*allowed) != 0) {
        user_error("vmar_map: permissions %x beyond what range and handles allow (%x)", options & PERMISSIONS, *allowed);
        return TS_ERR_ACCESS_DENIED;
    }
    uint64_t end;
    if (__builtin_add_overflow(vmo_offset, size, &end) || end > vmo->size) {
        return TS_ERR_BUFFER_TOO_SMALL;
    }
    return TS_OK;
}

static ts_status_t map_locked(struct vmar *vmar, uint32_t options, uint64_t offset, struct vmo *vmo,
                              struct capability *capability, uint64_t vmo_offset, uint64_t size, uint32_t allowed,
                              uint64_t *address) {
    struct address_space *space = vmar->space;
    uint64_t base = 0;
    ts_status_t status = vmar->destroyed ? TS_ERR_BAD_STATE : place(vmar, options, offset, size, &base);
    if (status != TS_OK) {
        return status;
    }
    struct mapping *mapping = mapping_new(space, vmo);
    if (mapping == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    mapping->region = (struct region){.base = base, .size = size, .parent = vmar};
    mapping->vmo_offset = vmo_offset;
    mapping->permissions = options & PERMISSIONS;
    mapping->allowed = allowed;
    if ((options & TS_VMAR_SPECIFIC_OVERWRITE) != 0) {
        bool any = false;
        status = unmap_locked(vmar, base, size, &any);
    }
    if (status == TS_OK) {
        status = map_pages(space, mapping);
    }
    if (status != TS_OK) {
        mapping_drop(mapping);
        return status;
    }
    tree_insert(&vmar->children, &mapping->region.node, base);
    if (capability != NULL && dependent_attach(&mapping->dependent, capability) != TS_OK) {
        (void)unmap_pages(space, base, size);
        mapping_remove(vmar, mapping);
        return TS_ERR_BAD_STATE;
    }
    *address = base;
    return TS_OK;
}

ts_status_t vmar_map(struct vmar *vmar, ts_rights_t vmar_rights, uint32_t options, uint64_t offset, struct vmo *vmo,
                     ts_rights_t vmo_rights, struct capability *capability, uint64_t vmo_offset, uint64_t size,
                     uint64_t *address) {
    uint32_t allowed = 0;
    ts_status_t status = check_map(vmar, vmar_rights, options, vmo, vmo_rights, vmo_offset, size, &allowed);
    if (status != TS_OK) {
        return status;
    }
    mutex_acquire(&vmar->space->lock);
    status = map_locked(vmar, options, offset, vmo, capability, vmo_offset, size, allowed, address);
    mutex_release(&vmar->space->lock);
    return status;
}

/* --- unmapping --- */

/* Ends a range whose children are gone already: its place in the parent and the parent's reference. */
static void vmar_detach(struct vmar *vmar) {
    vmar->destroyed = true;
    if (vmar->region.parent != NULL) {
        tree_remove(&vmar->region.parent->children, &vmar->region.node);
        object_release(&vmar->object);
    }
}

static void mapping_remove(struct vmar *vmar, struct mapping *mapping) {
    tree_remove(&vmar->children, &mapping->region.node);
    mapping_drop(mapping);
}

/* D4: the handle was revoked. The mapping may have been unmapped in between; then only its memory is left. */
static void mapping_end(struct dependent *dependent) {
    struct mapping *mapping = container_of(dependent, struct mapping, dependent);
    struct address_space *space = mapping->space;
    mutex_acquire(&space->lock);
    if (!mapping->unmapped) {
        /* A whole mapping may still share a large leaf with its neighbours; without memory to split, it goes too. */
        if (unmap_pages(space, mapping->region.base, mapping->region.size) != TS_OK) {
            (void)unmap_pages(space, mapping->region.parent->region.base, mapping->region.parent->region.size);
        }
        tree_remove(&mapping->region.parent->children, &mapping->region.node);
    }
    mapping_free(mapping);
    mutex_release(&space->lock);
    address_space_release(space);
}

/* Takes apart a range and all below it, deepest first, without recursion: depth is the user's choice. */
static void destroy_locked(struct vmar *top) {
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

/* Removes translations of the range and makes all CPUs forget them, before anything that they reach is released. */
static ts_status_t unmap_pages(struct address_space *space, uint64_t base, uint64_t size) {
    struct pt_flush flush;
    pt_flush_init(&flush);
    ts_status_t status = pagetable_unmap_range(&space->table, base, size, &flush);
    flush_all(space, &flush);
    return status;
}

/* Keeps [start, end) out of a mapping: trims it, or cuts it in two with `spare` as the second part. */
static void mapping_cut(struct vmar *vmar, struct mapping *mapping, uint64_t start, uint64_t end,
                        struct mapping **spare) {
    uint64_t base = mapping->region.base;
    uint64_t mapping_end = base + mapping->region.size;
    if (start <= base && end >= mapping_end) {
        mapping_remove(vmar, mapping);
        return;
    }
    if (start > base && end < mapping_end) {
        struct mapping *tail = *spare;
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
}

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

/* M10: no sub-range may be cut. Tells whether there is anything, and the mapping that would be cut in two. */
static ts_status_t check_unmap(const struct vmar *vmar, uint64_t address, uint64_t end, bool *any,
                               struct mapping **cut) {
    *any = false;
    *cut = NULL;
    for (struct region *r = first_region(vmar, address); r != NULL && r->base < end; r = next_region(r)) {
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

static ts_status_t unmap_locked(struct vmar *vmar, uint64_t address, uint64_t size, bool *any) {
    struct address_space *space = vmar->space;
    uint64_t end = address + size;
    struct mapping *cut = NULL;
    ts_status_t status = check_unmap(vmar, address, end, any, &cut);
    if (status != TS_OK || !*any) {
        return status;
    }
    struct mapping *spare = NULL;
    if (cut != NULL) {
        spare = mapping_new(space, cut->vmo);
        if (spare == NULL) {
            return TS_ERR_NO_MEMORY;
        }
    }
    status = unmap_pages(space, address, size);
    if (status != TS_OK) {
        if (spare != NULL) {
            mapping_drop(spare);
        }
        return status;
    }
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
    ts_status_t status = check_address(vmar, address, size);
    if (status != TS_OK) {
        return status;
    }
    mutex_acquire(&vmar->space->lock);
    bool any = false;
    status = vmar->destroyed ? TS_ERR_BAD_STATE : unmap_locked(vmar, address, size, &any);
    mutex_release(&vmar->space->lock);
    return status == TS_OK && !any ? TS_ERR_NOT_FOUND : status;
}

ts_status_t vmar_destroy(struct vmar *vmar) {
    struct address_space *space = vmar->space;
    mutex_acquire(&space->lock);
    ts_status_t status = TS_ERR_BAD_STATE;
    if (!vmar->destroyed) {
        status = unmap_pages(space, vmar->region.base, vmar->region.size);
        ASSERT(status == TS_OK); /* a whole range never splits a large page */
        destroy_locked(vmar);
    }
    mutex_release(&space->lock);
    return status;
}

/* --- protection --- */

/* M11: mappings without a hole, no sub-range, nothing beyond what was allowed at map time. Cuts at both ends are
 * made first, each needing a spare. */
static ts_status_t check_protect(const struct vmar *vmar, uint64_t address, uint64_t end, uint32_t permissions) {
    uint64_t covered = address;
    for (struct region *r = first_region(vmar, address); r != NULL && r->base < end; r = next_region(r)) {
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
    struct region *region = first_region(vmar, address);
    if (region == NULL || region->base >= address) {
        return TS_OK;
    }
    struct mapping *mapping = container_of(region, struct mapping, region);
    struct mapping *tail = mapping_new(vmar->space, mapping->vmo);
    if (tail == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    uint64_t end = region->base + region->size;
    tail->region = (struct region){.base = address, .size = end - address, .parent = vmar};
    tail->vmo_offset = mapping->vmo_offset + (address - region->base);
    region->size = address - region->base;
    insert_tail(vmar, tail, mapping);
    return TS_OK;
}

static ts_status_t protect_locked(struct vmar *vmar, uint64_t address, uint64_t size, uint32_t permissions) {
    uint64_t end = address + size;
    ts_status_t status = check_protect(vmar, address, end, permissions);
    if (status == TS_OK) {
        status = divide_at(vmar, address);
    }
    if (status == TS_OK) {
        status = divide_at(vmar, end);
    }
    struct region *region = status == TS_OK ? first_region(vmar, address) : NULL;
    for (; status == TS_OK && region != NULL && region->base < end; region = next_region(region)) {
        struct mapping *mapping = container_of(region, struct mapping, region);
        bool had_access = mapping->permissions != 0;
        mapping->permissions = permissions;
        if (permissions == 0) {
            status = unmap_pages(vmar->space, region->base, region->size);
        } else if (!had_access) {
            status = map_pages(vmar->space, mapping);
        } else {
            struct pt_flush flush;
            pt_flush_init(&flush);
            status = pagetable_protect(&vmar->space->table, region->base, region->size, page_flags(mapping), &flush);
            flush_all(vmar->space, &flush);
        }
    }
    return status;
}

ts_status_t vmar_protect(struct vmar *vmar, ts_rights_t rights, uint32_t options, uint64_t address, uint64_t size) {
    if ((options & ~PERMISSIONS) != 0 ||
        ((options & TS_VMAR_WRITE) != 0 && (options & (TS_VMAR_READ | TS_VMAR_EXECUTE)) != TS_VMAR_READ)) {
        return TS_ERR_INVALID_ARGS;
    }
    ts_status_t status = check_address(vmar, address, size);
    if (status == TS_OK && (options & ~permissions_of_rights(rights)) != 0) {
        status = TS_ERR_ACCESS_DENIED;
    }
    if (status != TS_OK) {
        return status;
    }
    mutex_acquire(&vmar->space->lock);
    status = vmar->destroyed ? TS_ERR_BAD_STATE : protect_locked(vmar, address, size, options);
    mutex_release(&vmar->space->lock);
    return status;
}
