/* SPDX-License-Identifier: MIT */
/*
 * Random operations on a page table of each format, against a model of what is mapped and the reference walker. Ranges
 * start and end at few places, so that they often meet. A small TLB caches what the reference saw and is emptied by
 * the walker's flushes only: it must never permit what the table no longer does.
 */
#include "kernel/percpu.h"
#include "model.h"
#include "support.h"

#define ASID     7u
#define TLB_SIZE 16u

struct translation {
    uint64_t va, pa;
    bool valid, write, execute;
};

struct fuzz {
    const struct format_case *c;
    struct pagetable pt;
    struct model model;
    struct random random;
    struct translation tlb[TLB_SIZE];
    uint64_t done[2]; /* operations refused, done */
};

static struct fuzz *fuzz; /* of the running test, for the flush hook */

static void flush_tlb(uint64_t cpus, uint32_t asid, uint64_t va, size_t pages) {
    assert_true((cpus & ~fuzz->pt.cpus & ~1ul) == 0);
    assert_int_equal(asid, ASID);
    for (unsigned i = 0; i < TLB_SIZE; i++) {
        if (pages == 0 || fuzz->tlb[i].va - va < pages * TS_PAGE_SIZE) {
            fuzz->tlb[i].valid = false;
        }
    }
}

static uint64_t below(uint64_t limit) {
    return random_below(&fuzz->random, limit);
}

/* One of few page addresses: near the edges of large pages. */
static uint64_t random_va(void) {
    static const uint16_t place[] = {0, 1, 2, 255, 510, 511};
    uint64_t gib = below(3);
    uint64_t mib = place[below(6)];
    uint64_t page = place[below(6)];
    return fuzz->c->base[below(2)] + (gib << 30) + (mib << 21) + (page << 12);
}

static uint64_t random_size(void) {
    uint64_t n = below(10);
    return n < 6 ? PT_SIZE_4K : n < 9 ? PT_SIZE_2M : PT_SIZE_1G;
}

static uint64_t random_pa(uint64_t align) {
    return below(1ul << (fuzz->c->physical_bits - 1)) & ~(align - 1);
}

static uint32_t random_flags(void) {
    static const uint32_t access[] = {PT_READ, PT_READ | PT_WRITE, PT_READ | PT_EXECUTE, 0};
    uint64_t n = below(16);
    return access[n == 15 ? 3 : n % 3] | (below(2) != 0 ? PT_USER : 0) | (below(4) == 0 ? PT_GLOBAL : 0) |
           (below(4) == 0 ? (uint32_t)below(5) << PT_TYPE_SHIFT : 0);
}

/* The flags that a new leaf has. */
static uint32_t made(uint32_t flags) {
    const struct format_case *c = fuzz->c;
    bool guest = c->format->forced_flags != 0;
    uint32_t keep = PT_READ | PT_WRITE | PT_EXECUTE | PT_ACCESSED | PT_DIRTY | (guest ? 0 : PT_USER | PT_GLOBAL) |
                    (c->types ? PT_TYPE_MASK : 0);
    if (!pagetable_soft_ad) {
        flags |= PT_ACCESSED | ((flags & PT_WRITE) != 0 ? PT_DIRTY : 0);
    }
    return flags & keep;
}

/* A range that starts and ends at places of random_va(), not longer than `limit`, not across the two stretches. */
static uint64_t random_length(uint64_t va, uint64_t limit) {
    uint64_t end = random_va();
    uint64_t length = end - va;
    return end > va && length <= limit && length <= 3ul << 30 ? length : PT_SIZE_4K;
}

static void settle(struct pt_flush *flush) {
    pagetable_flush(&fuzz->pt, flush);
}

static ts_status_t do_map(void) {
    uint64_t size = random_size();
    uint64_t va = random_va() & ~(size - 1);
    uint64_t pa = random_pa(size);
    uint32_t flags = random_flags();
    ts_status_t status = pagetable_map(&fuzz->pt, va, pa, size, flags);
    bool there = model_overlaps(&fuzz->model, va, size);
    assert_int_equal(status, there ? TS_ERR_ALREADY_EXISTS : TS_OK);
    if (!there) {
        model_insert(&fuzz->model, va, size, pa, made(flags));
    }
    return status;
}

