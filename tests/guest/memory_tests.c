/* SPDX-License-Identifier: MIT */
/* VMOs and VMARs: rules V and M as far as the kernel has them, and the calls of both families. */
#include "guest/ceilings.h"
#include "guest/cpu.h"
#include "guest/device.h"
#include "guest/revoking.h"
#include "guest/groups.h"
#include "guest/support.h"

#define PAGE     TS_PAGE_SIZE
#define READ     TS_VMAR_READ
#define WRITE    (TS_VMAR_READ | TS_VMAR_WRITE)
#define SPECIFIC TS_VMAR_SPECIFIC
#define CAN_ALL                                                                                    \
    (TS_VMAR_CAN_MAP_READ | TS_VMAR_CAN_MAP_WRITE | TS_VMAR_CAN_MAP_EXECUTE |                      \
     TS_VMAR_CAN_MAP_SPECIFIC)

static ts_handle_t make_range(uint32_t options, uint64_t size, uint64_t *address) {
    ts_handle_t range = TS_HANDLE_INVALID;
    CHECK_OK(ts_vmar_allocate(guest_self.vmar, options, 0, size, &range, address));
    return range;
}

static void drop_range(ts_handle_t range) {
    CHECK_OK(ts_vmar_destroy(range));
    close_handle(range);
}

/* --- VMOs --- */

static void normal_vmo_create(void) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    uint64_t size = 0;
    CHECK_OK(ts_vmo_create(3 * PAGE, 0, &vmo));
    CHECK_OK(ts_vmo_get_size(vmo, &size));
    CHECK_EQUAL(3 * PAGE, size);
    close_handle(vmo);
}

static ts_status_t vmo_in_child(void) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    ts_status_t status = ts_vmo_create(2 * PAGE, 0, &vmo);
    return status == TS_OK ? ts_handle_close(vmo) : status;
}

static void hostile_vmo_create(void) {
    ts_handle_t vmo = 1;
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_create(UINT64_MAX, 0, &vmo));
    CHECK_EQUAL(0, vmo);
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_create(UINT64_MAX - PAGE + 2, 0, &vmo));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_create(1ul << 63, 0, &vmo));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_create(PAGE, 1u << 31, &vmo));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_create((1ul << 40) + 1, 0, &vmo));
    check_ceilings(vmo_in_child, TS_HANDLE_INVALID);
}

static void v1_zero_filled(void) {
    ts_handle_t vmo = make_vmo(2 * PAGE);
    uint64_t words[64];
    for (uint64_t offset = 0; offset < 2 * PAGE; offset += sizeof(words)) {
        CHECK_OK(ts_vmo_read(vmo, words, offset, sizeof(words)));
        for (unsigned i = 0; i < 64; i++) {
            CHECK_EQUAL(0, words[i]);
        }
    }
    close_handle(vmo);
}

/* Pages that were another program's come back empty. */
static void v1_zero_filled_again(void) {
    for (unsigned round = 0; round < 4; round++) {
        ts_handle_t vmo = make_vmo(16 * PAGE);
        uint64_t address = map_vmo(vmo, 16 * PAGE);
        uint64_t *words = (uint64_t *)address;
        uint64_t sum = 0;
        for (unsigned i = 0; i < 16 * PAGE / 8; i++) {
            sum |= words[i];
            words[i] = UINT64_MAX;
        }
        CHECK_EQUAL(0, sum);
        unmap(address, 16 * PAGE);
        close_handle(vmo);
    }
}

static void v1_size_rounded(void) {
    ts_handle_t vmo = make_vmo(PAGE + 1);
    uint64_t size = 0;
    CHECK_OK(ts_vmo_get_size(vmo, &size));
    CHECK_EQUAL(2 * PAGE, size);
    close_handle(vmo);
}

static void v2_size_zero(void) {
    ts_handle_t vmo = make_vmo(0);
    uint64_t size = 1;
    char byte;
    CHECK_OK(ts_vmo_get_size(vmo, &size));
    CHECK_EQUAL(0, size);
    CHECK_OK(ts_vmo_read(vmo, &byte, 0, 0));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_read(vmo, &byte, 0, 1));
    close_handle(vmo);
}

static void normal_vmo_read(void) {
    ts_handle_t vmo = make_vmo(2 * PAGE);
    char written[100];
    char read[100] = {0};
    for (unsigned i = 0; i < sizeof(written); i++) {
        written[i] = (char)(i + 1);
    }
    CHECK_OK(ts_vmo_write(vmo, written, PAGE - 50, sizeof(written)));
    CHECK_OK(ts_vmo_read(vmo, read, PAGE - 50, sizeof(read)));
    CHECK(memcmp(written, read, sizeof(read)) == 0);
    close_handle(vmo);
}

static void normal_vmo_write(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    uint64_t address = map_vmo(vmo, PAGE);
    uint64_t value = 0x1122334455667788ul;
    CHECK_OK(ts_vmo_write(vmo, &value, 8, sizeof(value)));
    CHECK_EQUAL(value, ((volatile uint64_t *)address)[1]);
    CHECK_EQUAL(0, ((volatile uint64_t *)address)[2]);
    unmap(address, PAGE);
    close_handle(vmo);
}

