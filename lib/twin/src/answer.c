#include "compile.h"
#include "document.h"

#include <stdio.h>
#include <string.h>

/// Scratch of a result, by what it holds.
enum { SCRATCH_PATCH, SCRATCH_STATE, SCRATCH_DELTA };

/// A request on its way: what came, and what was found in it.
struct exchange {
    const struct twin_request *request;
    struct twin *before;
    struct twin_result *result;
    struct json_document *document; // NULL: not JSON
    const struct json *root;
    const struct json *token; // NULL: none
    uint32_t now_s;
};

/* ---- Common parts of documents ---- */

static void put_times_and_token(struct json_writer *writer, const struct exchange *exchange) {
    json_key(writer, "timestamp");
    json_put_unsigned(writer, exchange->now_s);
    if (!json_is(exchange->token, JSON_STRING)) return;
    json_key(writer, "clientToken");
    json_put_value(writer, exchange->token);
}

static void put_version(struct json_writer *writer, uint64_t version) {
    json_key(writer, "version");
    json_put_unsigned(writer, version);
}

static void put_tree(struct json_writer *writer, const struct tree_node *tree) {
    json_key(writer, "state");
    tree_write(writer, tree);
    json_key(writer, "metadata");
    tree_write_times(writer, tree);
}

static void write_rejection(const struct exchange *exchange, enum error error, const char *message,
                            struct buffer *out) {
    buffer_reset(out);
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    json_key(&writer, "code");
    json_put_integer(&writer, error_http_status(error));
    json_key(&writer, "message");
    json_put_string(&writer, message);
    put_times_and_token(&writer, exchange);
    json_close_object(&writer);
}

static enum error reject(struct exchange *exchange, enum error error, const char *message) {
    write_rejection(exchange, error, message, &exchange->result->answer);
    return error;
}

static enum error reject_absent(struct exchange *exchange) {
    char message[TWIN_THING_NAME_BYTES_MAX + TWIN_SHADOW_NAME_BYTES_MAX + 64];
    snprintf(message, sizeof message, "No shadow exists with name: '%.*s'", TEXT_ARG(exchange->request->name));
    return reject(exchange, ERROR_NOT_FOUND, message);
}

/* ---- Reading the request ---- */

static const struct json_limits request_limits = {.bytes_max = TWIN_REQUEST_BYTES_MAX, .depth_max = JSON_DEPTH_MAX};

static enum error read_request(struct exchange *exchange, struct problem *ret_problem) {
    enum error error = json_parse(exchange->request->payload, request_limits, &exchange->document, ret_problem);
    if (error) return error;
    exchange->root = json_root(exchange->document);
    exchange->token = json_member(exchange->root, "clientToken");
    return ERROR_NONE;
}

static enum error reject_unreadable(struct exchange *exchange, enum error error, const struct problem *problem) {
    if (error == ERROR_NO_MEMORY) return error;
    if (exchange->request->payload.length > TWIN_REQUEST_BYTES_MAX)
        return reject(exchange, ERROR_TOO_LARGE, "The payload exceeds the maximum size allowed");
    if (!text_is_utf8(exchange->request->payload))
        return reject(exchange, ERROR_UNSUPPORTED, "Unsupported documented encoding; supported encoding is UTF-8");
    char message[sizeof problem->text + 32];
    snprintf(message, sizeof message, "Invalid %s", problem->text);
    return reject(exchange, ERROR_INVALID, message);
}

static enum error check_token(struct exchange *exchange) {
    if (json_kind(exchange->token) == JSON_NULL) return ERROR_NONE;
    if (json_is(exchange->token, JSON_STRING) && json_string(exchange->token).length <= TWIN_CLIENT_TOKEN_BYTES_MAX)
        return ERROR_NONE;
    return reject(exchange, ERROR_INVALID, "Invalid clientToken");
}

