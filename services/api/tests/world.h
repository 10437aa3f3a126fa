/// An API on a thread of its own, with a real bus, and a world on that bus which plays the twin service and the
/// gateway:
///   shadow get        mps_conveyor and its shadow `status` have a document, other things have none
///   shadow update     accepted, and its document is published; `"refuse"` in it: 400
///   commands          "motor/setDirection" succeeds, "refuse" is rejected, "fail" fails, "odd" gets a nonsense answer,
///                     "change in silence" gives mps_conveyor a new version without an event
#pragma once

#include <http/client.h>

#include "../src/service.h"

extern const char world_token[]; // of the API

struct world;
struct world *world_start(void);
void world_stop(struct world *world);
uint16_t world_port(const struct world *world);
void world_wait_connected(struct world *world); // API and world have the bus; so it is after world_start
void world_kill_bus(struct world *world);
void world_restart_bus(struct world *world);

/// One call with the token; fails the test when there is no answer. The result is valid until the next.
const struct http_result *world_call(struct world *world, const char *method, const char *path, const char *body);
/// With these headers instead of the token.
const struct http_result *world_call_with(struct world *world, const char *method, const char *path, const char *body,
                                          const char *const *headers);

/// Reads /v1/events until `wanted` lines or parts of lines have come, in this order; NULL ends. Fails the test after
/// some seconds. `after_first` runs once the first has come; may be NULL.
void world_expect_events(struct world *world, const char *path, const char *const *wanted,
                         void (*after_first)(struct world *world));
