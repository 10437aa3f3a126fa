// The users file: whatever stands in it, each line is a user, a comment, or refused.

#include "../src/internal.h"

#include <pki/pki.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text rest = {(const char *)data, size};
    unsigned line = 0, users = 0;
    struct user user;
    bool valid;
    while (users_next(&rest, &line, &user, &valid)) {
        users++;
        if (!valid) continue;
        if (user.name.length == 0 || user.hash.length == 0 || user.hash.length >= PKI_HASH_BYTES) abort();
        if (user.role > OPCUA_ADMINISTRATOR) abort();
        if (user.name.data < (const char *)data || user.hash.data + user.hash.length > (const char *)data + size)
            abort();
    }
    if (users > line || rest.length != 0) abort();
    return 0;
}
