// Whatever comes as a token or seed: read or refused, and never taken for signed by a key that nobody has.
#include <nkey/nkey.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text bytes = {(const char *)data, size};
    struct buffer out = {0};
    struct nkey key;
    struct problem problem = {0};
    if (nkey_read_seed(bytes, &key, &problem) != ERROR_NONE && problem.text[0] == '\0') abort();
    struct text issuer = TEXT("ABJHLOVMPA4CI6R5KLNGOB4GSLNIY7IOUPAJC4YFNDLQVIOBYQGUWVLA");
    if (nkey_verify(bytes, NKEY_ACCOUNT, issuer, &out, &problem) == ERROR_NONE) abort();
    error_ignore(nkey_claims(bytes, &out, &problem));
    buffer_clear(&out);
    return 0;
}
