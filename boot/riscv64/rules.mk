# SPDX-License-Identifier: MIT
USES    := boot/common arch/include lib/base lib/abi
SOURCES := header.S adapter.c
UNSHADOWED := adapter.c
