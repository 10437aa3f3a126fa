/// Access keys of clients that sign their requests as AWS's do: a file in the form of AWS's shared credentials, one
/// section per client. Read again when it has changed, so that a client is added or shut out while we run.
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <base/text.h>

enum { ACCESS_KEYS_BYTES_MAX = 256 * 1024 };

struct access_keys;
/// `file` is borrowed; NULL: nobody has a key.
struct access_keys *access_keys_create(const char *file);
void access_keys_destroy(struct access_keys *keys); // NULL is fine
CLEANUP_DEFINE(struct access_keys, access_keys_destroy)

/// The secret of a key, borrowed until the next call. ERROR_FORBIDDEN: nobody has it; the problem says where keys
/// stand. A file that others can read, or that is not of that form, has no keys.
enum error access_keys_find(struct access_keys *keys, struct text access_key, struct text *ret_secret,
                            struct problem *ret_problem);
