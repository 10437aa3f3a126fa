// splc-fog SERVICE PLANT: the services of a fog node, each a process of its own.
#include <api/api.h>
#include <base/log.h>
#include <base/options.h>
#include <functions/functions.h>
#include <gateway/gateway.h>
#include <site/site.h>
#include <stdlib.h>
#include <string.h>
#include <twins/twins.h>

struct service {
    const char *name;
    enum error (*run)(const struct site *site, struct problem *ret_problem); // until SIGTERM
};

static const struct service services[] = {
    {"gateway", gateway_run},
    {"twins", twins_run},
    {"functions", functions_run},
    {"api", api_run},
};

static const struct service *service_find(const char *name) {
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        if (strcmp(services[i].name, name) == 0) return &services[i];
    return NULL;
}

int main(int argc, char **argv) {
    const char *data_folder = NULL;
    unsigned port_offset = 0;
    const struct option table[] = {
        {"data", "DIR", "folder with certificates, credentials and state; default: as `splc up` chooses it",
         OPTION_TEXT, &data_folder},
        {"port-offset", "N", "added to every port of the site file", OPTION_UNSIGNED, &port_offset},
    };
    const struct options options = {
        .usage = "splc-fog SERVICE PLANT [OPTIONS]",
        .summary = "Runs one service of a fog node until SIGTERM. SERVICE is one of\n"
                   "  gateway    OPC UA client of the edges: reported values up, method calls down\n"
                   "  twins      device shadows on the bus, stored in SQLite\n"
                   "  functions  event-driven functions with the AWS Lambda Runtime API\n"
                   "  api        HTTP: AWS data plane, events, console\n"
                   "PLANT is a plant folder with plant.aml and site.yaml. At a desk, `splc up PLANT` starts them all.",
        .table = table,
        .count = sizeof table / sizeof table[0],
        .epilog =
            "EXIT STATUS\n  0 after SIGTERM, 1 when the service cannot run (the log says why), 2 for wrong usage,\n"
            "  78 when it cannot run before somebody has mended a file (the log says which)",
    };
    log_open("splc-fog");
    const char *arguments[2];
    size_t count = 0;
    struct problem problem = {0};
    enum error error = options_parse(&options, argc, argv, arguments, 2, &count, &problem);
    if (error) return log_error("%s", problem.text), 2;
    if (count != 2) return log_error("usage: %s; see splc-fog --help", options.usage), 2;
    const struct service *service = service_find(arguments[0]);
    if (service == NULL) return log_error("unknown service '%s'; see splc-fog --help", arguments[0]), 2;

    CLEANUP(site_destroy_at) struct site *site = NULL;
    error = site_load(arguments[1], data_folder, port_offset, &site, &problem);
    if (!error) error = service->run(site, &problem);
    if (error) log_error("%s: %s", service->name, problem.text[0] ? problem.text : error_text(error));
    return error_exit_status(error);
}
