/* SPDX-License-Identifier: MIT */
/*
 * Interrupt lines as objects. A line that fires is masked, and stays so until its holder acknowledges it: a driver
 * that does not answer costs nobody anything. line_table: written under table_lock, read by interrupts without it;
 * entries live until a grace period after they were taken out.
 */
#include "kernel/devices.h"

#include "arch/irq.h"
#include "arch/time.h"
#include "base/string.h"
#include "kernel/assert.h"
#include "kernel/heap.h"
#include "kernel/task_tree.h"

#define LINES_MAX 1024u

static struct spinlock table_lock = SPINLOCK(LOCK_INTERRUPT);
static struct interrupt *line_table[LINES_MAX]; /* atomic */
static SLAB_CACHE(interrupt_cache, struct interrupt);

/* The handle is gone: the line is masked and free for others. */
static void interrupt_last_handle_closed(struct object *object) {
    struct interrupt *interrupt = container_of(object, struct interrupt, object);
    spinlock_acquire(&interrupt->queue.lock);
    interrupt->closed = true; /* from here on nobody unmasks the line through this object */
    wait_queue_wake_all(&interrupt->queue, TS_ERR_CANCELED);
    struct port *port = interrupt->port;
    interrupt->port = NULL;
    spinlock_release(&interrupt->queue.lock);
    spinlock_acquire(&table_lock);
    arch_irq_mask(interrupt->line);
    __atomic_store_n(&line_table[interrupt->line], NULL, __ATOMIC_RELEASE);
    spinlock_release(&table_lock);
    if (port != NULL) {
        (void)port_dequeue(port, &interrupt->packet);
        object_release(&port->object);
    }
}

static void interrupt_free(struct object *object) {
    account_release(object->account, TS_CEILING_INTERRUPTS, 1);
    object_uncharge(object);
    slab_free(&interrupt_cache, container_of(object, struct interrupt, object));
}

static const struct object_ops interrupt_ops = {.last_handle_closed = interrupt_last_handle_closed,
                                                .free = interrupt_free};

static void packet_taken(struct port_packet *packet) {
    struct interrupt *interrupt = container_of(packet, struct interrupt, packet);
    spinlock_acquire(&interrupt->queue.lock);
    if (interrupt->state == INTERRUPT_FIRED) {
        interrupt->state = INTERRUPT_TAKEN;
    }
    spinlock_release(&interrupt->queue.lock);
}

static ts_status_t interrupt_new(struct account *account, struct interrupt **result) {
    ts_status_t status = account_charge(account, TS_CEILING_INTERRUPTS, 1);
    if (status != TS_OK) {
        return status;
    }
    struct interrupt *interrupt = slab_alloc(&interrupt_cache);
    status = interrupt == NULL ? TS_ERR_NO_MEMORY
                               : object_init(&interrupt->object, TS_OBJECT_INTERRUPT, &interrupt_ops, account,
                                             sizeof(*interrupt));
    if (status != TS_OK) {
        if (interrupt != NULL) {
            slab_free(&interrupt_cache, interrupt);
        }
        account_release(account, TS_CEILING_INTERRUPTS, 1);
        return status;
    }
    wait_queue_init(&interrupt->queue, LOCK_INTERRUPT);
    interrupt->packet.taken = packet_taken;
    interrupt->packet.packet.type = TS_PACKET_INTERRUPT;
    *result = interrupt;
    return TS_OK;
}

static enum arch_irq_trigger trigger_of(uint32_t options) {
    bool edge = (options & TS_INTERRUPT_EDGE) != 0;
    bool low = (options & TS_INTERRUPT_ACTIVE_LOW) != 0;
    if (edge) {
        return low ? ARCH_IRQ_EDGE_FALLING : ARCH_IRQ_EDGE_RISING;
    }
    return low ? ARCH_IRQ_LEVEL_LOW : ARCH_IRQ_LEVEL_HIGH;
}

ts_status_t interrupt_create(struct account *account, uint32_t line, uint32_t options, struct interrupt **result) {
    if (line >= LINES_MAX || line >= arch_irq_line_count() || !arch_irq_line_usable(line)) {
        return TS_ERR_OUT_OF_RANGE;
    }
    struct interrupt *interrupt = NULL;
    ts_status_t status = interrupt_new(account, &interrupt);
    if (status != TS_OK) {
        return status;
    }
    interrupt->line = line;
    string_copy(interrupt->owner, sizeof(interrupt->owner), process_current()->name);
    spinlock_acquire(&table_lock);
    bool bound = line_table[line] != NULL;
    if (!bound) {
        __atomic_store_n(&line_table[line], interrupt, __ATOMIC_RELEASE);
        arch_irq_set_trigger(line, trigger_of(options));
        arch_irq_set_target(line, 0);
        arch_irq_unmask(line);
    }
    spinlock_release(&table_lock);
    if (bound) {
        object_release(&interrupt->object);
        return TS_ERR_ALREADY_BOUND;
    }
    *result = interrupt;
    return TS_OK;
}

