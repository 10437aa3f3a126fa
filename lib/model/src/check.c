#include "check.h"

#include "data_type.h"

// ---------------------------------------------------------------- constraints

/// A text for a message, in the arena.
static const char *say(struct caex *caex, const char *format, ...) __attribute__((format(printf, 2, 3)));
static const char *say(struct caex *caex, const char *format, ...) {
    CLEANUP(buffer_clear) struct buffer text = {0};
    va_list arguments;
    va_start(arguments, format);
    buffer_vprint(&text, format, arguments);
    va_end(arguments);
    struct text kept;
    if (text.failed || !arena_copy(&caex->arena, buffer_view(&text), &kept)) return "is not allowed";
    return kept.data;
}

static const char *refuse_nominal(struct caex *caex, const struct caex_node *nominal, struct text value) {
    CLEANUP(buffer_clear) struct buffer words = {0};
    const struct caex_node *allowed = caex_first(nominal, CAEX_REQUIRED_VALUE);
    for (; allowed != NULL; allowed = caex_next(allowed)) {
        if (text_equal(allowed->value, value)) return NULL;
        if (words.length > 0) buffer_string(&words, ", ");
        buffer_text(&words, allowed->value);
    }
    return say(caex, "is none of %.*s", TEXT_ARG(buffer_view(&words)));
}

static const char *refuse_ordinal(struct caex *caex, const struct caex_node *ordinal, struct text value) {
    double number, limit;
    if (text_to_real(text_trim(value), &number)) return NULL; // has a finding as a value of its type
    const struct caex_node *high = caex_first(ordinal, CAEX_REQUIRED_MAX);
    const struct caex_node *low = caex_first(ordinal, CAEX_REQUIRED_MIN);
    if (high != NULL && !text_to_real(text_trim(high->value), &limit) && number > limit)
        return say(caex, "is above %.*s", TEXT_ARG(high->value));
    if (low != NULL && !text_to_real(text_trim(low->value), &limit) && number < limit)
        return say(caex, "is below %.*s", TEXT_ARG(low->value));
    return NULL;
}

static const char *refuse_constraint(struct caex *caex, const struct caex_node *constraint, struct text value) {
    const struct caex_node *nominal = caex_first(constraint, CAEX_NOMINAL);
    if (nominal != NULL) return refuse_nominal(caex, nominal, value);
    const struct caex_node *ordinal = caex_first(constraint, CAEX_ORDINAL);
    return ordinal == NULL ? NULL : refuse_ordinal(caex, ordinal, value);
}

const char *check_constraints(struct caex *caex, const struct scope *attribute, struct text value) {
    for (size_t i = 0; i < attribute->count; i++) {
        const struct caex_node *constraint = caex_first(attribute->nodes[i], CAEX_CONSTRAINT);
        for (; constraint != NULL; constraint = caex_next(constraint)) {
            const char *wrong = refuse_constraint(caex, constraint, value);
            if (wrong != NULL) return wrong;
        }
    }
    return NULL;
}

/// False when the limit is absent, or no number, which is told.
static bool read_limit(struct caex *caex, const struct caex_node *limit, double *ret_number) {
    if (limit == NULL) return false;
    if (!text_to_real(text_trim(limit->value), ret_number)) return true;
    caex_error(caex, limit, "the limit '%.*s' is not a number", TEXT_ARG(limit->value));
    return false;
}

/// The limits of a number are numbers themselves, and in order.
static void check_limits(struct caex *caex, const struct caex_node *attribute) {
    const struct caex_node *constraint = caex_first(attribute, CAEX_CONSTRAINT);
    for (; constraint != NULL; constraint = caex_next(constraint)) {
        const struct caex_node *ordinal = caex_first(constraint, CAEX_ORDINAL);
        if (ordinal == NULL) continue;
        double low, high;
        bool has_low = read_limit(caex, caex_first(ordinal, CAEX_REQUIRED_MIN), &low);
        bool has_high = read_limit(caex, caex_first(ordinal, CAEX_REQUIRED_MAX), &high);
        if (has_low && has_high && low > high)
            caex_error(caex, ordinal, "the least value, %g, is above the greatest, %g", low, high);
    }
}

// ---------------------------------------------------------------- one attribute

/// "SplcSystemUnitClassLib/Motor/Sim": where something else was stated.
static const char *place_of(struct caex *caex, const struct caex_node *node) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    caex_path(node, &path);
    return say(caex, "%.*s (line %u)", TEXT_ARG(buffer_view(&path)), node->line);
}

static void check_data_type(struct caex *caex, const struct scope *attribute) {
    struct caex_node *node = attribute->nodes[0];
    if (node->data_type.length == 0) return;
    if (data_type_find(node->data_type) == NULL) {
        const char *names[DATA_TYPES_MAX];
        size_t count = data_type_names(names);
        caex_error(caex, node, "there is no data type '%.*s'%s", TEXT_ARG(node->data_type),
                   caex_hint(caex, node->data_type, names, count));
        return;
    }
    for (size_t i = 1; i < attribute->count; i++) {
        const struct caex_node *other = attribute->nodes[i];
        if (other->data_type.length == 0 || text_equal(other->data_type, node->data_type)) continue;
        caex_error(caex, node, "the data type is %.*s here, but %.*s at %s", TEXT_ARG(node->data_type),
                   TEXT_ARG(other->data_type), place_of(caex, other));
        return;
    }
}

