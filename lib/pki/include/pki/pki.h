/// Keys, certificates, passwords. The only module that knows OpenSSL and libsodium.
/// Private keys and secrets are written with mode 0600, and never over existing ones.
#pragma once

#include <base/buffer.h>
#include <base/problem.h>

enum { PKI_SECRET_BYTES = 48 }; // text of a generated secret, with NUL

/// A secret of 32 random bytes as URL-safe base64 without padding.
enum error pki_secret(char ret_secret[static PKI_SECRET_BYTES]);
/// The same into a new file of mode 0600. ERROR_EXISTS when it is there.
enum error pki_secret_make(const char *path, struct problem *ret_problem);
/// Reads a secret from a file: one line, without the line end. Refuses files that others can read.
enum error pki_secret_read(const char *path, struct buffer *ret_secret, struct problem *ret_problem);

/// Argon2id with our own limits (4 MiB, 3 passes: the edge has 24 MB in all). Format of libsodium's crypto_pwhash_str.
enum { PKI_HASH_BYTES = 128 };
enum error pki_password_hash(struct text password, char ret_hash[static PKI_HASH_BYTES]);
bool pki_password_matches(struct text password, const char *hash);

/// SHA-256 in hexadecimal, NUL included: says which bytes these are.
enum { PKI_DIGEST_BYTES = 65 };
enum error pki_digest(struct text bytes, char ret_hex[static PKI_DIGEST_BYTES]);
/// Of a file, in pieces. The problem names the path.
enum error pki_digest_file(const char *path, char ret_hex[static PKI_DIGEST_BYTES], struct problem *ret_problem);

/// HMAC-SHA-256 (RFC 2104). `ret_code` may be the key itself.
enum { PKI_HMAC_BYTES = 32 };
enum error pki_hmac(struct text key, struct text bytes, char ret_code[static PKI_HMAC_BYTES]);

/// A new certificate authority: EC P-256, self-signed, PEM. ERROR_EXISTS when either file is there.
enum error pki_make_authority(const char *certificate_file, const char *key_file, const char *common_name,
                              struct problem *ret_problem);

struct pki_request {
    const char *common_name;
    const char *const *dns_names; // NULL ends
    const char *const *addresses; // "127.0.0.1"; NULL ends
    const char *uri;              // OPC UA application URI; NULL: none
    unsigned days;
    bool server, client; // extended key usage
};
/// A certificate signed by the authority; EC P-256; PEM chain (itself, the authority) and PEM key. The subject is
/// the common name alone, so that the bus can map it to a user. ERROR_EXISTS when either file is there.
enum error pki_make_certificate(const char *authority_certificate_file, const char *authority_key_file,
                                const struct pki_request *request, const char *certificate_file, const char *key_file,
                                struct problem *ret_problem);
/// A self-signed OPC UA application instance certificate (OPC 10000-6, 6.2.2): RSA 2048, SHA-256, DER both.
/// ERROR_EXISTS when either file is there; ERROR_INVALID without `uri`.
enum error pki_make_application_certificate(const struct pki_request *request, const char *certificate_file,
                                            const char *key_file, struct problem *ret_problem);

/// The same certificate and key as PEM (PKCS #8), for tools that want it. ERROR_EXISTS when either file is there.
enum error pki_export_pem(const char *certificate_der, const char *key_der, const char *certificate_pem,
                          const char *key_pem, struct problem *ret_problem);

/// Hex of SHA-1 of a DER file: the thumbprint that OPC UA tools show.
enum { PKI_THUMBPRINT_BYTES = 41 };
enum error pki_thumbprint(const char *der_file, char ret_hex[static PKI_THUMBPRINT_BYTES], struct problem *ret_problem);
/// True when both are equal; takes the same time wherever they differ.
bool pki_equal(struct text a, struct text b);

/// What a certificate in PEM says. The first one, when several follow each other. ERROR_INVALID.
enum { PKI_PEM_BYTES_MAX = 64 * 1024 };
struct pki_certificate {
    char id[PKI_DIGEST_BYTES]; // SHA-256 of its DER in hexadecimal: AWS IoT's certificate id
    char common_name[65];      // RFC 5280: at most 64 characters
    int64_t not_before_s, not_after_s;
};
enum error pki_certificate_read(struct text pem, struct pki_certificate *ret_certificate, struct problem *ret_problem);

/// Ed25519 (RFC 8032). A seed is 32 random bytes; what it signs is verified with its public key.
enum { PKI_SIGN_SEED_BYTES = 32, PKI_SIGN_PUBLIC_BYTES = 32, PKI_SIGNATURE_BYTES = 64 };
enum error pki_sign_public(const unsigned char seed[static PKI_SIGN_SEED_BYTES],
                           unsigned char ret_public[static PKI_SIGN_PUBLIC_BYTES]);
enum error pki_sign(const unsigned char seed[static PKI_SIGN_SEED_BYTES], struct text bytes,
                    unsigned char ret_signature[static PKI_SIGNATURE_BYTES]);
bool pki_sign_verify(const unsigned char public[static PKI_SIGN_PUBLIC_BYTES], struct text bytes,
                     const unsigned char signature[static PKI_SIGNATURE_BYTES]);
