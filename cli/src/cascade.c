#include "cascade.h"

#include <base/clock.h>
#include <base/file.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NATS = 0 }; // index of what the fog's services need

static const char *const fog_services[] = {"gateway", "functions", "api"};
/// The twin service may be several processes; all of them are the service "twins".
static const char *const twin_names[SITE_TWIN_PROCESSES_MAX] = {
    "twins",   "twins-2",  "twins-3",  "twins-4",  "twins-5",  "twins-6",  "twins-7",  "twins-8",
    "twins-9", "twins-10", "twins-11", "twins-12", "twins-13", "twins-14", "twins-15", "twins-16"};

/// Keeps `text` until `cascade_clear`; NULL stays NULL, which is found at the end.
static char *keep(struct cascade *cascade, char *text) {
    if (text != NULL) cascade->texts[cascade->text_count++] = text;
    return text;
}

static char *log_path(struct cascade *cascade, const struct site *site, const char *name) {
    char file[64];
    snprintf(file, sizeof file, "log/%s.log", name);
    return keep(cascade, site_path(site, file));
}

/// The next process; `words` are its arguments, NULL ends.
static void add(struct cascade *cascade, const struct site *site, const char *name, int needs,
                const char *const *words) {
    size_t at = cascade->count++;
    size_t count = 0;
    for (; words[count] != NULL && count + 1 < CASCADE_ARGUMENTS_MAX; count++) {
        cascade->arguments[at][count] = words[count];
    }
    cascade->processes[at] =
        (struct supervised){.name = name,
                            .arguments = cascade->arguments[at],
                            .log_file = log_path(cascade, site, name),
                            .needs = needs,
                            .silence_ns = (uint64_t)(site->supervision.silence_s * (double)NS_PER_S)};
}

static void add_nats(struct cascade *cascade, const struct site *site) {
    const char *config = keep(cascade, site_path(site, "nats/nats.conf"));
    const char *const words[] = {"nats-server", "-c", config, NULL};
    add(cascade, site, "nats-server", -1, words);
    cascade->processes[NATS].port = site->fog.nats_port;
    cascade->processes[NATS].silence_ns = 0; // it does not speak our language
}

/// A word and its value, when there is one.
static size_t append_option(const char **words, size_t count, const char *name, const char *value) {
    if (value == NULL) return count;
    words[count++] = name;
    words[count++] = value;
    return count;
}

/// The simulated operator's first acts are for the first start alone: an edge that comes back moves nothing by itself.
static void add_edge(struct cascade *cascade, const struct cascade_options *options, const char *offset) {
    const char *program = keep(cascade, file_join(options->programs, "splc-edge"));
    const struct site *site = options->site;
    const char *words[CASCADE_ARGUMENTS_MAX] = {program,           site->plant_folder, "--data",
                                                site->data_folder, "--port-offset",    offset};
    size_t count = 6;
    count = append_option(words, count, "--speed", options->speed);
    count = append_option(words, count, "--seed", options->seed);
    memcpy(cascade->edge_again, words, sizeof words);
    append_option(cascade->edge_again, count, "--sim-press", "none");
    for (size_t i = 0; i < options->press->count; i++) {
        count = append_option(words, count, "--sim-press", options->press->values[i]);
    }
    add(cascade, site, "edge", -1, words);
    struct supervised *edge = &cascade->processes[cascade->count - 1];
    edge->again = cascade->edge_again;
    edge->comes_back = "its outputs then are in their safe state, and nothing moves before somebody presses start";
}

static void add_fog_service(struct cascade *cascade, const struct site *site, const char *program, const char *offset,
                            const char *service, const char *name) {
    const char *const words[] = {program, service, site->plant_folder, "--data", site->data_folder, "--port-offset",
                                 offset,  NULL};
    add(cascade, site, name, NATS, words);
}

static void add_fog(struct cascade *cascade, const struct cascade_options *options, const char *offset) {
    const char *program = keep(cascade, file_join(options->programs, "splc-fog"));
    const struct site *site = options->site;
    for (unsigned i = 0; i < site->fog.twin_processes; i++)
        add_fog_service(cascade, site, program, offset, "twins", twin_names[i]);
    for (size_t i = 0; i < sizeof fog_services / sizeof *fog_services; i++)
        add_fog_service(cascade, site, program, offset, fog_services[i], fog_services[i]);
}

enum error cascade_init(struct cascade *cascade, const struct cascade_options *options) {
    *cascade = (struct cascade){0};
    char *offset = NULL;
    if (asprintf(&offset, "%u", options->site->port_offset) < 0) return ERROR_NO_MEMORY;
    keep(cascade, offset);
    add_nats(cascade, options->site);
    add_edge(cascade, options, offset);
    add_fog(cascade, options, offset);
    for (size_t i = 0; i < cascade->count; i++) {
        if (cascade->processes[i].arguments[0] != NULL && cascade->processes[i].log_file != NULL) continue;
        cascade_clear(cascade);
        return ERROR_NO_MEMORY;
    }
    return ERROR_NONE;
}

void cascade_clear(struct cascade *cascade) {
    for (size_t i = 0; i < cascade->text_count; i++) free(cascade->texts[i]);
    cascade->text_count = 0;
}
