#include "api.h"

#include <stdlib.h>
#include <string.h>

/* Server-sent events. A client that has just connected is told everything once: all services, all twins, the events
 * kept. What it gets afterwards is a difference to that, so a client that was cut off only has to come again. */

struct event_stream {
    struct api *api;
    struct http_stream *stream;
    char *thing; // only twins of this thing; NULL: all
    struct event_stream *previous, *next;
};

static void stream_free(struct event_stream *stream) {
    struct api *api = stream->api;
    if (stream->next != NULL) stream->next->previous = stream->previous;
    if (stream->previous != NULL)
        stream->previous->next = stream->next;
    else
        api->streams = stream->next;
    api->stream_count--;
    http_stream_close(stream->stream);
    free(stream->thing);
    free(stream);
}

static void on_gone(void *context) {
    stream_free(context);
}

static void write_event(const struct api *api, const char *type, struct text data, struct buffer *out) {
    buffer_print(out, "id: %llu\nevent: %s\ndata: ", (unsigned long long)api->event_id, type);
    buffer_text(out, data);
    buffer_string(out, "\n\n");
}

static bool wants(const struct event_stream *stream, struct text thing) {
    return stream->thing == NULL || thing.length == 0 || text_is(thing, stream->thing);
}

static void send_one(struct event_stream *stream, const char *type, struct text data) {
    CLEANUP(buffer_clear) struct buffer event = {0};
    write_event(stream->api, type, data, &event);
    http_stream_send(stream->stream, buffer_view(&event)); // cut off: on_gone follows
}

void events_send(struct api *api, const char *type, struct text thing, struct text data) {
    api->event_id++;
    if (api->streams == NULL) return;
    CLEANUP(buffer_clear) struct buffer event = {0};
    write_event(api, type, data, &event);
    for (struct event_stream *stream = api->streams; stream != NULL; stream = stream->next)
        if (wants(stream, thing)) http_stream_send(stream->stream, buffer_view(&event));
}

void events_note(struct api *api, struct text data) {
    free(api->kept_events[api->kept_next]);
    api->kept_events[api->kept_next] = text_copy(data);
    api->kept_next = (api->kept_next + 1) % API_EVENTS_KEPT;
    events_send(api, "event", TEXT_EMPTY, data);
}

// ---------------------------------------------------------------- a new client

static void tell_service(void *context, struct text status) {
    send_one(context, "status", status);
}

static void tell_twin(void *context, struct text thing, struct text data) {
    if (wants(context, thing)) send_one(context, "twin", data);
}

static void tell_everything(struct event_stream *stream) {
    struct api *api = stream->api;
    http_stream_send(stream->stream, TEXT("retry: 1000\n\n"));
    services_each(api, tell_service, stream);
    twins_each(api, tell_twin, stream);
    for (size_t i = 0; i < API_EVENTS_KEPT; i++) {
        const char *event = api->kept_events[(api->kept_next + i) % API_EVENTS_KEPT];
        if (event != NULL) send_one(stream, "event", text_of(event));
    }
}

void events_open(struct api *api, struct http_request *request) {
    if (api->stream_count >= API_STREAMS_MAX)
        return http_answer_error(request, ERROR_LIMIT, "Too many event streams at once: at most %d", API_STREAMS_MAX);
    struct event_stream *stream = calloc(1, sizeof *stream);
    if (stream != NULL && http_has_query(request, "thing")) stream->thing = text_copy(http_query(request, "thing"));
    if (stream == NULL || (http_has_query(request, "thing") && stream->thing == NULL)) {
        free(stream);
        return http_answer_error(request, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    }
    stream->stream = http_answer_stream(request, "text/event-stream", API_STREAM_QUEUE_BYTES_MAX, on_gone, stream);
    if (stream->stream == NULL) {
        free(stream->thing);
        free(stream);
        return;
    }
    stream->api = api;
    stream->next = api->streams;
    if (api->streams != NULL) api->streams->previous = stream;
    api->streams = stream;
    api->stream_count++;
    tell_everything(stream);
}

void events_close(struct api *api) {
    for (struct event_stream *stream = api->streams, *next; stream != NULL; stream = next) {
        next = stream->next;
        stream_free(stream);
    }
    for (size_t i = 0; i < API_EVENTS_KEPT; i++) free(api->kept_events[i]);
}
