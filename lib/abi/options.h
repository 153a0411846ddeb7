/* SPDX-License-Identifier: MIT */
/* The options, kinds and commands that system calls take as numbers. */
#pragma once

#include "abi/types.h"

/* Options of vmar_allocate, vmar_map and vmar_protect. */
#define TS_VMAR_READ               (1u << 0)
#define TS_VMAR_WRITE              (1u << 1)
#define TS_VMAR_EXECUTE            (1u << 2)
#define TS_VMAR_SPECIFIC           (1u << 3) /* at exactly this offset, which must be free */
#define TS_VMAR_SPECIFIC_OVERWRITE (1u << 4) /* at exactly this offset, replacing what is there */
#define TS_VMAR_CAN_MAP_READ       (1u << 5)
#define TS_VMAR_CAN_MAP_WRITE      (1u << 6)
#define TS_VMAR_CAN_MAP_EXECUTE    (1u << 7)
#define TS_VMAR_CAN_MAP_SPECIFIC   (1u << 8)

#define TS_VMAR_MAP_RANGE          (1u << 9) /* with what is there already, so that it need not fault */
#define TS_VMAR_ALLOW_FAULTS       (1u << 10) /* accesses may fault: the VMO is resizable, or ends before the mapping */

/* Of vmar_allocate and vmar_map: the address is a multiple of 1 << log2, 12 to 31. */
#define TS_VMAR_ALIGN(log2)  ((uint32_t)(log2) << TS_VMAR_ALIGN_SHIFT)
#define TS_VMAR_ALIGN_SHIFT  24
#define TS_VMAR_ALIGN_MASK   TS_VMAR_ALIGN(31)

/* Options of vmo_create, and of snapshots. */
#define TS_VMO_RESIZABLE   (1u << 0)
#define TS_VMO_DISCARDABLE (1u << 5) /* not of snapshots: may be taken away while it is not locked */

/* Options of vmo_create_child: exactly one of the first three and the last. */
#define TS_VMO_CHILD_SNAPSHOT                   (1u << 1) /* a copy of what is there now */
#define TS_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE (1u << 2) /* pages that the child writes are its own */
#define TS_VMO_CHILD_SLICE                      (1u << 3) /* the parent's pages themselves */
#define TS_VMO_CHILD_NO_WRITE                   (1u << 4) /* a handle without WRITE */
#define TS_VMO_CHILD_SNAPSHOT_MODIFIED          (1u << 7) /* as the first; of what a pager supplied, as the second */

/* Option of pager_create_vmo, beside TS_VMO_RESIZABLE. */
#define TS_VMO_TRAP_DIRTY (1u << 6) /* the pager is asked before a clean page is written */

/* Operations of pager_op_range. */
enum ts_pager_op {
    TS_PAGER_OP_FAIL = 1,            /* who waits for the range gets an error, which is given as data */
    TS_PAGER_OP_DIRTY = 2,           /* pages may be written */
    TS_PAGER_OP_WRITEBACK_BEGIN = 3, /* dirty pages are about to be written back */
    TS_PAGER_OP_WRITEBACK_END = 4,   /* they were: what was not written in between is clean */
    TS_PAGER_OP_ASK_AGAIN = 5,       /* what was asked of the range and not answered is asked again */
};

/* What pager_query_dirty_ranges lists, in bytes. */
struct ts_vmo_dirty_range {
    uint64_t offset, length;
    uint64_t options; /* 0 */
};

/* Operations of vmo_op_range and vmar_op_range. */
enum ts_vmo_op {
    TS_VMO_OP_COMMIT = 1,           /* makes the VMO's own pages; needs WRITE */
    TS_VMO_OP_DECOMMIT = 2,         /* gives pages back, which are zeros then; needs WRITE */
    TS_VMO_OP_LOCK = 3,             /* a discardable VMO as a whole: it stays; TS_INFO_VMO tells what was discarded
                                       before. This and the next: needs READ or WRITE */
    TS_VMO_OP_UNLOCK = 4,           /* one LOCK or TRY_LOCK less */
    TS_VMO_OP_ZERO = 5,             /* any alignment; needs WRITE */
    TS_VMO_OP_CACHE_SYNC = 6,       /* instructions that were written can be executed; needs READ */
    TS_VMO_OP_CACHE_INVALIDATE = 7, /* needs WRITE */
    TS_VMO_OP_CACHE_CLEAN = 8,      /* needs READ */
    TS_VMO_OP_CACHE_CLEAN_INVALIDATE = 9, /* needs READ */
    TS_VMO_OP_TRY_LOCK = 10,        /* as LOCK, but only if nothing was discarded */
};