static void hostile_vmo_transfer(bool write) {
    ts_handle_t registers = TS_HANDLE_INVALID;
    ts_handle_t vmo = make_vmo(2 * PAGE);
    ts_handle_t event = make_event();
    ts_handle_t weak = duplicate_without(vmo, write ? TS_RIGHT_WRITE : TS_RIGHT_READ);
    uint64_t page = edge_make();
    ts_status_t (*write_call)(ts_handle_t, const void *, uint64_t, uint64_t) = ts_vmo_write;
    ts_status_t (*call)(ts_handle_t, void *, uint64_t, uint64_t) =
        write ? (ts_status_t(*)(ts_handle_t, void *, uint64_t, uint64_t))write_call : ts_vmo_read;
    char *buffer = (char *)page;
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, call(vmo, buffer, 2 * PAGE, 1));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, call(vmo, buffer, 2 * PAGE - 1, 2));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, call(vmo, buffer, UINT64_MAX, 2));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, call(vmo, buffer, 1, UINT64_MAX));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, call(vmo, buffer + PAGE - 1, 0, 2));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, call(vmo, buffer, 0, PAGE + 1));
    for (unsigned i = 0; i < BAD_ADDRESSES; i++) {
        CHECK_STATUS(TS_ERR_INVALID_ARGS, call(vmo, (void *)bad_address(i), 0, 16));
    }
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, call(weak, buffer, 0, 1));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, call(event, buffer, 0, 1));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, call(STALE_HANDLE, buffer, 0, 1));
    CHECK_OK(ts_vmo_create_physical(resource("root"), device_page, PAGE, &registers));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, call(registers, buffer, device_word_offset, 4));
    close_handle(registers);
    edge_unmake(page);
    close_handle(weak);
    close_handle(event);
    close_handle(vmo);
}

static void hostile_vmo_read(void) {
    hostile_vmo_transfer(false);
}

static void hostile_vmo_write(void) {
    hostile_vmo_transfer(true);
}

/* A read into constants, and a write from memory that may be read only. */
static void read_into_constants(void) {
    static const uint64_t constants[2] = {1, 2};
    ts_handle_t vmo = make_vmo(PAGE);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_read(vmo, (void *)(uintptr_t)constants, 0, 16));
    CHECK_EQUAL(2, *(volatile const uint64_t *)&constants[1]);
    CHECK_OK(ts_vmo_write(vmo, constants, 0, 16));
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_vmo_read(vmo, (void *)(uintptr_t)read_into_constants, 0, 16));
    close_handle(vmo);
}

static void v3_no_partial_transfer(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    uint64_t words[4] = {1, 2, 3, 4};
    uint64_t back[2] = {9, 9};
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_write(vmo, words, PAGE - 16, 32));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_read(vmo, back, PAGE - 8, 16));
    CHECK_EQUAL(9, back[0]);
    CHECK_OK(ts_vmo_read(vmo, back, PAGE - 16, 16));
    CHECK_EQUAL(0, back[0] | back[1]);
    close_handle(vmo);
}

static void normal_vmo_get_size(void) {
    ts_handle_t vmo = make_vmo(5 * PAGE);
    ts_handle_t weak = duplicate_with(vmo, TS_RIGHT_NONE);
    uint64_t size = 0;
    CHECK_OK(ts_vmo_get_size(weak, &size));
    CHECK_EQUAL(5 * PAGE, size);
    close_handle(weak);
    close_handle(vmo);
}

static void hostile_vmo_get_size(void) {
    ts_handle_t event = make_event();
    uint64_t size = 1;
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_vmo_get_size(event, &size));
    CHECK_EQUAL(0, size);
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmo_get_size(0, &size));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmo_get_size(FORGED_HANDLE, &size));
    close_handle(event);
}

static void v7_zero_children(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    ts_signals_t observed = 0;
    CHECK_OK(ts_object_wait_one(vmo, TS_SIGNAL_ZERO_CHILDREN, 0, &observed));
    close_handle(vmo);
}

/* A VMO with code in it, executable; 0 on failure. */
static ts_handle_t make_code(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    ts_handle_t executable = TS_HANDLE_INVALID;
    CHECK_OK(ts_vmo_write(vmo, cpu_code_42, 0, cpu_code_42_size));
    CHECK_OK(ts_vmo_replace_executable(vmo, resource("vmex"), &executable));
    return executable;
}

static void normal_replace_executable(void) {
    ts_handle_t code = make_code();
    uint64_t address = 0;
    CHECK((rights_of(code) & TS_RIGHT_EXECUTE) != 0);
    CHECK_OK(ts_vmar_map(guest_self.vmar, READ | TS_VMAR_EXECUTE, 0, code, 0, PAGE, &address));
    if (address != 0) {
        cpu_sync_code((const void *)address, cpu_code_42_size);
        CHECK_EQUAL(42, ((uint32_t(*)(void))address)());
        unmap(address, PAGE);
    }
    close_handle(code);
}

static void hostile_replace_executable(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    ts_handle_t event = make_event();
    ts_handle_t weak = duplicate_without(resource("vmex"), TS_RIGHT_WRITE);
    ts_handle_t code = 1;
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmo_replace_executable(vmo, resource("log"), &code));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmo_replace_executable(vmo, weak, &code));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_vmo_replace_executable(vmo, event, &code));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_vmo_replace_executable(event, resource("vmex"), &code));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmo_replace_executable(0, resource("vmex"), &code));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmo_replace_executable(vmo, STALE_HANDLE, &code));
    CHECK_EQUAL(0, rights_of(vmo) & TS_RIGHT_EXECUTE);
    close_handle(weak);
    close_handle(event);
    close_handle(vmo);
}

static void v8_executable_needs_vmex(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    uint64_t address = 0;
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmar_map(guest_self.vmar, READ | TS_VMAR_EXECUTE, 0, vmo,
                                                   0, PAGE, &address));
    close_handle(vmo);
}

/* --- mappings --- */

static void normal_map(void) {
    ts_handle_t vmo = make_vmo(2 * PAGE);
    uint64_t value = 77;
    uint64_t address = 0;
    CHECK_OK(ts_vmo_write(vmo, &value, PAGE, sizeof(value)));
    CHECK_OK(ts_vmar_map(guest_self.vmar, WRITE, 0, vmo, PAGE, PAGE, &address));
    if (address != 0) {
        CHECK_EQUAL(77, *(volatile uint64_t *)address);
        *(volatile uint64_t *)address = 78;
        CHECK_OK(ts_vmo_read(vmo, &value, PAGE, sizeof(value)));
        CHECK_EQUAL(78, value);
        unmap(address, PAGE);
    }
    close_handle(vmo);
}

