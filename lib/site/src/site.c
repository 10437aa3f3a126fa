#include <site/site.h>

#include "modbus.h"
#include "servers.h"
#include "settings.h"

#include <base/file.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PORT_MAX = 65535 };

/// What site.yaml says, and the memory behind it.
struct site_file {
    struct site site; // first: `struct site *` is handed out
    struct keep keep;
    const char *const *functions; // folders below the plant folder
    size_t function_count;
};

// --- what may stand in the file ---

static bool is_address(struct text text) {
    char address[INET6_ADDRSTRLEN];
    unsigned char bytes[sizeof(struct in6_addr)];
    if (text.length >= sizeof address) return false;
    snprintf(address, sizeof address, "%.*s", TEXT_ARG(text));
    return inet_pton(AF_INET, address, bytes) == 1 || inet_pton(AF_INET6, address, bytes) == 1;
}

static bool is_step(struct text text) {
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!word) return false;
    }
    return text.length > 0;
}

/// A relative path that stays below the plant folder; its last step becomes the function's name and a folder of the
/// data folder.
static bool is_folder_below(struct text text) {
    struct text rest = text, step;
    if (text_ends_with(text, TEXT("/")) || text.length == 0) return false;
    while (text_split(&rest, '/', &step)) {
        if (!is_step(step)) return false;
    }
    return true;
}

static bool is_store(struct text text) {
    return text_starts_with(text, TEXT("postgresql://")) || text_starts_with(text, TEXT("postgres://"));
}

static const char *const sandbox_words[] = {"require", "prefer", "off", NULL};
static const char *const driver_words[] = {"sim", "picontrol", "modbus", NULL};

const char *const site_press_words[] = {
    "start",  "stop",        "reset", "automatic", "manual", "emergency_stop", "emergency_release",
    "refill", "empty_slide", NULL};

#define AT(member) offsetof(struct site_file, member)
#define PORT_ROW(field, member)                                                                                        \
    {                                                                                                                  \
        .name = (field), .kind = SETTING_UINT16, .offset = AT(member), .expected = "a port from 1 to 65535", .low = 1, \
        .high = PORT_MAX                                                                                               \
    }
#define ADDRESS_ROW(member)                                                                                            \
    {                                                                                                                  \
        .name = "address", .kind = SETTING_TEXT, .offset = AT(member), .accepts = is_address,                          \
        .expected = "an IP address of this machine, 127.0.0.1 for programs on it only"                                 \
    }

static const struct setting lease_rows[] = {
    {.name = "soft",
     .kind = SETTING_REAL,
     .offset = AT(site.edge.lease_soft_s),
     .low = 0.1,
     .high = 3600,
     .expected = "seconds from 0.1 to 3600"},
    {.name = "hard",
     .kind = SETTING_REAL,
     .offset = AT(site.edge.lease_hard_s),
     .low = 0.1,
     .high = 3600,
     .expected = "seconds from 0.1 to 3600"},
};

static const struct setting press_row = {
    .name = "press", .kind = SETTING_TEXT, .words = site_press_words, .expected = "a word for a button or switch"};

static const struct setting simulation_rows[] = {
    {.name = "speed",
     .kind = SETTING_REAL,
     .offset = AT(site.edge.speed),
     .low = 0.01,
     .high = 1000,
     .expected = "a number from 0.01 to 1000: plant time per wall time"},
    {.name = "seed",
     .kind = SETTING_U64,
     .offset = AT(site.edge.seed),
     .low = 1,
     .high = UINT32_MAX,
     .expected = "a whole number from 1 to 4294967295"},
    {.name = "operator", .kind = SETTING_BOOL, .offset = AT(site.edge.operator_present), .expected = "true or false"},
    {.name = "press",
     .kind = SETTING_LIST,
     .offset = AT(site.edge.press),
     .count_offset = AT(site.edge.press_count),
     .item_bytes = sizeof(char *),
     .rows = &press_row,
     .row_count = 1,
     .expected = "words for buttons and switches"},
};

static bool is_absolute(struct text text) {
    return text_starts_with(text, TEXT("/"));
}

static const struct setting picontrol_rows[] = {
    {.name = "device",
     .kind = SETTING_TEXT,
     .offset = AT(site.edge.picontrol.device),
     .accepts = is_absolute,
     .expected = "the absolute path of a device, such as /dev/piControl0"},
    {.name = "config",
     .kind = SETTING_TEXT,
     .offset = AT(site.edge.picontrol.config),
     .accepts = is_absolute,
     .expected = "the absolute path of the file that PiCtory saves, such as /etc/revpi/config.rsc"},
    {.name = "watchdog_ms",
     .kind = SETTING_UNSIGNED,
     .offset = AT(site.edge.picontrol.watchdog_ms),
     .low = 10,
     .high = 60000,
     .expected = "milliseconds from 10 to 60000"},
};

