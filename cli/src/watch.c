// splc watch [THING]
#include "changes.h"
#include "command.h"

#include <base/clock.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EVENT_BYTES_MAX = 4 * 1024 * 1024, EVENT_DEPTH_MAX = 64, SERVICES_MAX = 16, TIME_BYTES = 24 };

/// Server-sent events: "event: twin", "data: {...}", an empty line.
struct watching {
    bool json;
    char event[32];
    struct buffer data;
    struct {
        char service[32];
        char state[16];
    } states[SERVICES_MAX]; // what was printed last
    size_t state_count;
};

/// The local time of day: what stands on the clock beside the machine.
static struct text prefix_of(uint64_t time_ns, char text[static TIME_BYTES]) {
    time_t seconds = (time_t)(time_ns / NS_PER_S);
    struct tm local;
    localtime_r(&seconds, &local);
    int length = snprintf(text, TIME_BYTES, "%02d:%02d:%02d.%03d  ", local.tm_hour, local.tm_min, local.tm_sec,
                          (int)(time_ns / NS_PER_MS % 1000));
    return (struct text){text, (size_t)length};
}

static struct text time_prefix(char text[static TIME_BYTES]) {
    return prefix_of(clock_wall_ns(), text);
}

static void print_twin(const struct json *data) {
    char time[TIME_BYTES];
    CLEANUP(buffer_clear) struct buffer lines = {0};
    changes_print(time_prefix(time), json_string(json_member(data, "thing")), json_string(json_member(data, "shadow")),
                  json_member(data, "document"), &lines);
    printf("%.*s", TEXT_ARG(buffer_view(&lines)));
}

/// With its own time: the first ones are of the past.
static void print_event(const struct json *data) {
    char time[TIME_BYTES];
    int64_t time_ms = json_integer(json_member(data, "time"), 0);
    printf("%.*sevent %lld  %.*s  %.*s\n", TEXT_ARG(prefix_of((uint64_t)time_ms * NS_PER_MS, time)),
           (long long)json_integer(json_member(data, "severity"), 0),
           TEXT_ARG(json_string(json_member(data, "source"))), TEXT_ARG(json_string(json_member(data, "message"))));
}

/// True when the service's state is another one than the last time.
static bool note_state(struct watching *watching, struct text service, struct text state) {
    for (size_t i = 0; i < watching->state_count; i++) {
        if (!text_is(service, watching->states[i].service)) continue;
        bool other = !text_is(state, watching->states[i].state);
        snprintf(watching->states[i].state, sizeof watching->states[i].state, "%.*s", TEXT_ARG(state));
        return other;
    }
    if (watching->state_count == SERVICES_MAX) return false;
    size_t at = watching->state_count++;
    snprintf(watching->states[at].service, sizeof watching->states[at].service, "%.*s", TEXT_ARG(service));
    snprintf(watching->states[at].state, sizeof watching->states[at].state, "%.*s", TEXT_ARG(state));
    return !text_is(state, "ok"); // at the beginning only what is abnormal
}

static void print_status(struct watching *watching, const struct json *data) {
    struct text service = json_string(json_member(data, "service")), state = json_string(json_member(data, "state"));
    if (!note_state(watching, service, state)) return;
    struct text reason = json_string(json_member(data, "reason"));
    char time[TIME_BYTES];
    printf("%.*sservice  %.*s is %.*s%s%.*s\n", TEXT_ARG(time_prefix(time)), TEXT_ARG(service), TEXT_ARG(state),
           reason.length == 0 ? "" : ": ", TEXT_ARG(reason));
}

static void print_as_json(const struct watching *watching, const struct json *data) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_open_object(&writer);
    json_key(&writer, "event");
    json_put_string(&writer, watching->event);
    json_key(&writer, "data");
    json_put_value(&writer, data);
    json_close_object(&writer);
    printf("%.*s\n", TEXT_ARG(buffer_view(&out)));
}

