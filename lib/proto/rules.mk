# SPDX-License-Identifier: MIT
USES    := lib/abi
SOURCES :=
