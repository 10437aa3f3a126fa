#include "schema.h"

#include <math.h>
#include <stdlib.h>

void put_member(struct json_writer *writer, const char *key, const char *value) {
    json_key(writer, key);
    json_put_string(writer, value);
}

void put_text_member(struct json_writer *writer, const char *key, struct text value) {
    if (value.length == 0) return;
    json_key(writer, key);
    json_put_text(writer, value);
}

// ---------------------------------------------------------------- one value

static void put_limits(struct json_writer *writer, double low, double high) {
    if (isfinite(low)) {
        json_key(writer, "minimum");
        json_put_real(writer, low);
    }
    if (isfinite(high)) {
        json_key(writer, "maximum");
        json_put_real(writer, high);
    }
}

static void put_whole(struct json_writer *writer, int64_t low, int64_t high) {
    put_member(writer, "type", "integer");
    json_key(writer, "minimum");
    json_put_integer(writer, low);
    json_key(writer, "maximum");
    json_put_integer(writer, high);
}

static void put_type(struct json_writer *writer, enum value_type type) {
    switch (type) {
    case VALUE_BOOL: put_member(writer, "type", "boolean"); break;
    case VALUE_INT32: put_whole(writer, INT32_MIN, INT32_MAX); break;
    case VALUE_UINT16: put_whole(writer, 0, UINT16_MAX); break;
    case VALUE_UINT32: put_whole(writer, 0, UINT32_MAX); break;
    case VALUE_DOUBLE: put_member(writer, "type", "number"); break;
    case VALUE_STRING: put_member(writer, "type", "string"); break;
    case VALUE_NULL: break;
    }
}

static void put_names(struct json_writer *writer, const struct text *names, size_t count) {
    if (count == 0) return;
    json_key(writer, "enum");
    json_open_array(writer);
    for (size_t i = 0; i < count; i++) json_put_text(writer, names[i]);
    json_close_array(writer);
}

/// "belt speed; in m/s, expected from -0.077 to 0.077". A range is what is expected: an instrument may be outside of
/// it.
static void put_description(struct json_writer *writer, const struct leaf *leaf) {
    CLEANUP(buffer_clear) struct buffer text = {0};
    buffer_text(&text, leaf->field->description);
    if (leaf->field->unit.length > 0)
        buffer_print(&text, "%sin %.*s", text.length > 0 ? "; " : "", TEXT_ARG(leaf->field->unit));
    if (leaf->field->range.given)
        buffer_print(&text, "%sexpected from %g to %g", text.length > 0 ? ", " : "", leaf->field->range.low,
                     leaf->field->range.high);
    if (leaf->element != NULL && leaf->signal != NULL)
        buffer_print(&text, "%s%s of %.*s", text.length > 0 ? "; " : "", leaf->signal->actuator ? "output" : "input",
                     TEXT_ARG(leaf->element->display_name));
    if (text.failed) writer->out->failed = true;
    put_text_member(writer, "description", buffer_view(&text));
}

static void put_leaf(struct json_writer *writer, const struct leaf *leaf) {
    json_open_object(writer);
    put_type(writer, leaf->field->type);
    put_names(writer, leaf->field->names, leaf->field->name_count);
    put_description(writer, leaf);
    json_close_object(writer);
}

/// An argument: its range is a limit, calls outside of it are refused.
static void put_argument(struct json_writer *writer, const struct plant_field *field) {
    json_open_object(writer);
    put_text_member(writer, "title", field->name);
    if (field->range.given && field->type != VALUE_DOUBLE) {
        put_member(writer, "type", "integer");
        put_limits(writer, field->range.low, field->range.high);
    } else {
        put_type(writer, field->type);
        if (field->range.given) put_limits(writer, field->range.low, field->range.high);
    }
    put_names(writer, field->names, field->name_count);
    put_text_member(writer, "description", field->description);
    json_close_object(writer);
}

/// [1]: as many arguments as the method takes, each of its type.
static void put_arguments(struct json_writer *writer, const struct plant_method *method) {
    json_open_object(writer);
    put_member(writer, "type", "array");
    if (method->input_count > 0) {
        json_key(writer, "prefixItems");
        json_open_array(writer);
        for (size_t i = 0; i < method->input_count; i++) put_argument(writer, &method->inputs[i]);
        json_close_array(writer);
        json_key(writer, "items");
        json_put_bool(writer, false);
    }
    json_key(writer, "minItems");
    json_put_unsigned(writer, method->input_count);
    json_key(writer, "maxItems");
    json_put_unsigned(writer, method->input_count);
    put_text_member(writer, "description", method->description);
    json_close_object(writer);
}

// ---------------------------------------------------------------- objects, nested along the paths

/// One thing and the paths of it that stand below `prefix`, for one side of the document.
struct level {
    const struct thing *thing;
    struct text prefix; // "motor/direction"
    bool desired;       // else reported
};

