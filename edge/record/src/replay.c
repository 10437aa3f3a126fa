// The recorded program once more, with a driver that plays the recorded inputs, and a look at what it writes.

#include "state.h"

#include <model/model.h>
#include <pins/pins.h>
#include <program/program.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stage {
    struct record_scan scan;
    struct record_header header;
    uint8_t *written;
    struct pins *pins; // own its tables, so it outlives the program
};

static enum error play_inputs(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes) {
    const struct stage *stage = context;
    (void)elapsed_ns;
    if (stage->scan.read_failed) return ERROR_IO;
    memcpy(inputs, stage->scan.inputs, bytes);
    return ERROR_NONE;
}

static enum error see_outputs(void *context, const uint8_t *outputs, size_t bytes) {
    struct stage *stage = context;
    memcpy(stage->written, outputs, bytes);
    return stage->scan.write_failed ? ERROR_IO : ERROR_NONE;
}

static struct io_driver driver_of(struct stage *stage, const struct record_scan *first) {
    const struct record_header *header = &stage->header;
    return (struct io_driver){
        .name = "recording",
        .read = play_inputs,
        .write = see_outputs,
        .ranges = header->ranges,
        .quality = first->quality,
        .range_count = header->range_count,
        .age_ns = header->has_age ? first->age_ns : NULL,
        .was_set = header->has_was ? first->was_set : NULL,
        .was_clear = header->has_was ? first->was_clear : NULL,
        .simulated = header->simulated,
        .context = stage,
    };
}

static double value_at(const struct scan *scan, uint32_t tag, const uint8_t *image) {
    uint32_t at = scan->output_of_tag[tag];
    if (scan->type[tag] == VALUE_BOOL) return io_bit(image, scan->outputs[at].place) != scan->outputs[at].inverted;
    const struct scan_number *number = &scan->numbers[at];
    double raw = scan_decode(image, number->point.place, (enum scan_encoding)number->scale.encoding);
    return raw * number->scale.factor + number->scale.offset;
}

/// Which output it is that differs, by the names of people; the byte when no signal has it.
static void explain(struct program *program, const struct stage *stage, struct record_verdict *verdict) {
    const struct scan *scan = program_scan(program);
    for (uint32_t tag = 0; tag < scan->tag_count; tag++) {
        if (scan->output_of_tag[tag] == SCAN_NO_TAG) continue;
        verdict->recorded = value_at(scan, tag, stage->scan.outputs);
        verdict->replayed = value_at(scan, tag, stage->written);
        if (verdict->recorded == verdict->replayed) continue;
        snprintf(verdict->tag, sizeof verdict->tag, "%.*s", TEXT_ARG(program_tag(program, tag)->path));
        return;
    }
    size_t byte = 0;
    while (stage->scan.outputs[byte] == stage->written[byte]) byte++;
    snprintf(verdict->tag, sizeof verdict->tag, "byte %zu of the output image", byte);
    verdict->recorded = stage->scan.outputs[byte];
    verdict->replayed = stage->written[byte];
}

/// What the server would have taken; nobody looks at it here.
static void drain(struct exchange *exchange) {
    struct scan_change change;
    struct scan_event event;
    struct scan_result result;
    while (exchange_take_change(exchange, &change)) continue;
    while (exchange_take_event(exchange, &event)) continue;
    while (exchange_take_result(exchange, &result)) continue;
}

/// The map that the recorded command applies, as the server would have offered it. One that cannot be made is not
/// offered, so the command is refused, and the difference is found.
static void offer_pins(struct program *program, const struct stage *stage, const struct scan_command *command,
                       const struct record_reader *reader) {
    const struct record_map *map = record_map(reader, command->id);
    bool applies = command->module == program_pins(program) && command->method == PROGRAM_APPLY_PINS;
    if (!applies || map == NULL || stage->pins == NULL) return;
    struct scan_pin_table *table = NULL;
    if (pins_read(stage->pins, map->text, NULL) || pins_prepare(stage->pins, &table, NULL)) return;
    scan_offer_pins(program_scan(program), table);
}

/// False when a command found no room: the recording has more than a scan can have had.
static bool replay_scan(struct program *program, const struct stage *stage, const struct record_reader *reader) {
    struct scan *scan = program_scan(program);
    for (size_t i = 0; i < stage->scan.command_count; i++) {
        offer_pins(program, stage, &stage->scan.commands[i], reader);
        if (!exchange_post(scan->exchange, &stage->scan.commands[i])) return false;
    }
    if (stage->scan.stopped) scan_request_stop(scan);
    if (stage->scan.guarded) scan_guard_tripped(scan);
    scan_once(scan, &stage->scan.time);
    drain(scan->exchange);
    return true;
}

