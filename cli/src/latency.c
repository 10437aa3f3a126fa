// splc latency
#include "command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LATENCY_TIMEOUT_MS = 5 * 1000, LIVE_PERIOD_S = 1 };

/// In the order of the way; each figure is counted from the scan that saw the change.
static const struct {
    const char *name, *words;
} hops[] = {
    {"twin", "edge > gateway > twin"},
    {"wish", "... > function > twin (wish)"},
    {"actuator", "... > gateway > edge (actuator)"},
};

static const char *words_of(struct text name) {
    for (size_t i = 0; i < sizeof hops / sizeof *hops; i++) {
        if (text_is(name, hops[i].name)) return hops[i].words;
    }
    return "another";
}

static double figure(const struct json *hop, const char *name) {
    return json_real(json_member(hop, name), 0);
}

static bool is_within(const struct json *hop) {
    if (json_integer(json_member(hop, "count"), 0) == 0) return true;
    return figure(hop, "p50_ms") <= figure(hop, "budget_p50_ms") &&
           figure(hop, "p99_ms") <= figure(hop, "budget_p99_ms");
}

static void print_hop(const struct json *hop) {
    long long count = json_integer(json_member(hop, "count"), 0);
    printf("%-32s  %8lld", words_of(json_string(json_member(hop, "name"))), count);
    if (count == 0)
        printf("  %8s  %8s  %7.1f / %-5.1f  nothing measured yet\n", "-", "-", figure(hop, "budget_p50_ms"),
               figure(hop, "budget_p99_ms"));
    else
        printf("  %8.2f  %8.2f  %7.1f / %-5.1f  %s\n", figure(hop, "p50_ms"), figure(hop, "p99_ms"),
               figure(hop, "budget_p50_ms"), figure(hop, "budget_p99_ms"), is_within(hop) ? "within" : "OVER");
}

static void print_table(const struct json *latency) {
    printf("%-32s  %8s  %8s  %8s  %15s\n", "FROM THE CHANGE OF A SENSOR TO", "COUNT", "P50 ms", "P99 ms", "BUDGET ms");
    struct json_each each = json_each(json_member(latency, "hops"));
    while (json_next(&each)) print_hop(each.value);
}

static int look(struct api *api, bool json) {
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    struct problem problem;
    if (api_call(api, "GET", "/v1/latency", TEXT_EMPTY, &answer, &problem)) return refuse("%s", problem.text);
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_put_value(&writer, json_root(answer));
    if (json)
        printf("%.*s\n", TEXT_ARG(buffer_view(&out)));
    else
        print_table(json_root(answer));
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_REFUSED;
}

int command_latency(int argc, char **argv) {
    const char *data = NULL;
    bool json = false, live = false;
    const struct option table[] = {
        {"live", NULL, "again every second, until Ctrl-C", OPTION_FLAG, &live},
        DATA_OPTION(&data),
        JSON_OPTION(&json),
    };
    const struct options options = {
        .usage = "splc latency [OPTIONS]",
        .summary =
            "Shows how long the change of a sensor takes, counted from the scan that saw it: until its twin shows it,\n"
            "until a function has wished for something because of it, until the actuator has followed; beside the\n"
            "budget for p50 / p99 (1 ms scan, real time, everything on one machine). Counted since the services\n"
            "were started; the first two as seen by the HTTP interface, in steps of 19 %.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "SEE ALSO\n"
                  "    GET /metrics of the HTTP interface: the same as histograms for Prometheus\n"
                  "\n" EXIT_STATUS_HELP,
    };
    size_t count;
    struct problem problem;
    if (options_parse(&options, argc, argv, NULL, 0, &count, &problem)) return refuse_usage("%s", problem.text);
    CLEANUP(api_close_at) struct api *api = NULL;
    if (find_api(data, LATENCY_TIMEOUT_MS, &api, &problem)) return refuse("%s", problem.text);
    int status = look(api, json);
    while (live && status == EXIT_DONE) {
        sleep(LIVE_PERIOD_S);
        if (!json) printf("\n");
        status = look(api, json);
    }
    return status;
}
