// What a signal is besides its place: data type, unit, range, scaling, conditioning, substitute and safe state.
#include "data_type.h"
#include "plant.h"

#include <math.h>

double plant_scope_real(struct store *store, const struct scope *owner, struct text path, double otherwise) {
    struct scope attribute = scope_find(owner, path);
    struct text value;
    double number;
    if (!scope_value(&attribute, &value)) return otherwise;
    if (!text_to_real(text_trim(value), &number) && isfinite(number)) return number;
    if (!attribute.nodes[0]->bad)
        caex_error(&store->caex, attribute.nodes[0], "'%.*s' is not a number", TEXT_ARG(value));
    return otherwise;
}

double plant_scope_seconds(struct store *store, const struct scope *owner, const char *attribute) {
    double time_s = plant_scope_real(store, owner, text_of(attribute), 0);
    if (time_s >= 0) return time_s;
    caex_error(&store->caex, owner->nodes[0], "%s is %g s; a time is 0 or more", attribute, time_s);
    return 0;
}

static bool states(const struct scope *interface, const char *attribute) {
    struct scope found = scope_find(interface, text_of(attribute));
    struct text value;
    return scope_value(&found, &value);
}

static bool is_number(const struct plant_signal *signal) {
    return signal->field.type != VALUE_BOOL;
}

// ---------------------------------------------------------------- type, range, scaling

static enum value_type type_of(struct store *store, const struct scope *interface) {
    struct text name = scope_text(interface, TEXT("DataType"));
    const struct data_type *type = data_type_find(name);
    enum value_type value = type == NULL ? VALUE_NULL : data_type_value(type);
    if (value != VALUE_NULL && value != VALUE_STRING) return value;
    caex_error(&store->caex, interface->nodes[0],
               "a signal of DataType '%.*s' cannot be served; use xs:boolean, xs:int, xs:unsignedInt, "
               "xs:unsignedShort or xs:double",
               TEXT_ARG(name));
    return VALUE_BOOL;
}

static void read_range(struct store *store, const struct scope *interface, struct plant_signal *signal) {
    struct plant_range *range = &signal->field.range;
    range->low = plant_scope_real(store, interface, TEXT("Range/Low"), -INFINITY);
    range->high = plant_scope_real(store, interface, TEXT("Range/High"), INFINITY);
    range->given = isfinite(range->low) || isfinite(range->high);
    if (range->given && !(range->low < range->high))
        caex_error(&store->caex, interface->nodes[0], "Range from %g to %g: Low must be less than High", range->low,
                   range->high);
}

static void read_scaling(struct store *store, const struct scope *interface, struct plant_signal *signal) {
    struct plant_scaling *scaling = &signal->scaling;
    scaling->raw_low = plant_scope_real(store, interface, TEXT("Raw/Low"), NAN);
    scaling->raw_high = plant_scope_real(store, interface, TEXT("Raw/High"), NAN);
    scaling->raw_least = plant_scope_real(store, interface, TEXT("Raw/Least"), -INFINITY);
    scaling->raw_most = plant_scope_real(store, interface, TEXT("Raw/Most"), INFINITY);
    scaling->given = !isnan(scaling->raw_low) || !isnan(scaling->raw_high);
    const struct plant_range *range = &signal->field.range;
    bool ends = isfinite(range->low) && isfinite(range->high);
    if (scaling->given && (!ends || isnan(scaling->raw_low) || isnan(scaling->raw_high)))
        caex_error(&store->caex, interface->nodes[0],
                   "scaling needs all of Raw/Low, Raw/High, Range/Low and Range/High");
    else if (scaling->given && scaling->raw_low == scaling->raw_high)
        caex_error(&store->caex, interface->nodes[0], "Raw/Low and Raw/High are the same number, %g", scaling->raw_low);
    if (!(scaling->raw_least < scaling->raw_most))
        caex_error(&store->caex, interface->nodes[0], "Raw/Least must be less than Raw/Most");
}

// ---------------------------------------------------------------- inputs

static double milliseconds(struct store *store, const struct scope *interface, const char *attribute) {
    double time_ms = plant_scope_real(store, interface, text_of(attribute), 0);
    if (time_ms >= 0) return time_ms;
    caex_error(&store->caex, interface->nodes[0], "%s is %g ms; a time is 0 or more", attribute, time_ms);
    return 0;
}

static void read_substitute(struct store *store, const struct scope *interface, struct plant_signal *signal) {
    struct scope attribute = scope_enter(interface, TEXT("Substitute"));
    struct text word;
    if (!scope_value(&attribute, &word)) return;
    word = text_trim(word);
    signal->substitute = SUBSTITUTE_HOLD;
    if (text_is(word, "hold")) return;
    signal->substitute = SUBSTITUTE_VALUE;
    if (text_is(word, "zero") || (!is_number(signal) && text_is(word, "false"))) return;
    if (!is_number(signal) && text_is(word, "true"))
        signal->substitute_value = 1;
    else if (!is_number(signal) || text_to_real(word, &signal->substitute_value))
        caex_error(&store->caex, attribute.nodes[0], "Substitute '%.*s' is none of hold, zero, %s", TEXT_ARG(word),
                   is_number(signal) ? "a number" : "false, true");
}

