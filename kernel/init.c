/* SPDX-License-Identifier: MIT */
/*
 * The first process: found in the boot archive, loaded, and given everything there is. It gets its handles in its
 * message buffer, as pairs of a name code and a value (abi/startup.h).
 */
#include "abi/options.h"
#include "abi/rights.h"
#include "abi/startup.h"
#include "arch/cpu.h"
#include "arch/time.h"
#include "base/cpio.h"
#include "base/elf.h"
#include "base/string.h"
#include "gen/syscalls.h"
#include "kernel/assert.h"
#include "kernel/devices.h"
#include "kernel/init.h"
#include "kernel/process.h"
#include "kernel/system.h"

#define INIT_PATH  "bin/init"
#define STACK_SIZE ((uint64_t)64 << 10)

struct startup {
    struct process *process;
    struct thread *thread;
    unsigned words;
};

static void must(ts_status_t status, const char *what) {
    if (status != TS_OK) {
        panic("cannot start %s: %s: %d", INIT_PATH, what, status);
    }
}

static void add_value(struct startup *startup, enum ts_startup name, uint64_t value) {
    startup->thread->buffer->words[startup->words++] = name;
    startup->thread->buffer->words[startup->words++] = value;
}

/* The creation's reference of the object is consumed. */
static void add_handle(struct startup *startup, enum ts_startup name, struct object *object, ts_rights_t rights) {
    ts_handle_t handle = TS_HANDLE_INVALID;
    must(handle_add(&startup->process->handles, object, rights, 0, NULL, &handle), "handle");
    object_release(object);
    add_value(startup, name, handle);
}

static void read_init(const struct boot_info *bi, struct elf *elf, const void **image) {
    struct cpio_entry entry;
    uint32_t count = 0;
    const void *archive = phys_to_virt(bi->archive.base);
    if (bi->archive.length == 0) {
        panic("there is no boot archive");
    }
    if (cpio_check(archive, bi->archive.length, &count) != TS_OK) {
        panic("the boot archive is damaged after %u entries", count);
    }
    if (cpio_find(archive, bi->archive.length, INIT_PATH, &entry) != TS_OK) {
        panic("the boot archive has no %s", INIT_PATH);
    }
    if (elf_open(elf, entry.data, entry.size, ARCH_ELF_MACHINE) != TS_OK) {
        panic("%s: %s", INIT_PATH, elf->error);
    }
    if (!elf->has_abi_id || elf->abi_id != TS_ABI_ID) {
        panic("%s was built for another version of the system call interface", INIT_PATH);
    }
    *image = entry.data;
}

static uint64_t map(struct process *process, struct vmo *vmo, uint64_t address, uint64_t size, uint32_t permissions) {
    uint64_t mapped = 0;
    uint32_t placement = address != 0 ? TS_VMAR_SPECIFIC : 0;
    uint64_t offset = address != 0 ? address - process->root_vmar->region.base : 0;
    must(vmar_map(process->root_vmar, &vmar_no_handle, permissions | placement, offset, vmo, &vmar_no_handle, 0, size,
                  &mapped),
         "mapping");
    return mapped;
}

static void load_segment(struct process *process, const struct elf_segment *segment, const void *image) {
    struct vmo *vmo = NULL;
    uint64_t size = segment->page_end - segment->page_start;
    must(vmo_create(&process->job->account, size, 0, &vmo), "memory of a segment");
    must(vmo_write_kernel(vmo, (const char *)image + segment->offset, segment->address - segment->page_start,
                          segment->file_size),
         "segment");
    uint32_t permissions = (segment->flags & ELF_READ) != 0 ? TS_VMAR_READ : 0;
    permissions |= (segment->flags & ELF_WRITE) != 0 ? TS_VMAR_WRITE : 0;
    permissions |= (segment->flags & ELF_EXECUTE) != 0 ? TS_VMAR_EXECUTE : 0;
    (void)map(process, vmo, segment->page_start, size, permissions);
    object_release(&vmo->object);
}

static uint64_t make_stack(struct process *process) {
    struct vmo *vmo = NULL;
    must(vmo_create(&process->job->account, STACK_SIZE, 0, &vmo), "stack");
    uint64_t base = map(process, vmo, 0, STACK_SIZE, TS_VMAR_READ | TS_VMAR_WRITE);
    object_release(&vmo->object);
    return base + STACK_SIZE;
}

