/* SPDX-License-Identifier: MIT */
/*
 * system_inspect: finds the object and has records made of it, a part at a time, into the kernel's memory; they are
 * copied out with nothing held. A call makes a bounded number of records.
 */
#include "abi/inspect.h"
#include "kernel/fault.h"
#include "kernel/kernelspace.h"
#include "kernel/system.h"
#include "kernel/task_tree.h"
#include "kernel/vm_inspect.h"

#define PART_SIZE   1024u
#define RECORDS_MAX 1024u /* of one call */
#define SCANS_MAX   256u  /* searches of one part: much that is empty may lie between two entries */

_Static_assert(PT_READ == TS_ENTRY_READ && PT_WRITE == TS_ENTRY_WRITE && PT_EXECUTE == TS_ENTRY_EXECUTE &&
                   PT_USER == TS_ENTRY_USER && PT_GLOBAL == TS_ENTRY_GLOBAL && PT_ACCESSED == TS_ENTRY_ACCESSED &&
                   PT_DIRTY == TS_ENTRY_DIRTY,
               "flags are told as they are");
_Static_assert((int)PT_ENTRY_EMPTY == (int)TS_ENTRY_EMPTY && (int)PT_ENTRY_TABLE == (int)TS_ENTRY_TABLE &&
                   (int)PT_ENTRY_LEAF == (int)TS_ENTRY_LEAF && (int)PT_ENTRY_BROKEN == (int)TS_ENTRY_BROKEN,
               "kinds are told as they are");

/* What the topic is about. */
struct subject {
    uint32_t topic;
    struct process *process; /* referenced; null: the kernel's table, or a root */
    struct vmo *vmo;         /* referenced */
    uint64_t root;           /* of the table */
};

static struct process *process_find(ts_koid_t koid) {
    struct process *process = koid != 0 ? process_after(koid - 1) : NULL;
    if (process != NULL && process->object.koid != koid) {
        object_release(&process->object);
        process = NULL;
    }
    return process;
}

static ts_status_t find_subject(uint32_t topic, uint64_t object, struct subject *subject) {
    *subject = (struct subject){.topic = topic};
    bool tables = topic == TS_INSPECT_TRANSLATE || topic == TS_INSPECT_TABLES;
    if (topic == TS_INSPECT_COUNTS) {
        return TS_OK;
    }
    if (topic == TS_INSPECT_ROOT) {
        subject->root = object;
        return pagetable_is_root(arch_mmu_format(), object) ? TS_OK : TS_ERR_NOT_FOUND;
    }
    if (tables && object == 0) {
        subject->root = pagetable_phys(&kernel_pagetable);
        return TS_OK;
    }
    if (tables || topic == TS_INSPECT_MAPS) {
        subject->process = process_find(object);
        if (subject->process != NULL) {
            subject->root = pagetable_phys(&subject->process->space->table);
        }
    } else {
        subject->vmo = vmo_find(object);
    }
    return subject->process != NULL || subject->vmo != NULL ? TS_OK : TS_ERR_NOT_FOUND;
}

static void release_subject(struct subject *subject) {
    if (subject->process != NULL) {
        object_release(&subject->process->object);
    }
    if (subject->vmo != NULL) {
        object_release(&subject->vmo->object);
    }
}

/* --- page tables --- */

/* A table that somebody owns stands still meanwhile; any other is read as it is. */
static struct spinlock *table_lock(const struct subject *subject) {
    if (subject->process != NULL) {
        return &subject->process->space->table_lock;
    }
    return subject->root == pagetable_phys(&kernel_pagetable) ? &kernelspace_lock : NULL;
}

static void tell_entry(const struct pt_entry *entry, struct ts_inspect_entry *record) {
    *record = (struct ts_inspect_entry){.va = entry->va,
                                        .size = (uint64_t)TS_PAGE_SIZE << (PT_ENTRY_BITS * entry->level),
                                        .table = entry->table,
                                        .value = entry->value,
                                        .pa = entry->pa,
                                        .flags = entry->flags,
                                        .level = (uint16_t)entry->level,
                                        .kind = (uint16_t)entry->kind};
}

static unsigned translate(const struct subject *subject, uint64_t *position, struct ts_inspect_entry *records) {
    struct pt_entry path[PT_DEPTH_MAX];
    struct spinlock *lock = table_lock(subject);
    spinlock_acquire(lock);
    unsigned count = pagetable_path(arch_mmu_format(), subject->root, *position, path);
    spinlock_release(lock);
    for (unsigned i = 0; i < count; i++) {
        tell_entry(&path[i], &records[i]);
    }
    *position = INSPECT_END;
    return count;
}

