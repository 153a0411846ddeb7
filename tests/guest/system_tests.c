/* SPDX-License-Identifier: MIT */
/* The calls on the system: the log, power, debugging, time. */
#include "guest/groups.h"
#include "guest/support.h"

#define LOG_LINE_MAX 256u
#define CODE_MAX     255u

static void normal_null(void) {
    for (unsigned i = 0; i < 10; i++) {
        CHECK_OK(ts_null());
    }
}

/* The position after everything that was logged so far. */
static uint64_t log_end(void) {
    char part[512];
    uint64_t position = 0;
    size_t actual = 0;
    do {
        CHECK_OK(ts_log_read(resource("log"), position, part, sizeof(part), &position, &actual));
    } while (actual > 0);
    return position;
}

static bool has_text(const char *bytes, size_t length, const char *text) {
    size_t wanted = strlen(text);
    for (size_t i = 0; i + wanted <= length; i++) {
        if (memcmp(bytes + i, text, wanted) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether the text was logged after the position. */
static bool is_logged(uint64_t position, const char *text) {
    char bytes[2048];
    size_t actual = 0;
    CHECK_OK(ts_log_read(resource("log"), position, bytes, sizeof(bytes), &position, &actual));
    return has_text(bytes, actual, text);
}

static void normal_log_write(void) {
    uint64_t before = log_end();
    char longest[LOG_LINE_MAX];
    memset(longest, 'x', sizeof(longest));
    CHECK_OK(ts_log_write(resource("log"), "a line of the guest tests", 25));
    CHECK(is_logged(before, "tests: a line of the guest tests"));
    CHECK_OK(ts_log_write(resource("log"), "un\nclean\x1b", 9));
    CHECK(is_logged(before, "tests: un?clean?"));
    CHECK_OK(ts_log_write(resource("log"), longest, sizeof(longest)));
    CHECK_OK(ts_log_write(resource("log"), NULL, 0));
}

static void hostile_log_write(void) {
    ts_handle_t weak = duplicate_without(resource("log"), TS_RIGHT_WRITE);
    ts_handle_t event = make_event();
    uint64_t page = edge_make();
    const char *end = (const char *)(page + TS_PAGE_SIZE);
    uint64_t before = log_end();
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_log_write(resource("log"), end, LOG_LINE_MAX + 1));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_log_write(resource("log"), end, SIZE_MAX));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_log_write(resource("log"), end - 3, 4));
    for (unsigned i = 0; i < BAD_ADDRESSES; i++) {
        CHECK_STATUS(TS_ERR_INVALID_ARGS,
                     ts_log_write(resource("log"), (const void *)bad_address(i), 16));
    }
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_log_write(resource("power"), "no", 2));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_log_write(weak, "no", 2));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_log_write(event, "no", 2));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_log_write(STALE_HANDLE, "no", 2));
    CHECK(!is_logged(before, "tests: no"));
    edge_unmake(page);
    close_handle(event);
    close_handle(weak);
}

static void normal_log_read(void) {
    char bytes[64];
    uint64_t before = log_end();
    uint64_t next = 0;
    size_t actual = 1;
    CHECK_OK(ts_log_read(resource("log"), before, bytes, sizeof(bytes), &next, &actual));
    CHECK_EQUAL(0, actual);
    CHECK_OK(ts_log_write(resource("log"), "twelve bytes", 12));
    CHECK_OK(ts_log_read(resource("log"), before, bytes, 7, &next, &actual));
    CHECK_EQUAL(7, actual);
    CHECK_OK(ts_log_read(resource("log"), 0, bytes, 0, &next, &actual));
    CHECK_EQUAL(0, actual);
}

static void hostile_log_read(void) {
    ts_handle_t weak = duplicate_without(resource("log"), TS_RIGHT_WRITE);
    ts_handle_t event = make_event();
    uint64_t page = edge_make();
    char *end = (char *)(page + TS_PAGE_SIZE);
    char bytes[64];
    uint64_t next = 1;
    size_t actual = 1;
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_log_read(resource("log"), 0, end - 3, sizeof(bytes), &next, &actual));
    for (unsigned i = 0; i < BAD_ADDRESSES; i++) {
        CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_log_read(resource("log"), 0, (void *)bad_address(i), 64,
                                                      &next, &actual));
    }
    CHECK_STATUS(TS_ERR_ACCESS_DENIED,
                 ts_log_read(resource("power"), 0, bytes, sizeof(bytes), &next, &actual));
    CHECK_EQUAL(0, next | actual);
    CHECK_STATUS(TS_ERR_ACCESS_DENIED,
                 ts_log_read(weak, 0, bytes, sizeof(bytes), &next, &actual));
    CHECK_STATUS(TS_ERR_WRONG_TYPE,
                 ts_log_read(event, 0, bytes, sizeof(bytes), &next, &actual));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_log_read(0, 0, bytes, sizeof(bytes), &next, &actual));
    CHECK_OK(ts_log_read(resource("log"), UINT64_MAX, bytes, sizeof(bytes), &next, &actual));
    edge_unmake(page);
    close_handle(event);
    close_handle(weak);
}

