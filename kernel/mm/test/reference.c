/* SPDX-License-Identifier: MIT */
/* The reference walker: see reference.h. Bit numbers are the manuals'. */
#include "reference.h"

#include "support.h"

enum outcome { INVALID, TABLE, LEAF };

static uint64_t bits(uint64_t value, unsigned high, unsigned low) {
    return (value >> low) & (UINT64_MAX >> (63 - (high - low)));
}

static bool bit(uint64_t value, unsigned number) {
    return ((value >> number) & 1) != 0;
}

static void must(bool condition, const char *what, uint64_t entry, unsigned level) {
    if (!condition) {
        fail_msg("reference: %s: entry %#lx of level %u", what, entry, level);
    }
}

/* IA32_PAT is what the kernel loads; the byte is the memory type. */
static unsigned x86_memory(uint64_t e, unsigned level) {
    static const uint8_t pat[8] = {6, 4, 7, 0, 1, 5, 7, 0};
    unsigned index = (bit(e, 3) ? 1 : 0) + (bit(e, 4) ? 2 : 0) + (bit(e, level == 0 ? 7 : 12) ? 4 : 0);
    return pat[index];
}

static enum outcome x86_64(uint64_t e, unsigned level, struct reference_result *r, uint64_t *address) {
    if (!bit(e, 0)) {
        return INVALID;
    }
    *address = bits(e, 51, 12) << 12;
    if (level > 0 && !bit(e, 7)) {
        must(bit(e, 1) && bit(e, 2) && !bit(e, 63), "a table restricts", e, level);
        return TABLE;
    }
    must(level <= 2, "a 512 GiB page", e, level);
    if (level > 0) {
        must(bits(e, 20, 13) == 0 && (level == 1 || bits(e, 29, 13) == 0), "reserved", e, level);
        *address &= ~0x1000ul;
    }
    r->read = true;
    r->write = bit(e, 1);
    r->user = bit(e, 2);
    r->accessed = bit(e, 5);
    r->dirty = bit(e, 6);
    r->global = bit(e, 8);
    r->execute = !bit(e, 63);
    r->memory = x86_memory(e, level);
    return LEAF;
}

static enum outcome ept(uint64_t e, unsigned level, struct reference_result *r, uint64_t *address) {
    if (bits(e, 2, 0) == 0) {
        return INVALID;
    }
    must(bit(e, 0) || !bit(e, 1), "write without read", e, level);
    *address = bits(e, 51, 12) << 12;
    if (level > 0 && !bit(e, 7)) {
        must(bits(e, 2, 0) == 7 && bits(e, 6, 3) == 0, "a table restricts", e, level);
        return TABLE;
    }
    must(level <= 2, "a 512 GiB page", e, level);
    must(level == 0 || bits(e, 20, 12) == 0, "reserved", e, level);
    must(level != 2 || bits(e, 29, 12) == 0, "reserved", e, level);
    r->memory = (unsigned)bits(e, 5, 3);
    must(r->memory != 2 && r->memory != 3 && r->memory != 7, "memory type", e, level);
    r->read = bit(e, 0);
    r->write = bit(e, 1);
    r->execute = bit(e, 2);
    r->accessed = bit(e, 8);
    r->dirty = bit(e, 9);
    r->user = true;
    return LEAF;
}

/* What both stages of ARM share: validity, and the shape of an entry. */
static enum outcome arm_shape(uint64_t e, unsigned level, uint64_t *address) {
    if (!bit(e, 0)) {
        return INVALID;
    }
    *address = bits(e, 47, 12) << 12;
    if (level > 0 && bit(e, 1)) {
        must(bits(e, 63, 48) == 0, "a table restricts", e, level);
        return TABLE;
    }
    must(bit(e, 1) == (level == 0), "block bit", e, level);
    must(level <= 2, "a 512 GiB block", e, level);
    must(bits(e, 51, 48) == 0, "reserved", e, level);
    must(level == 0 || bits(e, 20, 12) == 0, "reserved", e, level);
    must(level != 2 || bits(e, 29, 12) == 0, "reserved", e, level);
    return LEAF;
}

