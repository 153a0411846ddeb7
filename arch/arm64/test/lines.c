/* SPDX-License-Identifier: MIT */
/*
 * The interrupt controller, version 2 or 3: shared, private and software-generated lines, masks,
 * priorities, routes. Interrupts stay off: what the controller would deliver is read, not taken,
 * except for the line that is routed to another CPU. The lines used are the last two, which no
 * device of the machines we know has, and the private line of the physical timer, which the kernel
 * does not use.
 */
#include "arch/irq.h"
#include "arch/time.h"
#include "arm64/arm64_priv.h"
#include "arm64/test/selftest_priv.h"
#include "kernel/selftest.h"

#define LINE_PHYSICAL_TIMER 30u
#define LINE_SOFTWARE       15u /* an SGI that is no IPI of the kernel */
#define TRIES               100u
#define PATIENCE            1000000000 /* ns */

/* Does the controller offer `wanted` to this CPU? What is private and more urgent (timer, IPIs) is
 * let through to the kernel first. Nothing of this file's is enabled and pending meanwhile: `arm`
 * raises it, `disarm` takes it back. */
static bool offers(uint32_t wanted, void (*arm)(void), void (*disarm)(void)) {
    uint32_t seen = ARM_IRQ_NONE;
    for (unsigned i = 0; i < TRIES; i++) {
        arch_irq_enable();
        arch_irq_disable();
        arm();
        __asm__ volatile("dsb sy" : : : "memory");
        seen = arm_gic_pending();
        disarm();
        if (seen >= LINE_SOFTWARE && seen != ARM_IRQ_TIMER) {
            break;
        }
    }
    return seen == wanted;
}

static unsigned line_a(void) {
    return arch_irq_line_count() - 1;
}

static unsigned line_b(void) {
    return arch_irq_line_count() - 2;
}

static void take_back(void) {
    arch_irq_mask(line_a());
    arch_irq_mask(line_b());
    arm_gic_forget(line_a());
    arm_gic_forget(line_b());
}

static void raise_a(void) {
    arch_irq_unmask(line_a());
    arch_irq_raise(line_a());
}

static void raise_masked(void) {
    arch_irq_raise(line_a());
}

static void raise_both(void) {
    raise_a();
    arch_irq_unmask(line_b());
    arch_irq_raise(line_b());
}

static void prepare(void) {
    take_back();
    arch_irq_set_trigger(line_a(), ARCH_IRQ_EDGE_RISING);
    arch_irq_set_trigger(line_b(), ARCH_IRQ_EDGE_RISING);
    arch_irq_set_priority(line_a(), 127);
    arch_irq_set_priority(line_b(), 127);
    arch_irq_set_target(line_a(), arch_percpu()->cpu);
    arch_irq_set_target(line_b(), arch_percpu()->cpu);
}

bool lines_mask_unmask(void) {
    if (arch_irq_line_count() == 0) {
        return true;
    }
    prepare();
    EXPECT(!arm_gic_enabled(line_a()));
    EXPECT(offers(ARM_IRQ_NONE, raise_masked, take_back));
    EXPECT(offers(line_a(), raise_a, take_back));
    arch_irq_unmask(line_a());
    EXPECT(arm_gic_enabled(line_a()));
    arch_irq_mask(line_a());
    EXPECT(!arm_gic_enabled(line_a()));
    return true;
}

static bool priorities(void) {
    arch_irq_set_priority(line_a(), 200);
    arch_irq_set_priority(line_b(), 100);
    EXPECT(offers(line_a(), raise_both, take_back));
    arch_irq_set_priority(line_a(), 0);
    EXPECT(offers(line_b(), raise_both, take_back));
    EXPECT(offers(line_a(), raise_a, take_back));
    return true;
}

static void start_physical_timer(void) {
    arch_irq_unmask(LINE_PHYSICAL_TIMER);
    ARM_WRITE(cntp_cval_el0, 0);
    ARM_WRITE(cntp_ctl_el0, 1);
    arm_isb();
}

static void stop_physical_timer(void) {
    ARM_WRITE(cntp_ctl_el0, 0);
    arm_isb();
    arch_irq_mask(LINE_PHYSICAL_TIMER);
}

static void raise_software(void) {
    arch_irq_raise(LINE_SOFTWARE);
}

/* An SGI is forgotten by taking it; what else is taken by accident is raised again. */
static void take_software(void) {
    uint32_t token, taken = 0;
    for (uint32_t line = 0; line < LINE_SOFTWARE;) {
        line = arm_gic_acknowledge(&token);
        if (line == ARM_IRQ_NONE) {
            break;
        }
        arm_gic_end(token);
        taken |= line < LINE_SOFTWARE ? 1u << line : 0;
    }
    for (; taken != 0; taken &= taken - 1) {
        arch_irq_raise((unsigned)__builtin_ctz(taken));
    }
}

/* Another CPU takes the line, and its kernel masks it. */
static bool routes(void) {
    uint64_t others = arm_gic_cpus() & ~((uint64_t)1 << arch_percpu()->cpu);
    if (others == 0) {
        return true;
    }
    arch_irq_set_target(line_a(), (unsigned)__builtin_ctzl(others));
    raise_a();
    EXPECT(arm_gic_pending() != line_a());
    ts_time_t end = arch_time_now() + PATIENCE;
    while (arm_gic_enabled(line_a()) && arch_time_now() < end) {
        arch_spin_wait();
    }
    bool taken = !arm_gic_enabled(line_a());
    take_back();
    EXPECT(taken);
    return true;
}

bool lines_raise(void) {
    if (arch_irq_line_count() == 0) {
        return true;
    }
    prepare();
    bool done = priorities() && routes();
    prepare();
    EXPECT(done);
    EXPECT(offers(LINE_PHYSICAL_TIMER, start_physical_timer, stop_physical_timer));
    EXPECT(offers(LINE_SOFTWARE, raise_software, take_software));
    return true;
}