static const struct setting edge_rows[] = {
    {.name = "driver",
     .kind = SETTING_TEXT,
     .offset = AT(site.edge.driver),
     .words = driver_words,
     .expected = "the name of an I/O driver"},
    {.name = "scan_period_ms",
     .kind = SETTING_REAL,
     .offset = AT(site.edge.scan_period_ms),
     .low = 1,
     .high = 1000,
     .expected = "milliseconds from 1 to 1000"},
    ADDRESS_ROW(site.edge.address),
    PORT_ROW("port", site.edge.port),
    {.name = "lease", .kind = SETTING_SECTION, .rows = lease_rows, .row_count = sizeof lease_rows / sizeof *lease_rows},
    {.name = "simulation",
     .kind = SETTING_SECTION,
     .rows = simulation_rows,
     .row_count = sizeof simulation_rows / sizeof *simulation_rows},
    {.name = "picontrol",
     .kind = SETTING_SECTION,
     .rows = picontrol_rows,
     .row_count = sizeof picontrol_rows / sizeof *picontrol_rows},
    {.name = "modbus",
     .kind = SETTING_LIST,
     .offset = AT(site.edge.modbus),
     .count_offset = AT(site.edge.modbus_count),
     .item_bytes = sizeof(struct site_modbus_device),
     .rows = &modbus_device_row,
     .row_count = 1,
     .expected = "devices"},
};

static const struct setting function_row = {
    .name = "function",
    .kind = SETTING_TEXT,
    .accepts = is_folder_below,
    .expected = "a folder below the plant folder (letters, digits, _ - and /), such as functions/automatic"};

static const struct setting fog_rows[] = {
    ADDRESS_ROW(site.fog.address),
    PORT_ROW("nats_port", site.fog.nats_port),
    PORT_ROW("mqtt_port", site.fog.mqtt_port),
    PORT_ROW("http_port", site.fog.http_port),
    PORT_ROW("https_port", site.fog.https_port),
    PORT_ROW("lambda_port", site.fog.lambda_port),
    {.name = "desired_time_to_live",
     .kind = SETTING_REAL,
     .offset = AT(site.fog.desired_ttl_s),
     .low = 0.1,
     .high = 3600,
     .expected = "seconds from 0.1 to 3600"},
    {.name = "store",
     .kind = SETTING_TEXT,
     .offset = AT(site.fog.store),
     .accepts = is_store,
     .expected = "postgresql://USER@HOST:PORT/DATABASE?passfile=FILE; left out: a file in the data folder"},
    {.name = "twin_processes",
     .kind = SETTING_UNSIGNED,
     .offset = AT(site.fog.twin_processes),
     .low = 1,
     .high = SITE_TWIN_PROCESSES_MAX,
     .expected = "a number from 1 to 16"},
    {.name = "functions",
     .kind = SETTING_LIST,
     .offset = AT(functions),
     .count_offset = AT(function_count),
     .item_bytes = sizeof(char *),
     .rows = &function_row,
     .row_count = 1,
     .expected = "folders below the plant folder, such as functions/automatic"},
    {.name = "sandbox",
     .kind = SETTING_TEXT,
     .offset = AT(site.fog.sandbox),
     .words = sandbox_words,
     .expected = "require, prefer or off"},
    {.name = "servers",
     .kind = SETTING_LIST,
     .offset = AT(site.fog.servers),
     .count_offset = AT(site.fog.server_count),
     .item_bytes = sizeof(struct site_server),
     .rows = &server_row,
     .row_count = 1,
     .expected = "OPC UA servers: name, url, certificate, user, things"},
};

static const struct setting supervision_rows[] = {
    {.name = "silence",
     .kind = SETTING_REAL,
     .offset = AT(site.supervision.silence_s),
     .low = 1,
     .high = 3600,
     .expected = "seconds from 1 to 3600"},
};

static const struct setting site_rows[] = {
    {.name = "edge", .kind = SETTING_SECTION, .rows = edge_rows, .row_count = sizeof edge_rows / sizeof *edge_rows},
    {.name = "fog", .kind = SETTING_SECTION, .rows = fog_rows, .row_count = sizeof fog_rows / sizeof *fog_rows},
    {.name = "supervision",
     .kind = SETTING_SECTION,
     .rows = supervision_rows,
     .row_count = sizeof supervision_rows / sizeof *supervision_rows},
};

