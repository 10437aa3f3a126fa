// Functions and their versions: looked at, configured, published, deleted; what is reserved for them.
#include "lambda_internal.h"

#include <base/file.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// --- looking ---

/// The version that the call names, an alias resolved to its first; NULL: answered with 404.
static const struct catalog_version *find_version(struct lambda_call *call, const struct catalog_function *function) {
    const struct catalog_version *version = catalog_resolve(function, text_of(call->qualifier), 1);
    if (version != NULL) return version;
    error_ignore(problem_say(&call->problem, ERROR_NOT_FOUND, "Function not found: " LAMBDA_ARN "%s:%s", call->name,
                             call->qualifier));
    lambda_refuse_call(call, ERROR_NOT_FOUND);
    return NULL;
}

static void answer_version(struct lambda_call *call, int status, const struct catalog_function *function,
                           const struct catalog_version *version, bool qualified) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    lambda_put_version(&writer, function, version, qualified);
    lambda_answer(call->request, status, &out);
}

void lambda_get_configuration(struct lambda_call *call) {
    const struct catalog_function *function = lambda_find(call);
    const struct catalog_version *version = function == NULL ? NULL : find_version(call, function);
    if (version != NULL) answer_version(call, 200, function, version, call->qualifier[0] != '\0');
}

static void put_code(struct json_writer *writer, const struct lambda_call *call,
                     const struct catalog_version *version) {
    CLEANUP(buffer_clear) struct buffer location = {0};
    buffer_print(&location, "file://%s/%s", catalog_store(call->lambda->options.catalog), version->folder);
    json_key(writer, "Code");
    json_open_object(writer);
    lambda_put_member(writer, "RepositoryType", "folder");
    json_key(writer, "Location");
    json_put_text(writer, buffer_view(&location));
    json_close_object(writer);
}

static void put_concurrency(struct json_writer *writer, int concurrency) {
    json_open_object(writer);
    if (concurrency >= 0) {
        json_key(writer, "ReservedConcurrentExecutions");
        json_put_integer(writer, concurrency);
    }
    json_close_object(writer);
}

void lambda_get_function(struct lambda_call *call) {
    const struct catalog_function *function = lambda_find(call);
    const struct catalog_version *version = function == NULL ? NULL : find_version(call, function);
    if (version == NULL) return;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_open_object(&writer);
    json_key(&writer, "Configuration");
    lambda_put_version(&writer, function, version, call->qualifier[0] != '\0');
    put_code(&writer, call, version);
    json_key(&writer, "Concurrency");
    put_concurrency(&writer, function->concurrency);
    json_close_object(&writer);
    lambda_answer(call->request, 200, &out);
}

// --- lists, a page at a time ---

static size_t page_size(const struct lambda_call *call) {
    uint64_t wanted = 0;
    if (text_to_u64(http_query(call->request, "MaxItems"), &wanted) || wanted == 0 || wanted > LAMBDA_PAGE_MAX)
        return LAMBDA_PAGE_MAX;
    return (size_t)wanted;
}

void lambda_list_functions(struct lambda_call *call) {
    const struct catalog *catalog = call->lambda->options.catalog;
    struct text marker = http_query(call->request, "Marker"); // the last name of the page before
    size_t at = 0, count = catalog_count(catalog), left = page_size(call);
    while (at < count && text_compare(text_of(catalog_at(catalog, at)->name), marker) <= 0) at++;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_open_object(&writer);
    json_key(&writer, "Functions");
    json_open_array(&writer);
    for (; at < count && left > 0; at++, left--)
        lambda_put_version(&writer, catalog_at(catalog, at), &catalog_at(catalog, at)->versions[0], false);
    json_close_array(&writer);
    if (at < count) lambda_put_member(&writer, "NextMarker", catalog_at(catalog, at - 1)->name);
    json_close_object(&writer);
    lambda_answer(call->request, 200, &out);
}

void lambda_list_versions(struct lambda_call *call) {
    const struct catalog_function *function = lambda_find(call);
    if (function == NULL) return;
    struct text marker = http_query(call->request, "Marker");
    size_t at = 0, left = page_size(call);
    if (marker.length > 0) {
        while (at < function->version_count && !text_is(marker, function->versions[at].version)) at++;
        at++;
    }
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_open_object(&writer);
    json_key(&writer, "Versions");
    json_open_array(&writer);
    for (; at < function->version_count && left > 0; at++, left--)
        lambda_put_version(&writer, function, &function->versions[at], true);
    json_close_array(&writer);
    if (at < function->version_count) lambda_put_member(&writer, "NextMarker", function->versions[at - 1].version);
    json_close_object(&writer);
    lambda_answer(call->request, 200, &out);
}

// --- changing ---

