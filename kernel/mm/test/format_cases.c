/* SPDX-License-Identifier: MIT */
/* The formats under test, and the comparison of what was asked for with what the hardware would see. */
#include "support.h"

#define UPPER_39 0xffffffc000000000ul
#define UPPER_48 0xffff800000000000ul
#define LAST_39  0xffffff8000000000ul /* first address of TTBR1 with 39 bits */
#define LAST_48  0xffff000000000000ul

const struct format_case format_cases[] = {
    {&pt_format_x86_64, {REFERENCE_X86_64, 4, 48}, {0x7ff000000000, UPPER_48}, 52, true},
    {&pt_format_ept, {REFERENCE_EPT, 4, 48}, {0, 0xffff00000000}, 52, true},
    {&pt_format_arm_stage1, {REFERENCE_ARM1, 4, 48}, {0x800000000000, LAST_48}, 48, true},
    {&pt_format_arm_stage1_39, {REFERENCE_ARM1, 3, 39}, {0, LAST_39 + 0x3f00000000}, 48, true},
    {&pt_format_arm_stage2, {REFERENCE_ARM2, 3, 40}, {0, 0xff00000000}, 48, true},
    {&pt_format_sv39, {REFERENCE_RISCV, 3, 39}, {0x3f00000000, UPPER_39}, 56, false},
    {&pt_format_sv48, {REFERENCE_RISCV, 4, 48}, {0, 0xfffffffe00000000}, 56, false},
    {&pt_format_sv39x4, {REFERENCE_RISCV_GUEST, 3, 41}, {0, 0x1ff00000000}, 56, false},
    {&pt_format_sv48x4, {REFERENCE_RISCV_GUEST, 4, 50}, {0x8000000000, 0x3ffff00000000}, 56, false},
};
const unsigned format_case_count = sizeof(format_cases) / sizeof(format_cases[0]);

static bool differs(const char *what, uint64_t va, uint64_t is, uint64_t should_be) {
    if (is != should_be) {
        fprintf(stderr, "# %s of %#lx is %#lx and should be %#lx\n", what, va, is, should_be);
    }
    return is != should_be;
}

bool support_hardware_agrees(const struct format_case *c, uint64_t root, uint64_t va, uint64_t pa, uint32_t flags) {
    struct reference_result r;
    bool guest = c->reference.kind == REFERENCE_EPT || c->reference.kind == REFERENCE_ARM2 ||
                 c->reference.kind == REFERENCE_RISCV_GUEST;
    bool arm = c->reference.kind == REFERENCE_ARM1 || c->reference.kind == REFERENCE_ARM2;
    bool reachable = (flags & PT_READ) != 0 && (!pagetable_soft_ad || (flags & PT_ACCESSED) != 0);
    bool writable = (flags & PT_WRITE) != 0 && ((!arm && !pagetable_soft_ad) || (flags & PT_DIRTY) != 0);
    bool mapped = reference_walk(&c->reference, root, va, &r);
    if (differs("mapping", va, mapped, reachable) || !mapped) {
        return mapped == reachable;
    }
    bool bad = differs("address", va, r.pa, pa) | differs("read", va, r.read, true) |
               differs("write", va, r.write, writable) |
               differs("execute", va, r.execute, (flags & PT_EXECUTE) != 0) |
               differs("user", va, r.user, guest || (flags & PT_USER) != 0) |
               differs("global", va, r.global, !guest && (flags & PT_GLOBAL) != 0) |
               differs("accessed", va, r.accessed, (flags & PT_ACCESSED) != 0);
    unsigned type = c->types ? (flags & PT_TYPE_MASK) >> PT_TYPE_SHIFT : 0;
    bad |= differs("memory type", va, r.memory, reference_memory(&c->reference, type));
    return !bad && (arm || !differs("dirty", va, r.dirty, (flags & PT_DIRTY) != 0));
}
