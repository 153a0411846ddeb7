/* SPDX-License-Identifier: MIT */
/* Commands about processes. What they show comes from handles that init gives for looking only. */
#include "shell/shell.h"

#include "abi/info.h"
#include "abi/status.h"
#include "base/format.h"
#include "base/string.h"
#include "gen/objects.h"
#include "gen/os_calls.h"
#include "os/print.h"
#include "os/programs.h"
#include "os/start.h"
#include "os/time.h"
#include "proto/bootstrap.h"

#define ENTRIES_MAX 96u
#define HANDLES_MAX 1024u
#define CPUS_MAX    TS_CPU_COUNT_MAX
#define LIST_BOUND  (ENTRIES_MAX * 2)

struct sample {
    struct ts_process_entry entry;
    struct ts_info_task_stats stats;
};

static struct sample samples[2][ENTRIES_MAX];
static struct ts_info_cpu cpus[2][CPUS_MAX];
static struct ts_info_handle handles[HANDLES_MAX];

static const char *state_name(uint64_t state) {
    switch (state) {
    case TS_PROCESS_STOPPED:
        return "stopped";
    case TS_PROCESS_RUNNING:
        return "running";
    case TS_PROCESS_BACKOFF:
        return "backoff";
    case TS_PROCESS_FAILED:
        return "failed";
    default:
        return "ended";
    }
}

static const char *kind_name(uint32_t kind) {
#define KIND_CASE(NAME, text)                                                                      \
    case TS_OBJECT_##NAME:                                                                         \
        return text;
    switch (kind) {
        TS_OBJECT_KIND_LIST(KIND_CASE)
    default:
        return "?";
    }
#undef KIND_CASE
}

static ts_status_t read_info(ts_handle_t handle, uint32_t topic, void *buffer, size_t size,
                             size_t *actual) {
    size_t available;
    return ts_object_get_info(handle, topic, buffer, size, actual, &available);
}

/* Zeroes for what does not run. */
static void read_stats(uint64_t id, struct ts_info_task_stats *stats) {
    ts_handle_t process;
    size_t actual;
    memset(stats, 0, sizeof(*stats));
    if (id != 0 && ts_program_open(id, &process) == TS_OK) {
        if (read_info(process, TS_INFO_TASK_STATS, stats, sizeof(*stats), &actual) != TS_OK) {
            memset(stats, 0, sizeof(*stats));
        }
        (void)!ts_handle_close(process);
    }
}

static unsigned take_sample(struct sample *sample) {
    unsigned count = 0;
    for (uint64_t i = 0; count < ENTRIES_MAX && i < LIST_BOUND; i++) {
        if (ts_program_list(i, &sample[count].entry) != TS_OK) {
            break;
        }
        read_stats(sample[count].entry.id, &sample[count].stats);
        count++;
    }
    return count;
}

static bool show_processes(int count, char **words) {
    (void)count;
    (void)words;
    unsigned entries = take_sample(samples[0]);
    if (entries == 0) {
        return shell_error("init does not answer");
    }
    ts_print("   ID THREADS HANDLES MEMORY/KiB      CPU/ms NAME\n");
    for (unsigned i = 0; i < entries; i++) {
        const struct sample *sample = &samples[0][i];
        if (sample->entry.id != 0 && sample->entry.state == TS_PROCESS_RUNNING) {
            ts_print("%5lu %7lu %7lu %10lu %7lu.%03lu %s\n", sample->entry.id,
                     sample->stats.threads, sample->stats.handles, sample->stats.memory / 1024,
                     sample->stats.cpu_time / 1000000, sample->stats.cpu_time / 1000 % 1000,
                     sample->entry.name);
        }
    }
    return true;
}

static bool show_servers(int count, char **words) {
    (void)count;
    (void)words;
    unsigned entries = take_sample(samples[0]);
    ts_print("   ID STATE   RESTARTS LAST-CODE NAME\n");
    for (unsigned i = 0; i < entries; i++) {
        const struct ts_process_entry *entry = &samples[0][i].entry;
        if (entry->server != 0) {
            ts_print("%5lu %-7s %8lu %9ld %s\n", entry->id, state_name(entry->state),
                     entry->restarts, entry->exit_code, entry->name);
        }
    }
    return true;
}

