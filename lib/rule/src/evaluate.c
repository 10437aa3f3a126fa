#include "tree.h"

#include <math.h>
#include <strings.h>

struct value run_keep_json(struct run *run, struct buffer *buffer) {
    struct json_document *document = NULL;
    const struct json_limits limits = {RULE_OUTPUT_BYTES_MAX, JSON_DEPTH_MAX};
    run->bytes += buffer->length;
    run->too_large |= run->bytes > RULE_OUTPUT_BYTES_MAX;
    if (run->too_large || buffer->failed || json_parse(buffer_view(buffer), limits, &document, NULL) ||
        !pool_keep_document(&run->pool, document)) {
        buffer_clear(buffer);
        run->failed = true;
        return value_undefined;
    }
    buffer_clear(buffer);
    return value_of_json(json_root(document));
}

struct value run_keep_string(struct run *run, struct buffer *buffer) {
    run->bytes += buffer->length;
    run->too_large |= run->bytes > RULE_OUTPUT_BYTES_MAX;
    run->failed |= buffer->failed || run->too_large;
    if (run->failed) {
        buffer_clear(buffer);
        return value_undefined;
    }
    return value_string(pool_keep(&run->pool, buffer));
}

static struct value member_of(struct value object, struct text name) {
    return object.kind == VALUE_JSON ? value_of_json(json_member_text(object.json, name)) : value_undefined;
}

// --- operators ---

static struct value logic(enum operation operation, struct value a, struct value b) {
    bool x, y;
    if (!value_to_boolean(a, &x) || !value_to_boolean(b, &y)) return value_undefined;
    return value_boolean(operation == OPERATION_AND ? x && y : x || y);
}

static struct value equality(enum operation operation, struct value a, struct value b) {
    if (a.kind == VALUE_UNDEFINED || b.kind == VALUE_UNDEFINED) return value_undefined;
    return value_boolean(value_equals(a, b) == (operation == OPERATION_EQUAL));
}

static struct value order(enum operation operation, struct value a, struct value b) {
    double x, y;
    if (!value_to_decimal(a, &x) || !value_to_decimal(b, &y)) return value_undefined;
    bool exact = a.kind == VALUE_INT && b.kind == VALUE_INT; // beyond 2^53 doubles are not
    int sign = exact ? (a.integer > b.integer) - (a.integer < b.integer) : (x > y) - (x < y);
    switch (operation) {
    case OPERATION_LESS: return value_boolean(sign < 0);
    case OPERATION_LESS_EQUAL: return value_boolean(sign <= 0);
    case OPERATION_GREATER: return value_boolean(sign > 0);
    default: return value_boolean(sign >= 0);
    }
}

/// False on overflow and division by zero: decimals, or Undefined, are the answer then.
static bool whole(enum operation operation, int64_t a, int64_t b, int64_t *ret) {
    switch (operation) {
    case OPERATION_ADD: return !__builtin_add_overflow(a, b, ret);
    case OPERATION_SUBTRACT: return !__builtin_sub_overflow(a, b, ret);
    case OPERATION_MULTIPLY: return !__builtin_mul_overflow(a, b, ret);
    default: break;
    }
    if (b == 0 || (a == INT64_MIN && b == -1)) return false;
    *ret = operation == OPERATION_DIVIDE ? a / b : a % b;
    return true;
}

static double real(enum operation operation, double a, double b) {
    switch (operation) {
    case OPERATION_ADD: return a + b;
    case OPERATION_SUBTRACT: return a - b;
    case OPERATION_MULTIPLY: return a * b;
    case OPERATION_DIVIDE: return b == 0 ? NAN : a / b;
    default: return b == 0 ? NAN : fmod(a, b);
    }
}

static struct value arithmetic(enum operation operation, struct value a, struct value b) {
    double x, y;
    int64_t integer;
    if (a.kind == VALUE_INT && b.kind == VALUE_INT && whole(operation, a.integer, b.integer, &integer))
        return value_integer(integer);
    if (!value_to_decimal(a, &x) || !value_to_decimal(b, &y)) return value_undefined;
    return value_decimal(real(operation, x, y));
}

