/* SPDX-License-Identifier: MIT */
/*
 * Benchmarks on the build machine: `make bench ARCH=host`. Run plainly it prints nanoseconds per operation, beside
 * those of a naive map of pages (a balanced tree), measured in turns in the same run. Run under callgrind with the
 * argument `count` it has callgrind write a dump per benchmark, whose total is the instructions of COUNT operations.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <valgrind/callgrind.h>

#include "base/tree.h"
#include "smmuv3/test/rig.h"

#define COUNT  (1u << 16) /* operations, counted */
#define TIMED  (1u << 21) /* operations, timed, per turn */
#define TURNS  5u
#define PAGES  (1u << 16)
#define BASE   0x4000000000ul

static struct rig rig;
static struct rig_space space;
static struct smmu_tables stage2;
static uint32_t order[PAGES];
static bool counting;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* A fixed permutation of the working set: neither sequential nor repeating soon. */
static void shuffle(uint32_t pages) {
    uint64_t state = 1;
    for (uint32_t i = 0; i < pages; i++) {
        order[i] = i;
    }
    for (uint32_t i = pages; i > 1; i--) {
        state = state * 6364136223846793005ul + 1442695040888963407ul;
        uint32_t j = (uint32_t)(state >> 33) % i, swapped = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swapped;
    }
}

/* --- What is measured. `pages` and `streams` are powers of two. */

static __attribute__((noinline)) uint64_t translate_pages(uint32_t pages, uint32_t streams, uint32_t count) {
    struct smmu_transaction transaction = {.attributes = {0xff, 3}};
    struct smmu_result result;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        transaction.stream = streams == 1 ? 0 : (i * 2654435761u >> 8) % streams;
        transaction.address = BASE + ((uint64_t)order[i & (pages - 1)] << 12);
        if (smmu_translate(&rig.port, &transaction, &result) != SMMU_OK) {
            abort();
        }
        sum += result.address;
    }
    return sum;
}

/* The loop around it alone, to be subtracted. */
static __attribute__((noinline)) uint64_t loop_pages(uint32_t pages, uint32_t streams, uint32_t count) {
    struct smmu_transaction transaction = {.attributes = {0xff, 3}};
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        transaction.stream = streams == 1 ? 0 : (i * 2654435761u >> 8) % streams;
        transaction.address = BASE + ((uint64_t)order[i & (pages - 1)] << 12);
        __asm__ volatile("" : : "r"(&transaction) : "memory");
        sum += transaction.address;
    }
    return sum;
}

struct naive_page {
    struct tree_node node;
    uint64_t output;
};
static struct tree naive;
static struct naive_page naive_pages[PAGES];

static __attribute__((noinline)) uint64_t look_up_naively(uint32_t pages, uint32_t count) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t page = (BASE >> 12) + order[i & (pages - 1)];
        struct tree_node *node = tree_find_at_most(&naive, page);
        sum += ((struct naive_page *)(void *)node)->output;
    }
    return sum;
}

static __attribute__((noinline)) void run_commands(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        rig_command(&rig, CMD_TLBI_NH_VA | 1ul << 48, (BASE + ((uint64_t)order[i & 511] << 12)) | 1);
    }
}

/* --- Set-up */

/* RAM and nothing else: a bus as lean as a real user's would be. */
static uint64_t read_ram(void *context, uint32_t in, uint64_t address, bool *aborted) {
    const struct rig *system = context;
    (void)in;
    if (address >= RIG_RAM_BYTES) {
        *aborted = true;
        return 0;
    }
    return *(const uint64_t *)(const void *)(system->ram + address);
}

static void make_system(uint32_t streams, uint32_t stream_bits, bool nested) {
    rig_prepare(&rig);
    rig.config.features &= ~(uint32_t)SMMU_FEATURE_SECURE;
    rig.config.tlb_entries = 4 * PAGES;
    rig.config.configuration_entries = 1u << (stream_bits < 4 ? 4 : stream_bits + 1);
    rig.port_streams = 1u << stream_bits;
    rig.port_pages = PAGES;
    rig_init(&rig);
    rig_start(&rig);
    uint64_t table = rig_alloc(&rig, (uint64_t)SMMU_STE_BYTES << stream_bits);
    rig_write(&rig, SMMU_CR0, SMMU_CR0_QUEUES);
    rig_write64(&rig, SMMU_STRTAB_BASE, table);
    rig_write(&rig, SMMU_STRTAB_BASE_CFG, stream_bits);
    rig_write(&rig, SMMU_CR0, SMMU_CR0_SMMUEN | SMMU_CR0_QUEUES);
    rig.stream_table = table;
    rig_stage1(&rig, &space, 12, 48);
    if (nested) {
        rig_stage2(&rig, &stage2, 12, 48);
        space.stream.config = STE_CONFIG_NESTED;
        space.stream.stage2 = &stage2;
        space.stream.output_bits = 48;
        for (uint64_t page = 0; page < rig.ram_bytes; page += 4096) {
            smmu_tables_map(&stage2, page, page, 3, RIG_PAGE2);
        }
    }
    for (uint32_t stream = 0; stream < streams; stream++) {
        rig_install(&rig, stream, &space);
    }
}

static void map_pages(uint32_t pages) {
    for (uint32_t i = 0; i < pages; i++) {
        smmu_tables_map(&space.tables, BASE + ((uint64_t)i << 12), (uint64_t)(i & 1023) << 12, 3, RIG_PAGE);
    }
    shuffle(pages);
}

/* --- Reporting */

static void count_operations(const char *name, uint64_t (*operation)(uint32_t, uint32_t, uint32_t), uint32_t pages,
                             uint32_t streams) {
    CALLGRIND_ZERO_STATS;
    operation(pages, streams, COUNT);
    CALLGRIND_DUMP_STATS_AT(name);
}

