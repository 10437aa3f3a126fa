// Aliases, with a second version and its weight.
#include "lambda_internal.h"

#include <stdio.h>
#include <string.h>

// --- answers ---

static void put_alias(struct json_writer *writer, const char *function, const struct catalog_alias *alias) {
    char arn[256];
    snprintf(arn, sizeof arn, LAMBDA_ARN "%s:%s", function, alias->name);
    json_open_object(writer);
    lambda_put_member(writer, "AliasArn", arn);
    lambda_put_member(writer, "Name", alias->name);
    lambda_put_member(writer, "FunctionVersion", alias->version);
    lambda_put_member(writer, "Description", alias->description);
    lambda_put_member(writer, "RevisionId", alias->revision);
    if (alias->second[0] != '\0') {
        json_key(writer, "RoutingConfig");
        json_open_object(writer);
        json_key(writer, "AdditionalVersionWeights");
        json_open_object(writer);
        json_key(writer, alias->second);
        json_put_real(writer, alias->share);
        json_close_object(writer);
        json_close_object(writer);
    }
    json_close_object(writer);
}

static const struct catalog_alias *find_alias(struct lambda_call *call, struct text name) {
    const struct catalog_function *function = lambda_find(call);
    if (function == NULL) return NULL;
    const struct catalog_alias *alias = catalog_alias(function, name);
    if (alias != NULL) return alias;
    error_ignore(problem_say(&call->problem, ERROR_NOT_FOUND, "Cannot find alias arn: " LAMBDA_ARN "%s:%.*s",
                             call->name, TEXT_ARG(name)));
    lambda_refuse_call(call, ERROR_NOT_FOUND);
    return NULL;
}

static void answer_alias(struct lambda_call *call, int status, struct text name) {
    const struct catalog_alias *alias = find_alias(call, name);
    if (alias == NULL) return;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    put_alias(&writer, call->name, alias);
    lambda_answer(call->request, status, &out);
}

void lambda_get_alias(struct lambda_call *call) {
    answer_alias(call, 200, call->item);
}

void lambda_list_aliases(struct lambda_call *call) {
    const struct catalog_function *function = lambda_find(call);
    if (function == NULL) return;
    struct text version = http_query(call->request, "FunctionVersion");
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_open_object(&writer);
    json_key(&writer, "Aliases");
    json_open_array(&writer);
    for (size_t i = 0; i < function->alias_count; i++)
        if (version.length == 0 || text_is(version, function->aliases[i].version))
            put_alias(&writer, call->name, &function->aliases[i]);
    json_close_array(&writer);
    json_close_object(&writer);
    lambda_answer(call->request, 200, &out);
}

// --- requests ---

/// {"AdditionalVersionWeights": {"2": 0.1}}; an empty one takes the weights away, none leaves them.
static enum error read_routing(struct lambda_call *call, struct catalog_alias *alias) {
    const struct json *routing = json_member(call->body, "RoutingConfig");
    if (!json_is(routing, JSON_OBJECT)) return ERROR_NONE;
    const struct json *weights = json_member(routing, "AdditionalVersionWeights");
    alias->second[0] = '\0';
    alias->share = 0;
    if (json_count(weights) > 1)
        return problem_say(&call->problem, ERROR_INVALID, "an alias has at most one additional version");
    for (struct json_each each = json_each(weights); json_next(&each);) {
        snprintf(alias->second, sizeof alias->second, "%.*s", TEXT_ARG(each.name));
        alias->share = json_real(each.value, -1);
    }
    return ERROR_NONE;
}

static enum error read_alias(struct lambda_call *call, struct catalog_alias *alias,
                             char description[static CATALOG_DESCRIPTION_BYTES_MAX + 1]) {
    struct text version, words;
    if (!lambda_text(call, "FunctionVersion", &version) || !lambda_text(call, "Description", &words))
        return ERROR_INVALID;
    if (version.length > 0) snprintf(alias->version, sizeof alias->version, "%.*s", TEXT_ARG(version));
    alias->description = NULL;
    if (json_is(json_member(call->body, "Description"), JSON_STRING)) {
        snprintf(description, CATALOG_DESCRIPTION_BYTES_MAX + 1, "%.*s", TEXT_ARG(words));
        alias->description = description;
    }
    return read_routing(call, alias);
}

/// Numbers are versions.
static bool is_alias_name(struct text name) {
    char own[CATALOG_NAME_BYTES], none[CATALOG_NAME_BYTES];
    uint64_t number;
    return lambda_read_name(name, own, none) && none[0] == '\0' && text_to_u64(name, &number) != ERROR_NONE;
}

void lambda_create_alias(struct lambda_call *call) {
    if (lambda_find(call) == NULL) return;
    struct text name = json_string(json_member(call->body, "Name"));
    if (!is_alias_name(name))
        return lambda_refuse(call->request, ERROR_INVALID, NULL,
                             "Name is to be 1 to 64 letters, digits, - and _, and no number");
    struct catalog_alias alias = {.second = ""};
    char description[CATALOG_DESCRIPTION_BYTES_MAX + 1];
    snprintf(alias.name, sizeof alias.name, "%.*s", TEXT_ARG(name));
    enum error error = read_alias(call, &alias, description);
    if (!error) error = catalog_put_alias(call->lambda->options.catalog, call->name, &alias, NULL, &call->problem);
    if (error) return lambda_refuse_call(call, error);
    answer_alias(call, 201, name);
}

void lambda_update_alias(struct lambda_call *call) {
    const struct catalog_alias *there = find_alias(call, call->item);
    if (there == NULL) return;
    struct catalog_alias alias = *there;
    char description[CATALOG_DESCRIPTION_BYTES_MAX + 1];
    struct text revision;
    enum error error = lambda_text(call, "RevisionId", &revision) ? ERROR_NONE : ERROR_INVALID;
    if (!error) error = read_alias(call, &alias, description);
    if (!error) error = catalog_put_alias(call->lambda->options.catalog, call->name, &alias, &revision, &call->problem);
    if (error) return lambda_refuse_call(call, error);
    answer_alias(call, 200, call->item);
}

void lambda_delete_alias(struct lambda_call *call) {
    if (lambda_find(call) == NULL) return;
    enum error error = catalog_remove_alias(call->lambda->options.catalog, call->name, call->item, &call->problem);
    if (error) return lambda_refuse_call(call, error);
    lambda_answer(call->request, 204, NULL);
}
