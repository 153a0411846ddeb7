/* SPDX-License-Identifier: MIT */
/* The restart policy: pauses, and a budget that holds in every window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "init/restart.h"

#define MS ((ts_time_t)1000000)

static struct restart_policy policy;
static struct restart_state state;
static ts_time_t at;

static int setup(void **unused) {
    (void)unused;
    policy = (struct restart_policy){RESTART_ALWAYS, 10 * MS, 100 * MS, 5, 10000 * MS};
    state = (struct restart_state){0};
    return 0;
}

static void test_modes(void **unused) {
    (void)unused;
    assert_int_equal(restart_decide(&policy, &state, 0, 0, 0, &at), RESTART_AT);
    policy.mode = RESTART_ON_FAILURE;
    assert_int_equal(restart_decide(&policy, &state, 0, 0, 0, &at), RESTART_STOP);
    assert_int_equal(restart_decide(&policy, &state, 0, 0, -1, &at), RESTART_AT);
    policy.mode = RESTART_NEVER;
    assert_int_equal(restart_decide(&policy, &state, 0, 0, -1, &at), RESTART_STOP);
}

static void test_pause_doubles(void **unused) {
    static const int expected[] = {10, 20, 40, 80, 100, 100};
    ts_time_t now = 0;
    (void)unused;
    policy.budget = RESTART_BUDGET_MAX;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(restart_decide(&policy, &state, now, now, 0, &at), RESTART_AT);
        assert_int_equal(at - now, expected[i] * MS);
        now = at;
    }
    assert_int_equal(restart_decide(&policy, &state, now, now + 100 * MS, 0, &at), RESTART_AT);
    assert_int_equal(at - now, 110 * MS); /* it lived long: back to the first pause */
}

static void test_budget(void **unused) {
    ts_time_t now = 0;
    (void)unused;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(restart_decide(&policy, &state, now, now, 0, &at), RESTART_AT);
        now = at;
    }
    assert_int_equal(restart_decide(&policy, &state, now, now, 0, &at), RESTART_GIVE_UP);
    now += policy.window;
    assert_int_equal(restart_decide(&policy, &state, now, now, 0, &at), RESTART_AT);
}

static void test_no_budget(void **unused) {
    (void)unused;
    policy.budget = 0;
    assert_int_equal(restart_decide(&policy, &state, 0, 0, 0, &at), RESTART_GIVE_UP);
}

/* Random lives: no window ever holds more restarts than the budget. */
static void test_never_more_than_the_budget(void **unused) {
    static ts_time_t when[100000];
    unsigned count = 0;
    ts_time_t now = 0;
    (void)unused;
    srand(2);
    while (count < 20000) {
        now += (rand() % 4000) * MS;
        if (restart_decide(&policy, &state, now, now, 0, &at) == RESTART_AT) {
            when[count] = at;
            if (count >= policy.budget) {
                assert_true(when[count] - when[count - policy.budget] >= policy.window);
            }
            count++;
            now = at;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_modes, setup),
        cmocka_unit_test_setup(test_pause_doubles, setup),
        cmocka_unit_test_setup(test_budget, setup),
        cmocka_unit_test_setup(test_no_budget, setup),
        cmocka_unit_test_setup(test_never_more_than_the_budget, setup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("user/init restart", tests, NULL, NULL);
}
