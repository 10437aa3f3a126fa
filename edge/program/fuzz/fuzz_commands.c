// Whatever commands come and whatever the sensors say: opposite outputs are never on together, the safe state holds,
// every command is answered once, and every reason has its sentence.
// Each four bytes are one command or one change of the inputs, and the time until the next.

#include <base/file.h>
#include <program/program.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGE_BYTES = 256, PLANT_BYTES_MAX = 4 * 1024 * 1024 };

static uint8_t inputs_now[IMAGE_BYTES];

static enum error read_inputs(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes) {
    (void)elapsed_ns;
    memcpy(inputs, context, bytes);
    return inputs_now[IMAGE_BYTES - 1] == 0xFF ? ERROR_IO : ERROR_NONE;
}

static enum error write_outputs(void *context, const uint8_t *outputs, size_t bytes) {
    (void)context, (void)outputs, (void)bytes;
    return ERROR_NONE;
}

static const struct plant *plant_of_station(void) {
    static struct plant *plant;
    if (plant != NULL) return plant;
    struct problem problem = {0};
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    enum error error = file_read(SOURCE_FOLDER "/plants/mps/plant.aml", PLANT_BYTES_MAX, &bytes, &problem);
    if (!error) error = model_read(buffer_view(&bytes), findings, &plant, &problem);
    if (!error) return plant;
    fprintf(stderr, "%s\n", problem.text);
    abort();
}

static void check_outputs(const struct scan *scan) {
    for (size_t i = 0; i < scan->exclusion_count; i++) {
        if (scan->decided[scan->exclusions[i].first] && scan->decided[scan->exclusions[i].second]) abort();
    }
    for (size_t i = 0; scan->safe.latched && i < scan->output_count; i++) {
        if (scan->outputs[i].safe == SCAN_SAFE_OFF && scan->decided[i]) abort();
        if (scan->outputs[i].safe == SCAN_SAFE_ON && !scan->decided[i]) abort();
    }
    for (size_t i = 0; i < scan->emergency_stop_count; i++) {
        bool good = scan->quality[scan->emergency_stops[i]] == STATUS_Good;
        if (good && scan_on(scan, scan->emergency_stops[i]) && !scan->safe.latched) abort();
    }
}

/// Takes everything out, as the server does; returns the number of results.
static size_t drain(const struct program *program, struct exchange *exchange) {
    char text[PROGRAM_TEXT_BYTES];
    struct scan_change change;
    while (exchange_take_change(exchange, &change)) {
        if (program_value(program, change.tag, change.value, text).type != program_tag(program, change.tag)->type)
            abort();
    }
    struct scan_event event;
    while (exchange_take_event(exchange, &event)) {
        struct program_event told;
        program_event_text(program, &event, &told);
        if (told.severity < 1 || told.severity > 1000 || told.message[0] == '\0') abort();
    }
    struct scan_result result;
    size_t results = 0;
    for (; exchange_take_result(exchange, &result); results++) {
        program_reason_text(program, result.reason, text);
        if ((text[0] != '\0') != scan_refused(result.reason) || strchr(text, '{') != NULL) abort();
        if (status_is_good(result.status) == scan_refused(result.reason)) abort();
    }
    return results;
}

static struct scan_command command_of(const struct program *program, const uint8_t *bytes) {
    struct scan_command command = {.session = 1 + bytes[2] % 2,
                                   .module = bytes[0] % (uint32_t)(program_module_count(program) + 1),
                                   .method = bytes[1] % 8,
                                   .role = (uint8_t)(bytes[2] / 2 % 4),
                                   .argument_count = (uint8_t)(bytes[2] / 8 % 4)};
    for (size_t i = 0; i < SCAN_ARGUMENTS_MAX; i++) {
        struct scan_argument *argument = &command.arguments[i];
        argument->type = (enum value_type)(bytes[2] / 32);
        if (argument->type == VALUE_BOOL)
            argument->value = scan_boolean(bytes[1] / 8 % 2 != 0);
        else if (argument->type == VALUE_STRING)
            memset(argument->text, bytes[1], sizeof argument->text);
        else
            argument->value = scan_int32((int32_t)(bytes[1] / 8) - 2);
    }
    return command;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct problem problem;
    CLEANUP(program_destroy_at) struct program *program = NULL;
    struct program_options options = {.driver = {.name = "bytes",
                                                 .read = read_inputs,
                                                 .write = write_outputs,
                                                 .simulated = true,
                                                 .context = inputs_now},
                                      .lease_soft_ns = 2000000000,
                                      .lease_hard_ns = 10000000000};
    memset(inputs_now, 0, sizeof inputs_now);
    if (program_create(plant_of_station(), &options, &program, &problem)) abort();
    struct scan *scan = program_scan(program);
    struct scan_time time = {.elapsed_ns = 1000000, .monotonic_ns = 1, .wall_ns = 1};
    for (size_t i = 0; i + 4 <= size; i += 4) {
        bool sensors = data[i] >= 0xE0;
        struct scan_command command = command_of(program, data + i);
        if (sensors)
            inputs_now[data[i] % 4 == 3 ? IMAGE_BYTES - 1 : 11 + data[i] % 2] = data[i + 1];
        else if (!exchange_post(scan->exchange, &command))
            abort();
        size_t results = 0;
        for (unsigned scans = 0; scans <= data[i + 3] % 4u; scans++) {
            uint64_t step_ns = data[i + 3] * UINT64_C(2000000);
            time.elapsed_ns = step_ns;
            time.monotonic_ns += step_ns;
            time.wall_ns += step_ns;
            (void)scan_once(scan, &time);
            check_outputs(scan);
            results += drain(program, scan->exchange);
        }
        if (results != !sensors) abort();
    }
    return 0;
}
