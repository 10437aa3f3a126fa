#include "service.h"

#include <base/clock.h>
#include <base/file.h>
#include <base/log.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const uint64_t BACK_OFF_FIRST_NS = 100 * NS_PER_MS;
static const uint64_t BACK_OFF_MAX_NS = 10 * NS_PER_S;
static const uint64_t FAILED_RETRY_NS = 10 * NS_PER_S;

enum { SEVERITY_INFORMATION = 200, SEVERITY_WARNING = 500, SEVERITY_FAILURE = 700 };

static void on_worker_ended(void *context, const char *how);

enum error function_init(struct function *function, struct service *service, const struct site_function *site_function,
                         const char *programs) {
    *function = (struct function){
        .service = service,
        .name = site_function->name,
        .package = site_function->folder,
        .back_off_ns = BACK_OFF_FIRST_NS,
        .log = {.file = -1},
        .worker = {.loop = service->loop, .log = &function->log, .ended = on_worker_ended, .context = function},
    };
    CLEANUP(free_at) char *name = NULL, *folder = NULL;
    if (asprintf(&name, "%s/bootstrap", function->name) < 0) return ERROR_NO_MEMORY;
    function->program = file_join(programs, name);
    if (asprintf(&folder, "functions/%s", function->name) < 0) return ERROR_NO_MEMORY;
    function->data_folder = site_path(service->site, folder);
    return function->program == NULL || function->data_folder == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
}

void function_clear(struct function *function) {
    http_server_close(function->server);
    worker_log_close(&function->log);
    queue_clear(&function->queue);
    pending_free(function->current);
    function_manifest_destroy(function->manifest);
    free(function->program);
    free(function->data_folder);
}

static void publish_event(struct function *function, unsigned severity, const char *text) {
    char source[128];
    snprintf(source, sizeof source, "functions/%s", function->name);
    error_ignore(bus_event(function->service->bus, severity, source, "%s", text)); // the log has it in any case
}

static void tell(struct function *function, unsigned severity, const char *text) {
    log_line(severity < SEVERITY_WARNING ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "%s: %s", function->name, text);
    publish_event(function, severity, text);
    service_changed(function->service);
}

void function_tell_failure(struct function *function) {
    publish_event(function, SEVERITY_FAILURE, function->reason.text);
}

static void keep_reason(struct function *function, const char *text) {
    error_ignore(problem_say(&function->reason, ERROR_NONE, "%s", text)); // people read it
}

// --- giving events ---

/// A random UUID (RFC 9562, version 4).
static void make_request_id(char ret_id[static REQUEST_ID_BYTES]) {
    unsigned char random[16];
    if (getrandom(random, sizeof random, 0) != sizeof random) abort(); // cannot fail for so few bytes
    random[6] = (unsigned char)((random[6] & 0x0f) | 0x40);
    random[8] = (unsigned char)((random[8] & 0x3f) | 0x80);
    char *at = ret_id;
    for (size_t i = 0; i < sizeof random; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
        at += sprintf(at, "%02x", random[i]);
    }
}

static void drop_current(struct function *function) {
    loop_timer_cancel(function->time_limit);
    function->time_limit = NULL;
    pending_free(function->current);
    function->current = NULL;
    function->request_id[0] = '\0';
}

static void on_time_limit(void *context) {
    struct function *function = context;
    function->time_limit = NULL;
    function->timed_out = true;
    function->errors++;
    struct problem problem;
    error_ignore(problem_say(&problem, ERROR_TIMEOUT, "an event of %s took longer than the time limit of %u s",
                             function->current->newest->thing, function->manifest->timeout_s));
    tell(function, SEVERITY_WARNING, problem.text);
    worker_kill(&function->worker); // on_worker_ended follows
}

static void give_next(struct function *function) {
    if (function->next == NULL) return;
    struct pending *pending = queue_take(&function->queue);
    if (pending == NULL) return;
    struct http_request *request = function->next;
    function->next = NULL;
    function->current = pending;
    pending->attempts++;
    function->invocations++;
    make_request_id(function->request_id);
    uint64_t limit_ns = function->manifest->timeout_s * NS_PER_S;
    function->time_limit = loop_timer(function->service->loop, limit_ns, 0, on_time_limit, function);
    CLEANUP(buffer_clear) struct buffer event = {0};
    pending_write(pending, &event);
    runtime_api_give(function, request, buffer_view(&event), (clock_wall_ns() + limit_ns) / NS_PER_MS);
}

bool function_watches(const struct function *function, const char *thing) {
    if (function->manifest == NULL) return false;
    for (size_t i = 0; i < function->manifest->trigger_count; i++) {
        const char *twin = function->manifest->triggers[i].twin;
        if (twin != NULL && text_matches(text_of(thing), text_of(twin))) return true;
    }
    return false;
}

