// Wishes: leaves of `desired` that differ from `reported`, as `delta` brings them. Each is executed once:
//
//   delta ─► QUEUED ─► CALLING ─► CLEARING ─► gone
//                └─(too old, names nothing)─►┘
//
// CLEARING takes the leaf out of `desired` and writes the outcome, in one update that is repeated until the twin
// service has taken it. Until then every update of `reported` brings the same wish again; `cleared` remembers the
// version at which a path was cleared, so that a `delta` of before is not taken for a new wish.
#include "convert.h"
#include "internal.h"
#include "nest.h"
#include <stdlib.h>
#include <string.h>

enum wish_state { WISH_QUEUED, WISH_CALLING, WISH_CLEARING };

struct wish {
    struct wish *next;
    enum wish_state state;
    char *path;       // in `desired`
    char *text;       // the value as JSON
    int64_t made_s;   // time stamp in the twin
    uint64_t version; // of the newest delta that had this same value
    char token[GATEWAY_TOKEN_BYTES];
    struct plan_method *method;      // NULL: refused before any call
    struct json_document *arguments; // keeps the texts of `inputs`
    struct value inputs[PLAN_ARGUMENTS_MAX];
    size_t input_count;
    struct cause *cause; // NULL: it came without a token
    bool answered;       // status and reason are final; what is left is to clear it
    status_code status;
    char reason[PROBLEM_TEXT_BYTES];
};

struct cleared {
    struct cleared *next;
    char *path;
    uint64_t version;
};

static void wish_destroy(struct wish *wish) {
    free(wish->path);
    free(wish->text);
    json_destroy(wish->arguments);
    free(wish);
}

static void cause_clear(struct cause *cause) {
    free(cause->module);
    *cause = (struct cause){0};
}

void wish_clear_all(struct twin_link *twin) {
    while (twin->wishes != NULL) {
        struct wish *wish = twin->wishes;
        twin->wishes = wish->next;
        wish_destroy(wish);
    }
    while (twin->cleared != NULL) {
        struct cleared *cleared = twin->cleared;
        twin->cleared = cleared->next;
        free(cleared->path);
        free(cleared);
    }
    for (size_t i = 0; i < GATEWAY_CAUSES_MAX; i++) cause_clear(&twin->causes[i]);
}

// ---------------------------------------------------------------- causes: the measured loop

/// "motor" of "motor/setDirection", "" of "reset".
static size_t module_length(const char *method_path) {
    const char *slash = strrchr(method_path, '/');
    return slash == NULL ? 0 : (size_t)(slash - method_path);
}

static void cause_note(struct twin_link *twin, struct wish *wish) {
    int64_t time_us;
    struct text token = text_of(wish->token);
    if (!text_starts_with(token, TEXT("c:")) || text_to_i64(text_from(token, 2), &time_us)) return;
    uint64_t now_ns = clock_monotonic_ns();
    for (size_t i = 0; i < GATEWAY_CAUSES_MAX; i++) {
        struct cause *cause = &twin->causes[i];
        if (cause->module != NULL && cause->until_ns > now_ns) continue;
        cause_clear(cause);
        const char *path = wish->method->path;
        cause->module = text_copy((struct text){path, module_length(path)});
        cause->time_us = time_us;
        cause->answered_us = INT64_MAX;
        cause->until_ns = now_ns + GATEWAY_CAUSE_MS * NS_PER_MS;
        wish->cause = cause;
        return;
    }
}

void wish_effect(struct twin_link *twin, const struct plan_leaf *leaf) {
    for (size_t i = 0; i < GATEWAY_CAUSES_MAX; i++) {
        struct cause *cause = &twin->causes[i];
        if (cause->module == NULL || !text_starts_with(text_of(leaf->path), text_of(cause->module))) continue;
        int64_t loop_us = leaf->source_time_ns / 1000 - cause->time_us;
        if (loop_us < 0 || leaf->source_time_ns / 1000 > cause->answered_us) continue;
        if (cause->until_ns > clock_monotonic_ns()) latency_add(&twin->gateway->latency, (uint64_t)loop_us);
        cause_clear(cause);
        return;
    }
}

// ---------------------------------------------------------------- clearing

static uint64_t cleared_version(const struct twin_link *twin, const char *path) {
    for (const struct cleared *cleared = twin->cleared; cleared != NULL; cleared = cleared->next)
        if (strcmp(cleared->path, path) == 0) return cleared->version;
    return 0;
}

