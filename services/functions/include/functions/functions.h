/// The function service: gives changes of twins to functions, which are worker processes that speak the AWS Lambda
/// Runtime API (docs/spec/function.md). One process, one loop; one worker per function.
#pragma once

#include <base/problem.h>
#include <site/site.h>

/// Runs until SIGTERM. A function that cannot be started does not stop the service: its reason is in the status
/// (docs/spec/bus.md) and in the event stream, and it is tried again. A bus that is not there yet is waited for.
enum error functions_run(const struct site *site, struct problem *ret_problem);
