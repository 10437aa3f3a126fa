/// The twin service: device shadows on the bus (docs/spec/twin.md), kept in DATA/twins/twins.db.
#pragma once

#include <base/problem.h>
#include <site/site.h>

/// Serves until SIGTERM or SIGINT, then writes what is not yet written. Fails for what no waiting mends: a secret that
/// cannot be read, a store that another process uses. With a store that is damaged or cannot be written it serves from
/// memory, refuses what must be stored and says so in its status.
enum error twins_run(const struct site *site, struct problem *ret_problem);
