/// What the files of the management interface share.
#pragma once

#include "lambda.h"

#include <access/signature.h>
#include <http/server.h>
#include <json/json.h>

enum {
    LAMBDA_BODY_BYTES_MAX = 72 * 1024 * 1024, // 50 MB as base64, and the rest of the request
    LAMBDA_DEPLOYMENTS_MAX = 2,               // packages that are looked at at once
    LAMBDA_PAGE_MAX = 50,                     // items of one answer
};

struct deployment;
struct pending_invoke;
struct lambda {
    struct lambda_options options;
    struct loop *loop;
    struct access_keys *keys;
    struct http_server *server;
    struct deployment *deployments;
    size_t deployment_count;
    struct pending_invoke *invokes;
};

/// One request, as far as it has been understood.
struct lambda_call {
    struct lambda *lambda;
    struct http_request *request;
    struct json_document *document; // of the body; NULL: none
    const struct json *body;
    char name[CATALOG_NAME_BYTES];      // of the function; "" where the path has none
    char qualifier[CATALOG_NAME_BYTES]; // of the name, or ?Qualifier=; "": none
    struct text item;                   // last step of the path: an alias, the id of a mapping
    struct problem problem;
};

/// Each answers the request, now or later.
typedef void lambda_handler(struct lambda_call *call);
lambda_handler lambda_create_function, lambda_update_code, lambda_get_function, lambda_get_configuration,
    lambda_update_configuration, lambda_list_functions, lambda_delete_function, lambda_publish, lambda_list_versions,
    lambda_create_alias, lambda_update_alias, lambda_get_alias, lambda_list_aliases, lambda_delete_alias,
    lambda_put_concurrency, lambda_get_concurrency, lambda_delete_concurrency, lambda_create_mapping,
    lambda_update_mapping, lambda_get_mapping, lambda_list_mappings, lambda_delete_mapping, lambda_invoke,
    lambda_create_url, lambda_get_url, lambda_delete_url;

/// Answers with an error in AWS's shape; `type` NULL: the usual one of the error.
void lambda_refuse(struct http_request *request, enum error error, const char *type, const char *message);
/// The same with the call's problem.
void lambda_refuse_call(struct lambda_call *call, enum error error);
void lambda_answer(struct http_request *request, int status, const struct buffer *body);

/// Invokes, and answers with what comes of it; NULL: as Lambda's Invoke does.
typedef void lambda_answer_fn(struct http_request *request, const struct invoke_result *result);
void lambda_wait(struct lambda_call *call, struct invoke_request *request, lambda_answer_fn *answer);

/// Functions' URLs. It has one by a trigger of its function.yaml, or by CreateFunctionUrlConfig.
bool lambda_has_url(const struct catalog_function *function, const struct catalog_version *version);
bool lambda_url_is(struct text path);
void lambda_url(struct lambda_call *call);

/// NULL: answered with ResourceNotFoundException.
const struct catalog_function *lambda_find(struct lambda_call *call);

/// A text of the body. False when it is there and no text.
bool lambda_text(struct lambda_call *call, const char *member, struct text *ret_text);
/// The name of a function out of "name", "name:qualifier" or an ARN.
bool lambda_read_name(struct text written, char ret_name[static CATALOG_NAME_BYTES],
                      char ret_qualifier[static CATALOG_NAME_BYTES]);

// --- lambda_settings.c: FunctionConfiguration, both ways ---

struct lambda_settings {
    struct catalog_settings settings;
    char description[CATALOG_DESCRIPTION_BYTES_MAX + 1], runtime[CATALOG_NAME_BYTES], handler[129];
    struct buffer environment; // the lines, NUL after each
    const char **lines;
};
enum error lambda_read_settings(const struct json *body, struct lambda_settings *ret_settings,
                                struct problem *ret_problem);
void lambda_settings_clear(struct lambda_settings *settings);

/// The document of a version; `qualified`: its ARN ends with the version.
void lambda_put_version(struct json_writer *writer, const struct catalog_function *function,
                        const struct catalog_version *version, bool qualified);
void lambda_put_member(struct json_writer *writer, const char *name, const char *value);

// --- lambda_deploy.c ---

void lambda_deployments_close(struct lambda *lambda); // waits for them
// --- lambda_invoke.c ---
void lambda_invokes_close(struct lambda *lambda);
