/// Requests that are signed as AWS's clients sign them (Signature Version 4): who may call, whichever service answers.
#pragma once

#include <access/access_keys.h>
#include <http/server.h>

/// True for a request that is signed, rightly or wrongly.
bool signature_is(const struct http_request *request);
/// ERROR_NONE when it is signed with the secret of one of `keys`; ERROR_FORBIDDEN or ERROR_INVALID with the reason.
enum error signature_check(struct access_keys *keys, struct http_request *request, struct problem *ret_problem);
