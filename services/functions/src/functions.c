#include <functions/functions.h>

#include "management.h"
#include "service.h"

#include <base/clock.h>
#include <base/file.h>
#include <base/log.h>
#include <base/notify.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char documents_filter[] = "$aws.things.*.shadow.update.documents";
static const uint64_t IDLE_NS = 300 * NS_PER_S, RETRY_NS = NS_PER_S;

// --- changes ---

static bool is_watched(const struct service *service, const char *thing) {
    void *function;
    for (size_t at = 0; map_next(service->functions, &at, NULL, &function);)
        if (function_watches(function, thing)) return true;
    return false;
}

static void offer(struct service *service, struct change *change) {
    const struct change *before = map_get(service->latest, text_of(change->thing));
    const struct json *told = before == NULL ? NULL : before->current;
    void *function;
    for (size_t at = 0; map_next(service->functions, &at, NULL, &function);) function_offer(function, change, told);
}

/// Keeps it, so that what happens while the bus or the twin service is away can be told from what was before.
static void keep_latest(struct service *service, struct change *change) {
    struct text thing = text_of(change->thing);
    struct change *before = map_get(service->latest, thing);
    if (map_set(service->latest, thing, change)) return; // no memory: a gap will not be seen
    change_ref(change);
    change_unref(before);
}

void service_take_change(struct service *service, struct text subject, struct text data) {
    struct change *change = NULL;
    struct problem problem = {0};
    if (change_read(subject, data, &change, &problem)) return log_warning("message ignored: %s", problem.text);
    if (is_watched(service, change->thing)) {
        offer(service, change);
        keep_latest(service, change);
    }
    change_unref(change);
}

static void on_documents(void *context, const struct bus_message *message) {
    service_take_change(context, message->subject, message->data);
}

// --- the service ---

struct function *service_function(const struct service *service, struct text name) {
    return map_get(service->functions, name);
}

void service_changed(struct service *service) {
    if (service->status == NULL) return;
    struct problem reason;
    status_reason(service, &reason);
    bus_status_reason(service->status, reason.text);
    bus_status_changed(service->status);
}

static void tell(struct service *service, unsigned severity, const char *source, const char *text) {
    error_ignore(bus_event(service->bus, severity, source, "%s", text)); // the log has it in any case
}

/// What happened before anybody could hear it.
static void tell_failures(struct service *service) {
    struct text name;
    void *value;
    char source[128];
    for (size_t at = 0; map_next(service->functions, &at, &name, &value);) {
        const struct version *target = function_target(value);
        if (target == NULL || target->state != FUNCTION_FAILED) continue;
        snprintf(source, sizeof source, "functions/%.*s", TEXT_ARG(name));
        tell(service, SEVERITY_FAILURE, source, target->reason.text);
    }
    for (size_t at = 0; map_next(service->undeployed, &at, &name, &value);) {
        snprintf(source, sizeof source, "functions/%.*s", TEXT_ARG(name));
        tell(service, SEVERITY_FAILURE, source, ((const struct problem *)value)->text);
    }
    const char *mode = service->site->fog.sandbox;
    bool wanted = mode == NULL || strcmp(mode, "off") != 0;
    if (wanted && !service->sandbox.isolates) tell(service, SEVERITY_WARNING, "functions", service->sandbox.reason);
}

static void on_bus(void *context, bool connected, const char *reason) {
    struct service *service = context;
    if (connected && reason[0] == '\0') {
        log_info("connected to the bus");
        tell_failures(service);
        notify_status("running");
        if (service->was_connected) gap_look(service);
        service->was_connected = true;
        return;
    }
    log_warning("%s", reason);
    notify_status("%s", reason);
}

