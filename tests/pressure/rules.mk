# SPDX-License-Identifier: MIT
USES    := lib/abi lib/base lib/os lib/proto tests/bench
PROGRAM := pressure
SOURCES := main.c hog.c
