// CreateFunction and UpdateFunctionCode: a package is looked at and unpacked on a thread, then named by the catalogue.
#include "lambda_internal.h"

#include <base/base64.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct deployment {
    struct lambda *lambda;
    struct deployment *next;
    struct http_request *request;
    struct json_document *document; // of the request; the package's text is in it
    char name[CATALOG_NAME_BYTES];
    char runtime[CATALOG_NAME_BYTES], handler[129]; // that the package is for
    bool creates, publishes, dry;
    struct lambda_settings settings; // of a new one
    struct text revision;
    pthread_t thread;
    char *store;

    struct package package; // what the thread found
    enum error error;
    struct problem problem;
};

static void deployment_free(struct deployment *deployment) {
    package_clear(&deployment->package);
    lambda_settings_clear(&deployment->settings);
    json_destroy(deployment->document);
    free(deployment->store);
    free(deployment);
}

static void take_out(struct deployment *deployment) {
    struct deployment **at = &deployment->lambda->deployments;
    while (*at != deployment) at = &(*at)->next;
    *at = deployment->next;
    deployment->lambda->deployment_count--;
}

// --- on the thread ---

static const struct json *code_of(const struct deployment *deployment) {
    const struct json *body = json_root(deployment->document);
    return json_member(deployment->creates ? json_member(body, "Code") : body, "ZipFile");
}

static enum error unpack(struct deployment *deployment) {
    CLEANUP(buffer_clear) struct buffer archive = {0};
    enum error error = base64_read(json_string(code_of(deployment)), &archive);
    if (error) return problem_say(&deployment->problem, error, "ZipFile is no base64");
    const struct package_use use = {deployment->name, deployment->runtime, deployment->handler};
    error = package_check(buffer_view(&archive), &use, &deployment->package, &deployment->problem);
    if (error || deployment->dry) return error;
    return package_unpack(buffer_view(&archive), &deployment->package, deployment->store, &deployment->problem);
}

static void finish(void *context);

static void *work(void *context) {
    struct deployment *deployment = context;
    deployment->error = unpack(deployment);
    if (loop_post(deployment->lambda->loop, finish, deployment)) abort(); // nobody would ever answer
    return NULL;
}

// --- back on the loop ---

static enum error put_in_catalog(struct deployment *deployment) {
    struct catalog *catalog = deployment->lambda->options.catalog;
    struct problem *problem = &deployment->problem;
    enum error error =
        deployment->creates
            ? catalog_create(catalog, deployment->name, &deployment->settings.settings, &deployment->package, problem)
            : catalog_update_code(catalog, deployment->name, deployment->revision, &deployment->package, problem);
    const struct catalog_version *version;
    if (!error && deployment->publishes)
        error = catalog_publish(catalog, deployment->name, TEXT_EMPTY, TEXT_EMPTY, NULL, &version, problem);
    return error;
}

static void answer(struct deployment *deployment) {
    const struct catalog_function *function =
        catalog_find(deployment->lambda->options.catalog, text_of(deployment->name));
    if (function == NULL)
        return lambda_refuse(deployment->request, ERROR_NOT_FOUND, NULL, "the function was deleted meanwhile");
    size_t at = deployment->publishes ? function->version_count - 1 : 0;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    lambda_put_version(&writer, function, &function->versions[at], deployment->publishes);
    lambda_answer(deployment->request, deployment->creates ? 201 : 200, &out);
}

static void finish(void *context) {
    struct deployment *deployment = context;
    pthread_join(deployment->thread, NULL);
    take_out(deployment);
    enum error error = deployment->error;
    if (!error && !deployment->dry) error = put_in_catalog(deployment);
    if (error)
        lambda_refuse(deployment->request, error, NULL, deployment->problem.text);
    else
        answer(deployment);
    deployment_free(deployment);
}

void lambda_deployments_close(struct lambda *lambda) {
    while (lambda->deployments != NULL) {
        struct deployment *deployment = lambda->deployments;
        pthread_join(deployment->thread, NULL);
        take_out(deployment); // its request goes with the server
        deployment_free(deployment);
    }
}

// --- starting ---

