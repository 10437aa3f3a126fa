/// The ports that a plant listens on, looked at before anything starts.
#pragma once

#include <base/problem.h>
#include <site/site.h>

/// ERROR_EXISTS when one is taken, ERROR_INVALID for one that no browser opens: the problem names port, interface,
/// field of the site file and remedy.
enum error ports_check(const struct site *site, struct problem *ret_problem);

/// True when somebody of this machine listens there, on whatever address. Makes no connection, which a server with TLS
/// would note as an error.
bool port_is_listened(uint16_t port);