static bool is_retained(const struct program *program, uint32_t tag) {
    for (size_t i = 0; i < program_retained_count(program); i++)
        if (program_retained(program, i) == tag) return true;
    return false;
}

static void restore(struct program *program, const struct record_header *header) {
    for (uint32_t i = 0; i < header->restored_count; i++)
        if (is_retained(program, header->restored[i].tag))
            program_restore(program, header->restored[i].tag, header->restored[i].value);
    program_restored(program);
}

/// The map that was in effect at the start.
static enum error set_pins(const struct plant *plant, struct stage *stage, struct program *program,
                           struct problem *ret_problem) {
    struct scan_pin_table *table = NULL;
    if (pins_create(plant, program, &stage->pins))
        return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    if (stage->header.pins.length == 0) return ERROR_NONE;
    enum error error = pins_read(stage->pins, stage->header.pins, ret_problem);
    if (!error) error = pins_prepare(stage->pins, &table, ret_problem);
    if (error) return problem_prefix(ret_problem, error, "the pin map in the recording");
    scan_set_pins(program_scan(program), table);
    return ERROR_NONE;
}

/// What the scan knew when the recording began.
static enum error take_state(struct program *program, const struct record_header *header, struct problem *ret_problem) {
    if (!header->running) return ERROR_NONE;
    const uint8_t *bytes = (const uint8_t *)header->state.data;
    struct source source = {.at = bytes, .end = bytes + header->state.length};
    if (state_load(program_scan(program), &source)) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_INVALID,
                       "what the PLC knew at the beginning of the recording does not fit this version of splc-edge");
}

static enum error build(const struct plant *plant, struct stage *stage, struct program **ret_program,
                        struct problem *ret_problem) {
    struct program_options options = {
        .driver = driver_of(stage, &stage->scan),
        .lease_soft_ns = stage->header.lease_soft_ns,
        .lease_hard_ns = stage->header.lease_hard_ns,
    };
    enum error error = program_create(plant, &options, ret_program, ret_problem);
    if (error) return error;
    if (program_scan(*ret_program)->image_bytes != stage->header.image_bytes)
        return problem_say(ret_problem, ERROR_INVALID,
                           "the recording has a process image of %u bytes, its plant model one of %zu",
                           stage->header.image_bytes, program_scan(*ret_program)->image_bytes);
    restore(*ret_program, &stage->header);
    error = set_pins(plant, stage, *ret_program, ret_problem);
    return error ? error : take_state(*ret_program, &stage->header, ret_problem);
}

static enum error play(struct record_reader *reader, struct program *program, struct stage *stage,
                       struct record_verdict *verdict) {
    enum error error = ERROR_NONE;
    bool more = true; // the first scan is there already
    while (more && verdict->same) {
        if (!replay_scan(program, stage, reader)) return ERROR_INVALID;
        verdict->scans++;
        if (memcmp(stage->written, stage->scan.outputs, stage->header.image_bytes) != 0) {
            verdict->same = false;
            verdict->scan = verdict->scans;
            verdict->wall_ns = stage->scan.time.wall_ns;
            explain(program, stage, verdict);
            return ERROR_NONE;
        }
        more = record_next(reader, &stage->scan, &error);
    }
    verdict->damaged = error != ERROR_NONE;
    verdict->end = record_end(reader);
    return ERROR_NONE;
}

enum error record_replay(struct text bytes, struct record_verdict *ret_verdict, struct problem *ret_problem) {
    *ret_verdict = (struct record_verdict){.same = true};
    CLEANUP(record_close_at) struct record_reader *reader = NULL;
    enum error error = record_open(bytes, &reader, ret_problem);
    if (error) return error;
    struct stage stage = {.header = *record_header(reader)};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(plant_destroy_at) struct plant *plant = NULL;
    CLEANUP(program_destroy_at) struct program *program = NULL;
    CLEANUP(free_at) uint8_t *written = calloc(stage.header.image_bytes + 1, 1);
    if (findings == NULL || written == NULL)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    stage.written = written;
    error = model_read(stage.header.model, findings, &plant, ret_problem);
    if (error) return problem_prefix(ret_problem, error, "the plant model in the recording");
    enum error damage = ERROR_NONE;
    if (!record_next(reader, &stage.scan, &damage)) {
        ret_verdict->damaged = damage != ERROR_NONE;
        ret_verdict->end = record_end(reader);
        return ERROR_NONE; // a recording without a scan
    }
    error = build(plant, &stage, &program, ret_problem);
    if (!error) error = play(reader, program, &stage, ret_verdict);
    pins_destroy(stage.pins);
    if (error && ret_problem->text[0] == '\0')
        return problem_say(ret_problem, error, "scan %llu has more commands than a scan takes",
                           (unsigned long long)ret_verdict->scans + 1);
    return error;
}