static ts_status_t do_map_range(void) {
    uint64_t va = random_va();
    bool large = below(4) == 0;
    uint64_t length = random_length(va, large ? 3ul << 30 : 3ul << 20);
    /* Many small leaves take long: long ranges get addresses that allow large ones. */
    uint64_t pa = random_pa(PT_SIZE_1G) + (large || below(2) != 0 ? va & (PT_SIZE_1G - 1) : random_pa(PT_SIZE_4K) % PT_SIZE_1G);
    uint32_t flags = random_flags();
    ts_status_t status = pagetable_map_range(&fuzz->pt, va, pa, length, flags);
    bool there = model_overlaps(&fuzz->model, va, length);
    assert_int_equal(status, there ? TS_ERR_ALREADY_EXISTS : TS_OK);
    if (!there) {
        model_insert(&fuzz->model, va, length, pa, made(flags));
    }
    return status;
}

static ts_status_t do_unmap(struct pt_flush *flush) {
    uint64_t va = random_va();
    struct pt_mapping mapping = {.size = random_size()};
    bool there = pagetable_query(&fuzz->pt, va, &mapping) == TS_OK;
    uint64_t size = below(4) == 0 ? random_size() : mapping.size;
    va &= ~(size - 1);
    ts_status_t status = pagetable_unmap(&fuzz->pt, va, size, flush);
    assert_int_equal(status, there && size == mapping.size ? TS_OK : TS_ERR_NOT_FOUND);
    if (status == TS_OK) {
        model_remove(&fuzz->model, va, size);
    }
    return status;
}

static ts_status_t do_unmap_range(struct pt_flush *flush) {
    uint64_t va = random_va();
    uint64_t length = random_length(va, below(8) == 0 ? 3ul << 30 : 4ul << 20);
    assert_int_equal(pagetable_unmap_range(&fuzz->pt, va, length, flush), TS_OK);
    model_remove(&fuzz->model, va, length);
    return TS_OK;
}

static ts_status_t do_protect(struct pt_flush *flush) {
    uint64_t va = random_va();
    uint64_t length = random_length(va, 3ul << 30);
    uint32_t flags = random_flags();
    assert_int_equal(pagetable_protect(&fuzz->pt, va, length, flags, flush), TS_OK);
    model_change(&fuzz->model, va, length, ~(uint32_t)PT_PERMISSIONS, made(flags) & ~(PT_GLOBAL | PT_TYPE_MASK));
    return TS_OK;
}

static ts_status_t do_split(struct pt_flush *flush) {
    uint64_t va = random_va() + below(TS_PAGE_SIZE);
    struct pt_mapping mapping;
    bool large = pagetable_query(&fuzz->pt, va, &mapping) == TS_OK && mapping.size > PT_SIZE_4K;
    ts_status_t status = pagetable_split_large_page(&fuzz->pt, va, flush);
    assert_int_equal(status, large ? TS_OK : TS_ERR_BAD_STATE);
    return status;
}

/* A promotion may be refused because of the table's shape, which the model does not know; it may not be wrong. */
static ts_status_t do_promote(struct pt_flush *flush) {
    uint64_t size = below(2) == 0 ? PT_SIZE_2M : PT_SIZE_1G;
    uint64_t va = random_va();
    ts_status_t status = pagetable_promote(&fuzz->pt, va, size, flush);
    va &= ~(size - 1);
    if (status == TS_OK) {
        uint32_t bits = model_flags(&fuzz->model, va, size) & (PT_ACCESSED | PT_DIRTY);
        if (!pagetable_soft_ad) {
            bits |= PT_ACCESSED;
        }
        model_change(&fuzz->model, va, size, UINT32_MAX, bits);
        const struct extent *e = model_find(&fuzz->model, va);
        assert_true(e != NULL && e->va + e->length >= va + size);
        assert_int_equal((e->pa + (va - e->va)) % size, 0);
        struct pt_mapping mapping;
        assert_int_equal(pagetable_query(&fuzz->pt, va, &mapping), TS_OK);
        assert_int_equal(mapping.size, size);
    } else {
        assert_int_equal(status, TS_ERR_BAD_STATE);
    }
    return status;
}

static ts_status_t do_install_large(struct pt_flush *flush) {
    uint64_t va = random_va() & ~(PT_SIZE_2M - 1);
    uint64_t pa = random_pa(PT_SIZE_2M);
    uint32_t flags = random_flags();
    struct pt_mapping mapping;
    bool larger = pagetable_query(&fuzz->pt, va, &mapping) == TS_OK && mapping.size == PT_SIZE_1G;
    ts_status_t status = pagetable_install_large(&fuzz->pt, va, pa, flags, flush);
    assert_int_equal(status, larger ? TS_ERR_ALREADY_EXISTS : TS_OK);
    if (status == TS_OK) {
        model_remove(&fuzz->model, va, PT_SIZE_2M);
        model_insert(&fuzz->model, va, PT_SIZE_2M, pa, made(flags));
        assert_int_equal(pagetable_query(&fuzz->pt, va, &mapping), TS_OK);
        assert_int_equal(mapping.size, PT_SIZE_2M);
    }
    return status;
}

