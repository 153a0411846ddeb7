/* SPDX-License-Identifier: MIT */
/*
 * Tells which instructions of the kernel were executed, on any number of CPUs, without instrumenting the kernel.
 *
 *   -plugin coverage.so,out=FILE,low=ADDRESS,high=ADDRESS
 *
 * low, high: the kernel's code. FILE gets one line per instruction: its address. Every block of code counts its own
 * executions, inline and without atomics: a lost count among many does no harm, only whether there are any is asked.
 */
#include "qemu.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int qemu_plugin_version = 1;

/* One translation. All of it was executed if it was entered; a block that a fault leaves counts whole. */
struct block {
    struct block *next;
    uint64_t entered;
    size_t count;
    uint32_t offset[]; /* of its instructions from `low` */
};

static FILE *output;
static uint64_t low;
static uint64_t high;
static struct block *blocks; /* block_lock */
static pthread_mutex_t block_lock = PTHREAD_MUTEX_INITIALIZER;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    (void)id;
    size_t count = qemu_plugin_tb_n_insns(tb);
    uint64_t first = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
    if (first < low || first >= high) {
        return;
    }
    struct block *block = calloc(1, sizeof(*block) + count * sizeof(block->offset[0]));
    if (block == NULL) {
        return;
    }
    block->count = count;
    for (size_t i = 0; i < count; i++) {
        block->offset[i] = (uint32_t)(qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, i)) - low);
    }
    pthread_mutex_lock(&block_lock);
    block->next = blocks;
    blocks = block;
    pthread_mutex_unlock(&block_lock);
    qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_ADD_U64, &block->entered, 1);
}

static void machine_ended(qemu_plugin_id_t id, void *data) {
    (void)id;
    (void)data;
    uint8_t *executed = calloc(1, high - low);
    for (const struct block *block = blocks; block != NULL && executed != NULL; block = block->next) {
        for (size_t i = 0; block->entered != 0 && i < block->count; i++) {
            if (block->offset[i] < high - low) {
                executed[block->offset[i]] = 1;
            }
        }
    }
    for (uint64_t i = 0; executed != NULL && i < high - low; i++) {
        if (executed[i] != 0) {
            fprintf(output, "%" PRIx64 "\n", low + i);
        }
    }
    fclose(output);
}

static bool read_option(const char *option) {
    if (strncmp(option, "out=", 4) == 0) {
        output = fopen(option + 4, "w");
    } else if (strncmp(option, "low=", 4) == 0) {
        low = strtoull(option + 4, NULL, 0);
    } else if (strncmp(option, "high=", 5) == 0) {
        high = strtoull(option + 5, NULL, 0);
    } else {
        fprintf(stderr, "coverage: unknown option %s\n", option);
        return false;
    }
    return true;
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!read_option(argv[i])) {
            return 1;
        }
    }
    if (output == NULL || low >= high || high - low > UINT32_MAX) {
        fprintf(stderr, "coverage: out, low and high must be given\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, machine_ended, NULL);
    return 0;
}
