/* SPDX-License-Identifier: MIT */
/*
 * Threads that translate while another one changes tables and invalidates; built under TSan too. What is checked is the
 * promise of CMD_SYNC: once it is consumed, no bracket gets the old translation.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "smmuv3/test/suite.h"

#define TRANSLATORS 3u
#define ROUNDS      50u
#define NOTHING     0xffffffffu

static struct rig rig;
static struct rig_space space;
static uint64_t forbidden; /* atomic: generation, and the page number that must not be seen */
static uint32_t stop;      /* atomic */
static uint64_t leaves[8]; /* where the descriptors of the pages are */

static void yield(void *context) {
    (void)context;
    sched_yield();
}

struct translator {
    pthread_t thread;
    struct smmu_port port;
    void *memory;
    uint64_t translations; /* atomic */
    uint64_t wrong, checked;
};
static struct translator translators[TRANSLATORS];

static void *translate(void *argument) {
    struct translator *self = argument;
    struct smmu_transaction transaction = {.stream = 1, .attributes = {0xff, 3}};
    struct smmu_result result;
    uint64_t i = 0;
    while (__atomic_load_n(&stop, __ATOMIC_RELAXED) == 0) {
        transaction.address = VA + (i++ & 7) * 0x1000;
        smmu_port_begin(&self->port);
        uint64_t before = __atomic_load_n(&forbidden, __ATOMIC_SEQ_CST);
        enum smmu_outcome outcome = smmu_translate(&self->port, &transaction, &result);
        uint64_t after = __atomic_load_n(&forbidden, __ATOMIC_SEQ_CST);
        if (before == after && (uint32_t)before != NOTHING) {
            self->checked++;
            self->wrong += outcome != SMMU_OK || result.address >> 12 == (uint32_t)before;
        }
        smmu_port_end(&self->port);
        __atomic_store_n(&self->translations, self->translations + 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void forbid(uint64_t page) {
    uint64_t generation = (forbidden >> 32) + 1;
    __atomic_store_n(&forbidden, generation << 32 | page, __ATOMIC_SEQ_CST);
}

static void command(uint64_t word0, uint64_t word1) {
    rig_command(&rig, word0, word1);
    while (rig_read(&rig, SMMU_CMDQ_CONS) != rig.command_prod) {
        sched_yield();
    }
}

static void map_all(uint64_t output) {
    for (uint64_t i = 0; i < 8; i++) {
        rig_store(&rig, leaves[i], output | RIG_PAGE | 3);
    }
}

/* Until every translator has been around with what is forbidden now. */
static void wait_for_translators(void) {
    for (unsigned i = 0; i < TRANSLATORS; i++) {
        uint64_t start = __atomic_load_n(&translators[i].translations, __ATOMIC_ACQUIRE);
        while (__atomic_load_n(&translators[i].translations, __ATOMIC_ACQUIRE) < start + 10) {
            sched_yield();
        }
    }
}

static void invalidate(void) {
    static const uint64_t outputs[2] = {0x00111000, 0x00222000};
    for (unsigned round = 0; round < ROUNDS; round++) {
        forbid(NOTHING);
        map_all(outputs[round & 1]);
        if (round % 16 == 0) {
            command(CMD_CFGI_STE | 1ul << 32, 0);
        }
        if (round % 3 == 0) {
            command(CMD_TLBI_NH_ASID | 1ul << 48, 0);
        } else {
            for (uint64_t i = 0; i < 8; i++) {
                command(CMD_TLBI_NH_VA | 1ul << 48, (VA + i * 0x1000) | 1);
            }
        }
        command(CMD_SYNC, 0);
        forbid(outputs[(round & 1) ^ 1] >> 12);
        wait_for_translators();
    }
}

static void test_threads(void **state) {
    (void)state;
    rig_prepare(&rig);
    rig_init(&rig);
    rig.bus.pause = yield;
    free(rig.state);
    rig.state = aligned_alloc(64, smmu_size(&rig.config));
    rig.smmu = smmu_init(rig.state, &rig.config, &rig.bus);
    rig_start(&rig);
    rig_stage1(&rig, &space, 12, 48);
    for (uint64_t i = 0; i < 8; i++) {
        assert_true(smmu_tables_map(&space.tables, VA + i * 0x1000, 0x00111000, 3, RIG_PAGE));
        leaves[i] = smmu_tables_find(&space.tables, VA + i * 0x1000, 3);
    }
    rig_install(&rig, 1, &space);
    forbid(NOTHING);
    for (unsigned i = 0; i < TRANSLATORS; i++) {
        translators[i].memory = malloc(smmu_port_size(4, 16));
        assert_true(smmu_port_init(&translators[i].port, rig.smmu, translators[i].memory, 4, 16));
        assert_int_equal(pthread_create(&translators[i].thread, NULL, translate, &translators[i]), 0);
    }
    invalidate();
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    uint64_t checked = 0;
    for (unsigned i = 0; i < TRANSLATORS; i++) {
        pthread_join(translators[i].thread, NULL);
        assert_int_equal(translators[i].wrong, 0);
        assert_true(translators[i].translations > 0);
        checked += translators[i].checked;
        free(translators[i].memory);
    }
    assert_true(checked > ROUNDS);
    rig_free(&rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