static void set_defaults(struct site *site) {
    site->edge.speed = 1;
    site->edge.seed = 1;
    site->edge.operator_present = true;
    site->edge.address = "127.0.0.1";
    site->edge.port = 4840;
    site->edge.lease_soft_s = 2;
    site->edge.lease_hard_s = 10;
    site->fog.address = "127.0.0.1";
    site->fog.nats_port = 4222;
    site->fog.mqtt_port = 8883;
    site->fog.http_port = 8080;
    site->fog.https_port = 8443;
    site->fog.lambda_port = 8444;
    site->fog.desired_ttl_s = 5;
    site->supervision.silence_s = 10;
    site->fog.twin_processes = 1;
    site->fog.sandbox = "prefer";
}

// --- what concerns more than one field ---

struct named_port {
    const char *path;
    uint16_t *port;
};

static enum error check_ports(struct site *site, const struct settings *file, struct problem *problem) {
    const struct named_port ports[] = {
        {"edge.port", &site->edge.port},           {"fog.nats_port", &site->fog.nats_port},
        {"fog.mqtt_port", &site->fog.mqtt_port},   {"fog.http_port", &site->fog.http_port},
        {"fog.https_port", &site->fog.https_port}, {"fog.lambda_port", &site->fog.lambda_port},
    };
    const size_t count = sizeof ports / sizeof *ports;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (*ports[i].port != *ports[j].port) continue;
            return settings_refuse(file, problem, ports[i].path, "port %u is that of %s, too: give each its own",
                                   *ports[i].port, ports[j].path);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (*ports[i].port + (uint64_t)site->port_offset > PORT_MAX) {
            return settings_refuse(file, problem, ports[i].path,
                                   "port %u plus --port-offset %u is past 65535: choose a smaller offset",
                                   *ports[i].port, site->port_offset);
        }
        *ports[i].port = (uint16_t)(*ports[i].port + site->port_offset);
    }
    return ERROR_NONE;
}

static enum error check_lease(const struct site *site, const struct settings *file, struct problem *problem) {
    if (site->edge.lease_hard_s >= site->edge.lease_soft_s) return ERROR_NONE;
    return settings_refuse(
        file, problem, "edge.lease.hard",
        "%g s is shorter than edge.lease.soft (%g s): commands end first, then the plant is made safe",
        site->edge.lease_hard_s, site->edge.lease_soft_s);
}

static const char *last_step(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static char *keep_joined(struct keep *keep, const char *folder, const char *name) {
    char *joined = file_join(folder, name);
    char *kept = joined == NULL ? NULL : keep_text(keep, text_of(joined));
    free(joined);
    return kept;
}

static enum error take_functions(struct site_file *site_file, const struct settings *file, struct problem *problem) {
    struct site *site = &site_file->site;
    struct site_function *functions =
        keep_zeroed(&site_file->keep, site_file->function_count, sizeof(struct site_function));
    if (functions == NULL) return ERROR_NO_MEMORY;
    for (size_t i = 0; i < site_file->function_count; i++) {
        functions[i].name = last_step(site_file->functions[i]);
        functions[i].folder = keep_joined(&site_file->keep, site->plant_folder, site_file->functions[i]);
        if (functions[i].folder == NULL) return ERROR_NO_MEMORY;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(functions[i].name, functions[j].name) != 0) continue;
            char path[48];
            snprintf(path, sizeof path, "fog.functions[%zu]", i);
            return settings_refuse(file, problem, path, "a function \"%s\" stands above already: names must differ",
                                   functions[i].name);
        }
    }
    site->fog.functions = functions;
    site->fog.function_count = site_file->function_count;
    return ERROR_NONE;
}

static enum error take_folders(struct site_file *site_file, const char *plant_folder, const char *data_folder) {
    struct site *site = &site_file->site;
    struct text folder = text_of(plant_folder);
    while (folder.length > 1 && folder.data[folder.length - 1] == '/') folder.length--;
    site->plant_folder = keep_text(&site_file->keep, folder);
    site->data_folder = keep_text(&site_file->keep, text_of(data_folder));
    if (site->plant_folder == NULL || site->data_folder == NULL) return ERROR_NO_MEMORY;
    site->plant_name = last_step(site->plant_folder);
    site->model_file = keep_joined(&site_file->keep, site->plant_folder, "plant.aml");
    return site->model_file == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
}

