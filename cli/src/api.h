/// The plant's HTTP interface, as commands use it: URL and token of connect.json, answers as JSON.
/// Threads: one at a time.
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <json/json.h>

struct api;
struct api_options {
    const char *url;        // "http://127.0.0.1:8080"
    const char *token_file; // read now
    unsigned timeout_ms;    // of one call; 0: none
};
enum error api_open(const struct api_options *options, struct api **ret_api, struct problem *ret_problem);
void api_close(struct api *api); // NULL is fine
CLEANUP_DEFINE(struct api, api_close)

/// A call with a JSON answer. ERROR_NONE for 2xx; for other statuses the error that means the same, with the answer's
/// message in the problem. The answer, when it is JSON, is given in both cases, for the caller to destroy; `ret_answer`
/// is NULL when there is none.
enum error api_call(struct api *api, const char *method, const char *path, struct text body,
                    struct json_document **ret_answer, struct problem *ret_problem);

/// Header lines of the next calls, "Name: value", NULL ends; borrowed. NULL: none.
void api_set_headers(struct api *api, const char *const *headers);
/// A header of the last answer; empty when absent. Borrowed until the next call.
struct text api_header(const struct api *api, const char *name);

/// Server-sent events: `line` for each line of the stream, until it returns false or the stream ends.
enum error api_listen(struct api *api, const char *path, bool (*line)(void *context, struct text line), void *context,
                      struct problem *ret_problem);

/// Appends a step of a path or a query value, percent-encoded.
void api_put_encoded(struct buffer *path, const char *step);