static bool is_below(struct text path, struct text prefix) {
    if (prefix.length == 0) return true;
    return path.length > prefix.length && text_starts_with(path, prefix) && path.data[prefix.length] == '/';
}

/// "direction" of "motor/direction/left/state" below "motor"; `ret_last` when nothing follows.
static struct text next_name(struct text path, struct text prefix, bool *ret_last) {
    struct text rest = text_from(path, prefix.length == 0 ? 0 : prefix.length + 1), name;
    bool found = text_split(&rest, '/', &name);
    *ret_last = rest.length == 0;
    return found ? name : TEXT_EMPTY;
}

/// In the order of the document: leaves, then calls. NULL past the end, or for what has no place on this side.
static const struct text *entry(const struct level *level, size_t index, const struct leaf **ret_leaf,
                                const struct call **ret_call) {
    const struct thing *thing = level->thing;
    *ret_leaf = NULL;
    *ret_call = NULL;
    if (index < thing->leaf_count) {
        const struct leaf *leaf = &thing->leaves[index];
        bool wishable = leaf->signal != NULL && (leaf->signal->on_true.length > 0 || leaf->signal->on_false.length > 0);
        if (level->desired && !wishable) return NULL;
        *ret_leaf = leaf;
        return is_below(leaf->path, level->prefix) ? &leaf->path : NULL;
    }
    const struct call *call = &thing->calls[index - thing->leaf_count];
    if (!level->desired) return NULL;
    *ret_call = call;
    return is_below(call->path, level->prefix) ? &call->path : NULL;
}

static size_t entry_count(const struct level *level) {
    return level->thing->leaf_count + level->thing->call_count;
}

/// A name that an earlier entry has opened already.
static bool was_before(const struct level *level, size_t index, struct text name) {
    for (size_t i = 0; i < index; i++) {
        const struct leaf *leaf;
        const struct call *call;
        bool last;
        const struct text *path = entry(level, i, &leaf, &call);
        if (path != NULL && text_equal(next_name(*path, level->prefix, &last), name)) return true;
    }
    return false;
}

/// What a desired value of an actuator may be: only what the model has a call for.
static void put_wish(struct json_writer *writer, const struct plant_signal *signal) {
    json_open_object(writer);
    json_key(writer, "enum");
    json_open_array(writer);
    if (signal->on_true.length > 0) json_put_bool(writer, true);
    if (signal->on_false.length > 0) json_put_bool(writer, false);
    json_close_array(writer);
    CLEANUP(buffer_clear) struct buffer text = {0};
    if (signal->on_true.length > 0) buffer_print(&text, "true calls %.*s", TEXT_ARG(signal->on_true));
    if (signal->on_false.length > 0)
        buffer_print(&text, "%sfalse calls %.*s", text.length > 0 ? ", " : "", TEXT_ARG(signal->on_false));
    if (text.failed) writer->out->failed = true;
    put_text_member(writer, "description", buffer_view(&text));
    json_close_object(writer);
}

static bool has_calls(const struct level *level) {
    for (size_t i = 0; i < level->thing->call_count; i++)
        if (text_equal(level->thing->calls[i].module, level->prefix)) return true;
    return level->prefix.length == 0; // outcomes of wishes that name nothing stand at the thing
}

/// [bus-4.3]
static void put_outcome(struct json_writer *writer) {
    json_key(writer, "command");
    json_put_raw(writer, TEXT("{\"description\":\"outcome of the last wish\",\"type\":\"object\","
                              "\"properties\":{\"method\":{\"type\":\"string\"},\"arguments\":{\"type\":\"array\"},"
                              "\"status\":{\"type\":\"string\"},\"reason\":{\"type\":\"string\"},"
                              "\"time\":{\"type\":\"integer\"}},\"additionalProperties\":false}"));
}

static void put_level(struct json_writer *writer, const struct level *level) {
    json_open_object(writer);
    put_member(writer, "type", "object");
    json_key(writer, "properties");
    json_open_object(writer);
    for (size_t i = 0; i < entry_count(level); i++) {
        const struct leaf *leaf;
        const struct call *call;
        const struct text *path = entry(level, i, &leaf, &call);
        if (path == NULL) continue;
        bool last;
        struct text name = next_name(*path, level->prefix, &last);
        if (was_before(level, i, name)) continue;
        json_key_text(writer, name);
        size_t length = (size_t)(name.data + name.length - path->data);
        struct level below = {level->thing, {path->data, length}, level->desired};
        if (!last)
            put_level(writer, &below);
        else if (call != NULL)
            put_arguments(writer, call->method);
        else if (level->desired)
            put_wish(writer, leaf->signal);
        else
            put_leaf(writer, leaf);
    }
    if (!level->desired && has_calls(level)) put_outcome(writer);
    json_close_object(writer);
    json_key(writer, "additionalProperties");
    json_put_bool(writer, false);
    json_close_object(writer);
}

