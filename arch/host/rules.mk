# SPDX-License-Identifier: MIT
USES         := arch/include lib/base lib/abi
HOST_SOURCES := host.c
