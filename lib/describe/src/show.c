// The plant for people and for programs that want none of the other formats: what `splc model show` prints.

#include "channels.h"
#include "inventory.h"
#include "schema.h"

// ---------------------------------------------------------------- text

static void put_fields(struct buffer *out, const struct plant_field *fields, size_t count) {
    for (size_t i = 0; i < count; i++) {
        buffer_print(out, "%s%.*s: %s", i == 0 ? "" : ", ", TEXT_ARG(fields[i].name), value_type_name(fields[i].type));
        if (fields[i].range.given) buffer_print(out, " %g..%g", fields[i].range.low, fields[i].range.high);
    }
}

static void put_call_line(struct buffer *out, const struct call *call) {
    buffer_print(out, "    %.*s(", TEXT_ARG(call->path));
    put_fields(out, call->method->inputs, call->method->input_count);
    buffer_string(out, ")");
    if (call->method->output_count > 0) {
        buffer_string(out, " -> ");
        put_fields(out, call->method->outputs, call->method->output_count);
    }
    buffer_byte(out, '\n');
}

static void put_signal_facts(struct buffer *out, const struct plant *plant, const struct plant_signal *signal) {
    const struct plant_channel *channel = signal->channel;
    buffer_print(out, "%s %.*s/%.*s %u.%u", signal->actuator ? "output" : "input ",
                 TEXT_ARG(path_in_station(plant, channel->module)), TEXT_ARG(channel->name), channel->byte,
                 channel->bit);
    if (signal->inverted) buffer_string(out, ", inverted");
    const struct plant_range *range = &signal->field.range;
    if (range->given) buffer_print(out, ", %g..%g", range->low, range->high);
    if (signal->field.unit.length > 0)
        buffer_print(out, "%s%.*s", range->given ? " " : ", ", TEXT_ARG(signal->field.unit));
    if (signal->scaling.given) buffer_print(out, ", raw %g..%g", signal->scaling.raw_low, signal->scaling.raw_high);
    if (!signal->actuator) return;
    char safe[SAFE_STATE_BYTES];
    buffer_print(out, ", safe: %s", safe_state_text(signal, safe));
    if (signal->on_true.length > 0) buffer_print(out, ", true: %.*s", TEXT_ARG(signal->on_true));
    if (signal->on_false.length > 0) buffer_print(out, ", false: %.*s", TEXT_ARG(signal->on_false));
}

static void put_leaf_line(struct buffer *out, const struct plant *plant, const struct leaf *leaf) {
    buffer_print(out, "    %-44.*s %-7s  ", TEXT_ARG(leaf->path), value_type_name(leaf->field->type));
    if (leaf->signal != NULL) {
        put_signal_facts(out, plant, leaf->signal);
    } else {
        buffer_string(out, "computed");
        if (leaf->field->unit.length > 0) buffer_print(out, ", %.*s", TEXT_ARG(leaf->field->unit));
        if (leaf->field->range.given) buffer_print(out, ", %g..%g", leaf->field->range.low, leaf->field->range.high);
        for (size_t i = 0; i < leaf->field->name_count; i++)
            buffer_print(out, "%s%.*s", i == 0 ? ": " : " | ", TEXT_ARG(leaf->field->names[i]));
    }
    buffer_byte(out, '\n');
}

static void put_interlocks(struct buffer *out, const struct plant_element *element) {
    enum { INTERLOCKS_MAX = 64 }; // the edge takes 32
    struct text names[INTERLOCKS_MAX];
    size_t count = plant_members(element, TEXT("Interlocks"), names, INTERLOCKS_MAX);
    for (size_t i = 0; i < count; i++) {
        CLEANUP(buffer_clear) struct buffer path = {0};
        buffer_print(&path, "Interlocks/%.*s", TEXT_ARG(names[i]));
        if (path.failed) out->failed = true;
        struct text condition = plant_attribute(element, buffer_view(&path));
        buffer_print(out, "    interlock %.*s: %.*s\n", TEXT_ARG(names[i]), TEXT_ARG(condition));
    }
}

static void put_thing_lines(struct buffer *out, const struct plant *plant, const struct thing *thing) {
    buffer_print(out, "\n%.*s  \"%.*s\"%s\n", TEXT_ARG(thing->name), TEXT_ARG(thing->display_name),
                 thing->element != NULL && thing->element == plant->controller ? ", the controller" : "");
    for (size_t i = 0; i < plant->element_count && thing->element != NULL; i++) {
        const struct plant_element *element = plant->elements[i];
        if (element->thing != thing->element || element == thing->element) continue;
        struct text designation = plant_attribute(element, TEXT("Bmk"));
        buffer_print(out, "  %.*s  %.*s%s%.*s \"%.*s\"", TEXT_ARG(path_in_thing(element)), TEXT_ARG(element->role),
                     designation.length > 0 ? " " : "", TEXT_ARG(designation), TEXT_ARG(element->display_name));
        if (element->channel_count > 0) buffer_print(out, ", %zu channels", element->channel_count);
        buffer_byte(out, '\n');
        put_interlocks(out, element);
    }
    for (size_t i = 0; i < thing->leaf_count; i++) put_leaf_line(out, plant, &thing->leaves[i]);
    for (size_t i = 0; i < thing->call_count; i++) put_call_line(out, &thing->calls[i]);
}

