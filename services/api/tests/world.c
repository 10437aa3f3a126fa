#include "world.h"

#include <base/clock.h>
#include <base/file.h>
#include <json/json.h>
#include <testing/testing.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char world_token[] = "a-token-of-the-test";

struct world {
    struct testing_nats *nats;
    struct plant *plant;
    struct loop *loop;
    struct api *api;
    struct bus *bus; // of the world
    struct bus_status *gateway, *twins;
    unsigned version; // of mps_conveyor
    pthread_t thread;
    struct http_client *client, *anonymous;
    struct http_result result;
};

// ---------------------------------------------------------------- the world on the bus

static void reply(struct world *world, const struct bus_message *message, const char *answer) {
    if (message->reply.length > 0) assert_int_equal(bus_publish(world->bus, message->reply, text_of(answer)), 0);
}

static struct text level(struct text subject, size_t number) {
    struct text piece = TEXT_EMPTY;
    for (size_t i = 0; i <= number; i++)
        if (!text_split(&subject, '.', &piece)) return TEXT_EMPTY;
    return piece;
}

static void on_get(void *context, const struct bus_message *message) {
    if (text_is(message->subject, "$aws.things.mps_conveyor.shadow.name.status.get"))
        return reply(
            context, message,
            "{\"state\":{\"reported\":{\"connection\":{\"state\":\"connected\"}}},\"version\":2,\"timestamp\":1}");
    if (text_is(message->subject, "$aws.things.mps_conveyor.shadow.get")) {
        const struct world *world = context;
        char answer[128];
        snprintf(answer, sizeof answer,
                 "{\"state\":{\"reported\":{\"a\":1}},\"metadata\":{},\"version\":%u,\"timestamp\":1}", world->version);
        return reply(context, message, answer);
    }
    reply(context, message, "{\"code\":404,\"message\":\"No shadow exists with name: 'x'\"}");
}

static void on_update(void *context, const struct bus_message *message) {
    struct world *world = context;
    if (text_is(message->data, "\"refuse\""))
        return reply(world, message, "{\"code\":400,\"message\":\"Missing required node: state\"}");
    reply(world, message, "{\"state\":{},\"version\":8,\"timestamp\":2}");
    CLEANUP(buffer_clear) struct buffer subject = {0};
    CLEANUP(buffer_clear) struct buffer documents = {0};
    struct text thing = level(message->subject, 2);
    buffer_print(&subject, "$aws.things.%.*s.shadow.update.documents", TEXT_ARG(thing));
    buffer_print(&documents, "{\"previous\":null,\n\"current\":{\"state\":%.*s,\"version\":8},\"timestamp\":2}",
                 TEXT_ARG(message->data));
    assert_int_equal(bus_publish(world->bus, buffer_view(&subject), buffer_view(&documents)), 0);
}

static void on_delete(void *context, const struct bus_message *message) {
    struct world *world = context;
    reply(world, message, "{\"version\":8,\"timestamp\":3}");
    CLEANUP(buffer_clear) struct buffer subject = {0};
    struct text thing = level(message->subject, 2);
    buffer_print(&subject, "$aws.things.%.*s.shadow.delete.accepted", TEXT_ARG(thing));
    assert_int_equal(bus_publish(world->bus, buffer_view(&subject), TEXT("{\"version\":8}")), 0);
}

static const struct {
    const char *method;
    const char *answer;
} commands[] = {
    {"motor/setDirection", "{\"status\":\"SUCCEEDED\",\"result\":{}}"},
    {"refuse", "{\"status\":\"REJECTED\",\"statusReason\":{\"reasonCode\":\"BadInvalidState\"}}"},
    {"fail", "{\"status\":\"FAILED\"}"},
    {"late", "{\"status\":\"TIMED_OUT\"}"},
    {"odd", "{\"status\":\"DONE\"}"},
    {"broken", "{"},
    {"change in silence", "{\"status\":\"SUCCEEDED\"}"},
};

static void on_command(void *context, const struct bus_message *message) {
    struct world *world = context;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    assert_int_equal(json_parse(message->data, (struct json_limits){4096, 8}, &document, NULL), 0);
    const struct json *root = json_root(document);
    assert_true(json_is(json_member(root, "arguments"), JSON_ARRAY)); // always there
    assert_true(json_integer(json_member(root, "expiresAt"), 0) > 0);
    if (text_is(json_string(json_member(root, "method")), "change in silence")) world->version++;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (text_is(json_string(json_member(root, "method")), commands[i].method))
            return reply(context, message, commands[i].answer);
}

static void on_list(void *context, const struct bus_message *message) {
    reply(context, message,
          text_is(message->data, "{\"thing\":\"mps_conveyor\",\"pageSize\":25}")
              ? "{\"results\":[\"status\"],\"timestamp\":1}"
              : "{\"results\":[],\"timestamp\":1}");
}

static void serve_world(struct world *world) {
    static const struct {
        const char *subject;
        bus_message_fn *on_message;
    } subjects[] = {
        {"$aws.things.*.shadow.get", on_get},
        {"$aws.things.*.shadow.name.*.get", on_get},
        {"$aws.things.*.shadow.update", on_update},
        {"$aws.things.*.shadow.delete", on_delete},
        {"splc.twins.list", on_list},
        {"$aws.commands.things.mps_conveyor.executions.*.request.json", on_command},
    };
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        struct bus_subscription *subscription;
        assert_int_equal(
            bus_subscribe(world->bus, subjects[i].subject, NULL, subjects[i].on_message, world, &subscription), 0);
    }
    world->gateway = bus_status_open(world->bus, "gateway", "fog", NULL, NULL);
    world->twins = bus_status_open(world->bus, "twins", "fog", NULL, NULL);
}

