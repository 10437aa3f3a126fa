#include "html.h"

#include "channels.h"

#include <stdlib.h>

void html_safe_state(const struct plant_signal *signal, struct buffer *out) {
    static const char *const words[] = {[SAFE_FALSE] = "off", [SAFE_TRUE] = "on", [SAFE_HOLD] = "as it was"};
    if (signal->field.type == VALUE_BOOL || signal->safe_state == SAFE_HOLD)
        buffer_string(out, words[signal->safe_state]);
    else
        buffer_print(out, "%g %.*s", signal->safe_value, TEXT_ARG(signal->field.unit));
}

/// A cell with what `put` gives.
#define CELL(out, put)                                                                                                 \
    do {                                                                                                               \
        CLEANUP(buffer_clear) struct buffer cell_ = {0};                                                               \
        put;                                                                                                           \
        if (cell_.failed) (out)->failed = true;                                                                        \
        html_cell(out, buffer_view(&cell_));                                                                           \
    } while (0)

static void put_kind(struct buffer *out, const struct plant_field *field) {
    buffer_string(out, value_type_name(field->type));
    if (field->unit.length > 0) buffer_print(out, ", %.*s", TEXT_ARG(field->unit));
    if (field->range.given) buffer_print(out, ", %g to %g", field->range.low, field->range.high);
    for (size_t i = 0; i < field->name_count; i++)
        buffer_print(out, "%s%.*s", i == 0 ? ": " : ", ", TEXT_ARG(field->names[i]));
}

static void put_source(struct buffer *out, const struct leaf *leaf) {
    const struct plant_signal *signal = leaf->signal;
    if (signal == NULL) {
        buffer_string(out, leaf->element == NULL ? "the simulation" : "the controller");
        return;
    }
    buffer_print(out, "%s %.*s at %u.%u", signal->actuator ? "output" : "input", TEXT_ARG(signal->channel->name),
                 signal->channel->byte, signal->channel->bit);
    if (signal->inverted) buffer_string(out, ", inverted");
}

static void put_wishes(struct buffer *out, const struct plant_signal *signal) {
    if (signal == NULL) return;
    if (signal->on_true.length > 0) buffer_print(out, "true: %.*s", TEXT_ARG(signal->on_true));
    if (signal->on_false.length > 0)
        buffer_print(out, "%sfalse: %.*s", out->length > 0 ? "; " : "", TEXT_ARG(signal->on_false));
}

static void put_value_rows(const struct thing *thing, bool statistics, struct buffer *out) {
    for (size_t i = 0; i < thing->leaf_count; i++) {
        const struct leaf *leaf = &thing->leaves[i];
        if (is_statistic(leaf->field) != statistics) continue;
        buffer_string(out, "<tr>");
        html_code_cell(out, leaf->path);
        CELL(out, put_kind(&cell_, leaf->field));
        CELL(out, put_source(&cell_, leaf));
        bool own = leaf->field->description.length > 0 || leaf->element == NULL;
        html_cell(out, own ? leaf->field->description : leaf->element->display_name);
        CELL(out, put_wishes(&cell_, leaf->signal));
        buffer_string(out, "</tr>\n");
    }
}

static void put_values(const struct thing *thing, struct buffer *out) {
    static const char *const heads[] = {"value in the twin", "type", "of", "what it is", "a wish calls", NULL};
    size_t statistics = 0;
    for (size_t i = 0; i < thing->leaf_count; i++) statistics += is_statistic(thing->leaves[i].field);
    if (thing->leaf_count > statistics) {
        html_head(out, heads);
        put_value_rows(thing, false, out);
        html_tail(out);
    }
    if (statistics == 0) return;
    buffer_print(out, "<details><summary>Times of the scan in detail: %zu values</summary>\n", statistics);
    html_head(out, heads);
    put_value_rows(thing, true, out);
    html_tail(out);
    buffer_string(out, "</details>\n");
}

