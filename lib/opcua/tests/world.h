/// A server with its certificates and users in a folder of its own, and clients for it, all in one loop.
#pragma once

#include <base/cleanup.h>
#include <base/loop.h>
#include <opcua/server.h>
#include <testing_opcua/party.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define STATION_URI "urn:test:station"
#define TYPES_URI "urn:test:types"

enum { PATH_BYTES = 256, WAIT_S = PARTY_WAIT_S };

struct world {
    struct loop *loop;
    char *folder;
    struct opcua_server *server;
    uint16_t station, types; // namespaces
    unsigned opened, closed; // sessions
    uint32_t last_session;
    unsigned refusals;
    char refusal[PROBLEM_TEXT_BYTES];
};

/// Once per program: keys take a while to make. Certificates: server, client, stranger (not trusted), other (a second
/// server's). Users: viewer, operator, engineer; the password of each is "secret-NAME".
int world_make_identities(void **state);
int world_remove_identities(void **state);

/// A server that is open but does not serve yet, in a fresh copy of the folder.
struct world *world_create(void);
void world_serve(struct world *world);
void world_destroy(struct world *world);
CLEANUP_DEFINE(struct world, world_destroy)

/// "FOLDER/name"; valid for the next fifteen calls.
const char *world_path(const struct world *world, const char *name);

/// Runs the loop until somebody calls loop_stop; fails the test after WAIT_S.
void world_run(struct world *world);
/// Runs the loop for a while.
void world_run_for(struct world *world, uint64_t ns);

struct guest {
    struct world *world;
    struct opcua_client *client;
    enum opcua_client_state state;
    char reason[PROBLEM_TEXT_BYTES];
    uint16_t station; // namespace
};
/// Options of a client that gets in; tests spoil them.
struct opcua_client_options guest_options(struct guest *guest, struct world *world, const char *user);
void guest_open(struct guest *guest, const struct opcua_client_options *options);
/// Open, and wait until it is connected.
void guest_connect(struct guest *guest, struct world *world, const char *user);
/// Waits for the next state.
void guest_wait(struct guest *guest);
void guest_clear(struct guest *guest);

struct opcua_node station_node(const struct world *world, const char *path);
struct opcua_node type_node(const struct world *world, const char *path);
struct opcua_names station_names(const struct world *world, const char *path, struct opcua_node parent);
/// "MPS" with a motor of a type, its variable "speed" and properties, a method "setDirection(direction) -> State,
/// Reason" that answers BadInvalidState with a reason for directions but -1, 0, 1, and role for viewers.
void world_add_motor(struct world *world, struct opcua_variable **ret_speed);
