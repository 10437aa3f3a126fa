// Wishes: leaves of `desired` that differ from `reported`, as `delta` brings them. Each is executed once:
//
//   delta ─► QUEUED ─► CALLING ─► ENDED ◄─► CLEARING ─► gone
//                └─(too old, names nothing)─►┘
//
// CLEARING takes the leaf out of `desired` and writes the outcome, in one update that is repeated until the twin
// service has taken it. Until then every update of `reported` brings the same wish again, and for a moment afterwards a
// `delta` of before may still come: `cleared` remembers the last wish of each place that is gone.
#include "convert.h"
#include "internal.h"
#include "nest.h"
#include <stdlib.h>
#include <string.h>

enum wish_state { WISH_QUEUED, WISH_CALLING, WISH_ENDED, WISH_CLEARING };

struct wish {
    struct wish *next;
    enum wish_state state;
    char *path;       // in `desired`, for people and to find what it names
    char *removal;    // the patch of `desired` that takes it out, {"motor":{"on":null}}: tells places apart
    char *text;       // the value as JSON
    bool nameless;    // a name on the way is none of a node: empty, or with a '/'
    int64_t made_s;   // time stamp in the twin
    uint64_t version; // of the newest delta that had this same value
    char token[GATEWAY_TOKEN_BYTES];
    struct plan_method *method;      // found anew before the call; NULL: there is none
    struct json_document *arguments; // keeps the texts of `inputs`
    struct value inputs[PLAN_ARGUMENTS_MAX];
    size_t input_count;
    uint64_t called_ns;  // monotonic
    struct cause *cause; // while it is called; NULL: it came without a token
    char *outcome;       // since it ended: the patch of `reported` that tells how
};

struct cleared {
    struct cleared *next;
    char *removal, *text;
    uint64_t wish_version, version; // of the wish, and of the update that took it out
};

static void wish_destroy(struct wish *wish) {
    free(wish->path);
    free(wish->removal);
    free(wish->text);
    free(wish->outcome);
    json_destroy(wish->arguments);
    free(wish);
}

static void cleared_destroy(struct cleared *cleared) {
    free(cleared->removal);
    free(cleared->text);
    free(cleared);
}

static void cause_clear(struct cause *cause) {
    free(cause->module);
    *cause = (struct cause){0};
}

void wish_destroy_all(struct twin_link *twin) {
    while (twin->wishes != NULL) {
        struct wish *wish = twin->wishes;
        twin->wishes = wish->next;
        wish_destroy(wish);
    }
    while (twin->cleared != NULL) {
        struct cleared *cleared = twin->cleared;
        twin->cleared = cleared->next;
        cleared_destroy(cleared);
    }
    for (size_t i = 0; i < GATEWAY_CAUSES_MAX; i++) cause_clear(&twin->causes[i]);
}

void wish_inherit(struct twin_link *twin, struct twin_link *older) {
    twin->wishes = TAKE(older->wishes);
    twin->cleared = TAKE(older->cleared);
    for (struct wish *wish = twin->wishes; wish != NULL; wish = wish->next) {
        wish->method = NULL;                                        // of the older plan
        if (wish->state == WISH_CLEARING) wish->state = WISH_ENDED; // the answer will not be known
    }
}

// ---------------------------------------------------------------- causes: the measured loop

/// Length of "motor" of "motor/setDirection", "" of "reset".
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

/// "motor/direction/left/state" stands in "motor", and everything in "".
static bool stands_in(const char *path, const char *module) {
    size_t length = strlen(module);
    return length == 0 || (strncmp(path, module, length) == 0 && path[length] == '/');
}

void wish_effect(struct twin_link *twin, const struct plan_leaf *leaf) {
    for (size_t i = 0; i < GATEWAY_CAUSES_MAX; i++) {
        struct cause *cause = &twin->causes[i];
        if (cause->module == NULL || !stands_in(leaf->path, cause->module)) continue;
        int64_t loop_us = leaf->source_time_ns / 1000 - cause->time_us;
        if (loop_us < 0 || leaf->source_time_ns / 1000 > cause->answered_us) continue;
        if (cause->until_ns > clock_monotonic_ns()) {
            latency_add(twin->gateway->latency, (uint64_t)loop_us);
            hop_add(&twin->gateway->hops->actuator, (double)loop_us / 1000);
        }
        cause_clear(cause);
        return;
    }
}

// ---------------------------------------------------------------- clearing

static struct cleared *cleared_find(const struct twin_link *twin, const char *removal) {
    struct cleared *cleared = twin->cleared;
    while (cleared != NULL && strcmp(cleared->removal, removal) != 0) cleared = cleared->next;
    return cleared;
}