void function_offer(struct function *function, struct change *change, const struct json *told) {
    if (function->manifest == NULL || !change_concerns(change, told, function->manifest)) return;
    if (queue_add(&function->queue, change)) function->dropped++; // no memory
    give_next(function);
}

// --- what the worker says ---

static void on_next_gone(void *context) {
    struct function *function = context;
    struct http_request *request = function->next;
    function->next = NULL;
    http_answer(request, 503, NULL, 0, TEXT_EMPTY); // frees it
}

void function_on_next(struct function *function, struct http_request *request) {
    if (function->next != NULL) on_next_gone(function); // its client has left without a word, or is no worker of ours
    if (function->current != NULL) {
        function->errors++;
        tell(function, SEVERITY_WARNING, "the worker asked for the next event without answering for the last one");
        drop_current(function);
    }
    function->next = request;
    function->asked = true;
    function->early_deaths = 0;
    http_on_gone(request, on_next_gone, function);
    if (function->state != FUNCTION_READY) {
        bool was_failed = function->state == FUNCTION_FAILED;
        function->state = FUNCTION_READY;
        function->reason.text[0] = '\0';
        if (was_failed) tell(function, SEVERITY_INFORMATION, "works again");
        service_changed(function->service);
    }
    give_next(function);
}

static bool is_current(const struct function *function, struct text id) {
    return function->current != NULL && text_is(id, function->request_id);
}

bool function_on_response(struct function *function, struct text id) {
    if (!is_current(function, id)) return false;
    drop_current(function);
    function->back_off_ns = BACK_OFF_FIRST_NS;
    return true;
}

bool function_on_error(struct function *function, struct text id, struct text message) {
    if (!is_current(function, id)) return false;
    function->errors++;
    struct problem problem;
    error_ignore(problem_say(&problem, ERROR_INTERNAL, "an event of %s ended with an error: %.*s",
                             function->current->newest->thing, TEXT_ARG(message)));
    keep_reason(function, problem.text);
    tell(function, SEVERITY_WARNING, problem.text);
    drop_current(function);
    return true;
}

void function_on_init_error(struct function *function, struct text message) {
    error_ignore(problem_say(&function->reason, ERROR_INTERNAL, "cannot start: %.*s", TEXT_ARG(message))); // told below
    tell(function, SEVERITY_WARNING, function->reason.text);
}

// --- the worker's life ---

static void restart(void *context) {
    struct function *function = context;
    function->restart_timer = NULL;
    function_start(function);
}

static void restart_after(struct function *function, uint64_t delay_ns) {
    function->restart_timer = loop_timer(function->service->loop, delay_ns, 0, restart, function);
    if (function->restart_timer == NULL) abort(); // a few bytes are all it needs; without them nothing goes on
}

static void restart_with_back_off(struct function *function) {
    restart_after(function, function->back_off_ns);
    function->back_off_ns *= 2;
    if (function->back_off_ns > BACK_OFF_MAX_NS) function->back_off_ns = BACK_OFF_MAX_NS;
}

static void fail(struct function *function) {
    bool is_new = function->state != FUNCTION_FAILED;
    function->state = FUNCTION_FAILED;
    if (is_new) tell(function, SEVERITY_FAILURE, function->reason.text);
    service_changed(function->service);
    restart_after(function, FAILED_RETRY_NS);
}

static void on_early_death(struct function *function) {
    function->early_deaths++;
    if (function->early_deaths >= FUNCTION_CRASHES_AT_START_MAX) return fail(function);
    restart_with_back_off(function);
}

/// The event goes to the next worker, unless it has been too much for several of them already.
static void save_current(struct function *function) {
    struct pending *pending = function->current;
    if (pending == NULL) return;
    function->current = NULL;
    unsigned attempts_max = function->timed_out ? FUNCTION_TIMEOUTS_MAX : FUNCTION_ATTEMPTS_MAX;
    if (pending->attempts < attempts_max) {
        queue_put_back(&function->queue, pending);
    } else {
        function->dropped++;
        struct problem problem;
        error_ignore(problem_say(&problem, ERROR_INTERNAL, "an event of %s was given up after %u attempts",
                                 pending->newest->thing, pending->attempts));
        tell(function, SEVERITY_WARNING, problem.text);
        pending_free(pending);
    }
    drop_current(function);
}

