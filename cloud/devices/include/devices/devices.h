/// The device gateway: who may be on the cloud's broker, and who is.
///
/// The broker (nats-server, MQTT with mutual TLS) asks for each device that connects: `$SYS.REQ.USER.AUTH`, a token of
/// its own with client id and certificate chain. The answer is a user for this one connection, with permissions, or a
/// refusal. Source: NATS ADR-26; what was measured is in docs/decisions/0032-device-gateway.md.
///
/// Threads: one event loop. Owns: two connections to the broker, of the users that answer and that see the system.
#pragma once

#include <base/loop.h>
#include <base/problem.h>
#include <policy/policy.h>

struct devices;

/// A device that wants in. All borrowed.
struct devices_login {
    struct text client_id;   // of MQTT; empty: not a device, but a client of NATS
    struct text certificate; // PEM; the broker has verified its chain; empty: none was shown
    struct text host;        // "10.0.0.5"
};

/// One that came or went. All borrowed. Events may be told twice, or out of order when there are several brokers.
struct devices_presence {
    bool connected;
    struct text client_id;
    struct text session; // constant from its connect to its disconnect
    struct text host;
    struct text reason; // of the disconnect, in the broker's words: "Client Closed", "Kicked" ...
    uint64_t time_ms;   // since 1970
};

struct devices_options {
    const char *url, *ca_file;                      // of the broker
    const char *user, *password_file;               // of the account that answers
    const char *system_user, *system_password_file; // of the system account
    const char *issuer_file;                        // seed of the account key that signs answers; mode 0600
    const char *account;                            // in which the devices are

    /// Permissions, or why not: the problem is logged, and the device is told only that it may not.
    enum error (*decide)(void *context, const struct devices_login *login, struct policy_permissions *ret_permissions,
                         struct problem *ret_problem);
    void (*presence)(void *context, const struct devices_presence *presence);
    void (*state)(void *context, bool connected, const char *reason); // of the broker; may be NULL
    void *context;
};

enum error devices_open(struct loop *loop, const struct devices_options *options, struct devices **ret_devices,
                        struct problem *ret_problem);
void devices_close(struct devices *devices); // NULL is fine; no callback comes afterwards
CLEANUP_DEFINE(struct devices, devices_close)

/// Cuts off whoever is connected with this client id, at every broker: to be called once `decide` refuses it. What was
/// let in just before is cut off a moment later.
enum error devices_disconnect(struct devices *devices, struct text client_id);
