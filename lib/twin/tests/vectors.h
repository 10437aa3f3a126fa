/// Runs the shadow sequences of data/shadow-vectors.json against anything that answers shadow requests.
#pragma once

#include <base/buffer.h>
#include <base/text.h>

/// One request of a sequence.
struct vector_request {
    const char *operation; // "update", "get", "delete"
    struct text thing;
    struct text shadow; // empty: the classic one
    struct text payload;
    unsigned wait_ms; // pause before it
};

/// What was published on the answer topics of the request; empty: nothing. More than one is a failure of the system.
enum { CHANNEL_ACCEPTED, CHANNEL_REJECTED, CHANNEL_DELTA, CHANNEL_DOCUMENTS, CHANNEL_COUNT };
extern const char *const channel_names[CHANNEL_COUNT];

struct vector_system {
    void (*exchange)(void *context, const struct vector_request *request, struct buffer channels[CHANNEL_COUNT]);
    void *context;
};

/// Makes one cmocka test of every case; the tests use `system`. The file is read from `path`.
struct CMUnitTest *vectors_tests(const char *path, const struct vector_system *system, size_t *ret_count);
void vectors_free(void);
