/* SPDX-License-Identifier: MIT */
/* Signals of objects. Bits 24-31 belong to the user, HANDLE_CLOSED answers a wait whose handle went away. */
#pragma once

#define TS_SIGNAL_NONE          0u
#define TS_SIGNAL_READABLE      (1u << 0)
#define TS_SIGNAL_WRITABLE      (1u << 1)
#define TS_SIGNAL_PEER_CLOSED   (1u << 2)
#define TS_SIGNAL_SIGNALED      (1u << 3) /* event: the object's own signal */
#define TS_SIGNAL_TERMINATED    (1u << 3) /* job, process, thread */
#define TS_SIGNAL_RUNNING       (1u << 4) /* thread */
#define TS_SIGNAL_ZERO_CHILDREN (1u << 3) /* vmo */
#define TS_SIGNAL_PRESSURE      (1u << 8) /* job: memory (or its swap, if it is swapped) becomes scarce, for it or for a job above */
#define TS_SIGNAL_PRESSURE_CRITICAL (1u << 9) /* job: it will be refused soon; PRESSURE is set too */
#define TS_SIGNAL_HANDLE_CLOSED (1u << 23)
#define TS_SIGNAL_USER_ALL      0xff000000u