static enum error read_file(struct site_file *site_file, struct text bytes, struct problem *problem) {
    char *file_name = file_join(site_file->site.plant_folder, "site.yaml");
    if (file_name == NULL) return ERROR_NO_MEMORY;
    struct settings *file = NULL;
    enum error error = settings_read(bytes, file_name, site_rows, sizeof site_rows / sizeof *site_rows, site_file,
                                     &site_file->keep, &file, problem);
    free(file_name);
    if (!error) error = check_ports(&site_file->site, file, problem);
    if (!error) error = check_lease(&site_file->site, file, problem);
    if (!error) error = modbus_check(site_file->site.edge.modbus, site_file->site.edge.modbus_count, file, problem);
    if (!error) error = take_functions(site_file, file, problem);
    if (!error) error = servers_check(&site_file->site, &site_file->keep, file, problem);
    settings_close(file);
    return error;
}

// --- public ---

enum error site_read(struct text bytes, const char *plant_folder, const char *data_folder, unsigned port_offset,
                     struct site **ret_site, struct problem *ret_problem) {
    struct site_file *site_file = calloc(1, sizeof *site_file);
    if (site_file == NULL) return ERROR_NO_MEMORY;
    set_defaults(&site_file->site);
    site_file->site.port_offset = port_offset;
    enum error error = take_folders(site_file, plant_folder, data_folder);
    if (!error) error = read_file(site_file, bytes, ret_problem);
    if (error)
        site_destroy(&site_file->site);
    else
        *ret_site = &site_file->site;
    return error;
}

static char *absolute(const char *path) {
    char *real = realpath(path, NULL);
    if (real != NULL) return real;
    char *here = getcwd(NULL, 0); // not there yet: made absolute by hand
    char *joined = here == NULL ? NULL : file_join(here, path);
    free(here);
    return joined;
}

char *site_state_folder(void) {
    const char *state = getenv("XDG_STATE_HOME");
    if (state != NULL && state[0] == '/') return file_join(state, "splc");
    const char *home = getenv("HOME");
    return home == NULL || home[0] == '\0' ? NULL : file_join(home, ".local/state/splc");
}

static char *default_data_folder(const char *plant_folder) {
    char *state = site_state_folder();
    char *folder = state == NULL ? NULL : file_join(state, last_step(plant_folder));
    free(state);
    return folder;
}

enum error site_load(const char *plant_folder, const char *data_folder, unsigned port_offset, struct site **ret_site,
                     struct problem *ret_problem) {
    CLEANUP(free_at) char *plant = realpath(plant_folder, NULL);
    if (plant == NULL) {
        return problem_say(ret_problem, error_from_errno(errno),
                           "%s: %s: give the plant's folder, with plant.aml and "
                           "site.yaml in it",
                           plant_folder, strerror(errno));
    }
    CLEANUP(free_at) char *data = data_folder != NULL ? absolute(data_folder) : default_data_folder(plant);
    if (data == NULL) {
        return problem_say(ret_problem, ERROR_INVALID, "no data folder: set HOME, or say where with --data DIR");
    }
    CLEANUP(free_at) char *file = file_join(plant, "site.yaml");
    if (file == NULL) return ERROR_NO_MEMORY;
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    enum error error = file_read(file, SETTINGS_BYTES_MAX, &bytes, ret_problem);
    if (error == ERROR_NOT_FOUND) {
        return problem_say(ret_problem, error,
                           "%s: not found: a plant folder holds plant.aml and site.yaml; the smallest one is the line "
                           "`edge: {driver: sim}`",
                           file);
    }
    return error ? error : site_read(buffer_view(&bytes), plant, data, port_offset, ret_site, ret_problem);
}

void site_destroy(struct site *site) {
    if (site == NULL) return;
    struct site_file *site_file = (struct site_file *)site;
    struct keep keep = site_file->keep;
    keep_clear(&keep);
    free(site_file);
}

char *site_path(const struct site *site, const char *name) {
    return file_join(site->data_folder, name);
}

static char *url(const char *scheme, const char *address, uint16_t port) {
    bool six = strchr(address, ':') != NULL; // an IPv6 address stands in brackets
    char *text = NULL;
    int length = asprintf(&text, "%s://%s%s%s:%u", scheme, six ? "[" : "", address, six ? "]" : "", port);
    return length < 0 ? NULL : text;
}

char *site_opcua_url(const struct site *site) {
    return url("opc.tcp", site->edge.address, site->edge.port);
}

char *site_nats_url(const struct site *site) {
    return url("tls", site->fog.address, site->fog.nats_port);
}

char *site_mqtt_url(const struct site *site) {
    return url("mqtts", site->fog.address, site->fog.mqtt_port);
}

char *site_http_url(const struct site *site) {
    return url("http", site->fog.address, site->fog.http_port);
}

char *site_https_url(const struct site *site) {
    return url("https", site->fog.address, site->fog.https_port);
}

char *site_lambda_url(const struct site *site) {
    return url("http", "127.0.0.1", site->fog.lambda_port);
}
