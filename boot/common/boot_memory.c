/* SPDX-License-Identifier: MIT */
/*
 * The memory map. A new range first takes what it covers from weaker kinds, then fills the gaps between stronger
 * ones, then equal neighbours are merged. No tables of pointers here: adapters may run before relocation.
 */
#include "common/boot_memory.h"

#include "base/checked.h"
#include "base/string.h"

#define ADDRESS_LIMIT ((uint64_t)1 << 52) /* no supported CPU has RAM above */

void boot_fail(struct boot_info *info, const char *error) {
    if (info->error == NULL) {
        info->error = error;
    }
}

/* The stronger kind wins an overlap. */
static unsigned strength(uint32_t kind) {
    if (kind == BOOT_MEMORY_USABLE) {
        return 0;
    }
    if (kind == BOOT_MEMORY_RESERVED) {
        return 1;
    }
    if (kind == BOOT_MEMORY_DEVICE) {
        return 2;
    }
    return kind == BOOT_MEMORY_BOOT ? 3 : 4;
}

static uint64_t end_of(const struct boot_memory *entry) {
    return entry->base + entry->length;
}

static void remove_entry(struct boot_info *info, uint32_t index) {
    info->memory_count--;
    memmove(&info->memory[index], &info->memory[index + 1], (info->memory_count - index) * sizeof(info->memory[0]));
}

static bool insert_entry(struct boot_info *info, uint32_t index, uint32_t kind, uint64_t base, uint64_t end) {
    if (info->memory_count >= BOOT_MEMORY_MAX) {
        boot_fail(info, "boot: the memory map has too many entries");
        return false;
    }
    memmove(&info->memory[index + 1], &info->memory[index], (info->memory_count - index) * sizeof(info->memory[0]));
    info->memory[index] = (struct boot_memory){.base = base, .length = end - base, .kind = kind};
    info->memory_count++;
    return true;
}

/* Takes [base, end) from entries that are not stronger. */
static bool cut_weaker(struct boot_info *info, uint32_t kind, uint64_t base, uint64_t end) {
    uint32_t i = 0;
    while (i < info->memory_count && info->memory[i].base < end) {
        struct boot_memory *entry = &info->memory[i];
        uint64_t entry_end = end_of(entry);
        if (entry_end <= base || strength(entry->kind) > strength(kind)) {
            i++;
            continue;
        }
        if (entry->base < base) {
            if (entry_end > end && !insert_entry(info, i + 1, entry->kind, end, entry_end)) {
                return false;
            }
            entry->length = base - entry->base;
            i++;
        } else if (entry_end > end) {
            entry->base = end;
            entry->length = entry_end - end;
            i++;
        } else {
            remove_entry(info, i);
        }
    }
    return true;
}

/* Inserts what of [base, end) is covered by nothing. */
static bool fill_gaps(struct boot_info *info, uint32_t kind, uint64_t base, uint64_t end) {
    uint32_t i = 0;
    while (base < end) {
        while (i < info->memory_count && end_of(&info->memory[i]) <= base) {
            i++;
        }
        uint64_t next = i < info->memory_count ? info->memory[i].base : UINT64_MAX;
        uint64_t stop = next < end ? next : end;
        if (base < stop && !insert_entry(info, i++, kind, base, stop)) {
            return false;
        }
        base = next < end ? end_of(&info->memory[i]) : end;
    }
    return true;
}

/* Registers where firmware says that RAM is, or the other way round. */
static bool contradicts(const struct boot_info *info, uint32_t kind, uint64_t base, uint64_t end) {
    for (uint32_t i = 0; i < info->memory_count; i++) {
        const struct boot_memory *entry = &info->memory[i];
        bool other = kind == BOOT_MEMORY_DEVICE ? entry->kind != BOOT_MEMORY_DEVICE && entry->kind != BOOT_MEMORY_RESERVED
                                                : entry->kind == BOOT_MEMORY_DEVICE && kind != BOOT_MEMORY_RESERVED;
        if (other && ranges_overlap(entry->base, entry->length, base, end - base)) {
            return true;
        }
    }
    return false;
}

