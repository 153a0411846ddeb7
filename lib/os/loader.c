/* SPDX-License-Identifier: MIT */
/* ELF loading: each segment becomes a VMO of its own, filled with the file's bytes, mapped with its
 * permissions. */
#include "os/loader.h"

#include "abi/info.h"
#include "abi/options.h"
#include "abi/status.h"
#include "base/elf.h"
#include "gen/os_calls.h"
#include "gen/syscalls.h"
#include "os/impl/cpu.h"
#include "os/thread.h"

static uint32_t map_options(uint32_t flags) {
    return TS_VMAR_SPECIFIC | ((flags & ELF_READ) != 0 ? TS_VMAR_READ : 0) |
           ((flags & ELF_WRITE) != 0 ? TS_VMAR_WRITE : 0) |
           ((flags & ELF_EXECUTE) != 0 ? TS_VMAR_EXECUTE : 0);
}

/* A VMO with the segment's pages as they are to appear. */
static ts_status_t fill_segment(const struct elf_segment *segment, const uint8_t *image,
                                bool wired, ts_handle_t vmex, ts_handle_t *vmo) {
    uint64_t size = segment->page_end - segment->page_start;
    ts_status_t status = ts_vmo_create(size, 0, vmo);
    if (status != TS_OK) {
        return status;
    }
    if (wired) {
        status = ts_vmo_op_range(*vmo, TS_VMO_OP_COMMIT, 0, size);
    }
    if (status == TS_OK && segment->file_size > 0) {
        status = ts_vmo_write(*vmo, image + segment->offset, segment->address - segment->page_start,
                              segment->file_size);
    }
    if (status == TS_OK && (segment->flags & ELF_EXECUTE) != 0) {
        return ts_vmo_replace_executable(*vmo, vmex, vmo); /* takes the old handle in any case */
    }
    if (status != TS_OK) {
        (void)!ts_handle_close(*vmo);
    }
    return status;
}

static ts_status_t map_segment(ts_handle_t vmar, uint64_t vmar_base,
                               const struct elf_segment *segment, const uint8_t *image,
                               bool wired, ts_handle_t vmex) {
    ts_handle_t vmo;
    uint64_t address;
    if (segment->page_start < vmar_base) {
        return TS_ERR_OUT_OF_RANGE;
    }
    ts_status_t status = fill_segment(segment, image, wired, vmex, &vmo);
    if (status == TS_OK) {
        uint32_t options = map_options(segment->flags) | (wired ? TS_VMAR_MAP_RANGE : 0);
        status = ts_vmar_map(vmar, options, segment->page_start - vmar_base,
                             vmo, 0, segment->page_end - segment->page_start, &address);
        (void)!ts_handle_close(vmo);
    }
    return status;
}

static ts_status_t check_program(struct elf *elf, const void *image, size_t size) {
    ts_status_t status = elf_open(elf, image, size, TS_ELF_MACHINE);
    if (status == TS_OK && (!elf->has_abi_id || elf->abi_id != TS_ABI_ID)) {
        elf->error = "the program was built for other system calls";
        return TS_ERR_NOT_SUPPORTED;
    }
    return status;
}

ts_status_t ts_program_load(ts_handle_t vmar, const void *image, size_t size, size_t stack_size,
                            bool wired, ts_handle_t vmex, struct ts_loaded *loaded) {
    struct elf elf;
    struct ts_info_vmar range;
    size_t actual;
    size_t available;
    uint64_t stack_base;
    ts_status_t status = check_program(&elf, image, size);
    loaded->entry = elf.entry;
    loaded->stack = 0;
    loaded->error = status == TS_OK ? NULL : elf.error;
    if (status == TS_OK) {
        status = ts_object_get_info(vmar, TS_INFO_VMAR, &range, sizeof(range), &actual, &available);
    }
    for (uint32_t i = 0; status == TS_OK && i < elf.segment_count; i++) {
        status = map_segment(vmar, range.base, &elf.segment[i], image, wired, vmex);
    }
    if (status == TS_OK) {
        status = ts_stack_map(vmar, stack_size, wired, &stack_base, &loaded->stack);
    }
    return status;
}
