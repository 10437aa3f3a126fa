#include <sigv4/sigv4.h>

#include "canonical.h"

#include <base/cleanup.h>
#include <pki/pki.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct text algorithm = {"AWS4-HMAC-SHA256", 16};

bool sigv4_is(struct text authorization) {
    return text_starts_with(authorization, algorithm);
}

// --- the claim ---

static enum error read_scope(struct text credential, struct sigv4_claim *claim) {
    struct text rest = credential, end;
    if (!text_split(&rest, '/', &claim->access_key) || claim->access_key.length == 0) return ERROR_INVALID;
    claim->scope = rest;
    bool complete = text_split(&rest, '/', &claim->date) && text_split(&rest, '/', &claim->region) &&
                    text_split(&rest, '/', &claim->service) && text_split(&rest, '/', &end);
    return complete && rest.length == 0 && text_is(end, "aws4_request") ? ERROR_NONE : ERROR_INVALID;
}

static enum error read_part(struct text part, struct sigv4_claim *claim) {
    struct text name;
    if (!text_split(&part, '=', &name)) return ERROR_INVALID;
    if (text_is(name, "Credential")) return read_scope(part, claim);
    if (text_is(name, "SignedHeaders")) claim->signed_headers = part;
    if (text_is(name, "Signature")) claim->signature = part;
    return ERROR_NONE;
}

enum error sigv4_read(struct text authorization, struct sigv4_claim *ret_claim, struct problem *ret_problem) {
    struct sigv4_claim claim = {0};
    enum error error = sigv4_is(authorization) ? ERROR_NONE : ERROR_INVALID;
    struct text rest = text_from(authorization, algorithm.length), part;
    while (!error && text_split(&rest, ',', &part)) error = read_part(text_trim(part), &claim);
    bool complete = claim.access_key.length > 0 && claim.signed_headers.length > 0 && claim.signature.length > 0;
    if (error || !complete) {
        return problem_say(ret_problem, ERROR_INVALID,
                           "the signature is not of the form \"AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., "
                           "Signature=...\"");
    }
    *ret_claim = claim;
    return ERROR_NONE;
}

// --- the time ---

/// "20150830T123600Z" to seconds since 1970; -1 when it is something else.
static int64_t read_time(struct text text) {
    char copy[20];
    if (text.length != sizeof "20150830T123600Z" - 1) return -1;
    snprintf(copy, sizeof copy, "%.*s", TEXT_ARG(text));
    struct tm time = {0};
    const char *end = strptime(copy, "%Y%m%dT%H%M%SZ", &time);
    return end == NULL || *end != '\0' ? -1 : (int64_t)timegm(&time);
}

static enum error check_time(struct text date, const struct sigv4_claim *claim, uint64_t now_s,
                             struct problem *problem) {
    int64_t then_s = read_time(date);
    if (then_s < 0) return problem_say(problem, ERROR_FORBIDDEN, "x-amz-date must be like 20150830T123600Z");
    if (claim->date.length != sizeof "20150830" - 1 || !text_starts_with(date, claim->date)) {
        return problem_say(problem, ERROR_FORBIDDEN, "the credential's scope is of another day than x-amz-date");
    }
    int64_t apart_s = then_s - (int64_t)now_s;
    if (apart_s <= SIGV4_SKEW_S && apart_s >= -SIGV4_SKEW_S) return ERROR_NONE;
    return problem_say(
        problem, ERROR_FORBIDDEN,
        "signed at %.*s, which is %lld s %s: set the clocks of client and server, they may be %d min apart",
        TEXT_ARG(date), (long long)(apart_s < 0 ? -apart_s : apart_s), apart_s < 0 ? "ago" : "ahead",
        SIGV4_SKEW_S / 60);
}

// --- what is signed ---

static bool signs(const struct sigv4_claim *claim, const char *header) {
    struct text rest = claim->signed_headers, name;
    while (text_split(&rest, ';', &name)) {
        if (text_is(name, header)) return true;
    }
    return false;
}