static void merge_neighbours(struct boot_info *info) {
    for (uint32_t i = 0; i + 1 < info->memory_count;) {
        struct boot_memory *entry = &info->memory[i];
        if (entry->kind == entry[1].kind && end_of(entry) == entry[1].base) {
            entry->length += entry[1].length;
            remove_entry(info, i + 1);
        } else {
            i++;
        }
    }
}

bool boot_memory_add(struct boot_info *info, enum boot_memory_kind kind, uint64_t base, uint64_t length) {
    uint64_t end;
    if (length == 0) {
        return true;
    }
    if (!checked_add(base, length, &end) || end > ADDRESS_LIMIT) {
        boot_fail(info, "boot: a memory range ends above the largest physical address");
        return false;
    }
    if (kind == BOOT_MEMORY_USABLE) {
        base = align_down(base + TS_PAGE_SIZE - 1, TS_PAGE_SIZE);
        end = align_down(end, TS_PAGE_SIZE);
    } else {
        base = align_down(base, TS_PAGE_SIZE);
        end = align_down(end + TS_PAGE_SIZE - 1, TS_PAGE_SIZE);
    }
    if (base < end && contradicts(info, kind, base, end)) {
        boot_fail(info, "boot: device registers lie in RAM");
    }
    bool added = base >= end || (cut_weaker(info, kind, base, end) && fill_gaps(info, kind, base, end));
    merge_neighbours(info);
    return added;
}

bool boot_memory_covers(const struct boot_info *info, uint64_t base, uint64_t length) {
    uint64_t end;
    if (!checked_add(base, length, &end)) {
        return false;
    }
    for (uint32_t i = 0; i < info->memory_count && base < end; i++) {
        const struct boot_memory *entry = &info->memory[i];
        if (entry->base <= base && end_of(entry) > base) {
            base = end_of(entry);
        }
    }
    return base >= end;
}

static bool overlap(const struct boot_range *a, const struct boot_range *b) {
    return ranges_overlap(a->base, a->length, b->base, b->length);
}

/* Keeps one of the adapter's own ranges, which must be in RAM that the firmware told of. */
static void keep_range(struct boot_info *info, enum boot_memory_kind kind, const struct boot_range *range,
                       const char *error) {
    if (!boot_memory_covers(info, range->base, range->length)) {
        boot_fail(info, error);
    } else {
        boot_memory_add(info, kind, range->base, range->length);
    }
}

void boot_memory_finish(struct boot_info *info) {
    if (info->kernel.length == 0) {
        boot_fail(info, "boot: the adapter gave no kernel image");
    }
    if (overlap(&info->kernel, &info->archive) || overlap(&info->kernel, &info->devicetree)) {
        boot_fail(info, "boot: archive or devicetree overlap the kernel image");
    }
    if (overlap(&info->archive, &info->devicetree)) {
        boot_fail(info, "boot: the archive and the devicetree overlap");
    }
    keep_range(info, BOOT_MEMORY_BOOT, &info->archive, "boot: the archive lies outside of memory");
    keep_range(info, BOOT_MEMORY_BOOT, &info->devicetree, "boot: the devicetree lies outside of memory");
    keep_range(info, BOOT_MEMORY_KERNEL, &info->kernel, "boot: the kernel image lies outside of memory");
    bool usable = false;
    for (uint32_t i = 0; i < info->memory_count; i++) {
        usable |= info->memory[i].kind == BOOT_MEMORY_USABLE;
    }
    if (!usable) {
        boot_fail(info, "boot: no usable memory");
    }
    if (info->cpu_count == 0 || info->cpu_count > TS_CPU_COUNT_MAX) {
        boot_fail(info, "boot: no CPU found");
    }
}

void boot_cpu_set_first(struct boot_info *info, uint64_t hardware_id) {
    for (uint32_t i = 0; i < info->cpu_count; i++) {
        if (info->cpu[i].hardware_id == hardware_id) {
            struct boot_cpu first = info->cpu[i];
            memmove(&info->cpu[1], &info->cpu[0], i * sizeof(first));
            info->cpu[0] = first;
            return;
        }
    }
    boot_fail(info, "boot: the CPU that runs is not among those that the firmware lists");
}
