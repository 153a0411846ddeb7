# SPDX-License-Identifier: MIT
USES    := lib/abi lib/base lib/os lib/proto
PROGRAM := console
SOURCES := main.c line_editor.c
HOST_TESTS   := test/line_editor_test.c
HOST_SOURCES := line_editor.c
HOST_USES    := lib/base
