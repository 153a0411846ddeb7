/* SPDX-License-Identifier: MIT */
/*
 * The library's side of the differential test (scripts/smmu_differential.py): lines on standard input, an answer each.
 *   reg OFFSET VALUE SIZE   writes a register
 *   get OFFSET              reads one
 *   mem ADDRESS VALUE       writes eight bytes of RAM, which begins at RAM_BASE
 *   look ADDRESS            reads them
 *   dma STREAM ADDRESS WRITE
 *                           a transaction: "ok ADDRESS" or "fault"
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smmuv3/smmuv3.h"

#define RAM_BASE  0x40000000ul
#define RAM_BYTES (16ul << 20)

static uint8_t ram[RAM_BYTES];

static uint8_t *find(uint64_t address, uint32_t size) {
    return address >= RAM_BASE && address - RAM_BASE <= RAM_BYTES - size ? ram + (address - RAM_BASE) : NULL;
}

static bool read_bytes(void *context, uint32_t space, uint64_t address, void *buffer, uint32_t size) {
    const uint8_t *from = find(address, size);
    (void)context, (void)space;
    if (from != NULL) {
        memcpy(buffer, from, size);
    }
    return from != NULL;
}

static uint64_t read64(void *context, uint32_t space, uint64_t address, bool *aborted) {
    uint64_t value = 0;
    if (!read_bytes(context, space, address, &value, sizeof(value))) {
        *aborted = true;
    }
    return value;
}

static bool write_bytes(void *context, uint32_t space, uint64_t address, const void *buffer, uint32_t size) {
    uint8_t *to = find(address, size);
    (void)context, (void)space;
    if (to != NULL) {
        memcpy(to, buffer, size);
    }
    return to != NULL;
}

static bool never(void *context, uint32_t space, uint64_t address, uint64_t *expected, uint64_t desired) {
    (void)context, (void)space, (void)address, (void)expected, (void)desired;
    return false;
}

static void present(struct smmu_port *port, uint64_t stream, uint64_t address, uint64_t write) {
    const struct smmu_transaction transaction = {
        .stream = (uint32_t)stream, .address = address, .flags = write != 0 ? SMMU_WRITE : 0};
    struct smmu_result result;
    if (smmu_translate(port, &transaction, &result) == SMMU_OK) {
        printf("ok %lx\n", (unsigned long)result.address);
    } else {
        printf("fault\n");
    }
}

static void obey(struct smmu *smmu, struct smmu_port *port, const char *word, const uint64_t *numbers) {
    uint64_t value = 0;
    if (strcmp(word, "reg") == 0) {
        smmu_write(smmu, SMMU_SPACE_NON_SECURE, (uint32_t)numbers[0], numbers[1], (uint32_t)numbers[2]);
        printf("done\n");
    } else if (strcmp(word, "get") == 0) {
        printf("%lx\n", (unsigned long)smmu_read(smmu, SMMU_SPACE_NON_SECURE, (uint32_t)numbers[0], 4));
    } else if (strcmp(word, "mem") == 0) {
        printf("%d\n", write_bytes(NULL, 0, numbers[0], &numbers[1], sizeof(value)));
    } else if (strcmp(word, "look") == 0) {
        read_bytes(NULL, 0, numbers[0], &value, sizeof(value));
        printf("%lx\n", (unsigned long)value);
    } else {
        present(port, numbers[0], numbers[1], numbers[2]);
    }
    fflush(stdout);
}

int main(void) {
    const struct smmu_bus bus = {
        .read64 = read64, .read = read_bytes, .write = write_bytes, .compare_exchange = never};
    struct smmu_config config;
    struct smmu_port port;
    char line[256], word[16];
    smmu_config_default(&config);
    config.output_bits = 44; /* as QEMU's */
    config.stall_model = SMMU_TERMINATE_ONLY;
    struct smmu *smmu = smmu_init(aligned_alloc(64, smmu_size(&config)), &config, &bus);
    if (smmu == NULL || !smmu_port_init(&port, smmu, malloc(smmu_port_size(16, 64)), 16, 64)) {
        return 1;
    }
    while (fgets(line, sizeof(line), stdin) != NULL) {
        uint64_t numbers[3] = {0};
        if (sscanf(line, "%15s %lx %lx %lx", word, &numbers[0], &numbers[1], &numbers[2]) >= 1) {
            obey(smmu, &port, word, numbers);
        }
    }
    return 0;
}
