#include <pins/pins.h>

#include <base/file.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { IMAGE_BYTES = 256, SESSION = 5 };

static const char *const LAMP = "mps_hmi/indicator_Q1/state";                // at O_5; O_6 is free
static const char *const MOTOR = "mps_conveyor/motor/direction/right/state"; // at O_9
static const char *const BARRIER = "mps_conveyor/lightBarrier_entry/state";

/// The station of plants/mps; the test is the plant behind its terminals.
struct desk {
    struct plant *plant;
    struct program *program;
    struct pins *pins;
    struct scan_time time;
    uint8_t inputs[IMAGE_BYTES], outputs[IMAGE_BYTES];
};

static enum error read_inputs(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes) {
    (void)elapsed_ns;
    const struct desk *desk = context;
    memcpy(inputs, desk->inputs, bytes);
    return ERROR_NONE;
}

static enum error write_outputs(void *context, const uint8_t *outputs, size_t bytes) {
    struct desk *desk = context;
    memcpy(desk->outputs, outputs, bytes);
    return ERROR_NONE;
}

static void scan(struct desk *desk) {
    desk->time.monotonic_ns += 1000000;
    scan_once(program_scan(desk->program), &desk->time);
}

static uint32_t tag_of(const struct desk *desk, const char *path) {
    CLEANUP(buffer_clear) struct buffer full = {0};
    buffer_print(&full, "MPS/%s", path);
    uint32_t tag = program_find_tag(desk->program, buffer_view(&full));
    assert_int_not_equal(tag, SCAN_NO_TAG);
    return tag;
}

static size_t channel(const struct desk *desk, const char *name) {
    for (size_t i = 0; i < pins_count(desk->pins); i++)
        if (text_is(pins_channel(desk->pins, i)->name, name)) return i;
    fail_msg("no channel %s", name);
    return 0;
}

static struct io_place place(const struct desk *desk, const char *name) {
    const struct plant_channel *at = pins_channel(desk->pins, channel(desk, name));
    return (struct io_place){at->byte, at->bit, (uint8_t)at->bits};
}

static int setup(void **state) {
    struct desk *desk = calloc(1, sizeof *desk);
    struct problem problem = {0};
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    enum error error = file_read(SOURCE_FOLDER "/plants/mps/plant.aml", MODEL_BYTES_MAX, &bytes, &problem);
    if (!error) error = model_read(buffer_view(&bytes), findings, &desk->plant, &problem);
    struct program_options options = {
        .driver = {.name = "desk", .read = read_inputs, .write = write_outputs, .simulated = true, .context = desk},
        .lease_soft_ns = 2000000000,
        .lease_hard_ns = 10000000000,
    };
    if (!error) error = program_create(desk->plant, &options, &desk->program, &problem);
    if (!error) error = pins_create(desk->plant, desk->program, &desk->pins);
    if (error) fail_msg("%s", problem.text);
    desk->time = (struct scan_time){.elapsed_ns = 1000000, .monotonic_ns = 1000000000, .wall_ns = 1700000000000000000};
    static const char *const at_rest[] = {"mps_conveyor/emergency_stop/state", "mps_hmi/actuator_stop/state"};
    for (size_t i = 0; i < 2; i++) {
        const struct scan_point *point = scan_point(program_scan(desk->program), tag_of(desk, at_rest[i]));
        io_set_bit(desk->inputs, point->place, point->inverted);
    }
    scan(desk);
    *state = desk;
    return 0;
}

static int teardown(void **state) {
    struct desk *desk = *state;
    program_destroy(desk->program);
    pins_destroy(desk->pins);
    plant_destroy(desk->plant);
    free(desk);
    return 0;
}

static void draft(struct desk *desk, const char *name, const char *signal) {
    struct problem problem = {0};
    if (pins_draft(desk->pins, channel(desk, name), text_of(signal), &problem)) fail_msg("%s", problem.text);
}

static void hold_lock(struct desk *desk) {
    assert_int_equal(
        authority_grant(&program_scan(desk->program)->authority, SESSION, SCAN_ROLE_ENGINEER, desk->time.monotonic_ns),
        AUTHORITY_OK);
}

static struct scan_reason offer(struct desk *desk) {
    struct scan_pin_table *table = NULL;
    struct problem problem = {0};
    if (pins_prepare(desk->pins, &table, &problem)) fail_msg("%s", problem.text);
    scan_offer_pins(program_scan(desk->program), table);
    struct scan_command command = {.id = 1,
                                   .session = SESSION,
                                   .module = program_pins(desk->program),
                                   .method = PROGRAM_APPLY_PINS,
                                   .role = SCAN_ROLE_ENGINEER};
    struct scan_result result = {.status = STATUS_BadTimeout};
    struct exchange *exchange = program_scan(desk->program)->exchange;
    assert_true(exchange_post(exchange, &command));
    scan(desk);
    while (exchange_take_result(exchange, &result)) continue;
    return result.reason;
}

static void apply(struct desk *desk) {
    assert_int_equal(offer(desk).id, SCAN_REASON_NONE);
    pins_accept(desk->pins);
    scan(desk);
}

