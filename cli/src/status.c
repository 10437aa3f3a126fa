// splc status
#include "command.h"
#include "status_line.h"

#include <base/clock.h>

#include <stdio.h>
#include <stdlib.h>

enum { STATUS_TIMEOUT_MS = 5 * 1000 };

static struct text text_at(const struct json *object, const char *name) {
    return json_string(json_member(object, name));
}

/// "3 min", "2 h", "5 d": since a time in ms.
static void print_age(char *text, size_t size, const struct json *since_ms) {
    int64_t then_ms = json_integer(since_ms, 0);
    int64_t age_s = ((int64_t)(clock_wall_ns() / NS_PER_MS) - then_ms) / 1000;
    if (then_ms == 0 || age_s < 0)
        snprintf(text, size, "-");
    else if (age_s < 60)
        snprintf(text, size, "%d s", (int)age_s);
    else if (age_s < 3600)
        snprintf(text, size, "%d min", (int)(age_s / 60));
    else if (age_s < 48 * 3600)
        snprintf(text, size, "%d h", (int)(age_s / 3600));
    else
        snprintf(text, size, "%ld d", (long)(age_s / 86400));
}

static void print_edge(const struct json *edge) {
    printf("             edge %.*s: %.*s, control authority %.*s, %lld values", TEXT_ARG(text_at(edge, "url")),
           TEXT_ARG(text_at(edge, "state")), TEXT_ARG(text_at(edge, "lease")),
           (long long)json_integer(json_member(edge, "items"), 0));
    int64_t bad = json_integer(json_member(edge, "bad"), 0);
    if (bad > 0) printf(", %lld of them bad", (long long)bad);
    struct text reason = text_at(edge, "reason");
    printf("%s%.*s\n", reason.length == 0 ? "" : ": ", TEXT_ARG(reason));
}

static void print_latency(const struct json *latency) {
    int64_t count = json_integer(json_member(latency, "count"), 0);
    if (count == 0) return;
    printf("             sensor to actuator: p50 %.2f ms, p99 %.2f ms, %lld measured\n",
           json_real(json_member(latency, "p50_ms"), 0), json_real(json_member(latency, "p99_ms"), 0),
           (long long)count);
}

static void print_function(const struct json *function) {
    struct text reason = text_at(function, "reason");
    printf("             %.*s: %.*s, %lld invocations, %lld errors%s%.*s\n", TEXT_ARG(text_at(function, "name")),
           TEXT_ARG(text_at(function, "state")), (long long)json_integer(json_member(function, "invocations"), 0),
           (long long)json_integer(json_member(function, "errors"), 0), reason.length == 0 ? "" : ": ",
           TEXT_ARG(reason));
}

/// Only where functions run without a sandbox.
static void print_isolation(const struct json *isolation) {
    if (!text_is(text_at(isolation, "sandbox"), "none")) return;
    printf("             functions run without a sandbox: %.*s\n", TEXT_ARG(text_at(isolation, "reason")));
}

static void print_service(const struct json *service) {
    char age[32];
    print_age(age, sizeof age, json_member(service, "startedAt"));
    struct text reason = text_at(service, "reason");
    printf("%-11.*s  %-9.*s  %7lld  %-7s %.*s\n", TEXT_ARG(text_at(service, "service")),
           TEXT_ARG(text_at(service, "state")), (long long)json_integer(json_member(service, "pid"), 0), age,
           TEXT_ARG(reason));
    struct json_each edges = json_each(json_member(service, "edges"));
    while (json_next(&edges)) print_edge(edges.value);
    print_latency(json_member(service, "latency"));
    print_isolation(json_member(service, "isolation"));
    struct json_each functions = json_each(json_member(service, "functions"));
    while (json_next(&functions)) print_function(functions.value);
}

static void print_status(const struct json *status) {
    printf("%-11s  %-9s  %7s  %-7s %s\n", "SERVICE", "STATE", "PID", "SINCE", "REASON");
    struct json_each services = json_each(json_member(status, "services"));
    while (json_next(&services)) print_service(services.value);
}

// --- the plant ---