/* Which page a reclaim domain gives up. */
enum ts_reclaim_policy {
    TS_RECLAIM_NONE = 0, /* none, ever */
    TS_RECLAIM_LRU = 1,
    TS_RECLAIM_ARC = 2,
    TS_RECLAIM_CLOCK = 3,
    TS_RECLAIM_COUNT = 4,
};

/* How mappings of a VMO reach its memory. */
enum ts_cache_policy {
    TS_CACHE_POLICY_CACHED = 0,
    TS_CACHE_POLICY_UNCACHED = 1,
    TS_CACHE_POLICY_UNCACHED_DEVICE = 2,
    TS_CACHE_POLICY_WRITE_COMBINING = 3,
    TS_CACHE_POLICY_WRITE_THROUGH = 4,
};

/* What job_set_ceiling limits. Unset is as the parent, 0 denies. */
enum ts_job_ceiling {
    TS_CEILING_MEMORY = 0, /* bytes, kernel objects included */
    TS_CEILING_SWAP = 1,   /* bytes */
    TS_CEILING_PINNED = 2, /* bytes of DMA memory */
    TS_CEILING_INTERRUPTS = 3,
    TS_CEILING_HANDLES = 4,
    TS_CEILING_THREADS = 5,
    TS_CEILING_PROCESSES = 6,
    TS_CEILING_CPU = 7,      /* thousandths of one CPU */
    TS_CEILING_PRIORITY = 8, /* highest base priority of a thread */
    TS_CEILING_COUNT = 9,
};
#define TS_CEILING_UNSET UINT64_MAX

/* Kinds of resources. ROOT covers all others; base and length are meaningful where a range is
 * named. */
enum ts_resource_kind {
    TS_RESOURCE_ROOT = 0,
    TS_RESOURCE_MEMORY = 1,    /* physical addresses of device registers */
    TS_RESOURCE_INTERRUPT = 2, /* interrupt lines */
    TS_RESOURCE_IOPORT = 3,    /* I/O ports */
    TS_RESOURCE_POWER = 4,     /* system_power */
    TS_RESOURCE_DEBUG = 5,     /* system_debug */
    TS_RESOURCE_VMEX = 6,      /* vmo_replace_executable */
    TS_RESOURCE_LOG = 7,       /* log_read, log_write */
    TS_RESOURCE_COUNT = 8,
};

/* Options of interrupt_create. */
#define TS_INTERRUPT_EDGE       (1u << 0) /* default: level */
#define TS_INTERRUPT_ACTIVE_LOW (1u << 1)

/* Actions of system_power. */
enum ts_power_action {
    TS_POWER_OFF = 0,
    TS_POWER_REBOOT = 1,
};

/* Commands of system_debug. What they answer is in `value`. */
enum ts_debug_command {
    TS_DEBUG_SELFTEST = 0, /* runs the kernel's self-tests, KTAP into the log: failed tests */
    TS_DEBUG_AUDIT = 1, /* checks frames, objects, page tables, problems into the log: problems */
    TS_DEBUG_CONSOLE_RELEASE = 2, /* the UART is user space's from now on: 0 */
    TS_DEBUG_CONSOLE_BYTES = 3, /* bytes that the kernel wrote to the UART since it was released */
    TS_DEBUG_CALL_COUNT =
        4, /* argument: call number | -status << 16: how often it ended with that status */
    TS_DEBUG_COUNTER = 5,       /* argument: enum ts_debug_counter */
    TS_DEBUG_DUMP_THREADS = 6,  /* threads into the log: their number */
    TS_DEBUG_USER_COUNTERS = 7, /* argument: 1 or 0: user mode may read the cycle counter */
    TS_DEBUG_MUTATION = 8, /* argument: 1 or 0: the mutation of the command line is in force for the caller's job */
    TS_DEBUG_FRAMES = 9, /* argument: at most 1024: takes so many zeroed frames and gives them back, 64 at
                            a time: how many it got */
    TS_DEBUG_RECLAIM = 10, /* argument: bytes: discards unlocked discardable memory until so much is free: how
                              much it was */
    TS_DEBUG_FAIL_ALLOCATION = 11, /* argument N: the Nth allocation that the kernel makes from now on for the caller's
                            job, or below it, fails; 0: none. What was left of the N before; 0: it has failed */
};

enum ts_debug_counter {
    TS_COUNTER_INTERRUPTS_OFF_MAX = 0, /* longest stretch with interrupts off, ns */
    TS_COUNTER_SWITCHES = 1,
    TS_COUNTER_CALLS = 2,
    TS_COUNTER_FAULTS = 3, /* page faults of user mode */
    TS_COUNTER_BOOT_NS = 4, /* from the kernel's first instruction to the start of init */
    TS_COUNTER_OBJECTS = 5, /* objects that exist */
    TS_COUNTER_CAPABILITIES = 6, /* nodes of derivation trees */
};
