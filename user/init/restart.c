/* SPDX-License-Identifier: MIT */
/* The restart policy. */
#include "init/restart.h"

static ts_time_t next_pause(const struct restart_policy *policy, ts_time_t last, ts_time_t lived) {
    if (last == 0 || lived >= policy->pause_max) {
        return policy->pause_first;
    }
    return last > policy->pause_max / 2 ? policy->pause_max : last * 2;
}

enum restart_action restart_decide(const struct restart_policy *policy, struct restart_state *state,
                                   ts_time_t started, ts_time_t now, int64_t exit_code,
                                   ts_time_t *at) {
    uint32_t budget = policy->budget < RESTART_BUDGET_MAX ? policy->budget : RESTART_BUDGET_MAX;
    if (policy->mode == RESTART_NEVER || (policy->mode == RESTART_ON_FAILURE && exit_code == 0)) {
        return RESTART_STOP;
    }
    if (budget == 0) {
        return RESTART_GIVE_UP;
    }
    ts_time_t pause = next_pause(policy, state->pause, now - started);
    *at = now + pause;
    if (state->count >= budget) {
        ts_time_t oldest = state->restarted[(state->count - budget) % RESTART_BUDGET_MAX];
        if (*at - oldest < policy->window) {
            return RESTART_GIVE_UP;
        }
    }
    state->pause = pause;
    state->restarted[state->count++ % RESTART_BUDGET_MAX] = *at;
    return RESTART_AT;
}
