/* SPDX-License-Identifier: MIT */
/* When a server that ended is started again: with a pause that doubles, and not more often than its
 * budget says. Pure; used by init. */
#pragma once

#include "abi/types.h"

#define RESTART_BUDGET_MAX 32u

enum restart_mode {
    RESTART_NEVER,
    RESTART_ON_FAILURE, /* unless it ended with code 0 */
    RESTART_ALWAYS,
};

struct restart_policy {
    enum restart_mode mode;
    ts_time_t pause_first; /* before the first restart */
    ts_time_t pause_max;   /* a server that lived this long begins with the first pause again */
    uint32_t budget;       /* at most so many restarts, RESTART_BUDGET_MAX at most, */
    ts_time_t window;      /* in any stretch of this length */
};

struct restart_state {
    ts_time_t pause;                         /* before the last restart; 0: none yet */
    ts_time_t restarted[RESTART_BUDGET_MAX]; /* when: a ring */
    uint32_t count;                          /* restarts ever */
};

enum restart_action {
    RESTART_STOP,    /* its policy does not want it back */
    RESTART_AT,      /* start it at the time that was stored */
    RESTART_GIVE_UP, /* the budget is spent */
};

/* A server that was started at `started` ended now. With RESTART_AT the restart counts as made. */
enum restart_action restart_decide(const struct restart_policy *policy, struct restart_state *state,
                                   ts_time_t started, ts_time_t now, int64_t exit_code,
                                   ts_time_t *at);
