#include "bench.h"

#include <base/file.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum error read_inputs(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes) {
    (void)elapsed_ns;
    const struct bench *bench = context;
    memcpy(inputs, bench->inputs, bytes);
    return bench->read_error;
}

static enum error write_outputs(void *context, const uint8_t *outputs, size_t bytes) {
    struct bench *bench = context;
    memcpy(bench->outputs, outputs, bytes);
    return bench->write_error;
}

static struct plant *read_plant(const char *file) {
    struct problem problem = {0};
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct plant *plant = NULL;
    enum error error = file_read(file, MODEL_BYTES_MAX, &bytes, &problem);
    if (!error) error = model_read(buffer_view(&bytes), findings, &plant, &problem);
    if (error) fail_msg("%s", problem.text);
    return plant;
}

struct bench *bench_open(const char *file) {
    struct problem problem = {0};
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    bench->plant = read_plant(file);
    struct program_options options = {
        .driver = {.name = "bench", .read = read_inputs, .write = write_outputs, .simulated = true, .context = bench},
        .lease_soft_ns = 2000000000,
        .lease_hard_ns = 10000000000,
    };
    if (program_create(bench->plant, &options, &bench->program, &problem)) fail_msg("%s", problem.text);
    bench->time = (struct scan_time){.elapsed_ns = 1000000, .monotonic_ns = 1000000000, .wall_ns = 1700000000000000000};
    return bench;
}

struct bench *bench_create(void) {
    struct bench *bench = bench_open(SOURCE_FOLDER "/plants/mps/plant.aml");
    bench_sensor(bench, "mps_conveyor/emergency_stop/state", false);
    bench_sensor(bench, "mps_hmi/actuator_stop/state", false);
    bench_sensor(bench, "mps_magazine/ejector/position/retracted/state", true);
    bench_sensor(bench, "mps_ejector/ejector/position/retracted/state", true);
    return bench;
}

void bench_destroy(struct bench *bench) {
    program_destroy(bench->program);
    plant_destroy(bench->plant);
    free(bench);
}

void bench_scan(struct bench *bench, unsigned milliseconds) {
    for (unsigned i = 0; i < milliseconds; i++) {
        bench->time.monotonic_ns += 1000000;
        bench->time.wall_ns += 1000000;
        scan_once(program_scan(bench->program), &bench->time);
    }
}

static struct text full_path(const struct bench *bench, const char *path, char buffer[static 256]) {
    int length = snprintf(buffer, 256, "%.*s/%s", TEXT_ARG(bench->plant->station->name), path);
    return (struct text){buffer, (size_t)length};
}

uint32_t bench_tag(const struct bench *bench, const char *path) {
    char buffer[256];
    uint32_t tag = program_find_tag(bench->program, full_path(bench, path, buffer));
    if (tag == SCAN_NO_TAG) fail_msg("no tag %s", path);
    return tag;
}

void bench_sensor(struct bench *bench, const char *path, bool on) {
    const struct plant_signal *signal = program_tag(bench->program, bench_tag(bench, path))->signal;
    struct io_place place = {signal->channel->byte, signal->channel->bit, 1};
    io_set_bit(bench->inputs, place, on != signal->inverted);
}

void bench_value(struct bench *bench, const char *path, double value) {
    const struct plant_signal *signal = program_tag(bench->program, bench_tag(bench, path))->signal;
    const struct plant_channel *channel = signal->channel;
    const struct plant_scaling *scaling = &signal->scaling;
    const struct plant_range *range = &signal->field.range;
    double raw = (value - range->low) / (range->high - range->low) * (scaling->raw_high - scaling->raw_low);
    scan_encode(bench->inputs, (struct io_place){channel->byte, channel->bit, (uint8_t)channel->bits}, SCAN_SIGNED,
                raw + scaling->raw_low);
}

double bench_is(const struct bench *bench, const char *path) {
    return scan_number(program_scan(bench->program), bench_tag(bench, path));
}

bool bench_on(const struct bench *bench, const char *path) {
    return scan_on(program_scan(bench->program), bench_tag(bench, path));
}

