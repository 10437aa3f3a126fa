// By libsodium, which every program that knows passwords has loaded anyway: OpenSSL would cost the edge 3 MB.

#include <pki/pki.h>

#include <base/cleanup.h>

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { PIECE_BYTES = 32 * 1024 };

static const unsigned char *bytes_of(struct text text) {
    return (const unsigned char *)(text.data == NULL ? "" : text.data);
}

static void finish(crypto_hash_sha256_state *state, char ret_hex[static PKI_DIGEST_BYTES]) {
    unsigned char raw[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(state, raw);
    sodium_bin2hex(ret_hex, PKI_DIGEST_BYTES, raw, sizeof raw);
}

enum error pki_digest(struct text bytes, char ret_hex[static PKI_DIGEST_BYTES]) {
    crypto_hash_sha256_state state;
    if (sodium_init() < 0) return ERROR_INTERNAL;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, bytes_of(bytes), bytes.length);
    finish(&state, ret_hex);
    return ERROR_NONE;
}

enum error pki_digest_file(const char *path, char ret_hex[static PKI_DIGEST_BYTES], struct problem *ret_problem) {
    CLEANUP(file_close_at) FILE *file = fopen(path, "re");
    if (file == NULL) return problem_say(ret_problem, error_from_errno(errno), "%s: %s", path, strerrordesc_np(errno));
    crypto_hash_sha256_state state;
    if (sodium_init() < 0) return problem_say(ret_problem, ERROR_INTERNAL, "%s: %s", path, error_text(ERROR_INTERNAL));
    crypto_hash_sha256_init(&state);
    unsigned char piece[PIECE_BYTES];
    for (size_t got; (got = fread(piece, 1, sizeof piece, file)) > 0;) crypto_hash_sha256_update(&state, piece, got);
    if (ferror(file)) return problem_say(ret_problem, ERROR_IO, "%s: %s", path, error_text(ERROR_IO));
    finish(&state, ret_hex);
    return ERROR_NONE;
}

enum error pki_hmac(struct text key, struct text bytes, char ret_code[static PKI_HMAC_BYTES]) {
    crypto_auth_hmacsha256_state state;
    unsigned char code[crypto_auth_hmacsha256_BYTES];
    if (sodium_init() < 0) return ERROR_INTERNAL;
    crypto_auth_hmacsha256_init(&state, bytes_of(key), key.length);
    crypto_auth_hmacsha256_update(&state, bytes_of(bytes), bytes.length);
    crypto_auth_hmacsha256_final(&state, code);
    memcpy(ret_code, code, sizeof code);
    sodium_memzero(&state, sizeof state);
    return ERROR_NONE;
}
