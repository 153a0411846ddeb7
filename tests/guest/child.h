/* SPDX-License-Identifier: MIT */
/*
 * Threads and processes for tests. A child process is a copy of this program as it is at that
 * moment (text and constants shared, variables copied), which calls one function; so a test and its
 * victims stand in one file. Used by the tests.
 */
#pragma once

#include "abi/info.h"
#include "guest/check.h"

/* The handles of the process that runs this code: of the test program, or of the child itself. */
struct guest_self {
    ts_handle_t process;
    ts_handle_t vmar;
    ts_handle_t job;
    ts_handle_t extra; /* what the parent gave; its own root VMAR's sibling in tests: anything */
};
extern struct guest_self guest_self;

void guest_children_init(ts_handle_t shared_vmo);

/* Forgets the stacks of threads that have ended. */
void guest_threads_reset(void);

/* Starts function(argument) in this process; 0 if that fails, which is noted. */
ts_handle_t guest_thread(void (*function)(void *), void *argument);

/* A thread that was made but not started, and the arguments that thread_start takes for it. */
uint64_t guest_stack_top(void);
uint64_t guest_thread_entry(void);

/* Waits until the thread ends, at most some seconds, and closes the handle. */
void guest_join(ts_handle_t thread);

/* Waits until the thread is in this state (enum ts_thread_state); false after some seconds. */
bool guest_wait_state(ts_handle_t thread, uint32_t state);

struct guest_child {
    ts_handle_t process;
    ts_handle_t vmar;   /* its root VMAR, the parent's handle */
    ts_handle_t thread;
};

typedef void (*guest_function)(uint64_t argument);

/* Makes a child below the job, whose first thread calls function(argument), and then exits with
 * code 0. With `give_self` it gets handles to itself and to the job, and `extra` moves to it in any
 * case. False: it was noted, nothing is left. */
bool guest_child_start(struct guest_child *child, ts_handle_t job, guest_function function,
                       uint64_t argument, ts_handle_t extra);

/* Waits for the end, at most some seconds, closes the handles and returns the exit code. */
int64_t guest_child_end(struct guest_child *child);

/* Both; the job is the program's own. */
int64_t guest_child_run(guest_function function, uint64_t argument);

#define GUEST_PATIENCE (20 * TS_SECOND)
