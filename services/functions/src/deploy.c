// The functions of the site file: their folders in the plant and their built programs go into the catalogue.
#include "management.h"
#include "service.h"

#include <base/clock.h>
#include <base/file.h>
#include <base/log.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t DEPLOY_AGAIN_NS = 10 * NS_PER_S;

static enum error read_manifest(const struct site_function *from, struct function_manifest **ret_manifest,
                                struct problem *ret_problem) {
    struct function_manifest *manifest = NULL;
    enum error error = function_manifest_load(from->folder, &manifest, ret_problem);
    if (error) return error;
    if (strcmp(manifest->name, from->name) == 0) {
        *ret_manifest = manifest;
        return ERROR_NONE;
    }
    error = problem_say(ret_problem, ERROR_INVALID,
                        "%s/function.yaml: name is '%s', but its folder is called '%s'; "
                        "both must be the same",
                        from->folder, manifest->name, from->name);
    function_manifest_destroy(manifest);
    return error;
}

static enum error deploy(struct service *service, const struct site_function *from, struct problem *ret_problem) {
    CLEANUP(function_manifest_destroy_at) struct function_manifest *manifest = NULL;
    CLEANUP(free_at) char *name = NULL;
    enum error error = read_manifest(from, &manifest, ret_problem);
    if (error) return error;
    if (asprintf(&name, "%s/bootstrap", from->name) < 0) return ERROR_NO_MEMORY;
    CLEANUP(free_at) char *program = file_join(service->programs, name);
    return program == NULL ? ERROR_NO_MEMORY : management_seed(service->management, manifest, program, ret_problem);
}

static void keep(struct service *service, const char *name, const struct problem *problem) {
    struct problem *before = map_get(service->undeployed, text_of(name));
    if (before == NULL) log_warning("%s: %s", name, problem->text);
    struct problem *kept = before != NULL ? before : calloc(1, sizeof *kept);
    if (kept == NULL) return;
    *kept = *problem;
    if (before == NULL && map_set(service->undeployed, text_of(name), kept)) free(kept);
}

static void deploy_again(void *context) {
    struct service *service = context;
    service->deploy_timer = NULL;
    deploy_site(service);
}

void deploy_site(struct service *service) {
    for (size_t i = 0; i < service->site->fog.function_count; i++) {
        const struct site_function *function = &service->site->fog.functions[i];
        struct problem problem = {0};
        if (service_function(service, text_of(function->name)) != NULL) continue;
        enum error error = deploy(service, function, &problem);
        if (error) {
            if (problem.text[0] == '\0') error_ignore(problem_say(&problem, error, "%s", error_text(error)));
            runtime_drop_function(service, function->name);
            keep(service, function->name, &problem);
        } else {
            free(map_remove(service->undeployed, text_of(function->name)));
        }
    }
    if (map_count(service->undeployed) > 0 && service->deploy_timer == NULL)
        service->deploy_timer = loop_timer(service->loop, DEPLOY_AGAIN_NS, 0, deploy_again, service);
    service_changed(service);
}

void deploy_close(struct service *service) {
    loop_timer_cancel(service->deploy_timer);
    if (service->undeployed == NULL) return;
    void *problem;
    for (size_t at = 0; map_next(service->undeployed, &at, NULL, &problem);) free(problem);
    map_destroy(service->undeployed);
}