/// Forgets what was known of the place, and what is too long ago to matter.
static void cleared_forget(struct twin_link *twin, const char *removal) {
    struct cleared **at = &twin->cleared;
    for (size_t kept = 0; *at != NULL;) {
        struct cleared *cleared = *at;
        if (kept < GATEWAY_CLEARED_MAX - 1 && strcmp(cleared->removal, removal) != 0) {
            at = &cleared->next;
            kept++;
            continue;
        }
        *at = cleared->next;
        cleared_destroy(cleared);
    }
}

/// The wish is gone with `version`; takes its texts.
static void cleared_note(struct twin_link *twin, struct wish *wish, uint64_t version) {
    cleared_forget(twin, wish->removal);
    struct cleared *cleared = malloc(sizeof *cleared);
    if (cleared == NULL) return;
    *cleared = (struct cleared){.next = twin->cleared,
                                .removal = TAKE(wish->removal),
                                .text = TAKE(wish->text),
                                .wish_version = wish->version,
                                .version = version};
    twin->cleared = cleared;
}

/// The newest wish at the same place that is in the queue behind `first`, or is it.
static struct wish *wish_find(struct wish *first, const char *removal) {
    struct wish *newest = NULL;
    for (struct wish *wish = first; wish != NULL; wish = wish->next)
        if (strcmp(wish->removal, removal) == 0) newest = wish;
    return newest;
}

/// {"motor":{"command":{...}}}: what becomes of a wish stands at the module, or at the thing when it names no method.
static char *outcome_text(const struct wish *wish, status_code status, struct text reason) {
    struct buffer text = {0};
    struct json_writer writer = json_writer(&text);
    struct nest nest = {.writer = &writer};
    char path[PLAN_NAME_BYTES + sizeof "/command"] = "command", name[STATUS_NAME_BYTES];
    const char *method = wish->method == NULL ? wish->path : wish->method->path;
    size_t length = wish->method == NULL ? 0 : module_length(method);
    if (length > 0 && length < PLAN_NAME_BYTES) snprintf(path, sizeof path, "%.*s/command", (int)length, method);
    json_open_object(&writer);
    if (nest_key(&nest, text_of(path))) {
        json_open_object(&writer);
        json_key(&writer, "method");
        json_put_string(&writer, length > 0 ? method + length + 1 : method);
        json_key(&writer, "arguments");
        json_open_array(&writer);
        for (size_t i = 0; i < wish->input_count; i++) convert_put(&writer, &wish->inputs[i]);
        json_close_array(&writer);
        json_key(&writer, "status");
        json_put_string(&writer, status_name(status, name));
        json_key(&writer, "reason");
        json_put_text(&writer, reason);
        json_key(&writer, "time");
        json_put_unsigned(&writer, clock_wall_ns() / NS_PER_MS);
        json_close_object(&writer);
    }
    nest_end(&nest);
    json_close_object(&writer);
    return buffer_take(&text);
}

/// The call has been answered, or there will be none.
static void wish_end(struct twin_link *twin, status_code status, struct text reason) {
    struct wish *wish = twin->wishes;
    char name[STATUS_NAME_BYTES];
    wish->outcome = outcome_text(wish, status, reason);
    wish->state = WISH_ENDED;
    if (status_is_good(status)) return;
    const char *what = wish->method == NULL ? wish->path : wish->method->path;
    log_warning("%s: %s was refused: %s %.*s", twin->thing->name, what, status_name(status, name), TEXT_ARG(reason));
    error_ignore(bus_event(twin->gateway->bus, 400, twin->thing->name, "%s refused: %.*s (%s)", what, TEXT_ARG(reason),
                           status_name(status, name)));
}

/// The twin service has rejected the outcome or the removal: it must not make us wait, or execute a wish again.
static void clear_refused(const struct twin_link *twin, struct wish *wish) {
    log_error("%s: the outcome of %s cannot be stored", twin->thing->name, wish->path);
    free(wish->outcome);
    wish->outcome = NULL;
    wish->state = WISH_ENDED;
}