static void check_unit(struct caex *caex, const struct scope *attribute) {
    const struct caex_node *node = attribute->nodes[0];
    if (node->unit.length == 0) return;
    for (size_t i = 1; i < attribute->count; i++) {
        const struct caex_node *other = attribute->nodes[i];
        if (other->unit.length == 0 || text_equal(other->unit, node->unit)) continue;
        caex_error(caex, node, "the unit is '%.*s' here, but '%.*s' at %s; convert the value", TEXT_ARG(node->unit),
                   TEXT_ARG(other->unit), place_of(caex, other));
        return;
    }
    if (unit_is_known(node->unit)) return;
    const char *names[UNITS_MAX];
    size_t count = unit_names(names);
    caex_warning(caex, node, "the unit '%.*s' has no code that OPC UA clients know%s", TEXT_ARG(node->unit),
                 caex_hint(caex, node->unit, names, count));
}

static void check_value(struct caex *caex, const struct scope *attribute, struct text value, unsigned line) {
    struct caex_node *node = attribute->nodes[0];
    const struct data_type *type = data_type_find(scope_data_type(attribute));
    const char *wanted = type == NULL ? NULL : data_type_refuses(type, value);
    if (wanted != NULL) {
        caex_error_in(caex, node, line, "'%.*s' is not %s", TEXT_ARG(value), wanted);
        node->bad = true;
        return;
    }
    const char *wrong = check_constraints(caex, attribute, value);
    if (wrong == NULL) return;
    caex_error_in(caex, node, line, "'%.*s' %s", TEXT_ARG(value), wrong);
    node->bad = true;
}

/// What simulator and picture compute with must have said what it is; a text is no position.
static bool must_have_type(const struct caex_node *node) {
    while (node->parent != NULL && node->parent->kind == CAEX_ATTRIBUTE) node = node->parent;
    return text_is(node->name, "Sim") || text_is(node->name, "Hmi") || text_is(node->name, "Address");
}

static void check_attribute(struct caex *caex, const struct scope *attribute) {
    const struct caex_node *node = attribute->nodes[0];
    check_data_type(caex, attribute);
    check_unit(caex, attribute);
    check_limits(caex, node);
    if (node->has_value) check_value(caex, attribute, node->value, node->value_line);
    if (node->has_default) check_value(caex, attribute, node->default_value, node->default_line);
    if ((node->has_value || node->has_default) && scope_data_type(attribute).length == 0 && must_have_type(node))
        caex_error(caex, node, "the value has no data type; add AttributeDataType=\"xs:...\"");
}

// ---------------------------------------------------------------- all attributes

/// The library or hierarchy that a node is in.
static enum caex_kind home_of(const struct caex_node *node) {
    while (node->parent != NULL && node->parent->kind != CAEX_FILE) node = node->parent;
    return node->kind;
}

/// A name that nobody declares is allowed; one that is nearly declared is a slip. An instance should use what classes
/// and attribute types declare; a class declares itself, except for the members that an attribute type lays down.
static void check_spelling(struct caex *caex, const struct scope *owner, const struct caex_node *attribute) {
    bool instance = home_of(attribute) == CAEX_HIERARCHY;
    const struct caex_node *declared[SCOPE_MAX];
    size_t count = 0;
    for (size_t i = 1; i < owner->count; i++)
        if (instance || home_of(owner->nodes[i]) == CAEX_TYPE_LIB) declared[count++] = owner->nodes[i];
    const char *hint = caex_hint_child(caex, attribute->name, CAEX_ATTRIBUTE, declared, count);
    if (hint[0] != '\0') caex_warning(caex, attribute, "'%.*s' is declared nowhere%s", TEXT_ARG(attribute->name), hint);
}

/// The attributes of the scope's first node, and theirs.
static void check_inside(struct caex *caex, const struct scope *owner) {
    struct caex_node *node = caex_first(owner->nodes[0], CAEX_ATTRIBUTE);
    for (; node != NULL; node = caex_next(node)) {
        struct scope attribute = scope_enter(owner, node->name);
        if (attribute.count == 0 || attribute.nodes[0] != node) continue; // a second one of its name
        bool declared = attribute.count > 1 && attribute.nodes[1]->kind == CAEX_ATTRIBUTE;
        if (!declared) check_spelling(caex, owner, node);
        check_attribute(caex, &attribute);
        check_inside(caex, &attribute);
    }
}

static bool owns_attributes(enum caex_kind kind) {
    return kind == CAEX_ELEMENT || kind == CAEX_INTERFACE || caex_family_of(kind) != FAMILY_NONE;
}

void check_attributes(struct caex *caex) {
    for (struct caex_node *node = caex->root; node != NULL; node = caex_walk(caex->root, node)) {
        if (!owns_attributes(node->kind)) continue;
        struct scope owner = scope_of(node);
        if (node->kind == CAEX_TYPE) check_attribute(caex, &owner);
        check_inside(caex, &owner);
    }
}
