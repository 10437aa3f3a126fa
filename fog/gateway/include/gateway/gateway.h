/// The gateway: OPC UA client of an edge on one side, twins and commands on the bus on the other.
///
/// It knows nothing of the plant but what it browses: things, values, methods and what a desired value calls. Rules:
/// docs/spec/bus.md, "Gateway and twins"; towards the edge: docs/spec/opcua.md.
#pragma once

#include <base/problem.h>

struct site;

/// Runs until SIGTERM. Reconnects to edge and bus for ever; fails only for what no waiting mends.
enum error gateway_run(const struct site *site, struct problem *ret_problem);
