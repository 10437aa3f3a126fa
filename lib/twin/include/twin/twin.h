/// Device shadows as AWS IoT defines them: one request and the document before it give the answer, the events and the
/// document after it. Pure: bytes and time come as arguments, nothing is stored, published or logged here.
/// The rules have numbers in docs/spec/twin.md.
///
///     struct twin_result result = {0};              // keep it: its memory is used again for the next request
///     twin_answer(before, &request, &result);
///     publish(result.answer) ... ; before = result.twin;
///     twin_result_clear(&result);
///
/// Owns:    a `struct twin` is one version of one shadow. It never changes and is shared by counting references.
/// Threads: a twin may be read, referenced and unreferenced by any thread; a result belongs to one.
/// Errors:  every request gets an answer; one that is rejected leaves the twin as it was.
#pragma once

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/problem.h>
#include <base/text.h>

enum {
    TWIN_REQUEST_BYTES_MAX = 32 * 1024, // room for spaces and nulls around the state; more is 413
    TWIN_STATE_BYTES_MAX = 8 * 1024,    // compact desired + reported after the merge; AWS's limit
    TWIN_LEVELS_MAX = 8,                // names and indices below desired or reported; AWS's limit
    TWIN_CLIENT_TOKEN_BYTES_MAX = 64,   // AWS's limit
    TWIN_THING_NAME_BYTES_MAX = 128,    // AWS's limit
    TWIN_SHADOW_NAME_BYTES_MAX = 64,    // AWS's limit
};

/// One version of a shadow, also of a deleted one, which is there for its version only. NULL: never existed.
struct twin;
struct twin *twin_ref(struct twin *twin); // returns it; NULL is fine
void twin_unref(struct twin *twin);       // NULL is fine
CLEANUP_DEFINE(struct twin, twin_unref)

bool twin_exists(const struct twin *twin);      // false for NULL and for a deleted shadow
uint64_t twin_version(const struct twin *twin); // 0 for NULL
size_t twin_memory(const struct twin *twin);    // bytes that it takes

enum twin_operation { TWIN_GET, TWIN_UPDATE, TWIN_DELETE };

struct twin_request {
    enum twin_operation operation;
    struct text name;       // for messages: "thing" or "thing~shadow"
    struct text payload;    // as it came
    uint64_t time_s;        // now, since 1970
    uint64_t version_least; // an update gives at least this version; 0: the next one
    bool restored;          // nobody has reported since the document was loaded: the answer to a get says so
};

struct twin_result {
    enum error error;        // ERROR_NONE: accepted
    struct twin *twin;       // after the request; the result's own reference, the one before when nothing changed
    bool desired;            // the request touches desired (whether or not that changed something)
    bool reported;           // the same for reported
    struct buffer answer;    // document for `accepted`, or for `rejected`
    struct buffer delta;     // event `delta`; empty: none
    struct buffer documents; // event `documents`; empty: none
    struct buffer scratch_[3];
};

/// Fills `result`, whose former content is dropped. `before` may be NULL and is not taken over.
void twin_answer(struct twin *before, const struct twin_request *request, struct twin_result *result);
void twin_result_clear(struct twin_result *result);

/// Fills `answer` with a rejection of a request that the caller refuses itself, for instance because storing failed.
void twin_reject(const struct twin_request *request, enum error error, const char *message, struct buffer *ret_answer);

/// The document as it is kept: {"state":{...},"metadata":{...}}. Only of a twin that exists.
void twin_save(const struct twin *twin, struct buffer *out);
/// ERROR_INVALID when `document` is not such a text. An empty one gives a deleted shadow.
enum error twin_load(struct text document, uint64_t version, struct twin **ret_twin, struct problem *ret_problem);

/// Letters, digits, ':', '_', '-' up to the limits above, at least one.
bool twin_is_thing_name(struct text name);
bool twin_is_shadow_name(struct text name);
