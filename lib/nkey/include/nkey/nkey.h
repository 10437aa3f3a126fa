/// Keys and tokens of NATS: what an authentication callout is asked and answers with. Pure but for randomness.
/// Keys: Ed25519, as text in base32 with a prefix and CRC-16. Tokens: JSON Web Tokens with the algorithm
/// "ed25519-nkey". Source: nats-io/nkeys, README; NATS ADR-14 (JWT), ADR-26 (authorization callouts).
#pragma once

#include <base/buffer.h>
#include <base/problem.h>
#include <pki/pki.h>

enum nkey_kind { NKEY_ACCOUNT, NKEY_USER, NKEY_SERVER };

enum {
    NKEY_SEED_BYTES = 59,   // "SA" and 56 more, with NUL
    NKEY_PUBLIC_BYTES = 57, // "A" and 55 more, with NUL
    NKEY_TOKEN_BYTES_MAX = 64 * 1024,
};

struct nkey {
    enum nkey_kind kind;
    unsigned char seed[PKI_SIGN_SEED_BYTES];
    char public[NKEY_PUBLIC_BYTES];
};

/// A new random one, as text.
enum error nkey_make(enum nkey_kind kind, char ret_seed[static NKEY_SEED_BYTES]);
/// ERROR_INVALID: not the text of a seed.
enum error nkey_read_seed(struct text seed, struct nkey *ret_key, struct problem *ret_problem);

/// The token of the claims (JSON), signed.
enum error nkey_sign(const struct nkey *issuer, struct text claims, struct buffer *out);
/// The claims of a token that the public key `issuer` of that kind has signed. ERROR_INVALID when it is no token,
/// ERROR_FORBIDDEN when somebody else signed it. `out` is emptied first.
enum error nkey_verify(struct text token, enum nkey_kind kind, struct text issuer, struct buffer *out,
                       struct problem *ret_problem);
/// The claims without looking at the signature: to read who says to have signed it.
enum error nkey_claims(struct text token, struct buffer *out, struct problem *ret_problem);