/* Three pages of the child. */
static ts_status_t map_in_child(uint64_t *address) {
    static ts_handle_t vmo;
    vmo = vmo != TS_HANDLE_INVALID ? vmo : make_vmo(3 * PAGE);
    return ts_vmar_map(guest_self.vmar, WRITE, 0, vmo, 0, 3 * PAGE, address);
}

static ts_status_t derive_mapping(ts_handle_t vmo) {
    uint64_t address;
    ts_status_t status = ts_vmar_map(guest_self.vmar, WRITE, 0, vmo, 0, PAGE, &address);
    return status == TS_OK ? ts_vmar_unmap(guest_self.vmar, address, PAGE) : status;
}

/* Two, because a space keeps what the mapping that ended last was made of. */
static ts_status_t map_and_unmap_in_child(void) {
    uint64_t first, second;
    ts_status_t status = map_in_child(&first);
    if (status != TS_OK) {
        return status;
    }
    status = map_in_child(&second);
    if (status == TS_OK) {
        status = ts_vmar_unmap(guest_self.vmar, second, 3 * PAGE);
    }
    unmap(first, 3 * PAGE);
    return status;
}

static void hostile_map(void) {
    uint64_t base = 0;
    uint64_t address = 1;
    ts_handle_t vmo = make_vmo(2 * PAGE);
    ts_handle_t no_map = duplicate_without(vmo, TS_RIGHT_MAP);
    ts_handle_t read_only = duplicate_without(vmo, TS_RIGHT_WRITE);
    ts_handle_t event = make_event();
    ts_handle_t range = make_range(CAN_ALL, 4 * PAGE, &base);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_map(range, 1u << 20, 0, vmo, 0, PAGE, &address));
    CHECK_EQUAL(0, address);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_map(range, READ, 0, vmo, 1, PAGE, &address));
    CHECK_STATUS(TS_ERR_BUFFER_TOO_SMALL, ts_vmar_map(range, READ, 0, vmo, PAGE, 2 * PAGE, &address));
    CHECK_STATUS(TS_ERR_BUFFER_TOO_SMALL,
                 ts_vmar_map(range, READ, 0, vmo, ~(PAGE - 1), PAGE, &address));
    CHECK_STATUS(TS_ERR_BUFFER_TOO_SMALL,
                 ts_vmar_map(range, READ, 0, vmo, 0, ~(PAGE - 1), &address));
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_vmar_map(range, READ | SPECIFIC, 4 * PAGE, vmo, 0, PAGE, &address));
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_vmar_map(range, READ | SPECIFIC, ~(PAGE - 1), vmo, 0, PAGE, &address));
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_vmar_map(range, READ | SPECIFIC | TS_VMAR_SPECIFIC_OVERWRITE, 0, vmo, 0, PAGE,
                             &address));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmar_map(range, READ, 0, no_map, 0, PAGE, &address));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmar_map(range, WRITE, 0, read_only, 0, PAGE, &address));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_vmar_map(range, READ, 0, event, 0, PAGE, &address));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_vmar_map(vmo, READ, 0, vmo, 0, PAGE, &address));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmar_map(0, READ, 0, vmo, 0, PAGE, &address));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmar_map(range, READ, 0, STALE_HANDLE, 0, PAGE, &address));
    CHECK_OK(ts_vmar_map(range, READ | SPECIFIC, PAGE, vmo, 0, 2 * PAGE, &address));
    CHECK_STATUS(TS_ERR_NO_RESOURCES, ts_vmar_map(range, READ, 0, vmo, 0, 2 * PAGE, &address));
    check_memory_ceiling(map_and_unmap_in_child, TS_HANDLE_INVALID);
    check_refused_while_revoked(derive_mapping, duplicate_with(vmo, TS_RIGHT_SAME_RIGHTS));
    CHECK_OK(ts_vmar_destroy(range));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_map(range, READ, 0, vmo, 0, PAGE, &address));
    close_handle(range);
    close_handle(event);
    close_handle(read_only);
    close_handle(no_map);
    close_handle(vmo);
}

static void m1_length(void) {
    ts_handle_t vmo = make_vmo(2 * PAGE);
    uint64_t address;
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_map(guest_self.vmar, READ, 0, vmo, 0, 0, &address));
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_vmar_map(guest_self.vmar, READ, 0, vmo, 0, PAGE - 1, &address));
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_vmar_map(guest_self.vmar, READ, 0, vmo, 0, PAGE + 1, &address));
    close_handle(vmo);
}

static void m2_offset_without_specific(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    uint64_t address;
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_vmar_map(guest_self.vmar, READ, PAGE, vmo, 0, PAGE, &address));
    close_handle(vmo);
}

static void m3_specific_needs_permission(void) {
    uint64_t base;
    uint64_t address;
    ts_handle_t vmo = make_vmo(PAGE);
    ts_handle_t range = make_range(TS_VMAR_CAN_MAP_READ, 4 * PAGE, &base);
    CHECK_STATUS(TS_ERR_ACCESS_DENIED,
                 ts_vmar_map(range, READ | SPECIFIC, 0, vmo, 0, PAGE, &address));
    CHECK_OK(ts_vmar_map(range, READ, 0, vmo, 0, PAGE, &address));
    drop_range(range);
    close_handle(vmo);
}

static void m3_overlap(void) {
    uint64_t base;
    uint64_t address = 0;
    ts_handle_t vmo = make_vmo(2 * PAGE);
    ts_handle_t range = make_range(CAN_ALL, 4 * PAGE, &base);
    CHECK_OK(ts_vmar_map(range, READ | SPECIFIC, PAGE, vmo, 0, PAGE, &address));
    CHECK_EQUAL(base + PAGE, address);
    CHECK_STATUS(TS_ERR_ALREADY_EXISTS,
                 ts_vmar_map(range, READ | SPECIFIC, PAGE, vmo, 0, PAGE, &address));
    CHECK_STATUS(TS_ERR_ALREADY_EXISTS,
                 ts_vmar_map(range, READ | SPECIFIC, 0, vmo, 0, 2 * PAGE, &address));
    drop_range(range);
    close_handle(vmo);
}

