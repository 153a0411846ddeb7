# SPDX-License-Identifier: MIT
# Built for the build machine by scripts/bench.mk.
USES :=