/// One string makes it a concatenation.
static struct value add(struct run *run, struct value a, struct value b) {
    if (a.kind != VALUE_STRING && b.kind != VALUE_STRING) return arithmetic(OPERATION_ADD, a, b);
    struct buffer text = {0};
    if (value_to_string(a, &text) && value_to_string(b, &text)) return run_keep_string(run, &text);
    buffer_clear(&text);
    return value_undefined;
}

static struct value binary(struct run *run, const struct node *node, struct value scope) {
    struct value a = evaluate(run, node->children, scope), b = evaluate(run, node->children->next, scope);
    switch (node->operation) {
    case OPERATION_OR:
    case OPERATION_AND: return logic(node->operation, a, b);
    case OPERATION_EQUAL:
    case OPERATION_NOT_EQUAL: return equality(node->operation, a, b);
    case OPERATION_LESS:
    case OPERATION_LESS_EQUAL:
    case OPERATION_GREATER:
    case OPERATION_GREATER_EQUAL: return order(node->operation, a, b);
    case OPERATION_ADD: return add(run, a, b);
    default: return arithmetic(node->operation, a, b);
    }
}

static struct value negate(struct value value) {
    double decimal;
    if (value.kind == VALUE_INT && value.integer != INT64_MIN) return value_integer(-value.integer);
    return value_to_decimal(value, &decimal) ? value_decimal(-decimal) : value_undefined;
}

static struct value negation(struct value value) {
    bool boolean;
    return value_to_boolean(value, &boolean) ? value_boolean(!boolean) : value_undefined;
}

static struct value choose(struct run *run, const struct node *node, struct value scope) {
    const struct node *child = node->children;
    struct value value = evaluate(run, child, scope);
    if (value.kind == VALUE_UNDEFINED) return value_undefined;
    child = child->next;
    while (child != NULL && child->next != NULL) {
        struct value when = evaluate(run, child, scope);
        if (when.kind != VALUE_UNDEFINED && value_equals(value, when)) return evaluate(run, child->next, scope);
        child = child->next->next;
    }
    return child != NULL ? evaluate(run, child, scope) : value_undefined; // ELSE
}

// --- casts ---

static struct value cast_to_string(struct run *run, struct value value) {
    struct buffer text = {0};
    if (value_to_string(value, &text)) return run_keep_string(run, &text);
    return value_undefined;
}

static struct value cast_to_boolean(struct value value) {
    bool boolean;
    if (value.kind == VALUE_INT) return value_boolean(value.integer != 0);
    if (value.kind == VALUE_DECIMAL) return value_boolean(value.decimal != 0);
    return value_to_boolean(value, &boolean) ? value_boolean(boolean) : value_undefined;
}

static struct value cast(struct run *run, const struct node *node, struct value scope) {
    struct value value = evaluate(run, node->children, scope);
    double decimal;
    int64_t integer;
    if (text_starts_with(node->name, TEXT("Bool"))) return cast_to_boolean(value);
    if (value.kind == VALUE_BOOLEAN &&
        (text_starts_with(node->name, TEXT("D")) || text_starts_with(node->name, TEXT("I"))))
        return value_integer(value.boolean);
    if (text_starts_with(node->name, TEXT("D")))
        return value_to_decimal(value, &decimal) ? value_decimal(decimal) : value_undefined;
    if (text_starts_with(node->name, TEXT("I")))
        return value_to_int(value, &integer) ? value_integer(integer) : value_undefined;
    return cast_to_string(run, value);
}

// --- what is built ---

static struct value build(struct run *run, const struct node *node, struct value scope) {
    struct buffer text = {0};
    struct json_writer writer = json_writer(&text);
    bool is_object = node->kind == NODE_OBJECT;
    is_object ? json_open_object(&writer) : json_open_array(&writer);
    for (const struct node *child = node->children; child != NULL && !run->failed; child = child->next) {
        struct value value = evaluate(run, child, scope);
        if (value.kind == VALUE_UNDEFINED) continue;
        if (is_object) json_key_text(&writer, child->label);
        value_write(value, &writer);
    }
    is_object ? json_close_object(&writer) : json_close_array(&writer);
    return run_keep_json(run, &text);
}