static void put_fields(struct buffer *out, const struct plant_field *fields, size_t count) {
    for (size_t i = 0; i < count; i++) {
        buffer_print(out, "%s%.*s: ", i == 0 ? "" : "; ", TEXT_ARG(fields[i].name));
        put_kind(out, &fields[i]);
        if (fields[i].description.length > 0) buffer_print(out, " (%.*s)", TEXT_ARG(fields[i].description));
    }
}

static void put_calls(const struct thing *thing, struct buffer *out) {
    static const char *const heads[] = {"method", "takes", "gives", "what it does", NULL};
    if (thing->call_count == 0) return;
    html_head(out, heads);
    for (size_t i = 0; i < thing->call_count; i++) {
        const struct call *call = &thing->calls[i];
        buffer_string(out, "<tr>");
        html_code_cell(out, call->path);
        CELL(out, put_fields(&cell_, call->method->inputs, call->method->input_count));
        CELL(out, put_fields(&cell_, call->method->outputs, call->method->output_count); if (call->commanding)
                 buffer_string(&cell_, cell_.length > 0 ? "; the reason of a refusal" : "the reason of a refusal"));
        html_cell(out, call->method->description);
        buffer_string(out, "</tr>\n");
    }
    html_tail(out);
}

// ---------------------------------------------------------------- events

struct raised {
    const struct plant_element *by;
    const struct plant_event *event;
    size_t place; // in the model
};

static int by_severity(const void *a, const void *b) {
    const struct raised *one = a, *other = b;
    if (one->event->severity != other->event->severity) return one->event->severity > other->event->severity ? -1 : 1;
    return one->place < other->place ? -1 : one->place > other->place;
}

/// Of all elements; with `list` NULL only their number.
static size_t collect_events(const struct plant *plant, struct raised *list) {
    size_t count = 0;
    for (size_t i = 0; i < plant->element_count; i++) {
        const struct plant_element *element = plant->elements[i];
        if (!is_in_twin(element)) continue;
        for (const struct plant_class *class = element->class; class != NULL; class = class->base)
            for (size_t k = 0; k < class->event_count; k++, count++)
                if (list != NULL) list[count] = (struct raised){element, &class->events[k], count};
    }
    return count;
}

void html_events(const struct plant *plant, struct buffer *out) {
    static const char *const heads[] = {"severity", "message", "raised by", "designation", "where", "event", NULL};
    size_t count = collect_events(plant, NULL);
    CLEANUP(free_at) struct raised *list = calloc(count + 1, sizeof *list);
    if (list == NULL) {
        out->failed = true;
        return;
    }
    collect_events(plant, list);
    qsort(list, count, sizeof *list, by_severity);
    html_head(out, heads);
    for (size_t i = 0; i < count; i++) {
        const struct plant_element *by = list[i].by;
        buffer_string(out, "<tr>");
        CELL(out, buffer_print(&cell_, "%u", list[i].event->severity));
        html_cell(out, list[i].event->message);
        html_name_cell(by, out);
        html_cell(out, plant_attribute(by, TEXT("Bmk")));
        html_code_cell(out, path_in_station(plant, by));
        html_code_cell(out, list[i].event->name);
        buffer_string(out, "</tr>\n");
    }
    html_tail(out);
}

// ---------------------------------------------------------------- modules

/// What is said of the element or its class, not of a class that others share.
static struct text own_description(const struct plant_element *element) {
    const struct plant_class *class = element->class;
    if (class == NULL || class->base == NULL) return element->description;
    bool inherited = text_equal(element->description, class->base->description);
    return inherited ? TEXT_EMPTY : element->description;
}

/// "Timeout 3 s; TravelTime 1 s"
static void put_parameters(const struct plant_element *element, struct buffer *out) {
    for (const struct plant_class *class = element->class; class != NULL; class = class->base) {
        for (size_t i = 0; i < class->parameter_count; i++) {
            const struct plant_field *field = &class->parameters[i];
            struct text value = plant_attribute(element, field->name);
            if (value.length == 0) continue;
            buffer_print(out, "%s%.*s %.*s", out->length > 0 ? "; " : "", TEXT_ARG(field->name), TEXT_ARG(value));
            if (field->unit.length > 0) buffer_print(out, " %.*s", TEXT_ARG(field->unit));
        }
    }
}

