/* SPDX-License-Identifier: MIT */
/*
 * The normal test of system_power, which no other test can make: if it is well, the machine is gone, with the exit
 * code that was asked for, or starts anew. `run power_test CODE` powers off, `run power_test reboot` reboots. Run by
 * tests/qemu/scenarios.py and scripts/mutate.py.
 */
#include "abi/options.h"
#include "base/string.h"
#include "gen/os_calls.h"
#include "os/print.h"
#include "os/start.h"

static uint32_t number(const char *text) {
    uint32_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        value = value * 10 + (uint32_t)(*text - '0');
    }
    return value;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    uint64_t value;
    bool reboot = strcmp(what, "reboot") == 0;
    (void)!ts_system_debug(ts_startup_handle("debug"), TS_DEBUG_MUTATION, 1, &value);
    ts_status_t status = ts_system_power(ts_startup_handle("power"), reboot ? TS_POWER_REBOOT : TS_POWER_OFF,
                                         reboot ? 0 : number(what));
    (void)!ts_system_debug(ts_startup_handle("debug"), TS_DEBUG_MUTATION, 0, &value);
    ts_print("KTAP version 1\n1..1\nnot ok 1 - normal: system_power ends the machine\n# it returned %d\n", status);
    return 1;
}
