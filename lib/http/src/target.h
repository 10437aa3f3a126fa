/// What we parse ourselves of a request: its target (path and query) and its cookies. Pure.
#pragma once

#include <base/text.h>

struct http_pair {
    struct text name, value;
};

struct http_target {
    struct text path; // decoded, valid UTF-8, no NUL
    struct http_pair *pairs;
    size_t pair_count;
    char *storage; // of the decoded texts
};

/// "/things/T/shadow?name=S", or the absolute form. ERROR_INVALID: a broken escape, %00, bytes that are no UTF-8, or
/// no target at all; ERROR_TOO_LARGE: more than HTTP_QUERY_PAIRS_MAX pairs; ERROR_NO_MEMORY.
enum error http_target_parse(struct text raw, struct http_target *ret_target);
void http_target_clear(struct http_target *target);
/// The first pair of that name; NULL when absent.
const struct http_pair *http_target_query(const struct http_target *target, struct text name);

/// The value of a cookie in a Cookie header (RFC 6265, 5.4), without quotes around it; false when absent.
bool http_cookie_find(struct text header, struct text name, struct text *ret_value);