static void m4_overwrite(void) {
    uint64_t base;
    uint64_t address;
    uint64_t value = 5;
    ts_handle_t old = make_vmo(3 * PAGE);
    ts_handle_t fresh = make_vmo(PAGE);
    ts_handle_t range = make_range(CAN_ALL, 3 * PAGE, &base);
    CHECK_OK(ts_vmo_write(fresh, &value, 0, sizeof(value)));
    CHECK_OK(ts_vmar_map(range, WRITE | SPECIFIC, 0, old, 0, 3 * PAGE, &address));
    volatile uint64_t *words = (volatile uint64_t *)address;
    words[PAGE / 8] = 1;
    words[2 * PAGE / 8] = 2;
    CHECK_OK(ts_vmar_map(range, READ | TS_VMAR_SPECIFIC_OVERWRITE, PAGE, fresh, 0, PAGE, &address));
    CHECK_EQUAL(5, words[PAGE / 8]);
    CHECK_EQUAL(2, words[2 * PAGE / 8]);
    words[0] = 9;
    CHECK_OK(ts_vmo_read(old, &value, PAGE, sizeof(value)));
    CHECK_EQUAL(1, value);
    drop_range(range);
    close_handle(fresh);
    close_handle(old);
}

static void m4_overwrite_cuts_no_range(void) {
    uint64_t base;
    uint64_t address;
    ts_handle_t inner = TS_HANDLE_INVALID;
    ts_handle_t vmo = make_vmo(2 * PAGE);
    ts_handle_t range = make_range(CAN_ALL, 4 * PAGE, &base);
    CHECK_OK(ts_vmar_allocate(range, TS_VMAR_CAN_MAP_READ | SPECIFIC, PAGE, 2 * PAGE, &inner,
                              &address));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_map(range, READ | TS_VMAR_SPECIFIC_OVERWRITE, 0, vmo,
                                                  0, 2 * PAGE, &address));
    drop_range(range);
    close_handle(inner);
    close_handle(vmo);
}

static void m5_range_flags(void) {
    uint64_t base;
    uint64_t address;
    ts_handle_t vmo = make_vmo(PAGE);
    ts_handle_t range = make_range(TS_VMAR_CAN_MAP_READ, 2 * PAGE, &base);
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmar_map(range, WRITE, 0, vmo, 0, PAGE, &address));
    drop_range(range);
    close_handle(vmo);
}

static void m5_vmo_rights(void) {
    uint64_t address;
    ts_handle_t vmo = make_vmo(PAGE);
    ts_handle_t weak = duplicate_without(vmo, TS_RIGHT_READ);
    CHECK_STATUS(TS_ERR_ACCESS_DENIED,
                 ts_vmar_map(guest_self.vmar, READ, 0, weak, 0, PAGE, &address));
    close_handle(weak);
    close_handle(vmo);
}

static void m5_vmar_handle_rights(void) {
    uint64_t address = 0;
    ts_handle_t vmo = make_vmo(PAGE);
    ts_handle_t weak = duplicate_without(guest_self.vmar, TS_RIGHT_WRITE);
    if (!CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmar_map(weak, WRITE, 0, vmo, 0, PAGE, &address))) {
        unmap(address, PAGE);
    }
    close_handle(weak);
    close_handle(vmo);
}

static void m6_write_without_read(void) {
    uint64_t address;
    ts_handle_t vmo = make_vmo(PAGE);
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_vmar_map(guest_self.vmar, TS_VMAR_WRITE, 0, vmo, 0, PAGE, &address));
    close_handle(vmo);
}

static void m17_no_write_and_execute(void) {
    uint64_t address;
    ts_handle_t code = make_code();
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_map(guest_self.vmar, WRITE | TS_VMAR_EXECUTE, 0, code,
                                                  0, PAGE, &address));
    CHECK_OK(ts_vmar_map(guest_self.vmar, READ, 0, code, 0, PAGE, &address));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_protect(guest_self.vmar, WRITE | TS_VMAR_EXECUTE,
                                                      address, PAGE));
    unmap(address, PAGE);
    close_handle(code);
}

static void m7_outlives_handle(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    uint64_t address = map_vmo(vmo, PAGE);
    close_handle(vmo);
    *(volatile uint64_t *)address = 3;
    CHECK_EQUAL(3, *(volatile uint64_t *)address);
    unmap(address, PAGE);
}

static void touch(uint64_t address) {
    *(volatile uint64_t *)address = 1;
}

static void m8_past_the_end(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    uint64_t address;
    CHECK_STATUS(TS_ERR_BUFFER_TOO_SMALL,
                 ts_vmar_map(guest_self.vmar, READ, 0, vmo, 0, 2 * PAGE, &address));
    close_handle(vmo);
}

