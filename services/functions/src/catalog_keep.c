// The catalogue on the disk: one JSON document, replaced as a whole.
#include "catalog_internal.h"

#include <base/file.h>
#include <base/log.h>
#include <json/json.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 64 * 1024 * 1024, FILE_DEPTH_MAX = 16, FORM = 1 };

// --- writing ---

static void put(struct json_writer *writer, const char *name, const char *value) {
    json_key(writer, name);
    json_put_string(writer, value == NULL ? "" : value);
}

static void put_number(struct json_writer *writer, const char *name, int64_t value) {
    json_key(writer, name);
    json_put_integer(writer, value);
}

static void put_version(struct json_writer *writer, const struct catalog_version *version) {
    json_open_object(writer);
    put(writer, "version", version->version);
    put(writer, "revision", version->revision);
    put(writer, "description", version->description);
    put(writer, "runtime", version->runtime);
    put(writer, "handler", version->handler);
    put_number(writer, "timeout", version->timeout_s);
    put_number(writer, "memory", version->memory_mb);
    put(writer, "sha256", version->sha256);
    put(writer, "folder", version->folder);
    put_number(writer, "bytes", (int64_t)version->bytes);
    put_number(writer, "modified", version->modified_ms);
    json_key(writer, "environment");
    json_open_array(writer);
    for (char **line = version->environment; line != NULL && *line != NULL; line++) json_put_string(writer, *line);
    json_close_array(writer);
    json_close_object(writer);
}

static void put_alias(struct json_writer *writer, const struct catalog_alias *alias) {
    json_open_object(writer);
    put(writer, "name", alias->name);
    put(writer, "version", alias->version);
    put(writer, "revision", alias->revision);
    put(writer, "description", alias->description);
    put(writer, "second", alias->second);
    json_key(writer, "share");
    json_put_real(writer, alias->share);
    json_close_object(writer);
}

static void put_function(struct json_writer *writer, const struct catalog_function *function) {
    json_open_object(writer);
    put(writer, "name", function->name);
    put_number(writer, "next", (int64_t)function->next_version);
    put_number(writer, "concurrency", function->concurrency);
    put(writer, "seed", function->seed);
    json_key(writer, "url");
    json_put_bool(writer, function->url);
    json_key(writer, "versions");
    json_open_array(writer);
    for (size_t i = 0; i < function->version_count; i++) put_version(writer, &function->versions[i]);
    json_close_array(writer);
    json_key(writer, "aliases");
    json_open_array(writer);
    for (size_t i = 0; i < function->alias_count; i++) put_alias(writer, &function->aliases[i]);
    json_close_array(writer);
    json_close_object(writer);
}

static void put_mapping(struct json_writer *writer, const struct catalog_mapping *mapping) {
    json_open_object(writer);
    put(writer, "id", mapping->id);
    put(writer, "function", mapping->function);
    put(writer, "source", mapping->source);
    put(writer, "condition", mapping->condition);
    json_key(writer, "enabled");
    json_put_bool(writer, mapping->enabled);
    put_number(writer, "modified", mapping->modified_ms);
    json_close_object(writer);
}

enum error catalog_write(struct catalog *catalog, struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_open_object(&writer);
    put_number(&writer, "form", FORM);
    json_key(&writer, "functions");
    json_open_array(&writer);
    for (size_t i = 0; i < catalog->function_count; i++) put_function(&writer, &catalog->functions[i]);
    json_close_array(&writer);
    json_key(&writer, "mappings");
    json_open_array(&writer);
    for (size_t i = 0; i < catalog->mapping_count; i++) put_mapping(&writer, &catalog->mappings[i]);
    json_close_array(&writer);
    json_close_object(&writer);
    if (out.failed) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    return file_write(catalog->file, buffer_view(&out), 0600, ret_problem); // environments may hold secrets
}

// --- reading ---

static void take(const struct json *object, const char *name, char *ret_value, size_t capacity) {
    struct text value = json_string(json_member(object, name));
    snprintf(ret_value, capacity, "%.*s", TEXT_ARG(value));
}

static bool take_copy(const struct json *object, const char *name, const char **ret_value) {
    struct text value = json_string(json_member(object, name));
    *ret_value = text_copy(value.data == NULL ? TEXT("") : value);
    return *ret_value != NULL;
}

static bool take_environment(const struct json *list, char ***ret_environment) {
    char **lines = calloc(json_count(list) + 1, sizeof *lines);
    if (lines == NULL) return false;
    *ret_environment = lines;
    size_t count = 0;
    for (struct json_each each = json_each(list); json_next(&each);) {
        lines[count] = text_copy(json_string(each.value));
        if (lines[count++] == NULL) return false;
    }
    return true;
}

