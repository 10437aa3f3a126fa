#include "api.h"

#include <base/clock.h>
#include <base/log.h>
#include <execution/executions.h>
#include <execution/precondition.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* POST /v1/things/T/commands: one execution of AWS IoT Commands, by the gateway on the bus. Its document is kept: it is
 * CREATED before the gateway hears of it, and settled once with the outcome; a time-out may yet be corrected by a late
 * one. Executions that others ask for on the bus are kept as well. */

static const struct {
    const char *status; // of the response document
    int http_status;
} outcomes[] = {{"SUCCEEDED", 200}, {"FAILED", 409}, {"REJECTED", 409}, {"TIMED_OUT", 504}, {"CREATED", 202}};

static int http_status_of(const char *status) {
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        if (strcmp(status, outcomes[i].status) == 0) return outcomes[i].http_status;
    return 500;
}

static bool is_outcome(struct text status) {
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        if (text_is(status, outcomes[i].status)) return outcomes[i].http_status != 202;
    return false;
}

// ---------------------------------------------------------------- documents

static void copy_members(struct json_writer *writer, const struct json *from, const char *const *names,
                         bool leave_out) {
    struct json_each each = json_each(from);
    while (json_next(&each)) {
        bool named = false;
        for (size_t i = 0; names[i] != NULL; i++) named = named || text_is(each.name, names[i]);
        if (named == leave_out) continue;
        json_key_text(writer, each.name);
        json_put_value(writer, each.value);
    }
}

static double since_ms(uint64_t then_ns) {
    return round((double)(clock_monotonic_ns() - then_ns) / 1e4) / 100;
}

/// Where the time went: the gateway and the edge say theirs, the rest is the bus and we.
static void put_timings(struct json_writer *writer, const struct execution *execution, const struct json *response) {
    const struct json *timings = json_member(response, "timings");
    double total = since_ms(execution->received_ns);
    double gateway = json_real(json_member(timings, "gateway_ms"), 0),
           edge = json_real(json_member(timings, "edge_ms"), 0);
    json_key(writer, "timings");
    json_open_object(writer);
    json_key(writer, "total_ms");
    json_put_real(writer, total);
    if (json_exists(timings)) {
        json_key(writer, "bus_ms");
        json_put_real(writer, round(fmax(0, total - gateway - edge) * 100) / 100);
        json_key(writer, "gateway_ms");
        json_put_real(writer, gateway);
        json_key(writer, "edge_ms");
        json_put_real(writer, edge);
    }
    json_close_object(writer);
}

/// The document with the outcome of a response: `status`, `statusReason`, `result`.
static void write_settled(const struct execution *execution, const struct json *response, struct buffer *out) {
    static const char *const told[] = {"status", "statusReason", "result", NULL};
    static const char *const replaced[] = {"status", "statusReason", "result", "completedAt", "timings", NULL, NULL};
    const char *names[sizeof replaced / sizeof *replaced];
    memcpy(names, replaced, sizeof replaced);
    if (execution->key == NULL)
        names[sizeof replaced / sizeof *replaced - 2] = "idempotencyKey"; // forgotten on purpose
    CLEANUP(json_destroy_at) struct json_document *before = NULL;
    if (json_parse(text_of(execution->document), api_limits, &before, NULL)) return;
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    copy_members(&writer, json_root(before), names, true);
    copy_members(&writer, response, told, false);
    json_key(&writer, "completedAt");
    json_put_unsigned(&writer, clock_wall_ns() / NS_PER_MS);
    if (execution->received_ns != 0) put_timings(&writer, execution, response);
    json_close_object(&writer);
}

// ---------------------------------------------------------------- outcomes

/// Whoever waits gets the document, or the failure of ours.
static void answer_waiters(struct execution *execution, enum error error, const char *message) {
    struct http_request *request;
    while ((request = execution_take_waiter(execution)) != NULL) {
        if (error)
            http_answer_error(request, error, "%s", message);
        else
            http_answer(request, http_status_of(execution->status), NULL, 0, text_of(execution->document));
    }
}

static void settle(struct api *api, struct execution *execution, const struct json *response, enum error error,
                   const char *message) {
    CLEANUP(buffer_clear) struct buffer document = {0};
    write_settled(execution, response, &document);
    if (!document.failed && document.length > 0) executions_settle(api->executions, execution, buffer_view(&document));
    answer_waiters(execution, error, message);
}

