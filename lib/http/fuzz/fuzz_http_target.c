// Any bytes as a request target and as a Cookie header. What is accepted is clean text inside its own storage.
#include <http/server.h>

#include <stdlib.h>
#include <string.h>

#include "../src/target.h"

static void check_text(struct text text) {
    if (!text_is_utf8(text)) abort();
    if (text.length > 0 && memchr(text.data, '\0', text.length) != NULL) abort();
}

static void check_target(struct text raw) {
    struct http_target target = {0};
    if (http_target_parse(raw, &target)) {
        if (target.storage != NULL || target.pairs != NULL) abort(); // set only on success
        return;
    }
    if (target.path.length == 0 || target.path.length > raw.length) abort();
    if (target.pair_count > HTTP_QUERY_PAIRS_MAX) abort();
    check_text(target.path);
    for (size_t i = 0; i < target.pair_count; i++) {
        check_text(target.pairs[i].name);
        check_text(target.pairs[i].value);
        if (http_target_query(&target, target.pairs[i].name) > &target.pairs[i]) abort(); // the first of a name counts
    }
    http_target_clear(&target);
}

static void check_cookie(struct text header) {
    struct text value;
    if (!http_cookie_find(header, TEXT("token"), &value)) return;
    if (value.length > header.length) abort();
    if (value.length > 0 && (value.data < header.data || value.data + value.length > header.data + header.length))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text bytes = {(const char *)data, size};
    check_target(bytes);
    check_cookie(bytes);
    return 0;
}
