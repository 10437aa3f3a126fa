#include "api.h"

#include <http/client.h>
#include <pki/pki.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_DEPTH_MAX = 64 };

struct api {
    char *url;
    struct http_client *client;
    struct http_result result;
    const char *const *headers;
};

enum error api_open(const struct api_options *options, struct api **ret_api, struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer token = {0};
    enum error error = pki_secret_read(options->token_file, &token, ret_problem);
    if (error) return error;
    struct api *api = calloc(1, sizeof *api);
    if (api == NULL) return ERROR_NO_MEMORY;
    const struct http_client_options client = {.bearer_token = token.data, .timeout_ms = options->timeout_ms};
    api->url = strdup(options->url);
    api->client = http_client_create(&client);
    if (api->url == NULL || api->client == NULL) {
        api_close(api);
        return ERROR_NO_MEMORY;
    }
    *ret_api = api;
    return ERROR_NONE;
}

void api_close(struct api *api) {
    if (api == NULL) return;
    http_client_destroy(api->client);
    http_result_clear(&api->result);
    free(api->url);
    free(api);
}

/// Nobody there is the most likely reason: say what to do about it.
static enum error explain(struct api *api, enum error error, struct problem *ret_problem) {
    if (error != ERROR_UNAVAILABLE) return error;
    return problem_say(ret_problem, error, "nobody answers at %s: is the plant running? Start it with `splc up PLANT`",
                       api->url);
}

static enum error error_of_status(int status) {
    if (status >= 200 && status < 300) return ERROR_NONE;
    static const enum error errors[] = {ERROR_INVALID,     ERROR_UNAUTHORIZED, ERROR_FORBIDDEN,   ERROR_NOT_FOUND,
                                        ERROR_CONFLICT,    ERROR_TOO_LARGE,    ERROR_UNSUPPORTED, ERROR_LIMIT,
                                        ERROR_UNAVAILABLE, ERROR_TIMEOUT};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (error_http_status(errors[i]) == status) return errors[i];
    }
    return ERROR_IO;
}

static enum error take_answer(struct api *api, const char *method, const char *path, struct json_document *answer,
                              struct problem *ret_problem) {
    enum error error = error_of_status(api->result.status);
    if (!error) return ERROR_NONE;
    const struct json *said = answer == NULL ? NULL : json_member(json_root(answer), "message");
    struct text message = json_string(said);
    if (error == ERROR_UNAUTHORIZED) {
        return problem_say(ret_problem, error,
                           "%s refuses our token: is --data the folder of the plant that is running?", api->url);
    }
    return problem_say(ret_problem, error, "%s %s: %d%s%.*s", method, path, api->result.status,
                       message.length == 0 ? "" : ": ", TEXT_ARG(message));
}

enum error api_call(struct api *api, const char *method, const char *path, struct text body,
                    struct json_document **ret_answer, struct problem *ret_problem) {
    *ret_answer = NULL;
    CLEANUP(buffer_clear) struct buffer url = {0};
    buffer_print(&url, "%s%s", api->url, path);
    if (url.failed) return ERROR_NO_MEMORY;
    const struct http_call call = {.method = method, .url = url.data, .headers = api->headers, .body = body};
    enum error error = http_client_call(api->client, &call, &api->result, ret_problem);
    if (error) return explain(api, error, ret_problem);
    const struct json_limits limits = {HTTP_CLIENT_BODY_BYTES_MAX, ANSWER_DEPTH_MAX};
    struct json_document *answer = NULL;
    struct problem unread;
    error = json_parse(buffer_view(&api->result.body), limits, &answer, &unread);
    enum error refused = take_answer(api, method, path, answer, ret_problem);
    *ret_answer = answer;
    if (refused || api->result.body.length == 0) return refused; // 204 has nothing to say
    return error ? problem_say(ret_problem, ERROR_IO, "%s %s: the answer is no JSON: %s", method, path, unread.text)
                 : ERROR_NONE;
}

void api_set_headers(struct api *api, const char *const *headers) {
    api->headers = headers;
}

struct text api_header(const struct api *api, const char *name) {
    return http_result_header(&api->result, name);
}

enum error api_listen(struct api *api, const char *path, bool (*line)(void *context, struct text line), void *context,
                      struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer url = {0};
    buffer_print(&url, "%s%s", api->url, path);
    if (url.failed) return ERROR_NO_MEMORY;
    const struct http_call call = {.method = "GET", .url = url.data, .on_data = line, .context = context};
    enum error error = http_client_call(api->client, &call, &api->result, ret_problem);
    if (error) return explain(api, error, ret_problem);
    return take_answer(api, "GET", path, NULL, ret_problem);
}

void api_put_encoded(struct buffer *path, const char *step) {
    for (const char *c = step; *c != '\0'; c++) {
        if (isalnum((unsigned char)*c) || strchr("-._~", *c) != NULL)
            buffer_byte(path, *c);
        else
            buffer_print(path, "%%%02X", (unsigned char)*c);
    }
}
