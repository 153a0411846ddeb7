/* SPDX-License-Identifier: MIT */
/* Waits, claims, priorities, affinity, the sleeping lock, timeouts and grace periods, on as many CPUs as there are. */
#include "arch/time.h"
#include "kernel/kernelspace.h"
#include "kernel/pagetable.h"
#include "kernel/sched.h"
#include "kernel/selftest.h"

#define MILLISECOND 1000000l
#define ALL_CPUS    UINT64_MAX
#define ORDER_MAX   8u

extern const struct selftest_suite sched_selftests;

/* --- waiting --- */

static struct wait_queue queue;
static uint32_t waiting, woken, canceled, expired; /* atomic */

static void reset(void) {
    wait_queue_init(&queue, LOCK_WAIT);
    waiting = woken = canceled = expired = 0;
}

static void count_status(ts_status_t status) {
    uint32_t *counter = status == TS_OK ? &woken : status == TS_ERR_CANCELED ? &canceled : &expired;
    __atomic_fetch_add(counter, 1, __ATOMIC_RELEASE);
}

/* argument: deadline from now in ns, 0: none. */
static void wait_once(void *argument) {
    ts_time_t deadline = argument != NULL ? arch_time_now() + (ts_time_t)argument : TS_TIME_INFINITE;
    spinlock_acquire(&queue.lock);
    __atomic_fetch_add(&waiting, 1, __ATOMIC_RELEASE);
    count_status(wait_queue_block(&queue, deadline));
}

static bool wake_one(ts_status_t status) {
    spinlock_acquire(&queue.lock);
    bool any = wait_queue_wake_one(&queue, status);
    spinlock_release(&queue.lock);
    return any;
}

static bool sleep_lasts(void) {
    ts_time_t start = arch_time_now();
    selftest_sleep(2 * MILLISECOND);
    EXPECT(arch_time_now() - start >= 2 * MILLISECOND);
    return true;
}

static bool past_deadline_ends_at_once(void) {
    task_wait_begin(NULL);
    EXPECT(task_block(1) == TS_ERR_TIMED_OUT);
    task_wait_begin(NULL);
    EXPECT(task_block(INT64_MIN) == TS_ERR_TIMED_OUT);
    return true;
}

static bool timeout_leaves_the_queue(void) {
    reset();
    spinlock_acquire(&queue.lock);
    EXPECT(wait_queue_block(&queue, arch_time_now() + MILLISECOND) == TS_ERR_TIMED_OUT);
    EXPECT(list_is_empty(&queue.waiters));
    EXPECT(!wake_one(TS_OK));
    return true;
}

static bool wakes_one_each(void) {
    reset();
    for (unsigned i = 0; i < 3; i++) {
        selftest_spawn(wait_once, NULL, PRIORITY_DEFAULT, ALL_CPUS);
    }
    EXPECT(selftest_await(&waiting, 3));
    for (uint32_t i = 1; i <= 3; i++) {
        EXPECT(wake_one(TS_OK));
        EXPECT(selftest_await(&woken, i));
    }
    EXPECT(!wake_one(TS_OK) && woken == 3);
    return selftest_join();
}

/* Whoever claims the wait first ends it: never both, never neither. */
static bool wake_and_timeout_race(void) {
    reset();
    uint32_t sent = 0;
    for (uint32_t round = 1; round <= 200; round++) {
        selftest_spawn(wait_once, (void *)(uintptr_t)(50000 + round % 7 * 10000), PRIORITY_DEFAULT, ALL_CPUS);
        selftest_sleep(60000);
        sent += wake_one(TS_OK) ? 1 : 0;
        EXPECT(selftest_join());
        EXPECT(woken + expired == round && woken == sent);
    }
    return true;
}

static bool interrupt_ends_a_wait(void) {
    reset();
    struct task *task = selftest_spawn(wait_once, NULL, PRIORITY_DEFAULT, ALL_CPUS);
    EXPECT(selftest_await(&waiting, 1));
    EXPECT(task_interrupt(task));
    EXPECT(!task_interrupt(task));
    task_make_ready(task);
    EXPECT(selftest_await(&canceled, 1));
    return selftest_join();
}