/// An unknown twin leaves out what it would have told.
static void take_shadow(struct api *api, const struct json *name, struct snapshot *snapshot,
                        void (*take)(struct snapshot *snapshot, const struct json *shadow)) {
    CLEANUP(free_at) char *thing = text_copy(json_string(name));
    CLEANUP(buffer_clear) struct buffer path = {0};
    buffer_string(&path, "/things/");
    if (thing != NULL) api_put_encoded(&path, thing);
    buffer_string(&path, "/shadow");
    CLEANUP(json_destroy_at) struct json_document *shadow = NULL;
    if (path.failed || api_call(api, "GET", path.data, TEXT_EMPTY, &shadow, NULL)) return;
    if (take != NULL)
        take(snapshot, json_root(shadow));
    else
        snapshot_take_process(snapshot, thing, json_root(shadow));
}

static void look_at_plant(struct api *api, struct snapshot *snapshot) {
    CLEANUP(json_destroy_at) struct json_document *plant = NULL;
    if (api_call(api, "GET", "/v1/plant", TEXT_EMPTY, &plant, NULL)) return;
    const struct json *simulation = json_member(json_root(plant), "simulation");
    if (json_exists(simulation)) take_shadow(api, simulation, snapshot, snapshot_take_simulation);
    struct json_each things = json_each(json_member(json_root(plant), "things"));
    while (json_next(&things)) {
        if (!json_bool(json_member(things.value, "controller"))) continue;
        take_shadow(api, json_member(things.value, "name"), snapshot, snapshot_take_controller);
    }
    struct json_each processes = json_each(json_member(json_root(plant), "functionThings"));
    while (json_next(&processes)) take_shadow(api, processes.value, snapshot, NULL);
}

/// The line of `splc up`, each of its parts on a line of its own; the services follow in their table.
static void print_plant(struct api *api, const struct json *status) {
    struct snapshot snapshot = {0};
    snapshot_take_status(&snapshot, status);
    look_at_plant(api, &snapshot);
    snapshot.service_count = snapshot.function_count = 0;
    CLEANUP(free_at) char *name = text_copy(text_at(status, "plant"));
    const struct status_line line = {.plant = name == NULL ? "" : name, .snapshot = &snapshot, .is_up = true};
    char steady[SCREEN_LINE_BYTES], volatile_part[SCREEN_LINE_BYTES];
    status_line_print(&line, steady, volatile_part);
    CLEANUP(buffer_clear) struct buffer parts = {0};
    buffer_print(&parts, "%s%s", steady, volatile_part);
    struct text rest = buffer_view(&parts), part;
    for (int indent = 0; text_split(&rest, '|', &part); indent = 4) {
        printf("%*s%.*s\n", indent, "", TEXT_ARG(text_trim(part)));
    }
    printf("\n");
}

static void print_json(const struct json *status) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_put_value(&writer, status);
    printf("%.*s\n", TEXT_ARG(buffer_view(&out)));
}

static bool is_good(const struct json *status) {
    bool good = json_count(json_member(status, "services")) > 0;
    struct json_each services = json_each(json_member(status, "services"));
    while (json_next(&services)) good = good && text_is(text_at(services.value, "state"), "ok");
    return good;
}

static int status(const char *data, bool json) {
    CLEANUP(api_close_at) struct api *api = NULL;
    struct problem problem;
    if (find_api(data, STATUS_TIMEOUT_MS, &api, &problem)) return refuse("%s", problem.text);
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    if (api_call(api, "GET", "/v1/status", TEXT_EMPTY, &answer, &problem)) return refuse("%s", problem.text);
    if (json) {
        print_json(json_root(answer));
    } else {
        print_plant(api, json_root(answer));
        print_status(json_root(answer));
    }
    return is_good(json_root(answer)) ? EXIT_DONE : EXIT_REFUSED;
}

int command_status(int argc, char **argv) {
    const char *data = NULL;
    bool json = false;
    const struct option table[] = {DATA_OPTION(&data), JSON_OPTION(&json)};
    const struct options options = {
        .usage = "splc status [OPTIONS]",
        .summary =
            "Shows how the running plant is, its services, the edges that the gateway is connected to, the functions,\n"
            "and the time from a sensor's change to the actuator's that it caused. While an edge is not reachable,\n"
            "what was known of it last is marked so.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "EXIT STATUS\n"
                  "    0  every service is ok\n"
                  "    1  one is not, or nobody answered\n"
                  "    2  wrong usage\n",
    };
    size_t count;
    struct problem problem;
    if (options_parse(&options, argc, argv, NULL, 0, &count, &problem)) return refuse_usage("%s", problem.text);
    return status(data, json);
}
