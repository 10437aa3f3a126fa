/// The HTTP interface of a tier: AWS's shadow data plane, own REST calls, server-sent events, the console
/// (docs/spec/http.md). One process, one loop.
#pragma once

#include <base/problem.h>
#include <site/site.h>

/// Runs until SIGTERM. Fails at once for what no waiting mends: a model that cannot be read, a port in use, a missing
/// certificate or token. A bus that is not there yet is waited for; callers see it in `GET /v1/status`.
enum error api_run(const struct site *site, struct problem *ret_problem);