static const struct ts_info_task_stats *find_stats(const struct sample *sample, unsigned count,
                                                   uint64_t id) {
    for (unsigned i = 0; i < count; i++) {
        if (sample[i].entry.id == id) {
            return &sample[i].stats;
        }
    }
    return NULL;
}

/* Thousandths of `whole`. */
static uint64_t share(uint64_t part, uint64_t whole) {
    return whole == 0 ? 0 : part * 1000 / whole;
}

static size_t read_cpus(struct ts_info_cpu *cpu) {
    size_t actual;
    ts_status_t status =
        read_info(ts_startup_handle("debug"), TS_INFO_SYSTEM_CPUS, cpu, sizeof(cpus[0]), &actual);
    return status == TS_OK && actual <= CPUS_MAX ? actual : 0;
}

static void print_share(const char *text, uint64_t thousandths) {
    ts_print("%s%3lu.%lu %%", text, thousandths / 10, thousandths % 10);
}

static bool show_top(int count, char **words) {
    uint64_t milliseconds = 500;
    if (count > 1 &&
        (!ts_number_parse(words[1], &milliseconds) || milliseconds == 0 || milliseconds > 60000)) {
        return shell_error("top: a time from 1 to 60000 ms");
    }
    unsigned before = take_sample(samples[0]);
    size_t cpu_count = read_cpus(cpus[0]);
    ts_time_t start = ts_time_now();
    (void)!ts_thread_sleep(ts_time_after((ts_time_t)milliseconds * TS_MILLISECOND));
    unsigned after = take_sample(samples[1]);
    (void)read_cpus(cpus[1]);
    uint64_t length = (uint64_t)(ts_time_now() - start);
    for (size_t i = 0; i < cpu_count; i++) {
        uint64_t idle = cpus[1][i].idle_time - cpus[0][i].idle_time;
        ts_print("CPU %lu ", i);
        print_share("idle ", share(idle < length ? idle : length, length));
        ts_print(", %lu switches, %lu interrupts\n", cpus[1][i].switches - cpus[0][i].switches,
                 cpus[1][i].interrupts - cpus[0][i].interrupts);
    }
    for (unsigned i = 0; i < after; i++) {
        const struct sample *now = &samples[1][i];
        const struct ts_info_task_stats *old = find_stats(samples[0], before, now->entry.id);
        if (now->entry.id != 0 && old != NULL && now->entry.state == TS_PROCESS_RUNNING) {
            print_share("  ", share(now->stats.cpu_time - old->cpu_time, length));
            ts_print(" %4lu %s\n", now->entry.id, now->entry.name);
        }
    }
    return true;
}

/* A process by number or name. */
static bool find_process(const char *text, uint64_t *id) {
    return ts_number_parse(text, id) || ts_program_find(text, id) == TS_OK;
}

static bool list_handles(uint64_t id) {
    ts_handle_t process;
    size_t actual = 0;
    ts_status_t status = ts_program_open(id, &process);
    if (status == TS_OK) {
        status = read_info(process, TS_INFO_PROCESS_HANDLES, handles, sizeof(handles), &actual);
        (void)!ts_handle_close(process);
    }
    if (status != TS_OK) {
        return shell_error("handles of process %lu: %s", id, ts_status_name(status));
    }
    ts_print("           HANDLE   OBJECT KIND      RIGHTS\n");
    for (size_t i = 0; i < actual && i < HANDLES_MAX; i++) {
        ts_print("%8lx:%08lx %8lu %-9s %05x\n", handles[i].value >> 32,
                 handles[i].value & 0xffffffff, handles[i].koid, kind_name(handles[i].kind),
                 handles[i].rights);
    }
    return true;
}

