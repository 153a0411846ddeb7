/* SPDX-License-Identifier: MIT */
/*
 * Address spaces and requests to other CPUs to forget translations (or to reload port permissions,
 * which takes the same way). There is one request at a time: request_lock protects it. The
 * requester sets a bit per CPU in `waiting` and sends interrupts; each CPU does what is asked and
 * clears its bit, in the interrupt or while it spins, so that requesters with interrupts off cannot
 * block each other.
 */
#include "x86_64_priv.h"

#include "arch/impl/layout.h"
#include "arch/ports.h"
#include "formats/x86_64.h"

#define FLUSH_PAGES_MAX 64 /* beyond this, everything is forgotten at once */

static uint32_t request_lock;
static struct {
    uint64_t va;
    size_t pages;
    bool ports;
} request;               /* written before `waiting` is, read after it */
static uint64_t waiting; /* atomic: CPUs that have not served the request */
static uint64_t online;  /* atomic: CPUs that take requests */

uint64_t smp_kernel_root; /* what other CPUs load when they start */

const struct pt_format *arch_mmu_format(void) {
    return &pt_format_x86_64;
}

unsigned arch_mmu_leaf_level(void) {
    return x86_features.pages_1g ? 2 : 1;
}

uint64_t arch_mmu_boot_root(void) {
    return (uint64_t)boot_root - KERNEL_IMAGE_BASE;
}

/* Clearing CR4.PGE for a moment forgets global translations too. */
static void flush_everything(void) {
    uint64_t cr4 = cr4_read();
    cr4_write(cr4 & ~(uint64_t)CR4_GLOBAL);
    cr4_write(cr4);
}

void arch_mmu_set_kernel(uint64_t root) {
    smp_kernel_root = root;
    cr3_write(root);
    flush_everything();
}

void arch_mmu_switch(uint64_t root, uint32_t asid) {
    (void)asid;
    cr3_write(root);
}

static void flush_here(uint64_t va, size_t pages) {
    if (pages == 0) {
        cr3_write(cr3_read());
    } else if (pages > FLUSH_PAGES_MAX) {
        flush_everything();
    } else {
        for (size_t i = 0; i < pages; i++) {
            __asm__ volatile("invlpg (%0)" ::"r"(va + i * TS_PAGE_SIZE) : "memory");
        }
    }
}

static void serve_here(uint64_t va, size_t pages, bool ports) {
    if (ports) {
        context_ports_load(arch_percpu());
    } else {
        flush_here(va, pages);
    }
}

void mmu_flush_serve(void) {
    uint64_t self = (uint64_t)1 << arch_percpu()->cpu;
    if ((__atomic_load_n(&waiting, __ATOMIC_ACQUIRE) & self) != 0) {
        serve_here(request.va, request.pages, request.ports);
        __atomic_and_fetch(&waiting, ~self, __ATOMIC_RELEASE);
    }
}

/* What this CPU remembers from before nobody would have told it to forget. */
void mmu_cpu_online(void) {
    __atomic_or_fetch(&online, (uint64_t)1 << arch_percpu()->cpu, __ATOMIC_SEQ_CST);
    flush_everything();
}

static void send_request(uint64_t cpus) {
    __atomic_store_n(&waiting, cpus, __ATOMIC_SEQ_CST);
    for (uint64_t rest = cpus; rest != 0; rest &= rest - 1) {
        apic_send((unsigned)__builtin_ctzl(rest), APIC_COMMAND_FIXED | VECTOR_FLUSH);
    }
}

/* Does the request on `others`, and meanwhile here if wanted. */
static __attribute__((noinline)) void request_send(uint64_t others, bool here, uint64_t va, size_t pages, bool ports) {
    raw_lock_acquire(&request_lock);
    request.va = va;
    request.pages = pages;
    request.ports = ports;
    send_request(others);
    if (here) {
        serve_here(va, pages, ports);
    }
    while (__atomic_load_n(&waiting, __ATOMIC_ACQUIRE) != 0) {
        arch_cpu_pause();
    }
    raw_lock_release(&request_lock);
}

/* Interrupts off. Does the request on the CPUs of the set. */
static inline void request_run(uint64_t cpus, uint64_t va, size_t pages, bool ports) {
    uint64_t self = (uint64_t)1 << arch_percpu()->cpu;
    uint64_t others = cpus & ~self & __atomic_load_n(&online, __ATOMIC_SEQ_CST);
    bool here = (cpus & self) != 0;
    if (others != 0) {
        request_send(others, here, va, pages, ports);
    } else if (here) {
        serve_here(va, pages, ports);
    }
}

void arch_tlb_flush(uint64_t cpus, uint32_t asid, uint64_t va, size_t pages) {
    (void)asid;
    request_run(cpus, va, pages, false);
}

void arch_ports_sync(uint64_t cpus) {
    request_run(cpus, 0, 0, true);
}