/// An outcome of our own.
static void settle_ourselves(struct api *api, struct execution *execution, const char *status, const char *code,
                             const char *description, enum error error) {
    CLEANUP(buffer_clear) struct buffer response = {0};
    struct json_writer writer = json_writer(&response);
    json_open_object(&writer);
    json_key(&writer, "status");
    json_put_string(&writer, status);
    json_key(&writer, "statusReason");
    json_open_object(&writer);
    json_key(&writer, "reasonCode");
    json_put_string(&writer, code);
    json_key(&writer, "reasonDescription");
    json_put_string(&writer, description);
    json_close_object(&writer);
    json_close_object(&writer);
    CLEANUP(json_destroy_at) struct json_document *parsed = NULL;
    if (!json_parse(buffer_view(&response), api_limits, &parsed, NULL))
        settle(api, execution, json_root(parsed), error, description);
}

/// Nobody has heard of it: a repeat with the same key is to be executed.
static void settle_unheard(struct api *api, struct execution *execution, enum error error) {
    free(execution->key);
    execution->key = NULL;
    settle_ourselves(api, execution, "REJECTED", "BadServerNotConnected", "No gateway serves commands at the moment",
                     error);
}

static void take_response(struct api *api, struct execution *execution, struct text data) {
    bool open = strcmp(execution->status, "CREATED") == 0 || strcmp(execution->status, "TIMED_OUT") == 0;
    if (!open) return; // told already
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct text status = TEXT_EMPTY;
    if (!json_parse(data, api_limits, &document, NULL))
        status = json_string(json_member(json_root(document), "status"));
    if (is_outcome(status)) return settle(api, execution, json_root(document), ERROR_NONE, NULL);
    char text[128];
    snprintf(text, sizeof text, "The gateway answered with %s%.*s'",
             document == NULL ? "something that is no JSON '" : "the status '", TEXT_ARG(status));
    settle_ourselves(api, execution, "FAILED", "BadUnexpectedError", text, ERROR_INTERNAL);
}

struct asked {                  // until the gateway answers
    struct asked *next, **link; // in api->asked
    struct api *api;
    char *thing, *id;
};

static struct asked *asked_create(struct api *api, const struct execution *execution) {
    struct asked *asked = calloc(1, sizeof *asked);
    if (asked == NULL) return NULL;
    *asked = (struct asked){api->asked, &api->asked, api, strdup(execution->thing), strdup(execution->id)};
    if (asked->next != NULL) asked->next->link = &asked->next;
    api->asked = asked;
    return asked;
}

static void asked_free(struct asked *asked) {
    *asked->link = asked->next;
    if (asked->next != NULL) asked->next->link = asked->link;
    free(asked->thing);
    free(asked->id);
    free(asked);
}

static void on_response(void *context, enum error error, struct text data) {
    struct asked *asked = context;
    struct api *api = asked->api;
    struct execution *execution = executions_find(api->executions, text_of(asked->thing), text_of(asked->id));
    asked_free(asked);
    if (execution == NULL || strcmp(execution->status, "CREATED") != 0) return;
    if (error == ERROR_TIMEOUT)
        return settle_ourselves(api, execution, "TIMED_OUT", "BadTimeout",
                                "the gateway did not answer in time; the command may yet be executed until it expires",
                                ERROR_NONE);
    if (error) return settle_unheard(api, execution, error);
    take_response(api, execution, data);
}

// ---------------------------------------------------------------- a command

/// NULL when the body is a command, else what is wrong.
static const char *find_fault(const struct json *command) {
    const struct json *arguments = json_member(command, "arguments"), *expires = json_member(command, "expiresAt");
    const struct json *life = json_member(command, "timeToLive"), *key = json_member(command, "idempotencyKey");
    if (!json_is(command, JSON_OBJECT)) return "The body must be an object";
    if (json_string(json_member(command, "method")).length == 0)
        return "\"method\" must name a method, such as \"motor/setDirection\"";
    if (json_exists(arguments) && !json_is(arguments, JSON_ARRAY)) return "\"arguments\" must be an array";
    if (json_exists(expires) && json_integer(expires, 0) <= 0) return "\"expiresAt\" must be milliseconds since 1970";
    if (json_exists(life) && !(json_real(life, 0) > 0 && json_real(life, 0) <= API_COMMAND_TTL_MAX_S))
        return "\"timeToLive\" must be seconds above 0, up to 3600";
    if (json_exists(life) && json_exists(expires)) return "Either \"expiresAt\" or \"timeToLive\"";
    if (json_exists(key) && (json_string(key).length == 0 || json_string(key).length > API_KEY_BYTES_MAX))
        return "\"idempotencyKey\" must be a text of 1 to 128 bytes";
    if (precondition_is_wrong(json_member(command, "precondition")))
        return "\"precondition\" must be {\"version\":n, \"reported\":{...}, \"things\":{\"THING\":{...}}}, or some of "
               "it";
    return NULL;
}

