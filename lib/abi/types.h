/* SPDX-License-Identifier: MIT */
/* Scalar types of the system call interface, shared by boot, kernel and user space. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int32_t ts_status_t;   /* 0 or a negative TS_ERR_ value (abi/status.h) */
typedef uint64_t ts_handle_t;  /* low 32 bits: index, high 32 bits: generation; 0 is never a handle */
typedef uint32_t ts_rights_t;  /* TS_RIGHT_ bits (abi/rights.h) */
typedef uint32_t ts_signals_t; /* TS_SIGNAL_ bits (abi/signals.h) */
typedef int64_t ts_time_t;     /* nanoseconds since boot, monotonic */
typedef uint64_t ts_koid_t;    /* kernel object id, never reused */

#define TS_HANDLE_INVALID ((ts_handle_t)0)
#define TS_TIME_INFINITE  INT64_MAX

#define TS_PAGE_SHIFT     12
#define TS_PAGE_SIZE      ((size_t)1 << TS_PAGE_SHIFT)
#define TS_NAME_LENGTH    32 /* bytes of an object's name, terminator included */
#define TS_CPU_COUNT_MAX  64 /* a CPU set is one 64-bit word */
#define TS_PRIORITY_COUNT 256
