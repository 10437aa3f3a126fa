#include <scan/authority.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SOFT = 2, HARD = 10, GATEWAY = 7, OTHER = 8 };
static const uint64_t SECOND = 1000000000;

static struct authority held_since_zero(void) {
    struct authority authority;
    authority_init(&authority, SOFT * SECOND, HARD * SECOND);
    assert_int_equal(authority_grant(&authority, GATEWAY, SCAN_ROLE_OPERATOR, 0), AUTHORITY_OK);
    return authority;
}

static void nobody_holds_it_at_first(void **state) {
    (void)state;
    struct authority authority;
    authority_init(&authority, SOFT * SECOND, HARD * SECOND);
    assert_false(authority_held_by(&authority, GATEWAY));
    assert_false(authority_held_by(&authority, 0)); // nobody is not "session 0"
    assert_int_equal(authority_renew(&authority, GATEWAY, 0), AUTHORITY_NOT_LOCKED);
    assert_int_equal(authority_release(&authority, GATEWAY, true), AUTHORITY_NOT_LOCKED);
    assert_int_equal(authority_tick(&authority, 1000 * SECOND), AUTHORITY_UNCHANGED);
}

static void each_grant_raises_the_epoch(void **state) {
    (void)state;
    struct authority authority = held_since_zero();
    assert_int_equal(authority.epoch, 1);
    assert_int_equal(authority_grant(&authority, GATEWAY, SCAN_ROLE_OPERATOR, SECOND), AUTHORITY_OK);
    assert_int_equal(authority.epoch, 1); // the holder renews
    assert_int_equal(authority_release(&authority, GATEWAY, true), AUTHORITY_OK);
    assert_int_equal(authority_grant(&authority, OTHER, SCAN_ROLE_OPERATOR, SECOND), AUTHORITY_OK);
    assert_int_equal(authority.epoch, 2);
}

static void two_sessions_cannot_hold_it(void **state) {
    (void)state;
    struct authority authority = held_since_zero();
    assert_int_equal(authority_grant(&authority, OTHER, SCAN_ROLE_ADMINISTRATOR, SECOND), AUTHORITY_OTHER);
    assert_int_equal(authority_renew(&authority, OTHER, SECOND), AUTHORITY_NOT_LOCKED);
    assert_int_equal(authority_release(&authority, OTHER, true), AUTHORITY_NOT_LOCKED);
    assert_true(authority_held_by(&authority, GATEWAY));
}

static void a_viewer_gets_nothing(void **state) {
    (void)state;
    struct authority authority;
    authority_init(&authority, SOFT * SECOND, HARD * SECOND);
    assert_int_equal(authority_grant(&authority, OTHER, SCAN_ROLE_VIEWER, 0), AUTHORITY_ROLE);
    assert_int_equal(authority.state, AUTHORITY_FREE);
}

static void renewing_moves_both_deadlines(void **state) {
    (void)state;
    struct authority authority = held_since_zero();
    for (uint64_t second = 1; second < 60; second++) {
        assert_int_equal(authority_tick(&authority, second * SECOND), AUTHORITY_UNCHANGED);
        assert_int_equal(authority_renew(&authority, GATEWAY, second * SECOND), AUTHORITY_OK);
    }
    assert_int_equal(authority_tick(&authority, 61 * SECOND), AUTHORITY_SOFT);
}

static void silence_loses_it_softly_then_hard(void **state) {
    (void)state;
    struct authority authority = held_since_zero();
    assert_int_equal(authority_tick(&authority, SOFT * SECOND - 1), AUTHORITY_UNCHANGED);
    assert_int_equal(authority_tick(&authority, SOFT * SECOND), AUTHORITY_SOFT);
    assert_false(authority_held_by(&authority, GATEWAY));
    assert_int_equal(authority_renew(&authority, GATEWAY, SOFT * SECOND), AUTHORITY_NOT_LOCKED);
    assert_int_equal(authority_tick(&authority, HARD * SECOND - 1), AUTHORITY_UNCHANGED);
    assert_int_equal(authority_tick(&authority, HARD * SECOND), AUTHORITY_HARD);
    assert_int_equal(authority_tick(&authority, 2 * HARD * SECOND), AUTHORITY_UNCHANGED); // once
}

static void whoever_takes_over_in_time_prevents_the_hard_deadline(void **state) {
    (void)state;
    struct authority authority = held_since_zero();
    assert_int_equal(authority_tick(&authority, SOFT * SECOND), AUTHORITY_SOFT);
    assert_int_equal(authority_grant(&authority, OTHER, SCAN_ROLE_OPERATOR, 5 * SECOND), AUTHORITY_OK);
    assert_int_equal(authority.epoch, 2);
    assert_int_equal(authority_tick(&authority, 6 * SECOND), AUTHORITY_UNCHANGED);
}