static uint64_t expiry_ms(const struct json *command) {
    int64_t given = json_integer(json_member(command, "expiresAt"), 0);
    double life_s = json_real(json_member(command, "timeToLive"), API_COMMAND_TTL_S);
    return given > 0 ? (uint64_t)given : clock_wall_ns() / NS_PER_MS + (uint64_t)(life_s * 1000);
}

/// What the gateway is told; also the middle of the execution's document.
static void put_command(struct json_writer *writer, const struct json *command) {
    static const char *const others[] = {"arguments", "expiresAt", "timeToLive", NULL};
    copy_members(writer, command, others, true);
    const struct json *arguments = json_member(command, "arguments");
    json_key(writer, "arguments");
    if (json_exists(arguments))
        json_put_value(writer, arguments);
    else
        json_put_raw(writer, TEXT("[]"));
    json_key(writer, "expiresAt");
    json_put_unsigned(writer, expiry_ms(command));
}

static void write_created(struct text id, struct text thing, const struct json *command, struct buffer *out) {
    static const char *const ours[] = {"executionId", "thing", "createdAt", "status", NULL};
    CLEANUP(buffer_clear) struct buffer told = {0};
    struct json_writer inner = json_writer(&told);
    json_open_object(&inner);
    put_command(&inner, command);
    json_close_object(&inner);
    CLEANUP(json_destroy_at) struct json_document *parsed = NULL;
    if (json_parse(buffer_view(&told), api_limits, &parsed, NULL)) return;
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    json_key(&writer, "executionId");
    json_put_text(&writer, id);
    json_key(&writer, "thing");
    json_put_text(&writer, thing);
    copy_members(&writer, json_root(parsed), ours, true);
    json_key(&writer, "createdAt");
    json_put_unsigned(&writer, clock_wall_ns() / NS_PER_MS);
    json_key(&writer, "status");
    json_put_string(&writer, "CREATED");
    json_close_object(&writer);
}

/// One that somebody else commanded, on the bus.
static void write_foreign(struct text id, struct text thing, const struct json *response, struct buffer *out) {
    static const char *const told[] = {"method", "arguments", "repeatOf", NULL};
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    json_key(&writer, "executionId");
    json_put_text(&writer, id);
    json_key(&writer, "thing");
    json_put_text(&writer, thing);
    copy_members(&writer, response, told, false);
    json_key(&writer, "status");
    json_put_string(&writer, "CREATED");
    json_close_object(&writer);
}

static void write_subject(const struct execution *execution, struct buffer *out) {
    buffer_print(out, "$aws.commands.things.%s.executions.%s.request.json", execution->thing, execution->id);
}

static void send_command(struct api *api, struct execution *execution, const struct json *command) {
    CLEANUP(buffer_clear) struct buffer subject = {0};
    CLEANUP(buffer_clear) struct buffer payload = {0};
    write_subject(execution, &subject);
    struct json_writer writer = json_writer(&payload);
    json_open_object(&writer);
    put_command(&writer, command);
    json_close_object(&writer);
    struct asked *asked = asked_create(api, execution);
    bool complete = asked != NULL && asked->thing != NULL && asked->id != NULL;
    enum error error = !complete || subject.failed || payload.failed ? ERROR_NO_MEMORY : ERROR_NONE;
    if (!error)
        error = bus_request(api->bus, buffer_view(&subject), buffer_view(&payload), API_COMMAND_TIMEOUT_S * NS_PER_S,
                            on_response, asked);
    if (!error) return;
    if (asked != NULL) asked_free(asked);
    settle_unheard(api, execution, error);
}

/// The same key again: the first outcome, but only for the same command.
static void answer_again(struct execution *execution, const struct json *command, struct http_request *request) {
    if (!execution_is_of(execution, command))
        return http_answer_error(request, ERROR_CONFLICT,
                                 "This idempotency key was given to another command, execution %s", execution->id);
    if (strcmp(execution->status, "CREATED") != 0)
        return http_answer(request, http_status_of(execution->status), NULL, 0, text_of(execution->document));
    if (!execution_wait(execution, request)) http_answer_error(request, ERROR_NO_MEMORY, "Out of memory");
}

/// Unique among the processes that command: time of the start, process, count.
static void write_id(const struct api *api, char id[static API_ID_BYTES]) {
    static unsigned long count;
    snprintf(id, API_ID_BYTES, "api-%llx-%x-%lu", (unsigned long long)api->started_ms, (unsigned)getpid(), ++count);
}

