/// The parts of splc-edge, from the site file to the OPC UA server. Each step needs those before it; `edge_close` takes
/// apart what is there, in the other order.
/// Threads: one, besides the scan's.
#pragma once

#include <base/loop.h>
#include <base/options.h>
#include <base/problem.h>
#include <diagnostics/diagnostics.h>
#include <modbus/driver.h>
#include <model/model.h>
#include <picontrol/picontrol.h>
#include <pins/pins.h>
#include <pki/pki.h>
#include <program/program.h>
#include <record/record.h>
#include <retain/retain.h>
#include <runtime/runtime.h>
#include <server/server.h>
#include <sim/sim.h>
#include <site/site.h>

struct edge_options {
    const char *plant_folder; // NULL: --help was answered, or the usage was wrong
    const char *data_folder;  // NULL: as `splc up` chooses it
    unsigned port_offset;
    double speed;             // 0: the site's
    unsigned seed;            // 0: the site's
    bool cold;                // nothing that was retained is restored
    const char *record_file;  // NULL: no recording
    unsigned record_mb;       // 0: default
    struct option_list press; // none given: the site's; the one word "none": nothing
};

/// Paths in the data folder.
struct edge_identity {
    char *certificate, *key, *trusted, *rejected, *users, *audit;
};

/// Which program and which model this is (edge/src/diagnostics.c).
struct edge_fingerprint {
    char model_hash[PKI_DIGEST_BYTES], program_hash[PKI_DIGEST_BYTES];
    char *model_version;
};

struct edge {
    struct edge_options options;
    struct site *site;
    struct edge_identity identity;
    struct loop *loop;
    struct diagnostics *diagnostics; // NULL: it could not be opened, the log says why
    struct edge_fingerprint fingerprint;
    struct plant *plant;
    struct sim *sim;               // NULL: a real plant
    struct picontrol *picontrol;   // NULL: another driver
    struct modbus_driver *modbus;  // NULL: another driver
    struct problem driver_trouble; // as told last
    struct io_driver driver;
    struct program *program;
    struct pins *pins; // the pin map
    char *pins_file;
    struct retain *retain;     // NULL: it could not be started, the log says why
    struct recorder *recorder; // NULL: nothing is recorded
    char record_path[512];     // of it
    struct loop_timer *record_timer;
    struct server_recording recording; // for the server
    struct runtime *runtime;
    struct server *server;
    struct loop_timer *report;
};

enum error edge_read_options(struct edge *edge, int argc, char **argv, struct problem *ret_problem);
enum error edge_read_site(struct edge *edge, struct problem *ret_problem);
/// Before anything moves: without certificate and key nobody could stop it.
enum error edge_find_identity(struct edge *edge, struct problem *ret_problem);
/// Opens the diagnostics buffer. A PLC without one runs all the same.
void edge_open_diagnostics(struct edge *edge);
/// What this start is, and whether the one before ended as it should.
void edge_note_start(struct edge *edge);
void edge_close_diagnostics(struct edge *edge);
/// The model's findings go to the log, one line each.
enum error edge_read_model(struct edge *edge, struct problem *ret_problem);
enum error edge_open_driver(struct edge *edge, struct problem *ret_problem);
/// Logs what is wrong with the driver, when that has changed.
void edge_tell_driver_trouble(struct edge *edge);
void edge_close_driver(struct edge *edge);
uint64_t edge_scan_period_ns(const struct edge *edge);
enum error edge_load_program(struct edge *edge, struct problem *ret_problem);
/// The pin map as it was left; a file that does not fit the model ends the start, for wrong pins move wrong things.
enum error edge_set_pins(struct edge *edge, struct problem *ret_problem);
/// Retained values into the program, unless --cold; a PLC that cannot keep them runs all the same.
void edge_restore(struct edge *edge);
void edge_stop_retaining(struct edge *edge);
/// With --record: from the first scan on. `edge_stop_recording` after the last one.
enum error edge_start_recording(struct edge *edge, struct problem *ret_problem);
void edge_stop_recording(struct edge *edge);
/// One that has ended by itself (size, disk) is put away.
void edge_look_at_recording(struct edge *edge);
struct server_recording edge_recording(struct edge *edge);
uint64_t edge_scan_period_ns(const struct edge *edge);
enum error edge_start_scan(struct edge *edge, struct problem *ret_problem);
enum error edge_serve(struct edge *edge, struct problem *ret_problem);
enum error edge_run(struct edge *edge, struct problem *ret_problem); // until SIGTERM or SIGINT
void edge_close(struct edge *edge);
