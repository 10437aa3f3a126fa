/// `fog.servers` of the site file.
#pragma once

#include "settings.h"

#include <site/site.h>

extern const struct setting server_row;

/// Names differ, things of all servers too; certificates become absolute.
enum error servers_check(struct site *site, struct keep *keep, const struct settings *file, struct problem *problem);
