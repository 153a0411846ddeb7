/* SPDX-License-Identifier: MIT */
/* What object_get_info reads: per topic one record, or an array of records. All need INSPECT unless
 * they say more. */
#pragma once

#include "abi/options.h"
#include "abi/types.h"

enum ts_info_topic {
    TS_INFO_HANDLE_BASIC = 0, /* any: struct ts_info_handle_basic; needs no right */
    TS_INFO_NAME = 1, /* any that has a name: struct ts_info_name; needs GET_PROPERTY or INSPECT */
    TS_INFO_PROCESS = 2,         /* process: struct ts_info_process */
    TS_INFO_PROCESS_HANDLES = 3, /* process: array of struct ts_info_handle */
    TS_INFO_PROCESS_THREADS = 4, /* process: array of ts_koid_t; needs ENUMERATE */
    TS_INFO_JOB_CHILDREN = 5,    /* job: array of ts_koid_t; needs ENUMERATE */
    TS_INFO_JOB_PROCESSES = 6,   /* job: array of ts_koid_t; needs ENUMERATE */
    TS_INFO_JOB_CEILINGS = 7,    /* job: array of struct ts_info_ceiling, by enum ts_job_ceiling */
    TS_INFO_TASK_STATS = 8,      /* process or job: struct ts_info_task_stats */
    TS_INFO_THREAD = 9,          /* thread: struct ts_info_thread */
    TS_INFO_VMO = 10,            /* vmo: struct ts_info_vmo */
    TS_INFO_SYSTEM_MEMORY = 11,  /* resource ROOT or DEBUG: struct ts_info_system_memory */
    TS_INFO_SYSTEM_CPUS = 12,    /* resource ROOT or DEBUG: array of struct ts_info_cpu */
    TS_INFO_SYSTEM_INTERRUPTS =
        13, /* resource ROOT or DEBUG: array of struct ts_info_interrupt, lines in use */
    TS_INFO_RESOURCE = 14, /* resource: struct ts_info_resource */
    TS_INFO_VMAR = 15,     /* vmar: struct ts_info_vmar */
};

struct ts_info_handle_basic {
    ts_koid_t koid;
    ts_koid_t related_koid; /* thread: its process; process, job: its job; otherwise 0 */
    uint32_t kind;          /* objects.tbl */
    ts_rights_t rights;
};

struct ts_info_name {
    char name[TS_NAME_LENGTH];
};

/* Exit codes that the kernel gives. */
#define TS_EXIT_KILLED    (-1024)
#define TS_EXIT_EXCEPTION (-1028)

struct ts_info_process {
    int64_t exit_code;
    ts_time_t start_time;
    uint32_t started; /* 0 or 1 */
    uint32_t exited;  /* 0 or 1 */
};

struct ts_info_handle {
    ts_handle_t value;
    ts_koid_t koid;
    uint32_t kind;
    ts_rights_t rights;
};

struct ts_info_ceiling {
    uint64_t ceiling; /* TS_CEILING_UNSET: none of its own */
    uint64_t used;
};

struct ts_info_task_stats {
    uint64_t memory; /* bytes charged */
    uint64_t handles;
    uint64_t threads;
    uint64_t cpu_time; /* ns */
};

enum ts_thread_state {
    TS_THREAD_NEW = 0,
    TS_THREAD_RUNNING = 1,   /* or ready to */
    TS_THREAD_WAITING = 2,   /* for an object, a port, the clock */
    TS_THREAD_CALLING = 3,   /* for a reply */
    TS_THREAD_RECEIVING = 4, /* for a request */
    TS_THREAD_DEAD = 5,
};

struct ts_info_thread {
    uint32_t state;    /* enum ts_thread_state */
    uint32_t priority; /* effective */
    uint32_t base_priority;
    uint32_t cpu;      /* where it ran last */
    uint64_t cpu_time; /* ns */
    char name[TS_NAME_LENGTH];
};

struct ts_info_vmo {
    uint64_t size;
    uint64_t content_size; /* bytes, not rounded up */
    uint64_t committed;    /* bytes of pages that it sees */
    uint64_t part;         /* of those, what it stands for: relatives divide what they share */
    uint64_t mappings;
    uint64_t children;
    uint32_t cache_policy; /* enum ts_cache_policy */
    uint8_t physical;      /* 1: device registers */
    uint8_t contiguous;    /* 1: in one piece */
    uint8_t resizable;     /* 1 */
    uint8_t discardable;   /* 1 */
    uint64_t discarded;    /* bytes that were gone when it was locked */
};

struct ts_info_vmar {
    uint64_t base;
    uint64_t length;
};

struct ts_info_resource {
    uint32_t kind; /* enum ts_resource_kind */
    uint32_t reserved;
    uint64_t base;
    uint64_t length;
};

/* Bytes. */
struct ts_info_system_memory {
    uint64_t total;
    uint64_t free;
    uint64_t kernel; /* image, frame records, stacks, heap */
    uint64_t heap;   /* of it, the heap */
    uint64_t page_tables;
    uint64_t vmo;
    uint64_t boot; /* archive and devicetree */
    uint64_t other;
};

struct ts_info_cpu {
    uint64_t idle_time; /* ns */
    uint64_t switches;
    uint64_t interrupts;
    uint64_t calls;
};

struct ts_info_interrupt {
    uint32_t line;
    uint32_t reserved;
    uint64_t count;
    char name[TS_NAME_LENGTH]; /* of the process that took the line */
};
