#include "service.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void add(struct environment *environment, char *text) {
    char **list = reallocarray(environment->list, environment->count + 2, sizeof *list);
    if (list != NULL) environment->list = list;
    if (list == NULL || text == NULL) {
        free(text);
        environment->failed = true;
        return;
    }
    list[environment->count++] = text;
    list[environment->count] = NULL;
}

__attribute__((format(printf, 2, 3))) static void set(struct environment *environment, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0) text = NULL;
    va_end(arguments);
    add(environment, text);
}

void environment_make(const struct instance *instance, const char *folder, unsigned port,
                      struct environment *ret_environment) {
    struct environment *e = ret_environment;
    const struct version *version = instance->version;
    const char *name = version->function->name;
    for (char **variable = version->environment; *variable != NULL; variable++) set(e, "%s", *variable);
    set(e, "PATH=/usr/local/bin:/usr/bin:/bin");
    set(e, "LANG=C.UTF-8");
    set(e, "TZ=:UTC");
    set(e, "_HANDLER=%s", version->handler);
    set(e, "LAMBDA_TASK_ROOT=%s", folder);
    set(e, "LAMBDA_RUNTIME_DIR=/var/runtime");
    set(e, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:%u", port);
    set(e, "AWS_LAMBDA_FUNCTION_NAME=%s", name);
    set(e, "AWS_LAMBDA_FUNCTION_VERSION=%s", version->name);
    set(e, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=%u", version->memory_mb);
    set(e, "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/%s", name);
    set(e, "AWS_LAMBDA_LOG_STREAM_NAME=log");
    set(e, "AWS_LAMBDA_INITIALIZATION_TYPE=%s", version_is_pinned(version) ? "provisioned-concurrency" : "on-demand");
    if (version->is_node) set(e, "AWS_EXECUTION_ENV=AWS_Lambda_nodejs20.x");
    set(e, "AWS_REGION=local");
    set(e, "AWS_DEFAULT_REGION=local");
    set(e, "AWS_ENDPOINT_URL_IOT_DATA_PLANE=http://127.0.0.1:%u", port);
    set(e, "AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:%u", port);
    set(e, "AWS_ACCESS_KEY_ID=%s", name);
    set(e, "AWS_SECRET_ACCESS_KEY=%s", instance->token);
    set(e, "AWS_SESSION_TOKEN=%s", instance->token);
}

void environment_clear(struct environment *environment) {
    for (size_t i = 0; i < environment->count; i++) free(environment->list[i]);
    free(environment->list);
}
