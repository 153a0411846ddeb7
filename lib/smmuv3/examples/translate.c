/* SPDX-License-Identifier: MIT */
/*
 * The library in one page: an SMMU over 16 MiB of memory, one stream with one mapped page, a device that reads through
 * it. The memory is an array here; in an emulator it is the machine's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smmuv3/build.h"
#include "smmuv3/smmuv3.h"

#define RAM_BYTES (16ul << 20)

static uint8_t ram[RAM_BYTES];
static uint64_t next_free = 0x10000;

static bool is_ram(uint64_t address, uint32_t size) {
    return address <= RAM_BYTES - size;
}

static uint64_t read64(void *context, uint32_t space, uint64_t address, bool *aborted) {
    uint64_t value = 0;
    (void)context, (void)space;
    if (is_ram(address, 8)) {
        memcpy(&value, ram + address, 8);
    } else {
        *aborted = true;
    }
    return value;
}

static bool read_bytes(void *context, uint32_t space, uint64_t address, void *buffer, uint32_t size) {
    (void)context, (void)space;
    if (is_ram(address, size)) {
        memcpy(buffer, ram + address, size);
    }
    return is_ram(address, size);
}

static bool write_bytes(void *context, uint32_t space, uint64_t address, const void *buffer, uint32_t size) {
    (void)context, (void)space;
    if (is_ram(address, size)) {
        memcpy(ram + address, buffer, size);
    }
    return is_ram(address, size);
}

static bool compare_exchange(void *context, uint32_t space, uint64_t address, uint64_t *expected, uint64_t desired) {
    (void)context, (void)space;
    if (!is_ram(address, 8)) {
        return false;
    }
    __atomic_compare_exchange_n((uint64_t *)(void *)(ram + address), expected, desired, false, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
    return true;
}

static uint64_t allocate(void *context, uint64_t bytes) {
    (void)context;
    uint64_t size = bytes < 4096 ? 4096 : bytes, address = (next_free + size - 1) & ~(size - 1);
    next_free = address + size;
    return address;
}

static void must(bool good, const char *what) {
    if (!good) {
        printf("failed: %s\n", what);
        exit(1);
    }
}

int main(void) {
    const struct smmu_bus bus = {
        .read64 = read64, .read = read_bytes, .write = write_bytes, .compare_exchange = compare_exchange};
    const struct smmu_table_memory memory = {NULL, allocate, read64, write_bytes};
    struct smmu_config config;
    smmu_config_default(&config);
    struct smmu *smmu = smmu_init(aligned_alloc(64, smmu_size(&config)), &config, &bus);
    struct smmu_port port;
    must(smmu != NULL && smmu_port_init(&port, smmu, malloc(smmu_port_size(16, 64)), 16, 64), "the SMMU");

    /* Translation tables, a context descriptor, a stream table entry. */
    struct smmu_tables tables;
    uint64_t context = allocate(NULL, 64), streams = allocate(NULL, 64 * 16), words[8];
    must(smmu_tables_init(&tables, &memory, 12, 39, false), "tables");
    must(smmu_tables_map(&tables, 0x40000000, 0x00800000, 3, TTD_AF | TTD_AP_USER | TTD_NOT_GLOBAL), "a page");
    smmu_build_context(&(struct smmu_context_spec){.lower = &tables, .asid = 1, .output_bits = 48, .mair = 0xff}, words);
    write_bytes(NULL, 0, context, words, 64);
    smmu_build_stream(&(struct smmu_stream_spec){.config = STE_CONFIG_S1, .contexts = context}, words);
    write_bytes(NULL, 0, streams + 5 * 64, words, 64);

    /* What a driver does with the registers. */
    smmu_write(smmu, SMMU_SPACE_NON_SECURE, SMMU_STRTAB_BASE, streams, 8);
    smmu_write(smmu, SMMU_SPACE_NON_SECURE, SMMU_STRTAB_BASE_CFG, 4, 4);
    smmu_write(smmu, SMMU_SPACE_NON_SECURE, SMMU_CR0, SMMU_CR0_SMMUEN, 4);

    /* A device reads. */
    struct smmu_transaction transaction = {.stream = 5, .address = 0x40000123};
    struct smmu_result result;
    must(smmu_translate(&port, &transaction, &result) == SMMU_OK && result.address == 0x00800123, "the translation");
    printf("stream 5: 0x40000123 is at %#lx\n", (unsigned long)result.address);
    transaction.address = 0x50000000;
    must(smmu_translate(&port, &transaction, &result) == SMMU_ABORT && result.event == F_TRANSLATION, "the fault");
    printf("stream 5: 0x50000000 is a translation fault\n");
    free(smmu);
    free(port.streams);
    return 0;
}