/// The rights are in the package itself. One that was made unreadable by hand has none.
enum error catalog_read_manifest(const struct catalog *catalog, const char *function, struct catalog_version *version) {
    CLEANUP(free_at) char *folder = file_join(catalog->store, version->folder);
    if (folder == NULL) return ERROR_NO_MEMORY;
    struct problem problem = {""};
    enum error error = function_manifest_load(folder, &version->manifest, &problem);
    if (!error || error == ERROR_NO_MEMORY) return error;
    if (error != ERROR_NOT_FOUND) log_warning("function %s has no rights: %s", function, problem.text);
    CLEANUP(buffer_clear) struct buffer own = {0};
    buffer_print(&own, "name: \"%s\"\nruntime: \"%s\"\n", function, version->runtime);
    return function_manifest_read(buffer_view(&own), "function.yaml", folder, &version->manifest, NULL);
}

static enum error read_version(const struct catalog *catalog, struct catalog_function *function,
                               const struct json *object) {
    struct catalog_version *version = catalog_add_version(function);
    if (version == NULL) return ERROR_NO_MEMORY;
    take(object, "version", version->version, sizeof version->version);
    take(object, "revision", version->revision, sizeof version->revision);
    take(object, "sha256", version->sha256, sizeof version->sha256);
    take(object, "folder", version->folder, sizeof version->folder);
    version->timeout_s = (unsigned)json_integer(json_member(object, "timeout"), FUNCTION_TIMEOUT_S);
    version->memory_mb = (unsigned)json_integer(json_member(object, "memory"), FUNCTION_MEMORY_MB);
    version->bytes = (size_t)json_integer(json_member(object, "bytes"), 0);
    version->modified_ms = json_integer(json_member(object, "modified"), 0);
    bool copied = take_copy(object, "description", &version->description) &&
                  take_copy(object, "runtime", &version->runtime) && take_copy(object, "handler", &version->handler) &&
                  take_environment(json_member(object, "environment"), &version->environment);
    return copied ? catalog_read_manifest(catalog, function->name, version) : ERROR_NO_MEMORY;
}

static enum error read_alias(struct catalog_function *function, const struct json *object) {
    struct catalog_alias *alias = catalog_add_alias(function);
    if (alias == NULL) return ERROR_NO_MEMORY;
    take(object, "name", alias->name, sizeof alias->name);
    take(object, "version", alias->version, sizeof alias->version);
    take(object, "revision", alias->revision, sizeof alias->revision);
    take(object, "second", alias->second, sizeof alias->second);
    alias->share = json_real(json_member(object, "share"), 0);
    return take_copy(object, "description", &alias->description) ? ERROR_NONE : ERROR_NO_MEMORY;
}

static enum error read_function(struct catalog *catalog, const struct json *object) {
    struct catalog_function *function = catalog_add_function(catalog);
    if (function == NULL) return ERROR_NO_MEMORY;
    take(object, "name", function->name, sizeof function->name);
    take(object, "seed", function->seed, sizeof function->seed);
    function->url = json_bool(json_member(object, "url"));
    function->next_version = (uint64_t)json_integer(json_member(object, "next"), 1);
    function->concurrency = (int)json_integer(json_member(object, "concurrency"), -1);
    enum error error = ERROR_NONE;
    for (struct json_each each = json_each(json_member(object, "versions")); !error && json_next(&each);)
        error = read_version(catalog, function, each.value);
    for (struct json_each each = json_each(json_member(object, "aliases")); !error && json_next(&each);)
        error = read_alias(function, each.value);
    return !error && function->version_count == 0 ? ERROR_INVALID : error;
}

static enum error read_mapping(struct catalog *catalog, const struct json *object) {
    struct catalog_mapping *mapping = catalog_add_mapping(catalog);
    if (mapping == NULL) return ERROR_NO_MEMORY;
    take(object, "id", mapping->id, sizeof mapping->id);
    take(object, "function", mapping->function, sizeof mapping->function);
    mapping->enabled = json_bool(json_member(object, "enabled"));
    mapping->modified_ms = json_integer(json_member(object, "modified"), 0);
    bool copied = take_copy(object, "source", &mapping->source) && take_copy(object, "condition", &mapping->condition);
    return copied ? ERROR_NONE : ERROR_NO_MEMORY;
}

enum error catalog_read(struct catalog *catalog, struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    struct problem problem = {""};
    enum error error = file_read(catalog->file, FILE_BYTES_MAX, &bytes, &problem);
    if (error == ERROR_NOT_FOUND) return ERROR_NONE;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct json_limits limits = {FILE_BYTES_MAX, FILE_DEPTH_MAX};
    if (!error) error = json_parse(buffer_view(&bytes), limits, &document, &problem);
    if (error)
        return problem_say(ret_problem, error,
                           "the catalogue of functions cannot be read; remove %s and deploy anew: %s", catalog->file,
                           problem.text);
    const struct json *root = json_root(document);
    for (struct json_each each = json_each(json_member(root, "functions")); !error && json_next(&each);)
        error = read_function(catalog, each.value);
    for (struct json_each each = json_each(json_member(root, "mappings")); !error && json_next(&each);)
        error = read_mapping(catalog, each.value);
    return error ? problem_say(ret_problem, error, "%s: %s", catalog->file, error_text(error)) : ERROR_NONE;
}