void describe_tree(const struct plant *plant, const struct describe_options *options, struct buffer *out) {
    CLEANUP(inventory_destroy_at) struct inventory *inventory = inventory_create(plant, options);
    if (inventory == NULL) {
        out->failed = true;
        return;
    }
    buffer_print(out, "%.*s  \"%.*s\"", TEXT_ARG(plant->station->name), TEXT_ARG(plant->station->display_name));
    if (plant->version.length > 0) buffer_print(out, ", version %.*s", TEXT_ARG(plant->version));
    buffer_print(out, "\n  namespace %.*s\n  %zu elements, %zu signals, %zu classes\n", TEXT_ARG(plant->namespace_uri),
                 plant->element_count, plant->signal_count, plant->class_count);
    for (size_t i = 0; i < inventory->thing_count; i++) put_thing_lines(out, plant, &inventory->things[i]);
}

// ---------------------------------------------------------------- JSON

static void put_channel(struct json_writer *writer, const struct plant *plant, const struct plant_channel *channel) {
    json_key(writer, "channel");
    json_open_object(writer);
    put_text_member(writer, "module", path_in_station(plant, channel->module));
    put_text_member(writer, "name", channel->name);
    json_key(writer, "byte");
    json_put_unsigned(writer, channel->byte);
    json_key(writer, "bit");
    json_put_unsigned(writer, channel->bit);
    json_key(writer, "bits");
    json_put_unsigned(writer, channel->bits);
    json_close_object(writer);
}

static void put_signal(struct json_writer *writer, const struct plant *plant, const struct plant_signal *signal) {
    put_member(writer, "kind", signal->actuator ? "output" : "input");
    json_key(writer, "inverted");
    json_put_bool(writer, signal->inverted);
    put_channel(writer, plant, signal->channel);
    if (signal->scaling.given) {
        json_key(writer, "rawLow");
        json_put_real(writer, signal->scaling.raw_low);
        json_key(writer, "rawHigh");
        json_put_real(writer, signal->scaling.raw_high);
    }
    if (!signal->actuator) return;
    char safe[SAFE_STATE_BYTES];
    put_member(writer, "safeState", safe_state_text(signal, safe));
    put_text_member(writer, "onTrue", signal->on_true);
    put_text_member(writer, "onFalse", signal->on_false);
}

static void put_kind(struct json_writer *writer, enum value_type type, struct text unit,
                     const struct plant_range *range) {
    put_member(writer, "type", value_type_name(type));
    put_text_member(writer, "unit", unit);
    if (!range->given) return;
    json_key(writer, "low");
    json_put_real(writer, range->low);
    json_key(writer, "high");
    json_put_real(writer, range->high);
}

static void put_leaf(struct json_writer *writer, const struct plant *plant, const struct leaf *leaf) {
    json_open_object(writer);
    put_text_member(writer, "path", leaf->path);
    put_kind(writer, leaf->field->type, leaf->field->unit, &leaf->field->range);
    put_text_member(writer, "description", leaf->field->description);
    if (leaf->signal != NULL)
        put_signal(writer, plant, leaf->signal);
    else
        put_member(writer, "kind", "variable");
    json_close_object(writer);
}

static void put_arguments(struct json_writer *writer, const char *key, const struct plant_field *fields, size_t count) {
    json_key(writer, key);
    json_open_array(writer);
    for (size_t i = 0; i < count; i++) {
        json_open_object(writer);
        put_text_member(writer, "name", fields[i].name);
        put_kind(writer, fields[i].type, fields[i].unit, &fields[i].range);
        put_text_member(writer, "description", fields[i].description);
        json_close_object(writer);
    }
    json_close_array(writer);
}

static void put_call(struct json_writer *writer, const struct call *call) {
    json_open_object(writer);
    put_text_member(writer, "path", call->path);
    put_text_member(writer, "description", call->method->description);
    put_arguments(writer, "inputs", call->method->inputs, call->method->input_count);
    put_arguments(writer, "outputs", call->method->outputs, call->method->output_count);
    json_close_object(writer);
}

static void put_thing(struct json_writer *writer, const struct plant *plant, const struct thing *thing) {
    json_open_object(writer);
    put_text_member(writer, "name", thing->name);
    put_text_member(writer, "displayName", thing->display_name);
    if (thing->class != NULL) put_text_member(writer, "class", thing->class->name);
    json_key(writer, "controller");
    json_put_bool(writer, thing->element != NULL && thing->element == plant->controller);
    json_key(writer, "values");
    json_open_array(writer);
    for (size_t i = 0; i < thing->leaf_count; i++) put_leaf(writer, plant, &thing->leaves[i]);
    json_close_array(writer);
    json_key(writer, "methods");
    json_open_array(writer);
    for (size_t i = 0; i < thing->call_count; i++) put_call(writer, &thing->calls[i]);
    json_close_array(writer);
    json_close_object(writer);
}

void describe_json(const struct plant *plant, const struct describe_options *options, struct buffer *out) {
    CLEANUP(inventory_destroy_at) struct inventory *inventory = inventory_create(plant, options);
    if (inventory == NULL) {
        out->failed = true;
        return;
    }
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    put_text_member(&writer, "station", plant->station->name);
    put_text_member(&writer, "displayName", plant->station->display_name);
    put_text_member(&writer, "version", plant->version);
    put_text_member(&writer, "namespaceUri", plant->namespace_uri);
    json_key(&writer, "things");
    json_open_array(&writer);
    for (size_t i = 0; i < inventory->thing_count; i++) put_thing(&writer, plant, &inventory->things[i]);
    json_close_array(&writer);
    json_close_object(&writer);
    buffer_byte(out, '\n');
}