static void the_old_holder_comes_back_with_a_new_epoch(void **state) {
    (void)state;
    struct authority authority = held_since_zero();
    assert_int_equal(authority_tick(&authority, 3 * SECOND), AUTHORITY_SOFT);
    assert_int_equal(authority_grant(&authority, GATEWAY, SCAN_ROLE_OPERATOR, 4 * SECOND), AUTHORITY_OK);
    assert_int_equal(authority.epoch, 2);
}

static void an_ended_session_loses_it_at_once(void **state) {
    (void)state;
    struct authority authority = held_since_zero();
    assert_false(authority_session_gone(&authority, OTHER));
    assert_true(authority_session_gone(&authority, GATEWAY));
    assert_int_equal(authority_grant(&authority, OTHER, SCAN_ROLE_OPERATOR, SECOND), AUTHORITY_OK);
}

static void an_ended_session_still_leads_to_the_hard_deadline(void **state) {
    (void)state;
    struct authority authority = held_since_zero();
    assert_true(authority_session_gone(&authority, GATEWAY));
    assert_int_equal(authority_tick(&authority, HARD * SECOND), AUTHORITY_HARD);
}

static void an_operator_breaks_it(void **state) {
    (void)state;
    struct authority authority = held_since_zero();
    assert_int_equal(authority_break(&authority, SCAN_ROLE_VIEWER), AUTHORITY_ROLE);
    assert_true(authority_held_by(&authority, GATEWAY));
    assert_int_equal(authority_break(&authority, SCAN_ROLE_OPERATOR), AUTHORITY_OK);
    assert_false(authority_held_by(&authority, GATEWAY));
    assert_int_equal(authority_renew(&authority, GATEWAY, 0), AUTHORITY_NOT_LOCKED);
    assert_int_equal(authority_break(&authority, SCAN_ROLE_OPERATOR), AUTHORITY_NOT_LOCKED);
    assert_int_equal(authority_tick(&authority, HARD * SECOND), AUTHORITY_HARD);
}

static void given_back_at_rest_it_is_free(void **state) {
    (void)state;
    struct authority authority = held_since_zero();
    assert_int_equal(authority_release(&authority, GATEWAY, true), AUTHORITY_OK);
    assert_int_equal(authority_tick(&authority, 100 * SECOND), AUTHORITY_UNCHANGED);
}

static void given_back_in_motion_somebody_must_take_over(void **state) {
    (void)state;
    struct authority authority = held_since_zero();
    assert_int_equal(authority_release(&authority, GATEWAY, false), AUTHORITY_OK);
    assert_int_equal(authority_tick(&authority, 100 * SECOND), AUTHORITY_HARD);
}

static void the_remaining_time_counts_whole_seconds_down(void **state) {
    (void)state;
    struct authority authority = held_since_zero();
    assert_int_equal(authority_remaining_s(&authority, 0), 2);
    assert_int_equal(authority_remaining_s(&authority, 1), 2);
    assert_int_equal(authority_remaining_s(&authority, SECOND), 1);
    assert_int_equal(authority_remaining_s(&authority, 5 * SECOND), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_holds_it_at_first),
        {"[opcua-4.3] each grant raises the epoch, the holder renews", each_grant_raises_the_epoch, NULL, NULL, NULL},
        cmocka_unit_test(two_sessions_cannot_hold_it),
        cmocka_unit_test(a_viewer_gets_nothing),
        cmocka_unit_test(renewing_moves_both_deadlines),
        {"[opcua-4.2] silence loses it softly, then hard", silence_loses_it_softly_then_hard, NULL, NULL, NULL},
        {"[opcua-4.2] whoever takes over in time prevents the hard deadline",
         whoever_takes_over_in_time_prevents_the_hard_deadline, NULL, NULL, NULL},
        {"[edge-4.3] the old holder comes back with a new epoch", the_old_holder_comes_back_with_a_new_epoch, NULL,
         NULL, NULL},
        {"[edge-4.2] an ended session loses it at once", an_ended_session_loses_it_at_once, NULL, NULL, NULL},
        {"[edge-4.2] an ended session still leads to the hard deadline",
         an_ended_session_still_leads_to_the_hard_deadline, NULL, NULL, NULL},
        {"[opcua-4.6] an operator breaks it", an_operator_breaks_it, NULL, NULL, NULL},
        {"[edge-4.1] given back at rest it is free", given_back_at_rest_it_is_free, NULL, NULL, NULL},
        {"[edge-4.1] given back in motion somebody must take over", given_back_in_motion_somebody_must_take_over, NULL,
         NULL, NULL},
        cmocka_unit_test(the_remaining_time_counts_whole_seconds_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
