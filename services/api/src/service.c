#include "api.h"
#include <access/access_keys.h>
#include <execution/executions.h>

#include <base/clock.h>
#include <base/log.h>

#include <stdio.h>
#include <stdlib.h>

const struct json_limits api_limits = {API_DOCUMENT_BYTES_MAX, 32};

static void on_bus_state(void *context, bool connected, const char *reason) {
    struct api *api = context;
    if (connected) {
        log_info("connected to the bus");
        api->bus_reason[0] = '\0';
        twins_refresh_all(api);
        return;
    }
    snprintf(api->bus_reason, sizeof api->bus_reason, "the bus is not connected: %s", reason == NULL ? "" : reason);
    log_warning("%s", api->bus_reason);
    services_tick(api);
}

static void on_status(void *context, const struct bus_message *message) {
    struct api *api = context;
    services_take(api, message->data);
}

static void on_event(void *context, const struct bus_message *message) {
    struct api *api = context;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    if (json_parse(message->data, api_limits, &document, NULL)) return;
    CLEANUP(buffer_clear) struct buffer compact = {0};
    struct json_writer writer = json_writer(&compact);
    json_put_value(&writer, json_root(document));
    events_note(api, buffer_view(&compact));
}

static void fill_status(void *context, struct json_writer *writer) {
    const struct api *api = context;
    json_key(writer, "streams");
    json_put_unsigned(writer, api->stream_count);
}

static void on_tick(void *context) {
    struct api *api = context;
    services_tick(api);
    twins_tick(api);
}

static enum error open_bus(struct api *api, struct problem *problem) {
    struct bus_options options = api->options.bus;
    options.state = on_bus_state;
    options.context = api;
    struct bus_subscription *subscription; // lives as long as the bus
    enum error error = bus_open(api->loop, &options, &api->bus, problem);
    if (!error) error = bus_subscribe(api->bus, "splc.status.*", NULL, on_status, api, &subscription);
    if (!error) error = bus_subscribe(api->bus, "splc.event", NULL, on_event, api, &subscription);
    if (!error) error = twins_subscribe(api);
    if (!error) error = commands_subscribe(api);
    if (error) return error;
    api->status = bus_status_open(api->bus, "api", api->options.tier, fill_status, api);
    return api->status == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
}

static enum error open_servers(struct api *api, struct problem *problem) {
    struct http_server_options options = {
        .address = api->options.address,
        .port = api->options.http_port,
        .body_bytes_max = API_BODY_BYTES_MAX,
        .connections_max = API_CONNECTIONS_MAX,
        .idle_timeout_s = API_IDLE_TIMEOUT_S,
        .handle = routes_handle,
        .context = api,
    };
    enum error error = http_server_open(api->loop, &options, &api->plain, problem);
    if (error || api->options.certificate_file == NULL) return error;
    options.port = api->options.https_port;
    options.certificate_file = api->options.certificate_file;
    options.key_file = api->options.key_file;
    return http_server_open(api->loop, &options, &api->encrypted, problem);
}

static enum error open_all(struct api *api, struct problem *problem) {
    const struct api_options *options = &api->options;
    picture_write(options->plant, options->simulation, options->state_things, &api->picture);
    picture_write_things(options->plant, &api->things);
    if (api->picture.failed || api->things.failed) return ERROR_NO_MEMORY;
    api->keys = access_keys_create(options->access_keys_file);
    if (api->keys == NULL) return ERROR_NO_MEMORY;
    enum error error = executions_open(options->executions_file, &api->executions, problem);
    if (!error) error = services_open(api);
    if (!error) error = twins_open(api);
    if (!error) error = open_bus(api, problem);
    if (!error) error = open_servers(api, problem);
    if (error) return error;
    api->tick = loop_timer(api->loop, NS_PER_S, NS_PER_S, on_tick, api);
    return api->tick == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
}

enum error api_open(struct loop *loop, const struct api_options *options, struct api **ret_api,
                    struct problem *ret_problem) {
    struct api *api = calloc(1, sizeof *api);
    if (api == NULL) return ERROR_NO_MEMORY;
    *api = (struct api){.options = *options, .loop = loop, .started_ms = clock_wall_ns() / NS_PER_MS};
    snprintf(api->bus_reason, sizeof api->bus_reason, "the bus is not connected yet");
    enum error error = open_all(api, ret_problem);
    if (error) {
        api_close(api);
        return error;
    }
    *ret_api = api;
    return ERROR_NONE;
}

void api_close(struct api *api) {
    if (api == NULL) return;
    loop_timer_cancel(api->tick);
    bus_status_close(api->status);
    bus_close(api->bus); // first: its answers would go to requests of the servers
    commands_close(api);
    events_close(api);
    http_server_close(api->plain);
    http_server_close(api->encrypted);
    services_close(api);
    twins_close(api);
    access_keys_destroy(api->keys);
    executions_close(api->executions);
    buffer_clear(&api->picture);
    buffer_clear(&api->things);
    free(api);
}

uint16_t api_http_port(const struct api *api) {
    return http_server_port(api->plain);
}

uint16_t api_https_port(const struct api *api) {
    return api->encrypted == NULL ? 0 : http_server_port(api->encrypted);
}
