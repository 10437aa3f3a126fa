/// The station of plants/mps with its simulated plant, its scan thread and its OPC UA server, and clients for it, all
/// but the scan in one loop.
#pragma once

#include <base/cleanup.h>
#include <base/loop.h>
#include <server/server.h>
#include <setjmp.h>
#include <sim/sim.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <testing_opcua/party.h>

#include <cmocka.h>

#define STATION_URI "urn:serverless-plc:plant:mps"
#define TYPES_URI "urn:serverless-plc:lib:SplcSystemUnitClassLib"

enum { LINE_PATH_BYTES = 256, LINE_WAIT_S = PARTY_WAIT_S };

struct line {
    char *folder;
    struct loop *loop;
    struct plant *plant;
    struct sim *sim;
    struct program *program;
    struct runtime *runtime;
    struct diagnostics *diagnostics;
    struct pins *pins;
    struct server *server;
};

/// Once per program: identities and users; the password of each user is "secret-NAME".
int line_make_identities(void **state);
int line_remove_identities(void **state);

struct line_options {
    const char *from, *to; // exchanged in the plant model; NULL: nothing
    double speed;          // 0: 1
    bool no_simulation;    // the driver of the simulation, but not its module
    double soft_s, hard_s; // 0: 60, 120: no test is that slow
    uint64_t period_ns;    // of the scan; 0: 1 ms
    const struct server_recording *recording;
};
struct line *line_create(const struct line_options *options); // NULL: defaults
void line_destroy(struct line *line);
CLEANUP_DEFINE(struct line, line_destroy)

/// Runs the loop until somebody calls loop_stop; fails the test after LINE_WAIT_S.
void line_run(struct line *line);
void line_run_for(struct line *line, uint64_t ns);

struct hand {
    struct line *line;
    struct opcua_client *client;
    enum opcua_client_state state;
    char reason[PROBLEM_TEXT_BYTES];
    uint16_t station, types; // namespaces
};
void hand_connect(struct hand *hand, struct line *line, const char *user);
void hand_close(struct hand *hand);

/// Cuts the connections of all hands, as if their processes had been killed: no session is closed.
void line_cut(struct line *line);

/// Paths are relative to the station: "mps_conveyor/motor", "Lock"; "" is the station.
struct answer hand_call(struct hand *hand, const char *object, const char *method, const struct value *inputs,
                        size_t count);
struct answer hand_browse(struct hand *hand, const char *path);
struct answer hand_browse_node(struct hand *hand, struct opcua_node node);
struct answer hand_read(struct hand *hand, const char *path);
/// Reads until it is so; fails after LINE_WAIT_S.
void hand_await_bool(struct hand *hand, const char *path, bool wanted);
void hand_await_text(struct hand *hand, const char *path, const char *wanted);
struct opcua_node hand_node(const struct hand *hand, const char *path);

/// InitLock, which must succeed.
void hand_lock(struct hand *hand);
/// Renews in the loop until the timer is cancelled.
struct loop_timer *hand_keep_lock(struct hand *hand, uint64_t period_ns);

static inline struct value int32_value(int32_t number) {
    return (struct value){.type = VALUE_INT32, .int32 = number};
}
static inline struct value bool_value(bool truth) {
    return (struct value){.type = VALUE_BOOL, .boolean = truth};
}
static inline struct value text_value(const char *text) {
    return (struct value){.type = VALUE_STRING, .string = text_of(text)};
}