static void wish(struct desk *desk, const char *path, bool on) {
    scan_wish(program_scan(desk->program), tag_of(desk, path), on);
}

static bool is_on(const struct desk *desk, const char *name) {
    return io_bit(desk->outputs, place(desk, name));
}

// ---------------------------------------------------------------- draft

static void a_draft_is_checked_channel_by_channel(void **state) {
    struct desk *desk = *state;
    static const struct {
        const char *channel, *signal, *says;
    } wrong[] = {
        {"O_6", "mps_hmi/nothing/state", "there is no signal"},
        {"O_6", BARRIER, "cannot be wired to an output channel"},
        {"I_1", LAMP, "cannot be wired to an input channel"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct problem problem = {0};
        assert_true(pins_draft(desk->pins, channel(desk, wrong[i].channel), text_of(wrong[i].signal), &problem) != 0);
        if (strstr(problem.text, wrong[i].says) == NULL) fail_msg("%s", problem.text);
    }
    assert_int_equal(pins_differences(desk->pins), 0);
}

static void a_draft_is_checked_as_a_whole(void **state) {
    struct desk *desk = *state;
    struct problem problem = {0};
    draft(desk, "O_6", LAMP);
    assert_int_equal(pins_check(desk->pins, &problem), ERROR_EXISTS);
    assert_non_null(strstr(problem.text, "two channels, O_5 and O_6"));
    pins_revert(desk->pins);
    assert_int_equal(pins_differences(desk->pins), 0);
    for (size_t i = 0; i < pins_count(desk->pins); i++) {
        if (!text_is(pins_applied(desk->pins, i), "mps_conveyor/emergency_stop/state")) continue;
        assert_int_equal(pins_draft(desk->pins, i, TEXT_EMPTY, NULL), ERROR_NONE);
    }
    assert_int_equal(pins_check(desk->pins, &problem), ERROR_INVALID);
    assert_non_null(strstr(problem.text, "emergency_stop/state must be wired"));
}

// ---------------------------------------------------------------- in the scan

static void an_output_moves_to_another_pin(void **state) {
    struct desk *desk = *state;
    hold_lock(desk);
    draft(desk, "O_5", "");
    draft(desk, "O_6", LAMP);
    apply(desk);
    wish(desk, LAMP, true);
    scan(desk);
    assert_true(is_on(desk, "O_6"));
    assert_false(is_on(desk, "O_5"));
    assert_int_equal(program_scan(desk->program)->pins_version, 1);
    assert_true(text_is(pins_applied(desk->pins, channel(desk, "O_6")), LAMP));
}

static void an_output_that_leaves_its_pin_goes_to_its_safe_value_first(void **state) {
    struct desk *desk = *state;
    hold_lock(desk);
    wish(desk, MOTOR, true);
    scan(desk);
    assert_true(is_on(desk, "O_9"));
    draft(desk, "O_9", "");
    draft(desk, "O_14", MOTOR);
    assert_int_equal(offer(desk).id, SCAN_REASON_NONE);
    assert_false(is_on(desk, "O_9")); // in the scan that accepts it
    assert_false(is_on(desk, "O_14"));
    for (unsigned i = 0; i < 5; i++) {
        scan(desk);
        assert_false(is_on(desk, "O_9"));
        assert_false(is_on(desk, "O_14")); // nothing moves on at the new pin
    }
    wish(desk, MOTOR, true);
    scan(desk);
    assert_true(is_on(desk, "O_14"));
    assert_false(is_on(desk, "O_9"));
}

static void a_signal_without_a_pin_says_so(void **state) {
    struct desk *desk = *state;
    const struct scan *scanned = program_scan(desk->program);
    hold_lock(desk);
    size_t barrier = 0;
    while (!text_is(pins_applied(desk->pins, barrier), BARRIER)) barrier++;
    draft(desk, "O_5", "");
    assert_int_equal(pins_draft(desk->pins, barrier, TEXT_EMPTY, NULL), ERROR_NONE);
    apply(desk);
    assert_int_equal(scanned->quality[tag_of(desk, LAMP)], STATUS_BadNotConnected);
    assert_int_equal(scanned->quality[tag_of(desk, BARRIER)], STATUS_BadNotConnected);
    pins_to_model(desk->pins);
    apply(desk);
    assert_int_equal(scanned->quality[tag_of(desk, LAMP)], STATUS_Good);
    assert_int_equal(scanned->quality[tag_of(desk, BARRIER)], STATUS_Good);
}

static void an_input_is_read_at_its_new_pin(void **state) {
    struct desk *desk = *state;
    const struct scan *scanned = program_scan(desk->program);
    hold_lock(desk);
    size_t barrier = 0, free_one = channel(desk, "I_16");
    while (!text_is(pins_applied(desk->pins, barrier), BARRIER)) barrier++;
    assert_int_equal(pins_draft(desk->pins, barrier, TEXT_EMPTY, NULL), ERROR_NONE);
    assert_int_equal(pins_draft(desk->pins, free_one, text_of(BARRIER), NULL), ERROR_NONE);
    apply(desk);
    const struct plant_channel *at = pins_channel(desk->pins, free_one);
    uint32_t tag = tag_of(desk, BARRIER);
    bool before = scan_on(scanned, tag);
    struct io_place bit = {at->byte, at->bit, 1};
    io_set_bit(desk->inputs, bit, !io_bit(desk->inputs, bit));
    scan(desk);
    assert_int_equal(scan_on(scanned, tag), !before);
    assert_int_equal(scanned->quality[tag], STATUS_Good);
}

static void it_needs_the_control_authority(void **state) {
    struct desk *desk = *state;
    draft(desk, "O_5", "");
    assert_int_equal(offer(desk).id, SCAN_REASON_NO_LOCK);
    scan(desk);
    assert_int_equal(program_scan(desk->program)->pins_version, 0);
}

static void a_force_ends_with_its_pin_or_stays(void **state) {
    struct desk *desk = *state;
    struct scan *scanned = program_scan(desk->program);
    hold_lock(desk);
    assert_int_equal(scan_force(scanned, tag_of(desk, LAMP), 1, SESSION).id, SCAN_REASON_NONE);
    assert_int_equal(scan_force(scanned, tag_of(desk, BARRIER), 1, SESSION).id, SCAN_REASON_NONE);
    scan(desk);
    assert_true(is_on(desk, "O_5"));
    draft(desk, "O_5", "");
    draft(desk, "O_6", LAMP);
    apply(desk);
    assert_int_equal(scanned->forces.count, 1); // that of the input
    assert_false(is_on(desk, "O_6"));
    assert_int_equal(scanned->quality[tag_of(desk, BARRIER)], STATUS_GoodLocalOverride);
    assert_int_equal(scan_unforce(scanned, tag_of(desk, BARRIER)).id, SCAN_REASON_NONE);
    scan(desk);
    assert_int_equal(scanned->quality[tag_of(desk, BARRIER)], STATUS_Good);
}

// ---------------------------------------------------------------- file

static void a_map_is_kept_and_read_again(void **state) {
    struct desk *desk = *state;
    CLEANUP(buffer_clear) struct buffer file = {0};
    draft(desk, "O_5", "");
    draft(desk, "O_6", LAMP);
    hold_lock(desk);
    apply(desk);
    pins_print(desk->pins, &file);
    assert_non_null(strstr(file.data, "\nmps_plc/RevPiDO/O_5 -\n"));
    assert_non_null(strstr(file.data, "\nmps_plc/RevPiDO/O_6 mps_hmi/indicator_Q1/state\n"));
    pins_to_model(desk->pins);
    assert_int_equal(pins_differences(desk->pins), 2);
    struct problem problem = {0};
    if (pins_read(desk->pins, buffer_view(&file), &problem)) fail_msg("%s", problem.text);
    assert_int_equal(pins_differences(desk->pins), 0);
}

static void a_file_that_does_not_fit_is_named_by_its_line(void **state) {
    struct desk *desk = *state;
    static const struct {
        const char *file, *says;
    } wrong[] = {
        {"# for people\nmps_plc/RevPiDO/O_99 -\n", "line 2: there is no channel \"mps_plc/RevPiDO/O_99\""},
        {"mps_plc/RevPiDO/O_6\n", "line 1: write `CHANNEL SIGNAL`"},
        {"mps_plc/RevPiDO/O_6 mps_hmi/lamp\n", "line 1: there is no signal"},
        {"mps_plc/RevPiDO/O_6 mps_hmi/indicator_Q1/state\n", "two channels"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct problem problem = {0};
        assert_true(pins_read(desk->pins, text_of(wrong[i].file), &problem) != ERROR_NONE);
        if (strstr(problem.text, wrong[i].says) == NULL) fail_msg("%s", problem.text);
    }
}

int main(void) {
#define SENTENCE(text, function)                                                                                       \
    { text, function, setup, teardown, NULL }
    const struct CMUnitTest tests[] = {
        SENTENCE("a draft is checked channel by channel [pins-1.2]", a_draft_is_checked_channel_by_channel),
        SENTENCE("a draft is checked as a whole: doubles, what must be wired [pins-1.3]",
                 a_draft_is_checked_as_a_whole),
        SENTENCE("an output moves to another pin [pins-1.4]", an_output_moves_to_another_pin),
        SENTENCE("an output that leaves its pin goes to its safe value first [pins-1.5]",
                 an_output_that_leaves_its_pin_goes_to_its_safe_value_first),
        SENTENCE("a signal without a pin says so, until it has one again [pins-1.6]", a_signal_without_a_pin_says_so),
        SENTENCE("an input is read at its new pin [pins-1.4]", an_input_is_read_at_its_new_pin),
        SENTENCE("a map takes effect only for who holds the control authority [pins-1.4]",
                 it_needs_the_control_authority),
        SENTENCE("a force ends with its pin; others stay [pins-1.5]", a_force_ends_with_its_pin_or_stays),
        SENTENCE("a map is kept and read again [pins-1.7]", a_map_is_kept_and_read_again),
        SENTENCE("a file that does not fit is named by its line [pins-1.7]",
                 a_file_that_does_not_fit_is_named_by_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
