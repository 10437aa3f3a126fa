/// AWS Signature Version 4 of requests with the header `Authorization`, as AWS's SDKs send them: who signed, and
/// whether it is right. Pure: request, secret and time are arguments. Source: "Signature Version 4 for API requests",
/// AWS IAM guide; services other than S3, so each step of the path is encoded twice.
#pragma once

#include <base/buffer.h>
#include <base/problem.h>

enum {
    SIGV4_SKEW_S = 15 * 60,     // between the clocks of client and server
    SIGV4_HEADERS_MAX = 32,     // signed ones
    SIGV4_QUERY_PAIRS_MAX = 64, // as lib/http takes
};

/// "AWS4-HMAC-SHA256 Credential=KEY/20150830/eu-central-1/iotdata/aws4_request, SignedHeaders=host;x-amz-date,
/// Signature=..."; all texts borrowed from the header.
struct sigv4_claim {
    struct text access_key;
    struct text date;            // "20150830"
    struct text scope;           // from the date to "aws4_request"
    struct text region, service; // any: an endpoint of one's own is of no region
    struct text signed_headers;
    struct text signature;
};
bool sigv4_is(struct text authorization); // begins as one, right or wrong
/// ERROR_INVALID when it is not of that form.
enum error sigv4_read(struct text authorization, struct sigv4_claim *ret_claim, struct problem *ret_problem);

struct sigv4_request {
    struct text method;
    struct text target; // as it came: path and query, still encoded
    struct text body;
    /// The value of a header, empty when absent; `name` is in small letters.
    struct text (*header)(void *context, struct text name);
    void *context;
};
/// ERROR_FORBIDDEN with the reason: not signed with the secret, not of this time, a header or the body changed on the
/// way, or `host` and `x-amz-date` not signed.
enum error sigv4_verify(const struct sigv4_request *request, const struct sigv4_claim *claim, struct text secret,
                        uint64_t now_s, struct problem *ret_problem);
