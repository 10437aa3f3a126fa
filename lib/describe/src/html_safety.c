// What keeps the plant safe, and what is left when a part of it is lost: local controls, interlocks, limits of the
// process, safe states. All of it is derived from the model; the rules behind it stand in docs/spec/edge.md.

#include "html.h"

#include <string.h>

// ---------------------------------------------------------------- local controls

/// Buttons that the controller itself answers, and emergency stops: they work with nothing above the edge.
static const char *local_control(const struct plant_element *element) {
    struct text function = plant_attribute(element, TEXT("Function"));
    if (plant_has_role(element, TEXT("EmergencyStop"))) return "safe state at once, latched; nothing stands in for it";
    if (text_is(function, "reset"))
        return "leaves the safe state when its cause is gone, clears faults; starts no motion";
    if (text_is(function, "stop"))
        return "safe state while nobody holds the control authority; otherwise told to whoever holds it";
    return NULL;
}

void html_local_controls(const struct plant *plant, struct buffer *out) {
    static const char *const heads[] = {"control", "designation", "where", "what it does, with nothing above the edge",
                                        NULL};
    html_head(out, heads);
    for (size_t i = 0; i < plant->element_count; i++) {
        const struct plant_element *element = plant->elements[i];
        const char *does = local_control(element);
        if (does == NULL) continue;
        buffer_string(out, "<tr>");
        html_name_cell(element, out);
        html_cell(out, plant_attribute(element, TEXT("Bmk")));
        html_code_cell(out, path_in_station(plant, element));
        html_cell(out, text_of(does));
        buffer_string(out, "</tr>\n");
    }
    html_tail(out);
}

// ---------------------------------------------------------------- interlocks

enum { INTERLOCKS_MAX = 64 }; // of a module; the edge takes 32

/// "level/value": the module whose place the path begins with, below the thing or below the station, and the rest.
static const struct plant_element *looked_at(const struct plant *plant, const struct plant_element *element,
                                             struct text path, struct text *ret_rest) {
    const struct plant_element *found = NULL;
    for (size_t i = 0; i < plant->element_count; i++) {
        const struct plant_element *other = plant->elements[i];
        if (!is_in_twin(other)) continue;
        struct text places[] = {path_in_station(plant, other), path_in_thing(other)};
        for (size_t p = 0; p < (other->thing == element->thing ? 2 : 1); p++) {
            bool begins = places[p].length > 0 && text_starts_with(path, places[p]) && path.length > places[p].length &&
                          path.data[places[p].length] == '/';
            if (!begins || (found != NULL && found->path.length >= other->path.length)) continue;
            found = other;
            *ret_rest = text_from(path, places[p].length + 1);
        }
    }
    return found;
}

static const struct plant_signal *signal_at(const struct plant_element *element, struct text twin_path) {
    for (size_t i = 0; i < element->signal_count; i++)
        if (text_equal(element->signals[i]->twin_path, twin_path)) return element->signals[i];
    return NULL;
}

bool html_looks_at(const struct plant *plant, const struct plant_element *element,
                   const struct plant_element *terminal) {
    struct text names[INTERLOCKS_MAX];
    size_t count = plant_members(element, TEXT("Interlocks"), names, INTERLOCKS_MAX);
    for (size_t i = 0; i < count; i++) {
        CLEANUP(buffer_clear) struct buffer place = {0};
        buffer_print(&place, "Interlocks/%.*s", TEXT_ARG(names[i]));
        struct text rest = plant_attribute(element, buffer_view(&place)), path, what = TEXT_EMPTY;
        text_split(&rest, ' ', &path);
        const struct plant_element *other = looked_at(plant, element, path, &what);
        const struct plant_signal *signal = other == NULL ? NULL : signal_at(other, what);
        if (signal != NULL && signal->channel->module == terminal) return true;
    }
    return false;
}

static struct text unit_of(const struct plant_element *sensor) {
    const struct plant_signal *value = signal_at(sensor, TEXT("value"));
    return value == NULL ? TEXT_EMPTY : value->field.unit;
}

