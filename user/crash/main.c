/* SPDX-License-Identifier: MIT */
/* A program that faults on purpose, in the way that its argument names: for tests and
 * demonstrations. */
#include "abi/types.h"
#include "base/string.h"
#include "os/impl/cpu.h"
#include "os/print.h"
#include "os/start.h"

#define KERNEL_ADDRESS 0xffffffff80000000ul

static uint64_t stack_eater(uint64_t depth) {
    volatile uint64_t page[512];
    page[0] = depth;
    return depth == 0 ? page[0] : stack_eater(depth + 1) + page[0];
}

static void crash(const char *way) {
    volatile uint64_t *volatile address = NULL;
    static uint64_t data[2];
    if (strcmp(way, "read") == 0) {
        (void)*address;
    } else if (strcmp(way, "kernel") == 0) {
        address = (volatile uint64_t *)KERNEL_ADDRESS;
        *address = 1;
    } else if (strcmp(way, "code") == 0) {
        address = (volatile uint64_t *)(uintptr_t)main;
        *address = 1;
    } else if (strcmp(way, "execute") == 0) {
        void (*function)(void) = (void (*)(void))(uintptr_t)data;
        function();
    } else if (strcmp(way, "jump") == 0) {
        void (*function)(void) = (void (*)(void))0x123456789000ul;
        function();
    } else if (strcmp(way, "stack") == 0) {
        (void)stack_eater(1);
    } else if (strcmp(way, "illegal") == 0) {
        __builtin_trap();
    } else if (strcmp(way, "port") == 0) {
        ts_print("port 0x3f8+5: %x\n", ts_port_read8(0x3fd));
    } else {
        *address = 1;
    }
}

int main(int argc, char **argv) {
    crash(argc > 1 ? argv[1] : "write");
    ts_print("crash: still alive\n");
    return 0;
}
