// GET /metrics: Prometheus's text format, made of what every service says of itself on the bus.
#include "api.h"

#include <base/process.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { METRIC_LABEL_BYTES_MAX = 64, METRIC_NAME_BYTES = 2 * METRIC_LABEL_BYTES_MAX + 32 };

/// "p50_ms", "startedAt" -> "started_at".
static void put_snake(struct text name, struct buffer *out) {
    for (size_t i = 0; i < name.length; i++) {
        unsigned char c = (unsigned char)name.data[i];
        if (isupper(c) && i > 0) buffer_byte(out, '_');
        buffer_byte(out, isalnum(c) ? (char)tolower(c) : '_');
    }
}

/// Fit to be a label's value as it is.
static bool is_word(struct text text) {
    for (size_t i = 0; i < text.length; i++)
        if (!isalnum((unsigned char)text.data[i]) && text.data[i] != '_' && text.data[i] != '-') return false;
    return text.length > 0 && text.length <= METRIC_LABEL_BYTES_MAX;
}

static void put_number(const struct json *value, struct buffer *out) {
    if (json_is(value, JSON_BOOL))
        buffer_print(out, " %d\n", json_bool(value) ? 1 : 0);
    else if (json_is(value, JSON_INTEGER))
        buffer_print(out, " %lld\n", (long long)json_integer(value, 0));
    else
        buffer_print(out, " %.9g\n", json_real(value, 0));
}

static bool is_number(const struct json *value) {
    return json_is(value, JSON_INTEGER) || json_is(value, JSON_REAL) || json_is(value, JSON_BOOL);
}

/// A label's value: quotes, backslashes and line ends are escaped.
static void put_label(const char *name, struct text value, struct buffer *out) {
    buffer_print(out, "{%s=\"", name);
    for (size_t i = 0; i < value.length; i++) {
        char c = value.data[i];
        if (c == '"' || c == '\\') buffer_byte(out, '\\');
        buffer_byte(out, c == '\n' ? ' ' : c);
    }
    buffer_string(out, "\"}");
}

/// The numbers of an object: splc_PREFIX_NAME{LABEL} N.
static void put_numbers(const struct json *object, const char *prefix, const char *label, struct text label_value,
                        struct buffer *out) {
    struct json_each each = json_each(object);
    while (json_next(&each)) {
        if (!is_number(each.value)) continue;
        buffer_print(out, "splc_%s_", prefix);
        put_snake(each.name, out);
        if (label != NULL) put_label(label, label_value, out);
        put_number(each.value, out);
    }
}

static void put_hops(const struct json *status, struct text service, struct buffer *out) {
    struct json_each each = json_each(json_member(status, "hops"));
    while (json_next(&each)) {
        struct hop hop;
        char labels[METRIC_NAME_BYTES];
        if (!hop_of_json(each.value, &hop) || !is_word(each.name) || !is_word(service)) continue;
        snprintf(labels, sizeof labels, "service=\"%.*s\",hop=\"%.*s\"", TEXT_ARG(service), TEXT_ARG(each.name));
        hop_put_metrics(&hop, "splc_hop_seconds", labels, out);
    }
}

/// What is a list has a name of its own in each element.
static const struct {
    const char *member, *prefix, *label;
} lists[] = {{"edges", "edge", "url"}, {"functions", "function", "name"}};

/// A histogram of Prometheus from counts of buckets ([bus-2.1], functions).
static void put_histogram(const struct json *value, const char *metric, struct text name, struct buffer *out) {
    static const double bounds_s[] = {0.0001, 0.0002, 0.0003, 0.0005, 0.001, 0.002, 0.005, 0.01,
                                      0.02,   0.05,   0.1,    0.2,    0.5,   1,     10};
    const struct json *buckets = json_member(value, "buckets");
    uint64_t below = 0;
    size_t i = 0;
    if (!json_is(buckets, JSON_ARRAY)) return;
    for (struct json_each each = json_each(buckets); json_next(&each); i++) {
        below += (uint64_t)json_integer(each.value, 0);
        buffer_print(out, "%s_bucket{name=\"%.*s\",le=\"", metric, TEXT_ARG(name)); // letters, digits, _ and -
        if (i < sizeof bounds_s / sizeof *bounds_s)
            buffer_print(out, "%g\"} %llu\n", bounds_s[i], (unsigned long long)below);
        else
            buffer_print(out, "+Inf\"} %llu\n", (unsigned long long)below);
    }
    buffer_print(out, "%s_sum{name=\"%.*s\"} %.9g\n%s_count{name=\"%.*s\"} %llu\n", metric, TEXT_ARG(name),
                 json_real(json_member(value, "sum_ms"), 0) / 1000, metric, TEXT_ARG(name), (unsigned long long)below);
}

