# SPDX-License-Identifier: MIT
USES    := lib/abi lib/base lib/os lib/proto
PROGRAM := init
SOURCES := main.c system.c task.c grants.c supervisor.c swap.c manifest.c device.c restart.c
HOST_TESTS   := test/restart_test.c test/manifest_test.c
HOST_SOURCES := manifest.c device.c restart.c
HOST_USES    := lib/base