static ts_status_t do_touch(void) {
    uint64_t va = random_va();
    uint32_t access = below(2) == 0 ? PT_READ : PT_WRITE;
    const struct extent *e = model_find(&fuzz->model, va);
    ts_status_t status = pagetable_touch(&fuzz->pt, va, access);
    if (e == NULL) {
        assert_int_equal(status, TS_ERR_NOT_FOUND);
    } else if ((e->flags & PT_READ) == 0 || (e->flags & access) == 0) {
        assert_int_equal(status, TS_ERR_ACCESS_DENIED);
    } else {
        struct pt_mapping mapping;
        assert_int_equal(status, TS_OK);
        assert_int_equal(pagetable_query(&fuzz->pt, va, &mapping), TS_OK);
        model_change(&fuzz->model, va & ~(mapping.size - 1), mapping.size, UINT32_MAX,
                     PT_ACCESSED | (access == PT_WRITE ? PT_DIRTY : 0));
    }
    return status;
}

/* What must be refused, and change nothing. */
static ts_status_t do_invalid(struct pt_flush *flush) {
    uint64_t va = random_va();
    struct pagetable *pt = &fuzz->pt;
    switch (below(8)) {
    case 0:
        return pagetable_map(pt, va, 0, PT_SIZE_4K, PT_READ | PT_WRITE | PT_EXECUTE);
    case 1:
        return pagetable_map(pt, va + 1 + below(4095), 0, PT_SIZE_4K, PT_READ);
    case 2:
        return pagetable_map_range(pt, va, 1ul << fuzz->c->physical_bits, PT_SIZE_4K, PT_READ);
    case 3:
        return pagetable_map(pt, va, 0, PT_SIZE_4K + below(PT_SIZE_2M - PT_SIZE_4K) + 1, PT_READ);
    case 4:
        return pagetable_protect(pt, va, PT_SIZE_4K, PT_WRITE, flush);
    case 5:
        return pagetable_unmap_range(pt, va, 0, flush);
    case 6:
        return pagetable_unmap_range(pt, va, UINT64_MAX << 12, flush);
    default:
        return pagetable_map_range(pt, va, 0, PT_SIZE_4K, PT_READ | 5 << PT_TYPE_SHIFT);
    }
}

/* One byte, asked of the model, the walker and the reference. */
static void probe(uint64_t va) {
    const struct extent *e = model_find(&fuzz->model, va);
    struct pt_mapping mapping;
    struct reference_result r;
    ts_status_t status = pagetable_query(&fuzz->pt, va, &mapping);
    if (e == NULL) {
        assert_int_equal(status, TS_ERR_NOT_FOUND);
        assert_false(reference_walk(&fuzz->c->reference, fuzz->pt.root, va, &r));
        return;
    }
    uint64_t pa = e->pa + (va - e->va);
    assert_int_equal(status, TS_OK);
    assert_int_equal(mapping.pa, pa);
    assert_int_equal(mapping.flags, e->flags | fuzz->c->format->forced_flags);
    assert_true(support_hardware_agrees(fuzz->c, fuzz->pt.root, va, pa, e->flags));
}

/* The whole table against the whole model. */
struct sweep {
    unsigned next;    /* extent */
    uint64_t covered; /* bytes of it */
};

static bool sweep_leaf(void *context, uint64_t va, const struct pt_mapping *mapping) {
    struct sweep *sweep = context;
    assert_true(sweep->next < fuzz->model.count);
    const struct extent *e = &fuzz->model.extent[sweep->next];
    assert_int_equal(va, e->va + sweep->covered);
    assert_int_equal(mapping->pa, e->pa + sweep->covered);
    assert_int_equal(mapping->flags, e->flags | fuzz->c->format->forced_flags);
    sweep->covered += mapping->size;
    assert_true(sweep->covered <= e->length);
    if (sweep->covered == e->length) {
        sweep->next++;
        sweep->covered = 0;
    }
    return true;
}

static void check_all(void) {
    struct sweep sweep = {0, 0};
    for (unsigned i = 0; i < 2; i++) {
        pagetable_walk(&fuzz->pt, fuzz->c->base[i], fuzz->c->base[i] + (4ul << 30), sweep_leaf, &sweep);
    }
    assert_int_equal(sweep.next, fuzz->model.count);
    assert_int_equal(pagetable_audit(&fuzz->pt, support_report), 0);
}

