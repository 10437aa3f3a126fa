// Event source mappings: further triggers of a function; function URLs.
#include "lambda_internal.h"
#include "mapping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCE_BYTES_MAX = 512, CONDITION_BYTES_MAX = 256 };

// --- answers ---

static void put_filter(struct json_writer *writer, const char *condition) {
    CLEANUP(buffer_clear) struct buffer pattern = {0};
    struct json_writer inner = json_writer(&pattern);
    json_open_object(&inner);
    lambda_put_member(&inner, "condition", condition);
    json_close_object(&inner);
    json_key(writer, "FilterCriteria");
    json_open_object(writer);
    json_key(writer, "Filters");
    json_open_array(writer);
    json_open_object(writer);
    json_key(writer, "Pattern");
    json_put_text(writer, buffer_view(&pattern));
    json_close_object(writer);
    json_close_array(writer);
    json_close_object(writer);
}

static void put_mapping(struct json_writer *writer, const struct catalog_mapping *mapping, const char *state) {
    char arn[256];
    snprintf(arn, sizeof arn, LAMBDA_ARN "%s", mapping->function);
    json_open_object(writer);
    lambda_put_member(writer, "UUID", mapping->id);
    lambda_put_member(writer, "EventSourceArn", mapping->source);
    lambda_put_member(writer, "FunctionArn", arn);
    json_key(writer, "LastModified");
    json_put_real(writer, (double)mapping->modified_ms / 1000);
    json_key(writer, "BatchSize");
    json_put_integer(writer, 1);
    if (mapping->condition[0] != '\0') put_filter(writer, mapping->condition);
    lambda_put_member(writer, "State", state == NULL ? (mapping->enabled ? "Enabled" : "Disabled") : state);
    json_close_object(writer);
}

static void answer_mapping(struct lambda_call *call, int status, const struct catalog_mapping *mapping,
                           const char *state) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    put_mapping(&writer, mapping, state);
    lambda_answer(call->request, status, &out);
}

static const struct catalog_mapping *find_mapping(struct lambda_call *call) {
    const struct catalog_mapping *mapping = catalog_mapping(call->lambda->options.catalog, call->item);
    if (mapping == NULL)
        lambda_refuse(call->request, ERROR_NOT_FOUND, NULL, "The resource you requested does not exist.");
    return mapping;
}

void lambda_get_mapping(struct lambda_call *call) {
    const struct catalog_mapping *mapping = find_mapping(call);
    if (mapping != NULL) answer_mapping(call, 200, mapping, NULL);
}

void lambda_list_mappings(struct lambda_call *call) {
    struct text source = http_query(call->request, "EventSourceArn");
    struct text function = http_query(call->request, "FunctionName");
    char name[CATALOG_NAME_BYTES] = "", qualifier[CATALOG_NAME_BYTES];
    if (function.length > 0 && !lambda_read_name(function, name, qualifier))
        return lambda_refuse(call->request, ERROR_INVALID, NULL, "FunctionName is no name of a function");
    const struct catalog *catalog = call->lambda->options.catalog;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_open_object(&writer);
    json_key(&writer, "EventSourceMappings");
    json_open_array(&writer);
    for (size_t i = 0; i < catalog_mapping_count(catalog); i++) {
        const struct catalog_mapping *mapping = catalog_mapping_at(catalog, i);
        bool wanted = (source.length == 0 || text_is(source, mapping->source)) &&
                      (name[0] == '\0' || strcmp(name, mapping->function) == 0);
        if (wanted) put_mapping(&writer, mapping, NULL);
    }
    json_close_array(&writer);
    json_close_object(&writer);
    lambda_answer(call->request, 200, &out);
}

// --- requests ---

struct wanted {
    struct catalog_mapping mapping;
    char source[SOURCE_BYTES_MAX + 1], condition[CONDITION_BYTES_MAX + 1];
};

/// {"Filters": [{"Pattern": "{\"condition\": \"reported/motor/state == true\"}"}]}
static enum error read_filter(struct lambda_call *call, struct wanted *wanted) {
    const struct json *criteria = json_member(call->body, "FilterCriteria");
    if (!json_is(criteria, JSON_OBJECT)) return ERROR_NONE;
    const struct json *filters = json_member(criteria, "Filters");
    wanted->condition[0] = '\0';
    if (json_count(filters) == 0) return ERROR_NONE;
    CLEANUP(json_destroy_at) struct json_document *pattern = NULL;
    struct text text = json_string(json_member(json_element(filters, 0), "Pattern"));
    struct json_limits limits = {1024, 4};
    bool good = json_count(filters) == 1 && !json_parse(text, limits, &pattern, NULL);
    struct text condition = good ? json_string(json_member(json_root(pattern), "condition")) : TEXT_EMPTY;
    if (condition.length == 0 || condition.length > CONDITION_BYTES_MAX)
        return problem_say(&call->problem, ERROR_INVALID,
                           "a filter here is one pattern, {\"condition\": \"reported/motor/state == true\"}");
    snprintf(wanted->condition, sizeof wanted->condition, "%.*s", TEXT_ARG(condition));
    return ERROR_NONE;
}

