/// Browses an edge, or what a rule names of another server, and builds the plan of it. Asynchronous; many nodes share a
/// request.
#pragma once

#include "plan.h"
#include <site/site.h>

struct browse;

/// Calls back exactly once, unless cancelled: a complete plan that the callee takes, or NULL with the reason.
typedef void browse_done_fn(void *context, struct plan *plan, const char *reason);
/// `server` NULL, or without things: an edge, whose types say what is a thing. Otherwise borrowed until the end; what
/// its rules name and is not there is logged and left out.
enum error browse_start(struct opcua_client *client, const struct site_server *server, browse_done_fn *done,
                        void *context, struct browse **ret_browse);

/// When the client is closed before `done` has been called. NULL is fine.
void browse_cancel(struct browse *browse);