/* Its success ends the machine; tests/qemu/boots.tbl sees that. */
static void hostile_power(void) {
    ts_handle_t weak = duplicate_without(resource("power"), TS_RIGHT_WRITE);
    ts_handle_t event = make_event();
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_system_power(resource("power"), TS_POWER_REBOOT + 1, 0));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_system_power(resource("power"), UINT32_MAX, 0));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_system_power(resource("power"), TS_POWER_OFF, CODE_MAX + 1));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_system_power(resource("power"), TS_POWER_OFF, UINT32_MAX));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_system_power(resource("log"), TS_POWER_OFF, 0));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_system_power(weak, TS_POWER_OFF, 0));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_system_power(event, TS_POWER_OFF, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_system_power(0, TS_POWER_OFF, 0));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_system_power(FORGED_HANDLE, TS_POWER_REBOOT, 0));
    close_handle(event);
    close_handle(weak);
}

static uint64_t debug_value(uint32_t command, uint64_t argument) {
    uint64_t value = UINT64_MAX;
    CHECK_OK(ts_system_debug(resource("debug"), command, argument, &value));
    return value;
}

static void normal_debug(void) {
    uint64_t objects = debug_value(TS_DEBUG_COUNTER, TS_COUNTER_OBJECTS);
    ts_handle_t event = make_event();
    CHECK_EQUAL(objects + 1, debug_value(TS_DEBUG_COUNTER, TS_COUNTER_OBJECTS));
    close_handle(event);
    CHECK(debug_value(TS_DEBUG_COUNTER, TS_COUNTER_SWITCHES) > 0);
    CHECK(debug_value(TS_DEBUG_COUNTER, TS_COUNTER_BOOT_NS) > 0);
    CHECK(debug_value(TS_DEBUG_COUNTER, TS_COUNTER_INTERRUPTS_OFF_MAX) > 0);
    CHECK_EQUAL(0, debug_value(TS_DEBUG_CONSOLE_BYTES, 0));
    CHECK_EQUAL(0, debug_value(TS_DEBUG_AUDIT, 0));
    CHECK_EQUAL(100, debug_value(TS_DEBUG_FRAMES, 100));
    CHECK(debug_value(TS_DEBUG_DUMP_THREADS, 0) > 1);
}

static void hostile_debug(void) {
    ts_handle_t weak = duplicate_without(resource("debug"), TS_RIGHT_WRITE);
    ts_handle_t event = make_event();
    uint64_t value = 1;
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_system_debug(resource("debug"), 1000, 0, &value));
    CHECK_EQUAL(0, value);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_system_debug(resource("debug"), UINT32_MAX, 0, &value));
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_system_debug(resource("debug"), TS_DEBUG_COUNTER, 1000, &value));
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_system_debug(resource("debug"), TS_DEBUG_COUNTER, UINT64_MAX, &value));
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_system_debug(resource("debug"), TS_DEBUG_FRAMES, 1025, &value));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_system_debug(resource("log"), TS_DEBUG_AUDIT, 0, &value));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_system_debug(weak, TS_DEBUG_AUDIT, 0, &value));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_system_debug(event, TS_DEBUG_AUDIT, 0, &value));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_system_debug(0, TS_DEBUG_AUDIT, 0, &value));
    close_handle(event);
    close_handle(weak);
}

static void normal_clock_read(void) {
    ts_time_t before = ts_time_now();
    ts_time_t now = 0;
    CHECK_OK(ts_clock_read(&now));
    CHECK(now >= before && now <= ts_time_now());
    for (unsigned i = 0; i < 100; i++) {
        ts_time_t later = 0;
        CHECK_OK(ts_clock_read(&later));
        CHECK(later >= now);
        now = later;
    }
}

static const struct guest_test tests[] = {
    {"normal: null comes back", normal_null},
    {"normal: log_write adds a line", normal_log_write},
    {"hostile: log_write refuses lengths, pointers and handles", hostile_log_write},
    {"normal: log_read reads from a position", normal_log_read},
    {"hostile: log_read refuses pointers and handles", hostile_log_read},
    {"hostile: system_power refuses actions, codes and handles", hostile_power},
    {"normal: system_debug counts and audits", normal_debug},
    {"hostile: system_debug refuses commands and handles", hostile_debug},
    {"normal: clock_read tells the time", normal_clock_read},
};

GUEST_GROUP(system_tests, tests);
