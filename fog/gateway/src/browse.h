/// Browses an edge and builds the plan of it. Asynchronous; several requests are under way at once.
#pragma once

#include "plan.h"

struct browse;

/// Calls back exactly once, unless cancelled: a complete plan that the callee takes, or NULL with the reason.
typedef void browse_done_fn(void *context, struct plan *plan, const char *reason);
enum error browse_start(struct opcua_client *client, browse_done_fn *done, void *context, struct browse **ret_browse);

/// When the client is closed before `done` has been called. NULL is fine.
void browse_cancel(struct browse *browse);