bool query_selects(struct run *run, const struct query *query, struct value scope) {
    bool boolean;
    return query->where == NULL || (value_to_boolean(evaluate(run, query->where, scope), &boolean) && boolean);
}

static bool is_labelled_later(const struct node *item, struct text name) {
    for (const struct node *later = item->next; later != NULL; later = later->next)
        if (later->kind != NODE_PAYLOAD && text_equal(later->label, name)) return true;
    return false;
}

/// A name that comes again counts where it comes last.
static void write_items(struct run *run, const struct query *query, struct value scope, struct json_writer *writer) {
    json_open_object(writer);
    for (const struct node *item = query->items; item != NULL && !run->failed; item = item->next) {
        if (item->kind == NODE_PAYLOAD && item->label.length == 0) {
            const struct json *object = scope.kind == VALUE_JSON ? scope.json : NULL;
            if (!json_is(object, JSON_OBJECT)) continue;
            for (struct json_each each = json_each(object); json_next(&each);) {
                if (is_labelled_later(item, each.name)) continue;
                json_key_text(writer, each.name);
                json_put_value(writer, each.value);
            }
            continue;
        }
        if (is_labelled_later(item, item->label)) continue;
        struct value value = evaluate(run, item, scope);
        if (value.kind == VALUE_UNDEFINED) continue;
        json_key_text(writer, item->label);
        value_write(value, writer);
    }
    json_close_object(writer);
}

struct value query_object(struct run *run, const struct query *query, struct value scope) {
    struct buffer text = {0};
    struct json_writer writer = json_writer(&text);
    write_items(run, query, scope, &writer);
    return run_keep_json(run, &text);
}

static struct value query_array(struct run *run, const struct query *query, struct value scope) {
    struct value from = evaluate(run, query->from, scope);
    if (from.kind != VALUE_JSON || !json_is(from.json, JSON_ARRAY)) return value_undefined;
    struct buffer text = {0};
    struct json_writer writer = json_writer(&text);
    json_open_array(&writer);
    for (struct json_each each = json_each(from.json); json_next(&each) && !run->failed;) {
        struct value element = value_of_json(each.value);
        if (!query_selects(run, query, element)) continue;
        if (!query->is_value) {
            write_items(run, query, element, &writer);
            continue;
        }
        struct value value = evaluate(run, query->items, element);
        if (value.kind != VALUE_UNDEFINED) value_write(value, &writer);
    }
    json_close_array(&writer);
    return run_keep_json(run, &text);
}

static struct value call(struct run *run, const struct node *node, struct value scope) {
    struct value arguments[ARGUMENTS_MAX];
    unsigned count = 0;
    for (const struct node *child = node->children; child != NULL; child = child->next)
        arguments[count++] = evaluate(run, child, scope);
    return run->failed ? value_undefined : node->function->call(run, arguments, count);
}

struct value evaluate(struct run *run, const struct node *node, struct value scope) {
    if (run->failed) return value_undefined;
    switch (node->kind) {
    case NODE_LITERAL: return node->value;
    case NODE_PAYLOAD: return scope;
    case NODE_NAME: return member_of(scope, node->name);
    case NODE_MEMBER: return member_of(evaluate(run, node->children, scope), node->name);
    case NODE_CALL: return call(run, node, scope);
    case NODE_CAST: return cast(run, node, scope);
    case NODE_NEGATE: return negate(evaluate(run, node->children, scope));
    case NODE_NOT: return negation(evaluate(run, node->children, scope));
    case NODE_BINARY: return binary(run, node, scope);
    case NODE_CASE: return choose(run, node, scope);
    case NODE_OBJECT:
    case NODE_ARRAY: return build(run, node, scope);
    case NODE_QUERY: return query_array(run, node->query, scope);
    }
    return value_undefined;
}