static bool claim_is_exclusive(void) {
    reset();
    struct task *task = selftest_spawn(wait_once, NULL, PRIORITY_DEFAULT, ALL_CPUS);
    EXPECT(selftest_await(&waiting, 1));
    EXPECT(task_claim(task));
    EXPECT(!task_claim(task) && !task_interrupt(task) && !wake_one(TS_OK));
    task_wake(task, TS_OK);
    EXPECT(selftest_await(&woken, 1));
    return selftest_join();
}

static bool unclaimed_goes_on_waiting(void) {
    reset();
    struct task *task = selftest_spawn(wait_once, NULL, PRIORITY_DEFAULT, ALL_CPUS);
    EXPECT(selftest_await(&waiting, 1));
    ts_status_t status = TS_OK;
    EXPECT(task_claim(task) && task_unclaim(task, &status));
    selftest_sleep(MILLISECOND);
    EXPECT(woken + canceled + expired == 0);
    EXPECT(task_claim(task));
    task_wake(task, TS_OK);
    return selftest_join();
}

static bool unclaim_tells_of_the_timeout(void) {
    reset();
    struct task *task = selftest_spawn(wait_once, (void *)(20 * MILLISECOND), PRIORITY_DEFAULT, ALL_CPUS);
    EXPECT(selftest_await(&waiting, 1));
    EXPECT(task_claim(task));
    selftest_sleep(30 * MILLISECOND);
    EXPECT(expired == 0);
    ts_status_t status = TS_OK;
    EXPECT(!task_unclaim(task, &status) && status == TS_ERR_TIMED_OUT);
    task_wake(task, status);
    EXPECT(selftest_await(&expired, 1));
    return selftest_join();
}

/* --- priorities --- */

static uintptr_t order[ORDER_MAX];
static uint32_t order_count; /* atomic */

static void note_order(void *argument) {
    order[__atomic_fetch_add(&order_count, 1, __ATOMIC_ACQ_REL)] = (uintptr_t)argument;
}

/* Tasks less urgent than the test, on its CPU: none runs before the test sleeps. */
static struct task *spawn_lazy(unsigned priority) {
    return selftest_spawn(note_order, (void *)(uintptr_t)priority, priority, CPU_BIT(0));
}

static bool begin_on_cpu_0(void) {
    order_count = 0;
    task_set_affinity(task_current(), CPU_BIT(0));
    return percpu_cpu() == 0;
}

static bool end_on_any_cpu(void) {
    bool joined = selftest_join();
    task_set_affinity(task_current(), ALL_CPUS);
    return joined;
}

static bool urgent_first(void) {
    EXPECT(begin_on_cpu_0());
    (void)spawn_lazy(10);
    (void)spawn_lazy(30);
    (void)spawn_lazy(20);
    EXPECT(order_count == 0);
    EXPECT(end_on_any_cpu());
    EXPECT(order[0] == 30 && order[1] == 20 && order[2] == 10);
    return true;
}

static bool equals_in_order_of_arrival(void) {
    EXPECT(begin_on_cpu_0());
    for (uintptr_t i = 1; i <= 4; i++) {
        selftest_spawn(note_order, (void *)i, 10, CPU_BIT(0));
    }
    EXPECT(end_on_any_cpu());
    EXPECT(order[0] == 1 && order[1] == 2 && order[2] == 3 && order[3] == 4);
    return true;
}

static bool priority_moves_a_ready_task(void) {
    EXPECT(begin_on_cpu_0());
    struct task *task = spawn_lazy(10);
    (void)spawn_lazy(30);
    (void)spawn_lazy(20);
    task_set_priority(task, 40);
    EXPECT(end_on_any_cpu());
    EXPECT(order[0] == 10 && order[1] == 30 && order[2] == 20);
    return true;
}

static bool urgent_task_preempts(void) {
    EXPECT(begin_on_cpu_0());
    selftest_spawn(note_order, NULL, 200, CPU_BIT(0));
    EXPECT(order_count == 0);
    sched_preemption_point();
    EXPECT(order_count == 1);
    return end_on_any_cpu();
}

static bool raised_ready_task_preempts(void) {
    EXPECT(begin_on_cpu_0());
    struct task *task = spawn_lazy(10);
    sched_preemption_point();
    EXPECT(order_count == 0);
    task_set_priority(task, 200);
    sched_preemption_point();
    EXPECT(order_count == 1);
    return end_on_any_cpu();
}

