#include "edge.h"

#include <base/buffer.h>
#include <base/clock.h>
#include <base/file.h>
#include <base/log.h>
#include <base/notify.h>

#include <stdlib.h>
#include <string.h>

enum {
    SCAN_PRIORITY = 80, // SCHED_FIFO: below the kernel's own threads for interrupts and timers at 99
    REPORT_PERIOD_S = 1,
};
static const double NS_PER_MS_REAL = 1e6, NS_PER_S_REAL = 1e9;

// --- options and site ---

enum error edge_read_options(struct edge *edge, int argc, char **argv, struct problem *ret_problem) {
    struct edge_options *options = &edge->options;
    const struct option table[] = {
        {"data", "DIR", "folder with certificates, users and state; default: as `splc up` chooses it", OPTION_TEXT,
         &options->data_folder},
        {"port-offset", "N", "added to every port of the site file", OPTION_UNSIGNED, &options->port_offset},
        {"speed", "N", "plant time per wall time; only with a simulated plant", OPTION_REAL, &options->speed},
        {"seed", "N", "seed of the simulated plant; 1 or more", OPTION_UNSIGNED, &options->seed},
        {"sim-press", "WORD",
         "what somebody does first at the simulated panel; may be repeated; none: nothing;\n"
         "default: the list in the site file",
         OPTION_LIST, &options->press},
        {"cold", NULL, "cold start: retained values (DATA/edge/retain.a, .b) are not restored", OPTION_FLAG,
         &options->cold},
        {"record", "FILE", "record this start for `splc-edge replay FILE`: inputs, commands, times, outputs",
         OPTION_TEXT, &options->record_file},
        {"record-size", "MB", "the recording ends when it is so large; default: 256", OPTION_UNSIGNED,
         &options->record_mb},
    };
    const struct options page = {
        .usage = "splc-edge PLANT [OPTIONS]",
        .summary =
            "The PLC beside the machine. Reads the plant model, scans inputs and outputs in a thread of its own, and\n"
            "serves core modules, signals and events over OPC UA. Runs until SIGTERM; then the outputs are in their\n"
            "safe state. PLANT is a plant folder with plant.aml and site.yaml.\n"
            "`splc-edge replay FILE` replays a recording; see splc-edge replay --help.",
        .table = table,
        .count = sizeof table / sizeof table[0],
        .epilog =
            "FILES\n"
            "  PLANT/plant.aml         the plant model: address space, wiring, simulation\n"
            "  PLANT/site.yaml         driver, scan period, address and port, time-outs of the control authority\n"
            "  DATA/pki/opcua/         certificate and key of the edge\n"
            "  DATA/edge/trusted/      certificates of the clients that may connect\n"
            "  DATA/edge/rejected/     certificates of those that were refused, for review\n"
            "  DATA/edge/users         users and their roles, `name:role:hash`\n"
            "  DATA/edge/audit.log     who did what when, one JSON object per line\n"
            "`splc up PLANT` makes the data folder; at a desk it starts this program as well.\n"
            "\n"
            "EXIT STATUS\n"
            "  0 after SIGTERM, 1 when the PLC cannot run (the log says why), 2 for wrong usage,\n"
            "  78 when it cannot run before somebody has mended a file (the log says which)",
    };
    const char *arguments[1];
    size_t count = 0;
    enum error error = options_parse(&page, argc, argv, arguments, 1, &count, ret_problem);
    if (error) return error;
    if (count != 1) return problem_say(ret_problem, ERROR_INVALID, "usage: %s; see splc-edge --help", page.usage);
    options->plant_folder = arguments[0];
    return ERROR_NONE;
}