// ---------------------------------------------------------------- starting and stopping

static struct plant *read_plant(void) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    struct problem problem = {0};
    struct plant *plant = NULL;
    struct model_findings *findings = model_findings_create();
    enum error error = file_read(SOURCE_FOLDER "/plants/mps/plant.aml", MODEL_BYTES_MAX, &bytes, &problem);
    if (!error) error = model_read(buffer_view(&bytes), findings, &plant, &problem);
    model_findings_destroy(findings);
    if (error) fail_msg("%s", problem.text);
    return plant;
}

static void *run(void *context) {
    struct world *world = context;
    error_ignore(loop_run(world->loop));
    return NULL;
}

struct world *world_start(void) {
    struct world *world = calloc(1, sizeof *world);
    world->version = 7;
    world->nats = testing_nats_start(NULL);
    world->plant = read_plant();
    world->loop = loop_create();
    static const char *const state_things[] = {"mps_automatic", NULL};
    const struct bus_options bus = {.url = world->nats->url,
                                    .ca_file = world->nats->ca_file,
                                    .user = "test",
                                    .password_file = world->nats->password_file};
    const struct api_options options = {
        .plant_name = "mps",
        .plant = world->plant,
        .simulation = "mps_simulation",
        .state_things = state_things,
        .tier = "fog",
        .token = text_of(world_token),
        .bus = bus,
        .address = "127.0.0.1",
    };
    struct problem problem = {0};
    if (bus_open(world->loop, &bus, &world->bus, &problem)) fail_msg("%s", problem.text);
    serve_world(world);
    if (api_open(world->loop, &options, &world->api, &problem)) fail_msg("%s", problem.text);
    world->client = http_client_create(&(struct http_client_options){.bearer_token = world_token, .timeout_ms = 20000});
    world->anonymous = http_client_create(&(struct http_client_options){.timeout_ms = 20000});
    assert_int_equal(pthread_create(&world->thread, NULL, run, world), 0);
    world_wait_connected(world);
    return world;
}

void world_wait_connected(struct world *world) {
    static const char *const api[] = {"\"service\":\"api\",\"tier\":\"fog\",\"state\":\"ok\"", NULL};
    static const char *const gateway[] = {"\"service\":\"gateway\",\"tier\":\"fog\",\"state\":\"ok\"", NULL};
    world_expect_events(world, "/v1/events", api, NULL);
    world_expect_events(world, "/v1/events", gateway, NULL);
}

void world_stop(struct world *world) {
    loop_stop(world->loop);
    pthread_join(world->thread, NULL);
    bus_status_close(world->gateway);
    bus_status_close(world->twins);
    bus_close(world->bus);
    api_close(world->api);
    loop_destroy(world->loop);
    plant_destroy(world->plant);
    http_client_destroy(world->client);
    http_client_destroy(world->anonymous);
    http_result_clear(&world->result);
    testing_nats_destroy(world->nats);
    free(world);
}

uint16_t world_port(const struct world *world) {
    return api_http_port(world->api);
}

void world_kill_bus(struct world *world) {
    testing_nats_kill(world->nats);
}

void world_restart_bus(struct world *world) {
    testing_nats_again(world->nats);
}

// ---------------------------------------------------------------- calls

static const struct http_result *call(struct world *world, struct http_client *client, const char *method,
                                      const char *path, const char *body, const char *const *headers) {
    char url[256];
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", world_port(world), path);
    const struct http_call details = {.method = method, .url = url, .body = text_of(body), .headers = headers};
    struct problem problem = {0};
    if (http_client_call(client, &details, &world->result, &problem)) fail_msg("%s", problem.text);
    return &world->result;
}

const struct http_result *world_call(struct world *world, const char *method, const char *path, const char *body) {
    return call(world, world->client, method, path, body, NULL);
}

const struct http_result *world_call_with(struct world *world, const char *method, const char *path, const char *body,
                                          const char *const *headers) {
    return call(world, world->anonymous, method, path, body, headers);
}

struct expectation {
    struct world *world;
    const char *const *wanted;
    size_t met;
    void (*after_first)(struct world *world);
};

static bool on_line(void *context, struct text line) {
    struct expectation *expectation = context;
    const char *wanted = expectation->wanted[expectation->met];
    if (memmem(line.data, line.length, wanted, strlen(wanted)) == NULL) return true;
    expectation->met++;
    if (expectation->met == 1 && expectation->after_first != NULL) expectation->after_first(expectation->world);
    return expectation->wanted[expectation->met] != NULL;
}

void world_expect_events(struct world *world, const char *path, const char *const *wanted,
                         void (*after_first)(struct world *world)) {
    struct http_client *client =
        http_client_create(&(struct http_client_options){.bearer_token = world_token, .timeout_ms = 20000});
    char url[256];
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", world_port(world), path);
    struct expectation expectation = {.world = world, .wanted = wanted, .after_first = after_first};
    const struct http_call details = {.method = "GET", .url = url, .on_data = on_line, .context = &expectation};
    struct http_result result = {0};
    error_ignore(http_client_call(client, &details, &result, NULL));
    http_result_clear(&result);
    http_client_destroy(client);
    if (wanted[expectation.met] != NULL) fail_msg("did not come: %s", wanted[expectation.met]);
}