static void dispatch(struct watching *watching) {
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    const struct json_limits limits = {EVENT_BYTES_MAX, EVENT_DEPTH_MAX};
    if (json_parse(buffer_view(&watching->data), limits, &document, NULL)) return; // a comment, or cut off
    const struct json *data = json_root(document);
    if (watching->json)
        print_as_json(watching, data);
    else if (strcmp(watching->event, "twin") == 0)
        print_twin(data);
    else if (strcmp(watching->event, "status") == 0)
        print_status(watching, data);
    else if (strcmp(watching->event, "event") == 0)
        print_event(data);
}

static bool take_line(void *context, struct text line) {
    struct watching *watching = context;
    if (line.length == 0) {
        if (watching->data.length > 0) dispatch(watching);
        buffer_reset(&watching->data);
        watching->event[0] = '\0';
        return fflush(stdout) == 0; // nobody reads any more: head, less
    }
    if (text_starts_with(line, TEXT("event:"))) {
        struct text name = text_trim(text_from(line, strlen("event:")));
        snprintf(watching->event, sizeof watching->event, "%.*s", TEXT_ARG(name));
    }
    if (text_starts_with(line, TEXT("data:"))) {
        if (watching->data.length > 0) buffer_byte(&watching->data, '\n');
        buffer_text(&watching->data, text_trim(text_from(line, strlen("data:"))));
    }
    return true;
}

/// It may come yet, so that is no refusal.
static void warn_when_unknown(struct api *api, const char *thing) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    buffer_string(&path, "/things/");
    api_put_encoded(&path, thing);
    buffer_string(&path, "/shadow");
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    struct problem problem;
    if (path.failed || api_call(api, "GET", path.data, TEXT_EMPTY, &answer, &problem) != ERROR_NOT_FOUND) return;
    fprintf(stderr, "splc: %s has no twin so far; waiting for one (splc watch alone shows every thing)\n", thing);
}

static int watch(const char *data, const char *thing, bool json) {
    CLEANUP(api_close_at) struct api *api = NULL;
    struct problem problem = {""};
    if (find_api(data, 0, &api, &problem)) return refuse("%s", problem.text);
    CLEANUP(buffer_clear) struct buffer path = {0};
    buffer_string(&path, thing == NULL ? "/v1/events" : "/v1/events?thing=");
    if (thing != NULL) api_put_encoded(&path, thing);
    if (path.failed) return refuse("out of memory");
    if (thing != NULL) warn_when_unknown(api, thing);
    struct watching watching = {.json = json};
    enum error error = api_listen(api, path.data, take_line, &watching, &problem);
    buffer_clear(&watching.data);
    if (ferror(stdout)) return EXIT_DONE; // the reader has had enough
    if (error) return refuse("%s", problem.text);
    return refuse("the plant has closed the stream: it was stopped, or we were too slow");
}

int command_watch(int argc, char **argv) {
    const char *data = NULL;
    bool json = false;
    const struct option table[] = {DATA_OPTION(&data), JSON_OPTION(&json)};
    const struct options options = {
        .usage = "splc watch [THING] [OPTIONS]",
        .summary =
            "Prints what changes in the plant's twins as it comes: time, thing, path in the shadow, old -> new (- is\n"
            "nothing); besides the event stream, its last entries first, and services that change their state. Ends "
            "with\n"
            "Ctrl-C.\n"
            "THING: only this one.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "    With --json each line is an object {\"event\": \"twin\"|\"status\"|\"event\", \"data\": ...}; "
                  "the first ones\n"
                  "    are the twins as they are.\n"
                  "\n"
                  "EXAMPLES\n"
                  "    splc watch mps_conveyor\n"
                  "    splc watch --json | jq -c 'select(.event == \"event\").data'\n"
                  "\n" EXIT_STATUS_HELP,
    };
    const char *arguments[1];
    size_t count;
    struct problem problem;
    if (options_parse(&options, argc, argv, arguments, 1, &count, &problem)) return refuse_usage("%s", problem.text);
    return watch(data, count == 0 ? NULL : arguments[0], json);
}
