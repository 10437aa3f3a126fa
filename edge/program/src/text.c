// Sentences for people, made of the ids and indices that the scan gives.

#include "build.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct writer {
    char *text;
    size_t length; // of PROGRAM_TEXT_BYTES
};

static void write_text(struct writer *writer, struct text text) {
    size_t room = PROGRAM_TEXT_BYTES - 1 - writer->length;
    size_t bytes = text.length < room ? text.length : room;
    if (bytes == 0) return;
    memcpy(writer->text + writer->length, text.data, bytes);
    writer->length += bytes;
    writer->text[writer->length] = '\0';
}

struct text below_station(const struct program *program, struct text path) {
    size_t station = program->plant->station->path.length;
    return path.length > station + 1 ? text_from(path, station + 1) : path;
}

static void write_limits(struct writer *writer, const struct scan_limits *limits) {
    char text[64];
    if (isinf(limits->high))
        snprintf(text, sizeof text, "at least %g", limits->low);
    else if (isinf(limits->low))
        snprintf(text, sizeof text, "at most %g", limits->high);
    else
        snprintf(text, sizeof text, "from %g to %g", limits->low, limits->high);
    write_text(writer, text_of(text));
}

/// What a signal takes: "from 0 to 100 %".
static void write_range(const struct program *program, size_t tag, struct writer *writer) {
    if (tag >= program->plant->signal_count) return;
    const struct plant_field *field = &program->plant->signals[tag]->field;
    write_limits(writer, &(struct scan_limits){field->range.low, field->range.high});
    if (field->unit.length > 0) write_text(writer, TEXT(" "));
    write_text(writer, field->unit);
}

static const struct scan_field *argument_of(const struct program *program, struct scan_reason reason) {
    const struct scan_kind *kind = program->modules[reason.module].kind;
    size_t method = reason.detail >> 8, argument = reason.detail & 0xFF;
    if (method >= kind->method_count || argument >= kind->methods[method].input_count) return NULL;
    return &kind->methods[method].inputs[argument];
}

/// "actuator_start, actuator_stop, actuator_reset"
static void write_controls(const struct program *program, struct text place, struct writer *writer) {
    bool buttons = text_is(place, "buttons"), first = true;
    if (!buttons && !text_is(place, "switches")) return;
    for (size_t i = 0; i < program->plant->element_count; i++) {
        const struct plant_element *element = program->plant->elements[i];
        bool fits = buttons ? text_is(element->role, "Button")
                            : text_is(element->role, "Switch") || text_is(element->role, "EmergencyStop");
        if (element->kind != PLANT_CORE_MODULE || !fits) continue;
        if (!first) write_text(writer, TEXT(", "));
        write_text(writer, element->name);
        first = false;
    }
}

static void write_sentence(const struct program *program, struct scan_reason reason, struct writer *writer, bool cause);

/// One {place} of a sentence.
static void write_place(const struct program *program, struct scan_reason reason, struct text place,
                        struct writer *writer, bool cause) {
    if (text_is(place, "cause") && !cause) {
        write_sentence(program, (struct scan_reason){.id = reason.detail, .module = reason.module}, writer, true);
        return;
    }
    write_controls(program, place, writer);
    if (text_is(place, "interlock") && reason.detail < program->scan.interlock_count)
        write_text(writer, program->interlocks[reason.detail]);
    if (reason.module >= program->scan.module_count) return;
    if (text_is(place, "module")) write_text(writer, below_station(program, program->modules[reason.module].path));
    if (text_is(place, "range")) write_range(program, reason.detail, writer);
    const struct scan_field *argument = argument_of(program, reason);
    if (argument == NULL) return;
    if (text_is(place, "argument")) write_text(writer, text_of(argument->name));
    if (text_is(place, "type")) write_text(writer, text_of(value_type_name(argument->type)));
    if (text_is(place, "limits")) {
        const struct scan_limits *limits = program->scan.modules[reason.module].limits;
        write_limits(writer, &limits[(reason.detail >> 8) * SCAN_ARGUMENTS_MAX + (reason.detail & 0xFF)]);
    }
}

static void write_sentence(const struct program *program, struct scan_reason reason, struct writer *writer,
                           bool cause) {
    struct text rest = text_of(scan_reason_sentence((enum scan_reason_id)reason.id));
    while (rest.length > 0) {
        const char *open = memchr(rest.data, '{', rest.length);
        size_t plain = open == NULL ? rest.length : (size_t)(open - rest.data);
        write_text(writer, (struct text){rest.data, plain});
        if (open == NULL) return;
        rest = text_from(rest, plain + 1);
        struct text place;
        if (text_split(&rest, '}', &place)) write_place(program, reason, place, writer, cause);
    }
}

void program_reason_text(const struct program *program, struct scan_reason reason,
                         char ret_text[static PROGRAM_TEXT_BYTES]) {
    ret_text[0] = '\0';
    struct writer writer = {.text = ret_text};
    write_sentence(program, reason, &writer, false);
}

static struct text string_value(const struct program *program, const struct program_tag *tag, union scan_value value,
                                char buffer[static PROGRAM_TEXT_BYTES]) {
    const char *const *names = tag->variable == NULL ? NULL : tag->variable->names;
    if (names == NULL) {
        program_reason_text(program, value.reason, buffer);
        return text_of(buffer);
    }
    for (uint32_t i = 0; names[i] != NULL; i++) {
        if (i == value.name) return text_of(names[i]);
    }
    return TEXT_EMPTY;
}

struct value program_value(const struct program *program, uint32_t tag, union scan_value value,
                           char buffer[static PROGRAM_TEXT_BYTES]) {
    const struct program_tag *entry = &program->tags[tag];
    struct value out = {.type = entry->type};
    switch (entry->type) {
    case VALUE_BOOL: out.boolean = value.boolean; break;
    case VALUE_INT32: out.int32 = value.int32; break;
    case VALUE_UINT16: out.uint16 = value.uint16; break;
    case VALUE_UINT32: out.uint32 = value.uint32; break;
    case VALUE_DOUBLE: out.real = value.real; break;
    case VALUE_STRING: out.string = string_value(program, entry, value, buffer); break;
    case VALUE_NULL: break;
    }
    return out;
}

// ---------------------------------------------------------------- events

static const struct {
    const char *name;
    uint16_t severity;
    const char *message;
} events[] = {
#define X(id, name_of_id, severity_of_id, message_of_id) {name_of_id, severity_of_id, message_of_id},
    SCAN_EVENT_TABLE(X)
#undef X
};

/// The class of the module says it in the plant's words; else the controller's class.
static const struct plant_event *modelled(const struct program *program, const struct program_module *module,
                                          struct text name) {
    const struct plant_event *event = NULL;
    if (module->element != NULL) event = plant_class_event(module->element->class, name);
    if (event == NULL) event = plant_class_event(program->plant->controller->class, name);
    return event;
}

void program_event_text(const struct program *program, const struct scan_event *event,
                        struct program_event *ret_event) {
    const struct program_module *module = &program->modules[event->module];
    struct text name = text_of(events[event->id].name);
    const struct plant_event *model = modelled(program, module, name);
    *ret_event = (struct program_event){
        .source = below_station(program, module->path),
        .name = name,
        .severity = model == NULL ? events[event->id].severity : model->severity,
    };
    struct writer writer = {.text = ret_event->message};
    write_text(&writer, model == NULL ? text_of(events[event->id].message) : model->message);
    if (!scan_refused(event->reason)) return;
    write_text(&writer, TEXT(": "));
    write_sentence(program, event->reason, &writer, false);
}