static void on_worker_ended(void *context, const char *how) {
    struct function *function = context;
    if (function->next != NULL) on_next_gone(function);
    if (!function->timed_out && function->current != NULL) function->errors++;
    save_current(function);
    function->timed_out = false;
    function->restarts++;
    bool said_why =
        function->state != FUNCTION_READY && text_starts_with(text_of(function->reason.text), TEXT("cannot start"));
    if (!said_why)
        error_ignore(problem_say(&function->reason, ERROR_INTERNAL, "the worker %s%s%s", how,
                                 function->log.last[0] == '\0' ? "" : "; its last words: ", function->log.last));
    if (function->state == FUNCTION_READY) function->state = FUNCTION_STARTING;
    if (function->state != FUNCTION_FAILED) tell(function, SEVERITY_WARNING, function->reason.text);
    if (!function->asked) return on_early_death(function);
    restart_with_back_off(function);
}

struct environment {
    char *list[24]; // NULL ends
    size_t count;
    bool failed;
};

static void environment_clear(struct environment *environment) {
    for (size_t i = 0; i < environment->count; i++) free(environment->list[i]);
}

__attribute__((format(printf, 2, 3))) static void set(struct environment *environment, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        environment->failed = true;
    else
        environment->list[environment->count++] = text;
    va_end(arguments);
}

/// What Lambda sets, and nothing of ours.
static void set_environment(const struct function *function, struct environment *environment) {
    unsigned port = http_server_port(function->server);
    set(environment, "PATH=/usr/local/bin:/usr/bin:/bin");
    set(environment, "LANG=C.UTF-8");
    set(environment, "TZ=:UTC");
    set(environment, "_HANDLER=bootstrap");
    set(environment, "LAMBDA_TASK_ROOT=%s", function->package);
    set(environment, "LAMBDA_RUNTIME_DIR=/var/runtime");
    set(environment, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:%u", port);
    set(environment, "AWS_LAMBDA_FUNCTION_NAME=%s", function->name);
    set(environment, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST");
    set(environment, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=%d", WORKER_MEMORY_MB);
    set(environment, "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/%s", function->name);
    set(environment, "AWS_LAMBDA_LOG_STREAM_NAME=log");
    set(environment, "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand");
    set(environment, "AWS_REGION=local");
    set(environment, "AWS_DEFAULT_REGION=local");
    set(environment, "AWS_ENDPOINT_URL_IOT_DATA_PLANE=http://127.0.0.1:%u", port);
    set(environment, "AWS_ACCESS_KEY_ID=%s", function->name);
    set(environment, "AWS_SECRET_ACCESS_KEY=%s", function->token);
    set(environment, "AWS_SESSION_TOKEN=%s", function->token);
}

static enum error read_manifest(struct function *function, struct problem *ret_problem) {
    if (function->manifest != NULL) return ERROR_NONE;
    struct function_manifest *manifest = NULL;
    enum error error = function_manifest_load(function->package, &manifest, ret_problem);
    if (error) return error;
    if (strcmp(manifest->name, function->name) == 0) {
        function->manifest = manifest;
        return ERROR_NONE;
    }
    error = problem_say(ret_problem, ERROR_INVALID,
                        "%s/function.yaml: name is '%s', but its folder is called '%s'; "
                        "both must be the same",
                        function->package, manifest->name, function->name);
    function_manifest_destroy(manifest);
    return error;
}

static enum error prepare(struct function *function, struct problem *ret_problem) {
    enum error error = read_manifest(function, ret_problem);
    if (!error && function->log.file < 0) {
        worker_log_close(&function->log);
        error = worker_log_open(&function->log, function->data_folder, WORKER_LOG_BYTES_MAX, ret_problem);
    }
    if (!error && function->server == NULL) error = runtime_api_open(function, ret_problem);
    if (!error && !file_exists(function->program))
        error = problem_say(ret_problem, ERROR_NOT_FOUND, "%s does not exist: build the function", function->program);
    if (!error) error = pki_secret(function->token);
    return error;
}

void function_start(struct function *function) {
    struct problem problem = {0};
    function->asked = false;
    function->log.last[0] = '\0';
    if (function->state == FUNCTION_READY) function->state = FUNCTION_STARTING;
    enum error error = prepare(function, &problem);
    if (!error) {
        CLEANUP(environment_clear) struct environment environment = {0};
        set_environment(function, &environment);
        error = environment.failed ? ERROR_NO_MEMORY
                                   : worker_start(&function->worker, function->program, function->package,
                                                  (const char *const *)environment.list, &problem);
    }
    if (!error) return;
    keep_reason(function, problem.text[0] == '\0' ? error_text(error) : problem.text);
    fail(function); // waiting a tenth of a second mends none of this
}

void function_stop(struct function *function) {
    loop_timer_cancel(function->restart_timer);
    function->restart_timer = NULL;
    loop_timer_cancel(function->time_limit);
    function->time_limit = NULL;
    worker_stop(&function->worker);
}
