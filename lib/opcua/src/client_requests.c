// Browsing, reading, calling.

#include "client_internal.h"

#include <stdlib.h>
#include <string.h>

// --- browsing ---

/*  waiting (client->browses) --their turn, many in one request--> asked --> done
 *                                                                  '--continuation point--> asked for the rest
 *  A plant has thousands of nodes: they share requests, and few requests are outstanding, so that a slow server has the
 *  whole time-out for each and is not flooded. */

enum { BROWSE_BATCH = 250, BROWSE_OUTSTANDING = 2 };

struct browse {
    struct request request;           // first; of its own BrowseNext
    struct browse *next;              // of those that wait
    UA_BrowseDescription description; // its node is ours
    UA_ReferenceDescription *found;   // ours
    size_t count;
    opcua_browse_fn *done;
    opcua_supertype_fn *done_supertype; // one of the two
    struct opcua_client *client;
    void *context;
};

static struct opcua_reference reference_of(const UA_ReferenceDescription *description) {
    UA_NodeId property = UA_NODEID_NUMERIC(0, UA_NS0ID_HASPROPERTY);
    return (struct opcua_reference){
        .node = node_of_ua(&description->nodeId.nodeId),
        .node_class = (enum opcua_node_class)description->nodeClass,
        .browse_name = text_of_ua(description->browseName.name),
        .browse_namespace = description->browseName.namespaceIndex,
        .display_name = text_of_ua(description->displayName.text),
        .type_definition = node_of_ua(&description->typeDefinition.nodeId),
        .property = UA_NodeId_equal(&description->referenceTypeId, &property),
    };
}

static void browse_free(struct browse *browse) {
    UA_Array_delete(browse->found, browse->count, &UA_TYPES[UA_TYPES_REFERENCEDESCRIPTION]);
    UA_BrowseDescription_clear(&browse->description);
    free(browse);
}

static void end_browse(struct browse *browse, UA_StatusCode status) {
    size_t count = status == UA_STATUSCODE_GOOD ? browse->count : 0;
    struct opcua_reference *references = calloc(count + 1, sizeof *references); // never of size 0
    if (references == NULL) {
        status = UA_STATUSCODE_BADOUTOFMEMORY;
        count = 0;
    }
    for (size_t i = 0; i < count; i++) references[i] = reference_of(&browse->found[i]);
    if (!browse->client->closed) {
        if (browse->done_supertype != NULL)
            browse->done_supertype(browse->context, status, count > 0 ? references : NULL);
        else
            browse->done(browse->context, status, references, count);
    }
    free(references);
    browse_free(browse);
}

/// Moves the references of one answer behind those that are there.
static bool take_references(struct browse *browse, UA_BrowseResult *result) {
    size_t count = browse->count + result->referencesSize;
    if (result->referencesSize == 0) return true;
    UA_ReferenceDescription *found = realloc(browse->found, count * sizeof *found);
    if (found == NULL) return false;
    memcpy(&found[browse->count], result->references, result->referencesSize * sizeof *found);
    free(result->references); // the array; its content has moved
    result->references = NULL;
    result->referencesSize = 0;
    browse->found = found;
    browse->count = count;
    return true;
}

static void on_browsed_next(struct request *request, UA_StatusCode status, void *message);

/// One of the results of Browse or BrowseNext.
static void take_result(struct browse *browse, UA_StatusCode status, UA_BrowseResult *result) {
    if (status == UA_STATUSCODE_GOOD) status = result->statusCode;
    if (status != UA_STATUSCODE_GOOD || browse->client->closed) return end_browse(browse, status);
    if (!take_references(browse, result)) return end_browse(browse, UA_STATUSCODE_BADOUTOFMEMORY);
    if (result->continuationPoint.length == 0) return end_browse(browse, UA_STATUSCODE_GOOD);
    UA_BrowseNextRequest next;
    UA_BrowseNextRequest_init(&next);
    next.continuationPoints = &result->continuationPoint;
    next.continuationPointsSize = 1;
    browse->request.finish = on_browsed_next;
    if (client_send(browse->client, &next, UA_TYPES_BROWSENEXTREQUEST, UA_TYPES_BROWSENEXTRESPONSE, &browse->request))
        end_browse(browse, UA_STATUSCODE_BADCOMMUNICATIONERROR);
}