/* Interrupt context: bounded, no allocation. */
void interrupt_fire(unsigned line) {
    arch_irq_mask(line);
    struct interrupt *interrupt = line < LINES_MAX ? __atomic_load_n(&line_table[line], __ATOMIC_ACQUIRE) : NULL;
    if (interrupt == NULL) {
        return;
    }
    spinlock_acquire(&interrupt->queue.lock);
    interrupt->count++;
    if (interrupt->state == INTERRUPT_IDLE && !interrupt->closed) {
        interrupt->state = INTERRUPT_FIRED;
        interrupt->timestamp = arch_time_now();
        if (interrupt->port != NULL) {
            interrupt->packet.packet.interrupt.timestamp = interrupt->timestamp;
            (void)port_enqueue(interrupt->port, &interrupt->packet);
        } else {
            wait_queue_wake_one(&interrupt->queue, TS_OK);
        }
    }
    spinlock_release(&interrupt->queue.lock);
}

/* A port that nobody can read any more is given up: for the successor of a driver that died. */
ts_status_t interrupt_bind(struct interrupt *interrupt, struct port *port, uint64_t key) {
    DEBUG_ASSERT(interrupt->object.kind == TS_OBJECT_INTERRUPT);
    DEBUG_ASSERT(port->object.kind == TS_OBJECT_PORT);
    object_reference(&port->object);
    spinlock_acquire(&interrupt->queue.lock);
    struct port *former = interrupt->port;
    bool bound = former != NULL && !__atomic_load_n(&former->closed, __ATOMIC_ACQUIRE);
    if (!bound) {
        if (former != NULL) {
            (void)port_dequeue(former, &interrupt->packet);
        }
        interrupt->port = port;
        string_copy(interrupt->owner, sizeof(interrupt->owner), process_current()->name);
        interrupt->packet.packet.key = key;
        if (interrupt->state == INTERRUPT_FIRED) {
            interrupt->packet.packet.interrupt.timestamp = interrupt->timestamp;
            (void)port_enqueue(port, &interrupt->packet);
        }
    }
    spinlock_release(&interrupt->queue.lock);
    if (bound) {
        object_release(&port->object);
        return TS_ERR_ALREADY_BOUND;
    }
    if (former != NULL) {
        object_release(&former->object);
    }
    return TS_OK;
}

ts_status_t interrupt_wait(struct interrupt *interrupt, ts_time_t deadline, ts_time_t *timestamp) {
    DEBUG_ASSERT(interrupt->object.kind == TS_OBJECT_INTERRUPT);
    for (;;) {
        spinlock_acquire(&interrupt->queue.lock);
        if (interrupt->port != NULL) {
            spinlock_release(&interrupt->queue.lock);
            return TS_ERR_BAD_STATE;
        }
        if (interrupt->state == INTERRUPT_FIRED) {
            interrupt->state = INTERRUPT_TAKEN;
            *timestamp = interrupt->timestamp;
            spinlock_release(&interrupt->queue.lock);
            return TS_OK;
        }
        if (interrupt->closed || deadline <= arch_time_now()) {
            bool closed = interrupt->closed;
            spinlock_release(&interrupt->queue.lock);
            return closed ? TS_ERR_CANCELED : TS_ERR_TIMED_OUT;
        }
        if (wait_queue_block(&interrupt->queue, deadline) == TS_ERR_CANCELED) {
            return TS_ERR_CANCELED;
        }
    }
}

ts_status_t interrupt_ack(struct interrupt *interrupt) {
    DEBUG_ASSERT(interrupt->object.kind == TS_OBJECT_INTERRUPT);
    spinlock_acquire(&interrupt->queue.lock);
    bool taken = interrupt->state == INTERRUPT_TAKEN;
    if (taken) {
        interrupt->state = INTERRUPT_IDLE;
        if (!interrupt->closed) {
            arch_irq_unmask(interrupt->line);
        }
    }
    spinlock_release(&interrupt->queue.lock);
    return taken ? TS_OK : TS_ERR_BAD_STATE;
}

void interrupt_visit(bool (*visit)(void *context, const struct interrupt *interrupt), void *context) {
    for (unsigned line = 0; line < LINES_MAX; line++) {
        const struct interrupt *interrupt = __atomic_load_n(&line_table[line], __ATOMIC_ACQUIRE);
        if (interrupt != NULL && !visit(context, interrupt)) {
            return;
        }
    }
}
