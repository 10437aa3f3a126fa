#include <bus/hop.h>

#include <json/json.h>

#include <math.h>

static const double first_ms = 0.1;

static double upper_ms(size_t step) {
    return first_ms * exp2((double)(step + 1) / 4);
}

void hop_add(struct hop *hop, double ms) {
    double step = ms <= first_ms ? 0 : floor(4 * log2(ms / first_ms));
    hop->counts[step < HOP_STEPS - 1 ? (size_t)step : HOP_STEPS - 1]++;
    hop->count++;
    hop->sum_ms += ms > 0 ? ms : 0;
}

double hop_quantile_ms(const struct hop *hop, double quantile) {
    if (hop->count == 0) return 0;
    uint64_t wanted = (uint64_t)ceil(quantile * (double)hop->count), seen = 0;
    size_t step = 0;
    for (; step < HOP_STEPS - 1 && seen + hop->counts[step] < wanted; step++) seen += hop->counts[step];
    return upper_ms(step);
}

/// Every fourth step is a bucket: powers of two.
void hop_put_metrics(const struct hop *hop, const char *name, const char *labels, struct buffer *out) {
    uint64_t seen = 0;
    for (size_t step = 0; step < HOP_STEPS; step++) {
        seen += hop->counts[step];
        if (step % 4 != 3 || step == HOP_STEPS - 1) continue;
        buffer_print(out, "%s_bucket{%s,le=\"%g\"} %llu\n", name, labels, upper_ms(step) / 1000,
                     (unsigned long long)seen);
    }
    buffer_print(out, "%s_bucket{%s,le=\"+Inf\"} %llu\n", name, labels, (unsigned long long)hop->count);
    buffer_print(out, "%s_sum{%s} %.6f\n", name, labels, hop->sum_ms / 1000);
    buffer_print(out, "%s_count{%s} %llu\n", name, labels, (unsigned long long)hop->count);
}

void hop_put_json(const struct hop *hop, const char *name, struct json_writer *writer) {
    size_t steps = HOP_STEPS;
    while (steps > 0 && hop->counts[steps - 1] == 0) steps--;
    const struct {
        const char *name;
        double ms;
    } figures[] = {
        {"sum_ms", hop->sum_ms}, {"p50_ms", hop_quantile_ms(hop, 0.5)}, {"p99_ms", hop_quantile_ms(hop, 0.99)}};
    json_key(writer, name);
    json_open_object(writer);
    json_key(writer, "count");
    json_put_unsigned(writer, hop->count);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        json_key(writer, figures[i].name);
        json_put_real(writer, round(figures[i].ms * 1000) / 1000);
    }
    json_key(writer, "steps");
    json_open_array(writer);
    for (size_t i = 0; i < steps; i++) json_put_unsigned(writer, hop->counts[i]);
    json_close_array(writer);
    json_close_object(writer);
}

bool hop_of_json(const struct json *json, struct hop *ret_hop) {
    *ret_hop = (struct hop){0};
    const struct json *steps = json_member(json, "steps");
    if (!json_is(json, JSON_OBJECT) || !json_is(steps, JSON_ARRAY) || json_count(steps) > HOP_STEPS) return false;
    struct json_each each = json_each(steps);
    for (size_t i = 0; json_next(&each); i++) {
        int64_t count = json_integer(each.value, 0);
        ret_hop->counts[i] = count > 0 ? (uint64_t)count : 0;
        ret_hop->count += ret_hop->counts[i];
    }
    ret_hop->sum_ms = fmax(0, json_real(json_member(json, "sum_ms"), 0));
    return true;
}
