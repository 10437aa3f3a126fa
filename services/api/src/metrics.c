#include "api.h"

#include <base/clock.h>
#include <base/process.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* GET /metrics: Prometheus's text format, made of what every service says of itself on the bus; GET /v1/latency: the
 * way of a change through the cascade. */

// ---------------------------------------------------------------- the way of a change

enum { OLD_S = 10 }; // told again after a connection: not a change of now

/// N of the token `c:N`: source time of the oldest change, in us since 1970 ([bus-5.1]); 0: none.
static uint64_t cause_us(struct text token) {
    uint64_t cause = 0;
    if (!text_starts_with(token, TEXT("c:"))) return 0;
    return text_to_u64(text_from(token, 2), &cause) ? 0 : cause;
}

static bool is_of_function(const struct api *api, struct text thing) {
    for (const char *const *each = api->options.state_things; each != NULL && *each != NULL; each++)
        if (text_is(thing, *each)) return true;
    return false;
}

void latency_note(struct api *api, struct text thing, const struct json *documents) {
    uint64_t cause = cause_us(json_string(json_member(documents, "clientToken")));
    uint64_t now_us = clock_wall_ns() / NS_PER_US;
    if (cause == 0 || cause > now_us || now_us - cause > OLD_S * NS_PER_S / NS_PER_US || is_of_function(api, thing))
        return;
    double ms = (double)(now_us - cause) / 1000;
    const struct json *before = json_path(documents, TEXT("previous/state/desired"));
    const struct json *now = json_path(documents, TEXT("current/state/desired"));
    bool wished = json_count(now) > 0 && !json_equal(before, now);
    bool changed = !json_equal(json_path(documents, TEXT("previous/state/reported")),
                               json_path(documents, TEXT("current/state/reported")));
    if (wished) hop_add(&api->to_wish, ms);
    if (changed && !wished) hop_add(&api->to_twin, ms);
}

static void put_hop(struct json_writer *writer, const char *name, uint64_t count, double p50_ms, double p99_ms,
                    double budget_p50_ms, double budget_p99_ms) {
    json_open_object(writer);
    json_key(writer, "name");
    json_put_string(writer, name);
    json_key(writer, "count");
    json_put_unsigned(writer, count);
    const struct {
        const char *name;
        double ms;
    } figures[] = {
        {"p50_ms", p50_ms}, {"p99_ms", p99_ms}, {"budget_p50_ms", budget_p50_ms}, {"budget_p99_ms", budget_p99_ms}};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        json_key(writer, figures[i].name);
        json_put_real(writer, (double)(int64_t)(figures[i].ms * 1000 + 0.5) / 1000);
    }
    json_close_object(writer);
}

static void put_measured(struct json_writer *writer, const char *name, const struct hop *hop, double budget_p50_ms,
                         double budget_p99_ms) {
    put_hop(writer, name, hop->count, hop_quantile_ms(hop, 0.5), hop_quantile_ms(hop, 0.99), budget_p50_ms,
            budget_p99_ms);
}

static void put_closed_loop(void *context, struct text status) {
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    if (json_parse(status, api_limits, &document, NULL)) return;
    const struct json *latency = json_member(json_root(document), "latency");
    if (!json_is(latency, JSON_OBJECT)) return;
    put_hop(context, "actuator", (uint64_t)json_integer(json_member(latency, "count"), 0),
            json_real(json_member(latency, "p50_ms"), 0), json_real(json_member(latency, "p99_ms"), 0),
            API_LOOP_BUDGET_P50_MS, API_LOOP_BUDGET_P99_MS);
}

void latency_answer(struct api *api, struct http_request *request) {
    CLEANUP(buffer_clear) struct buffer body = {0};
    struct json_writer writer = json_writer(&body);
    json_open_object(&writer);
    json_key(&writer, "hops");
    json_open_array(&writer);
    put_measured(&writer, "twin", &api->to_twin, API_TWIN_BUDGET_P50_MS, API_TWIN_BUDGET_P99_MS);
    put_measured(&writer, "wish", &api->to_wish, API_WISH_BUDGET_P50_MS, API_WISH_BUDGET_P99_MS);
    services_each(api, put_closed_loop, &writer);
    json_close_array(&writer);
    json_close_object(&writer);
    http_answer(request, 200, NULL, 0, buffer_view(&body));
}

// ---------------------------------------------------------------- metrics

/// "p50_ms", "startedAt" -> "started_at".
static void put_snake(struct text name, struct buffer *out) {
    for (size_t i = 0; i < name.length; i++) {
        unsigned char c = (unsigned char)name.data[i];
        if (isupper(c) && i > 0) buffer_byte(out, '_');
        buffer_byte(out, isalnum(c) ? (char)tolower(c) : '_');
    }
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

/// Lines of one metric stand together, as the format wants it.
static void put_sorted(struct text lines, struct buffer *out) {
    struct text rest = lines, line;
    while (text_split(&rest, '\n', &line)) {
        size_t name = 0;
        while (name < line.length && line.data[name] != '{' && line.data[name] != ' ') name++;
        struct text own = {line.data, name};
        bool first = true;
        struct text before = {lines.data, (size_t)(line.data - lines.data)}, other;
        while (first && text_split(&before, '\n', &other))
            first = !(text_starts_with(other, own) && other.length > name &&
                      (other.data[name] == '{' || other.data[name] == ' '));
        if (!first) continue;
        struct text later = {line.data, (size_t)(lines.data + lines.length - line.data)};
        while (text_split(&later, '\n', &other)) {
            bool same = text_starts_with(other, own) && other.length > name &&
                        (other.data[name] == '{' || other.data[name] == ' ');
            if (same) buffer_print(out, "%.*s\n", TEXT_ARG(other));
        }
    }
}

void metrics_answer(struct api *api, struct http_request *request) {
    CLEANUP(buffer_clear) struct buffer lines = {0};
    CLEANUP(buffer_clear) struct buffer body = {0};
    services_each(api, put_service, &lines);
    put_controllers(api, &lines);
    put_sorted(buffer_view(&lines), &body);
    buffer_string(
        &body, "# HELP splc_change_seconds From the scan that saw a change to the twin that shows it, or to the wish "
               "that it caused.\n# TYPE splc_change_seconds histogram\n");
    hop_put_metrics(&api->to_twin, "splc_change_seconds", "to=\"twin\"", &body);
    hop_put_metrics(&api->to_wish, "splc_change_seconds", "to=\"wish\"", &body);
    const struct http_header_line type = {"Content-Type", "text/plain; version=0.0.4; charset=utf-8"};
    http_answer(request, 200, &type, 1, buffer_view(&body));
}
