/// A gateway and a twin service in processes of their own, a nats-server, a station (station.h), and a client on the
/// bus that hears everything. Whatever goes wrong here fails the test.
#pragma once

#include "station.h"

#include <bus/bus.h>
#include <testing/testing.h>

struct world {
    struct testing_nats *nats;
    char *folder; // data folder
    struct loop *loop;
    struct bus *bus;
    bool connected;
    struct station station;
    pid_t gateway, twins; // 0: not running
    const char *time_to_live_s;
    unsigned server_port;   // of another server, an unruly one; 0: there is none
    const char *rule_thing; // the thing that a rule makes of its U/t05
    bool deaf;              // `heard` is not kept
    struct buffer heard;    // all shadow messages, one a line
    struct buffer events;   // splc.event, one a line
    struct buffer status;   // of the gateway, the last one
    struct buffer answer;   // of the last question
    struct buffer document; // the last one that was looked at
};

/// main() of a test: with "--gateway ..." or "--twins ..." the program is that service.
bool world_is_service(int argc, char **argv);
int world_serve(char **argv);

/// Once per program: keys take a while to make.
int world_make_identities(void **state);
int world_remove_identities(void **state);

void world_open(struct world *world); // nats-server and client; then what the test starts:
void world_start_station(struct world *world);
void world_start_twins(struct world *world);
void world_start_gateway(struct world *world);
void world_start_all(struct world *world); // and waits until the gateway holds the control authority
void world_kill(pid_t *process);           // SIGKILL
void world_stop(pid_t *process);           // SIGTERM; it must end well
void world_close(struct world *world);

void world_wait(struct world *world, bool (*done)(void *context), void *context);
/// Until `text` holds `part`, which may be one of the buffers above or the station's calls.
void world_await_text(struct world *world, const struct buffer *text, const char *part);
/// Until the status of the gateway has `part`, from a message that is still to come.
void world_await_status(struct world *world, const char *part);
/// Until the value at `path` of the state ("reported/motor/on") is this JSON; NULL: until it is not there.
/// `shadow` NULL: the classic one.
void world_await(struct world *world, const char *thing, const char *shadow, const char *path, const char *json);

/// Until the shadow `status` of the thing lists the leaf with this status.
void world_await_bad(struct world *world, const char *thing, const char *path, const char *status);

/// Request and answer; the answer is in `world->answer`.
void world_ask(struct world *world, const char *subject, const char *payload);
/// Updates `desired` of the belt; it must be accepted. `token` may be NULL.
void world_wish(struct world *world, const char *desired, const char *token);
/// A command for the belt; the answer is in `world->answer`.
void world_command(struct world *world, const char *request);
