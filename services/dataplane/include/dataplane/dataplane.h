/// AWS IoT's data plane for shadows, from HTTP onto the bus (docs/spec/http.md): requests to the twin service become
/// answers with AWS's documents and error shapes. No state: who serves HTTP matches, applies its own rights, executes.
///
///     struct dataplane_call call;
///     switch (dataplane_match(request, &call)) {
///     case DATAPLANE_OTHER: ...another route...
///     case DATAPLANE_ANSWERED: return;
///     case DATAPLANE_CALL: if (permitted(&call)) dataplane_execute(bus, request, &call); ...
///     }
#pragma once

#include <base/text.h>
#include <bus/bus.h>
#include <http/server.h>

enum {
    DATAPLANE_THING_BYTES_MAX = 128,
    DATAPLANE_SHADOW_BYTES_MAX = 64,
    DATAPLANE_TIMEOUT_S = 5, // for the twin service to answer; past it: 504
    DATAPLANE_PAGE_DEFAULT = 25,
    DATAPLANE_PAGE_MAX = 100,
};

enum dataplane_operation { DATAPLANE_GET, DATAPLANE_UPDATE, DATAPLANE_DELETE, DATAPLANE_LIST };

/// Texts are the request's: borrowed until it is answered.
struct dataplane_call {
    enum dataplane_operation operation;
    struct text thing;
    struct text shadow;     // empty: the classic shadow
    uint64_t page_size;     // of DATAPLANE_LIST
    struct text next_token; // of DATAPLANE_LIST; empty: from the beginning
};

enum dataplane_match {
    DATAPLANE_OTHER,    // the path is not of the data plane
    DATAPLANE_ANSWERED, // it is, but the call is wrong: answered with 400 or 405
    DATAPLANE_CALL,     // *ret_call is set
};
enum dataplane_match dataplane_match(struct http_request *request, struct dataplane_call *ret_call);

/// Executes and answers the request, later. The bus must be closed before the server of the request.
void dataplane_execute(struct bus *bus, struct http_request *request, const struct dataplane_call *call);

/// 1 to 128 characters out of a-z A-Z 0-9 : _ - (so it may be a level of a subject).
bool dataplane_is_thing_name(struct text name);