/// A module that another handler names must be there.
static enum error check_handler(const struct lambda_call *call, const struct catalog_version *latest,
                                const struct catalog_settings *settings, struct problem *problem) {
    const char *runtime = settings->runtime == NULL ? latest->runtime : settings->runtime;
    const char *handler = settings->handler == NULL ? latest->handler : settings->handler;
    bool changes = strcmp(runtime, latest->runtime) != 0 || strcmp(handler, latest->handler) != 0;
    if (!changes) return ERROR_NONE;
    CLEANUP(free_at) char *folder = file_join(catalog_store(call->lambda->options.catalog), latest->folder);
    if (folder == NULL) return problem_say(problem, ERROR_NO_MEMORY, "out of memory");
    CLEANUP(buffer_clear) struct buffer archive = {0};
    enum error error = package_pack(folder, &archive, problem);
    if (error) return error;
    CLEANUP(package_clear) struct package package = {0};
    const struct package_use use = {call->name, runtime, handler};
    return package_check(buffer_view(&archive), &use, &package, problem);
}

static enum error update_configuration(struct lambda_call *call, const struct catalog_function *function,
                                       struct lambda_settings *settings) {
    struct text revision;
    if (!lambda_text(call, "RevisionId", &revision)) return ERROR_INVALID;
    enum error error = lambda_read_settings(call->body, settings, &call->problem);
    if (!error) error = check_handler(call, &function->versions[0], &settings->settings, &call->problem);
    if (error) return error;
    return catalog_update_settings(call->lambda->options.catalog, call->name, revision, &settings->settings,
                                   &call->problem);
}

void lambda_update_configuration(struct lambda_call *call) {
    const struct catalog_function *function = lambda_find(call);
    if (function == NULL) return;
    CLEANUP(lambda_settings_clear) struct lambda_settings settings = {0};
    enum error error = update_configuration(call, function, &settings);
    if (error) return lambda_refuse_call(call, error);
    function = catalog_find(call->lambda->options.catalog, text_of(call->name));
    answer_version(call, 200, function, &function->versions[0], false);
}

void lambda_publish(struct lambda_call *call) {
    const struct catalog_function *function = lambda_find(call);
    if (function == NULL) return;
    struct text revision, sha256, description;
    if (!lambda_text(call, "RevisionId", &revision) || !lambda_text(call, "CodeSha256", &sha256) ||
        !lambda_text(call, "Description", &description))
        return lambda_refuse_call(call, ERROR_INVALID);
    char words[CATALOG_DESCRIPTION_BYTES_MAX + 1];
    snprintf(words, sizeof words, "%.*s", TEXT_ARG(description));
    const struct catalog_version *version = NULL;
    enum error error = catalog_publish(call->lambda->options.catalog, call->name, revision, sha256,
                                       description.length == 0 ? NULL : words, &version, &call->problem);
    if (error) return lambda_refuse_call(call, error);
    function = catalog_find(call->lambda->options.catalog, text_of(call->name));
    answer_version(call, 201, function, version, true);
}

void lambda_delete_function(struct lambda_call *call) {
    if (lambda_find(call) == NULL) return;
    enum error error =
        catalog_remove(call->lambda->options.catalog, call->name, text_of(call->qualifier), &call->problem);
    if (error == ERROR_CONFLICT) error = ERROR_EXISTS; // ResourceConflictException
    if (error) return lambda_refuse_call(call, error);
    lambda_answer(call->request, 204, NULL);
}

// --- concurrency ---

void lambda_put_concurrency(struct lambda_call *call) {
    if (lambda_find(call) == NULL) return;
    int64_t wanted = json_integer(json_member(call->body, "ReservedConcurrentExecutions"), -1);
    if (wanted < 0 || wanted > FUNCTION_CONCURRENCY_MAX)
        return lambda_refuse(call->request, ERROR_INVALID, NULL,
                             "ReservedConcurrentExecutions is to be a whole number from 0 to 100");
    enum error error = catalog_set_concurrency(call->lambda->options.catalog, call->name, (int)wanted, &call->problem);
    if (error) return lambda_refuse_call(call, error);
    lambda_get_concurrency(call);
}

void lambda_get_concurrency(struct lambda_call *call) {
    const struct catalog_function *function = lambda_find(call);
    if (function == NULL) return;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    put_concurrency(&writer, function->concurrency);
    lambda_answer(call->request, 200, &out);
}

void lambda_delete_concurrency(struct lambda_call *call) {
    if (lambda_find(call) == NULL) return;
    enum error error = catalog_set_concurrency(call->lambda->options.catalog, call->name, -1, &call->problem);
    if (error) return lambda_refuse_call(call, error);
    lambda_answer(call->request, 204, NULL);
}
