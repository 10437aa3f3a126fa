// The station of plants/mps at work, recorded and replayed.

#include <record/record.h>

#include <base/file.h>
#include <model/model.h>
#include <pins/pins.h>
#include <program/program.h>
#include <sim/sim.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { SESSION = 7, BYTES_MAX = 64 * 1024 * 1024 };

struct shift {
    char path[64];
    struct buffer model;
    struct plant *plant;
    struct sim *sim;
    struct program *program;
    struct pins *pins;
    struct recorder *recorder;
    struct scan_time time;
    uint64_t commands;
};

static void start_recorder(struct shift *shift, size_t bytes_max) {
    CLEANUP(buffer_clear) struct buffer pins = {0};
    pins_print(shift->pins, &pins);
    struct recorder_options options = {.path = shift->path,
                                       .bytes_max = bytes_max,
                                       .model = buffer_view(&shift->model),
                                       .period_ns = 1000000,
                                       .pins = buffer_view(&pins),
                                       .running = program_scan(shift->program)->cycles > 0};
    struct problem problem = {0};
    if (recorder_start(program_scan(shift->program), &options, &shift->recorder, &problem))
        fail_msg("%s", problem.text);
}

static struct shift *shift_create(size_t bytes_max) {
    struct shift *shift = calloc(1, sizeof *shift);
    struct problem problem = {0};
    assert_non_null(shift);
    snprintf(shift->path, sizeof shift->path, "/tmp/splc-record-XXXXXX");
    int fd = mkstemp(shift->path);
    assert_true(fd >= 0);
    close(fd);
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    const char *file = SOURCE_FOLDER "/plants/mps/plant.aml";
    enum error error = file_read(file, MODEL_BYTES_MAX, &shift->model, &problem);
    if (!error) error = model_read(buffer_view(&shift->model), findings, &shift->plant, &problem);
    struct sim_options sim = {.seed = 3, .operator_present = true};
    if (!error) error = sim_create(shift->plant, &sim, &shift->sim, &problem);
    struct program_extra extra = {.name = "simulation", .kind = sim_kind(shift->sim), .memory = shift->sim};
    struct program_options options = {.lease_soft_ns = 2000000000, .lease_hard_ns = 10000000000, .extra = &extra};
    if (!error) options.driver = sim_driver(shift->sim);
    if (!error) error = program_create(shift->plant, &options, &shift->program, &problem);
    if (error) fail_msg("%s", problem.text);
    assert_int_equal(pins_create(shift->plant, shift->program, &shift->pins), ERROR_NONE);
    shift->time = (struct scan_time){.elapsed_ns = 1000000, .monotonic_ns = 77, .wall_ns = 1700000000000000000};
    start_recorder(shift, bytes_max);
    return shift;
}

static void shift_destroy(struct shift *shift) {
    recorder_stop(shift->recorder);
    program_destroy(shift->program);
    pins_destroy(shift->pins);
    sim_destroy(shift->sim);
    plant_destroy(shift->plant);
    buffer_clear(&shift->model);
    unlink(shift->path);
    free(shift);
}
CLEANUP_DEFINE(struct shift, shift_destroy)

static void scan(struct shift *shift, unsigned milliseconds) {
    struct exchange *exchange = program_scan(shift->program)->exchange;
    for (unsigned i = 0; i < milliseconds; i++) {
        shift->time.monotonic_ns += 1000000 + i % 7;
        shift->time.wall_ns += 1000000 + i % 5;
        scan_once(program_scan(shift->program), &shift->time);
        struct scan_change change;
        struct scan_event event;
        struct scan_result result;
        while (exchange_take_change(exchange, &change)) continue;
        while (exchange_take_event(exchange, &event)) continue;
        while (exchange_take_result(exchange, &result)) continue;
    }
}

