/* SPDX-License-Identifier: MIT */
/* Shared by the files of this room. */
#pragma once

#include "kernel/task_tree.h"

/* Kills every started thread of a dying process. Has preemption points. */
void thread_kill_all(struct process *process);

/* The process dies: its grants of ports go. */
void ports_release_all(struct process *process);

/* The last thread is gone (or there never was one): closes handles, unmaps memory, tells who waits. */
void process_finish(struct process *process);
