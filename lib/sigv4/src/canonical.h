/// The canonical form of a request: what is signed. Pure.
#pragma once

#include <sigv4/sigv4.h>

/// Path and query of a target as it came.
void canonical_put_path(struct text target, struct buffer *out);
/// ERROR_INVALID for a broken escape; ERROR_TOO_LARGE past SIGV4_QUERY_PAIRS_MAX.
enum error canonical_put_query(struct text target, struct buffer *out);
/// "name:value" lines of the signed ones, in their order. ERROR_TOO_LARGE past SIGV4_HEADERS_MAX.
enum error canonical_put_headers(const struct sigv4_request *request, struct text signed_headers, struct buffer *out);