static void normal_unmap(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    uint64_t address = map_vmo(vmo, PAGE);
    char byte = 0;
    CHECK_OK(ts_vmo_write(vmo, (const void *)address, 0, 1));
    CHECK_OK(ts_vmar_unmap(guest_self.vmar, address, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_write(vmo, (const void *)address, 0, 1));
    CHECK_OK(ts_vmo_read(vmo, &byte, 0, 1));
    close_handle(vmo);
}

/* Changing the middle of a mapping needs a second mapping; here packets, which are smaller, leave no room for it. */
static void change_middle(uint64_t change) {
    ts_status_t (*call)(ts_handle_t, uint64_t) = (ts_status_t(*)(ts_handle_t, uint64_t))change;
    uint64_t address = 0;
    ts_handle_t port = make_port();
    struct ts_packet packet = {.key = 1};
    CHECK_OK(map_in_child(&address));
    ((volatile uint64_t *)address)[PAGE / 8] = 1;
    CHECK_OK(ts_job_set_ceiling(guest_self.job, TS_CEILING_MEMORY,
                                job_use(guest_self.job, TS_CEILING_MEMORY) + 8 * PAGE));
    while (ts_port_queue(port, &packet) == TS_OK) {
    }
    CHECK_STATUS(TS_ERR_NO_MEMORY, call(guest_self.vmar, address + PAGE));
    ((volatile uint64_t *)address)[PAGE / 8] = 1;
    close_handle(port);
    CHECK_OK(ts_vmar_unmap(guest_self.vmar, address, 3 * PAGE));
}

static ts_status_t unmap_page(ts_handle_t vmar, uint64_t address) {
    return ts_vmar_unmap(vmar, address, PAGE);
}

static ts_status_t protect_page(ts_handle_t vmar, uint64_t address) {
    return ts_vmar_protect(vmar, READ, address, PAGE);
}

static void check_change_at_ceiling(ts_status_t (*change)(ts_handle_t, uint64_t)) {
    struct guest_child child;
    ts_handle_t job = make_job();
    if (guest_child_start(&child, job, change_middle, (uint64_t)change, TS_HANDLE_INVALID)) {
        CHECK_EQUAL(0, guest_child_end(&child));
    }
    close_handle(job);
}

static void hostile_unmap(void) {
    uint64_t base;
    ts_handle_t event = make_event();
    ts_handle_t range = make_range(CAN_ALL, 4 * PAGE, &base);
    CHECK_STATUS(TS_ERR_NOT_FOUND, ts_vmar_unmap(range, base, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_unmap(range, base, 0));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_unmap(range, base + 1, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_unmap(range, base, PAGE + 8));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_unmap(range, base - PAGE, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_unmap(range, base, 5 * PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_unmap(range, base, ~(PAGE - 1)));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_unmap(guest_self.vmar, cpu_kernel_address, PAGE));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_vmar_unmap(event, base, PAGE));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmar_unmap(STALE_HANDLE, base, PAGE));
    check_change_at_ceiling(unmap_page);
    CHECK_OK(ts_vmar_destroy(range));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_unmap(range, base, PAGE));
    close_handle(range);
    close_handle(event);
}

static void m9_unmapped_faults(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    uint64_t address = map_vmo(vmo, PAGE);
    unmap(address, PAGE);
    close_handle(vmo);
    CHECK_EQUAL(TS_EXIT_EXCEPTION, guest_child_run(touch, 0x10000));
    CHECK_EQUAL(TS_EXIT_EXCEPTION, guest_child_run(touch, address & 0x3ffffff000ul));
}

static void m10_unmap_cuts_in_two(void) {
    ts_handle_t vmo = make_vmo(3 * PAGE);
    uint64_t address = map_vmo(vmo, 3 * PAGE);
    volatile uint64_t *words = (volatile uint64_t *)address;
    struct ts_info_vmo info = {0};
    size_t actual;
    size_t available;
    words[0] = 1;
    words[2 * PAGE / 8] = 3;
    unmap(address + PAGE, PAGE);
    CHECK_EQUAL(1, words[0]);
    CHECK_EQUAL(3, words[2 * PAGE / 8]);
    CHECK_OK(ts_object_get_info(vmo, TS_INFO_VMO, &info, sizeof(info), &actual, &available));
    CHECK_EQUAL(2, info.mappings);
    CHECK_STATUS(TS_ERR_NOT_FOUND, ts_vmar_unmap(guest_self.vmar, address + PAGE, PAGE));
    unmap(address, 3 * PAGE);
    close_handle(vmo);
}

static void m10_unmap_cuts_no_range(void) {
    uint64_t base;
    uint64_t address;
    ts_handle_t inner = TS_HANDLE_INVALID;
    ts_handle_t range = make_range(CAN_ALL, 4 * PAGE, &base);
    CHECK_OK(ts_vmar_allocate(range, TS_VMAR_CAN_MAP_READ | SPECIFIC, PAGE, 2 * PAGE, &inner,
                              &address));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_unmap(range, base, 2 * PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_unmap(range, base + 2 * PAGE, PAGE));
    CHECK_OK(ts_vmar_unmap(range, base, 4 * PAGE));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_destroy(inner));
    close_handle(inner);
    drop_range(range);
}

static void normal_protect(void) {
    ts_handle_t vmo = make_vmo(2 * PAGE);
    uint64_t address = map_vmo(vmo, 2 * PAGE);
    ts_handle_t source = make_vmo(PAGE);
    *(volatile uint64_t *)address = 4;
    CHECK_OK(ts_vmar_protect(guest_self.vmar, READ, address, PAGE));
    CHECK_EQUAL(4, *(volatile uint64_t *)address);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_read(source, (void *)address, 0, 8));
    CHECK_OK(ts_vmo_read(source, (void *)(address + PAGE), 0, 8));
    CHECK_OK(ts_vmar_protect(guest_self.vmar, WRITE, address, 2 * PAGE));
    CHECK_OK(ts_vmo_read(source, (void *)address, 0, 8));
    unmap(address, 2 * PAGE);
    close_handle(source);
    close_handle(vmo);
}

static void hostile_protect(void) {
    uint64_t base;
    uint64_t address;
    ts_handle_t vmo = make_vmo(PAGE);
    ts_handle_t read_only = duplicate_without(vmo, TS_RIGHT_WRITE);
    ts_handle_t range = make_range(CAN_ALL, 4 * PAGE, &base);
    CHECK_OK(ts_vmar_map(range, READ | SPECIFIC, 0, read_only, 0, PAGE, &address));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmar_protect(range, WRITE, base, PAGE));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED,
                 ts_vmar_protect(range, READ | TS_VMAR_EXECUTE, base, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_protect(range, TS_VMAR_WRITE, base, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_protect(range, READ | SPECIFIC, base, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_protect(range, READ, base, 0));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_protect(range, READ, base + 4, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_protect(range, READ, base, ~(PAGE - 1)));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_protect(range, READ, cpu_kernel_address, PAGE));
    CHECK_STATUS(TS_ERR_NOT_FOUND, ts_vmar_protect(range, READ, base + PAGE, PAGE));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_vmar_protect(vmo, READ, base, PAGE));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmar_protect(0, READ, base, PAGE));
    check_change_at_ceiling(protect_page);
    CHECK_OK(ts_vmar_destroy(range));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_protect(range, READ, base, PAGE));
    close_handle(range);
    close_handle(read_only);
    close_handle(vmo);
}

