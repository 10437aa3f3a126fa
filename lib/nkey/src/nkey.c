#include <nkey/nkey.h>

#include "text32.h"

#include <base/cleanup.h>

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/// The first byte of a key: its first letter in base32. A seed has two letters, "S" and the kind's.
enum { PREFIX_SEED = 18 << 3, PREFIX_SEED_BYTES = 2 };
static const unsigned char prefixes[] = {[NKEY_ACCOUNT] = 0, [NKEY_USER] = 20 << 3, [NKEY_SERVER] = 13 << 3};

static enum error write_public(enum nkey_kind kind, const unsigned char *key, char ret_public[NKEY_PUBLIC_BYTES]) {
    unsigned char whole[1 + PKI_SIGN_PUBLIC_BYTES] = {prefixes[kind]};
    memcpy(whole + 1, key, PKI_SIGN_PUBLIC_BYTES);
    CLEANUP(buffer_clear) struct buffer text = {0};
    text32_write(whole, sizeof whole, &text);
    if (text.failed || text.length != NKEY_PUBLIC_BYTES - 1) return ERROR_NO_MEMORY;
    memcpy(ret_public, text.data, NKEY_PUBLIC_BYTES);
    return ERROR_NONE;
}

static bool read_public(struct text public, enum nkey_kind kind, unsigned char ret_key[PKI_SIGN_PUBLIC_BYTES]) {
    unsigned char whole[1 + PKI_SIGN_PUBLIC_BYTES];
    if (!text32_read(public, whole, sizeof whole) || whole[0] != prefixes[kind]) return false;
    memcpy(ret_key, whole + 1, PKI_SIGN_PUBLIC_BYTES);
    return true;
}

enum error nkey_make(enum nkey_kind kind, char ret_seed[static NKEY_SEED_BYTES]) {
    unsigned char whole[PREFIX_SEED_BYTES + PKI_SIGN_SEED_BYTES] = {0};
    whole[0] = (unsigned char)(PREFIX_SEED | prefixes[kind] >> 5);
    whole[1] = (unsigned char)((prefixes[kind] & 31) << 3);
    if (getrandom(whole + PREFIX_SEED_BYTES, PKI_SIGN_SEED_BYTES, 0) != PKI_SIGN_SEED_BYTES) return ERROR_INTERNAL;
    CLEANUP(buffer_clear) struct buffer text = {0};
    text32_write(whole, sizeof whole, &text);
    if (text.failed || text.length != NKEY_SEED_BYTES - 1) return ERROR_NO_MEMORY;
    memcpy(ret_seed, text.data, NKEY_SEED_BYTES);
    return ERROR_NONE;
}

enum error nkey_read_seed(struct text seed, struct nkey *ret_key, struct problem *ret_problem) {
    unsigned char whole[PREFIX_SEED_BYTES + PKI_SIGN_SEED_BYTES] = {0};
    if (!text32_read(seed, whole, sizeof whole) || (whole[0] & 0xf8) != PREFIX_SEED)
        return problem_say(ret_problem, ERROR_INVALID,
                           "not the seed of a key; one begins with \"S\" and has 58 letters");
    unsigned char prefix = (unsigned char)((whole[0] & 7) << 5 | whole[1] >> 3);
    for (int kind = NKEY_ACCOUNT; kind <= NKEY_SERVER; kind++) {
        if (prefixes[kind] != prefix) continue;
        ret_key->kind = (enum nkey_kind)kind;
        memcpy(ret_key->seed, whole + PREFIX_SEED_BYTES, PKI_SIGN_SEED_BYTES);
        unsigned char public[PKI_SIGN_PUBLIC_BYTES];
        enum error error = pki_sign_public(ret_key->seed, public);
        return error ? error : write_public(ret_key->kind, public, ret_key->public);
    }
    return problem_say(ret_problem, ERROR_INVALID, "a key of a kind that is not used here");
}

// --- tokens ---

static const char header[] = "{\"typ\":\"JWT\",\"alg\":\"ed25519-nkey\"}";

static void write_url64(struct text bytes, struct buffer *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned held = 0, bits = 0;
    for (size_t i = 0; i < bytes.length; i++) {
        held = (held << 8 | (unsigned char)bytes.data[i]) & 0xffff;
        for (bits += 8; bits >= 6; bits -= 6) buffer_byte(out, digits[held >> (bits - 6) & 63]);
    }
    if (bits > 0) buffer_byte(out, digits[held << (6 - bits) & 63]);
}

static int digit_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

static bool read_url64(struct text text, struct buffer *out) {
    unsigned held = 0, bits = 0;
    for (size_t i = 0; i < text.length; i++) {
        int digit = digit_of(text.data[i]);
        if (digit < 0) return false;
        held = (held << 6 | (unsigned)digit) & 0xffff;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        buffer_byte(out, (char)(held >> bits));
    }
    return !out->failed && (held & ((1u << bits) - 1)) == 0 && bits < 6;
}

enum error nkey_sign(const struct nkey *issuer, struct text claims, struct buffer *out) {
    size_t start = out->length;
    write_url64((struct text){header, sizeof header - 1}, out);
    buffer_byte(out, '.');
    write_url64(claims, out);
    if (out->failed) return ERROR_NO_MEMORY;
    unsigned char signature[PKI_SIGNATURE_BYTES];
    struct text signed_part = {out->data + start, out->length - start};
    enum error error = pki_sign(issuer->seed, signed_part, signature);
    if (error) return error;
    buffer_byte(out, '.');
    write_url64((struct text){(const char *)signature, sizeof signature}, out);
    return out->failed ? ERROR_NO_MEMORY : ERROR_NONE;
}

struct parts {
    struct text signed_part, claims, signature;
};

static bool take_parts(struct text token, struct parts *parts) {
    struct text rest = token, head;
    if (token.length > NKEY_TOKEN_BYTES_MAX) return false;
    if (!text_split(&rest, '.', &head) || !text_split(&rest, '.', &parts->claims)) return false;
    parts->signature = rest;
    if (rest.length == 0) return false;
    parts->signed_part = (struct text){token.data, head.length + 1 + parts->claims.length};
    return true;
}

static enum error read_claims(struct text token, struct parts *parts, struct buffer *out, struct problem *ret_problem) {
    buffer_reset(out);
    if (take_parts(token, parts) && read_url64(parts->claims, out) && out->length > 0) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_INVALID, "not a token of NATS");
}

enum error nkey_claims(struct text token, struct buffer *out, struct problem *ret_problem) {
    struct parts parts = {0};
    return read_claims(token, &parts, out, ret_problem);
}

enum error nkey_verify(struct text token, enum nkey_kind kind, struct text issuer, struct buffer *out,
                       struct problem *ret_problem) {
    struct parts parts = {0};
    unsigned char public[PKI_SIGN_PUBLIC_BYTES];
    CLEANUP(buffer_clear) struct buffer signature = {0};
    enum error error = read_claims(token, &parts, out, ret_problem);
    if (error) return error;
    if (read_public(issuer, kind, public) && read_url64(parts.signature, &signature) &&
        signature.length == PKI_SIGNATURE_BYTES &&
        pki_sign_verify(public, parts.signed_part, (const unsigned char *)signature.data))
        return ERROR_NONE;
    return problem_say(ret_problem, ERROR_FORBIDDEN, "the token is not signed by %.*s", TEXT_ARG(issuer));
}