/// "HH" of a sensor's alarm: " (195 l or more)".
static void put_limit(const struct plant_element *sensor, struct text word, struct buffer *out) {
    CLEANUP(buffer_clear) struct buffer name = {0};
    buffer_print(&name, "Limit%.*s", TEXT_ARG(word));
    struct text limit = plant_attribute(sensor, buffer_view(&name));
    if (limit.length == 0) return;
    bool high = text_starts_with(word, TEXT("H"));
    buffer_print(out, " (%.*s %.*s or %s)", TEXT_ARG(limit), TEXT_ARG(unit_of(sensor)), high ? "more" : "less");
}

/// "level/Alarm is HH" in words: "Level of the storage: alarm HH (195 l or more)".
static void put_condition(const struct plant *plant, const struct plant_element *element, struct text condition,
                          struct buffer *out) {
    struct text rest = condition, path, what = TEXT_EMPTY;
    text_split(&rest, ' ', &path);
    const struct plant_element *other = looked_at(plant, element, path, &what);
    if (other == NULL) return buffer_text(out, condition);
    const struct plant_signal *signal = signal_at(other, what);
    html_put_name(other, out);
    bool alarm =
        text_is(what, "Alarm") && text_starts_with(rest, TEXT("is ")) && !text_starts_with(rest, TEXT("is not"));
    if (alarm) {
        struct text word = text_from(rest, 3);
        buffer_print(out, ": alarm %.*s", TEXT_ARG(word));
        return put_limit(other, word, out);
    }
    if (!text_is(what, "value")) buffer_print(out, ": %.*s", TEXT_ARG(what));
    buffer_print(out, " %.*s", TEXT_ARG(rest));
    if (signal != NULL && signal->field.unit.length > 0) buffer_print(out, " %.*s", TEXT_ARG(signal->field.unit));
}

static void put_outputs(const struct plant_element *element, struct buffer *out) {
    for (size_t i = 0; i < element->signal_count; i++) {
        const struct plant_signal *signal = element->signals[i];
        if (!signal->actuator) continue;
        buffer_print(out, "%s%.*s: ", out->length > 0 ? "; " : "", TEXT_ARG(signal->name));
        html_safe_state(signal, out);
    }
}

static void put_interlock_row(const struct plant *plant, const struct plant_element *element, const char *name,
                              struct text words, struct text condition, struct text follows, struct buffer *out) {
    buffer_string(out, "<tr>");
    html_name_cell(element, out);
    html_code_cell(out, path_in_station(plant, element));
    html_cell(out, text_of(name));
    buffer_string(out, "<td>");
    markup_text(out, words);
    if (condition.length > 0) {
        buffer_string(out, "<br/><code class=\"dim\">");
        markup_text(out, condition);
        buffer_string(out, "</code>");
    }
    buffer_string(out, "</td>");
    html_cell(out, follows);
    buffer_string(out, "</tr>\n");
}

static size_t put_stated(const struct plant *plant, const struct plant_element *element, struct buffer *out) {
    struct text names[INTERLOCKS_MAX];
    size_t count = plant_members(element, TEXT("Interlocks"), names, INTERLOCKS_MAX);
    for (size_t i = 0; i < count; i++) {
        CLEANUP(buffer_clear) struct buffer path = {0}, name = {0}, words = {0}, outputs = {0};
        buffer_print(&path, "Interlocks/%.*s", TEXT_ARG(names[i]));
        buffer_text(&name, names[i]);
        struct text condition = plant_attribute(element, buffer_view(&path));
        put_condition(plant, element, condition, &words);
        put_outputs(element, &outputs);
        if (path.failed || name.failed || words.failed || outputs.failed) out->failed = true;
        put_interlock_row(plant, element, name.data == NULL ? "" : name.data, buffer_view(&words), condition,
                          buffer_view(&outputs), out);
    }
    return count;
}

