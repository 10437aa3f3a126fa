#include <pki/pki.h>

#include <sodium.h>

static const unsigned char *bytes_of(struct text text) {
    return (const unsigned char *)(text.data == NULL ? "" : text.data);
}

enum error pki_sign_public(const unsigned char seed[static PKI_SIGN_SEED_BYTES],
                           unsigned char ret_public[static PKI_SIGN_PUBLIC_BYTES]) {
    unsigned char secret[crypto_sign_SECRETKEYBYTES];
    if (sodium_init() < 0 || crypto_sign_seed_keypair(ret_public, secret, seed) != 0) return ERROR_INTERNAL;
    sodium_memzero(secret, sizeof secret);
    return ERROR_NONE;
}

enum error pki_sign(const unsigned char seed[static PKI_SIGN_SEED_BYTES], struct text bytes,
                    unsigned char ret_signature[static PKI_SIGNATURE_BYTES]) {
    unsigned char secret[crypto_sign_SECRETKEYBYTES], public[crypto_sign_PUBLICKEYBYTES];
    if (sodium_init() < 0 || crypto_sign_seed_keypair(public, secret, seed) != 0) return ERROR_INTERNAL;
    int result = crypto_sign_detached(ret_signature, NULL, bytes_of(bytes), bytes.length, secret);
    sodium_memzero(secret, sizeof secret);
    return result == 0 ? ERROR_NONE : ERROR_INTERNAL;
}

bool pki_sign_verify(const unsigned char public[static PKI_SIGN_PUBLIC_BYTES], struct text bytes,
                     const unsigned char signature[static PKI_SIGNATURE_BYTES]) {
    return sodium_init() >= 0 && crypto_sign_verify_detached(signature, bytes_of(bytes), bytes.length, public) == 0;
}
