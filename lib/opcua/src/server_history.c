// HistoryRead (raw) of our variables: OPC 10000-11, 6.4.3.

#include "history.h"
#include "server_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    VALUES_MAX = 10 * 1000,   // of one node in one answer; more come with the continuation point
    NODES_MAX = 50,           // in one request
    BYTES_BASE = 1024 * 1024, // of memory, and
    BYTES_PER_VARIABLE = 256, // for each variable: room for one block, when all of a large plant's are quiet
    CONTINUATION_MARK = 0x68637073,
};

/// Where an answer goes on. The server keeps nothing: whoever changes it asks for another place of what he may read
/// anyway.
struct continuation {
    int64_t time_ns;
    uint32_t skip; // samples of that very time were sent already
    uint32_t mark;
};

// --- values ---

struct filling {
    UA_DataValue *values;
    size_t count, done;
    bool backwards;
    UA_TimestampsToReturn stamps;
    UA_StatusCode status;
    int64_t last_ns;   // of the last one in the order of the answer
    uint32_t last_run; // how many of the answer's last ones have that time
};

static void stamp(UA_DataValue *to, UA_TimestampsToReturn stamps, int64_t time_ns) {
    to->hasSourceTimestamp = stamps != UA_TIMESTAMPSTORETURN_SERVER;
    to->hasServerTimestamp = stamps != UA_TIMESTAMPSTORETURN_SOURCE;
    to->sourceTimestamp = to->serverTimestamp = ua_time(time_ns);
}

static void fill(void *context, const struct opcua_data *data) {
    struct filling *filling = context;
    size_t at = filling->backwards ? filling->count - 1 - filling->done : filling->done;
    filling->done++;
    UA_DataValue *to = &filling->values[at];
    struct value value = data->value;
    UA_String string;
    UA_Variant variant;
    ua_variant(&value, &string, &variant);
    to->hasStatus = data->status != STATUS_Good;
    to->status = data->status;
    stamp(to, filling->stamps, data->source_time_ns);
    if (value.type == VALUE_NULL) return;
    to->hasValue = true;
    filling->status |= UA_Variant_copy(&variant, &to->value);
}

/// A bound that was asked for and does not exist.
static void fill_missing(UA_DataValue *to, UA_TimestampsToReturn stamps, int64_t time_ns) {
    to->hasStatus = true;
    to->status = UA_STATUSCODE_BADBOUNDNOTFOUND;
    stamp(to, stamps, time_ns);
}

// --- paging ---

static bool read_continuation(const UA_ByteString *bytes, struct continuation *ret) {
    if (bytes->length != sizeof *ret) return false;
    memcpy(ret, bytes->data, sizeof *ret);
    return ret->mark == CONTINUATION_MARK;
}

/// What is left of the window; nothing when it has changed so much that the place is outside.
static void resume(const struct history_series *series, const struct continuation *from,
                   struct history_window *window) {
    struct history_window instant;
    struct history_range range = {.start_ns = from->time_ns, .end_ns = from->time_ns};
    size_t end = window->first + window->count;
    window->no_first_bound = false;
    if (!history_find(series, &range, &instant)) instant = (struct history_window){0};
    size_t skip = from->skip < instant.count ? from->skip : instant.count;
    size_t first = window->backwards ? window->first : instant.first + skip;
    if (window->backwards)
        end = instant.first + instant.count - skip < end ? instant.first + instant.count - skip : end;
    if (first < window->first) first = window->first;
    window->first = first;
    window->count = end > first ? end - first : 0;
}

static void find_last(void *context, const struct opcua_data *data) {
    *(int64_t *)context = data->source_time_ns;
}

/// The place after the last value of this page.
static UA_StatusCode give_continuation(const struct history_series *series, const struct history_window *page,
                                       UA_HistoryReadResult *result) {
    struct continuation next = {.mark = CONTINUATION_MARK};
    size_t last = page->backwards ? page->first : page->first + page->count - 1;
    history_walk(series, last, 1, find_last, &next.time_ns);
    struct history_range range = {.start_ns = next.time_ns, .end_ns = next.time_ns};
    struct history_window instant;
    if (!history_find(series, &range, &instant)) return UA_STATUSCODE_BADINTERNALERROR;
    next.skip = (uint32_t)(page->backwards ? instant.first + instant.count - last : last + 1 - instant.first);
    UA_ByteString bytes = {sizeof next, (UA_Byte *)&next};
    return UA_ByteString_copy(&bytes, &result->continuationPoint);
}

// --- one node ---

struct request {
    struct history_range range;
    UA_TimestampsToReturn stamps;
    size_t page;
};

static UA_StatusCode answer(const struct history_series *series, const struct request *request,
                            struct history_window window, UA_HistoryReadResult *result, UA_HistoryData *data) {
    struct history_window page = window;
    if (page.count > request->page) {
        if (page.backwards) page.first += page.count - request->page;
        page.count = request->page;
        page.no_last_bound = false;
    }
    size_t total = page.count + page.no_first_bound + page.no_last_bound;
    if (total == 0) return UA_STATUSCODE_GOODNODATA;
    data->dataValues = UA_Array_new(total, &UA_TYPES[UA_TYPES_DATAVALUE]);
    if (data->dataValues == NULL) return UA_STATUSCODE_BADOUTOFMEMORY;
    data->dataValuesSize = total;
    struct filling filling = {.values = data->dataValues + page.no_first_bound,
                              .count = page.count,
                              .backwards = page.backwards,
                              .stamps = request->stamps};
    if (page.no_first_bound) fill_missing(&data->dataValues[0], request->stamps, request->range.start_ns);
    history_walk(series, page.first, page.count, fill, &filling);
    if (page.no_last_bound) fill_missing(&data->dataValues[total - 1], request->stamps, request->range.end_ns);
    UA_StatusCode status = filling.status;
    if (status == UA_STATUSCODE_GOOD && page.count < window.count) status = give_continuation(series, &page, result);
    return status;
}

