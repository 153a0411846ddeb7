/* SPDX-License-Identifier: MIT */
/* A trace of page numbers, as scripts/gen/trace.py made it. */
.section .rodata
.balign 4
.global trace_file
trace_file:
.incbin "traces/t2_cc1_pages.bin"
