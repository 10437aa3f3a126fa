#include "line.h"

#include <base/buffer.h>
#include <base/file.h>

#include <stdio.h>
#include <string.h>

#define SENTENCE(text, function)                                                                                       \
    { text, function, NULL, NULL, NULL }

static void assert_text(struct hand *hand, const char *path, const char *wanted) {
    struct answer answer = hand_read(hand, path);
    assert_int_equal(answer.statuses[0], STATUS_Good);
    assert_string_equal(answer.texts[0], wanted);
}

static struct answer pins(struct hand *hand, const char *method) {
    return hand_call(hand, "Pins", method, NULL, 0);
}

static void assert_refused(struct answer answer, status_code status, const char *part) {
    assert_int_equal(answer.status, status);
    assert_true(answer.count > 0);
    if (strstr(answer.texts[0], part) == NULL) fail_msg("\"%s\" does not say \"%s\"", answer.texts[0], part);
}

/// As a client writes it; our own client has no Write, so the property itself is proven with node-opcua.
static void draft(struct line *line, const char *channel, const char *signal) {
    for (size_t i = 0; i < pins_count(line->pins); i++) {
        if (!text_is(pins_channel(line->pins, i)->name, channel)) continue;
        assert_int_equal(pins_draft(line->pins, i, text_of(signal), NULL), ERROR_NONE);
    }
}

static void a_draft_is_what_is_in_effect_at_first(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "viewer");
    assert_text(&hand, "mps_plc/RevPiDO/O_5/Draft", "mps_hmi/indicator_Q1/state");
    assert_text(&hand, "mps_plc/RevPiDO/O_5/Name", "mps_hmi/indicator_Q1/state");
    assert_text(&hand, "mps_plc/RevPiDO/O_6/Draft", "");
    assert_int_equal(hand_read(&hand, "Pins/Differences").values[0].uint32, 0);
    assert_refused(pins(&hand, "Apply"), STATUS_BadUserAccessDenied, "role engineer");
    assert_refused(pins(&hand, "Revert"), STATUS_BadUserAccessDenied, "role engineer");
    hand_close(&hand);
}

static void a_map_takes_effect_and_is_kept(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "engineer");
    draft(line, "O_6", "mps_hmi/indicator_Q1/state");
    assert_refused(pins(&hand, "Validate"), STATUS_BadOutOfRange, "two channels");
    assert_refused(pins(&hand, "Apply"), STATUS_BadOutOfRange, "two channels");
    draft(line, "O_5", "");
    assert_int_equal(pins(&hand, "Validate").status, STATUS_Good);
    assert_refused(pins(&hand, "Apply"), STATUS_BadUserAccessDenied, "InitLock");
    assert_text(&hand, "mps_plc/RevPiDO/O_6/Name", "");
    hand_lock(&hand);
    struct answer done = pins(&hand, "Apply");
    if (done.status != STATUS_Good) fail_msg("%s", done.texts[0]);
    assert_text(&hand, "mps_plc/RevPiDO/O_6/Name", "mps_hmi/indicator_Q1/state");
    assert_text(&hand, "mps_plc/RevPiDO/O_5/Name", "");
    assert_int_equal(hand_read(&hand, "Pins/Differences").values[0].uint32, 0);
    struct value on = bool_value(true);
    assert_int_equal(hand_call(&hand, "mps_hmi/indicator_Q1", "setState", &on, 1).status, STATUS_Good);
    hand_await_bool(&hand, "mps_plc/RevPiDO/O_6/Value", true);
    hand_await_bool(&hand, "mps_plc/RevPiDO/O_5/Value", false);
    char path[2 * LINE_PATH_BYTES];
    snprintf(path, sizeof path, "%s/pins", line->folder);
    CLEANUP(buffer_clear) struct buffer file = {0};
    assert_int_equal(file_read(path, PINS_BYTES_MAX, &file, NULL), ERROR_NONE);
    assert_non_null(strstr(file.data, "mps_plc/RevPiDO/O_6 mps_hmi/indicator_Q1/state\n"));
    assert_int_equal(pins(&hand, "DraftModel").status, STATUS_Good);
    assert_text(&hand, "mps_plc/RevPiDO/O_5/Draft", "mps_hmi/indicator_Q1/state");
    assert_int_equal(hand_read(&hand, "Pins/Differences").values[0].uint32, 2);
    assert_int_equal(pins(&hand, "Revert").status, STATUS_Good);
    assert_text(&hand, "mps_plc/RevPiDO/O_5/Draft", "");
    hand_close(&hand);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE("a draft is at first what is in effect, and a viewer may only look [opcua-10.1]",
                 a_draft_is_what_is_in_effect_at_first),
        SENTENCE("a map is checked, takes effect, is kept, and goes back [opcua-10.2]", a_map_takes_effect_and_is_kept),
    };
    return cmocka_run_group_tests(tests, line_make_identities, line_remove_identities);
}
