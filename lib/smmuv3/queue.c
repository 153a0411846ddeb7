/* SPDX-License-Identifier: MIT */
/*
 * Circular queues in memory (3.5.1), and accesses to memory. An index has a wrap bit above its highest bit: equal
 * indexes mean empty if the wrap bits are equal too, and full if they differ. Whatever software writes to an index, it
 * is masked to the queue's size when it is used.
 */
#include "smmuv3/internal.h"

#define QUEUE_SIZE_MASK    0x1ful
#define QUEUE_ADDRESS_MASK 0x00ffffffffffffe0ul

bool memory_read(struct smmu *smmu, enum security security, uint64_t address, void *buffer, uint32_t size) {
    return smmu->bus.read(smmu->bus.context, security, address, buffer, size);
}

bool memory_write(struct smmu *smmu, enum security security, uint64_t address, const void *buffer, uint32_t size) {
    return smmu->bus.write(smmu->bus.context, security, address, buffer, size);
}

/* The size counts at most as the ID registers say, whatever is in the register. */
unsigned queue_bits(const struct queue *queue, unsigned max) {
    unsigned bits = (unsigned)(queue->base & QUEUE_SIZE_MASK);
    return bits < max ? bits : max;
}

/* The base is aligned to the size of the queue, or to 32 bytes if that is more. */
uint64_t queue_entry(const struct smmu *smmu, const struct queue *queue, unsigned bits, uint32_t index, uint32_t size) {
    uint64_t bytes = (uint64_t)size << bits;
    uint64_t base = queue->base & QUEUE_ADDRESS_MASK & smmu->output_mask & ~(bytes - 1);
    return base + (index & low_mask32(bits)) * (uint64_t)size;
}

bool queue_is_empty(const struct queue *queue, unsigned bits) {
    return ((queue->prod ^ queue->cons) & low_mask32(bits + 1)) == 0;
}

bool queue_is_full(const struct queue *queue, unsigned bits) {
    return ((queue->prod ^ queue->cons) & low_mask32(bits + 1)) == 1u << bits;
}

uint32_t queue_next(uint32_t index, unsigned bits) {
    return (index & ~low_mask32(bits + 1)) | ((index + 1) & low_mask32(bits + 1));
}
