#include "tree.h"

#include <stdlib.h>

enum error rule_parse(struct text sql, struct rule **ret_rule, struct problem *ret_problem) {
    CLEANUP(rule_destroy_at) struct rule *rule = calloc(1, sizeof *rule);
    struct buffer copy = {0};
    if (rule == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    buffer_text(&copy, sql);
    struct text own = pool_keep(&rule->pool, &copy);
    if (own.data == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    enum error error = parse_rule(own, &rule->pool, &rule->query, ret_problem);
    if (!error) *ret_rule = TAKE(rule);
    return error;
}

void rule_destroy(struct rule *rule) {
    if (rule == NULL) return;
    pool_clear(&rule->pool);
    free(rule);
}

struct text rule_filter(const struct rule *rule) {
    return rule->query->filter;
}

bool rule_takes(const struct rule *rule, struct text topic) {
    struct text filter = rule->query->filter, wanted, level;
    if (topic.length > 0 && topic.data[0] == '$' && filter.data[0] != '$') return false; // wildcards leave them out
    while (text_split(&filter, '/', &wanted)) {
        bool more = text_split(&topic, '/', &level);
        if (!more) return false;
        if (text_is(wanted, "#")) return true;
        if (!text_is(wanted, "+") && !text_equal(wanted, level)) return false;
    }
    return topic.length == 0;
}

// --- a run ---

static enum error begin(struct run *run, const struct rule_message *message, struct problem *ret_problem) {
    *run = (struct run){.message = message};
    if (message->payload.length > RULE_PAYLOAD_BYTES_MAX)
        return problem_say(ret_problem, ERROR_TOO_LARGE, "the message has %zu bytes; at most %d",
                           message->payload.length, RULE_PAYLOAD_BYTES_MAX);
    struct json_document *document = NULL;
    const struct json_limits limits = {RULE_PAYLOAD_BYTES_MAX, RULE_PAYLOAD_DEPTH_MAX};
    if (json_parse(message->payload, limits, &document, NULL)) return ERROR_NONE; // no JSON: no members
    if (!pool_keep_document(&run->pool, document)) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    run->payload = json_root(document);
    return ERROR_NONE;
}

static enum error finish(struct run *run, const struct buffer *out, struct problem *ret_problem) {
    bool failed = run->failed || out->failed, too_large = run->too_large || out->length > RULE_OUTPUT_BYTES_MAX;
    pool_clear(&run->pool);
    if (too_large)
        return problem_say(ret_problem, ERROR_TOO_LARGE, "the message becomes more than %d bytes",
                           RULE_OUTPUT_BYTES_MAX);
    return failed ? problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory") : ERROR_NONE;
}

static bool is_everything(const struct query *query) {
    return query->items->kind == NODE_PAYLOAD && query->items->next == NULL && query->items->label.length == 0;
}

static void write_value(struct value value, struct buffer *out) {
    struct json_writer writer = json_writer(out);
    if (value.kind != VALUE_UNDEFINED) value_write(value, &writer); // by itself Undefined is nothing
}

enum error rule_run(const struct rule *rule, const struct rule_message *message, struct buffer *out, bool *ret_selected,
                    struct problem *ret_problem) {
    struct run run;
    const struct query *query = rule->query;
    enum error error = begin(&run, message, ret_problem);
    if (error) return error;
    struct value payload = value_of_json(run.payload);
    bool selected = query_selects(&run, query, payload);
    if (selected && is_everything(query))
        buffer_text(out, message->payload);
    else if (selected)
        write_value(query->is_value ? evaluate(&run, query->items, payload) : query_object(&run, query, payload), out);
    error = finish(&run, out, ret_problem);
    if (!error) *ret_selected = selected;
    return error;
}

// --- substitutions ---

/// The `}` that ends an expression: not one of an object in it, nor one in quotes.
static bool find_end(struct text text, size_t *ret_end) {
    unsigned depth = 0;
    char quote = '\0';
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.data[i];
        if (quote != '\0') {
            if (byte == quote) quote = '\0';
        } else if (byte == '\'' || byte == '"') {
            quote = byte;
        } else if (byte == '{') {
            depth++;
        } else if (byte == '}' && depth-- == 0) {
            *ret_end = i;
            return true;
        }
    }
    return false;
}

/// Cuts plain text, or an expression, off the front.
static enum error next_part(struct text *rest, bool *ret_is_expression, struct text *ret_part,
                            struct problem *ret_problem) {
    *ret_is_expression = text_starts_with(*rest, TEXT("${"));
    if (*ret_is_expression) {
        size_t end;
        struct text inner = text_from(*rest, 2);
        if (!find_end(inner, &end))
            return problem_say(ret_problem, ERROR_INVALID, "\"%.*s\": the closing } is missing", TEXT_ARG(*rest));
        *ret_part = (struct text){inner.data, end};
        *rest = text_from(inner, end + 1);
        return ERROR_NONE;
    }
    size_t length = 1;
    while (length < rest->length && !text_starts_with(text_from(*rest, length), TEXT("${"))) length++;
    *ret_part = (struct text){rest->data, length};
    *rest = text_from(*rest, length);
    return ERROR_NONE;
}

static enum error read_part(struct text part, struct pool *pool, struct node **ret_node, struct problem *ret_problem) {
    enum error error = parse_expression(part, pool, ret_node, ret_problem);
    return error ? problem_prefix(ret_problem, error, "${%.*s}", TEXT_ARG(part)) : ERROR_NONE;
}

enum error rule_check_substitutions(struct text text, struct problem *ret_problem) {
    struct pool pool = {0};
    enum error error = ERROR_NONE;
    while (text.length > 0 && !error) {
        struct text part = TEXT_EMPTY;
        struct node *node;
        bool is_expression;
        error = next_part(&text, &is_expression, &part, ret_problem);
        if (!error && is_expression) error = read_part(part, &pool, &node, ret_problem);
    }
    pool_clear(&pool);
    return error;
}

static void put_substituted(struct run *run, const struct node *node, struct buffer *out) {
    struct value value = evaluate(run, node, value_of_json(run->payload));
    if (value.kind == VALUE_NULL)
        buffer_string(out, "null");
    else
        value_to_string(value, out);
}

enum error rule_substitute(struct text text, const struct rule_message *message, struct buffer *out,
                           struct problem *ret_problem) {
    struct run run;
    enum error error = begin(&run, message, ret_problem);
    if (error) return error;
    while (text.length > 0 && !error) {
        struct text part = TEXT_EMPTY;
        struct node *node = NULL;
        bool is_expression;
        error = next_part(&text, &is_expression, &part, ret_problem);
        if (!error && is_expression) error = read_part(part, &run.pool, &node, ret_problem);
        if (error) break;
        if (is_expression)
            put_substituted(&run, node, out);
        else
            buffer_text(out, part);
    }
    enum error at_end = finish(&run, out, error ? NULL : ret_problem);
    return error ? error : at_end;
}
