// What modules remember is told completely: saved and loaded, every byte that has changed since the start is the same.
#include "../src/state.h"

#include <base/file.h>
#include <model/model.h>
#include <program/program.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { IMAGE_BYTES = 256, SCANS = 3000 };

struct twin {
    struct plant *plant;
    struct program *programs[2];
    uint8_t inputs[IMAGE_BYTES];
};

static enum error read_inputs(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes) {
    (void)elapsed_ns;
    const struct twin *twin = context;
    memcpy(inputs, twin->inputs, bytes);
    return ERROR_NONE;
}

static enum error write_outputs(void *context, const uint8_t *outputs, size_t bytes) {
    (void)context, (void)outputs, (void)bytes;
    return ERROR_NONE;
}

static struct twin *twin_create(const char *file) {
    struct twin *twin = calloc(1, sizeof *twin);
    struct problem problem = {0};
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    enum error error = file_read(file, MODEL_BYTES_MAX, &bytes, &problem);
    if (!error) error = model_read(buffer_view(&bytes), findings, &twin->plant, &problem);
    struct program_options options = {
        .driver = {.name = "noise", .read = read_inputs, .write = write_outputs, .context = twin},
        .lease_soft_ns = UINT64_MAX / 2,
        .lease_hard_ns = UINT64_MAX / 2};
    for (size_t i = 0; !error && i < 2; i++)
        error = program_create(twin->plant, &options, &twin->programs[i], &problem);
    if (error) fail_msg("%s", problem.text);
    return twin;
}

static void twin_destroy_all(struct twin *twin) {
    for (size_t i = 0; i < 2; i++) program_destroy(twin->programs[i]);
    plant_destroy(twin->plant);
    free(twin);
}

static uint64_t next_random(uint64_t *random) {
    uint64_t z = *random += UINT64_C(0x9E3779B97F4A7C15); // splitmix64
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    return z ^ z >> 27;
}

/// Any method of any module with any argument of its type.
static void call_something(struct program *program, uint64_t *random) {
    struct scan *scan = program_scan(program);
    struct scan_command command = {.id = 1, .session = 1, .role = SCAN_ROLE_ENGINEER};
    command.module = (uint32_t)(next_random(random) % scan->module_count);
    const struct scan_kind *kind = scan->modules[command.module].kind;
    if (kind->method_count == 0 || command.module == program_lock(program)) return;
    command.method = (uint16_t)(next_random(random) % kind->method_count);
    const struct scan_method *method = &kind->methods[command.method];
    command.argument_count = method->input_count;
    for (uint8_t i = 0; i < method->input_count; i++) {
        command.arguments[i].type = method->inputs[i].type;
        uint64_t number = next_random(random) % 50;
        if (method->inputs[i].type == VALUE_DOUBLE)
            command.arguments[i].value.real = (double)number;
        else if (method->inputs[i].type == VALUE_BOOL)
            command.arguments[i].value.boolean = number % 2 != 0;
        else if (method->inputs[i].type != VALUE_STRING)
            command.arguments[i].value.uint32 = (uint32_t)number % 2;
    }
    exchange_post(scan->exchange, &command);
}

static void drain(struct exchange *exchange) {
    struct scan_change change;
    struct scan_event event;
    struct scan_result result;
    while (exchange_take_change(exchange, &change)) continue;
    while (exchange_take_event(exchange, &event)) continue;
    while (exchange_take_result(exchange, &result)) continue;
}

static void live(struct twin *twin, uint64_t *random) {
    struct scan *scan = program_scan(twin->programs[0]);
    struct scan_time time = {.elapsed_ns = 10000000, .monotonic_ns = 5, .wall_ns = 7};
    struct scan_command init = {.id = 1, .session = 1, .role = SCAN_ROLE_ENGINEER, .argument_count = 1};
    init.module = program_lock(twin->programs[0]);
    init.arguments[0].type = VALUE_STRING;
    exchange_post(scan->exchange, &init);
    for (unsigned i = 0; i < SCANS; i++) {
        time.monotonic_ns += 10000000;
        time.wall_ns += 10000000;
        if (next_random(random) % 8 == 0)
            twin->inputs[next_random(random) % IMAGE_BYTES] ^= (uint8_t)next_random(random);
        call_something(twin->programs[0], random);
        scan_once(scan, &time);
        drain(scan->exchange);
    }
}

static void move_over(struct twin *twin) {
    size_t room = state_bytes(program_scan(twin->programs[0]));
    uint8_t *bytes = malloc(room);
    struct sink sink = {.bytes = bytes, .room = room};
    assert_true(state_save(program_scan(twin->programs[0]), &sink));
    struct source cut = {.at = bytes, .end = bytes + sink.length - 1};
    assert_false(state_load(program_scan(twin->programs[1]), &cut));
    struct source source = {.at = bytes, .end = bytes + sink.length};
    assert_true(state_load(program_scan(twin->programs[1]), &source));
    free(bytes);
}

static size_t compare(const struct twin *twin) {
    const struct scan *from = program_scan(twin->programs[0]), *to = program_scan(twin->programs[1]);
    size_t changed = 0;
    for (size_t i = 0; i < from->module_count; i++) {
        const struct scan_module *module = &from->modules[i];
        const uint8_t *mine = module->memory, *initial = module->initial, *theirs = to->modules[i].memory;
        for (size_t at = 0; initial != NULL && at < module->memory_bytes; at++) {
            if (mine[at] == initial[at]) continue;
            changed++;
            if (mine[at] != theirs[at]) fail_msg("%s: byte %zu of its memory is not told", module->kind->name, at);
        }
    }
    return changed;
}

static void check(const char *file) {
    size_t changed = 0;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct twin *twin = twin_create(file);
        uint64_t random = seed;
        live(twin, &random);
        move_over(twin);
        changed += compare(twin);
        twin_destroy_all(twin);
    }
    assert_true(changed > 20);
}

static void a_station_is_told_completely(void **state) {
    (void)state;
    check(SOURCE_FOLDER "/plants/mps/plant.aml");
}

static void a_process_plant_is_told_completely(void **state) {
    (void)state;
    check(SOURCE_FOLDER "/edge/program/tests/data/vessel.aml");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_station_is_told_completely),
        cmocka_unit_test(a_process_plant_is_told_completely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