/// What the program of a role does of itself ([edge-3.1], [edge-6.5]).
static void put_built_in(const struct plant *plant, const struct plant_element *element, struct buffer *out) {
    static const struct {
        const char *role, *name, *words, *follows;
    } rules[] = {
        {"PneumaticCylinder", "opposite outputs", "both valves are asked for",
         "extend and retract are never on together"},
        {"Motor", "opposite outputs", "both directions are asked for", "right and left are never on together"},
        {"EmergencyStop", "emergency stop", "it is pressed, or its input cannot be read",
         "every output of the station has its safe state, latched until a reset"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (plant_has_role(element, text_of(rules[i].role)))
            put_interlock_row(plant, element, rules[i].name, text_of(rules[i].words), TEXT_EMPTY,
                              text_of(rules[i].follows), out);
}

size_t html_interlocks(const struct plant *plant, struct buffer *out) {
    static const char *const heads[] = {"module", "where", "interlock", "while", "it has", NULL};
    size_t count = 0;
    html_head(out, heads);
    for (size_t i = 0; i < plant->element_count; i++) {
        if (plant->elements[i]->kind != PLANT_CORE_MODULE) continue;
        put_built_in(plant, plant->elements[i], out);
        count += put_stated(plant, plant->elements[i], out);
    }
    html_tail(out);
    return count;
}

// ---------------------------------------------------------------- limits of the process

static void put_limits_row(const struct plant *plant, const struct plant_element *sensor, struct buffer *out) {
    static const char *const limits[] = {"LimitLL", "LimitL", "LimitH", "LimitHH", "Hysteresis", "AlarmDelay"};
    const struct plant_signal *value = signal_at(sensor, TEXT("value"));
    CLEANUP(buffer_clear) struct buffer range = {0};
    if (value != NULL && value->field.range.given)
        buffer_print(&range, "%g to %g", value->field.range.low, value->field.range.high);
    if (range.failed) out->failed = true;
    buffer_string(out, "<tr>");
    html_name_cell(sensor, out);
    html_cell(out, plant_attribute(sensor, TEXT("Bmk")));
    html_code_cell(out, path_in_station(plant, sensor));
    html_cell(out, unit_of(sensor));
    html_cell(out, buffer_view(&range));
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        html_cell(out, plant_attribute(sensor, text_of(limits[i])));
    buffer_string(out, "</tr>\n");
}

bool html_has_limits(const struct plant *plant) {
    for (size_t i = 0; i < plant->element_count; i++)
        if (plant_has_role(plant->elements[i], TEXT("AnalogSensor"))) return true;
    return false;
}

void html_limits(const struct plant *plant, struct buffer *out) {
    static const char *const heads[] = {"measurement", "designation", "where", "unit",       "range",    "LL",
                                        "L",           "H",           "HH",    "hysteresis", "delay, s", NULL};
    html_head(out, heads);
    for (size_t i = 0; i < plant->element_count; i++)
        if (plant_has_role(plant->elements[i], TEXT("AnalogSensor"))) put_limits_row(plant, plant->elements[i], out);
    html_tail(out);
}

// ---------------------------------------------------------------- safe states

void html_safe_states(const struct plant *plant, struct buffer *out) {
    static const char *const heads[] = {"output", "designation", "where", "channel", "safe state", NULL};
    html_head(out, heads);
    for (size_t i = 0; i < plant->signal_count; i++) {
        const struct plant_signal *signal = plant->signals[i];
        if (!signal->actuator) continue;
        CLEANUP(buffer_clear) struct buffer safe = {0}, name = {0};
        html_safe_state(signal, &safe);
        html_put_name(signal->module, &name);
        buffer_print(&name, ": %.*s", TEXT_ARG(signal->name));
        if (safe.failed || name.failed) out->failed = true;
        buffer_string(out, "<tr>");
        html_cell(out, buffer_view(&name));
        html_cell(out, plant_attribute(signal->module, TEXT("Bmk")));
        buffer_string(out, "<td><code>");
        markup_text(out, path_in_station(plant, signal->module));
        buffer_byte(out, '/');
        markup_text(out, signal->twin_path);
        buffer_string(out, "</code></td>");
        html_code_cell(out, signal->channel->name);
        html_cell(out, buffer_view(&safe));
        buffer_string(out, "</tr>\n");
    }
    html_tail(out);
}
