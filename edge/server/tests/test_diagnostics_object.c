#include "line.h"

#include <stdio.h>
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

/// What the program does when it is asked; the recording itself is tested in edge/record and edge/tests.
struct recorder {
    bool on;
    uint32_t seconds, megabytes;
    char user[32], map[256];
    uint64_t command;
};

static enum error on_start(void *context, struct text user, uint32_t seconds, uint32_t megabytes,
                           struct problem *ret_problem) {
    struct recorder *recorder = context;
    if (recorder->on) return problem_say(ret_problem, ERROR_EXISTS, "a recording goes on already");
    *recorder = (struct recorder){.on = true, .seconds = seconds, .megabytes = megabytes};
    snprintf(recorder->user, sizeof recorder->user, "%.*s", TEXT_ARG(user));
    return ERROR_NONE;
}

static enum error on_stop(void *context, struct problem *ret_problem) {
    struct recorder *recorder = context;
    if (!recorder->on) return problem_say(ret_problem, ERROR_NOT_FOUND, "nothing is recorded");
    recorder->on = false;
    return ERROR_NONE;
}

static const char *on_file(void *context) {
    return ((struct recorder *)context)->on ? "/data/now.rec" : "";
}

static void on_pins(void *context, uint64_t command, struct text map) {
    struct recorder *recorder = context;
    recorder->command = command;
    snprintf(recorder->map, sizeof recorder->map, "%.*s", TEXT_ARG(map));
}

static void an_engineer_records(void **state) {
    (void)state;
    struct recorder recorder = {0};
    struct server_recording recording = {on_start, on_stop, on_file, on_pins, &recorder};
    CLEANUP(line_destroy_at) struct line *line = line_create(&(struct line_options){.recording = &recording});
    struct hand operator, engineer;
    hand_connect(&operator, line, "operator");
    hand_connect(&engineer, line, "engineer");
    struct value inputs[] = {{.type = VALUE_UINT32, .uint32 = 60}, {.type = VALUE_UINT32, .uint32 = 5}};
    struct answer refused = hand_call(&operator, "Diagnostics", "StartRecording", inputs, 2);
    assert_int_equal(refused.status, STATUS_BadUserAccessDenied);
    assert_string_equal(refused.texts[0], "this needs the role engineer; log in as engineer");
    assert_false(recorder.on);
    assert_text(&engineer, "Diagnostics/Recording", "");
    refused = hand_call(&engineer, "Diagnostics", "StopRecording", NULL, 0);
    assert_int_equal(refused.status, STATUS_BadInvalidState);
    assert_string_equal(refused.texts[0], "nothing is recorded");
    assert_int_equal(hand_call(&engineer, "Diagnostics", "StartRecording", inputs, 2).status, STATUS_Good);
    assert_true(recorder.on && recorder.seconds == 60 && recorder.megabytes == 5);
    assert_string_equal(recorder.user, "engineer");
    assert_text(&engineer, "Diagnostics/Recording", "/data/now.rec");
    assert_int_equal(hand_call(&engineer, "Diagnostics", "StartRecording", inputs, 2).status, STATUS_BadInvalidState);
    hand_lock(&engineer);
    assert_int_equal(hand_call(&engineer, "Pins", "Apply", NULL, 0).status, STATUS_Good);
    assert_true(recorder.command > 0 && recorder.map[0] == '#'); // the map of that command, as it is kept
    assert_int_equal(hand_call(&operator, "Diagnostics", "StopRecording", NULL, 0).status, STATUS_BadUserAccessDenied);
    assert_int_equal(hand_call(&engineer, "Diagnostics", "StopRecording", NULL, 0).status, STATUS_Good);
    assert_false(recorder.on);
    assert_text(&engineer, "Diagnostics/Recording", "");
    hand_close(&operator);
    hand_close(&engineer);
}

static void without_recordings_there_is_no_method(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "engineer");
    struct answer diagnostics = hand_browse(&hand, "Diagnostics");
    assert_null(answer_find(&diagnostics, "StartRecording"));
    assert_non_null(answer_find(&diagnostics, "Buffer"));
    hand_close(&hand);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE("program and model are told by hash and version [opcua-9.2]", program_and_model_are_told),
        SENTENCE("an engineer records, others do not [opcua-9.3]", an_engineer_records),
        SENTENCE("without recordings there is no method for them", without_recordings_there_is_no_method),
        SENTENCE("events, refusals and forces are kept in the buffer [opcua-9.1]", events_and_forces_are_kept),
    };
    return cmocka_run_group_tests(tests, line_make_identities, line_remove_identities);
}
