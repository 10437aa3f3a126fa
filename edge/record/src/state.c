#include "state.h"

/// Either one writes, or the other is read.
struct coder {
    struct sink *sink;
    struct source *source;
};

static void code_number(const struct coder *coder, uint64_t *number) {
    if (coder->sink != NULL)
        sink_number(coder->sink, *number);
    else
        *number = source_number(coder->source);
}

static bool failed(const struct coder *coder) {
    if (coder->sink != NULL) return coder->sink->full;
    return coder->source == NULL || coder->source->bad;
}

/// A whole number of any type, or a truth value: what is read is cut to its type.
#define CODE(coder, field)                                                                                             \
    do {                                                                                                               \
        uint64_t number_ = (uint64_t)(field);                                                                          \
        code_number((coder), &number_);                                                                                \
        (field) = (__typeof__(field))number_;                                                                          \
    } while (0)

static void code_real(const struct coder *coder, double *real) {
    union scan_value value = {.real = *real};
    code_number(coder, &value.bits);
    *real = value.real;
}

/// Bits of a truth value are 0 or 1, whatever stands in the file.
static void code_value(const struct coder *coder, enum value_type type, union scan_value *value) {
    code_number(coder, &value->bits);
    if (type == VALUE_BOOL) value->bits = value->bits != 0;
}

static void code_reason(const struct coder *coder, struct scan_reason *reason) {
    CODE(coder, reason->id);
    CODE(coder, reason->detail);
    CODE(coder, reason->module);
    if (reason->id >= SCAN_REASON_COUNT) *reason = scan_reason_none();
}

static void code_bytes(const struct coder *coder, uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length && !failed(coder); i++) CODE(coder, bytes[i]);
}

static void code_flags(const struct coder *coder, bool *flags, size_t count) {
    for (size_t i = 0; i < count && !failed(coder); i++) CODE(coder, flags[i]);
}

static void code_reals(const struct coder *coder, double *reals, size_t count) {
    for (size_t i = 0; i < count && !failed(coder); i++) code_real(coder, &reals[i]);
}

// ---------------------------------------------------------------- parts

/// The simulation's tags and module come last, and a replay has none: it leaves them out.
static bool code_count(const struct coder *coder, size_t mine, size_t *ret_coded) {
    *ret_coded = mine;
    CODE(coder, *ret_coded);
    return !failed(coder) && *ret_coded >= mine;
}

static bool code_tags(const struct coder *coder, struct scan *scan) {
    size_t count;
    if (!code_count(coder, scan->tag_count, &count)) return false;
    for (size_t tag = 0; tag < count && !failed(coder); tag++) {
        union scan_value value = {.bits = 0};
        status_code quality = 0;
        bool mine = tag < scan->tag_count;
        if (mine) value = scan->value[tag], quality = scan->quality[tag];
        code_value(coder, mine ? scan->type[tag] : VALUE_NULL, &value);
        CODE(coder, quality);
        if (mine) scan->value[tag] = value, scan->quality[tag] = quality;
    }
    return !failed(coder);
}

static void code_field(const struct coder *coder, const struct scan_memory *field, void *at) {
    switch (field->type) {
    case SCAN_MEMORY_BOOL: CODE(coder, *(bool *)at); break;
    case SCAN_MEMORY_NAME:
        CODE(coder, *(unsigned *)at);
        if (*(unsigned *)at >= field->limit) *(unsigned *)at = 0;
        break;
    case SCAN_MEMORY_NUMBER: CODE(coder, *(uint64_t *)at); break;
    case SCAN_MEMORY_REAL: code_real(coder, at); break;
    }
}

/// Field by field, for there are addresses and indices beside them, which nobody may bring along in a file.
static void code_memory(const struct coder *coder, const struct scan_module *module) {
    for (size_t i = 0; i < module->kind->memory_count; i++) {
        const struct scan_memory *field = &module->kind->memory[i];
        code_field(coder, field, (char *)module->memory + field->offset);
    }
}

static bool code_modules(const struct coder *coder, struct scan *scan) {
    size_t count;
    if (!code_count(coder, scan->module_count, &count)) return false;
    for (size_t i = 0; i < count && !failed(coder); i++) {
        struct scan_reason fault = i < scan->module_count ? scan->modules[i].fault : scan_reason_none();
        code_reason(coder, &fault);
        if (i >= scan->module_count) continue; // the simulation's, which has no memory of the program
        scan->modules[i].fault = fault;
        code_memory(coder, &scan->modules[i]);
    }
    return !failed(coder);
}