static void m11_protect_needs_all(void) {
    uint64_t base;
    uint64_t address;
    ts_handle_t inner = TS_HANDLE_INVALID;
    ts_handle_t vmo = make_vmo(3 * PAGE);
    ts_handle_t range = make_range(CAN_ALL, 8 * PAGE, &base);
    CHECK_OK(ts_vmar_map(range, WRITE | SPECIFIC, 0, vmo, 0, 3 * PAGE, &address));
    CHECK_OK(ts_vmar_unmap(range, base + PAGE, PAGE));
    CHECK_STATUS(TS_ERR_NOT_FOUND, ts_vmar_protect(range, READ, base, 3 * PAGE));
    *(volatile uint64_t *)base = 1;
    CHECK_OK(ts_vmar_allocate(range, TS_VMAR_CAN_MAP_READ | SPECIFIC, 3 * PAGE, PAGE, &inner,
                              &address));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_protect(range, READ, base + 2 * PAGE, 2 * PAGE));
    *(volatile uint64_t *)(base + 2 * PAGE) = 1;
    drop_range(range);
    close_handle(inner);
    close_handle(vmo);
}

static void m11_protect_no_access(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    uint64_t address = map_vmo(vmo, PAGE);
    *(volatile uint64_t *)address = 6;
    CHECK_OK(ts_vmar_protect(guest_self.vmar, 0, address, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_write(vmo, (const void *)address, 0, 8));
    CHECK_OK(ts_vmar_protect(guest_self.vmar, WRITE, address, PAGE));
    CHECK_EQUAL(6, *(volatile uint64_t *)address);
    unmap(address, PAGE);
    close_handle(vmo);
}

static void normal_allocate(void) {
    uint64_t base = 0;
    uint64_t address = 0;
    ts_handle_t range = TS_HANDLE_INVALID;
    ts_handle_t vmo = make_vmo(PAGE);
    struct ts_info_vmar info = {0};
    size_t actual;
    size_t available;
    CHECK_OK(ts_vmar_allocate(guest_self.vmar, CAN_ALL, 0, 8 * PAGE, &range, &base));
    CHECK_OK(ts_object_get_info(range, TS_INFO_VMAR, &info, sizeof(info), &actual, &available));
    CHECK_EQUAL(base, info.base);
    CHECK_EQUAL(8 * PAGE, info.length);
    CHECK_OK(ts_vmar_map(range, WRITE, 0, vmo, 0, PAGE, &address));
    CHECK(address >= base && address < base + 8 * PAGE);
    drop_range(range);
    close_handle(vmo);
}

static ts_status_t derive_range(ts_handle_t parent) {
    ts_handle_t range = TS_HANDLE_INVALID;
    uint64_t address;
    ts_status_t status = ts_vmar_allocate(parent, CAN_ALL, 0, PAGE, &range, &address);
    if (status == TS_OK) {
        CHECK_OK(ts_vmar_destroy(range));
        CHECK_OK(ts_handle_close(range));
    }
    return status;
}

static ts_status_t range_in_child(void) {
    return derive_range(guest_self.vmar);
}

static void hostile_allocate(void) {
    uint64_t base;
    uint64_t address = 1;
    ts_handle_t inner = 1;
    ts_handle_t second;
    ts_handle_t event = make_event();
    ts_handle_t range = make_range(TS_VMAR_CAN_MAP_READ | TS_VMAR_CAN_MAP_SPECIFIC, 4 * PAGE, &base);
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_vmar_allocate(range, 1u << 25, 0, PAGE, &inner, &address));
    CHECK_EQUAL(0, inner | address);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_allocate(range, 0, 0, 0, &inner, &address));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_allocate(range, 0, 0, PAGE - 1, &inner, &address));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_allocate(range, 0, PAGE, PAGE, &inner, &address));
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_vmar_allocate(range, SPECIFIC, ~(PAGE - 1), PAGE, &inner, &address));
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_vmar_allocate(range, SPECIFIC, PAGE, ~(PAGE - 1), &inner, &address));
    CHECK_STATUS(TS_ERR_NO_RESOURCES, ts_vmar_allocate(range, 0, 0, 5 * PAGE, &inner, &address));
    CHECK_STATUS(TS_ERR_NO_RESOURCES,
                 ts_vmar_allocate(range, 0, 0, ~(PAGE - 1), &inner, &address));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED,
                 ts_vmar_allocate(range, TS_VMAR_CAN_MAP_WRITE, 0, PAGE, &inner, &address));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_vmar_allocate(event, 0, 0, PAGE, &inner, &address));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmar_allocate(0, 0, 0, PAGE, &inner, &address));
    check_ceilings(range_in_child, TS_HANDLE_INVALID);
    check_refused_while_revoked(derive_range, duplicate_with(guest_self.vmar, TS_RIGHT_SAME_RIGHTS));
    CHECK_OK(ts_vmar_allocate(range, SPECIFIC, 0, PAGE, &inner, &address));
    CHECK_STATUS(TS_ERR_ALREADY_EXISTS,
                 ts_vmar_allocate(range, SPECIFIC, 0, 2 * PAGE, &second, &address));
    CHECK_OK(ts_vmar_destroy(range));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_allocate(range, 0, 0, PAGE, &second, &address));
    close_handle(inner);
    close_handle(event);
    close_handle(range);
}