/* A position is an address with a level in its lowest bits, plus one. Of a process, only what is its own is told. */
static unsigned tell_tables(const struct subject *subject, uint64_t *position, struct ts_inspect_entry *records,
                            unsigned room) {
    uint64_t page_mask = TS_PAGE_SIZE - 1;
    uint64_t va = *position & ~page_mask;
    unsigned level = (*position & page_mask) == 0 ? UINT32_MAX : (unsigned)(*position & page_mask) - 1;
    struct spinlock *lock = table_lock(subject);
    struct pt_entry entry = {0};
    enum pt_next next = PT_NEXT_FOUND;
    unsigned count = 0;
    for (unsigned scans = 0; count < room && next != PT_NEXT_END && scans < SCANS_MAX; scans++) {
        if (lock != NULL) {
            spinlock_acquire(lock);
        }
        next = pagetable_next_entry(arch_mmu_format(), subject->root, &va, &level, &entry);
        if (lock != NULL) {
            spinlock_release(lock);
        }
        if (next == PT_NEXT_FOUND && subject->process != NULL && entry.va >= ARCH_USER_TOP) {
            next = PT_NEXT_END;
        }
        if (next == PT_NEXT_FOUND) {
            tell_entry(&entry, &records[count++]);
        }
        sched_preemption_point();
    }
    *position = next == PT_NEXT_END ? INSPECT_END : (va | (level + 1));
    return count;
}

/* --- all topics --- */

static unsigned tell_counts(uint64_t *position, struct ts_inspect_counts *record) {
    struct frame_counts frames;
    frames_count(&frames);
    *record = (struct ts_inspect_counts){.frames_free = frames.use[FRAME_FREE] + frames.use[FRAME_MAGAZINE],
                                         .frames_boot = frames.use[FRAME_BOOT],
                                         .frames_kernel = frames.use[FRAME_KERNEL],
                                         .frames_tables = frames.use[FRAME_PAGE_TABLE],
                                         .frames_vmo = frames.use[FRAME_VMO]};
    inspect_count_vmos(&record->vmos, &record->families);
    *position = INSPECT_END;
    return 1;
}

static size_t record_size(uint32_t topic) {
    switch (topic) {
    case TS_INSPECT_TRANSLATE:
    case TS_INSPECT_TABLES:
    case TS_INSPECT_ROOT:
        return sizeof(struct ts_inspect_entry);
    case TS_INSPECT_MAPS:
        return sizeof(struct ts_inspect_map);
    case TS_INSPECT_PAGES:
        return sizeof(struct ts_inspect_page);
    case TS_INSPECT_FAMILY:
        return sizeof(struct ts_inspect_vmo);
    case TS_INSPECT_COUNTS:
        return sizeof(struct ts_inspect_counts);
    default:
        return 0;
    }
}

_Static_assert(PT_DEPTH_MAX * sizeof(struct ts_inspect_entry) <= PART_SIZE, "a translation is one part");

static unsigned tell_part(const struct subject *subject, uint64_t *position, void *part, unsigned room) {
    switch (subject->topic) {
    case TS_INSPECT_TRANSLATE:
        return translate(subject, position, part);
    case TS_INSPECT_TABLES:
    case TS_INSPECT_ROOT:
        return tell_tables(subject, position, part, room);
    case TS_INSPECT_MAPS:
        return inspect_maps(subject->process->space, position, part, room);
    case TS_INSPECT_PAGES:
        return inspect_pages(subject->vmo, position, part, room);
    case TS_INSPECT_FAMILY:
        return inspect_family(subject->vmo, position, part, room);
    default:
        return tell_counts(position, part);
    }
}

/* Room for everything that one step may tell. */
static bool is_enough(uint32_t topic, size_t size) {
    size_t least = topic == TS_INSPECT_TRANSLATE ? PT_DEPTH_MAX : 1;
    return size / record_size(topic) >= least;
}

ts_status_t system_inspect(uint32_t topic, uint64_t object, uint64_t start, uaddr_t buffer, size_t size,
                           size_t *actual, uint64_t *next) {
    uint64_t part[PART_SIZE / sizeof(uint64_t)];
    size_t record = record_size(topic);
    if (record == 0 || !is_enough(topic, size)) {
        return TS_ERR_INVALID_ARGS;
    }
    struct subject subject;
    ts_status_t status = find_subject(topic, object, &subject);
    if (status != TS_OK) {
        return status;
    }
    size_t room = size / record < RECORDS_MAX ? size / record : RECORDS_MAX;
    uint64_t position = start;
    do {
        size_t left = room - *actual < PART_SIZE / record ? room - *actual : PART_SIZE / record;
        unsigned count = tell_part(&subject, &position, part, (unsigned)left);
        status = user_copy_out(buffer + *actual * record, part, count * record);
        *actual += count;
        sched_preemption_point();
        if (count == 0) {
            break; /* a long way with nothing to tell: the caller goes on */
        }
    } while (status == TS_OK && *actual < room && position != INSPECT_END);
    *next = position == INSPECT_END ? 0 : position;
    release_subject(&subject);
    return status;
}