static double best_of(uint64_t (*operation)(uint32_t, uint32_t, uint32_t), uint32_t pages, uint32_t streams) {
    uint64_t start = now();
    operation(pages, streams, TIMED);
    return (double)(now() - start) / TIMED;
}

static uint64_t naive_operation(uint32_t pages, uint32_t streams, uint32_t count) {
    (void)streams;
    return look_up_naively(pages, count);
}

static double smaller(double a, double b) {
    return a < b ? a : b;
}

/* Turns alternate, so that what disturbs the machine disturbs both; the best turn of each counts. */
static void measure_hits(const char *name, uint32_t pages, uint32_t streams) {
    for (uint32_t stream = 0; stream < streams; stream++) { /* warm: each stream's configuration, each page */
        struct smmu_result result;
        rig_access(&rig, stream, BASE, 0, &result);
    }
    translate_pages(pages, 1, pages);
    if (counting) {
        char loop[64];
        snprintf(loop, sizeof(loop), "%s.loop", name);
        count_operations(loop, loop_pages, pages, streams);
        count_operations(name, translate_pages, pages, streams);
        return;
    }
    double ours = 1e9, map = 1e9, loop = 1e9;
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        ours = smaller(ours, best_of(translate_pages, pages, streams));
        map = smaller(map, best_of(naive_operation, pages, streams));
        loop = smaller(loop, best_of(loop_pages, pages, streams));
    }
    printf("%s %.1f %.1f\n", name, ours - loop, map - loop);
}

static uint64_t walk_operation(uint32_t pages, uint32_t streams, uint32_t count) {
    return translate_pages(pages, streams, count);
}

/* Every page of the working set misses: it is larger than the TLB, whose replacement is first in, first out. */
static void measure_walks(const char *name) {
    translate_pages(PAGES, 1, PAGES);
    if (counting) {
        char loop[64];
        snprintf(loop, sizeof(loop), "%s.loop", name);
        count_operations(loop, loop_pages, PAGES, 1);
        count_operations(name, walk_operation, PAGES, 1);
        return;
    }
    double ours = 1e9;
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        ours = smaller(ours, best_of(walk_operation, PAGES, 1));
    }
    printf("%s %.1f -\n", name, ours);
}

static void bench_hits(void) {
    static const struct {
        const char *name;
        uint32_t pages;
    } sets[] = {{"smmu_hit_1", 1}, {"smmu_hit_64", 64}, {"smmu_hit_512", 512}, {"smmu_hit_64k", PAGES}};
    make_system(1, 0, false);
    map_pages(PAGES);
    for (uint32_t i = 0; i < PAGES; i++) {
        naive_pages[i].output = (uint64_t)i << 12;
    }
    for (unsigned i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        naive.root = NULL;
        memset(naive_pages, 0, sizeof(naive_pages));
        for (uint32_t page = 0; page < sets[i].pages; page++) {
            tree_insert(&naive, &naive_pages[page].node, (BASE >> 12) + page);
        }
        shuffle(sets[i].pages);
        measure_hits(sets[i].name, sets[i].pages, 1);
    }
    rig_free(&rig);
}

static void bench_streams(void) {
    static const struct {
        const char *name;
        uint32_t streams, bits;
    } counts[] = {{"smmu_hit_100_streams", 100, 7}, {"smmu_hit_10000_streams", 10000, 14}};
    for (unsigned i = 0; i < 2; i++) {
        make_system(counts[i].streams, counts[i].bits, false);
        map_pages(512);
        measure_hits(counts[i].name, 512, counts[i].streams);
        if (!counting) {
            struct smmu_config without = rig.config;
            without.configuration_entries = 4;
            printf("# memory per stream of %u: %.0f bytes of state, and its entries in memory\n", counts[i].streams,
                   (double)(smmu_size(&rig.config) - smmu_size(&without)) / counts[i].streams);
        }
        rig_free(&rig);
    }
}

/* The same system with the smallest TLB. */
static void bench_walks(const char *name, bool nested) {
    make_system(1, 0, nested);
    map_pages(PAGES);
    void *state = rig.state;
    struct smmu_config config = rig.config;
    config.tlb_entries = 64;
    rig.state = aligned_alloc(64, (smmu_size(&config) + 63) & ~63ul);
    uint64_t table = rig.stream_table;
    rig.bus.read64 = read_ram;
    rig.smmu = smmu_init(rig.state, &config, &rig.bus);
    free(rig.port_state);
    rig.port_pages = 16;
    rig_add_port(&rig);
    rig_write64(&rig, SMMU_STRTAB_BASE, table);
    rig_write(&rig, SMMU_CR0, SMMU_CR0_SMMUEN);
    free(state);
    measure_walks(name);
    rig_free(&rig);
}

static void bench_commands(void) {
    make_system(1, 0, false);
    map_pages(512);
    if (counting) {
        CALLGRIND_ZERO_STATS;
        run_commands(COUNT);
        CALLGRIND_DUMP_STATS_AT("smmu_command");
    } else {
        uint64_t start = now();
        run_commands(TIMED);
        double each = (double)(now() - start) / TIMED;
        printf("smmu_command %.1f -\n# %.0f commands per second\n", each, 1e9 / each);
    }
    rig_free(&rig);
}

int main(int count, char **arguments) {
    counting = count > 1 && strcmp(arguments[1], "count") == 0;
    bench_hits();
    bench_streams();
    bench_walks("smmu_walk", false);
    bench_walks("smmu_walk_nested", true);
    bench_commands();
    return 0;
}