static void m12_child_permissions(void) {
    uint64_t base;
    uint64_t address;
    ts_handle_t inner = TS_HANDLE_INVALID;
    ts_handle_t range = make_range(TS_VMAR_CAN_MAP_READ, 4 * PAGE, &base);
    CHECK_STATUS(TS_ERR_ACCESS_DENIED,
                 ts_vmar_allocate(range, TS_VMAR_CAN_MAP_READ | TS_VMAR_CAN_MAP_EXECUTE, 0, PAGE,
                                  &inner, &address));
    CHECK_OK(ts_vmar_allocate(range, TS_VMAR_CAN_MAP_READ | TS_VMAR_CAN_MAP_SPECIFIC, 0, PAGE,
                              &inner, &address));
    drop_range(range);
    close_handle(inner);
}

static void m13_closing_keeps_mappings(void) {
    uint64_t base;
    uint64_t address = 0;
    ts_handle_t vmo = make_vmo(PAGE);
    ts_handle_t range = make_range(CAN_ALL, 2 * PAGE, &base);
    CHECK_OK(ts_vmar_map(range, WRITE, 0, vmo, 0, PAGE, &address));
    close_handle(range);
    *(volatile uint64_t *)address = 8;
    CHECK_EQUAL(8, *(volatile uint64_t *)address);
    unmap(base, 2 * PAGE);
    close_handle(vmo);
}

static void normal_destroy(void) {
    uint64_t base;
    uint64_t address = 0;
    ts_handle_t inner = TS_HANDLE_INVALID;
    ts_handle_t vmo = make_vmo(PAGE);
    ts_handle_t range = make_range(CAN_ALL, 4 * PAGE, &base);
    CHECK_OK(ts_vmar_allocate(range, CAN_ALL, 0, 2 * PAGE, &inner, &address));
    CHECK_OK(ts_vmar_map(inner, WRITE, 0, vmo, 0, PAGE, &address));
    CHECK_OK(ts_vmar_destroy(range));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_write(vmo, (const void *)address, 0, 1));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_map(inner, READ, 0, vmo, 0, PAGE, &address));
    close_handle(inner);
    close_handle(range);
    close_handle(vmo);
}

static void hostile_destroy(void) {
    uint64_t base;
    ts_handle_t event = make_event();
    ts_handle_t range = make_range(CAN_ALL, PAGE, &base);
    CHECK_OK(ts_vmar_destroy(range));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_destroy(range));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_vmar_destroy(event));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmar_destroy(0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmar_destroy(FORGED_HANDLE));
    close_handle(range);
    close_handle(event);
}

static void m14_addresses(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    uint64_t first = map_vmo(vmo, PAGE);
    bool moved = false;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t address = map_vmo(vmo, PAGE);
        CHECK(address != 0 && address % PAGE == 0);
        moved = moved || address != first + (i + 1) * PAGE;
        unmap(address, PAGE);
    }
    CHECK(moved);
    unmap(first, PAGE);
    close_handle(vmo);
}

#define SMALL_MAPPINGS 24u
#define MAPPING_CHARGE 512u /* more than the kernel's record of one */
#define TABLES_AT_MOST 8u

/* Mappings of a page each, placed by the kernel: if each had tables of its own, these alone would cost a page each. */
static void small_mappings(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    uint64_t address[SMALL_MAPPINGS];
    uint64_t before = job_use(guest_self.job, TS_CEILING_MEMORY);
    for (unsigned i = 0; i < SMALL_MAPPINGS; i++) {
        address[i] = map_vmo(vmo, PAGE);
    }
    uint64_t charge = job_use(guest_self.job, TS_CEILING_MEMORY) - before;
    CHECK(charge > 0 && charge <= SMALL_MAPPINGS * MAPPING_CHARGE + TABLES_AT_MOST * PAGE);
    for (unsigned i = 0; i < SMALL_MAPPINGS; i++) {
        unmap(address[i], PAGE);
    }
    close_handle(vmo);
}

#define BUSY_SIZE   (2ul << 20) /* page by page: with preemption points */
#define REGISTERS   (1ul << 35) /* no machine has any there */
#define REVOKES     30u

static volatile bool busy_stop;

static void keep_space_busy(void *argument) {
    ts_handle_t vmo = *(const ts_handle_t *)argument;
    uint64_t address;
    while (!busy_stop && ts_vmar_map(guest_self.vmar, TS_VMAR_READ, 0, vmo, 0, BUSY_SIZE, &address) == TS_OK) {
        (void)!ts_vmar_unmap(guest_self.vmar, address, BUSY_SIZE);
    }
}

/* Two VMOs that nothing else keeps: ending the mapping of the second waits for the space, while the first is taken. */
static void revoke_two(ts_handle_t registers) {
    ts_handle_t first = TS_HANDLE_INVALID, second = TS_HANDLE_INVALID;
    uint64_t size;
    CHECK_OK(ts_vmo_create_physical(registers, REGISTERS, PAGE, &first));
    CHECK_OK(ts_vmo_create_physical(registers, REGISTERS + PAGE, PAGE, &second));
    (void)map_vmo(second, PAGE);
    CHECK_OK(ts_thread_sleep(ts_time_after(TS_MILLISECOND)));
    CHECK_OK(ts_handle_revoke(registers));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmo_get_size(first, &size));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmo_get_size(second, &size));
}

/* Both threads on one CPU: the one that wakes up finds the other inside a call, holding the space's lock. */
static void revoke_in_busy_space(void) {
    ts_handle_t vmo = make_vmo(BUSY_SIZE);
    ts_handle_t registers = TS_HANDLE_INVALID;
    CHECK_OK(ts_resource_create(resource("root"), TS_RESOURCE_MEMORY, REGISTERS, 2 * PAGE, &registers));
    CHECK_OK(ts_thread_set_affinity(resource("thread"), 1));
    busy_stop = false;
    ts_handle_t busy = guest_thread(keep_space_busy, &vmo);
    CHECK_OK(ts_thread_set_affinity(busy, 1));
    CHECK_OK(ts_thread_set_priority(busy, 100));
    for (unsigned i = 0; i < REVOKES; i++) {
        revoke_two(registers);
    }
    busy_stop = true;
    guest_join(busy);
    CHECK_OK(ts_thread_set_affinity(resource("thread"), UINT64_MAX));
    close_handle(registers);
    close_handle(vmo);
}