static void call(struct shift *shift, const char *path, const char *method, const struct scan_argument *argument) {
    uint32_t module = SCAN_NO_MODULE;
    for (uint32_t i = 0; i < program_module_count(shift->program); i++)
        if (text_is(program_module(shift->program, i)->path, path)) module = i;
    assert_int_not_equal(module, SCAN_NO_MODULE);
    int index = program_method(shift->program, module, text_of(method));
    assert_true(index >= 0);
    struct scan_command command = {.id = ++shift->commands,
                                   .session = SESSION,
                                   .module = module,
                                   .method = (uint16_t)index,
                                   .role = SCAN_ROLE_ENGINEER,
                                   .argument_count = argument != NULL};
    if (argument != NULL) command.arguments[0] = *argument;
    assert_true(exchange_post(program_scan(shift->program)->exchange, &command));
}

static struct scan_argument number(int32_t value) {
    return (struct scan_argument){.type = VALUE_INT32, .value = scan_int32(value)};
}

static struct scan_argument truth(bool value) {
    return (struct scan_argument){.type = VALUE_BOOL, .value = scan_boolean(value)};
}

static void renew(struct shift *shift) {
    struct scan_argument context = {.type = VALUE_STRING, .text = "test"};
    call(shift, "MPS/Lock", "InitLock", &context);
}

/// Two workpieces over the belt, an emergency stop in between, a command that is refused: some seconds of everything.
static void work(struct shift *shift) {
    struct scan_argument right = number(1), out = truth(true), in = truth(false);
    for (unsigned round = 0; round < 2; round++) {
        renew(shift);
        call(shift, "MPS/mps_conveyor/motor", "setDirection", &right);
        call(shift, "MPS/mps_magazine/ejector", "setPosition", &out);
        scan(shift, 1200);
        call(shift, "MPS/mps_magazine/ejector", "setPosition", &in);
        scan(shift, 900);
        assert_true(sim_turn(shift->sim, TEXT("emergency_stop"), round == 0));
        renew(shift);
        scan(shift, 300);
        call(shift, "MPS/mps_conveyor/motor", "setDirection", &right);
        scan(shift, 5);
        assert_true(sim_turn(shift->sim, TEXT("emergency_stop"), false));
        scan(shift, 50);
        call(shift, "MPS/mps_plc", "reset", NULL);
        scan(shift, 20);
    }
}

/// The file, complete.
static void finish(struct shift *shift, struct buffer *bytes) {
    recorder_stop(shift->recorder);
    shift->recorder = NULL;
    struct problem problem = {0};
    if (file_read(shift->path, RECORD_BYTES_MAX, bytes, &problem)) fail_msg("%s", problem.text);
}

static struct record_verdict replayed(const struct buffer *bytes) {
    struct record_verdict verdict = {0};
    struct problem problem = {0};
    if (record_replay(buffer_view(bytes), &verdict, &problem)) fail_msg("%s", problem.text);
    return verdict;
}

static void again(struct shift *shift) {
    recorder_stop(shift->recorder);
    shift->recorder = NULL;
    start_recorder(shift, BYTES_MAX);
}

// ---------------------------------------------------------------- tests