static void cleared_note(struct twin_link *twin, const char *path, uint64_t version) {
    for (struct cleared *cleared = twin->cleared; cleared != NULL; cleared = cleared->next) {
        if (strcmp(cleared->path, path) != 0) continue;
        cleared->version = version;
        return;
    }
    struct cleared *cleared = calloc(1, sizeof *cleared);
    if (cleared == NULL) return;
    *cleared = (struct cleared){.next = twin->cleared, .path = text_copy(text_of(path)), .version = version};
    if (cleared->path == NULL) return free(cleared);
    twin->cleared = cleared;
}

static void write_outcome(const struct wish *wish, struct json_writer *writer) {
    struct nest nest = {.writer = writer};
    char path[PLAN_NAME_BYTES + sizeof "command"] = "command", name[STATUS_NAME_BYTES];
    const char *method = wish->method == NULL ? wish->path : wish->method->path;
    size_t length = wish->method == NULL ? 0 : module_length(method);
    if (length > 0 && length < PLAN_NAME_BYTES) snprintf(path, sizeof path, "%.*s/command", (int)length, method);
    if (!nest_key(&nest, text_of(path))) return;
    json_open_object(writer);
    json_key(writer, "method");
    json_put_string(writer, length > 0 ? method + length + 1 : method);
    json_key(writer, "arguments");
    json_open_array(writer);
    for (size_t i = 0; i < wish->input_count; i++) convert_put(writer, &wish->inputs[i]);
    json_close_array(writer);
    json_key(writer, "status");
    json_put_string(writer, status_name(wish->status, name));
    json_key(writer, "reason");
    json_put_string(writer, wish->reason);
    json_key(writer, "time");
    json_put_unsigned(writer, clock_wall_ns() / NS_PER_MS);
    json_close_object(writer);
    nest_end(&nest);
}

static void clear_answered(void *context, enum error error, struct text data);

static void clear_send(struct twin_link *twin) {
    struct wish *wish = twin->wishes;
    CLEANUP(buffer_clear) struct buffer document = {0}, subject = {0};
    struct json_writer writer = json_writer(&document);
    struct nest nest = {.writer = &writer};
    json_open_object(&writer);
    json_key(&writer, "state");
    json_open_object(&writer);
    json_key(&writer, "desired");
    json_open_object(&writer);
    if (nest_key(&nest, text_of(wish->path))) json_put_null(&writer);
    nest_end(&nest);
    json_close_object(&writer);
    json_key(&writer, "reported");
    json_open_object(&writer);
    write_outcome(wish, &writer);
    json_close_object(&writer);
    json_close_object(&writer);
    json_close_object(&writer);
    shadow_subject(&subject, twin->thing->name, NULL, "update");
    struct ticket *ticket = ticket_create(twin, TICKET_REQUEST);
    if (ticket == NULL || document.failed || subject.failed) return ticket_destroy(ticket);
    if (bus_request(twin->gateway->bus, buffer_view(&subject), buffer_view(&document), GATEWAY_REQUEST_MS * NS_PER_MS,
                    clear_answered, ticket))
        ticket_destroy(ticket); // off line: the retry timer sends it again
    else
        wish->state = WISH_CLEARING;
}

/// The call has ended, or there will be none.
static void wish_answered(struct twin_link *twin, status_code status, struct text reason) {
    struct wish *wish = twin->wishes;
    char name[STATUS_NAME_BYTES];
    wish->answered = true;
    wish->status = status;
    snprintf(wish->reason, sizeof wish->reason, "%.*s", TEXT_ARG(reason));
    if (!status_is_good(status)) {
        const char *what = wish->method == NULL ? wish->path : wish->method->path;
        log_warning("%s: %s was refused: %s %s", twin->thing->name, what, status_name(status, name), wish->reason);
        error_ignore(bus_event(twin->gateway->bus, 400, twin->thing->name, "%s refused: %s (%s)", what, wish->reason,
                               status_name(status, name)));
    }
    wish->state = WISH_QUEUED;
    clear_send(twin);
}

static void clear_answered(void *context, enum error error, struct text data) {
    struct twin_link *twin = ticket_redeem(context);
    if (twin == NULL || twin->wishes == NULL || twin->wishes->state != WISH_CLEARING) return;
    struct wish *wish = twin->wishes;
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    struct json_limits limits = {GATEWAY_DOCUMENT_BYTES, 64};
    int64_t code = error || json_parse(data, limits, &answer, NULL) ? 503 : shadow_rejected(json_root(answer));
    if (code >= 500) {
        wish->state = WISH_QUEUED; // with its outcome: only the clearing is repeated, by the retry timer
        return;
    }
    // A twin that refuses to let go of a wish must not make us execute it again and again.
    if (code != 0)
        log_error("%s: the wish %s cannot be removed and is ignored from now on", twin->thing->name, wish->path);
    uint64_t version = code != 0 ? UINT64_MAX : (uint64_t)json_integer(json_member(json_root(answer), "version"), 0);
    cleared_note(twin, wish->path, version);
    bool wished_again = wish->version > version;
    twin->wishes = wish->next;
    wish_destroy(wish);
    if (wished_again) {
        twin->synced = false; // what is desired now is read once more
        sync_twin(twin);
    }
    wish_next(twin);
}

