// The document FunctionConfiguration: read from requests, written into answers.
#include "lambda_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void lambda_put_member(struct json_writer *writer, const char *name, const char *value) {
    json_key(writer, name);
    json_put_string(writer, value);
}

// --- reading ---

static enum error read_text(const struct json *body, const char *name, char *copy, size_t capacity,
                            const char **ret_text, struct problem *ret_problem) {
    const struct json *value = json_member(body, name);
    if (!json_exists(value) || json_is(value, JSON_NULL)) return ERROR_NONE;
    struct text text = json_string(value);
    if (!json_is(value, JSON_STRING) || text.length >= capacity)
        return problem_say(ret_problem, ERROR_INVALID, "%s is to be a text of at most %zu bytes", name, capacity - 1);
    snprintf(copy, capacity, "%.*s", TEXT_ARG(text));
    *ret_text = copy;
    return ERROR_NONE;
}

static enum error read_number(const struct json *body, const char *name, int64_t low, int64_t high,
                              unsigned *ret_number, struct problem *ret_problem) {
    const struct json *value = json_member(body, name);
    if (!json_exists(value) || json_is(value, JSON_NULL)) return ERROR_NONE;
    int64_t number = json_integer(value, -1);
    if (number < low || number > high)
        return problem_say(ret_problem, ERROR_INVALID, "%s is to be a whole number from %lld to %lld", name,
                           (long long)low, (long long)high);
    *ret_number = (unsigned)number;
    return ERROR_NONE;
}

static const char *const reserved[] = {"AWS_", "LAMBDA_", "_HANDLER", "_X_AMZN_TRACE_ID"};

static bool is_variable(struct text name) {
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (text_starts_with(name, text_of(reserved[i]))) return false;
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool rest = (c >= '0' && c <= '9') || c == '_';
        if (!letter && (!rest || i == 0)) return false;
    }
    return name.length > 0;
}

/// {"Variables": {"NAME": "value"}} becomes lines.
static enum error read_environment(const struct json *body, struct lambda_settings *settings,
                                   struct problem *ret_problem) {
    const struct json *environment = json_member(body, "Environment");
    if (!json_is(environment, JSON_OBJECT)) return ERROR_NONE;
    const struct json *variables = json_member(environment, "Variables");
    settings->lines = calloc(json_count(variables) + 1, sizeof *settings->lines);
    if (settings->lines == NULL || !buffer_reserve(&settings->environment, CATALOG_ENVIRONMENT_BYTES_MAX))
        return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    size_t count = 0;
    for (struct json_each each = json_each(variables); json_next(&each);) {
        struct text value = json_string(each.value);
        bool good = is_variable(each.name) && json_is(each.value, JSON_STRING) &&
                    memchr(value.data == NULL ? "" : value.data, '\0', value.length) == NULL;
        if (!good)
            return problem_say(ret_problem, ERROR_INVALID,
                               "the environment variable '%.*s' cannot be set: names are letters, digits and _ and do "
                               "not begin with AWS_ or LAMBDA_, values are texts",
                               TEXT_ARG(each.name));
        if (settings->environment.length + each.name.length + value.length + 2 > CATALOG_ENVIRONMENT_BYTES_MAX)
            return problem_say(ret_problem, ERROR_INVALID, "the environment has more than %d bytes",
                               CATALOG_ENVIRONMENT_BYTES_MAX);
        settings->lines[count++] = settings->environment.data + settings->environment.length;
        buffer_print(&settings->environment, "%.*s=%.*s", TEXT_ARG(each.name), TEXT_ARG(value));
        buffer_byte(&settings->environment, '\0');
    }
    settings->settings.environment = settings->lines;
    return ERROR_NONE;
}

enum error lambda_read_settings(const struct json *body, struct lambda_settings *settings,
                                struct problem *ret_problem) {
    struct catalog_settings *into = &settings->settings;
    enum error error = read_text(body, "Description", settings->description, sizeof settings->description,
                                 &into->description, ret_problem);
    if (!error)
        error = read_text(body, "Runtime", settings->runtime, sizeof settings->runtime, &into->runtime, ret_problem);
    if (!error)
        error = read_text(body, "Handler", settings->handler, sizeof settings->handler, &into->handler, ret_problem);
    if (!error) error = read_number(body, "Timeout", 1, FUNCTION_TIMEOUT_S_MAX, &into->timeout_s, ret_problem);
    if (!error)
        error =
            read_number(body, "MemorySize", FUNCTION_MEMORY_MB, FUNCTION_MEMORY_MB_MAX, &into->memory_mb, ret_problem);
    if (!error && into->runtime != NULL && !package_runs(into->runtime))
        error =
            problem_say(ret_problem, ERROR_INVALID,
                        "Runtime '%s' does not run here: provided.al2023, provided.al2 or nodejs20.x", into->runtime);
    return error ? error : read_environment(body, settings, ret_problem);
}

void lambda_settings_clear(struct lambda_settings *settings) {
    buffer_clear(&settings->environment);
    free(settings->lines);
}

// --- writing ---

static void put_environment(struct json_writer *writer, char *const *lines) {
    json_key(writer, "Environment");
    json_open_object(writer);
    json_key(writer, "Variables");
    json_open_object(writer);
    for (; *lines != NULL; lines++) {
        struct text rest = text_of(*lines), name;
        text_split(&rest, '=', &name);
        json_key_text(writer, name);
        json_put_text(writer, rest);
    }
    json_close_object(writer);
    json_close_object(writer);
}

static void put_moment(struct json_writer *writer, int64_t ms) {
    char moment[64], day[32];
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(moment, sizeof moment, "%s.%03d+0000", day, (int)(ms % 1000));
    lambda_put_member(writer, "LastModified", moment);
}

static void put_architecture(struct json_writer *writer) {
    json_key(writer, "Architectures");
    json_open_array(writer);
#if defined(__x86_64__)
    json_put_string(writer, "x86_64");
#else
    json_put_string(writer, "arm64");
#endif
    json_close_array(writer);
}

void lambda_put_version(struct json_writer *writer, const struct catalog_function *function,
                        const struct catalog_version *version, bool qualified) {
    char arn[256];
    snprintf(arn, sizeof arn, LAMBDA_ARN "%s%s%s", function->name, qualified ? ":" : "",
             qualified ? version->version : "");
    json_open_object(writer);
    lambda_put_member(writer, "FunctionName", function->name);
    lambda_put_member(writer, "FunctionArn", arn);
    lambda_put_member(writer, "Runtime", version->runtime);
    lambda_put_member(writer, "Role", "arn:aws:iam::000000000000:role/function.yaml"); // where its rights stand
    lambda_put_member(writer, "Handler", version->handler);
    json_key(writer, "CodeSize");
    json_put_unsigned(writer, version->bytes);
    lambda_put_member(writer, "Description", version->description);
    json_key(writer, "Timeout");
    json_put_unsigned(writer, version->timeout_s);
    json_key(writer, "MemorySize");
    json_put_unsigned(writer, version->memory_mb);
    put_moment(writer, version->modified_ms);
    lambda_put_member(writer, "CodeSha256", version->sha256);
    lambda_put_member(writer, "Version", version->version);
    if (version->environment[0] != NULL) put_environment(writer, version->environment);
    lambda_put_member(writer, "RevisionId", version->revision);
    lambda_put_member(writer, "State", "Active");
    lambda_put_member(writer, "LastUpdateStatus", "Successful");
    lambda_put_member(writer, "PackageType", "Zip");
    put_architecture(writer);
    json_close_object(writer);
}
