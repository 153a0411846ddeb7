# SPDX-License-Identifier: MIT
USES    := lib/abi lib/base lib/os lib/proto
PROGRAM := shell
SOURCES := main.c command.c processes.c machine.c memory.c
HOST_TESTS   := test/command_test.c
HOST_SOURCES := command.c
HOST_USES    := lib/base
