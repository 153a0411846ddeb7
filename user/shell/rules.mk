# SPDX-License-Identifier: MIT
USES    := lib/abi lib/base lib/os lib/proto
PROGRAM := shell
SOURCES := main.c command.c processes.c machine.c