static void put_lists(const struct json *status, struct buffer *out) {
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct json_each each = json_each(json_member(status, lists[i].member));
        while (json_next(&each)) {
            struct text name = json_string(json_member(each.value, lists[i].label));
            struct text state = json_string(json_member(each.value, "state"));
            bool good = text_is(state, "connected") || text_is(state, "ready");
            buffer_print(out, "splc_%s_up", lists[i].prefix);
            put_label(lists[i].label, name, out);
            buffer_print(out, " %d\n", good ? 1 : 0);
            put_numbers(each.value, lists[i].prefix, lists[i].label, name, out);
            put_histogram(json_member(each.value, "duration"), "splc_function_duration_seconds", name, out);
            put_histogram(json_member(each.value, "coldStart"), "splc_function_cold_start_seconds", name, out);
        }
    }
}

static void put_service(void *context, struct text text) {
    struct buffer *out = context;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    if (json_parse(text, api_limits, &document, NULL)) return;
    const struct json *status = json_root(document);
    struct text service = json_string(json_member(status, "service")),
                state = json_string(json_member(status, "state"));
    CLEANUP(buffer_clear) struct buffer prefix = {0};
    put_snake(service, &prefix);
    bool down = text_is(state, "down");
    buffer_string(out, "splc_service_up");
    put_label("service", service, out);
    buffer_print(out, " %d\nsplc_service_degraded", down ? 0 : 1);
    put_label("service", service, out);
    buffer_print(out, " %d\n", text_is(state, "degraded") ? 1 : 0);
    int64_t pid = json_integer(json_member(status, "pid"), 0);
    if (!down && pid > 0) {
        buffer_string(out, "splc_service_resident_memory_bytes");
        put_label("service", service, out);
        buffer_print(out, " %llu\n", (unsigned long long)process_resident_kib((pid_t)pid) * 1024);
    }
    if (down || prefix.failed || prefix.length == 0) return; // old figures are none
    put_numbers(status, prefix.data, NULL, TEXT_EMPTY, out);
    put_numbers(json_member(status, "latency"), "closed_loop", NULL, TEXT_EMPTY, out);
    put_hops(status, service, out);
    put_lists(status, out);
}

/// The controller's figures, from its twin.
static void put_controllers(struct api *api, struct buffer *out) {
    const struct plant *plant = api->options.plant;
    if (plant->controller == NULL) return;
    CLEANUP(json_destroy_at) struct json_document *document = twins_document(api, plant->controller->name);
    if (document == NULL) return;
    const struct json *reported = json_path(json_root(document), TEXT("document/current/state/reported"));
    put_numbers(reported, "controller", "thing", plant->controller->name, out);
}

// ---------------------------------------------------------------- families

/// What is not named here is a gauge: a number of a service's status, or a variable of the controller.
static const struct family {
    const char *name, *type, *help;
} families[] = {
    {"splc_service_up", "gauge", "1: the service tells its status, 0: it has been silent."},
    {"splc_service_degraded", "gauge", "1: the service says that something keeps it from being all right."},
    {"splc_service_resident_memory_bytes", "gauge", "Resident memory of the service's process."},
    {"splc_change_seconds", "histogram",
     "From the scan that saw a change to the twin that shows it, or to the wish that it caused."},
    {"splc_hop_seconds", "histogram",
     "One hop of a change, as the service sees it: edge (to the gateway), twin (until it is accepted), call (of a "
     "method), actuator (from the cause to the effect)."},
    {"splc_closed_loop_count", "counter", "Changes whose way from the sensor to the actuator was measured."},
    {"splc_closed_loop_p50_ms", "gauge", "From a sensor's change to the actuator's: median of the last 4096, ms."},
    {"splc_closed_loop_p99_ms", "gauge", "From a sensor's change to the actuator's: 99 % of the last 4096, ms."},
    {"splc_edge_up", "gauge", "1: the OPC UA server is connected and its values are live."},
    {"splc_edge_items", "gauge", "Values of the server that are told to twins."},
    {"splc_edge_bad", "gauge", "Of them, those that are not good."},
    {"splc_edge_since", "gauge", "When the connection's state last changed, ms since 1970."},
    {"splc_edge_notifications", "counter", "Messages with values or events that have come from the server."},
    {"splc_edge_republished", "counter", "Of them, those that were missing and came when asked for again."},
    {"splc_edge_lost", "counter", "Messages that were missing and that the server had no more."},
    {"splc_edge_overflows", "counter", "Values that were lost in the server's queues."},
    {"splc_function_up", "gauge", "1: the function is ready."},
    {"splc_function_invocations", "counter", "Invocations of the function."},
    {"splc_function_errors", "counter", "Of them, those that ended with an error."},
    {"splc_function_queued", "gauge", "Events that wait for the function."},
    {"splc_function_joined", "counter", "Changes that were joined with one that waited already."},
    {"splc_function_dropped", "counter", "Events that were dropped because too many waited."},
    {"splc_function_restarts", "counter", "Times that the function's process was started anew."},
    {"splc_function_pid", "gauge", "Process of the function's worker, 0: none."},
    {"splc_twins_shadows", "gauge", "Shadows that exist."},
    {"splc_twins_accepted", "counter", "Requests that were accepted."},
    {"splc_twins_updates", "counter", "Updates that were accepted."},
    {"splc_twins_rejected", "counter", "Requests that were rejected."},
    {"splc_twins_commits", "counter", "Transactions that were written to the store."},
    {"splc_twins_rows", "counter", "Shadows that were written to the store."},
    {"splc_twins_commit_p50_ms", "gauge", "Time of a transaction: median of the last 512, ms."},
    {"splc_twins_commit_p99_ms", "gauge", "Time of a transaction: 99 % of the last 512, ms."},
    {"splc_twins_waiting", "gauge", "Requests that wait for the store."},
    {"splc_twins_waiting_bytes", "gauge", "Bytes of the requests that wait for the store."},
    {"splc_twins_partitions", "gauge", "Partitions of the store that the service holds."},
    {"splc_api_streams", "gauge", "Event streams that are open."},
};

