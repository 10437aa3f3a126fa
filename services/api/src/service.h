/// The service without its surroundings, so that tests can open it: an API on a loop.
#pragma once

#include <base/cleanup.h>
#include <base/loop.h>
#include <bus/bus.h>
#include <model/model.h>

struct api;

struct api_options {
    const char *plant_name; // "mps"
    const struct plant *plant;
    const char *simulation;          // thing of the simulated plant, "mps_simulation"; NULL: the plant is real
    const char *const *state_things; // things that functions own: "mps_automatic"; NULL ends
    const char *tier;                // "fog"
    struct text token;               // of people and tools
    const char *access_keys_file;    // of clients that sign as AWS's do; NULL: there are none
    const char *executions_file;     // of commands, kept over restarts; NULL: in memory alone
    struct bus_options bus;          // `state` and `context` are set by the service
    const char *address;
    uint16_t http_port; // 0: any free one
    uint16_t https_port;
    const char *certificate_file, *key_file; // PEM; NULL: no HTTPS
};

/// Borrows what the options point to until it is closed, the token too.
enum error api_open(struct loop *loop, const struct api_options *options, struct api **ret_api,
                    struct problem *ret_problem);
void api_close(struct api *api); // NULL is fine
CLEANUP_DEFINE(struct api, api_close)
uint16_t api_http_port(const struct api *api);
uint16_t api_https_port(const struct api *api); // 0: none