static void begin(struct api *api, struct http_request *request, struct text thing, const struct json *command) {
    char id[API_ID_BYTES];
    write_id(api, id);
    CLEANUP(buffer_clear) struct buffer document = {0};
    write_created(text_of(id), thing, command, &document);
    struct execution *execution =
        document.failed || document.length == 0 ? NULL : executions_add(api->executions, buffer_view(&document));
    if (execution == NULL || !execution_wait(execution, request))
        return http_answer_error(request, ERROR_IO,
                                 "The command could not be noted, so it is not executed: is the disk full?");
    struct problem problem = {""};
    if (precondition_holds(api, thing, json_member(command, "precondition"), &problem))
        return send_command(api, execution, command);
    settle_ourselves(api, execution, "REJECTED", "PreconditionFailed", problem.text, ERROR_NONE);
}

void command_execute(struct api *api, struct http_request *request, struct text thing) {
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct problem problem = {0};
    if (json_parse(http_body(request), api_limits, &document, &problem))
        return http_answer_error(request, ERROR_INVALID, "The body is no JSON: %s", problem.text);
    const struct json *command = json_root(document);
    const char *fault = find_fault(command);
    if (fault != NULL) return http_answer_error(request, ERROR_INVALID, "%s", fault);
    struct text key = json_string(json_member(command, "idempotencyKey"));
    struct execution *first = key.length == 0 ? NULL : executions_find_key(api->executions, thing, key);
    if (first != NULL) return answer_again(first, command, request);
    begin(api, request, thing, command);
}

// ---------------------------------------------------------------- reading

void command_read(struct api *api, struct http_request *request, struct text thing, struct text id) {
    const struct execution *execution = executions_find(api->executions, thing, id);
    if (execution == NULL)
        return http_answer_error(request, ERROR_NOT_FOUND, "No execution of %.*s has the id '%.*s'", TEXT_ARG(thing),
                                 TEXT_ARG(id));
    http_answer(request, 200, NULL, 0, text_of(execution->document));
}

void command_list(struct api *api, struct http_request *request, struct text thing) {
    uint64_t most = API_EXECUTIONS_LISTED;
    struct text given = http_query(request, "maxResults");
    if (given.length > 0 && (text_to_u64(given, &most) || most == 0 || most > EXECUTIONS_KEPT))
        return http_answer_error(request, ERROR_INVALID, "Invalid maxResults: 1 to %d", EXECUTIONS_KEPT);
    CLEANUP(buffer_clear) struct buffer body = {0};
    struct json_writer writer = json_writer(&body);
    json_open_object(&writer);
    json_key(&writer, "executions");
    json_open_array(&writer);
    const struct execution *execution;
    for (size_t i = 0; i < most && (execution = executions_at(api->executions, thing, i)) != NULL; i++)
        json_put_raw(&writer, text_of(execution->document));
    json_close_array(&writer);
    json_close_object(&writer);
    http_answer(request, 200, NULL, 0, buffer_view(&body));
}

// ---------------------------------------------------------------- what others command

/// "$aws.commands.things.T.executions.ID.response.json"
static bool read_subject(struct text subject, struct text *ret_thing, struct text *ret_id) {
    struct text rest = text_from(subject, sizeof "$aws.commands.things." - 1), word;
    return text_split(&rest, '.', ret_thing) && text_split(&rest, '.', &word) && text_split(&rest, '.', ret_id);
}

/// The response names the command, too; the request itself is not listened to, so that the bus can tell when nobody
/// serves a thing.
static struct execution *note_foreign(struct api *api, struct text thing, struct text id, struct text response) {
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    if (json_parse(response, api_limits, &document, NULL) || !json_is(json_root(document), JSON_OBJECT)) return NULL;
    CLEANUP(buffer_clear) struct buffer created = {0};
    write_foreign(id, thing, json_root(document), &created);
    if (created.failed || created.length == 0) return NULL;
    struct execution *execution = executions_add(api->executions, buffer_view(&created));
    if (execution != NULL) execution->received_ns = 0; // when it began is not known
    return execution;
}

static void on_response_heard(void *context, const struct bus_message *message) {
    struct api *api = context;
    struct text thing, id;
    if (!read_subject(message->subject, &thing, &id)) return;
    struct execution *execution = executions_find(api->executions, thing, id);
    if (execution == NULL) execution = note_foreign(api, thing, id, message->data);
    if (execution != NULL) take_response(api, execution, message->data);
}

enum error commands_subscribe(struct api *api) {
    struct bus_subscription *subscription; // lives as long as the bus
    return bus_subscribe(api->bus, "$aws.commands.things.*.executions.*.response.json", NULL, on_response_heard, api,
                         &subscription);
}

void commands_close(struct api *api) {
    while (api->asked != NULL) asked_free(api->asked);
}