static void code_points(const struct coder *coder, struct scan *scan) {
    for (size_t i = 0; i < scan->conditioned_count && !failed(coder); i++) {
        struct scan_input *input = &scan->conditioned[i];
        CODE(coder, input->known);
        CODE(coder, input->candidate);
        CODE(coder, input->candidate_ns);
    }
    for (size_t i = 0; i < scan->interlock_count && !failed(coder); i++) CODE(coder, scan->interlocks[i].active);
    bool *flags[] = {scan->wish, scan->decided, scan->written};
    for (size_t i = 0; i < 3; i++) code_flags(coder, flags[i], scan->output_count);
    double *reals[] = {scan->number_wish, scan->number_decided, scan->number_written};
    for (size_t i = 0; i < 3; i++) code_reals(coder, reals[i], scan->number_count);
    uint8_t *images[] = {scan->input_image, scan->last_input_image, scan->output_image, scan->last_output_image};
    for (size_t i = 0; i < 4; i++) code_bytes(coder, images[i], scan->image_bytes);
    for (size_t i = 0; i < scan->driver.range_count && !failed(coder); i++) CODE(coder, scan->range_quality[i]);
}

static void code_authority(const struct coder *coder, struct authority *authority) {
    CODE(coder, authority->state);
    CODE(coder, authority->session);
    CODE(coder, authority->loser);
    CODE(coder, authority->epoch);
    CODE(coder, authority->renewed_ns);
}

static bool code_forces(const struct coder *coder, struct scan *scan) {
    CODE(coder, scan->forces.count);
    if (scan->forces.count > SCAN_FORCES_MAX) return false;
    for (size_t i = 0; i < scan->forces.count && !failed(coder); i++) {
        struct scan_force *force = &scan->forces.list[i];
        CODE(coder, force->tag);
        code_real(coder, &force->value);
        code_real(coder, &force->wish);
        struct scan_point *point = force->tag < scan->tag_count ? scan_point(scan, force->tag) : NULL;
        if (point == NULL) return false;
        point->forced = true;
    }
    return !failed(coder);
}

static void code_course(const struct coder *coder, struct scan *scan) {
    CODE(coder, scan->plant_ns);
    CODE(coder, scan->cycles);
    code_authority(coder, &scan->authority);
    CODE(coder, scan->safe.latched);
    code_reason(coder, &scan->safe.cause);
    CODE(coder, scan->safe.since_ns);
    CODE(coder, scan->pins_version);
    CODE(coder, scan->read_failed);
    CODE(coder, scan->write_failed);
    CODE(coder, scan->inputs_known);
    CODE(coder, scan->outputs_known);
    CODE(coder, scan->read_ns);
    CODE(coder, scan->reset_was_pressed);
    CODE(coder, scan->stop_was_pressed);
    CODE(coder, scan->stopped);
    code_reason(coder, &scan->halted);
    CODE(coder, scan->warm);
    CODE(coder, scan->restarted);
    CODE(coder, scan->key_stopped);
    CODE(coder, scan->fault_count);
    code_reason(coder, &scan->first_fault);
}

static bool code_all(const struct coder *coder, struct scan *scan) {
    code_course(coder, scan);
    if (!code_forces(coder, scan) || !code_tags(coder, scan) || !code_modules(coder, scan)) return false;
    code_points(coder, scan);
    return !failed(coder);
}

size_t state_bytes(const struct scan *scan) {
    enum { NUMBER = 10 }; // bytes of the longest
    size_t bytes = 64 * NUMBER + SCAN_FORCES_MAX * 3 * NUMBER + scan->tag_count * 2 * NUMBER;
    for (size_t i = 0; i < scan->module_count; i++) bytes += (3 + scan->modules[i].kind->memory_count) * NUMBER;
    bytes += scan->conditioned_count * 3 * NUMBER + scan->interlock_count + scan->output_count * 3;
    return bytes + scan->number_count * 3 * NUMBER + scan->image_bytes * 4 * 2 + scan->driver.range_count * NUMBER;
}

bool state_save(struct scan *scan, struct sink *sink) {
    return code_all(&(struct coder){.sink = sink}, scan);
}

bool state_load(struct scan *scan, struct source *source) {
    return code_all(&(struct coder){.source = source}, scan) && source->at == source->end;
}
