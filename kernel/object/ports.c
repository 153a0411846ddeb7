/* SPDX-License-Identifier: MIT */
/*
 * I/O ports of processes. Each grant hangs under the resource handle that it was made with, and ends with it; the
 * process's set of ports is then made anew from the grants that are left. task_tree_lock protects sets and grants.
 */
#include "arch/ports.h"

#include "kernel/assert.h"
#include "kernel/devices.h"
#include "kernel/heap.h"
#include "object_private.h"

struct port_grant {
    struct dependent dependent;
    struct list_node link;     /* in process->port_grants */
    struct process *process;   /* referenced once held */
    uint32_t base, length;
};

static void grant_hold(struct dependent *dependent) {
    object_reference(&container_of(dependent, struct port_grant, dependent)->process->object);
}

/* Takes the grant's ports away, and gives back what others still cover. task_tree_lock held. */
static void withdraw(struct port_grant *grant) {
    DEBUG_ASSERT(spinlock_is_held(&task_tree_lock));
    struct process *process = grant->process;
    list_remove(&grant->link);
    arch_ports_allow(process->ports, grant->base, grant->length, false);
    LIST_FOR_EACH(node, &process->port_grants) {
        const struct port_grant *other = container_of(node, struct port_grant, link);
        arch_ports_allow(process->ports, other->base, other->length, true);
    }
}

static void grant_end(struct dependent *dependent) {
    struct port_grant *grant = container_of(dependent, struct port_grant, dependent);
    struct process *process = grant->process;
    spinlock_acquire(&task_tree_lock);
    withdraw(grant);
    spinlock_release(&task_tree_lock);
    arch_ports_sync(percpu_online());
    account_release(&process->job->account, TS_CEILING_MEMORY, sizeof(*grant));
    heap_free(grant);
    object_release(&process->object);
}

/* The set is made at its first use and attached to every thread; it stays until the process is freed. */
static ts_status_t make_set(struct process *process) {
    struct arch_ports *fresh = heap_alloc(sizeof(*fresh));
    if (fresh == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    arch_ports_init(fresh);
    spinlock_acquire(&task_tree_lock);
    if (process->ports == NULL) {
        process->ports = fresh;
        fresh = NULL;
        LIST_FOR_EACH(node, &process->threads) {
            arch_ports_attach(&container_of(node, struct thread, process_link)->task.context, process->ports);
        }
    }
    spinlock_release(&task_tree_lock);
    heap_free(fresh);
    return TS_OK;
}

ts_status_t ports_enable(struct process *process, struct capability *capability, uint32_t base, uint32_t length) {
    DEBUG_ASSERT(process->object.kind == TS_OBJECT_PROCESS);
    ts_status_t status = account_charge(&process->job->account, TS_CEILING_MEMORY, sizeof(struct port_grant));
    if (status != TS_OK) {
        return status;
    }
    struct port_grant *grant = heap_alloc(sizeof(*grant));
    status = grant != NULL ? make_set(process) : TS_ERR_NO_MEMORY;
    if (status == TS_OK) {
        *grant = (struct port_grant){.process = process, .base = base, .length = length};
        grant->dependent.ends_with_handle = true;
        grant->dependent.hold = grant_hold;
        grant->dependent.end = grant_end;
        spinlock_acquire(&task_tree_lock);
        list_add_tail(&process->port_grants, &grant->link);
        arch_ports_allow(process->ports, base, length, true);
        spinlock_release(&task_tree_lock);
        status = dependent_attach(&grant->dependent, capability);
        if (status != TS_OK) {
            spinlock_acquire(&task_tree_lock);
            withdraw(grant);
            spinlock_release(&task_tree_lock);
        }
        arch_ports_sync(percpu_online());
    }
    if (status != TS_OK) {
        heap_free(grant);
        account_release(&process->job->account, TS_CEILING_MEMORY, sizeof(*grant));
    }
    return status;
}

/* No thread of the process runs user code any more; its handles are closed, and so are their grants. What is left hangs
 * under handles that went to other processes. */
void ports_release_all(struct process *process) {
    DEBUG_ASSERT(process->object.kind == TS_OBJECT_PROCESS);
    for (;;) {
        spinlock_acquire(&task_tree_lock);
        struct list_node *node = list_first(&process->port_grants);
        struct port_grant *grant = node != NULL ? container_of(node, struct port_grant, link) : NULL;
        bool ours = grant != NULL && dependent_detach(&grant->dependent);
        if (ours) {
            withdraw(grant);
        }
        spinlock_release(&task_tree_lock);
        if (grant == NULL) {
            return;
        }
        if (ours) {
            account_release(&process->job->account, TS_CEILING_MEMORY, sizeof(*grant));
            heap_free(grant);
        }
        sched_preemption_point(); /* not ours: whoever ends it takes it off the list soon */
    }
}