static void a_shift_gives_the_same_outputs_again(void **state) {
    (void)state;
    CLEANUP(shift_destroy_at) struct shift *shift = shift_create(BYTES_MAX);
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    work(shift);
    uint64_t cycles = program_scan(shift->program)->cycles;
    assert_int_equal(recorder_report(shift->recorder).scans, cycles);
    scan_request_stop(program_scan(shift->program));
    scan(shift, 3);
    finish(shift, &bytes);
    struct record_verdict verdict = replayed(&bytes);
    if (!verdict.same) fail_msg("scan %llu: %s", (unsigned long long)verdict.scan, verdict.tag);
    assert_int_equal(verdict.scans, cycles + 3);
    assert_int_equal(verdict.end, RECORDER_STOPPED);
    assert_false(verdict.damaged);
    struct stat about;
    assert_int_equal(stat(shift->path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

static void something_moved_in_the_recording(void **state) {
    (void)state;
    CLEANUP(shift_destroy_at) struct shift *shift = shift_create(BYTES_MAX);
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    work(shift);
    finish(shift, &bytes);
    CLEANUP(record_close_at) struct record_reader *reader = NULL;
    assert_int_equal(record_open(buffer_view(&bytes), &reader, NULL), ERROR_NONE);
    struct record_scan one;
    enum error error;
    size_t commands = 0, outputs = 0, inputs = 0, bytes_of_image = record_header(reader)->image_bytes;
    while (record_next(reader, &one, &error)) {
        commands += one.command_count;
        for (size_t i = 0; i < bytes_of_image; i++) outputs += one.outputs[i] != 0, inputs += one.inputs[i] != 0;
    }
    assert_int_equal(error, ERROR_NONE);
    assert_int_equal(commands, shift->commands);
    assert_true(outputs > 1000 && inputs > 1000);
}

static struct scan_observer honest;
enum { LIE_AT = 1500 };

/// An output that the program did not give.
static void lie(void *context, const struct scan *scan) {
    (void)context;
    uint32_t output = 0;
    struct io_place place = scan->outputs[output].place;
    bool on = io_bit(scan->output_image, place);
    if (scan->cycles == LIE_AT) io_set_bit(scan->output_image, place, !on);
    honest.cycle(honest.context, scan);
    io_set_bit(scan->output_image, place, on);
}

static void the_first_difference_is_told_by_scan_tag_and_time(void **state) {
    (void)state;
    CLEANUP(shift_destroy_at) struct shift *shift = shift_create(BYTES_MAX);
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    struct scan *scanned = program_scan(shift->program);
    honest = scanned->observers[0];
    scanned->observers[0].cycle = lie;
    scan(shift, LIE_AT);
    uint64_t then_ns = shift->time.wall_ns;
    scan(shift, 100);
    struct text path = program_tag(shift->program, scanned->outputs[0].tag)->path;
    finish(shift, &bytes);
    struct record_verdict verdict = replayed(&bytes);
    assert_false(verdict.same);
    assert_int_equal(verdict.scan, LIE_AT);
    assert_int_equal(verdict.wall_ns, then_ns);
    assert_true(text_is(path, verdict.tag));
    assert_true(verdict.recorded != verdict.replayed);
}

static void a_full_file_ends_the_recording_and_replays(void **state) {
    (void)state;
    CLEANUP(shift_destroy_at) struct shift *shift = shift_create(1024); // the head alone is larger
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    for (unsigned i = 0; recorder_report(shift->recorder).state == RECORDER_RUNNING; i++) {
        if (i == 100000) fail_msg("the recording does not end");
        scan(shift, 100);
    }
    assert_int_equal(recorder_report(shift->recorder).state, RECORDER_FULL);
    finish(shift, &bytes);
    struct record_verdict verdict = replayed(&bytes);
    assert_true(verdict.same);
    assert_int_equal(verdict.end, RECORDER_FULL);
}

/// A power cut at any byte: what is whole is replayed, and the end is missing.
static void a_cut_recording_is_replayed_as_far_as_it_goes(void **state) {
    (void)state;
    CLEANUP(shift_destroy_at) struct shift *shift = shift_create(BYTES_MAX);
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    scan(shift, 50);
    finish(shift, &bytes);
    size_t model = shift->model.length;
    for (size_t length = 0; length < bytes.length; length += length < 100 || length + 2000 > bytes.length ? 1 : 997) {
        CLEANUP(record_close_at) struct record_reader *reader = NULL;
        struct problem problem = {0};
        enum error error = record_open((struct text){bytes.data, length}, &reader, &problem);
        if (error) {
            assert_true(problem.text[0] != '\0' && length < model + 600);
            continue;
        }
        struct record_scan one;
        while (record_next(reader, &one, &error)) continue;
        assert_int_equal(record_end(reader), RECORDER_RUNNING);
    }
}

/// At any place of the work: at rest, with a piston on its way, in the safe state.
static void a_recording_may_begin_in_the_middle(void **state) {
    (void)state;
    CLEANUP(shift_destroy_at) struct shift *shift = shift_create(BYTES_MAX);
    struct scan_argument right = number(1), out = truth(true);
    for (unsigned begin = 0; begin < 6; begin++) {
        CLEANUP(buffer_clear) struct buffer bytes = {0};
        renew(shift);
        call(shift, "MPS/mps_conveyor/motor", "setDirection", &right);
        call(shift, "MPS/mps_magazine/ejector", "setPosition", &out);
        scan(shift, 3 + begin * 150);
        if (begin == 4) assert_true(sim_turn(shift->sim, TEXT("emergency_stop"), true));
        scan(shift, 10);
        again(shift);
        scan(shift, 50);
        if (begin == 4) assert_true(sim_turn(shift->sim, TEXT("emergency_stop"), false));
        work(shift);
        finish(shift, &bytes);
        struct record_verdict verdict = replayed(&bytes);
        if (!verdict.same) fail_msg("begun at %u: scan %llu: %s", begin, (unsigned long long)verdict.scan, verdict.tag);
        assert_true(verdict.scans > 4000);
        assert_int_equal(verdict.end, RECORDER_STOPPED);
    }
}

static void apply(struct shift *shift, const char *map) {
    struct problem problem = {0};
    struct scan_pin_table *table = NULL;
    if (pins_read(shift->pins, text_of(map), &problem) || pins_prepare(shift->pins, &table, &problem))
        fail_msg("%s", problem.text);
    CLEANUP(buffer_clear) struct buffer draft = {0};
    pins_print_draft(shift->pins, &draft);
    assert_int_equal(recorder_pins(shift->recorder, shift->commands + 1, buffer_view(&draft)), ERROR_NONE);
    scan_offer_pins(program_scan(shift->program), table);
    call(shift, "MPS/Pins", "Apply", NULL);
    scan(shift, 1);
    pins_accept(shift->pins);
}

static void lamp(struct shift *shift, bool on) {
    struct scan_argument value = truth(on);
    renew(shift);
    call(shift, "MPS/mps_hmi/indicator_Q1", "setState", &value);
    scan(shift, 20);
}

/// A lamp moves to another pin and back, while a recording goes on, and one begins with the lamp there.
static void a_pin_change_is_part_of_the_recording(void **state) {
    (void)state;
    static const char *const moved = "mps_plc/RevPiDO/O_5 -\nmps_plc/RevPiDO/O_6 mps_hmi/indicator_Q1/state\n";
    CLEANUP(shift_destroy_at) struct shift *shift = shift_create(BYTES_MAX);
    for (unsigned round = 0; round < 2; round++) {
        CLEANUP(buffer_clear) struct buffer bytes = {0};
        lamp(shift, true);
        apply(shift, moved);
        lamp(shift, true);
        lamp(shift, false);
        if (round == 0) apply(shift, "");
        lamp(shift, true);
        finish(shift, &bytes);
        struct record_verdict verdict = replayed(&bytes);
        if (!verdict.same) fail_msg("round %u: scan %llu: %s", round, (unsigned long long)verdict.scan, verdict.tag);
        assert_int_equal(verdict.end, RECORDER_STOPPED);
        assert_true(verdict.scans > 60);
        start_recorder(shift, BYTES_MAX);
    }
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    lamp(shift, false); // the lamp was moved when this recording began
    lamp(shift, true);
    finish(shift, &bytes);
    assert_true(replayed(&bytes).same);
}

static void a_force_and_a_stop_are_known_to_a_recording_that_begins_later(void **state) {
    (void)state;
    CLEANUP(shift_destroy_at) struct shift *shift = shift_create(BYTES_MAX);
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    struct scan *scanned = program_scan(shift->program);
    struct scan_argument on = truth(true);
    renew(shift);
    scan(shift, 5);
    uint32_t tag = program_find_tag(shift->program, TEXT("MPS/mps_hmi/indicator_Q1/state"));
    assert_false(scan_refused(scan_force(scanned, tag, 1, SESSION)));
    scan(shift, 5);
    again(shift);
    scan(shift, 20);
    call(shift, "MPS/mps_hmi/indicator_Q1", "setState", &on);
    scan(shift, 5);
    call(shift, "MPS/Forcing", "UnforceAll", NULL);
    scan(shift, 20);
    call(shift, "MPS/mps_plc", "stop", NULL);
    scan(shift, 20);
    finish(shift, &bytes);
    assert_true(replayed(&bytes).same);
    CLEANUP(buffer_clear) struct buffer later = {0};
    start_recorder(shift, BYTES_MAX); // stopped: what the state is, only the state tells
    scan(shift, 20);
    call(shift, "MPS/mps_plc", "reset", NULL);
    scan(shift, 20);
    finish(shift, &later);
    struct record_verdict verdict = replayed(&later);
    assert_true(verdict.same);
    assert_int_equal(verdict.scans, 39); // the first one gave the state
}

static void a_state_that_does_not_fit_is_refused(void **state) {
    (void)state;
    CLEANUP(shift_destroy_at) struct shift *shift = shift_create(BYTES_MAX);
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    scan(shift, 50);
    again(shift);
    recorder_stop(shift->recorder); // before a scan came
    shift->recorder = NULL;
    struct problem problem = {0};
    struct record_verdict verdict;
    assert_int_equal(file_read(shift->path, RECORD_BYTES_MAX, &bytes, &problem), ERROR_NONE);
    assert_int_equal(record_replay(buffer_view(&bytes), &verdict, &problem), ERROR_INVALID);
    assert_non_null(strstr(problem.text, "before its first scan"));
}

static void what_is_no_recording_is_refused(void **state) {
    (void)state;
    struct record_verdict verdict;
    struct problem problem = {0};
    assert_int_equal(record_replay(TEXT("no recording"), &verdict, &problem), ERROR_INVALID);
    assert_non_null(strstr(problem.text, "no recording of splc-edge"));
    assert_int_equal(record_replay(TEXT("SPLCREC2 and nothing"), &verdict, &problem), ERROR_INVALID);
    assert_non_null(strstr(problem.text, "header"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        {"a shift of the station gives the same outputs again, scan by scan [recording-1.1]",
         a_shift_gives_the_same_outputs_again, NULL, NULL, NULL},
        {"inputs, commands and outputs are in the recording", something_moved_in_the_recording, NULL, NULL, NULL},
        {"the first difference is told by scan, tag and time [recording-1.2]",
         the_first_difference_is_told_by_scan_tag_and_time, NULL, NULL, NULL},
        {"a recording ends with its size, and can be replayed [recording-1.3]",
         a_full_file_ends_the_recording_and_replays, NULL, NULL, NULL},
        {"a recording that was cut is replayed as far as it goes [recording-1.4]",
         a_cut_recording_is_replayed_as_far_as_it_goes, NULL, NULL, NULL},
        {"a recording may begin in the middle of the work [recording-1.5]", a_recording_may_begin_in_the_middle, NULL,
         NULL, NULL},
        {"a recording that begins later knows forces and stops [recording-1.5]",
         a_force_and_a_stop_are_known_to_a_recording_that_begins_later, NULL, NULL, NULL},
        {"a change of the pin map is part of the recording [recording-1.6]", a_pin_change_is_part_of_the_recording,
         NULL, NULL, NULL},
        {"a recording that never began is refused", a_state_that_does_not_fit_is_refused, NULL, NULL, NULL},
        {"what is no recording is refused", what_is_no_recording_is_refused, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