/* A VMO of whole pages around a range of boot memory; the offset of the range in it is a value of its own. */
static void add_boot_range(struct startup *startup, const struct boot_range *range, enum ts_startup vmo_name,
                           enum ts_startup offset_name, enum ts_startup size_name) {
    if (range->length == 0) {
        return;
    }
    uint64_t start = range->base & ~(uint64_t)(TS_PAGE_SIZE - 1);
    uint64_t end = (range->base + range->length + TS_PAGE_SIZE - 1) & ~(uint64_t)(TS_PAGE_SIZE - 1);
    struct vmo *vmo = NULL;
    must(vmo_create_borrowed(start, end - start, &vmo), "boot memory");
    ts_rights_t rights = TS_RIGHT_BASIC | TS_RIGHT_READ | TS_RIGHT_MAP | TS_RIGHT_GET_PROPERTY | TS_RIGHT_EXECUTE;
    add_handle(startup, vmo_name, &vmo->object, rights);
    add_value(startup, offset_name, range->base - start);
    add_value(startup, size_name, range->length);
}

static void add_time_page(struct startup *startup) {
    struct vmo *vmo = NULL;
    must(vmo_create(NULL, TS_PAGE_SIZE, 0, &vmo), "time page");
    void *page = vmo_pin_page(vmo, 0);
    must(page != NULL ? TS_OK : TS_ERR_NO_MEMORY, "time page");
    arch_time_page_fill(page);
    add_handle(startup, TS_STARTUP_TIME_PAGE, &vmo->object, TS_RIGHT_BASIC | TS_RIGHT_READ | TS_RIGHT_MAP);
}

static void add_command_line(struct startup *startup, const struct boot_info *bi) {
    struct vmo *vmo = NULL;
    must(vmo_create(NULL, sizeof(bi->command_line), 0, &vmo), "command line");
    must(vmo_write_kernel(vmo, bi->command_line, 0, sizeof(bi->command_line)), "command line");
    add_handle(startup, TS_STARTUP_COMMAND_LINE, &vmo->object, TS_RIGHT_BASIC | TS_RIGHT_READ | TS_RIGHT_MAP);
}

static void add_resources(struct startup *startup) {
    struct resource *root = NULL;
    struct resource *log = NULL;
    must(resource_create(NULL, TS_RESOURCE_ROOT, 0, 0, &root), "root resource");
    must(resource_create(NULL, TS_RESOURCE_LOG, 0, 0, &log), "log resource");
    add_handle(startup, TS_STARTUP_RESOURCE_ROOT, &root->object, TS_DEFAULT_RIGHTS_RESOURCE);
    add_handle(startup, TS_STARTUP_LOG, &log->object, TS_DEFAULT_RIGHTS_RESOURCE);
}

static void add_self(struct startup *startup) {
    struct process *process = startup->process;
    ts_rights_t vmar_rights = TS_DEFAULT_RIGHTS_VMAR | TS_RIGHT_IO | TS_RIGHT_EXECUTE;
    object_reference(&process->object);
    object_reference(&startup->thread->object);
    object_reference(&process->root_vmar->object);
    object_reference(&job_root()->object);
    add_handle(startup, TS_STARTUP_PROCESS, &process->object, TS_DEFAULT_RIGHTS_PROCESS);
    add_handle(startup, TS_STARTUP_THREAD, &startup->thread->object, TS_DEFAULT_RIGHTS_THREAD);
    add_handle(startup, TS_STARTUP_VMAR, &process->root_vmar->object, vmar_rights);
    add_handle(startup, TS_STARTUP_JOB, &job_root()->object, TS_DEFAULT_RIGHTS_JOB);
}

void init_start(const struct boot_info *bi) {
    struct elf elf;
    const void *image = NULL;
    read_init(bi, &elf, &image);
    struct startup startup = {0};
    must(process_create(job_root(), "init", &startup.process), "process");
    for (uint32_t i = 0; i < elf.segment_count; i++) {
        load_segment(startup.process, &elf.segment[i], image);
    }
    must(thread_create(startup.process, "main", &startup.thread), "thread");
    uint64_t stack = make_stack(startup.process);
    add_self(&startup);
    add_resources(&startup);
    add_boot_range(&startup, &bi->archive, TS_STARTUP_ARCHIVE, TS_STARTUP_ARCHIVE_OFFSET, TS_STARTUP_ARCHIVE_SIZE);
    add_boot_range(&startup, &bi->devicetree, TS_STARTUP_DEVICETREE, TS_STARTUP_DEVICETREE_OFFSET,
                   TS_STARTUP_DEVICETREE_SIZE);
    add_time_page(&startup);
    add_command_line(&startup, bi);
    log_line("starting %s", INIT_PATH);
    system_boot_done();
    struct handle_entry none = {0};
    must(process_start(startup.process, startup.thread, elf.entry, stack, &none, startup.words), "start");
    object_release(&startup.thread->object);
    object_release(&startup.process->object);
}
