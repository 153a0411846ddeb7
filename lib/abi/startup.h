/* SPDX-License-Identifier: MIT */
/*
 * What the kernel gives the first process. Its first argument is 0, its second the number of words
 * that its message buffer holds: pairs of a name code and a handle (or a plain value where the name
 * says so).
 */
#pragma once

enum ts_startup {
    TS_STARTUP_PROCESS = 1,       /* the process itself */
    TS_STARTUP_THREAD = 2,        /* its first thread */
    TS_STARTUP_VMAR = 3,          /* its root VMAR */
    TS_STARTUP_JOB = 4,           /* the root job */
    TS_STARTUP_RESOURCE_ROOT = 5, /* resource that covers all others */
    TS_STARTUP_ARCHIVE = 6,       /* VMO of the boot archive, executable */
    TS_STARTUP_ARCHIVE_SIZE = 7,  /* value: its bytes */
    TS_STARTUP_DEVICETREE = 8, /* VMO of the firmware's devicetree; left out where there is none */
    TS_STARTUP_DEVICETREE_OFFSET = 9, /* value: where in the VMO it begins */
    TS_STARTUP_DEVICETREE_SIZE = 10,  /* value: its bytes */
    TS_STARTUP_TIME_PAGE = 11,        /* VMO of the time page */
    TS_STARTUP_LOG = 12,              /* resource for log_read and log_write */
    TS_STARTUP_COMMAND_LINE = 13,     /* VMO whose start is the kernel's command line, terminated */
    TS_STARTUP_ARCHIVE_OFFSET = 14,   /* value: where in the VMO the archive begins */
};
