/* SPDX-License-Identifier: MIT */
/* Notes of failed checks. */
#include "guest/check.h"

#include "abi/info.h"
#include "base/format.h"
#include "os/print.h"
#include "os/start.h"

static const char *base_name(const char *path) {
    const char *name = path;
    for (const char *at = path; *at != '\0'; at++) {
        name = *at == '/' ? at + 1 : name;
    }
    return name;
}

/* Text beyond the room is dropped; the count still says that there was more. */
static void note(const char *line) {
    struct guest_shared *shared = guest_shared();
    size_t length = strlen(line);
    while (__atomic_exchange_n(&shared->lock, 1, __ATOMIC_ACQUIRE) != 0) {
        (void)!ts_thread_yield();
    }
    if (length < SHARED_TEXT - shared->text_length) {
        memcpy(shared->text + shared->text_length, line, length + 1);
        shared->text_length += (uint32_t)length;
    }
    __atomic_store_n(&shared->lock, 0, __ATOMIC_RELEASE);
    __atomic_fetch_add(&shared->failures, 1, __ATOMIC_RELAXED);
}

bool guest_check(bool condition, const char *file, int line, const char *text) {
    char buffer[256];
    if (!condition) {
        format_text(buffer, sizeof(buffer), "# %s:%d: %s\n", base_name(file), line, text);
        note(buffer);
    }
    return condition;
}

bool guest_check_status(ts_status_t expected, ts_status_t status, const char *file, int line,
                        const char *text) {
    char buffer[256];
    if (expected != status) {
        format_text(buffer, sizeof(buffer), "# %s:%d: %s, not %s: %s\n", base_name(file), line,
                    ts_status_name(status), ts_status_name(expected), text);
        note(buffer);
    }
    return expected == status;
}

bool guest_check_equal(uint64_t expected, uint64_t value, const char *file, int line,
                       const char *text) {
    char buffer[256];
    if (expected != value) {
        format_text(buffer, sizeof(buffer), "# %s:%d: %lx, not %lx: %s\n", base_name(file), line,
                    value, expected, text);
        note(buffer);
    }
    return expected == value;
}

void guest_skip(const char *reason) {
    struct guest_shared *shared = guest_shared();
    string_copy(shared->text, SHARED_TEXT, reason);
    shared->skipped = 1;
}

void guest_begin(void) {
    memset(guest_shared(), 0, sizeof(struct guest_shared));
}

ts_status_t guest_shared_make(ts_handle_t *vmo) {
    uint64_t address;
    struct ts_info_vmar range;
    size_t actual;
    size_t available;
    ts_handle_t vmar = ts_startup_handle("vmar");
    _Static_assert(sizeof(struct guest_shared) <= TS_PAGE_SIZE, "one page is shared");
    ts_status_t status = ts_vmo_create(TS_PAGE_SIZE, 0, vmo);
    if (status == TS_OK) {
        status = ts_object_get_info(vmar, TS_INFO_VMAR, &range, sizeof(range), &actual, &available);
    }
    return status != TS_OK ? status
                           : ts_vmar_map(vmar, TS_VMAR_READ | TS_VMAR_WRITE | TS_VMAR_SPECIFIC,
                                         SHARED_ADDRESS - range.base, *vmo, 0, TS_PAGE_SIZE,
                                         &address);
}