static enum error open_bus(struct service *service, struct problem *ret_problem) {
    CLEANUP(free_at) char *url = site_nats_url(service->site);
    CLEANUP(free_at) char *ca_file = site_path(service->site, "pki/ca.crt");
    CLEANUP(free_at) char *password_file = site_path(service->site, "secrets/nats-functions");
    if (url == NULL || ca_file == NULL || password_file == NULL)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    struct bus_options options = {url, ca_file, "functions", password_file, "functions", on_bus, service};
    enum error error = bus_open(service->loop, &options, &service->bus, ret_problem);
    if (!error) error = bus_subscribe(service->bus, documents_filter, NULL, on_documents, service, NULL);
    if (error) return error;
    service->status = bus_status_open(service->bus, "functions", "fog", status_fill, service);
    return service->status == NULL ? problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory") : ERROR_NONE;
}

static enum error init(struct service *service) {
    service->functions = map_create();
    service->undeployed = map_create();
    service->latest = map_create();
    if (service->functions == NULL || service->undeployed == NULL || service->latest == NULL) return ERROR_NO_MEMORY;
    sandbox_init(&service->sandbox, service->site->fog.sandbox);
    const char *mode = service->site->fog.sandbox;
    if (!service->sandbox.isolates && (mode == NULL || strcmp(mode, "off") != 0))
        log_warning("functions run without a sandbox: %s", service->sandbox.reason);
    return ERROR_NONE;
}

enum error service_open(struct loop *loop, const struct site *site, const char *programs, struct service **ret_service,
                        struct problem *ret_problem) {
    struct service *service = calloc(1, sizeof *service);
    if (service == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    *service = (struct service){.loop = loop,
                                .site = site,
                                .programs = programs,
                                .idle_ns = IDLE_NS,
                                .retry_ns = RETRY_NS,
                                .wall_ns = clock_wall_ns};
    enum error error = init(service);
    if (error) error = problem_say(ret_problem, error, "out of memory");
    if (!error) error = open_bus(service, ret_problem);
    if (!error) error = management_open(service, &service->management, ret_problem);
    if (error) {
        service_close(service);
        return error;
    }
    deploy_site(service);
    *ret_service = service;
    return ERROR_NONE;
}

static void free_latest(struct map *latest) {
    if (latest == NULL) return;
    struct text thing;
    void *change;
    for (size_t at = 0; map_next(latest, &at, &thing, &change);) change_unref(change);
    map_destroy(latest);
}

static void end_functions(struct service *service) {
    void *function;
    for (size_t at = 0; service->functions != NULL && map_next(service->functions, &at, NULL, &function);)
        function_destroy(function);
    map_destroy(service->functions);
}

void service_close(struct service *service) {
    if (service == NULL) return;
    service->closing = true;
    bus_status_close(service->status);
    service->status = NULL;
    management_close(service->management);
    end_functions(service); // their endpoints stay till the bus, whose answers they wait for, is closed
    bus_close(service->bus);
    graves_clear(service);
    gap_close(service);
    deploy_close(service);
    free_latest(service->latest);
    sandbox_clear(&service->sandbox);
    free(service);
}

/// BIN/../functions/PLANT: where the build and the package put the functions' programs.
static char *programs_folder(const struct site *site) {
    CLEANUP(free_at) char *bin = file_program_folder();
    char *folder = NULL;
    if (bin == NULL || asprintf(&folder, "%s/../functions/%s", bin, site->plant_name) < 0) return NULL;
    return folder;
}

static enum error run(struct loop *loop, const struct site *site, struct problem *ret_problem) {
    CLEANUP(free_at) char *programs = programs_folder(site);
    if (programs == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    struct service *service = NULL;
    enum error error = service_open(loop, site, programs, &service, ret_problem);
    if (error) return error;
    notify_ready();
    error = loop_run(loop);
    notify_stopping();
    service_close(service);
    return error ? problem_say(ret_problem, error, "the event loop failed: %s", error_text(error)) : ERROR_NONE;
}

enum error functions_run(const struct site *site, struct problem *ret_problem) {
    struct loop *loop = loop_create();
    if (loop == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory or descriptors");
    enum error error = loop_stop_on_signals(loop);
    if (!error) error = notify_keep_alive(loop);
    if (!error) error = run(loop, site, ret_problem);
    loop_destroy(loop);
    return error;
}