static void clear_answered(void *context, enum error error, struct text data) {
    struct twin_link *twin = ticket_redeem(context);
    if (twin == NULL || twin->wishes == NULL || twin->wishes->state != WISH_CLEARING) return;
    struct wish *wish = twin->wishes;
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    int64_t code = shadow_answer(error, data, &answer);
    if (shadow_may_repeat(code)) {
        wish->state = WISH_ENDED; // only the clearing is repeated, by the retry timer
        return;
    }
    if (code != 0 && wish->outcome != NULL) return clear_refused(twin, wish), wish_next(twin);
    uint64_t version = shadow_version(json_root(answer));
    if (code != 0) version = UINT64_MAX; // cannot be removed: the same value is ignored from now on
    bool wished_again = wish->version > version;
    twin->wishes = wish->next;
    cleared_note(twin, wish, version);
    wish_destroy(wish);
    if (wished_again) sync_again(twin); // what is desired now is read once more
    wish_next(twin);
}

static void clear_send(struct twin_link *twin) {
    struct wish *wish = twin->wishes;
    bool changed = wish_find(wish->next, wish->removal) != NULL; // then the leaf is another wish's
    CLEANUP(buffer_clear) struct buffer document = {0};
    buffer_print(&document, "{\"state\":{\"desired\":%s,\"reported\":%s}}", changed ? "{}" : wish->removal,
                 wish->outcome == NULL ? "{}" : wish->outcome);
    if (!shadow_request(twin, NULL, "update", &document, clear_answered)) wish->state = WISH_CLEARING;
}

// ---------------------------------------------------------------- what a wish names

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
    struct plan_method *method = plan_method_above(leaf->thing, text_of(leaf->path), name);
    if (method == NULL) return problem_say(problem, ERROR_INVALID, "no method for the model's '%s'", call);
    enum error error =
        convert_call_arguments(arguments, method->input_types, method->input_count, wish->inputs, problem);
    if (error) return problem_prefix(problem, error, "the model's call '%s'", call);
    wish->method = method;
    wish->input_count = method->input_count;
    return ERROR_NONE;
}

/// A method named with an array of arguments.
static enum error method_call(struct wish *wish, struct plan_method *method, const struct json *arguments,
                              struct problem *problem) {
    if (!json_is(arguments, JSON_ARRAY) || json_count(arguments) != method->input_count)
        return problem_say(problem, ERROR_INVALID, "%s takes an array of %zu arguments", method->path,
                           method->input_count);
    struct json_each each = json_each(arguments);
    for (size_t i = 0; json_next(&each); i++) {
        enum error error = convert_json(each.value, method->input_types[i], &wish->inputs[i], problem);
        if (error) return problem_prefix(problem, error, "%s, argument %s", method->path, method->input_names[i]);
    }
    wish->method = method;
    wish->input_count = method->input_count;
    return ERROR_NONE;
}

/// Finds the method and its inputs; otherwise a bad status and the reason.
static status_code resolve(struct twin_link *twin, struct wish *wish, struct problem *problem) {
    struct json_limits limits = {GATEWAY_DOCUMENT_BYTES, 64};
    json_destroy(TAKE(wish->arguments));
    if (json_parse(text_of(wish->text), limits, &wish->arguments, problem)) return STATUS_BadOutOfMemory;
    const struct json *value = json_root(wish->arguments);
    struct text path = text_of(wish->path);
    struct plan_leaf *leaf = wish->nameless ? NULL : plan_find_leaf(twin->thing, path);
    struct plan_method *method = wish->nameless ? NULL : plan_find_method(twin->thing, path);
    if (leaf != NULL) return leaf_call(wish, leaf, value, problem) ? STATUS_BadNotWritable : STATUS_Good;
    if (method != NULL) return method_call(wish, method, value, problem) ? STATUS_BadInvalidArgument : STATUS_Good;
    error_ignore(problem_say(problem, ERROR_NOT_FOUND, "%s names no actuator and no method", wish->path));
    return STATUS_BadNotWritable;
}

// ---------------------------------------------------------------- calling

static struct text reason_of(const struct plan_method *method, const struct value *outputs, size_t count) {
    for (size_t i = 0; i < count && i < method->output_count; i++)
        if (strcmp(method->output_names[i], "Reason") == 0 && outputs[i].type == VALUE_STRING) return outputs[i].string;
    return TEXT_EMPTY;
}

static void call_done(void *context, status_code status, const struct value *outputs, size_t count) {
    struct twin_link *twin = ticket_redeem(context);
    if (twin == NULL || twin->wishes == NULL || twin->wishes->state != WISH_CALLING) return;
    struct wish *wish = twin->wishes;
    hop_add_since(&twin->gateway->hops->call, wish->called_ns);
    if (wish->cause != NULL)
        wish->cause->answered_us = report_edge_time_ns(twin->gateway) / (int64_t)NS_PER_US + GATEWAY_CLOCK_SLACK_US;
    wish_end(twin, status, reason_of(wish->method, outputs, count));
    wish_next(twin);
}

