// GET /v1/latency: the way of a change through the cascade.
#include "api.h"

#include <base/clock.h>

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
