#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* Two hold a stream: its owner, until http_stream_close, and the library's response, until the connection is over.
 * Without bytes to send the connection is suspended by the reader, and resumed by the next send. */

enum { STREAM_BLOCK_BYTES = 16 * 1024 }; // given to the library at a time

struct http_stream {
    struct http_request *request; // NULL once the connection is over
    struct buffer queue;
    size_t queue_begin; // what is before it has been sent
    size_t queue_bytes_max;
    bool owned;     // http_stream_close not yet called
    bool responded; // the response still holds it
    bool suspended;
    bool ended; // the client left or was cut off
    void (*gone)(void *context);
    void *context;
};

static void release(struct http_stream *stream) {
    if (stream->owned || stream->responded) return;
    buffer_clear(&stream->queue);
    free(stream);
}

void stream_wake(struct http_stream *stream) {
    if (!stream->suspended) return;
    stream->suspended = false;
    server_resume(stream->request->server, stream->request->connection);
}

static size_t queued(const struct http_stream *stream) {
    return stream->queue.length - stream->queue_begin;
}

/// The library asks for bytes.
static ssize_t on_read(void *context, uint64_t position, char *block, size_t block_bytes) {
    (void)position;
    struct http_stream *stream = context;
    if (stream->ended) return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t length = queued(stream) < block_bytes ? queued(stream) : block_bytes;
    if (length > 0) {
        memcpy(block, stream->queue.data + stream->queue_begin, length);
        stream->queue_begin += length;
        if (queued(stream) == 0) {
            buffer_reset(&stream->queue);
            stream->queue_begin = 0;
        }
        return (ssize_t)length;
    }
    if (!stream->owned) return MHD_CONTENT_READER_END_OF_STREAM;
    stream->suspended = true;
    MHD_suspend_connection(stream->request->connection);
    return 0;
}

static void on_response_freed(void *context) {
    struct http_stream *stream = context;
    stream->responded = false;
    release(stream);
}

static void on_departure(void *context, uint32_t events) {
    (void)events;
    struct http_stream *stream = context;
    loop_unwatch(TAKE(stream->request->departure));
    stream->ended = true;
    stream_wake(stream); // the reader tells the library to close
}

struct http_stream *http_answer_stream(struct http_request *request, const char *content_type, size_t queue_bytes_max,
                                       void (*gone)(void *context), void *context) {
    struct http_stream *stream = calloc(1, sizeof *stream);
    struct MHD_Response *response = stream == NULL
                                        ? NULL
                                        : MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES,
                                                                            on_read, stream, on_response_freed);
    struct loop_watch *departure =
        response == NULL ? NULL
                         : loop_watch(request->server->loop, request->peer->fd, EPOLLRDHUP, on_departure, stream);
    if (departure == NULL || MHD_add_response_header(response, "Content-Type", content_type) != MHD_YES ||
        MHD_add_response_header(response, "Cache-Control", "no-store") != MHD_YES ||
        MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") != MHD_YES) {
        loop_unwatch(departure);
        if (response != NULL)
            MHD_destroy_response(response); // frees the stream
        else
            free(stream);
        http_answer_error(request, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
        return NULL;
    }
    *stream = (struct http_stream){
        .request = request,
        .queue_bytes_max = queue_bytes_max,
        .owned = true,
        .responded = true,
        .gone = gone,
        .context = context,
    };
    request->stream = stream;
    request_reply(request, 200, response);
    request->departure = departure;
    return stream;
}

/// Moves what is left to the front once the sent part is the larger one, so that the queue's memory stays bounded.
static void compact(struct http_stream *stream) {
    if (stream->queue_begin < queued(stream) || stream->queue_begin == 0) return;
    size_t left = queued(stream);
    memmove(stream->queue.data, stream->queue.data + stream->queue_begin, left + 1); // with the NUL behind it
    stream->queue.length = left;
    stream->queue_begin = 0;
}

static void cut_off(struct http_stream *stream) {
    stream->ended = true;
    shutdown(stream->request->peer->fd, SHUT_RDWR); // the library sees it, also while it waits to write
    stream_wake(stream);
}

bool http_stream_send(struct http_stream *stream, struct text bytes) {
    if (stream->request == NULL || stream->ended) return false;
    compact(stream);
    bool fits = queued(stream) + bytes.length <= stream->queue_bytes_max;
    if (fits) buffer_text(&stream->queue, bytes);
    if (!fits || stream->queue.failed) {
        cut_off(stream);
        return false;
    }
    stream_wake(stream);
    return true;
}

void stream_end(struct http_stream *stream) {
    stream->request = NULL;
    stream->suspended = false;
    stream->ended = true;
    if (stream->owned && stream->gone != NULL) stream->gone(stream->context);
}

void http_stream_close(struct http_stream *stream) {
    if (stream == NULL) return;
    stream->owned = false;
    if (stream->request != NULL) stream_wake(stream); // the reader sends the rest and ends
    release(stream);
}
