/* SPDX-License-Identifier: MIT */
/* The smallest program: greets, and says how it was called. */
#include "os/print.h"
#include "os/start.h"

int main(int argc, char **argv) {
    ts_print("Hello from Tessera!\n");
    for (int i = 1; i < argc; i++) {
        ts_print("argument %d: %s\n", i, argv[i]);
    }
    return 0;
}
