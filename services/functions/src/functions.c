#include <functions/functions.h>

#include "service.h"

#include <base/clock.h>
#include <base/file.h>
#include <base/log.h>
#include <base/notify.h>
#include <json/json.h>

#include <stdio.h>
#include <stdlib.h>

static const char documents_filter[] = "$aws.things.*.shadow.update.documents";
static const uint64_t GET_TIMEOUT_NS = 5 * NS_PER_S, LOOK_AGAIN_NS = 200 * NS_PER_MS;

// --- changes ---

static bool is_watched(const struct service *service, const char *thing) {
    for (size_t i = 0; i < service->function_count; i++)
        if (function_watches(&service->functions[i], thing)) return true;
    return false;
}

static void offer(struct service *service, struct change *change) {
    const struct change *before = map_get(service->latest, text_of(change->thing));
    const struct json *told = before == NULL ? NULL : before->current;
    for (size_t i = 0; i < service->function_count; i++) function_offer(&service->functions[i], change, told);
}

/// Keeps it, so that what happens while the bus or the twin service is away can be told from what was before.
static void keep_latest(struct service *service, struct change *change) {
    struct text thing = text_of(change->thing);
    struct change *before = map_get(service->latest, thing);
    if (map_set(service->latest, thing, change)) return; // no memory: a gap will not be seen
    change_ref(change);
    change_unref(before);
}

static void on_change(struct service *service, struct text subject, struct text data) {
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
    on_change(context, message->subject, message->data);
}

// --- after a gap ---

struct look {
    struct service *service;
    char subject[256]; // of the documents that were perhaps missed
    char thing[160];
    struct loop_timer *again; // until it is asked once more
    struct look *next;
};

static void write_missed(struct buffer *out, const struct change *before, const struct json *now) {
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    json_key(&writer, "previous");
    json_open_object(&writer);
    json_key(&writer, "state");
    json_put_value(&writer, before->current);
    json_close_object(&writer);
    json_key(&writer, "current");
    json_open_object(&writer);
    json_key(&writer, "state");
    json_open_object(&writer);
    static const char *const sections[] = {"desired", "reported"};
    for (size_t i = 0; i < 2; i++) {
        const struct json *section = json_member(json_member(now, "state"), sections[i]);
        if (!json_exists(section)) continue;
        json_key(&writer, sections[i]);
        json_put_value(&writer, section);
    }
    json_close_object(&writer);
    json_key(&writer, "version");
    json_put_integer(&writer, json_integer(json_member(now, "version"), 0));
    json_close_object(&writer);
    json_key(&writer, "timestamp");
    json_put_integer(&writer, json_integer(json_member(now, "timestamp"), 0));
    json_close_object(&writer);
}

static void free_look(struct look *look) {
    loop_timer_cancel(look->again);
    free(look);
}

static void end_look(struct look *look) {
    struct look **at = &look->service->looks;
    while (*at != look) at = &(*at)->next;
    *at = look->next;
    free_look(look);
}

static void compare(const struct look *look, struct text answer) {
    const struct change *before = map_get(look->service->latest, text_of(look->thing));
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct json_limits limits = {CHANGE_BYTES_MAX, 64};
    if (before == NULL || json_parse(answer, limits, &document, NULL)) return;
    int64_t version = json_integer(json_member(json_root(document), "version"), 0);
    if (version <= 0 || (uint64_t)version <= before->version) return;
    CLEANUP(buffer_clear) struct buffer missed = {0};
    write_missed(&missed, before, json_root(document));
    on_change(look->service, text_of(look->subject), buffer_view(&missed));
}

static void look_again(void *context);

static void on_look_answer(void *context, enum error error, struct text data) {
    struct look *look = context;
    struct service *service = look->service;
    // The twin service comes back to the bus in its own time. When it is the bus that went, its return begins anew.
    if (error && bus_connected(service->bus))
        look->again = loop_timer(service->loop, LOOK_AGAIN_NS, 0, look_again, look);
    if (look->again != NULL) return;
    if (!error) compare(look, data);
    end_look(look);
}

static enum error look_ask(struct look *look) {
    char subject[256];
    snprintf(subject, sizeof subject, "$aws.things.%s.shadow.get", look->thing);
    return bus_request(look->service->bus, text_of(subject), TEXT_EMPTY, GET_TIMEOUT_NS, on_look_answer, look);
}

static void look_again(void *context) {
    struct look *look = context;
    look->again = NULL; // fired: the loop frees it
    if (look_ask(look)) end_look(look);
}