static void on_browsed_next(struct request *request, UA_StatusCode status, void *message) {
    UA_BrowseNextResponse *response = message;
    if (status == UA_STATUSCODE_GOOD && response->resultsSize != 1) status = UA_STATUSCODE_BADUNEXPECTEDERROR;
    take_result((struct browse *)request, status, response->results);
}

struct browse_batch {
    struct request request; // first
    size_t count;
    struct browse *members[];
};

static void browse_now(struct opcua_client *client);

/// Back to the front of those that wait.
static void wait_again(struct opcua_client *client, struct browse_batch *batch) {
    for (size_t i = batch->count; i > 0; i--) {
        batch->members[i - 1]->next = client->browses;
        if (client->browses == NULL) client->browses_last = batch->members[i - 1];
        client->browses = batch->members[i - 1];
    }
}

static void on_browsed(struct request *request, UA_StatusCode status, void *message) {
    struct browse_batch *batch = (struct browse_batch *)request;
    struct opcua_client *client = request->client;
    UA_BrowseResponse *response = message;
    client->browsing--;
    if (client_is_too_much(status) && batch->count > 1 && !client->closed) {
        client->browse_max = (uint32_t)(batch->count + 1) / 2;
        wait_again(client, batch);
    } else {
        if (status == UA_STATUSCODE_GOOD && response->resultsSize != batch->count)
            status = UA_STATUSCODE_BADUNEXPECTEDERROR;
        for (size_t i = 0; i < batch->count; i++)
            take_result(batch->members[i], status, status == UA_STATUSCODE_GOOD ? &response->results[i] : NULL);
    }
    free(batch);
    if (!client->closed) browse_now(client);
}

/// Sends one request for those at the front. False when it could not be sent: nobody has been told.
static bool send_batch(struct opcua_client *client) {
    size_t max = client->browse_max < BROWSE_BATCH ? client->browse_max : BROWSE_BATCH, count = 0;
    struct browse_batch *batch = calloc(1, sizeof *batch + max * sizeof batch->members[0]);
    UA_BrowseDescription *descriptions = calloc(max, sizeof *descriptions);
    enum error error = batch == NULL || descriptions == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
    while (!error && count < max && client->browses != NULL) {
        batch->members[count] = client->browses;
        descriptions[count++] = client->browses->description; // borrowed
        client->browses = client->browses->next;
    }
    if (!error) {
        batch->request.finish = on_browsed;
        batch->count = count;
        UA_BrowseRequest message;
        UA_BrowseRequest_init(&message);
        message.nodesToBrowse = descriptions;
        message.nodesToBrowseSize = count;
        error = client_send(client, &message, UA_TYPES_BROWSEREQUEST, UA_TYPES_BROWSERESPONSE, &batch->request);
        if (error) wait_again(client, batch);
    }
    free(descriptions);
    if (error) free(batch);
    return !error;
}

static void browse_now(struct opcua_client *client) {
    while (client->browses != NULL && client->browsing < BROWSE_OUTSTANDING) {
        if (send_batch(client)) {
            client->browsing++;
            continue;
        }
        struct browse *first = client->browses; // the connection is ending: each is told
        client->browses = first->next;
        end_browse(first, UA_STATUSCODE_BADCOMMUNICATIONERROR);
        if (client->closed) return;
    }
}

static void on_browse_timer(void *context) {
    struct opcua_client *client = context;
    client->browse_timer = NULL;
    UA_EventLoop *el = client->el;
    ua_eventloop_enter(el);
    if (!client->closed) browse_now(client);
    ua_eventloop_leave(el);
}