static UA_StatusCode read_node(UA_Server *ua, const struct request *request, const UA_HistoryReadValueId *node,
                               UA_HistoryReadResult *result, UA_HistoryData *data) {
    UA_Boolean historizing = false;
    if (UA_Server_readHistorizing(ua, node->nodeId, &historizing) != UA_STATUSCODE_GOOD) {
        UA_NodeClass class;
        return UA_Server_readNodeClass(ua, node->nodeId, &class) == UA_STATUSCODE_GOOD
                   ? UA_STATUSCODE_BADHISTORYOPERATIONUNSUPPORTED
                   : UA_STATUSCODE_BADNODEIDUNKNOWN;
    }
    void *context = NULL; // only our own variables are historizing, and their context is the variable
    if (!historizing || UA_Server_getNodeContext(ua, node->nodeId, &context) != UA_STATUSCODE_GOOD || context == NULL)
        return UA_STATUSCODE_BADHISTORYOPERATIONUNSUPPORTED;
    if (node->indexRange.length > 0) return UA_STATUSCODE_BADINDEXRANGENODATA;
    if (node->dataEncoding.name.length > 0) return UA_STATUSCODE_BADDATAENCODINGUNSUPPORTED;
    const struct history_series *series = ((const struct opcua_variable *)context)->history;
    struct history_window window;
    if (!history_find(series, &request->range, &window)) return UA_STATUSCODE_BADHISTORYOPERATIONINVALID;
    struct continuation from;
    if (node->continuationPoint.length > 0) {
        if (!read_continuation(&node->continuationPoint, &from)) return UA_STATUSCODE_BADCONTINUATIONPOINTINVALID;
        resume(series, &from, &window);
    }
    return answer(series, request, window, result, data);
}

/// 0: not given. What lies outside of our clock lies outside of every value.
static int64_t instant_of(UA_DateTime time) {
    if (time <= 0) return 0;
    if (time <= UA_DATETIME_UNIX_EPOCH) return 1;
    int64_t ns = ns_of_ua(time);
    return ns != 0 ? ns : INT64_MAX;
}

static void refuse_all(UA_HistoryReadResponse *response, UA_StatusCode status) {
    UA_Array_delete(response->results, response->resultsSize, &UA_TYPES[UA_TYPES_HISTORYREADRESULT]);
    response->results = NULL;
    response->resultsSize = 0;
    response->responseHeader.serviceResult = status;
}

static void read_raw(UA_Server *ua, void *context, const UA_NodeId *session, void *session_context,
                     const UA_RequestHeader *header, const UA_ReadRawModifiedDetails *details,
                     UA_TimestampsToReturn stamps, UA_Boolean release, size_t count, const UA_HistoryReadValueId *nodes,
                     UA_HistoryReadResponse *response, UA_HistoryData *const *const data) {
    (void)context, (void)session, (void)session_context, (void)header;
    if (count > NODES_MAX) {
        refuse_all(response, UA_STATUSCODE_BADTOOMANYOPERATIONS);
        return;
    }
    if ((UA_UInt32)stamps > UA_TIMESTAMPSTORETURN_BOTH) {
        refuse_all(response, UA_STATUSCODE_BADTIMESTAMPSTORETURNINVALID);
        return;
    }
    if (release) return; // we keep none
    struct request request = {
        .range = {.start_ns = instant_of(details->startTime),
                  .end_ns = instant_of(details->endTime),
                  .max = details->numValuesPerNode,
                  .bounds = details->returnBounds},
        .stamps = stamps,
        .page = details->numValuesPerNode > 0 && details->numValuesPerNode < VALUES_MAX ? details->numValuesPerNode
                                                                                        : VALUES_MAX,
    };
    for (size_t i = 0; i < count; i++)
        response->results[i].statusCode = read_node(ua, &request, &nodes[i], &response->results[i], data[i]);
}

// --- with the server ---

UA_StatusCode server_set_history(struct opcua_server *server, UA_ServerConfig *config) {
    server->history = history_create();
    if (server->history == NULL) return UA_STATUSCODE_BADOUTOFMEMORY;
    history_grow(server->history, BYTES_BASE);
    config->historizingEnabled = true;
    config->historyDatabase = (UA_HistoryDatabase){.context = server->history, .readRaw = read_raw};
    config->accessHistoryDataCapability = true;
    config->maxReturnDataValues = VALUES_MAX;
    return UA_STATUSCODE_GOOD;
}

size_t server_history_nodes_max(void) {
    return NODES_MAX;
}

bool server_historize(struct opcua_server *server, struct opcua_variable *variable) {
    variable->history = history_add(server->history, variable->type);
    if (variable->history == NULL) return false;
    history_grow(server->history, BYTES_PER_VARIABLE);
    return true;
}
