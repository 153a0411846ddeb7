/* SPDX-License-Identifier: MIT */
/* Commands about the machine and the kernel, by the resources "debug", "log" and "power". */
#include "shell/shell.h"

#include "abi/info.h"
#include "abi/status.h"
#include "gen/os_calls.h"
#include "os/print.h"
#include "os/start.h"
#include "os/time.h"

#define LOG_CHUNK      2048u
#define INTERRUPTS_MAX 64u
#define LOG_BOUND      1024u /* chunks printed at most: the log may grow while it is read */

static struct ts_info_interrupt interrupts[INTERRUPTS_MAX];

static bool show_memory(int count, char **words) {
    struct ts_info_system_memory memory;
    size_t actual;
    size_t available;
    (void)count;
    (void)words;
    ts_status_t status = ts_object_get_info(ts_startup_handle("debug"), TS_INFO_SYSTEM_MEMORY,
                                            &memory, sizeof(memory), &actual, &available);
    if (status != TS_OK) {
        return shell_error("mem: %s", ts_status_name(status));
    }
    ts_print("%10lu KiB in all\n", memory.total / 1024);
    ts_print("%10lu KiB free\n", memory.free / 1024);
    ts_print("%10lu KiB kernel, of which %lu heap\n", memory.kernel / 1024, memory.heap / 1024);
    ts_print("%10lu KiB page tables\n", memory.page_tables / 1024);
    ts_print("%10lu KiB memory of programs\n", memory.vmo / 1024);
    ts_print("%10lu KiB boot data\n", memory.boot / 1024);
    ts_print("%10lu KiB other\n", memory.other / 1024);
    return true;
}

static bool show_interrupts(int count, char **words) {
    size_t actual;
    size_t available;
    (void)count;
    (void)words;
    ts_status_t status = ts_object_get_info(ts_startup_handle("debug"), TS_INFO_SYSTEM_INTERRUPTS,
                                            interrupts, sizeof(interrupts), &actual, &available);
    if (status != TS_OK) {
        return shell_error("irq: %s", ts_status_name(status));
    }
    ts_print(" LINE      COUNT TAKEN BY\n");
    for (size_t i = 0; i < actual && i < INTERRUPTS_MAX; i++) {
        ts_print("%5u %10lu %.31s\n", interrupts[i].line, interrupts[i].count, interrupts[i].name);
    }
    return true;
}

/* Reads the log from a position on, prints it if wanted, and moves the position to its end. */
static ts_status_t read_log(uint64_t *position, bool print) {
    static char text[LOG_CHUNK];
    for (unsigned i = 0; i < LOG_BOUND; i++) {
        size_t actual = 0;
        ts_status_t status =
            ts_log_read(ts_startup_handle("log"), *position, text, sizeof(text), position, &actual);
        if (status != TS_OK || actual == 0) {
            return status;
        }
        if (print) {
            ts_print_bytes(text, actual <= sizeof(text) ? actual : sizeof(text));
        }
    }
    return TS_OK;
}

static bool show_log(int count, char **words) {
    uint64_t position = 0;
    (void)count;
    (void)words;
    ts_status_t status = read_log(&position, true);
    return status == TS_OK || shell_error("log: %s", ts_status_name(status));
}

/* Runs a command of the kernel that reports into its log, and prints that report. */
static ts_status_t debug_with_log(uint32_t command, uint64_t *value) {
    uint64_t position = 0;
    ts_status_t status = read_log(&position, false);
    if (status == TS_OK) {
        status = ts_system_debug(ts_startup_handle("debug"), command, 0, value);
        ts_status_t shown = read_log(&position, true);
        status = status == TS_OK ? shown : status;
    }
    return status;
}

static bool run_selftest(int count, char **words) {
    uint64_t failed = 0;
    (void)count;
    (void)words;
    ts_status_t status = debug_with_log(TS_DEBUG_SELFTEST, &failed);
    if (status != TS_OK) {
        return shell_error("selftest: %s", ts_status_name(status));
    }
    return failed == 0 || shell_error("selftest: %lu failed", failed);
}

bool shell_audit(int count, char **words) {
    uint64_t problems = 0;
    uint64_t bytes = 0;
    (void)count;
    (void)words;
    ts_status_t status = debug_with_log(TS_DEBUG_AUDIT, &problems);
    if (status == TS_OK) {
        status = ts_system_debug(ts_startup_handle("debug"), TS_DEBUG_CONSOLE_BYTES, 0, &bytes);
    }
    if (status != TS_OK) {
        return shell_error("audit: %s", ts_status_name(status));
    }
    ts_print("audit: %lu problems, %lu bytes on the console by the kernel\n", problems, bytes);
    return (problems == 0 && bytes == 0) || shell_error("audit: not in order");
}

static bool show_uptime(int count, char **words) {
    uint64_t now = (uint64_t)ts_time_now();
    (void)count;
    (void)words;
    ts_print("up %lu.%03lu s\n", now / 1000000000, now / 1000000 % 1000);
    return true;
}

static bool sleep_for(int count, char **words) {
    uint64_t milliseconds;
    if (count != 2 || !ts_number_parse(words[1], &milliseconds) || milliseconds > 3600000) {
        return shell_error("sleep: how many ms?");
    }
    ts_status_t status = ts_thread_sleep(ts_time_after((ts_time_t)milliseconds * TS_MILLISECOND));
    return status == TS_OK || shell_error("sleep: %s", ts_status_name(status));
}

/* The line tells whoever watches the serial line that what follows is no accident. */
static bool end_session(uint32_t action, uint32_t code) {
    ts_print("tessera: end of session\n");
    ts_print_flush();
    ts_status_t status = ts_system_power(ts_startup_handle("power"), action, code);
    return shell_error("power: %s", ts_status_name(status));
}

static bool power_off(int count, char **words) {
    uint64_t code = 0;
    if (count > 1 && (!ts_number_parse(words[1], &code) || code > 63)) {
        return shell_error("poweroff: a code from 0 to 63");
    }
    return end_session(TS_POWER_OFF, (uint32_t)code);
}

static bool reboot(int count, char **words) {
    (void)count;
    (void)words;
    return end_session(TS_POWER_REBOOT, 0);
}

const struct shell_command shell_machine_commands[] = {
    {"mem", "", "shows what memory is used for", show_memory},
    {"irq", "", "lists the interrupts in use", show_interrupts},
    {"log", "", "prints the kernel's log", show_log},
    {"selftest", "", "runs the kernel's self-tests", run_selftest},
    {"audit", "", "checks the kernel's books", shell_audit},
    {"uptime", "", "shows the time since the start", show_uptime},
    {"sleep", "MS", "waits", sleep_for},
    {"reboot", "", "starts the machine again", reboot},
    {"poweroff", "[CODE]", "switches the machine off", power_off},
    {NULL, NULL, NULL, NULL},
};
