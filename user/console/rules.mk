# SPDX-License-Identifier: MIT
USES    := lib/abi lib/base lib/os lib/proto
PROGRAM := console
SOURCES := main.c line_editor.c
