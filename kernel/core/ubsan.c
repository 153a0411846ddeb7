/* SPDX-License-Identifier: MIT */
/*
 * What the compiler calls when code built with -fsanitize=undefined or -fstack-protector does what C leaves
 * undefined, or finds its stack overwritten. Debug builds only. Every report is a panic. Built without sanitizers.
 * The layouts are those that GCC passes; only the location, which comes first, is read.
 */
#include "kernel/assert.h"

struct source_location {
    const char *file;
    uint32_t line;
    uint32_t column;
};

struct type_descriptor {
    uint16_t kind;
    uint16_t info;
    char name[]; /* quoted, terminated */
};

/* The common start of the data of most reports. */
struct located {
    struct source_location location;
    const struct type_descriptor *type;
};

struct mismatch {
    struct source_location location;
    const struct type_descriptor *type;
    uint8_t alignment_shift;
    uint8_t access; /* index into what[] */
};

uintptr_t __stack_chk_guard = 0x5b7e1f00a94c3d62ul; /* its zero byte stops string functions */

void __stack_chk_fail(void);

void __stack_chk_fail(void) {
    panic("stack overwritten, found on return to %lx", (uint64_t)__builtin_return_address(0));
}

static _Noreturn void report(const struct source_location *location, const char *what) {
    panic("%s:%u:%u: undefined behaviour: %s", location->file, location->line, location->column, what);
}

/* One function per check that only says where it happened. */
#define HANDLER(name, what)                                                                        \
    void __ubsan_handle_##name(const struct located *data);                                        \
    void __ubsan_handle_##name(const struct located *data) {                                       \
        report(&data->location, what);                                                             \
    }

HANDLER(add_overflow, "signed addition overflows")
HANDLER(sub_overflow, "signed subtraction overflows")
HANDLER(mul_overflow, "signed multiplication overflows")
HANDLER(negate_overflow, "negation overflows")
HANDLER(divrem_overflow, "division by zero or overflow")
HANDLER(pointer_overflow, "pointer arithmetic overflows")
HANDLER(shift_out_of_bounds, "shift by a negative or too large count")
HANDLER(out_of_bounds, "array index out of bounds")
HANDLER(vla_bound_not_positive, "array of no size")
HANDLER(load_invalid_value, "value outside its type")
HANDLER(builtin_unreachable, "unreachable code reached")
HANDLER(missing_return, "function without its return value")
HANDLER(nonnull_arg, "null passed where it must not be")
HANDLER(nonnull_return_v1, "null returned where it must not be")
HANDLER(invalid_builtin, "zero passed to a bit count")
HANDLER(float_cast_overflow, "number too large for its type")

void __ubsan_handle_type_mismatch_v1(const struct mismatch *data, uintptr_t pointer);

void __ubsan_handle_type_mismatch_v1(const struct mismatch *data, uintptr_t pointer) {
    static const char *const what[] = {"load of", "store to", "reference to", "member access in",
        "member call on", "constructor call on", "downcast of", "downcast of", "upcast of",
        "cast to virtual base of", "nonnull binding to", "dynamic operation on"};
    const char *access = data->access < sizeof(what) / sizeof(what[0]) ? what[data->access] : "use of";
    uintptr_t alignment = (uintptr_t)1 << data->alignment_shift;
    const char *problem = pointer == 0 ? "null" : "too small";
    if ((pointer & (alignment - 1)) != 0) {
        problem = "misaligned";
    }
    panic("%s:%u:%u: undefined behaviour: %s %s at %s pointer %lx", data->location.file,
        data->location.line, data->location.column, access, data->type->name, problem, pointer);
}