static void tlb_check(void) {
    for (unsigned i = 0; i < TLB_SIZE; i++) {
        const struct translation *t = &fuzz->tlb[i];
        struct reference_result r;
        if (t->valid) {
            assert_true(reference_walk(&fuzz->c->reference, fuzz->pt.root, t->va, &r));
            assert_int_equal(r.pa, t->pa);
            assert_true((r.write || !t->write) && (r.execute || !t->execute));
        }
    }
    struct translation *t = &fuzz->tlb[below(TLB_SIZE)];
    struct reference_result r;
    t->va = random_va();
    t->valid = reference_walk(&fuzz->c->reference, fuzz->pt.root, t->va, &r);
    t->pa = r.pa;
    t->write = r.write;
    t->execute = r.execute;
}

static void operate(void) {
    struct pt_flush flush;
    pt_flush_init(&flush);
    ts_status_t status;
    switch (below(21)) {
    case 0 ... 4:
        status = do_map();
        break;
    case 5 ... 7:
        status = do_map_range();
        break;
    case 8 ... 10:
        status = do_unmap(&flush);
        break;
    case 11 ... 12:
        status = do_unmap_range(&flush);
        break;
    case 13 ... 15:
        status = do_protect(&flush);
        break;
    case 16:
        status = do_split(&flush);
        break;
    case 17:
        status = do_promote(&flush);
        break;
    case 18:
        status = do_touch();
        break;
    case 19:
        status = do_install_large(&flush);
        break;
    default:
        status = do_invalid(&flush);
        assert_int_equal(status, TS_ERR_INVALID_ARGS);
        break;
    }
    settle(&flush);
    fuzz->done[status == TS_OK ? 1 : 0]++;
}

static void finish(void) {
    struct pt_flush flush;
    pt_flush_init(&flush);
    check_all();
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pagetable_unmap_range(&fuzz->pt, fuzz->c->base[i], (4ul << 30) - TS_PAGE_SIZE, &flush), TS_OK);
        settle(&flush);
    }
    fuzz->model.count = 0;
    check_all();
    unsigned root = fuzz->c->format->root_bits > 9 ? 1u << (fuzz->c->format->root_bits - 9) : 1;
    assert_int_equal(fuzz->pt.table_count, root);
    pagetable_destroy(&fuzz->pt);
    assert_int_equal(frames_audit(support_report), 0);
}

static void run(const struct format_case *c, uint64_t rounds) {
    static struct fuzz state;
    support_machine();
    memset(&state, 0, sizeof(state));
    fuzz = &state;
    fuzz->c = c;
    fuzz->random.state = support_seed(0x7e55e7a) + c->format->id;
    uint64_t frames = support_frames_used();
    assert_int_equal(pagetable_new(&fuzz->pt, c->format, 0), TS_OK);
    fuzz->pt.cpus = 5;
    fuzz->pt.asid = ASID;
    host_tlb_flush_hook = flush_tlb;
    for (uint64_t i = 1; i <= rounds; i++) {
        operate();
        tlb_check();
        probe(random_va() + below(TS_PAGE_SIZE));
        if (i % 8192 == 0) {
            check_all();
        }
    }
    finish();
    host_tlb_flush_hook = NULL;
    assert_int_equal(support_frames_used(), frames);
    printf("# %s: %lu done, %lu refused\n", c->format->name, fuzz->done[1], fuzz->done[0]);
}

static void random_hardware_bits(void **state) {
    run(*state, support_rounds(1000000));
}

static void random_soft_bits(void **state) {
    pagetable_soft_ad = true;
    run(*state, support_rounds(1000000));
    pagetable_soft_ad = false;
}

int main(void) {
    struct CMUnitTest tests[2 * 16];
    static char names[2 * 16][64];
    size_t count = 0;
    for (unsigned i = 0; i < format_case_count; i++) {
        for (unsigned soft = 0; soft < 2; soft++) {
            snprintf(names[count], sizeof(names[0]), "random operations, %s%s", format_cases[i].format->name,
                     soft != 0 ? ", bits by software" : "");
            tests[count] = (struct CMUnitTest){
                .name = names[count],
                .test_func = soft != 0 ? random_soft_bits : random_hardware_bits,
                .initial_state = (void *)(uintptr_t)&format_cases[i],
            };
            count++;
        }
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return _cmocka_run_group_tests("page tables at random", tests, count, NULL, NULL);
}