static bool show_handles(int count, char **words) {
    uint64_t id;
    if (count > 1) {
        return find_process(words[1], &id) ? list_handles(id)
                                           : shell_error("no such process: %s", words[1]);
    }
    unsigned entries = take_sample(samples[0]);
    uint64_t sum = 0;
    for (unsigned i = 0; i < entries; i++) {
        if (samples[0][i].entry.id != 0) {
            ts_print("%7lu %4lu %s\n", samples[0][i].stats.handles, samples[0][i].entry.id,
                     samples[0][i].entry.name);
            sum += samples[0][i].stats.handles;
        }
    }
    ts_print("%7lu in all; `handles ID` lists them\n", sum);
    return true;
}

static bool report_end(const char *name, int64_t code) {
    switch (code) {
    case 0:
        return true;
    case TS_EXIT_KILLED:
        return shell_error("%s was killed", name);
    case TS_EXIT_EXCEPTION:
        return shell_error("%s ended by a fault", name);
    default:
        return shell_error("%s ended with code %ld", name, code);
    }
}

static bool run_program(int count, char **words) {
    char arguments[TS_ARGUMENT_BYTES_MAX];
    size_t length = 0;
    bool background = count > 2 && strcmp(words[count - 1], "&") == 0;
    for (int i = 1; i < (background ? count - 1 : count); i++) {
        size_t size = strlen(words[i]) + 1;
        if (size > sizeof(arguments) - length) {
            return shell_error("run: too many arguments");
        }
        memcpy(arguments + length, words[i], size);
        length += size;
    }
    uint64_t id;
    int64_t code;
    if (length == 0) {
        return shell_error("run: which program?");
    }
    ts_status_t status = ts_program_spawn(arguments, length, &id);
    if (status != TS_OK) {
        return shell_error("run: %s: %s", words[1], ts_status_name(status));
    }
    if (background) {
        ts_print("process %lu\n", id);
        return true;
    }
    status = ts_program_wait(id, &code);
    return status == TS_OK ? report_end(words[1], code)
                           : shell_error("run: %s", ts_status_name(status));
}

static bool wait_program(int count, char **words) {
    uint64_t id;
    int64_t code;
    if (count != 2 || !find_process(words[1], &id)) {
        return shell_error("wait: no such process");
    }
    ts_status_t status = ts_program_wait(id, &code);
    return status == TS_OK ? report_end(words[1], code)
                           : shell_error("wait: %s", ts_status_name(status));
}

static bool kill_process(int count, char **words) {
    uint64_t id;
    if (count != 2 || !find_process(words[1], &id)) {
        return shell_error("kill: no such process");
    }
    ts_status_t status = ts_program_kill(id);
    return status == TS_OK || shell_error("kill: %s: %s", words[1], ts_status_name(status));
}

static bool stop_server(int count, char **words) {
    ts_status_t status = count == 2 ? ts_server_stop(words[1]) : TS_ERR_INVALID_ARGS;
    return status == TS_OK || shell_error("stop: %s", ts_status_name(status));
}

static bool start_server(int count, char **words) {
    ts_status_t status = count == 2 ? ts_server_start(words[1]) : TS_ERR_INVALID_ARGS;
    return status == TS_OK || shell_error("start: %s", ts_status_name(status));
}

const struct shell_command shell_process_commands[] = {
    {"ps", "", "lists the processes", show_processes},
    {"servers", "", "lists the servers of the manifest", show_servers},
    {"top", "[MS]", "shows who uses the CPUs for a while", show_top},
    {"handles", "[ID|NAME]", "counts handles, or lists those of a process", show_handles},
    {"run", "NAME [WORD...] [&]", "runs a program and waits for its end", run_program},
    {"wait", "ID", "waits for the end of a program", wait_program},
    {"kill", "ID|NAME", "ends a process; a server is started again", kill_process},
    {"stop", "NAME", "ends a server for good", stop_server},
    {"start", "NAME", "starts a stopped server", start_server},
    {NULL, NULL, NULL, NULL},
};