static enum error check_version(struct exchange *exchange) {
    const struct json *version = json_member(exchange->root, "version");
    if (json_kind(version) == JSON_NULL) return ERROR_NONE;
    bool is_whole = json_integer(version, 0) == json_integer(version, 1); // otherwise each gives its default
    if (!is_whole) return reject(exchange, ERROR_INVALID, "Invalid version");
    uint64_t current = twin_exists(exchange->before) ? twin_version(exchange->before) : 0;
    int64_t given = json_integer(version, 0);
    if (given >= 0 && (uint64_t)given == current) return ERROR_NONE;
    return reject(exchange, ERROR_CONFLICT, "Version conflict");
}

static enum error reject_fault(struct exchange *exchange, enum compile_fault fault) {
    if (fault == COMPILE_NULL_IN_ARRAY)
        return reject(exchange, ERROR_INVALID, "State contains an invalid node: null in an array");
    char message[96];
    snprintf(message, sizeof message, "JSON contains too many levels of nesting; maximum is %d", TWIN_LEVELS_MAX);
    return reject(exchange, ERROR_INVALID, message);
}

static enum error compile_member(struct exchange *exchange, const struct json_each *member) {
    static const char *const not_an_object[SECTION_COUNT] = {"Desired node must be an object",
                                                             "Reported node must be an object"};
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        if (!text_is(member->name, section_names[i])) continue;
        if (!json_is(member->value, JSON_OBJECT) && !json_is(member->value, JSON_NULL))
            return reject(exchange, ERROR_INVALID, not_an_object[i]);
        enum compile_fault fault = compile_section(&exchange->result->scratch_[SCRATCH_PATCH], member->name,
                                                   member->value, NULL, exchange->now_s);
        return fault == COMPILE_GOOD ? ERROR_NONE : reject_fault(exchange, fault);
    }
    char message[160];
    snprintf(message, sizeof message, "State contains an invalid node: '%.64s'", member->name.data);
    return reject(exchange, ERROR_INVALID, message);
}

/// The request's `state` as a tree in SCRATCH_PATCH; its scalars and nulls have the time of the request.
static enum error compile_patch(struct exchange *exchange) {
    const struct json *state = json_member(exchange->root, "state");
    if (!json_exists(state)) return reject(exchange, ERROR_INVALID, "Missing required node: state");
    if (!json_is(state, JSON_OBJECT) && !json_is(state, JSON_NULL))
        return reject(exchange, ERROR_INVALID, "State node must be an object");

    struct buffer *patch = &exchange->result->scratch_[SCRATCH_PATCH];
    size_t begin = tree_begin_json(patch, TEXT_EMPTY, false, state, exchange->now_s);
    for (struct json_each each = json_each(state); json_next(&each);) {
        enum error error = compile_member(exchange, &each);
        if (error) return error;
    }
    tree_end(patch, begin);
    return patch->failed ? ERROR_NO_MEMORY : ERROR_NONE;
}

/* ---- Update ---- */

static const struct tree_node *state_before(const struct exchange *exchange) {
    return twin_exists(exchange->before) ? &exchange->before->state : NULL;
}

/// The section after the update at the end of `out`; nothing when no member is left.
static void merge_section(struct buffer *out, const struct tree_node *old, const struct tree_node *patch) {
    if (patch == NULL && old != NULL) tree_copy(out, old);
    if (patch == NULL || patch->kind == TREE_NULL) return;
    size_t begin = out->length;
    tree_merge(out, old == NULL ? &empty_object : old, patch);
    if (!out->failed && tree_is_empty(tree_at(out, begin))) out->length = begin;
}

/// The state after the update in SCRATCH_STATE.
static enum error merge_state(struct exchange *exchange) {
    const struct tree_node *patch = tree_at(&exchange->result->scratch_[SCRATCH_PATCH], 0);
    struct buffer *state = &exchange->result->scratch_[SCRATCH_STATE];
    size_t begin = tree_begin(state, TEXT_EMPTY, TREE_OBJECT);
    for (enum section i = 0; i < SECTION_COUNT && patch->kind != TREE_NULL; i++)
        merge_section(state, section_of(state_before(exchange), i), section_of(patch, i));
    tree_end(state, begin);
    return state->failed ? ERROR_NO_MEMORY : ERROR_NONE;
}

static size_t section_bytes(const struct tree_node *section) {
    return section == NULL ? 0 : tree_json_bytes(section);
}