static enum outcome arm1(uint64_t e, unsigned level, struct reference_result *r, uint64_t *address) {
    static const uint8_t mair[8] = {0xff, 0x44, 0x04, 0x44, 0xbb, 0, 0, 0};
    enum outcome outcome = arm_shape(e, level, address);
    if (outcome == LEAF) {
        r->user = bit(e, 6);
        r->read = true;
        r->write = !bit(e, 7);
        /* Of the two modes only the one that the page belongs to may execute it. */
        r->execute = r->user ? !bit(e, 54) : !bit(e, 53);
        must(r->user ? bit(e, 53) : bit(e, 54), "the other mode may execute", e, level);
        r->accessed = bit(e, 10);
        r->global = !bit(e, 11);
        r->memory = mair[bits(e, 4, 2)];
        must(r->memory != 0xff || bits(e, 9, 8) == 3, "not inner shareable", e, level);
    }
    return outcome;
}

static enum outcome arm2(uint64_t e, unsigned level, struct reference_result *r, uint64_t *address) {
    enum outcome outcome = arm_shape(e, level, address);
    if (outcome == LEAF) {
        r->user = true;
        r->read = bit(e, 6);
        r->write = bit(e, 7);
        r->execute = !bit(e, 54);
        must(!bit(e, 53), "execution by mode", e, level);
        r->accessed = bit(e, 10);
        r->memory = (unsigned)bits(e, 5, 2);
    }
    return outcome;
}

static enum outcome riscv(uint64_t e, unsigned level, struct reference_result *r, uint64_t *address) {
    if (!bit(e, 0)) {
        return INVALID;
    }
    must(bits(e, 63, 54) == 0, "reserved", e, level);
    *address = bits(e, 53, 10) << 12;
    if (bits(e, 3, 1) == 0) {
        must(level > 0, "a table below the last level", e, level);
        must(bits(e, 7, 4) == 0, "attributes of a table", e, level);
        return TABLE;
    }
    must(bit(e, 1) || !bit(e, 2), "write without read", e, level);
    must(level == 0 || bits(e, 18, 10) == 0, "misaligned", e, level);
    must(level < 2 || bits(e, 27, 10) == 0, "misaligned", e, level);
    must(level <= 2, "a 512 GiB page", e, level);
    r->read = bit(e, 1);
    r->write = bit(e, 2);
    r->execute = bit(e, 3);
    r->user = bit(e, 4);
    r->global = bit(e, 5);
    r->accessed = bit(e, 6);
    r->dirty = bit(e, 7);
    r->memory = 0;
    return LEAF;
}

static enum outcome decode(enum reference_kind kind, uint64_t e, unsigned level, struct reference_result *r,
                           uint64_t *address) {
    enum outcome outcome;
    switch (kind) {
    case REFERENCE_X86_64:
        return x86_64(e, level, r, address);
    case REFERENCE_EPT:
        return ept(e, level, r, address);
    case REFERENCE_ARM1:
        return arm1(e, level, r, address);
    case REFERENCE_ARM2:
        return arm2(e, level, r, address);
    default:
        outcome = riscv(e, level, r, address);
        must(outcome != LEAF || kind == REFERENCE_RISCV || (r->user && !r->global), "guest bits", e, level);
        return outcome;
    }
}

unsigned reference_memory(const struct reference *reference, unsigned type) {
    static const uint8_t number[][5] = {
        [REFERENCE_X86_64] = {6, 7, 0, 1, 4},
        [REFERENCE_EPT] = {6, 0, 0, 1, 4},
        [REFERENCE_ARM1] = {0xff, 0x44, 0x04, 0x44, 0xbb},
        [REFERENCE_ARM2] = {15, 5, 1, 5, 10},
        [REFERENCE_RISCV] = {0},
        [REFERENCE_RISCV_GUEST] = {0},
    };
    return number[reference->kind][type];
}

bool reference_walk(const struct reference *reference, uint64_t root, uint64_t va, struct reference_result *r) {
    uint64_t input = va & ((1ul << reference->input_bits) - 1);
    uint64_t table = root;
    memset(r, 0, sizeof(*r));
    for (unsigned level = reference->levels; level-- > 0;) {
        unsigned shift = 12 + 9 * level;
        uint64_t index = input >> shift;
        uint64_t address = 0;
        uint64_t entry;
        input &= (1ul << shift) - 1;
        memcpy(&entry, (char *)phys_to_virt(table) + index * 8, 8);
        enum outcome outcome = decode(reference->kind, entry, level, r, &address);
        if (outcome == INVALID) {
            return false;
        }
        if (outcome == LEAF) {
            r->size = 1ul << shift;
            r->pa = address + input;
            return true;
        }
        table = address;
    }
    fail_msg("reference: no leaf");
    return false;
}