static void put_modules(const struct plant *plant, const struct thing *thing, struct buffer *out) {
    static const char *const heads[] = {"module", "name", "designation", "class", "what it is", "parameters", NULL};
    html_head(out, heads);
    for (size_t i = 0; i < plant->element_count; i++) {
        const struct plant_element *element = plant->elements[i];
        if (element->thing != thing->element || element == thing->element) continue;
        buffer_string(out, "<tr>");
        html_code_cell(out, path_in_thing(element));
        html_name_cell(element, out);
        html_cell(out, plant_attribute(element, TEXT("Bmk")));
        html_cell(out, element->class == NULL ? element->role : element->class->name);
        html_cell(out, own_description(element));
        CELL(out, put_parameters(element, &cell_));
        buffer_string(out, "</tr>\n");
    }
    html_tail(out);
}

void html_thing(const struct plant *plant, const struct thing *thing, struct buffer *out) {
    buffer_string(out, "<h2 id=\"");
    markup_text(out, thing->name);
    buffer_string(out, "\">");
    markup_text(out, thing->display_name);
    buffer_string(out, " <code class=\"dim\">");
    markup_text(out, thing->name);
    buffer_string(out, "</code></h2>\n");
    struct text description = thing->element != NULL ? thing->element->description : thing->class->description;
    if (description.length > 0) markup_element(out, "p", description);
    if (thing->element != NULL && thing->element->child_count > 0) put_modules(plant, thing, out);
    put_values(thing, out);
    put_calls(thing, out);
}

/// "Level of the storage: value, 0 to 200 l as 4000 to 20000, inverted"
static void put_signal_words(const struct plant_signal *signal, struct buffer *out) {
    html_put_name(signal->module, out);
    buffer_print(out, ": %.*s", TEXT_ARG(signal->name));
    const struct plant_range *range = &signal->field.range;
    if (range->given) buffer_print(out, ", %g to %g %.*s", range->low, range->high, TEXT_ARG(signal->field.unit));
    if (signal->scaling.given) buffer_print(out, " as %g to %g", signal->scaling.raw_low, signal->scaling.raw_high);
    if (signal->inverted) buffer_string(out, ", inverted");
}

static void put_wire(const struct plant *plant, const struct plant_channel *channel, struct buffer *out) {
    const struct plant_signal *signal = channel->signal;
    buffer_print(out, "<tr%s>", signal == NULL ? " class=\"dim\"" : "");
    CELL(out, buffer_print(&cell_, "%u.%u", channel->byte, channel->bit));
    html_cell(out, channel->output ? TEXT("output") : TEXT("input"));
    CELL(out, buffer_print(&cell_, "%u", channel->bits));
    html_code_cell(out, channel->module->name);
    html_code_cell(out, channel->name);
    if (signal == NULL)
        html_cell(out, TEXT("spare"));
    else
        CELL(out, put_signal_words(signal, &cell_));
    html_cell(out, signal == NULL ? TEXT_EMPTY : plant_attribute(signal->module, TEXT("Bmk")));
    buffer_string(out, "<td><code>");
    if (signal != NULL) {
        markup_text(out, path_in_station(plant, signal->module));
        buffer_byte(out, '/');
        markup_text(out, signal->twin_path);
    }
    buffer_string(out, "</code></td>");
    html_cell(out, channel->description);
    buffer_string(out, "</tr>\n");
}

void html_wires(const struct plant *plant, struct buffer *out) {
    static const char *const heads[] = {"address", "direction",   "bits",  "terminal", "channel",
                                        "goes to", "designation", "where", "note",     NULL};
    size_t count;
    CLEANUP(free_at) const struct plant_channel **channels = channels_in_order(plant, &count);
    if (channels == NULL) {
        out->failed = true;
        return;
    }
    html_head(out, heads);
    for (size_t i = 0; i < count; i++) put_wire(plant, channels[i], out);
    html_tail(out);
}
