#include "api.h"

#include <access/signature.h>
#include <pki/pki.h>

#include <stdio.h>
#include <string.h>

/* Who may call. People and tools have one token: as a bearer token, or in the cookie that the log-in link sets. Clients
 * made for AWS have an access key each and sign their requests. Cookies belong to a host, not to a port, so the
 * cookie's name holds the port: several plants of one machine do not log each other out. */

enum { COOKIE_NAME_BYTES = 16, COOKIE_DAYS = 30 };

static void cookie_name(const struct api *api, const struct http_request *request,
                        char name[static COOKIE_NAME_BYTES]) {
    unsigned port = http_server_port(http_is_encrypted(request) ? api->encrypted : api->plain);
    snprintf(name, COOKIE_NAME_BYTES, "splc_%u", port);
}

static bool is_token(const struct api *api, struct text given) {
    return pki_equal(given, api->options.token);
}

static bool has_bearer(const struct api *api, const struct http_request *request) {
    static const struct text scheme = {"Bearer ", 7};
    struct text authorization = http_header(request, "Authorization");
    return text_starts_with(authorization, scheme) && is_token(api, text_trim(text_from(authorization, scheme.length)));
}

/// True when it may go on; otherwise it has been answered.
static bool admit_signed(struct api *api, struct http_request *request) {
    struct problem problem = {""};
    enum error error = signature_check(api->keys, request, &problem);
    if (error) http_answer_error(request, error, "%s", problem.text);
    return !error;
}

static bool has_cookie(const struct api *api, const struct http_request *request) {
    char name[COOKIE_NAME_BYTES];
    cookie_name(api, request, name);
    return is_token(api, http_cookie(request, name));
}

static bool changes_something(const struct http_request *request) {
    struct text method = http_method(request);
    return !text_is(method, "GET") && !text_is(method, "HEAD");
}

/// A page of another site may make a browser send the cookie, but not forge the Origin.
static bool is_same_origin(const struct http_request *request) {
    CLEANUP(buffer_clear) struct buffer own = {0};
    struct text host = http_header(request, "Host");
    buffer_print(&own, "http%s://%.*s", http_is_encrypted(request) ? "s" : "", TEXT_ARG(host));
    return host.length > 0 && text_equal(http_header(request, "Origin"), buffer_view(&own));
}

/// Sets the cookie and goes to the page without the token in its address.
static void log_in(const struct api *api, struct http_request *request) {
    char name[COOKIE_NAME_BYTES];
    cookie_name(api, request, name);
    CLEANUP(buffer_clear) struct buffer cookie = {0};
    buffer_print(&cookie, "%s=%.*s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", name,
                 TEXT_ARG(api->options.token), COOKIE_DAYS * 24 * 3600, http_is_encrypted(request) ? "; Secure" : "");
    if (cookie.failed) return http_answer_error(request, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    const struct http_header_line headers[] = {{"Set-Cookie", cookie.data},
                                               {"Location", "/"},
                                               {"Referrer-Policy", "no-referrer"},
                                               {"Content-Type", "text/plain"}};
    http_answer(request, 303, headers, sizeof headers / sizeof headers[0], TEXT_EMPTY);
}

static bool refuse(struct http_request *request) {
    if (text_is(http_path(request), "/") && !changes_something(request))
        console_answer(request, TEXT("/login.html"), 401);
    else
        http_answer_error(request, ERROR_UNAUTHORIZED,
                          "Send \"Authorization: Bearer TOKEN\"; `splc connect http` tells where the token is");
    return false;
}

bool access_check(struct api *api, struct http_request *request) {
    if (console_is_public(http_path(request)) && !changes_something(request)) return true;
    if (has_bearer(api, request)) return true;
    if (signature_is(request)) return admit_signed(api, request);
    bool offers_token =
        text_is(http_path(request), "/") && http_has_query(request, "token") && !changes_something(request);
    if (offers_token && is_token(api, http_query(request, "token"))) return log_in(api, request), false;
    if (!has_cookie(api, request)) return refuse(request);
    if (offers_token) return refuse(request); // a wrong token is told even to those who are logged in
    if (!changes_something(request) || is_same_origin(request)) return true;
    http_answer_error(request, ERROR_FORBIDDEN, "Calls with the cookie must come from this page (header Origin)");
    return false;
}
