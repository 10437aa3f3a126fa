#include <pki/pki.h>

#include <base/cleanup.h>

#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum { PIECE_BYTES = 32 * 1024, DIGEST_RAW_BYTES = 32 };

static void clear(EVP_MD_CTX **context) {
    EVP_MD_CTX_free(*context);
}

static enum error finish(EVP_MD_CTX *context, char ret_hex[static PKI_DIGEST_BYTES]) {
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (EVP_DigestFinal_ex(context, raw, &length) != 1 || length != DIGEST_RAW_BYTES) return ERROR_INTERNAL;
    for (unsigned i = 0; i < length; i++) snprintf(ret_hex + 2 * (size_t)i, 3, "%02x", raw[i]);
    return ERROR_NONE;
}

enum error pki_digest(struct text bytes, char ret_hex[static PKI_DIGEST_BYTES]) {
    CLEANUP(clear) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL) return ERROR_NO_MEMORY;
    bool fed = EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
               EVP_DigestUpdate(context, bytes.data == NULL ? "" : bytes.data, bytes.length) == 1;
    return fed ? finish(context, ret_hex) : ERROR_INTERNAL;
}

enum error pki_digest_file(const char *path, char ret_hex[static PKI_DIGEST_BYTES], struct problem *ret_problem) {
    CLEANUP(clear) EVP_MD_CTX *context = EVP_MD_CTX_new();
    CLEANUP(file_close_at) FILE *file = fopen(path, "re");
    if (file == NULL) return problem_say(ret_problem, error_from_errno(errno), "%s: %s", path, strerrordesc_np(errno));
    bool fed = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    char piece[PIECE_BYTES];
    for (size_t got; fed && (got = fread(piece, 1, sizeof piece, file)) > 0;)
        fed = EVP_DigestUpdate(context, piece, got) == 1;
    if (ferror(file)) return problem_say(ret_problem, ERROR_IO, "%s: %s", path, error_text(ERROR_IO));
    enum error error = fed ? finish(context, ret_hex) : ERROR_INTERNAL;
    return error ? problem_say(ret_problem, error, "%s: %s", path, error_text(error)) : ERROR_NONE;
}

enum error pki_hmac(struct text key, struct text bytes, char ret_code[static PKI_HMAC_BYTES]) {
    unsigned char code[PKI_HMAC_BYTES];
    unsigned length = 0;
    const unsigned char *data = (const unsigned char *)(bytes.data == NULL ? "" : bytes.data);
    if (key.length > INT_MAX) return ERROR_TOO_LARGE;
    if (HMAC(EVP_sha256(), key.data == NULL ? "" : key.data, (int)key.length, data, bytes.length, code, &length) ==
        NULL)
        return ERROR_INTERNAL;
    memcpy(ret_code, code, sizeof code);
    return ERROR_NONE;
}