/// The digest of the body as it is here; it must be the one that the header names.
static enum error digest_body(const struct sigv4_request *request, char hex[static PKI_DIGEST_BYTES],
                              struct problem *problem) {
    enum error error = pki_digest(request->body, hex);
    if (error) return problem_say(problem, error, "%s", error_text(error));
    struct text told = request->header(request->context, TEXT("x-amz-content-sha256"));
    if (told.length == 0 || text_is(told, hex)) return ERROR_NONE;
    return problem_say(problem, ERROR_FORBIDDEN, "the body is not the one that was signed (x-amz-content-sha256)");
}

static enum error put_canonical(const struct sigv4_request *request, const struct sigv4_claim *claim,
                                struct buffer *out, struct problem *problem) {
    char body[PKI_DIGEST_BYTES];
    enum error error = digest_body(request, body, problem);
    if (error) return error;
    buffer_text(out, request->method);
    buffer_byte(out, '\n');
    canonical_put_path(request->target, out);
    buffer_byte(out, '\n');
    error = canonical_put_query(request->target, out);
    buffer_byte(out, '\n');
    if (!error) error = canonical_put_headers(request, claim->signed_headers, out);
    buffer_print(out, "\n%.*s\n%s", TEXT_ARG(claim->signed_headers), body);
    if (!error && out->failed) error = ERROR_NO_MEMORY;
    return error ? problem_say(problem, ERROR_FORBIDDEN, "the request cannot be read: %s", error_text(error)) : error;
}

// --- the signature ---

static enum error derive_key(const struct sigv4_claim *claim, struct text secret, char key[static PKI_HMAC_BYTES]) {
    CLEANUP(buffer_clear) struct buffer first = {0};
    buffer_print(&first, "AWS4%.*s", TEXT_ARG(secret));
    if (first.failed) return ERROR_NO_MEMORY;
    enum error error = pki_hmac(buffer_view(&first), claim->date, key);
    const struct text steps[] = {claim->region, claim->service, TEXT("aws4_request")};
    for (size_t i = 0; !error && i < sizeof steps / sizeof *steps; i++) {
        error = pki_hmac((struct text){key, PKI_HMAC_BYTES}, steps[i], key);
    }
    return error;
}

static enum error sign(const struct sigv4_claim *claim, struct text date, struct text canonical, struct text secret,
                       char hex[static 2 * PKI_HMAC_BYTES + 1]) {
    char digest[PKI_DIGEST_BYTES], key[PKI_HMAC_BYTES], signature[PKI_HMAC_BYTES];
    enum error error = pki_digest(canonical, digest);
    CLEANUP(buffer_clear) struct buffer text = {0};
    buffer_print(&text, "AWS4-HMAC-SHA256\n%.*s\n%.*s\n%s", TEXT_ARG(date), TEXT_ARG(claim->scope), digest);
    if (!error && text.failed) error = ERROR_NO_MEMORY;
    if (!error) error = derive_key(claim, secret, key);
    if (!error) error = pki_hmac((struct text){key, sizeof key}, buffer_view(&text), signature);
    for (size_t i = 0; !error && i < sizeof signature; i++) {
        snprintf(hex + 2 * i, 3, "%02x", (unsigned char)signature[i]);
    }
    return error;
}

enum error sigv4_verify(const struct sigv4_request *request, const struct sigv4_claim *claim, struct text secret,
                        uint64_t now_s, struct problem *ret_problem) {
    if (!signs(claim, "host") || !signs(claim, "x-amz-date")) {
        return problem_say(ret_problem, ERROR_FORBIDDEN, "the headers host and x-amz-date must be signed");
    }
    struct text date = text_trim(request->header(request->context, TEXT("x-amz-date")));
    enum error error = check_time(date, claim, now_s, ret_problem);
    CLEANUP(buffer_clear) struct buffer canonical = {0};
    if (!error) error = put_canonical(request, claim, &canonical, ret_problem);
    if (error) return error;
    char hex[2 * PKI_HMAC_BYTES + 1];
    error = sign(claim, date, buffer_view(&canonical), secret, hex);
    if (error) return problem_say(ret_problem, error, "%s", error_text(error));
    if (pki_equal(text_of(hex), claim->signature)) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_FORBIDDEN,
                       "the signature is not that of the secret access key for this request: check the key");
}
