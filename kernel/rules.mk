# SPDX-License-Identifier: MIT
USES    := kernel/core arch/include lib/base lib/abi
SOURCES := main.c
