/// The site: where a plant runs. Read from `site.yaml` in the plant folder and completed with the data folder, which
/// `splc up` fills (certificates, credentials). Every program takes its endpoints from here, so that they agree.
/// Form: docs/spec/site.md.
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <base/text.h>

enum { SITE_TWIN_PROCESSES_MAX = 16 };

struct site_function {
    const char *name;   // "automatic"
    const char *folder; // absolute; package: holds `function.yaml`; below the plant folder
};

/// Registers or bits of a Modbus device that follow each other, and where they are in the process image.
struct site_modbus_area {
    const char *kind;    // "coils", "discrete_inputs", "holding_registers", "input_registers"
    bool input;          // coils and holding registers: read, not written
    unsigned first;      // address on the wire: from 0
    unsigned count;      // bits or registers
    unsigned image_byte; // where they begin in the process image; a register takes two bytes
    bool high_first;     // numbers of 32 bits: the register with the lower address has the higher word
};

/// Written once after each connect, in this order: time-out of the device's watchdog, for one.
struct site_modbus_setup {
    unsigned reg, value;
};

struct site_modbus_device {
    const char *name; // for messages
    const char *address;
    uint16_t port;
    unsigned unit;
    double period_ms;           // of reading and writing
    double timeout_ms;          // of one answer
    double stale_ms;            // inputs older than this are bad
    unsigned watchdog_register; // counts up with each period; 0: none
    const struct site_modbus_setup *setup;
    size_t setup_count;
    const struct site_modbus_area *areas;
    size_t area_count;
};

/// An object or variable of another server, by its browse names below the Objects folder, and the thing that is made of
/// it, with all that stands below it.
struct site_server_thing {
    const char *path;  // "Machines/Oven1"
    const char *thing; // "oven_1"
};

/// An OPC UA server besides the edge that the gateway connects to.
struct site_server {
    const char *name;        // "oven"; its password is in DATA/secrets/opcua-server-NAME
    const char *url;         // "opc.tcp://192.168.0.7:4840"
    const char *certificate; // absolute; DER; below the plant folder: the only one that is trusted
    const char *user;
    const struct site_server_thing *things; // none: it is an edge like ours, and says by its types what it has
    size_t thing_count;
};

struct site {
    const char *plant_folder; // absolute
    const char *plant_name;   // last part of the folder: "mps"
    const char *model_file;   // absolute; plant_folder/plant.aml
    const char *data_folder;  // absolute
    unsigned port_offset;

    struct {
        const char *driver;    // "sim", "picontrol", "modbus"; NULL: the model's
        double scan_period_ms; // 0: the model's CycleTime
        double speed;          // of the simulated plant; 1 is real time
        uint64_t seed;
        bool operator_present;    // the simulated operator refills the magazine and empties the slide
        const char *const *press; // what the simulated operator does after start-up ("start", "reset", "automatic" ...)
        size_t press_count;
        const char *address;               // "127.0.0.1"
        uint16_t port;                     // offset added, as in all ports below
        double lease_soft_s, lease_hard_s; // control authority
        struct {
            const char *device, *config; // NULL: /dev/piControl0, /etc/revpi/config.rsc
            unsigned watchdog_ms;        // 0: five scans, at least 100 ms
        } picontrol;
        struct site_modbus_device *modbus;
        size_t modbus_count;
    } edge;

    struct {
        const char *address;
        uint16_t nats_port, mqtt_port, http_port, https_port;
        uint16_t lambda_port;    // management interface of functions; on the loopback interface whatever `address` is
        double desired_ttl_s;    // a desired value of an actuator older than this is removed, not executed
        const char *store;       // PostgreSQL's URI; NULL: DATA/twins/twins.db
        unsigned twin_processes; // 1 .. SITE_TWIN_PROCESSES_MAX, all on one store
        const struct site_function *functions;
        size_t function_count;
        const char *sandbox; // of functions: "require", "prefer" (a warning where there is none), "off"
        struct site_server *servers;
        size_t server_count;
    } fog;

    struct {
        double silence_s; // a process that gives no sign of life for so long is killed and started again
    } supervision;
};

/// Defaults stand for what the file does not say; a missing file is an error. The problem names file, line and
/// field. `data_folder` NULL: $XDG_STATE_HOME/splc/<plant>, else ~/.local/state/splc/<plant>.
enum error site_load(const char *plant_folder, const char *data_folder, unsigned port_offset, struct site **ret_site,
                     struct problem *ret_problem);
/// The same from the bytes of `site.yaml`, without looking at any file; both folders are taken as they are.
enum error site_read(struct text bytes, const char *plant_folder, const char *data_folder, unsigned port_offset,
                     struct site **ret_site, struct problem *ret_problem);
void site_destroy(struct site *site); // NULL is fine
CLEANUP_DEFINE(struct site, site_destroy)

/// Words of `press` and of `splc up --sim-press` (docs/spec/site.md); NULL ends.
extern const char *const site_press_words[];

/// The folder that holds the plants' data folders and the link `current`: $XDG_STATE_HOME/splc or
/// ~/.local/state/splc; for the caller to free. NULL when neither variable is set (or memory).
char *site_state_folder(void);

/// "DATA/pki/ca.crt": a file of the data folder (docs/spec/data-folder.md), for the caller to free; NULL: memory.
char *site_path(const struct site *site, const char *name);
/// "opc.tcp://127.0.0.1:4840", "tls://127.0.0.1:4222", "mqtts://...", "http://...", "https://..."; for the caller to
/// free.
char *site_opcua_url(const struct site *site);
char *site_nats_url(const struct site *site);
char *site_mqtt_url(const struct site *site);
char *site_http_url(const struct site *site);
char *site_https_url(const struct site *site);
char *site_lambda_url(const struct site *site); // http, 127.0.0.1