/// Waits until the owner has said what else it wants to know.
static enum error send_browse(struct opcua_client *client, const struct opcua_node *node, UA_BrowseDirection direction,
                              UA_UInt32 reference_type, struct browse template) {
    if (client->closed || client->phase != PHASE_CONNECTED) return ERROR_UNAVAILABLE;
    if (client->browse_timer == NULL && client->browsing == 0) {
        client->browse_timer = loop_timer(client->loop, 0, 0, on_browse_timer, client);
        if (client->browse_timer == NULL) return ERROR_NO_MEMORY;
    }
    struct browse *browse = malloc(sizeof *browse);
    if (browse == NULL) return ERROR_NO_MEMORY;
    *browse = template;
    browse->client = client;
    UA_BrowseDescription_init(&browse->description);
    UA_NodeId id = ua_node(node);
    if (UA_NodeId_copy(&id, &browse->description.nodeId) != UA_STATUSCODE_GOOD) {
        free(browse);
        return ERROR_NO_MEMORY;
    }
    browse->description.browseDirection = direction;
    browse->description.referenceTypeId = UA_NODEID_NUMERIC(0, reference_type);
    browse->description.includeSubtypes = true;
    browse->description.resultMask = UA_BROWSERESULTMASK_ALL;
    if (client->browses == NULL)
        client->browses = browse;
    else
        client->browses_last->next = browse;
    client->browses_last = browse;
    return ERROR_NONE;
}

void client_requests_destroy(struct opcua_client *client) {
    loop_timer_cancel(client->browse_timer);
    while (client->browses != NULL) {
        struct browse *browse = client->browses;
        client->browses = browse->next;
        browse_free(browse);
    }
}

enum error opcua_client_browse(struct opcua_client *client, const struct opcua_node *node, opcua_browse_fn *done,
                               void *context) {
    struct browse browse = {.done = done, .context = context};
    return send_browse(client, node, UA_BROWSEDIRECTION_FORWARD, UA_NS0ID_HIERARCHICALREFERENCES, browse);
}

enum error opcua_client_supertype(struct opcua_client *client, const struct opcua_node *type, opcua_supertype_fn *done,
                                  void *context) {
    struct browse browse = {.done_supertype = done, .context = context};
    return send_browse(client, type, UA_BROWSEDIRECTION_INVERSE, UA_NS0ID_HASSUBTYPE, browse);
}

// --- reading ---

struct read_part {
    struct request request; // first
    struct read_job *job;
    size_t first, count;
};

/// One call of the owner, cut into parts that the server takes. The parts' answers are kept until the last one is
/// here, because the values borrow from them.
struct read_job {
    struct opcua_client *client;
    UA_DataValue *results; // ours
    size_t count;
    size_t parts_open;
    UA_StatusCode status;
    opcua_read_fn *done;
    void *context;
};

static void end_read(struct read_job *job) {
    struct opcua_data *data = calloc(job->count + 1, sizeof *data);
    if (data == NULL) job->status = UA_STATUSCODE_BADOUTOFMEMORY;
    bool good = job->status == UA_STATUSCODE_GOOD;
    for (size_t i = 0; good && i < job->count; i++) data[i] = data_of_ua(&job->results[i]);
    if (!job->client->closed) job->done(job->context, job->status, data, good ? job->count : 0);
    free(data);
    UA_Array_delete(job->results, job->count, &UA_TYPES[UA_TYPES_DATAVALUE]);
    free(job);
}

static void on_read(struct request *request, UA_StatusCode status, void *message) {
    struct read_part *part = (struct read_part *)request;
    struct read_job *job = part->job;
    UA_ReadResponse *response = message;
    if (status == UA_STATUSCODE_GOOD && response->resultsSize != part->count) status = UA_STATUSCODE_BADUNEXPECTEDERROR;
    if (status == UA_STATUSCODE_GOOD) {
        memcpy(&job->results[part->first], response->results, part->count * sizeof *response->results);
        memset(response->results, 0, part->count * sizeof *response->results); // moved
    } else {
        job->status = status;
    }
    free(part);
    if (--job->parts_open == 0) end_read(job);
}