static enum error check_size(struct exchange *exchange) {
    const struct tree_node *state = tree_at(&exchange->result->scratch_[SCRATCH_STATE], 0);
    size_t bytes = 0;
    for (enum section i = 0; i < SECTION_COUNT; i++) bytes += section_bytes(section_of(state, i));
    if (bytes <= TWIN_STATE_BYTES_MAX) return ERROR_NONE;
    return reject(exchange, ERROR_TOO_LARGE, "The payload exceeds the maximum size allowed");
}

static enum error make_twin(struct exchange *exchange) {
    uint64_t version = twin_version(exchange->before) + 1;
    if (version < exchange->request->version_least) version = exchange->request->version_least;
    struct twin *after = twin_make(version, tree_at(&exchange->result->scratch_[SCRATCH_STATE], 0));
    if (after == NULL) return ERROR_NO_MEMORY;
    twin_unref(exchange->result->twin);
    exchange->result->twin = after;
    return ERROR_NONE;
}

static void write_update_answer(struct exchange *exchange) {
    struct json_writer writer = json_writer(&exchange->result->answer);
    json_open_object(&writer);
    put_tree(&writer, tree_at(&exchange->result->scratch_[SCRATCH_PATCH], 0));
    put_version(&writer, exchange->result->twin->version);
    put_times_and_token(&writer, exchange);
    json_close_object(&writer);
}

/// What is desired and not reported, as a tree in SCRATCH_DELTA; NULL when nothing is.
static const struct tree_node *make_delta(struct twin_result *result) {
    const struct tree_node *desired = section_of(&result->twin->state, SECTION_DESIRED);
    const struct tree_node *reported = section_of(&result->twin->state, SECTION_REPORTED);
    if (desired == NULL) return NULL;
    struct buffer *delta = &result->scratch_[SCRATCH_DELTA];
    bool different = tree_difference(delta, desired, reported == NULL ? &empty_object : reported);
    return different && !delta->failed ? tree_at(delta, 0) : NULL;
}

static void write_delta(struct exchange *exchange) {
    const struct tree_node *delta = make_delta(exchange->result);
    if (delta == NULL) return;
    struct json_writer writer = json_writer(&exchange->result->delta);
    json_open_object(&writer);
    put_version(&writer, exchange->result->twin->version);
    put_tree(&writer, delta);
    put_times_and_token(&writer, exchange);
    json_close_object(&writer);
}

static void put_document(struct json_writer *writer, const struct twin *twin) {
    if (!twin_exists(twin)) return json_put_null(writer);
    json_open_object(writer);
    put_tree(writer, &twin->state);
    put_version(writer, twin->version);
    json_close_object(writer);
}

static void write_documents(struct exchange *exchange) {
    struct json_writer writer = json_writer(&exchange->result->documents);
    json_open_object(&writer);
    json_key(&writer, "previous");
    put_document(&writer, exchange->before);
    json_key(&writer, "current");
    put_document(&writer, exchange->result->twin);
    put_times_and_token(&writer, exchange);
    json_close_object(&writer);
}

static bool touches(const struct tree_node *patch, enum section section) {
    return patch->kind == TREE_NULL || section_of(patch, section) != NULL;
}

static enum error update_checked(struct exchange *exchange) {
    if (!json_is(exchange->root, JSON_OBJECT)) return reject(exchange, ERROR_INVALID, "Invalid JSON: not an object");
    static enum error (*const steps[])(struct exchange *) = {
        check_token, compile_patch, check_version, merge_state, check_size, make_twin,
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        enum error error = steps[i](exchange);
        if (error) return error;
    }
    const struct tree_node *patch = tree_at(&exchange->result->scratch_[SCRATCH_PATCH], 0);
    exchange->result->desired = touches(patch, SECTION_DESIRED);
    exchange->result->reported = touches(patch, SECTION_REPORTED);
    write_update_answer(exchange);
    write_delta(exchange);
    write_documents(exchange);
    return ERROR_NONE;
}

static enum error update(struct exchange *exchange) {
    struct problem problem = {0};
    enum error error = read_request(exchange, &problem);
    if (error) return reject_unreadable(exchange, error, &problem);
    return update_checked(exchange);
}