/* Ranges in ranges, as deep as it goes, taken apart at once: the kernel does it without recursion. */
static void deep_ranges(void) {
    uint64_t base;
    ts_handle_t top = make_range(CAN_ALL, 64 * PAGE, &base);
    ts_handle_t range = top;
    for (unsigned i = 0; i < 200; i++) {
        ts_handle_t inner = TS_HANDLE_INVALID;
        uint64_t address;
        CHECK_OK(ts_vmar_allocate(range, CAN_ALL | SPECIFIC, 0, 64 * PAGE, &inner, &address));
        if (range != top) {
            close_handle(range);
        }
        range = inner;
    }
    CHECK_OK(ts_vmar_destroy(top));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_destroy(range));
    close_handle(range);
    close_handle(top);
}

/* Many pieces of one mapping. */
static void many_cuts(void) {
    const unsigned pages = 64;
    ts_handle_t vmo = make_vmo(pages * PAGE);
    uint64_t address = map_vmo(vmo, pages * PAGE);
    for (unsigned i = 1; i < pages; i += 2) {
        CHECK_OK(ts_vmar_protect(guest_self.vmar, READ, address + i * PAGE, PAGE));
    }
    for (unsigned i = 0; i < pages; i += 2) {
        *(volatile uint64_t *)(address + i * PAGE) = i;
    }
    for (unsigned i = 0; i < pages; i += 4) {
        unmap(address + i * PAGE, PAGE);
    }
    CHECK_EQUAL(2, *(volatile uint64_t *)(address + 2 * PAGE));
    unmap(address, pages * PAGE);
    close_handle(vmo);
}

static const struct guest_test tests[] = {
    {"normal: vmo_create makes memory of a size", normal_vmo_create},
    {"hostile: vmo_create refuses huge sizes and unknown options, and at ceilings", hostile_vmo_create},
    {"normal: vmo_read reads across pages", normal_vmo_read},
    {"hostile: vmo_read refuses ranges, pointers and handles", hostile_vmo_read},
    {"normal: vmo_write writes what mappings show", normal_vmo_write},
    {"hostile: vmo_write refuses ranges, pointers and handles", hostile_vmo_write},
    {"normal: vmo_get_size tells the size", normal_vmo_get_size},
    {"hostile: vmo_get_size refuses what is no VMO", hostile_vmo_get_size},
    {"normal: vmo_replace_executable lets code run", normal_replace_executable},
    {"hostile: vmo_replace_executable needs the resource", hostile_replace_executable},
    {"normal: vmar_allocate makes a range", normal_allocate},
    {"hostile: vmar_allocate refuses sizes, offsets and permissions, and at ceilings", hostile_allocate},
    {"normal: vmar_map maps pages of a VMO", normal_map},
    {"hostile: vmar_map refuses sizes, offsets and rights, and at the ceiling", hostile_map},
    {"normal: vmar_unmap removes a mapping", normal_unmap},
    {"hostile: vmar_unmap refuses what is not in the range, and at the ceiling", hostile_unmap},
    {"normal: vmar_protect changes permissions", normal_protect},
    {"hostile: vmar_protect refuses holes and new permissions, and at the ceiling", hostile_protect},
    {"normal: vmar_destroy unmaps all below", normal_destroy},
    {"hostile: vmar_destroy refuses a range twice", hostile_destroy},
    {"V1 a new VMO is zero-filled", v1_zero_filled},
    {"V1 pages that were used before are zero-filled again", v1_zero_filled_again},
    {"V1 the size is rounded up to pages", v1_size_rounded},
    {"V2 size 0 is allowed", v2_size_zero},
    {"V3 transfers beyond the size do nothing", v3_no_partial_transfer},
    {"V7 ZERO_CHILDREN is set at birth", v7_zero_children},
    {"V8 executable mappings need the VMEX resource", v8_executable_needs_vmex},
    {"vmo_read does not write to constants and code", read_into_constants},
    {"M1 length 0 and unaligned lengths are refused", m1_length},
    {"M2 an offset needs SPECIFIC", m2_offset_without_specific},
    {"M3 SPECIFIC needs CAN_MAP_SPECIFIC", m3_specific_needs_permission},
    {"M3 an overlap is ALREADY_EXISTS", m3_overlap},
    {"M4 overwriting replaces and trims mappings", m4_overwrite},
    {"M4 overwriting does not cut a range", m4_overwrite_cuts_no_range},
    {"M5 the range's flags bound the permissions", m5_range_flags},
    {"M5 the VMO handle's rights bound the permissions", m5_vmo_rights},
    {"M5 the VMAR handle's rights bound the permissions", m5_vmar_handle_rights},
    {"M6 WRITE without READ is refused", m6_write_without_read},
    {"M7 a mapping outlives the handle", m7_outlives_handle},
    {"M8 a mapping past the end is refused", m8_past_the_end},
    {"M9 an access outside of mappings ends the process", m9_unmapped_faults},
    {"M10 unmapping cuts a mapping in two", m10_unmap_cuts_in_two},
    {"M10 unmapping does not cut a range", m10_unmap_cuts_no_range},
    {"M11 protect needs mappings without hole and range", m11_protect_needs_all},
    {"M11 protect can take all access away and give it back", m11_protect_no_access},
    {"M12 a child range has no more permissions", m12_child_permissions},
    {"M13 closing a range's handle keeps its mappings", m13_closing_keeps_mappings},
    {"M14 addresses are aligned and not foreseeable", m14_addresses},
    {"vmar_map lets small mappings share page tables", small_mappings},
    {"D2 D4 revoke while the address space is busy", revoke_in_busy_space},
    {"M17 nothing is writable and executable", m17_no_write_and_execute},
    {"vmar_destroy takes deep ranges apart", deep_ranges},
    {"vmar_protect and vmar_unmap cut a mapping into many", many_cuts},
};

GUEST_GROUP(memory_tests, tests);