static enum error send_part(struct read_job *job, const struct opcua_node *nodes, size_t first, size_t count) {
    struct read_part *part = calloc(1, sizeof *part);
    UA_ReadValueId *items = calloc(count, sizeof *items);
    enum error error = ERROR_NO_MEMORY;
    if (part != NULL && items != NULL) {
        *part = (struct read_part){.request = {.finish = on_read}, .job = job, .first = first, .count = count};
        for (size_t i = 0; i < count; i++) {
            items[i].nodeId = ua_node(&nodes[first + i]);
            items[i].attributeId = UA_ATTRIBUTEID_VALUE;
        }
        UA_ReadRequest message;
        UA_ReadRequest_init(&message);
        message.nodesToRead = items;
        message.nodesToReadSize = count;
        message.timestampsToReturn = UA_TIMESTAMPSTORETURN_SOURCE;
        error = client_send(job->client, &message, UA_TYPES_READREQUEST, UA_TYPES_READRESPONSE, &part->request);
    }
    if (error) free(part);
    free(items);
    return error;
}

enum error opcua_client_read(struct opcua_client *client, const struct opcua_node *nodes, size_t count,
                             opcua_read_fn *done, void *context) {
    struct read_job *job = calloc(1, sizeof *job);
    UA_DataValue *results = UA_Array_new(count, &UA_TYPES[UA_TYPES_DATAVALUE]);
    if (job == NULL || results == NULL || count == 0) {
        free(job);
        UA_Array_delete(results, count, &UA_TYPES[UA_TYPES_DATAVALUE]);
        return count == 0 ? ERROR_INVALID : ERROR_NO_MEMORY;
    }
    *job = (struct read_job){.client = client, .results = results, .count = count, .done = done, .context = context};
    enum error error = ERROR_NONE;
    for (size_t first = 0; first < count && !error; first += client->read_max) {
        size_t part = count - first < client->read_max ? count - first : client->read_max;
        error = send_part(job, nodes, first, part);
        if (!error) job->parts_open++;
    }
    if (job->parts_open > 0) { // what is on the way ends the job; a part that could not be sent makes it bad
        if (error) job->status = UA_STATUSCODE_BADCOMMUNICATIONERROR;
        return ERROR_NONE;
    }
    UA_Array_delete(results, count, &UA_TYPES[UA_TYPES_DATAVALUE]);
    free(job);
    return error;
}

// --- descriptions of arguments ---

struct arguments_request {
    struct request request; // first
    opcua_arguments_fn *done;
    void *context;
};

static struct opcua_argument argument_of(const UA_Argument *argument) {
    bool scalar = argument->valueRank == UA_VALUERANK_SCALAR;
    return (struct opcua_argument){
        .name = text_of_ua(argument->name),
        .type = scalar ? value_type_of_ua(&argument->dataType) : VALUE_NULL,
        .description = text_of_ua(argument->description.text),
    };
}

static void on_arguments(struct request *request, UA_StatusCode status, void *message) {
    struct arguments_request *job = (struct arguments_request *)request;
    UA_ReadResponse *response = message;
    const UA_Variant *value = NULL;
    if (status == UA_STATUSCODE_GOOD && response->resultsSize != 1) status = UA_STATUSCODE_BADUNEXPECTEDERROR;
    if (status == UA_STATUSCODE_GOOD) {
        status = response->results[0].status;
        value = &response->results[0].value;
        if (status == UA_STATUSCODE_GOOD && !UA_Variant_isEmpty(value) && value->type != &UA_TYPES[UA_TYPES_ARGUMENT])
            status = UA_STATUSCODE_BADTYPEMISMATCH;
    }
    bool good = status == UA_STATUSCODE_GOOD;
    size_t count = !good || UA_Variant_isEmpty(value) ? 0 : UA_Variant_isScalar(value) ? 1 : value->arrayLength;
    struct opcua_argument *arguments = calloc(count + 1, sizeof *arguments);
    if (arguments == NULL) {
        status = UA_STATUSCODE_BADOUTOFMEMORY;
        count = 0;
    }
    for (size_t i = 0; i < count; i++) arguments[i] = argument_of(&((const UA_Argument *)value->data)[i]);
    if (!request->client->closed) job->done(job->context, status, arguments, count);
    free(arguments);
    free(job);
}

