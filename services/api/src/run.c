#include <api/api.h>

#include <base/file.h>
#include <base/log.h>
#include <base/notify.h>
#include <pki/pki.h>
#include <site/function.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service.h"

/* api_run: takes from site and model what the service needs. */

enum { FUNCTIONS_MAX = 64, STATE_THINGS_MAX = 64 }; // what a page can show; more are left out

struct surroundings {
    struct plant *plant;
    char *simulation;
    struct function_manifest *manifests[FUNCTIONS_MAX];
    size_t manifest_count;
    const char *state_things[STATE_THINGS_MAX + 1];
    struct buffer token;
    char *bus_url, *bus_ca, *bus_password, *certificate, *key, *access_keys, *executions;
};

static void surroundings_clear(struct surroundings *around) {
    plant_destroy(around->plant);
    for (size_t i = 0; i < around->manifest_count; i++) function_manifest_destroy(around->manifests[i]);
    free(around->simulation);
    buffer_clear(&around->token);
    free(around->bus_url);
    free(around->bus_ca);
    free(around->bus_password);
    free(around->certificate);
    free(around->key);
    free(around->access_keys);
    free(around->executions);
}

static enum error read_model(const struct site *site, struct plant **ret_plant, struct problem *problem) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    if (findings == NULL) return ERROR_NO_MEMORY;
    enum error error = file_read(site->model_file, MODEL_BYTES_MAX, &bytes, problem);
    if (error) return error;
    error = model_read(buffer_view(&bytes), findings, ret_plant, problem);
    return error ? problem_prefix(problem, error, "%s", site->model_file) : ERROR_NONE;
}

/// The thing that the edge makes for a simulated plant (docs/spec/opcua.md): "mps_simulation" for station MPS.
static char *simulation_thing(const struct site *site, const struct plant *plant) {
    struct text driver = text_of(site->edge.driver);
    if (driver.length == 0 && plant->controller != NULL) driver = plant_attribute(plant->controller, TEXT("Driver"));
    if (!text_is(driver, "sim")) return NULL;
    char *name = NULL;
    if (asprintf(&name, "%.*s_simulation", TEXT_ARG(plant->station->name)) < 0) return NULL;
    for (char *c = name; *c != '\0'; c++) *c = (char)tolower((unsigned char)*c);
    return name;
}

/// What functions own is shown, too. A manifest that cannot be read is the business of the functions service: here it
/// costs no more than a row on the page.
static void read_manifests(const struct site *site, struct surroundings *around) {
    size_t count = 0;
    for (size_t i = 0; i < site->fog.function_count && i < FUNCTIONS_MAX; i++) {
        struct problem problem = {0};
        struct function_manifest *manifest = NULL;
        if (function_manifest_load(site->fog.functions[i].folder, &manifest, &problem)) {
            log_warning("%s", problem.text);
            continue;
        }
        around->manifests[around->manifest_count++] = manifest;
        for (size_t k = 0; k < manifest->state_count && count < STATE_THINGS_MAX; k++)
            around->state_things[count++] = manifest->state[k];
    }
}

static enum error read_token(const struct site *site, struct buffer *token, struct problem *problem) {
    CLEANUP(free_at) char *path = site_path(site, "secrets/api-token");
    return path == NULL ? ERROR_NO_MEMORY : pki_secret_read(path, token, problem);
}

static enum error name_files(const struct site *site, struct surroundings *around) {
    around->bus_url = site_nats_url(site);
    around->bus_ca = site_path(site, "pki/ca.crt");
    around->bus_password = site_path(site, "secrets/nats-api");
    around->certificate = site_path(site, "pki/https.crt");
    around->key = site_path(site, "pki/https.key");
    around->access_keys = site_path(site, "secrets/aws-credentials");
    around->executions = site_path(site, "api/executions.jsonl");
    bool complete = around->access_keys != NULL && around->executions != NULL && around->bus_url != NULL &&
                    around->bus_ca != NULL && around->bus_password != NULL && around->certificate != NULL &&
                    around->key != NULL;
    return complete ? ERROR_NONE : ERROR_NO_MEMORY;
}

static enum error make_folder(const struct site *site, struct problem *problem) {
    CLEANUP(free_at) char *folder = site_path(site, "api");
    return folder == NULL ? ERROR_NO_MEMORY : file_make_folder(folder, 0700, problem);
}

static enum error look_around(const struct site *site, struct surroundings *around, struct problem *problem) {
    enum error error = read_model(site, &around->plant, problem);
    if (!error) error = read_token(site, &around->token, problem);
    if (!error) error = name_files(site, around);
    if (!error) error = make_folder(site, problem);
    if (error) return error;
    around->simulation = simulation_thing(site, around->plant);
    read_manifests(site, around);
    return ERROR_NONE;
}

static enum error serve(struct loop *loop, const struct site *site, const struct surroundings *around,
                        struct problem *problem) {
    const struct api_options options = {
        .plant_name = site->plant_name,
        .plant = around->plant,
        .simulation = around->simulation,
        .state_things = around->state_things,
        .tier = "fog",
        .token = buffer_view(&around->token),
        .access_keys_file = around->access_keys,
        .executions_file = around->executions,
        .bus = {.url = around->bus_url,
                .ca_file = around->bus_ca,
                .user = "api",
                .password_file = around->bus_password,
                .name = "api"},
        .address = site->fog.address,
        .http_port = site->fog.http_port,
        .https_port = site->fog.https_port,
        .certificate_file = around->certificate,
        .key_file = around->key,
    };
    CLEANUP(api_close_at) struct api *api = NULL;
    enum error error = api_open(loop, &options, &api, problem);
    if (error) return error;
    log_info("serving http://%s:%u and https://%s:%u", options.address, api_http_port(api), options.address,
             api_https_port(api));
    notify_ready();
    error = loop_run(loop);
    notify_stopping();
    return error;
}

enum error api_run(const struct site *site, struct problem *ret_problem) {
    struct loop *loop = loop_create();
    if (loop == NULL) return ERROR_NO_MEMORY;
    CLEANUP(surroundings_clear) struct surroundings around = {0};
    enum error error = loop_stop_on_signals(loop);
    if (!error) error = notify_keep_alive(loop);
    if (!error) error = look_around(site, &around, ret_problem);
    if (!error) error = serve(loop, site, &around, ret_problem);
    loop_destroy(loop);
    return error;
}