static enum error read_function(struct lambda_call *call, struct wanted *wanted) {
    struct text function;
    char qualifier[CATALOG_NAME_BYTES];
    if (!lambda_text(call, "FunctionName", &function)) return ERROR_INVALID;
    if (function.length == 0 && wanted->mapping.function[0] != '\0') return ERROR_NONE;
    if (!lambda_read_name(function, wanted->mapping.function, qualifier))
        return problem_say(&call->problem, ERROR_INVALID, "FunctionName is no name of a function");
    if (qualifier[0] != '\0' && strcmp(qualifier, CATALOG_LIVE) != 0)
        return problem_say(&call->problem, ERROR_INVALID,
                           "events of the plant go to the alias live where there is one, else to $LATEST; name the "
                           "function without '%s'",
                           qualifier);
    return ERROR_NONE;
}

static enum error put_wanted(struct lambda_call *call, struct wanted *wanted) {
    const struct json *enabled = json_member(call->body, "Enabled");
    if (json_is(enabled, JSON_BOOL)) wanted->mapping.enabled = json_bool(enabled);
    enum error error = read_function(call, wanted);
    if (!error) error = read_filter(call, wanted);
    if (error) return error;
    struct function_manifest *manifest = NULL;
    error = mapping_read(text_of(wanted->source), text_of(wanted->condition), &manifest, &call->problem);
    function_manifest_destroy(manifest);
    wanted->mapping.source = wanted->source;
    wanted->mapping.condition = wanted->condition;
    if (!error)
        error =
            catalog_put_mapping(call->lambda->options.catalog, &wanted->mapping, wanted->mapping.id, &call->problem);
    return error;
}

static void put_and_answer(struct lambda_call *call, struct wanted *wanted, const char *state) {
    enum error error = put_wanted(call, wanted);
    if (error) return lambda_refuse_call(call, error);
    const struct catalog_mapping *mapping = catalog_mapping(call->lambda->options.catalog, text_of(wanted->mapping.id));
    answer_mapping(call, 202, mapping, state);
}

void lambda_create_mapping(struct lambda_call *call) {
    struct wanted wanted = {.mapping = {.enabled = true}};
    struct text source;
    if (!lambda_text(call, "EventSourceArn", &source)) return lambda_refuse_call(call, ERROR_INVALID);
    if (source.length > SOURCE_BYTES_MAX)
        return lambda_refuse(call->request, ERROR_INVALID, NULL, "EventSourceArn has more than 512 bytes");
    snprintf(wanted.source, sizeof wanted.source, "%.*s", TEXT_ARG(source));
    put_and_answer(call, &wanted, "Creating");
}

void lambda_update_mapping(struct lambda_call *call) {
    const struct catalog_mapping *there = find_mapping(call);
    if (there == NULL) return;
    struct wanted wanted = {.mapping = *there};
    snprintf(wanted.source, sizeof wanted.source, "%s", there->source);
    snprintf(wanted.condition, sizeof wanted.condition, "%s", there->condition);
    put_and_answer(call, &wanted, "Updating");
}

void lambda_delete_mapping(struct lambda_call *call) {
    const struct catalog_mapping *there = find_mapping(call);
    if (there == NULL) return;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    put_mapping(&writer, there, "Deleting");
    enum error error = catalog_remove_mapping(call->lambda->options.catalog, call->item, &call->problem);
    if (error) return lambda_refuse_call(call, error);
    lambda_answer(call->request, 202, &out);
}

// --- function URLs ---

static bool has_url(const struct catalog_function *function) {
    const struct catalog_version *version = catalog_resolve(function, TEXT(CATALOG_LIVE), 1);
    return lambda_has_url(function, version == NULL ? &function->versions[0] : version);
}

static void answer_url(struct lambda_call *call, int status, const struct catalog_function *function) {
    char url[256], arn[256];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/url/%s/", lambda_port(call->lambda), function->name);
    snprintf(arn, sizeof arn, LAMBDA_ARN "%s", function->name);
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_open_object(&writer);
    lambda_put_member(&writer, "FunctionUrl", url);
    lambda_put_member(&writer, "FunctionArn", arn);
    lambda_put_member(&writer, "AuthType", "AWS_IAM");
    lambda_put_member(&writer, "InvokeMode", "BUFFERED");
    json_close_object(&writer);
    lambda_answer(call->request, status, &out);
}

void lambda_create_url(struct lambda_call *call) {
    const struct catalog_function *function = lambda_find(call);
    if (function == NULL) return;
    if (has_url(function)) return lambda_refuse(call->request, ERROR_EXISTS, NULL, "the function has a URL already");
    if (!text_is(json_string(json_member(call->body, "AuthType")), "AWS_IAM"))
        return lambda_refuse(call->request, ERROR_INVALID, NULL,
                             "AuthType is to be AWS_IAM: nobody calls functions of a plant without signing");
    enum error error = catalog_set_url(call->lambda->options.catalog, call->name, true, &call->problem);
    if (error) return lambda_refuse_call(call, error);
    answer_url(call, 201, catalog_find(call->lambda->options.catalog, text_of(call->name)));
}

void lambda_get_url(struct lambda_call *call) {
    const struct catalog_function *function = lambda_find(call);
    if (function == NULL) return;
    if (!has_url(function))
        return lambda_refuse(call->request, ERROR_NOT_FOUND, NULL, "The resource you requested does not exist.");
    answer_url(call, 200, function);
}

void lambda_delete_url(struct lambda_call *call) {
    const struct catalog_function *function = lambda_find(call);
    if (function == NULL) return;
    if (has_url(function) && !function->url)
        return lambda_refuse(call->request, ERROR_EXISTS, NULL,
                             "the URL is a trigger of the function's function.yaml: take it out there");
    enum error error = catalog_set_url(call->lambda->options.catalog, call->name, false, &call->problem);
    if (error) return lambda_refuse_call(call, error);
    lambda_answer(call->request, 204, NULL);
}
