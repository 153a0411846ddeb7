# SPDX-License-Identifier: MIT
USES    := lib/abi lib/base lib/proto
SOURCES := $(ARCH)/crt0.S $(ARCH)/message_calls.c start.c message.c print.c console.c programs.c thread.c time.c server.c registers.c loader.c