const char *bench_text(const struct bench *bench, const char *path) {
    static char text[PROGRAM_TEXT_BYTES];
    char buffer[PROGRAM_TEXT_BYTES];
    uint32_t tag = bench_tag(bench, path);
    struct value value = program_value(bench->program, tag, program_scan(bench->program)->value[tag], buffer);
    switch (value.type) {
    case VALUE_BOOL: return value.boolean ? "true" : "false";
    case VALUE_UINT16: snprintf(text, sizeof text, "%u", value.uint16); break;
    case VALUE_UINT32: snprintf(text, sizeof text, "%u", value.uint32); break;
    case VALUE_DOUBLE: snprintf(text, sizeof text, "%g", value.real); break;
    case VALUE_STRING: snprintf(text, sizeof text, "%.*s", TEXT_ARG(value.string)); break;
    default: fail_msg("type of %s", path);
    }
    return text;
}

static uint32_t module_at(const struct bench *bench, const char *path) {
    char buffer[256];
    struct text full = full_path(bench, path, buffer);
    for (uint32_t i = 0; i < program_module_count(bench->program); i++) {
        if (text_equal(program_module(bench->program, i)->path, full)) return i;
    }
    fail_msg("no module %s", path);
    return SCAN_NO_MODULE;
}

struct scan_command bench_command(const struct bench *bench, const char *module, const char *method) {
    uint32_t index = module_at(bench, module);
    int found = program_method(bench->program, index, text_of(method));
    if (found < 0) fail_msg("%s has no method %s", module, method);
    return (struct scan_command){
        .id = 1, .session = BENCH_SESSION, .module = index, .method = (uint16_t)found, .role = SCAN_ROLE_OPERATOR};
}

struct scan_result bench_run(struct bench *bench, const struct scan_command *command) {
    struct exchange *exchange = program_scan(bench->program)->exchange;
    struct scan_result result = {.status = STATUS_BadTimeout};
    assert_true(exchange_post(exchange, command));
    bench_scan(bench, 1);
    assert_true(exchange_take_result(exchange, &result));
    assert_int_equal(result.id, command->id);
    return result;
}

struct scan_result bench_call(struct bench *bench, const char *module, const char *method) {
    struct scan_command command = bench_command(bench, module, method);
    return bench_run(bench, &command);
}

struct scan_result bench_set(struct bench *bench, const char *module, const char *method, bool on) {
    struct scan_command command = bench_command(bench, module, method);
    command.arguments[command.argument_count++] = (struct scan_argument){.type = VALUE_BOOL, .value = scan_boolean(on)};
    return bench_run(bench, &command);
}

struct scan_result bench_number(struct bench *bench, const char *module, const char *method, int32_t number) {
    struct scan_command command = bench_command(bench, module, method);
    command.arguments[command.argument_count++] =
        (struct scan_argument){.type = VALUE_INT32, .value = scan_int32(number)};
    return bench_run(bench, &command);
}

struct scan_result bench_real(struct bench *bench, const char *module, const char *method, double number) {
    struct scan_command command = bench_command(bench, module, method);
    command.arguments[command.argument_count++] =
        (struct scan_argument){.type = VALUE_DOUBLE, .value = scan_real(number)};
    return bench_run(bench, &command);
}

void bench_take_lock(struct bench *bench) {
    struct scan_command command = bench_command(bench, "Lock", "InitLock");
    command.arguments[command.argument_count++] = (struct scan_argument){.type = VALUE_STRING, .text = "bench"};
    struct scan_result result = bench_run(bench, &command);
    assert_int_equal(result.outputs[0].value.int32, AUTHORITY_OK);
}

bool bench_event(struct bench *bench, const char *name, const char **ret_source, const char **ret_message) {
    static char source[PROGRAM_TEXT_BYTES];
    static struct program_event found;
    struct scan_event event;
    bool came = false;
    while (exchange_take_event(program_scan(bench->program)->exchange, &event)) {
        struct program_event text;
        program_event_text(bench->program, &event, &text);
        if (!text_is(text.name, name)) continue;
        found = text;
        snprintf(source, sizeof source, "%.*s", TEXT_ARG(text.source));
        came = true;
    }
    *ret_source = source;
    *ret_message = found.message;
    return came;
}
