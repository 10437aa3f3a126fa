#include "line.h"

#include <string.h>

#define SENTENCE(text, function)                                                                                       \
    { text, function, NULL, NULL, NULL }

static bool kept(struct line *line, enum diagnostics_id id, const char *part) {
    struct diagnostics_entry entry;
    for (uint64_t i = diagnostics_count(line->diagnostics); diagnostics_at(line->diagnostics, i, &entry); i--)
        if (entry.code == diagnostics_code(id) && strstr(entry.text, part) != NULL) return true;
    return false;
}

static void assert_text(struct hand *hand, const char *path, const char *wanted) {
    struct answer answer = hand_read(hand, path);
    assert_int_equal(answer.statuses[0], STATUS_Good);
    assert_string_equal(answer.texts[0], wanted);
}

static void program_and_model_are_told(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "viewer");
    assert_text(&hand, "Diagnostics/ModelHash", "hash-of-the-model");
    assert_text(&hand, "Diagnostics/ModelVersion", "1.0");
    assert_text(&hand, "Diagnostics/ProgramHash", "hash-of-the-program");
    assert_text(&hand, "Diagnostics/ProgramVersion", "0.1");
    hand_close(&hand);
}

static void events_and_forces_are_kept(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "engineer");
    hand_lock(&hand);
    struct value force[] = {text_value("mps_conveyor/lightBarrier_entry/state"), text_value("true")};
    assert_int_equal(hand_call(&hand, "Forcing", "Force", force, 2).status, STATUS_Good);
    struct value stop[] = {text_value("emergency_stop"), bool_value(true)};
    assert_int_equal(hand_call(&hand, "mps_simulation", "turn", stop, 2).status, STATUS_Good);
    hand_await_text(&hand, "mps_plc/State", "safe");
    struct value right = int32_value(1);
    assert_int_equal(hand_call(&hand, "mps_conveyor/motor", "setDirection", &right, 1).status, STATUS_BadInvalidState);
    assert_true(kept(line, DIAGNOSTICS_AUTHORITY_GRANTED, ""));
    assert_true(kept(line, DIAGNOSTICS_FORCED, "engineer: forced mps_conveyor/lightBarrier_entry/state to true"));
    assert_true(kept(line, DIAGNOSTICS_SAFE_STATE_ENTERED, "emergency stop is active"));
    assert_true(kept(line, DIAGNOSTICS_COMMAND_REFUSED, "emergency stop is active"));
    uint32_t count = (uint32_t)diagnostics_count(line->diagnostics);
    for (unsigned i = 0; hand_read(&hand, "Diagnostics/Count").values[0].uint32 < count; i++) {
        if (i == 500) fail_msg("the entries are not shown");
        line_run_for(line, 10 * 1000000);
    }
    hand_close(&hand);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE("program and model are told by hash and version [opcua-9.2]", program_and_model_are_told),
        SENTENCE("events, refusals and forces are kept in the buffer [opcua-9.1]", events_and_forces_are_kept),
    };
    return cmocka_run_group_tests(tests, line_make_identities, line_remove_identities);
}