/* --- several CPUs; with one, these pass for want of another --- */

static uint32_t stop, turns, seen_cpu; /* atomic */

static void spin(void *argument) {
    (void)argument;
    while (__atomic_load_n(&stop, __ATOMIC_ACQUIRE) == 0) {
        __atomic_store_n(&seen_cpu, percpu_cpu() + 1, __ATOMIC_RELEASE);
        __atomic_fetch_add(&turns, 1, __ATOMIC_RELEASE);
        sched_preemption_point();
    }
}

static bool affinity_moves_a_running_task(void) {
    if ((percpu_online() & CPU_BIT(1)) == 0) {
        return true;
    }
    EXPECT(begin_on_cpu_0());
    stop = turns = seen_cpu = 0;
    struct task *task = selftest_spawn(spin, NULL, 10, CPU_BIT(1));
    for (unsigned round = 0; round < 20; round++) {
        uint64_t cpu = round % 2 == 0 ? 1 : 0;
        task_set_affinity(task, CPU_BIT(cpu));
        uint32_t before = __atomic_load_n(&turns, __ATOMIC_ACQUIRE);
        EXPECT(selftest_await(&turns, before + 3));
        EXPECT(__atomic_load_n(&seen_cpu, __ATOMIC_ACQUIRE) == cpu + 1);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    return end_on_any_cpu();
}

static bool lowered_task_elsewhere_gives_way(void) {
    if ((percpu_online() & CPU_BIT(1)) == 0) {
        return true;
    }
    EXPECT(begin_on_cpu_0());
    stop = turns = 0;
    struct task *task = selftest_spawn(spin, NULL, 100, CPU_BIT(1));
    EXPECT(selftest_await(&turns, 1));
    selftest_spawn(note_order, NULL, 80, CPU_BIT(1));
    selftest_sleep(2 * MILLISECOND);
    EXPECT(order_count == 0);
    task_set_priority(task, 50);
    EXPECT(selftest_await(&order_count, 1));
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    return end_on_any_cpu();
}

/* --- sharing CPUs: spinners that the test stops --- */

struct spinner {
    struct task *task;
    uint32_t turns; /* atomic */
    uint32_t cpu;   /* atomic: where it ran last */
};

static struct spinner spinners[3];
static uint32_t changes;  /* atomic: how often another spinner ran than before */
static void *last_runner; /* atomic */

static void spin_and_tell(void *argument) {
    struct spinner *spinner = argument;
    while (__atomic_load_n(&stop, __ATOMIC_ACQUIRE) == 0) {
        __atomic_store_n(&spinner->cpu, percpu_cpu(), __ATOMIC_RELEASE);
        __atomic_fetch_add(&spinner->turns, 1, __ATOMIC_RELEASE);
        if (__atomic_exchange_n(&last_runner, spinner, __ATOMIC_ACQ_REL) != spinner) {
            __atomic_fetch_add(&changes, 1, __ATOMIC_RELEASE);
        }
        sched_preemption_point();
    }
}

static void begin_spinning(void) {
    stop = changes = 0;
    last_runner = NULL;
    for (unsigned i = 0; i < sizeof(spinners) / sizeof(spinners[0]); i++) {
        spinners[i].turns = 0;
    }
}

static void start_spinner(unsigned i, unsigned priority, uint64_t cpus) {
    spinners[i].task = selftest_spawn(spin_and_tell, &spinners[i], priority, cpus);
}

static bool goes_on(const struct spinner *spinner) {
    return selftest_await(&spinner->turns, __atomic_load_n(&spinner->turns, __ATOMIC_ACQUIRE) + 3);
}

static bool end_spinning(void) {
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    return end_on_any_cpu();
}

/* Neither ever blocks: only the end of a slice gives the CPU to the other. */
static bool equals_take_turns(void) {
    EXPECT(begin_on_cpu_0());
    begin_spinning();
    start_spinner(0, 10, CPU_BIT(0));
    start_spinner(1, 10, CPU_BIT(0));
    EXPECT(selftest_await(&changes, 8));
    EXPECT(spinners[0].turns > 0 && spinners[1].turns > 0);
    return end_spinning();
}

/* Its last CPU is busy with something more urgent, the other one with something less urgent. */
static bool woken_task_goes_where_it_is_most_urgent(void) {
    if ((percpu_online() & CPU_BIT(1)) == 0) {
        return true;
    }
    EXPECT(begin_on_cpu_0());
    reset();
    struct task *task = selftest_spawn(wait_once, NULL, 50, CPU_BIT(1));
    EXPECT(selftest_await(&waiting, 1));
    begin_spinning();
    start_spinner(0, 100, CPU_BIT(1));
    start_spinner(1, 10, CPU_BIT(0));
    EXPECT(goes_on(&spinners[0]));
    task_set_affinity(task, CPU_BIT(0) | CPU_BIT(1));
    EXPECT(wake_one(TS_OK));
    EXPECT(selftest_await(&woken, 1));
    return end_spinning();
}

/* The other CPU has been idle for long when the task is driven from its own. */
static bool preempted_task_goes_on_elsewhere(void) {
    if ((percpu_online() & CPU_BIT(3)) == 0) {
        return true;
    }
    EXPECT(begin_on_cpu_0());
    begin_spinning();
    start_spinner(0, 10, CPU_BIT(2) | CPU_BIT(3));
    EXPECT(goes_on(&spinners[0]));
    uint32_t before = __atomic_load_n(&spinners[0].cpu, __ATOMIC_ACQUIRE);
    start_spinner(1, 100, CPU_BIT(before));
    EXPECT(goes_on(&spinners[1]) && goes_on(&spinners[0]));
    EXPECT(__atomic_load_n(&spinners[0].cpu, __ATOMIC_ACQUIRE) == 5 - before);
    return end_spinning();
}

/* The first in the queue is bound to its CPU; the one behind it is not. */
static bool idle_cpu_passes_over_bound_tasks(void) {
    if ((percpu_online() & CPU_BIT(3)) == 0) {
        return true;
    }
    EXPECT(begin_on_cpu_0());
    begin_spinning();
    start_spinner(0, 100, CPU_BIT(2));
    EXPECT(goes_on(&spinners[0]));
    start_spinner(1, 50, CPU_BIT(2));
    start_spinner(2, 40, CPU_BIT(2));
    task_set_affinity(spinners[2].task, CPU_BIT(2) | CPU_BIT(3));
    task_set_priority(spinners[2].task, 45);
    EXPECT(goes_on(&spinners[2]));
    EXPECT(spinners[1].turns == 0);
    return end_spinning();
}

static bool wake_interrupts_an_idle_cpu(void) {
    if ((percpu_online() & CPU_BIT(1)) == 0) {
        return true;
    }
    EXPECT(begin_on_cpu_0());
    reset();
    selftest_spawn(wait_once, NULL, PRIORITY_DEFAULT, CPU_BIT(1));
    EXPECT(selftest_await(&waiting, 1));
    selftest_sleep(5 * MILLISECOND);
    const struct percpu *other = percpu_of(1);
    EXPECT(__atomic_load_n(&other->idle, __ATOMIC_ACQUIRE) == 1);
    uint64_t before = __atomic_load_n(&other->ipis, __ATOMIC_ACQUIRE);
    EXPECT(wake_one(TS_OK));
    EXPECT(selftest_await(&woken, 1));
    EXPECT(__atomic_load_n(&other->ipis, __ATOMIC_ACQUIRE) > before);
    return end_on_any_cpu();
}

/* Tickless: a CPU without work is not interrupted. A tick would come ten times or more; what an earlier test left to be
 * freed may wake it once or twice. */
static bool idle_cpu_has_no_tick(void) {
    if ((percpu_online() & CPU_BIT(1)) == 0) {
        return true;
    }
    EXPECT(begin_on_cpu_0());
    selftest_sleep(5 * MILLISECOND);
    const struct percpu *other = percpu_of(1);
    uint64_t before = __atomic_load_n(&other->interrupts, __ATOMIC_ACQUIRE);
    selftest_sleep(100 * MILLISECOND);
    EXPECT(__atomic_load_n(&other->interrupts, __ATOMIC_ACQUIRE) - before < 5);
    return end_on_any_cpu();
}

/* --- stacks --- */

static bool is_mapped(const char *address) {
    struct pt_mapping mapping;
    return pagetable_query(&kernel_pagetable, (uint64_t)address, &mapping) == TS_OK;
}

static bool stacks_stand_between_gaps(void) {
    char *stack[3];
    for (unsigned i = 0; i < 3; i++) {
        stack[i] = stack_alloc();
        EXPECT(stack[i] != NULL);
        for (size_t offset = 0; offset < stack_size(); offset += TS_PAGE_SIZE) {
            EXPECT(is_mapped(stack[i] + offset));
        }
        EXPECT(!is_mapped(stack[i] - 1) && !is_mapped(stack[i] - TS_PAGE_SIZE));
        EXPECT(!is_mapped(stack[i] + stack_size()));
    }
    for (unsigned i = 0; i < 3; i++) {
        stack_free(stack[i]);
    }
    return true;
}

/* --- the sleeping lock --- */

static struct mutex mutex;
static uint64_t guarded;
static uint32_t inside; /* atomic */

static void take_turns(void *argument) {
    (void)argument;
    for (unsigned i = 0; i < 200; i++) {
        mutex_acquire(&mutex);
        uint64_t value = guarded;
        if (i % 5 == 0) {
            sched_yield();
        }
        guarded = value + 1;
        mutex_release(&mutex);
    }
}

static bool mutex_excludes(void) {
    mutex_init(&mutex);
    guarded = 0;
    for (unsigned i = 0; i < 4; i++) {
        selftest_spawn(take_turns, NULL, PRIORITY_DEFAULT, ALL_CPUS);
    }
    EXPECT(selftest_join());
    EXPECT(guarded == 800 && mutex.owner == NULL);
    return true;
}

static void enter_once(void *argument) {
    (void)argument;
    mutex_acquire(&mutex);
    __atomic_fetch_add(&inside, 1, __ATOMIC_RELEASE);
    mutex_release(&mutex);
}

static bool mutex_wait_is_not_interrupted(void) {
    mutex_init(&mutex);
    inside = 0;
    mutex_acquire(&mutex);
    struct task *task = selftest_spawn(enter_once, NULL, PRIORITY_DEFAULT, ALL_CPUS);
    selftest_sleep(2 * MILLISECOND);
    EXPECT(!task_interrupt(task) && inside == 0);
    mutex_release(&mutex);
    EXPECT(selftest_join());
    EXPECT(inside == 1);
    return true;
}

/* --- timeouts --- */

static void note_expired(struct timeout *timeout, uint64_t cookie) {
    (void)timeout;
    note_order((void *)cookie);
}

/* Who waits for memory waits for the CPU that has it, so timeouts do not move the timer behind that. */
static bool timeouts_keep_the_timer_of_a_grace_period(void) {
    static struct timeout timeout;
    struct percpu *self = percpu_self();
    ts_time_t before = self->grace_deadline;
    ts_time_t deadline = arch_time_now() + 100 * MILLISECOND;
    self->grace_deadline = deadline;
    timeout.expire = note_expired;
    timeout_set(&timeout, deadline + 100 * MILLISECOND);
    bool kept = self->armed <= deadline;
    timeout_cancel(&timeout);
    kept = kept && self->armed <= deadline;
    self->grace_deadline = before;
    return kept;
}

static bool timeouts_expire_in_order(void) {
    EXPECT(begin_on_cpu_0());
    static struct timeout timeouts[4];
    ts_time_t now = arch_time_now();
    for (unsigned i = 0; i < 4; i++) {
        timeouts[i].expire = note_expired;
        timeouts[i].cookie = 4 - i;
        timeout_set(&timeouts[i], now + (4 - i) * MILLISECOND);
    }
    timeout_cancel(&timeouts[1]);
    EXPECT(selftest_await(&order_count, 3));
    EXPECT(order[0] == 1 && order[1] == 2 && order[2] == 4);
    selftest_sleep(MILLISECOND);
    EXPECT(order_count == 3);
    return end_on_any_cpu();
}

/* --- grace periods --- */

static uint32_t reading, freed; /* atomic */
static bool freed_too_early;

static void count_freed(struct grace_node *node) {
    (void)node;
    if (__atomic_load_n(&reading, __ATOMIC_ACQUIRE) == 1) {
        freed_too_early = true;
    }
    __atomic_fetch_add(&freed, 1, __ATOMIC_RELEASE);
}

/* Holds its "pointer" for a while without a preemption point. */
static void read_long(void *argument) {
    (void)argument;
    __atomic_store_n(&reading, 1, __ATOMIC_SEQ_CST);
    ts_time_t end = arch_time_now() + 5 * MILLISECOND;
    while (arch_time_now() < end) {
        arch_spin_wait();
    }
    __atomic_store_n(&reading, 2, __ATOMIC_SEQ_CST);
}

static bool grace_waits_for_readers(void) {
    if ((percpu_online() & CPU_BIT(1)) == 0) {
        return true;
    }
    EXPECT(begin_on_cpu_0());
    static struct grace_node node;
    reading = freed = 0;
    freed_too_early = false;
    selftest_spawn(read_long, NULL, PRIORITY_DEFAULT, CPU_BIT(1));
    while (__atomic_load_n(&reading, __ATOMIC_ACQUIRE) == 0) {
        sched_preemption_point();
    }
    node.free = count_freed;
    grace_defer(&node);
    grace_synchronize();
    EXPECT(freed == 1 && !freed_too_early);
    return end_on_any_cpu();
}

static bool grace_frees_all_in_parts(void) {
    EXPECT(begin_on_cpu_0());
    static struct grace_node nodes[500];
    reading = freed = 0;
    for (unsigned i = 0; i < 500; i++) {
        nodes[i].free = count_freed;
        grace_defer(&nodes[i]);
    }
    EXPECT(freed == 0);
    grace_synchronize();
    EXPECT(freed == 500);
    return end_on_any_cpu();
}

static const struct selftest tests[] = {
    {"sleep_lasts", sleep_lasts},
    {"past_deadline_ends_at_once", past_deadline_ends_at_once},
    {"timeout_leaves_the_queue", timeout_leaves_the_queue},
    {"wakes_one_each", wakes_one_each},
    {"wake_and_timeout_race", wake_and_timeout_race},
    {"interrupt_ends_a_wait", interrupt_ends_a_wait},
    {"claim_is_exclusive", claim_is_exclusive},
    {"unclaimed_goes_on_waiting", unclaimed_goes_on_waiting},
    {"unclaim_tells_of_the_timeout", unclaim_tells_of_the_timeout},
    {"urgent_first", urgent_first},
    {"equals_in_order_of_arrival", equals_in_order_of_arrival},
    {"priority_moves_a_ready_task", priority_moves_a_ready_task},
    {"urgent_task_preempts", urgent_task_preempts},
    {"raised_ready_task_preempts", raised_ready_task_preempts},
    {"affinity_moves_a_running_task", affinity_moves_a_running_task},
    {"lowered_task_elsewhere_gives_way", lowered_task_elsewhere_gives_way},
    {"equals_take_turns", equals_take_turns},
    {"woken_task_goes_where_it_is_most_urgent", woken_task_goes_where_it_is_most_urgent},
    {"preempted_task_goes_on_elsewhere", preempted_task_goes_on_elsewhere},
    {"idle_cpu_passes_over_bound_tasks", idle_cpu_passes_over_bound_tasks},
    {"wake_interrupts_an_idle_cpu", wake_interrupts_an_idle_cpu},
    {"idle_cpu_has_no_tick", idle_cpu_has_no_tick},
    {"stacks_stand_between_gaps", stacks_stand_between_gaps},
    {"mutex_excludes", mutex_excludes},
    {"mutex_wait_is_not_interrupted", mutex_wait_is_not_interrupted},
    {"timeouts_expire_in_order", timeouts_expire_in_order},
    {"timeouts_keep_the_timer_of_a_grace_period", timeouts_keep_the_timer_of_a_grace_period},
    {"grace_waits_for_readers", grace_waits_for_readers},
    {"grace_frees_all_in_parts", grace_frees_all_in_parts},
};

const struct selftest_suite sched_selftests = {"sched", tests, sizeof(tests) / sizeof(tests[0])};