static void read_input(struct store *store, const struct scope *interface, struct plant_signal *signal) {
    signal->debounce_ms = milliseconds(store, interface, "Debounce");
    signal->latch_ms = milliseconds(store, interface, "Latch");
    signal->stale_ms = milliseconds(store, interface, "StaleAfter");
    signal->deadband = plant_scope_real(store, interface, TEXT("Deadband"), 0);
    if (signal->deadband < 0)
        caex_error(&store->caex, interface->nodes[0], "Deadband is %g; it is 0 or more", signal->deadband);
    if (signal->debounce_ms > 0 && signal->latch_ms > 0)
        caex_error(&store->caex, interface->nodes[0],
                   "Debounce drops short pulses and Latch keeps them; remove one of them");
    read_substitute(store, interface, signal);
}

// ---------------------------------------------------------------- outputs

static enum plant_safe_state safe_state_of(struct store *store, const struct scope *interface) {
    static const struct {
        const char *word;
        enum plant_safe_state state;
    } rows[] = {{"false", SAFE_FALSE}, {"true", SAFE_TRUE}, {"hold", SAFE_HOLD}};
    struct scope attribute = scope_enter(interface, TEXT("SafeState"));
    struct text value = TEXT("false");
    if (!scope_value(&attribute, &value)) return SAFE_FALSE;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (text_is(value, rows[i].word)) return rows[i].state;
    if (!attribute.nodes[0]->bad)
        caex_error(&store->caex, attribute.nodes[0], "SafeState '%.*s' is none of false, true, hold", TEXT_ARG(value));
    return SAFE_FALSE;
}

static void read_output(struct store *store, const struct scope *interface, struct plant_signal *signal) {
    signal->safe_state = safe_state_of(store, interface);
    if (!is_number(signal)) return;
    const struct plant_range *range = &signal->field.range;
    double lowest = isfinite(range->low) ? range->low : 0;
    signal->safe_value = plant_scope_real(store, interface, TEXT("SafeValue"), lowest);
    if (signal->safe_value < range->low || signal->safe_value > range->high)
        caex_error(&store->caex, interface->nodes[0], "SafeValue %g lies outside of the Range, %g to %g",
                   signal->safe_value, range->low, range->high);
    if (signal->safe_state == SAFE_TRUE)
        caex_error(&store->caex, interface->nodes[0],
                   "SafeState 'true' is for booleans; a number has hold, or a SafeValue");
}

// ---------------------------------------------------------------- all

/// Attributes that make no sense for the type or direction are no silent wish: they are told.
static void check_use(struct store *store, const struct scope *interface, const struct plant_signal *signal) {
    static const struct {
        const char *attribute;
        bool number, boolean, sensor, actuator; // where it may stand
    } rows[] = {
        {"Unit", true, false, true, true},
        {"Range/Low", true, false, true, true},
        {"Range/High", true, false, true, true},
        {"Raw/Low", true, false, true, true},
        {"Raw/High", true, false, true, true},
        {"Raw/Least", true, false, true, false},
        {"Raw/Most", true, false, true, false},
        {"Deadband", true, false, true, false},
        {"Debounce", false, true, true, false},
        {"Latch", false, true, true, false},
        {"StaleAfter", true, true, true, false},
        {"Substitute", true, true, true, false},
        {"SafeValue", true, false, false, true},
        {"Desired/OnTrue", false, true, true, true},
        {"Desired/OnFalse", false, true, true, true},
        {"Desired/OnValue", true, false, true, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!states(interface, rows[i].attribute)) continue;
        if (!(is_number(signal) ? rows[i].number : rows[i].boolean))
            caex_error(&store->caex, interface->nodes[0], "%s is for %s; the signal is %s", rows[i].attribute,
                       rows[i].number ? "numbers" : "booleans", value_type_name(signal->field.type));
        else if (!(signal->actuator ? rows[i].actuator : rows[i].sensor))
            caex_error(&store->caex, interface->nodes[0], "%s is for %s", rows[i].attribute,
                       rows[i].actuator ? "actuators" : "sensors");
    }
    if (is_number(signal) && signal->inverted)
        caex_error(&store->caex, interface->nodes[0],
                   "Inverted is for booleans; exchange Raw/Low and Raw/High to turn a number round");
}

static void check_unit(struct store *store, const struct scope *interface, struct text unit) {
    if (unit.length == 0 || unit_is_known(unit)) return;
    const char *names[UNITS_MAX];
    size_t count = unit_names(names);
    caex_warning(&store->caex, interface->nodes[0], "the unit '%.*s' has no code that OPC UA clients know%s",
                 TEXT_ARG(unit), caex_hint(&store->caex, unit, names, count));
}

void plant_read_point(struct store *store, const struct scope *interface, struct plant_signal *signal) {
    signal->field = (struct plant_field){
        .name = signal->name,
        .description = scope_own_description(interface),
        .type = type_of(store, interface),
        .unit = text_trim(scope_text(interface, TEXT("Unit"))),
    };
    signal->field.max_age_s = plant_scope_seconds(store, interface, "MaxAge");
    signal->time_to_live_s = plant_scope_seconds(store, interface, "Desired/TimeToLive");
    signal->inverted = plant_scope_true(interface, TEXT("Inverted"));
    check_use(store, interface, signal);
    check_unit(store, interface, signal->field.unit);
    read_range(store, interface, signal);
    read_scaling(store, interface, signal);
    if (signal->actuator)
        read_output(store, interface, signal);
    else
        read_input(store, interface, signal);
}