void wish_lost(struct twin_link *twin) {
    if (twin->wishes == NULL || twin->wishes->state != WISH_CALLING) return;
    wish_end(twin, STATUS_BadCommunicationError,
             TEXT("the connection was lost during the call; whether it was executed is unknown"));
}

/// What is so already has no effect that could be measured; the next change of the output is somebody else's.
static bool changes_nothing(const struct twin_link *twin, const struct wish *wish) {
    const struct plan_leaf *leaf = wish->nameless ? NULL : plan_find_leaf(twin->thing, text_of(wish->path));
    return leaf != NULL && convert_matches(&leaf->value, json_root(wish->arguments));
}

static void call_send(struct twin_link *twin) {
    struct wish *wish = twin->wishes;
    struct opcua_node object = plan_node_view(&wish->method->object), method = plan_node_view(&wish->method->node);
    struct ticket *ticket = ticket_create(twin, TICKET_CALL);
    if (ticket == NULL) return; // the retry timer tries again
    if (!changes_nothing(twin, wish)) cause_note(twin, wish);
    wish->state = WISH_CALLING;
    wish->called_ns = clock_monotonic_ns();
    enum error error =
        opcua_client_call(twin->gateway->client, &object, &method, wish->inputs, wish->input_count, call_done, ticket);
    if (!error) return;
    ticket_destroy(ticket);
    wish_end(twin, STATUS_BadCommunicationError, text_of(error_text(error)));
}

/// The model's, at the actuator, or else the site's.
static double time_to_live_s(const struct twin_link *twin, const struct wish *wish) {
    const struct plan_leaf *leaf = wish->nameless ? NULL : plan_find_leaf(twin->thing, text_of(wish->path));
    if (leaf != NULL && leaf->time_to_live_s > 0) return leaf->time_to_live_s;
    return twin->gateway->site->fog.desired_ttl_s;
}

static bool too_old(const struct twin_link *twin, const struct wish *wish) {
    double age_s = (double)clock_wall_ns() / (double)NS_PER_S - (double)wish->made_s;
    return age_s > time_to_live_s(twin, wish) + 1; // time stamps are whole seconds
}

/// A wish that is not called yet: ends it, calls, or lets it wait, at most for its time to live.
static void wish_try(struct twin_link *twin) {
    const struct gateway *gateway = twin->gateway;
    struct problem problem = {0};
    status_code status = resolve(twin, twin->wishes, &problem);
    if (!status_is_good(status)) return wish_end(twin, status, text_of(problem.text));
    if (too_old(twin, twin->wishes))
        return wish_end(twin, STATUS_BadTimeout,
                        TEXT("the wish is older than its time to live, or its age is unknown"));
    if (gateway->state != LINK_LIVE || gateway->lease != LEASE_HELD) return;
    if (gateway->edge_began_ns == 0) return; // its values have not come yet
    // A controller that returns never restarts motion by itself: what was wished of the edge before its start is over.
    // By our clock, as far as it is sure that the edge's is ahead.
    int64_t began_ns = gateway->edge_began_ns + (gateway->behind_ns < 0 ? gateway->behind_ns : 0);
    if (twin->wishes->made_s < began_ns / (int64_t)NS_PER_S)
        return wish_end(twin, STATUS_BadInvalidState, TEXT("the edge has been started since; wish again"));
    call_send(twin);
}

void wish_next(struct twin_link *twin) {
    if (twin->wishes == NULL) return;
    if (twin->wishes->state == WISH_QUEUED) wish_try(twin);
    if (twin->wishes->state == WISH_ENDED) clear_send(twin);
}

// ---------------------------------------------------------------- from delta to wishes

struct delta {
    struct twin_link *twin;
    struct text token;
    uint64_t version;
    int64_t time_s; // of a wish without a time stamp of its own, an array without elements; 0: long ago, to be safe
};

/// A member of `desired`: its name behind those of the objects around it.
struct place {
    const struct place *above; // NULL: a member of `desired` itself
    struct text name;
    const struct json *metadata;
};

static void put_path(const struct place *place, struct buffer *path) {
    if (place->above != NULL) {
        put_path(place->above, path);
        buffer_byte(path, '/');
    }
    buffer_text(path, place->name);
}

/// The objects around a place are opened, its name is written.
static void put_place(const struct place *place, struct json_writer *writer) {
    if (place->above != NULL) put_place(place->above, writer);
    json_open_object(writer);
    json_key_text(writer, place->name);
}