// ---------------------------------------------------------------- calling

static struct text reason_of(const struct plan_method *method, const struct value *outputs, size_t count) {
    for (size_t i = 0; i < count && i < method->output_count; i++)
        if (strcmp(method->output_names[i], "Reason") == 0 && outputs[i].type == VALUE_STRING) return outputs[i].string;
    return TEXT_EMPTY;
}

static void call_done(void *context, status_code status, const struct value *outputs, size_t count) {
    struct twin_link *twin = ticket_redeem(context);
    if (twin == NULL || twin->wishes == NULL) return;
    struct cause *cause = twin->wishes->cause;
    if (cause != NULL) cause->answered_us = (int64_t)(clock_wall_ns() / NS_PER_US);
    wish_answered(twin, status, reason_of(twin->wishes->method, outputs, count));
}

static bool too_old(const struct twin_link *twin, const struct wish *wish) {
    double age_s = (double)clock_wall_ns() / (double)NS_PER_S - (double)wish->made_s;
    return age_s > twin->gateway->site->fog.desired_ttl_s + 1; // time stamps are whole seconds
}

void wish_next(struct twin_link *twin) {
    struct wish *wish = twin->wishes;
    if (wish == NULL || wish->state != WISH_QUEUED) return;
    if (wish->answered) return clear_send(twin);
    if (too_old(twin, wish))
        return wish_answered(twin, STATUS_BadTimeout, TEXT("the wish is older than its time to live"));
    struct gateway *gateway = twin->gateway;
    if (gateway->state != LINK_LIVE || gateway->lease != LEASE_HELD) return; // waits, at most for its time to live
    struct opcua_node object = plan_node_view(&wish->method->object), method = plan_node_view(&wish->method->node);
    struct ticket *ticket = ticket_create(twin, TICKET_CALL);
    if (ticket == NULL) return;
    cause_note(twin, wish);
    wish->state = WISH_CALLING;
    enum error error =
        opcua_client_call(gateway->client, &object, &method, wish->inputs, wish->input_count, call_done, ticket);
    if (!error) return;
    ticket_destroy(ticket);
    wish_answered(twin, STATUS_BadCommunicationError, text_of(error_text(error)));
}

// ---------------------------------------------------------------- from delta to wishes

struct delta {
    struct twin_link *twin;
    const struct json *metadata;
    struct text token;
    uint64_t version;
    int64_t time_s;
};

/// The time stamp of a leaf; of an array the first element's.
static int64_t wish_time(const struct delta *delta, struct text path) {
    const struct json *metadata = json_path(delta->metadata, path);
    if (json_is(metadata, JSON_ARRAY)) metadata = json_element(metadata, 0);
    return json_integer(json_member(metadata, "timestamp"), delta->time_s);
}

/// The newest wish for a path, if it is for the same value.
static struct wish *same_wish(const struct twin_link *twin, const char *path, const char *text) {
    struct wish *newest = NULL;
    for (struct wish *wish = twin->wishes; wish != NULL; wish = wish->next)
        if (strcmp(wish->path, path) == 0) newest = wish;
    return newest != NULL && strcmp(newest->text, text) == 0 ? newest : NULL;
}

/// What an actuator's leaf calls: OnTrue or OnFalse.
static enum error leaf_call(struct wish *wish, const struct plan_leaf *leaf, const struct json *value,
                            struct problem *problem) {
    if (!leaf->actuator) return problem_say(problem, ERROR_INVALID, "%s is no actuator", leaf->path);
    if (!json_is(value, JSON_BOOL)) return problem_say(problem, ERROR_INVALID, "%s takes true or false", leaf->path);
    const char *call = json_bool(value) ? leaf->on_true : leaf->on_false;
    struct text name, arguments;
    if (call == NULL)
        return problem_say(problem, ERROR_INVALID, "%s has no call for %s", leaf->path,
                           json_bool(value) ? "true" : "false");
    if (!convert_call(text_of(call), &name, &arguments))
        return problem_say(problem, ERROR_INVALID, "the model's call '%s' is malformed", call);
    wish->method = plan_method_above(leaf->thing, text_of(leaf->path), name);
    if (wish->method == NULL) return problem_say(problem, ERROR_INVALID, "no method for the model's '%s'", call);
    wish->input_count = wish->method->input_count;
    return convert_call_arguments(arguments, wish->method->input_types, wish->input_count, wish->inputs, problem);
}

