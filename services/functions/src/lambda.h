/// AWS Lambda's management interface, as its SDKs and tools call it (REST, 2015-03-31 and later), on the loopback
/// interface. Requests are signed with an access key of the plant, as at the HTTP interface, or carry its token.
/// docs/spec/function.md says what is answered and how it differs from AWS. Threads: the loop's; packages are looked
/// at and unpacked on threads of their own.
#pragma once

#include "catalog.h"
#include "invoke.h"

#include <base/loop.h>

struct lambda;
struct lambda_options {
    uint16_t port;                // 0: any free one
    const char *access_keys_file; // DATA/secrets/aws-credentials
    struct text token;            // of the plant; borrowed
    struct catalog *catalog;
    struct service *service; // that runs what is invoked
    enum error (*invoke)(struct service *service, const struct invoke_request *request, char ret_request_id[static 37],
                         struct problem *ret_problem);               // `invoke` of invoke.h
    void (*forget)(struct service *service, const char *request_id); // `invoke_forget`
};
enum error lambda_open(struct loop *loop, const struct lambda_options *options, struct lambda **ret_lambda,
                       struct problem *ret_problem);
void lambda_close(struct lambda *lambda); // waits for packages that are being unpacked; NULL is fine
CLEANUP_DEFINE(struct lambda, lambda_close)
uint16_t lambda_port(const struct lambda *lambda);

#define LAMBDA_ARN "arn:aws:lambda:local:000000000000:function:" // before a function's name
