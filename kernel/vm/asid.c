/* SPDX-License-Identifier: MIT */
/*
 * Tags of address spaces in TLBs. A live space has its tag for itself; who gives a tag back has made every CPU forget
 * it first, so the next owner finds no translations of the former. Spaces beyond the number of tags share the last one,
 * and the scheduler forgets that one at every switch to it. The bitmap is atomic, no lock.
 */
#include "kernel/pagetable.h"
#include "vm_private.h"

#define WORD_BITS 64u
#define ASID_WORDS ((1u << ARCH_ASID_BITS) / WORD_BITS)

#if ARCH_ASID_BITS > 6

static uint64_t used[ASID_WORDS] = {[0] = 1, /* the kernel's */ [ASID_WORDS - 1] = (uint64_t)1 << (WORD_BITS - 1)};
static uint32_t next_word; /* atomic; where the search begins: a hint */

uint32_t asid_allocate(void) {
    uint32_t first = __atomic_load_n(&next_word, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < ASID_WORDS; i++) {
        uint32_t index = (first + i) % ASID_WORDS;
        uint64_t word = __atomic_load_n(&used[index], __ATOMIC_RELAXED);
        while (word != UINT64_MAX) {
            uint64_t bit = ~word & (word + 1);
            if (__atomic_compare_exchange_n(&used[index], &word, word | bit, true, __ATOMIC_ACQUIRE,
                                            __ATOMIC_RELAXED)) {
                __atomic_store_n(&next_word, index, __ATOMIC_RELAXED);
                return index * WORD_BITS + (uint32_t)__builtin_ctzl(bit);
            }
        }
    }
    return PT_ASID_SHARED;
}

void asid_release(uint32_t asid, uint64_t cpus) {
    if (asid == PT_ASID_SHARED) {
        return;
    }
    if (cpus != 0) {
        arch_tlb_flush(cpus, asid, 0, 0);
    }
    __atomic_fetch_and(&used[asid / WORD_BITS], ~((uint64_t)1 << (asid % WORD_BITS)), __ATOMIC_RELEASE);
}

#else /* no tags: every switch forgets */

uint32_t asid_allocate(void) {
    return 1;
}

void asid_release(uint32_t asid, uint64_t cpus) {
    (void)asid, (void)cpus;
}

#endif