/// A method named with an array of arguments.
static enum error method_call(struct wish *wish, struct plan_method *method, struct problem *problem) {
    struct json_limits limits = {GATEWAY_DOCUMENT_BYTES, 8};
    enum error error = json_parse(text_of(wish->text), limits, &wish->arguments, problem);
    if (error) return error;
    const struct json *arguments = json_root(wish->arguments);
    if (!json_is(arguments, JSON_ARRAY) || json_count(arguments) != method->input_count)
        return problem_say(problem, ERROR_INVALID, "%s takes an array of %zu arguments", method->path,
                           method->input_count);
    struct json_each each = json_each(arguments);
    for (size_t i = 0; !error && json_next(&each); i++) {
        error = convert_json(each.value, method->input_types[i], &wish->inputs[i], problem);
        if (error) return problem_prefix(problem, error, "%s, argument %s", method->path, method->input_names[i]);
    }
    wish->input_count = method->input_count;
    wish->method = method;
    return ERROR_NONE;
}

static void wish_append(struct twin_link *twin, struct wish *wish) {
    struct wish **end = &twin->wishes;
    while (*end != NULL) end = &(*end)->next;
    *end = wish;
}

static void wish_add(const struct delta *delta, const char *path, const struct json *value) {
    struct twin_link *twin = delta->twin;
    if (cleared_version(twin, path) >= delta->version) return;
    CLEANUP(buffer_clear) struct buffer text = {0};
    struct json_writer writer = json_writer(&text);
    json_put_value(&writer, value);
    if (text.failed) return;
    struct wish *same = same_wish(twin, path, text.data);
    if (same != NULL) {
        same->version = delta->version;
        return;
    }
    struct wish *wish = calloc(1, sizeof *wish);
    if (wish == NULL) return;
    wish->path = text_copy(text_of(path));
    wish->text = buffer_take(&text);
    wish->made_s = wish_time(delta, text_of(path));
    wish->version = delta->version;
    snprintf(wish->token, sizeof wish->token, "%.*s", TEXT_ARG(delta->token));
    if (wish->path == NULL || wish->text == NULL) return wish_destroy(wish);
    struct problem problem = {0};
    struct plan_leaf *leaf = plan_find_leaf(twin->thing, text_of(path));
    struct plan_method *method = plan_find_method(twin->thing, text_of(path));
    enum error error = ERROR_NONE;
    if (leaf != NULL)
        error = leaf_call(wish, leaf, value, &problem);
    else if (method != NULL)
        error = method_call(wish, method, &problem);
    else
        error = problem_say(&problem, ERROR_NOT_FOUND, "%s names no actuator and no method", path);
    if (error) {
        wish->method = NULL;
        wish->answered = true;
        wish->status = error == ERROR_INVALID && method != NULL ? STATUS_BadInvalidArgument : STATUS_BadNotWritable;
        snprintf(wish->reason, sizeof wish->reason, "%s", problem.text);
        log_warning("%s: a desired value is removed: %s", twin->thing->name, problem.text);
    }
    wish_append(twin, wish);
}

static void walk(const struct delta *delta, const struct json *value, struct text above) {
    struct json_each each = json_each(value);
    while (json_next(&each)) {
        CLEANUP(buffer_clear) struct buffer path = {0};
        if (above.length > 0) buffer_print(&path, "%.*s/", TEXT_ARG(above));
        buffer_text(&path, each.name);
        if (path.failed) return;
        if (json_is(each.value, JSON_OBJECT) && json_count(each.value) > 0)
            walk(delta, each.value, buffer_view(&path));
        else
            wish_add(delta, path.data, each.value);
    }
}

/// `document` is a delta event, or an accepted get, whose `state.delta` is the same thing.
void wish_delta(struct twin_link *twin, const struct json *document) {
    const struct json *state = json_member(document, "state"), *metadata = json_member(document, "metadata");
    const struct json *inner = json_member(state, "delta");
    bool get = json_exists(json_member(metadata, "desired")) || json_exists(json_member(metadata, "reported"));
    if (get && !json_exists(inner)) return;
    struct delta delta = {
        .twin = twin,
        .metadata = get ? json_member(metadata, "desired") : metadata,
        .token = json_string(json_member(document, "clientToken")),
        .version = (uint64_t)json_integer(json_member(document, "version"), 0),
        .time_s = json_integer(json_member(document, "timestamp"), 0),
    };
    walk(&delta, get ? inner : state, TEXT_EMPTY);
    wish_next(twin);
}