static bool is_family(struct text name, const char *family, const char *ending) {
    size_t length = strlen(family);
    return text_starts_with(name, text_of(family)) && text_is(text_from(name, length), ending);
}

/// Also of the parts of a histogram.
static const struct family *find_family(struct text name) {
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        const struct family *each = &families[i];
        if (is_family(name, each->name, "")) return each;
        bool parts = strcmp(each->type, "histogram") == 0;
        if (parts && (is_family(name, each->name, "_bucket") || is_family(name, each->name, "_sum") ||
                      is_family(name, each->name, "_count")))
            return each;
    }
    return NULL;
}

static struct text name_of(struct text line) {
    size_t length = 0;
    while (length < line.length && line.data[length] != '{' && line.data[length] != ' ') length++;
    return (struct text){line.data, length};
}

/// Lines of the same metric; all parts of a histogram are one.
static bool is_same(struct text name, struct text other) {
    const struct family *family = find_family(name);
    return family == NULL ? text_equal(name, other) : find_family(other) == family;
}

static void put_head(struct text name, struct buffer *out) {
    const struct family *family = find_family(name);
    if (family != NULL) {
        buffer_print(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name, family->type);
        return;
    }
    if (text_starts_with(name, TEXT("splc_twins_rejected_"))) {
        struct text code = text_from(name, sizeof "splc_twins_rejected_" - 1);
        buffer_print(out, "# HELP %.*s Requests that were rejected with the code %.*s.\n# TYPE %.*s counter\n",
                     TEXT_ARG(name), TEXT_ARG(code), TEXT_ARG(name));
        return;
    }
    const char *help = text_starts_with(name, TEXT("splc_controller_")) ? "A variable of the controller."
                                                                        : "A number of a service's status.";
    buffer_print(out, "# HELP %.*s %s\n# TYPE %.*s gauge\n", TEXT_ARG(name), help, TEXT_ARG(name));
}

/// Lines of one metric stand together, behind what it is, as the format wants it.
static void put_sorted(struct text lines, struct buffer *out) {
    struct text rest = lines, line;
    while (text_split(&rest, '\n', &line)) {
        struct text name = name_of(line), other;
        bool first = line.length > 0;
        struct text before = {lines.data, (size_t)(line.data - lines.data)};
        while (first && text_split(&before, '\n', &other)) first = !is_same(name, name_of(other));
        if (!first) continue;
        put_head(name, out);
        struct text later = {line.data, (size_t)(lines.data + lines.length - line.data)};
        while (text_split(&later, '\n', &other))
            if (is_same(name, name_of(other))) buffer_print(out, "%.*s\n", TEXT_ARG(other));
    }
}

void metrics_answer(struct api *api, struct http_request *request) {
    CLEANUP(buffer_clear) struct buffer lines = {0};
    CLEANUP(buffer_clear) struct buffer body = {0};
    services_each(api, put_service, &lines);
    put_controllers(api, &lines);
    hop_put_metrics(&api->to_twin, "splc_change_seconds", "to=\"twin\"", &lines);
    hop_put_metrics(&api->to_wish, "splc_change_seconds", "to=\"wish\"", &lines);
    put_sorted(buffer_view(&lines), &body);
    const struct http_header_line type = {"Content-Type", "text/plain; version=0.0.4; charset=utf-8"};
    http_answer(request, 200, &type, 1, buffer_view(&body));
}