static enum error check_code(const struct deployment *deployment, struct problem *problem) {
    if (json_is(code_of(deployment), JSON_STRING)) return ERROR_NONE;
    return problem_say(problem, ERROR_INVALID,
                       "send the package itself (ZipFile): there is no S3 and no image registry here");
}

static enum error read_use(struct deployment *deployment, const struct catalog_function *there,
                           struct problem *problem) {
    const struct catalog_settings *settings = &deployment->settings.settings;
    if (deployment->creates && settings->runtime == NULL)
        return problem_say(problem, ERROR_INVALID, "Runtime is missing: provided.al2023, provided.al2 or nodejs20.x");
    const char *runtime = there == NULL ? settings->runtime : there->versions[0].runtime;
    const char *handler = there == NULL ? settings->handler : there->versions[0].handler;
    snprintf(deployment->runtime, sizeof deployment->runtime, "%s", runtime);
    snprintf(deployment->handler, sizeof deployment->handler, "%s", handler == NULL ? "" : handler);
    return ERROR_NONE;
}

static enum error prepare(struct lambda_call *call, struct deployment *deployment,
                          const struct catalog_function *there) {
    const struct json *body = json_root(call->document);
    deployment->publishes = json_bool(json_member(body, "Publish"));
    deployment->dry = json_bool(json_member(body, "DryRun"));
    deployment->revision = json_string(json_member(body, "RevisionId"));
    deployment->store = strdup(catalog_store(call->lambda->options.catalog));
    if (deployment->store == NULL) return ERROR_NO_MEMORY;
    enum error error =
        deployment->creates ? lambda_read_settings(body, &deployment->settings, &call->problem) : ERROR_NONE;
    if (!error) error = check_code(deployment, &call->problem);
    return error ? error : read_use(deployment, there, &call->problem);
}

static enum error start(struct lambda_call *call, struct deployment *deployment) {
    struct lambda *lambda = call->lambda;
    if (lambda->deployment_count >= LAMBDA_DEPLOYMENTS_MAX)
        return problem_say(&call->problem, ERROR_LIMIT, "%d packages are being unpacked: try again in a moment",
                           LAMBDA_DEPLOYMENTS_MAX);
    if (pthread_create(&deployment->thread, NULL, work, deployment) != 0)
        return problem_say(&call->problem, ERROR_INTERNAL, "no thread can be started");
    deployment->next = lambda->deployments;
    lambda->deployments = deployment;
    lambda->deployment_count++;
    return ERROR_NONE;
}

static void deploy(struct lambda_call *call, const char *name, const struct catalog_function *there) {
    if (call->document == NULL)
        return lambda_refuse(call->request, ERROR_INVALID, NULL, "the request has no body: send ZipFile");
    struct deployment *deployment = calloc(1, sizeof *deployment);
    if (deployment == NULL) return lambda_refuse_call(call, ERROR_NO_MEMORY);
    *deployment = (struct deployment){.lambda = call->lambda, .request = call->request, .creates = there == NULL};
    snprintf(deployment->name, sizeof deployment->name, "%s", name);
    deployment->document = TAKE(call->document);
    call->document = deployment->document; // until it is ready
    enum error error = prepare(call, deployment, there);
    call->document = NULL;
    if (!error) error = start(call, deployment);
    if (!error) return;
    lambda_refuse_call(call, error);
    deployment_free(deployment);
}

void lambda_create_function(struct lambda_call *call) {
    char name[CATALOG_NAME_BYTES], qualifier[CATALOG_NAME_BYTES];
    struct text written = json_string(json_member(call->body, "FunctionName"));
    if (!lambda_read_name(written, name, qualifier) || qualifier[0] != '\0')
        return lambda_refuse(call->request, ERROR_INVALID, NULL,
                             "FunctionName is to be 1 to 64 letters, digits, - and _");
    if (catalog_find(call->lambda->options.catalog, text_of(name)) != NULL) {
        error_ignore(problem_say(&call->problem, ERROR_EXISTS, "Function already exist: %s", name)); // told
        return lambda_refuse_call(call, ERROR_EXISTS);
    }
    deploy(call, name, NULL);
}

void lambda_update_code(struct lambda_call *call) {
    const struct catalog_function *function = lambda_find(call);
    if (function != NULL) deploy(call, call->name, function);
}
