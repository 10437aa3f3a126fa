/// Catalogue, management interface and run time, joined: what is deployed runs, whoever deployed it; a canary that
/// fails is taken back. Threads: the loop's.
#pragma once

#include "catalog.h"

#include <site/site.h>

struct service;
struct management;
/// Gives everything in the catalogue to the run time of `service` and listens on the site's Lambda port.
enum error management_open(struct service *service, struct management **ret_management, struct problem *ret_problem);
void management_close(struct management *management); // before the service's functions; NULL is fine
/// A function of the plant's own: from its folder and, for `provided.*`, the program that was built for it. A new
/// version of it only when its content has changed.
enum error management_seed(struct management *management, const struct function_manifest *manifest, const char *program,
                           struct problem *ret_problem);