/* ---- Get and delete: their payload matters only for the token ---- */

static void put_current_state(struct json_writer *writer, struct twin_result *result) {
    const struct tree_node *delta = make_delta(result);
    json_key(writer, "state");
    json_open_object(writer);
    for (const struct tree_node *child = NULL; (child = tree_next(&result->twin->state, child)) != NULL;) {
        json_key_raw(writer, tree_name(child));
        tree_write(writer, child);
    }
    if (delta != NULL) {
        json_key(writer, "delta");
        tree_write(writer, delta);
    }
    json_close_object(writer);
}

static enum error get(struct exchange *exchange) {
    error_ignore(read_request(exchange, NULL));
    if (!twin_exists(exchange->before)) return reject_absent(exchange);
    struct json_writer writer = json_writer(&exchange->result->answer);
    json_open_object(&writer);
    put_current_state(&writer, exchange->result);
    json_key(&writer, "metadata");
    tree_write_times(&writer, &exchange->before->state);
    put_version(&writer, exchange->before->version);
    put_times_and_token(&writer, exchange);
    if (exchange->request->restored) {
        json_key(&writer, "restored");
        json_put_bool(&writer, true);
    }
    json_close_object(&writer);
    return ERROR_NONE;
}

/// The delete itself takes a version, so that what is created later continues two above the deleted document.
static enum error delete (struct exchange *exchange) {
    error_ignore(read_request(exchange, NULL)); if (!twin_exists(exchange->before)) return reject_absent(exchange);
    struct twin *after = twin_make(exchange->before->version + 1, NULL);
    if (after == NULL) return ERROR_NO_MEMORY;
    twin_unref(exchange->result->twin);
    exchange->result->twin = after;
    exchange->result->desired = exchange->result->reported = true;
    struct json_writer writer = json_writer(&exchange->result->answer);
    json_open_object(&writer);
    put_version(&writer, exchange->before->version);
    put_times_and_token(&writer, exchange);
    json_close_object(&writer);
    return ERROR_NONE;
}

/* ---- The two entries ---- */

static void start_over(struct twin_result *result, struct twin *before) {
    twin_ref(before);
    twin_unref(result->twin);
    result->twin = before;
    result->desired = result->reported = false;
    struct buffer *const buffers[] = {&result->answer,      &result->delta,       &result->documents,
                                      &result->scratch_[0], &result->scratch_[1], &result->scratch_[2]};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++) buffer_reset(buffers[i]);
}

static bool failed(const struct twin_result *result) {
    return result->answer.failed || result->delta.failed || result->documents.failed ||
           result->scratch_[SCRATCH_DELTA].failed;
}

void twin_answer(struct twin *before, const struct twin_request *request, struct twin_result *result) {
    static enum error (*const operations[])(struct exchange *) = {
        [TWIN_GET] = get,
        [TWIN_UPDATE] = update,
        [TWIN_DELETE] = delete,
    };
    start_over(result, before);
    struct exchange exchange = {
        .request = request, .before = before, .result = result, .now_s = (uint32_t)request->time_s};
    result->error = operations[request->operation](&exchange);
    if (!result->error && failed(result)) result->error = ERROR_NO_MEMORY;
    if (result->error == ERROR_NO_MEMORY) {
        start_over(result, before);
        error_ignore(reject(&exchange, ERROR_NO_MEMORY, "Internal service failure: out of memory"));
    }
    json_destroy(exchange.document);
}

void twin_reject(const struct twin_request *request, enum error error, const char *message, struct buffer *ret_answer) {
    struct exchange exchange = {.request = request, .now_s = (uint32_t)request->time_s};
    error_ignore(read_request(&exchange, NULL));
    write_rejection(&exchange, error, message, ret_answer);
    json_destroy(exchange.document);
}

void twin_result_clear(struct twin_result *result) {
    twin_unref(result->twin);
    struct buffer *const buffers[] = {&result->answer,      &result->delta,       &result->documents,
                                      &result->scratch_[0], &result->scratch_[1], &result->scratch_[2]};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++) buffer_clear(buffers[i]);
    *result = (struct twin_result){0};
}
