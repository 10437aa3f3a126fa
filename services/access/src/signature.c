#include <access/signature.h>

#include <base/clock.h>
#include <sigv4/sigv4.h>

#include <stdio.h>

enum { HEADER_NAME_BYTES = 128 };

bool signature_is(const struct http_request *request) {
    return sigv4_is(http_header(request, "Authorization"));
}

static struct text signed_header(void *context, struct text name) {
    char copy[HEADER_NAME_BYTES];
    if (name.length >= sizeof copy) return TEXT_EMPTY;
    snprintf(copy, sizeof copy, "%.*s", TEXT_ARG(name));
    return http_header(context, copy);
}

enum error signature_check(struct access_keys *keys, struct http_request *request, struct problem *ret_problem) {
    struct sigv4_claim claim;
    struct text secret;
    enum error error = sigv4_read(http_header(request, "Authorization"), &claim, ret_problem);
    if (!error) error = access_keys_find(keys, claim.access_key, &secret, ret_problem);
    if (error) return error;
    const struct sigv4_request what = {.method = http_method(request),
                                       .target = http_raw_target(request),
                                       .body = http_body(request),
                                       .header = signed_header,
                                       .context = request};
    return sigv4_verify(&what, &claim, secret, clock_wall_ns() / NS_PER_S, ret_problem);
}