static void look_at(struct service *service, struct text thing) {
    struct look *look = calloc(1, sizeof *look);
    if (look == NULL) return;
    look->service = service;
    snprintf(look->thing, sizeof look->thing, "%.*s", TEXT_ARG(thing));
    snprintf(look->subject, sizeof look->subject, "$aws.things.%.*s.shadow.update.documents", TEXT_ARG(thing));
    if (look_ask(look)) {
        free(look);
        return;
    }
    look->next = service->looks;
    service->looks = look;
}

/// What changed while the bus was away was told to nobody: every twin is looked at again.
static void look_at_all(struct service *service) {
    struct text thing;
    void *value;
    for (size_t at = 0; map_next(service->latest, &at, &thing, &value);) look_at(service, thing);
}

// --- status ---

static const char *const state_names[] = {
    [FUNCTION_STARTING] = "starting", [FUNCTION_READY] = "ready", [FUNCTION_FAILED] = "failed"};

static void put_number(struct json_writer *writer, const char *name, uint64_t value) {
    json_key(writer, name);
    json_put_unsigned(writer, value);
}

static void put_function(struct json_writer *writer, const struct function *function) {
    json_open_object(writer);
    json_key(writer, "name");
    json_put_string(writer, function->name);
    json_key(writer, "state");
    json_put_string(writer, state_names[function->state]);
    put_number(writer, "invocations", function->invocations);
    put_number(writer, "errors", function->errors);
    put_number(writer, "queued", function->queue.length);
    put_number(writer, "joined", function->queue.joined);
    put_number(writer, "dropped", function->dropped);
    put_number(writer, "restarts", function->restarts);
    put_number(writer, "pid", (uint64_t)function->worker.pid);
    json_key(writer, "reason");
    json_put_string(writer, function->reason.text);
    json_close_object(writer);
}

static void fill_status(void *context, struct json_writer *writer) {
    const struct service *service = context;
    json_key(writer, "functions");
    json_open_array(writer);
    for (size_t i = 0; i < service->function_count; i++) put_function(writer, &service->functions[i]);
    json_close_array(writer);
}

static const struct function *find_failed(const struct service *service) {
    for (size_t i = 0; i < service->function_count; i++)
        if (service->functions[i].state == FUNCTION_FAILED) return &service->functions[i];
    return NULL;
}

void service_changed(struct service *service) {
    if (service->status == NULL) return;
    const struct function *failed = find_failed(service);
    struct problem reason = {0};
    if (failed != NULL)
        error_ignore(problem_say(&reason, ERROR_NONE, "function %s: %s", failed->name, failed->reason.text));
    bus_status_reason(service->status, reason.text);
    bus_status_changed(service->status);
}

// --- the service ---

/// What happened before anybody could hear it.
static void tell_failures(struct service *service) {
    for (size_t i = 0; i < service->function_count; i++)
        if (service->functions[i].state == FUNCTION_FAILED) function_tell_failure(&service->functions[i]);
}

static void on_bus(void *context, bool connected, const char *reason) {
    struct service *service = context;
    if (connected && reason[0] == '\0') {
        log_info("connected to the bus");
        tell_failures(service);
        notify_status("running");
        if (service->was_connected) look_at_all(service);
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
    service->status = bus_status_open(service->bus, "functions", "fog", fill_status, service);
    return service->status == NULL ? problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory") : ERROR_NONE;
}

static enum error init_functions(struct service *service, const char *programs, struct problem *ret_problem) {
    size_t count = service->site->fog.function_count;
    service->functions = calloc(count == 0 ? 1 : count, sizeof service->functions[0]);
    service->latest = map_create();
    if (service->functions == NULL || service->latest == NULL)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) {
        service->function_count = i + 1;
        if (function_init(&service->functions[i], service, &service->site->fog.functions[i], programs))
            return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    }
    return ERROR_NONE;
}

enum error service_open(struct loop *loop, const struct site *site, const char *programs, struct service **ret_service,
                        struct problem *ret_problem) {
    struct service *service = calloc(1, sizeof *service);
    if (service == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    service->loop = loop;
    service->site = site;
    enum error error = init_functions(service, programs, ret_problem);
    if (!error) error = open_bus(service, ret_problem);
    if (error) {
        service_close(service);
        return error;
    }
    for (size_t i = 0; i < service->function_count; i++) function_start(&service->functions[i]);
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

static void free_looks(struct look *looks) {
    while (looks != NULL) {
        struct look *next = looks->next;
        free_look(looks);
        looks = next;
    }
}

void service_close(struct service *service) {
    if (service == NULL) return;
    for (size_t i = 0; i < service->function_count; i++) function_stop(&service->functions[i]);
    bus_status_close(service->status);
    service->status = NULL;
    bus_close(service->bus); // before the servers, whose requests it answers
    for (size_t i = 0; i < service->function_count; i++) function_clear(&service->functions[i]);
    free_latest(service->latest);
    free_looks(service->looks);
    free(service->functions);
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