enum error opcua_client_input_arguments(struct opcua_client *client, const struct opcua_node *input_arguments,
                                        opcua_arguments_fn *done, void *context) {
    struct arguments_request *job = calloc(1, sizeof *job);
    if (job == NULL) return ERROR_NO_MEMORY;
    *job = (struct arguments_request){.request = {.finish = on_arguments}, .done = done, .context = context};
    UA_ReadValueId item;
    UA_ReadValueId_init(&item);
    item.nodeId = ua_node(input_arguments);
    item.attributeId = UA_ATTRIBUTEID_VALUE;
    UA_ReadRequest message;
    UA_ReadRequest_init(&message);
    message.nodesToRead = &item;
    message.nodesToReadSize = 1;
    enum error error = client_send(client, &message, UA_TYPES_READREQUEST, UA_TYPES_READRESPONSE, &job->request);
    if (error) free(job);
    return error;
}

// --- calling ---

struct call {
    struct request request; // first
    opcua_call_fn *done;
    void *context;
};

enum { ARGUMENTS_MAX = 32 }; // more than any method of ours has, on the stack

static void on_called(struct request *request, UA_StatusCode status, void *message) {
    struct call *call = (struct call *)request;
    UA_CallResponse *response = message;
    struct value outputs[ARGUMENTS_MAX];
    size_t count = 0;
    if (status == UA_STATUSCODE_GOOD && response->resultsSize != 1) status = UA_STATUSCODE_BADUNEXPECTEDERROR;
    if (status == UA_STATUSCODE_GOOD) {
        const UA_CallMethodResult *result = &response->results[0];
        status = result->statusCode;
        for (; count < result->outputArgumentsSize && count < ARGUMENTS_MAX; count++)
            outputs[count] = value_of_ua(&result->outputArguments[count]);
    }
    if (!request->client->closed) call->done(call->context, status, outputs, count);
    free(call);
}

enum error opcua_client_call(struct opcua_client *client, const struct opcua_node *object,
                             const struct opcua_node *method, const struct value *inputs, size_t input_count,
                             opcua_call_fn *done, void *context) {
    if (input_count > ARGUMENTS_MAX) return ERROR_TOO_LARGE;
    struct call *call = calloc(1, sizeof *call);
    if (call == NULL) return ERROR_NO_MEMORY;
    *call = (struct call){.request = {.finish = on_called}, .done = done, .context = context};
    struct value values[ARGUMENTS_MAX];
    UA_String strings[ARGUMENTS_MAX];
    UA_Variant variants[ARGUMENTS_MAX];
    for (size_t i = 0; i < input_count; i++) {
        values[i] = inputs[i];
        ua_variant(&values[i], &strings[i], &variants[i]);
    }
    UA_CallMethodRequest item;
    UA_CallMethodRequest_init(&item);
    item.objectId = ua_node(object);
    item.methodId = ua_node(method);
    item.inputArguments = variants;
    item.inputArgumentsSize = input_count;
    UA_CallRequest message;
    UA_CallRequest_init(&message);
    message.methodsToCall = &item;
    message.methodsToCallSize = 1;
    enum error error = client_send(client, &message, UA_TYPES_CALLREQUEST, UA_TYPES_CALLRESPONSE, &call->request);
    if (error) free(call);
    return error;
}
