// Whatever a client sends as header, target and body: it is read or refused, and never taken for signed.
#include <sigv4/sigv4.h>

#include <stdlib.h>

static struct text header(void *context, struct text name) {
    (void)name;
    return *(const struct text *)context;
}

/// The first line is the Authorization, the second the target, the third every header, the rest the body.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text rest = {(const char *)data, size}, authorization, target, value;
    if (!text_split(&rest, '\n', &authorization) || !text_split(&rest, '\n', &target) ||
        !text_split(&rest, '\n', &value))
        return 0;
    struct sigv4_claim claim;
    struct problem problem;
    if (sigv4_read(authorization, &claim, &problem)) return 0;
    if (claim.access_key.length == 0 || claim.signature.length == 0) abort();
    const struct sigv4_request request = {TEXT("GET"), target, rest, header, &value};
    if (sigv4_verify(&request, &claim, TEXT("the secret that nobody has guessed"), 1440938160, &problem) == ERROR_NONE)
        abort();
    return 0;
}