static void put_state(struct json_writer *writer, const struct thing *thing, bool delta) {
    json_key(writer, "state");
    json_open_object(writer);
    put_member(writer, "type", "object");
    json_key(writer, "properties");
    json_open_object(writer);
    json_key(writer, "reported");
    put_level(writer, &(struct level){thing, TEXT_EMPTY, false});
    json_key(writer, "desired");
    put_level(writer, &(struct level){thing, TEXT_EMPTY, true});
    if (delta) {
        json_key(writer, "delta");
        put_level(writer, &(struct level){thing, TEXT_EMPTY, true});
    }
    json_close_object(writer);
    json_key(writer, "additionalProperties");
    json_put_bool(writer, false);
    json_close_object(writer);
}

static void put_end(struct json_writer *writer, const char *required) {
    json_close_object(writer);
    json_key(writer, "required");
    json_open_array(writer);
    json_put_string(writer, "state");
    if (required != NULL) json_put_string(writer, required);
    json_close_array(writer);
    json_key(writer, "additionalProperties");
    json_put_bool(writer, false);
    json_close_object(writer);
}

void put_twin_schema(struct json_writer *writer, const struct thing *thing) {
    json_open_object(writer);
    put_text_member(writer, "title", thing->name);
    put_text_member(writer, "description", thing->display_name);
    put_member(writer, "type", "object");
    json_key(writer, "properties");
    json_open_object(writer);
    put_state(writer, thing, true);
    json_key(writer, "metadata");
    json_put_raw(writer, TEXT("{\"description\":\"time stamps of the leaves, in s\",\"type\":\"object\"}"));
    json_key(writer, "version");
    json_put_raw(writer, TEXT("{\"type\":\"integer\",\"minimum\":0}"));
    json_key(writer, "timestamp");
    json_put_raw(writer, TEXT("{\"type\":\"integer\",\"description\":\"s since 1970\"}"));
    json_key(writer, "clientToken");
    json_put_raw(writer, TEXT("{\"type\":\"string\",\"maxLength\":64}"));
    put_end(writer, "version");
}

void put_update_schema(struct json_writer *writer, const struct thing *thing) {
    json_open_object(writer);
    put_member(writer, "type", "object");
    json_key(writer, "properties");
    json_open_object(writer);
    put_state(writer, thing, false);
    json_key(writer, "version");
    json_put_raw(writer, TEXT("{\"type\":\"integer\",\"minimum\":0,\"description\":\"the change is refused unless it "
                              "is the current one\"}"));
    json_key(writer, "clientToken");
    json_put_raw(writer, TEXT("{\"type\":\"string\",\"maxLength\":64}"));
    put_end(writer, NULL);
}

// ---------------------------------------------------------------- commands

/// What goes along with every call: [http-7.1], [http-7.5] to [http-7.7].
static const char command_members[] =
    "\"expiresAt\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"ms since 1970; in 5 s when absent\"},"
    "\"timeToLive\":{\"type\":\"number\",\"exclusiveMinimum\":0,\"maximum\":3600,"
    "\"description\":\"s, in the place of expiresAt\"},"
    "\"idempotencyKey\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":128,"
    "\"description\":\"a repeat with the same key is not executed again\"},"
    "\"precondition\":{\"type\":\"object\",\"description\":\"what must hold, else the call is "
    "refused\",\"properties\":{"
    "\"version\":{\"type\":\"integer\"},\"reported\":{\"type\":\"object\"},\"things\":{\"type\":\"object\"}},"
    "\"additionalProperties\":false}";

static void put_one_command(struct json_writer *writer, const struct call *call) {
    json_open_object(writer);
    put_text_member(writer, "title", call->path);
    put_text_member(writer, "description", call->method->description);
    put_member(writer, "type", "object");
    json_key(writer, "properties");
    json_open_object(writer);
    json_key(writer, "method");
    json_open_object(writer);
    put_text_member(writer, "const", call->path);
    json_close_object(writer);
    json_key(writer, "arguments");
    put_arguments(writer, call->method);
    json_put_raw(writer, text_of(command_members));
    json_close_object(writer);
    json_key(writer, "required");
    json_open_array(writer);
    json_put_string(writer, "method");
    if (call->method->input_count > 0) json_put_string(writer, "arguments");
    json_close_array(writer);
    json_close_object(writer);
}

void put_command_schema(struct json_writer *writer, const struct thing *thing) {
    json_open_object(writer);
    json_key(writer, "oneOf");
    json_open_array(writer);
    for (size_t i = 0; i < thing->call_count; i++) put_one_command(writer, &thing->calls[i]);
    json_close_array(writer);
    json_key(writer, "not");
    json_put_raw(writer, TEXT("{\"required\":[\"expiresAt\",\"timeToLive\"]}"));
    json_close_object(writer);
}
