#include <http/client.h>

#include <base/text.h>

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct http_client {
    CURL *curl;
    char *authorization; // header line, or NULL
    unsigned timeout_ms;
    char complaint[CURL_ERROR_SIZE];
};

/// What one call collects.
struct transfer {
    const struct http_call *call;
    struct http_result *result;
    struct buffer line; // begun, not ended
    bool ended_by_caller;
    bool too_large;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init_library(void) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct http_client *http_client_create(const struct http_client_options *options) {
    pthread_once(&once, init_library);
    struct http_client *client = calloc(1, sizeof *client);
    if (client == NULL) return NULL;
    client->timeout_ms = options->timeout_ms;
    client->curl = curl_easy_init();
    bool ok = client->curl != NULL;
    if (ok && options->bearer_token != NULL)
        ok = asprintf(&client->authorization, "Authorization: Bearer %s", options->bearer_token) >= 0;
    if (ok && options->ca_file != NULL)
        ok = curl_easy_setopt(client->curl, CURLOPT_CAINFO, options->ca_file) == CURLE_OK;
    if (ok) return client;
    http_client_destroy(client);
    return NULL;
}

void http_client_destroy(struct http_client *client) {
    if (client == NULL) return;
    curl_easy_cleanup(client->curl);
    free(client->authorization);
    free(client);
}

// ---------------------------------------------------------------- what comes in

/// Curl ends the transfer when a callback takes fewer bytes than it was given.
static const size_t STOP = 0;

static size_t collect(struct transfer *transfer, struct buffer *buffer, struct text data, size_t bytes_max) {
    if (buffer->length + data.length > bytes_max) {
        transfer->too_large = true;
        return STOP;
    }
    buffer_text(buffer, data);
    return buffer->failed ? STOP : data.length;
}

static size_t on_header(char *data, size_t size, size_t count, void *context) {
    struct transfer *transfer = context;
    struct text line = {data, size * count};
    if (text_starts_with(line, TEXT("HTTP/"))) buffer_reset(&transfer->result->headers); // after a 100 Continue
    return collect(transfer, &transfer->result->headers, line, HTTP_CLIENT_HEAD_BYTES_MAX);
}

static bool pass_line(struct transfer *transfer) {
    struct text line = buffer_view(&transfer->line);
    if (text_ends_with(line, TEXT("\r"))) line.length--;
    bool more = transfer->call->on_data(transfer->call->context, line);
    buffer_reset(&transfer->line);
    transfer->ended_by_caller = !more;
    return more;
}

static size_t pass_lines(struct transfer *transfer, struct text data) {
    struct text rest = data;
    while (rest.length > 0) {
        const char *end = memchr(rest.data, '\n', rest.length);
        size_t length = end == NULL ? rest.length : (size_t)(end - rest.data);
        struct text piece = {rest.data, length};
        if (length > 0 && collect(transfer, &transfer->line, piece, HTTP_CLIENT_LINE_BYTES_MAX) == STOP) return STOP;
        if (end == NULL) break;
        if (!pass_line(transfer)) return STOP;
        rest = text_from(rest, length + 1);
    }
    return data.length;
}

static size_t on_body(char *data, size_t size, size_t count, void *context) {
    struct transfer *transfer = context;
    struct text bytes = {data, size * count};
    if (transfer->call->on_data != NULL) return pass_lines(transfer, bytes);
    return collect(transfer, &transfer->result->body, bytes, HTTP_CLIENT_BODY_BYTES_MAX);
}

// ---------------------------------------------------------------- the call

static bool names_header(const struct http_call *call, const char *name) {
    for (const char *const *line = call->headers; line != NULL && *line != NULL; line++)
        if (strncasecmp(*line, name, strlen(name)) == 0 && (*line)[strlen(name)] == ':') return true;
    return false;
}

static bool append(struct curl_slist **list, const char *line) {
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL) return false;
    *list = longer;
    return true;
}

static enum error header_list(const struct http_client *client, const struct http_call *call,
                              struct curl_slist **list) {
    bool ok = append(list, "Expect:"); // bodies are small: do not wait for a 100 Continue
    if (client->authorization != NULL) ok = ok && append(list, client->authorization);
    if (call->body.length > 0 && !names_header(call, "Content-Type"))
        ok = ok && append(list, "Content-Type: application/json");
    for (const char *const *line = call->headers; line != NULL && *line != NULL; line++) ok = ok && append(list, *line);
    return ok ? ERROR_NONE : ERROR_NO_MEMORY;
}

static void set_options(struct http_client *client, const struct http_call *call, struct transfer *transfer,
                        struct curl_slist *headers) {
    CURL *curl = client->curl;
    curl_easy_setopt(curl, CURLOPT_URL, call->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->complaint);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)client->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOBODY, 0L);
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L); // what the call before has left
    if (call->body.length > 0 || strcmp(call->method, "POST") == 0) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.length);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.length == 0 ? "" : call->body.data);
    }
    if (strcmp(call->method, "HEAD") == 0) curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
}

static enum error error_from_curl(CURLcode code) {
    switch (code) {
    case CURLE_OK: return ERROR_NONE;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST: return ERROR_UNAVAILABLE;
    case CURLE_OPERATION_TIMEDOUT: return ERROR_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: return ERROR_UNAUTHORIZED;
    case CURLE_OUT_OF_MEMORY: return ERROR_NO_MEMORY;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return ERROR_INVALID;
    default: return ERROR_IO;
    }
}

static enum error outcome(const struct http_client *client, const struct transfer *transfer, CURLcode code,
                          struct problem *problem) {
    const char *url = transfer->call->url;
    if (transfer->ended_by_caller) return ERROR_NONE;
    if (transfer->too_large) return problem_say(problem, ERROR_TOO_LARGE, "%s: the answer is too large", url);
    enum error error = error_from_curl(code);
    if (!error) return ERROR_NONE;
    const char *why = client->complaint[0] == '\0' ? curl_easy_strerror(code) : client->complaint;
    return problem_say(problem, error, "%s: %s", url, why);
}

enum error http_client_call(struct http_client *client, const struct http_call *call, struct http_result *ret_result,
                            struct problem *ret_problem) {
    buffer_reset(&ret_result->body);
    buffer_reset(&ret_result->headers);
    ret_result->status = 0;
    struct transfer transfer = {.call = call, .result = ret_result};
    struct curl_slist *headers = NULL;
    enum error error = header_list(client, call, &headers);
    if (!error) {
        client->complaint[0] = '\0';
        set_options(client, call, &transfer, headers);
        CURLcode code = curl_easy_perform(client->curl);
        long status = 0;
        curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
        ret_result->status = (int)status;
        error = outcome(client, &transfer, code, ret_problem);
    }
    buffer_clear(&transfer.line);
    curl_slist_free_all(headers);
    return error;
}

void http_result_clear(struct http_result *result) {
    buffer_clear(&result->body);
    buffer_clear(&result->headers);
    result->status = 0;
}

struct text http_result_header(const struct http_result *result, const char *name) {
    struct text rest = buffer_view(&result->headers);
    for (struct text line; text_split(&rest, '\n', &line);) {
        struct text key;
        if (!text_split(&line, ':', &key) || key.length != strlen(name)) continue;
        if (strncasecmp(key.data, name, key.length) == 0) return text_trim(line);
    }
    return TEXT_EMPTY;
}
