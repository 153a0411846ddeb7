/* SPDX-License-Identifier: MIT */
/*
 * Demand paging with stalls: a device touches a page that is not there, its transaction is held, software finds the
 * event, maps the page, and resumes the transaction with a command.
 */
#include <stdio.h>
#include <stdlib.h>

#include "smmuv3/test/rig.h"

static void must(bool good, const char *what) {
    if (!good) {
        printf("failed: %s\n", what);
        exit(1);
    }
}

int main(void) {
    struct rig rig;
    struct rig_space space;
    struct smmu_result result;
    uint64_t record[SMMU_EVENT_WORDS];
    rig_prepare(&rig);
    rig_init(&rig);
    rig_start(&rig);
    rig_stage1(&rig, &space, 12, 48);
    space.context.stall = true;
    rig_install(&rig, 1, &space);

    must(rig_access(&rig, 1, 0x7000, SMMU_WRITE, &result) == SMMU_STALLED, "the stall");
    must(rig_event(&rig, record) && smmu_field(record, EVENT_STALL) != 0, "the event");
    printf("event %#lx at %#lx, STAG %lu: mapping the page\n", (unsigned long)smmu_field(record, EVENT_TYPE),
           (unsigned long)record[2], (unsigned long)smmu_field(record, EVENT_STAG));
    must(smmu_tables_map(&space.tables, record[2], 0x00900000, 3, RIG_PAGE), "the page");
    rig_command(&rig, CMD_RESUME | 1ul << 32 | 1ul << 12, smmu_field(record, EVENT_STAG));
    must(rig.resumes == 1 && rig.outcome[0] == SMMU_OK, "the retry");
    printf("resumed: the device writes to %#lx\n", (unsigned long)rig.result[0].address);
    rig_free(&rig);
    return 0;
}