static char *removal_text(const struct place *place) {
    struct buffer text = {0};
    struct json_writer writer = json_writer(&text);
    put_place(place, &writer);
    json_put_null(&writer);
    for (; place != NULL; place = place->above) json_close_object(&writer);
    return buffer_take(&text);
}

/// The time stamp of a value; of an array its first element's.
static int64_t time_of(const struct json *metadata, int64_t otherwise) {
    while (json_is(metadata, JSON_ARRAY)) metadata = json_element(metadata, 0);
    return json_integer(json_member(metadata, "timestamp"), otherwise);
}

/// True when the delta tells of a wish that is known already: in the queue, or just gone.
static bool is_known(const struct delta *delta, const char *removal, const char *text) {
    struct wish *queued = wish_find(delta->twin->wishes, removal);
    if (queued != NULL) {
        bool same = strcmp(queued->text, text) == 0;
        if (same && delta->version > queued->version) queued->version = delta->version;
        return same || delta->version < queued->version;
    }
    const struct cleared *cleared = cleared_find(delta->twin, removal);
    if (cleared == NULL) return false;
    if (strcmp(cleared->text, text) == 0) return delta->version <= cleared->version;
    return delta->version < cleared->wish_version;
}

static void wish_append(struct twin_link *twin, struct wish *wish) {
    struct wish **end = &twin->wishes;
    while (*end != NULL) end = &(*end)->next;
    *end = wish;
}

static void wish_add(const struct delta *delta, const struct place *place, const struct json *value) {
    CLEANUP(buffer_clear) struct buffer path = {0}, text = {0};
    struct json_writer writer = json_writer(&text);
    struct wish *wish = calloc(1, sizeof *wish);
    if (wish == NULL) return;
    put_path(place, &path);
    json_put_value(&writer, value);
    wish->path = buffer_take(&path);
    wish->removal = removal_text(place);
    wish->text = buffer_take(&text);
    wish->nameless = !plan_is_name(place->name);
    wish->made_s = time_of(place->metadata, delta->time_s);
    wish->version = delta->version;
    snprintf(wish->token, sizeof wish->token, "%.*s", TEXT_ARG(delta->token));
    bool complete = wish->path != NULL && wish->removal != NULL && wish->text != NULL;
    if (!complete || is_known(delta, wish->removal, wish->text)) return wish_destroy(wish);
    wish_append(delta->twin, wish);
}

/// Taken out of `desired` by whoever wished it: what is not called yet is forgotten.
static void wish_withdraw(const struct delta *delta, struct text path) {
    struct wish *first = delta->twin->wishes;
    if (first != NULL && first->state == WISH_CLEARING) return; // it may be our own clearing
    for (struct wish **at = &delta->twin->wishes; *at != NULL;) {
        struct wish *wish = *at;
        bool there = text_is(path, wish->path) || plan_is_below(wish->path, path);
        if (!there || wish->state != WISH_QUEUED || wish->version >= delta->version) {
            at = &wish->next;
            continue;
        }
        *at = wish->next;
        wish_destroy(wish);
    }
}

/// What leads to values and methods is opened; the rest is a wish, whether it names something or not.
static void walk(const struct delta *delta, const struct json *value, const struct place *above,
                 const struct json *metadata) {
    struct json_each each = json_each(value);
    while (json_next(&each)) {
        struct place place = {above, each.name, json_member_text(metadata, each.name)};
        CLEANUP(buffer_clear) struct buffer path = {0};
        put_path(&place, &path);
        bool leads_on = plan_is_name(each.name) && plan_has_below(delta->twin->thing, buffer_view(&path));
        if (json_is(each.value, JSON_NULL))
            wish_withdraw(delta, buffer_view(&path));
        else if (leads_on && json_is(each.value, JSON_OBJECT))
            walk(delta, each.value, &place, place.metadata);
        else
            wish_add(delta, &place, each.value);
    }
}

void wish_take(struct twin_link *twin, const struct json *document, enum wish_source source) {
    const struct json *state = json_member(document, "state"), *metadata = json_member(document, "metadata");
    struct delta delta = {
        .twin = twin,
        .token = json_string(json_member(document, "clientToken")),
        .version = shadow_version(document),
    };
    // What is heard while all that came before is known was wished just now.
    if (source != WISH_OF_GET && twin->synced) delta.time_s = json_integer(json_member(document, "timestamp"), 0);
    if (source != WISH_OF_DELTA) { // all of `desired`: also what is reported already, for which there is no delta
        state = json_member(state, "desired");
        metadata = json_member(metadata, "desired");
    }
    walk(&delta, state, NULL, metadata);
    wish_next(twin);
}