enum error edge_read_site(struct edge *edge, struct problem *ret_problem) {
    const struct edge_options *options = &edge->options;
    enum error error =
        site_load(options->plant_folder, options->data_folder, options->port_offset, &edge->site, ret_problem);
    if (error) return error;
    if (options->speed > 0) edge->site->edge.speed = options->speed;
    if (options->seed > 0) edge->site->edge.seed = options->seed;
    const struct option_list *press = &options->press;
    if (press->count > 0) {
        bool nothing = press->count == 1 && strcmp(press->values[0], "none") == 0;
        edge->site->edge.press = press->values;
        edge->site->edge.press_count = nothing ? 0 : press->count;
    }
    edge->loop = loop_create();
    if (edge->loop == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    error = loop_stop_on_signals(edge->loop); // before any thread: all inherit the mask
    if (!error) error = notify_keep_alive(edge->loop);
    return error ? problem_say(ret_problem, error, "signals: %s", error_text(error)) : ERROR_NONE;
}

// --- model ---

static void log_findings(const struct model_findings *findings, const char *file) {
    for (size_t i = 0; i < model_findings_count(findings); i++) {
        const struct model_finding *finding = model_findings_at(findings, i);
        log_line(finding->error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%s:%u: %.*s%s%.*s", file, finding->line,
                 TEXT_ARG(finding->path), finding->path.length == 0 ? "" : ": ", TEXT_ARG(finding->text));
    }
}

enum error edge_read_model(struct edge *edge, struct problem *ret_problem) {
    const char *file = edge->site->model_file;
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    enum error error = file_read(file, MODEL_BYTES_MAX, &bytes, ret_problem);
    if (error) return problem_prefix(ret_problem, error, "plant model");
    if (findings == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    error = model_read(buffer_view(&bytes), findings, &edge->plant, ret_problem);
    log_findings(findings, file);
    if (!error) return ERROR_NONE;
    size_t errors = model_findings_errors(findings);
    if (errors == 0) return problem_prefix(ret_problem, error, "%s", file);
    return problem_say(ret_problem, error, "%s has %zu error%s (above); mend them, nothing runs on half a model", file,
                       errors, errors == 1 ? "" : "s");
}

// --- program and scan ---

enum error edge_load_program(struct edge *edge, struct problem *ret_problem) {
    struct program_extra simulation = {.name = "simulation", .memory = edge->sim};
    if (edge->sim != NULL) simulation.kind = sim_kind(edge->sim); // else a real plant
    struct program_options options = {
        .driver = edge->driver,
        .lease_soft_ns = (uint64_t)(edge->site->edge.lease_soft_s * NS_PER_S_REAL),
        .lease_hard_ns = (uint64_t)(edge->site->edge.lease_hard_s * NS_PER_S_REAL),
        .extra = edge->sim == NULL ? NULL : &simulation,
    };
    return program_create(edge->plant, &options, &edge->program, ret_problem);
}

uint64_t edge_scan_period_ns(const struct edge *edge) {
    double period_ms = edge->site->edge.scan_period_ms;
    if (period_ms == 0) period_ms = plant_number(edge->plant->controller, TEXT("CycleTime"), 10);
    return (uint64_t)(period_ms * NS_PER_MS_REAL);
}

/// In a signal handler.
static void on_crashed(void *context, const char *what) {
    diagnostics_last_words(context, DIAGNOSTICS_CRASHED, what);
}

enum error edge_start_scan(struct edge *edge, struct problem *ret_problem) {
    struct runtime_options options = {
        .period_ns = edge_scan_period_ns(edge),
        .speed = edge->site->edge.speed,
        .priority = SCAN_PRIORITY,
        .deadline_ns = (uint64_t)(plant_number(edge->plant->controller, TEXT("Deadline"), 0) * NS_PER_MS_REAL),
        .crashed = on_crashed,
        .crashed_context = edge->diagnostics,
    };
    enum error error = runtime_start(program_scan(edge->program), &options, &edge->runtime, ret_problem);
    if (error) return error;
    notify_status("the scan runs, the address space is being made");
    const char *warning;
    for (size_t i = 0; (warning = runtime_warning(edge->runtime, i)) != NULL; i++) {
        log_warning("%s", warning);
        diagnostics_add(edge->diagnostics, DIAGNOSTICS_NOT_REALTIME, TEXT_EMPTY, "%s", warning);
    }
    return ERROR_NONE;
}

// --- server ---

enum error edge_find_identity(struct edge *edge, struct problem *ret_problem) {
    struct edge_identity *identity = &edge->identity;
    identity->certificate = site_path(edge->site, "pki/opcua/edge.der");
    identity->key = site_path(edge->site, "pki/opcua/edge.key.der");
    identity->trusted = site_path(edge->site, "edge/trusted");
    identity->rejected = site_path(edge->site, "edge/rejected");
    identity->users = site_path(edge->site, "edge/users");
    identity->audit = site_path(edge->site, "edge/audit.log");
    if (identity->certificate == NULL || identity->key == NULL || identity->trusted == NULL ||
        identity->rejected == NULL || identity->users == NULL || identity->audit == NULL)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    const char *missing = !file_exists(identity->certificate) ? identity->certificate
                          : !file_exists(identity->key)       ? identity->key
                                                              : NULL;
    if (missing != NULL)
        return problem_say(
            ret_problem, ERROR_NOT_FOUND,
            "%s is missing: the edge has no identity yet; run `splc up %s` once, it makes the data folder", missing,
            edge->options.plant_folder);
    if (!file_exists(identity->users))
        log_warning("%s is missing: nobody can log in; run `splc up` once, it makes it", identity->users);
    return ERROR_NONE;
}

enum error edge_serve(struct edge *edge, struct problem *ret_problem) {
    edge->recording = edge_recording(edge);
    struct server_options options = {
        .plant = edge->plant,
        .recording = &edge->recording,
        .program = edge->program,
        .runtime = edge->runtime,
        .scan_period_ns = edge_scan_period_ns(edge),
        .address = edge->site->edge.address,
        .port = edge->site->edge.port,
        .certificate_file = edge->identity.certificate,
        .key_file = edge->identity.key,
        .trusted_folder = edge->identity.trusted,
        .rejected_folder = edge->identity.rejected,
        .users_file = edge->identity.users,
        .audit_file = edge->identity.audit,
        .diagnostics = edge->diagnostics,
        .pins = edge->pins,
        .pins_file = edge->pins_file,
        .identity = {edge->fingerprint.model_hash, edge->fingerprint.model_version, edge->fingerprint.program_hash,
                     SPLC_VERSION},
    };
    return server_open(edge->loop, &options, &edge->server, ret_problem);
}

static void on_report(void *context) {
    struct edge *edge = context;
    struct runtime_report report = runtime_report(edge->runtime);
    notify_status("%s, scan %g ms, %llu cycles, %llu missed, %zu sessions", edge->driver.name,
                  (double)edge_scan_period_ns(edge) / NS_PER_MS_REAL, (unsigned long long)report.cycles,
                  (unsigned long long)report.missed, server_session_count(edge->server));
    edge_tell_driver_trouble(edge);
    edge_look_at_recording(edge);
}

enum error edge_run(struct edge *edge, struct problem *ret_problem) {
    edge->report = loop_timer(edge->loop, 0, REPORT_PERIOD_S * NS_PER_S, on_report, edge);
    if (edge->report == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    log_info("station %.*s, driver %s, scan every %g ms; OPC UA on opc.tcp://%s:%u",
             TEXT_ARG(edge->plant->station->name), edge->driver.name,
             (double)edge_scan_period_ns(edge) / NS_PER_MS_REAL, edge->site->edge.address, server_port(edge->server));
    notify_ready();
    enum error error = loop_run(edge->loop);
    notify_stopping();
    return error ? problem_say(ret_problem, error, "event loop: %s", error_text(error)) : ERROR_NONE;
}

void edge_close(struct edge *edge) {
    if (edge->runtime != NULL) {
        runtime_stop(edge->runtime); // the outputs are in their safe state when it returns
        struct runtime_report report = runtime_report(edge->runtime);
        log_info("stopped after %llu cycles, %llu missed", (unsigned long long)report.cycles,
                 (unsigned long long)report.missed);
    }
    edge_stop_recording(edge);
    edge_stop_retaining(edge);
    loop_timer_cancel(edge->report);
    server_close(edge->server);
    edge_close_diagnostics(edge);
    runtime_destroy(edge->runtime);
    program_destroy(edge->program);
    pins_destroy(edge->pins);
    free(edge->pins_file);
    edge_close_driver(edge);
    plant_destroy(edge->plant);
    loop_destroy(edge->loop);
    free(edge->identity.certificate);
    free(edge->identity.key);
    free(edge->identity.trusted);
    free(edge->identity.rejected);
    free(edge->identity.users);
    free(edge->identity.audit);
    site_destroy(edge->site);
}
