/* SPDX-License-Identifier: MIT */
/* A program that runs to main() and ends: what the benchmark `spawn` starts. */
#include "os/start.h"

int main(int argc, char **argv) {
    (void)argc;
    (void)argv;
    return 0;
}
