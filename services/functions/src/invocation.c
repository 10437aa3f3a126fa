#include "invocation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/// A random UUID (RFC 9562, version 4).
static void make_request_id(char ret_id[static REQUEST_ID_BYTES]) {
    unsigned char random[16];
    if (getrandom(random, sizeof random, 0) != sizeof random) abort(); // cannot fail for so few bytes
    random[6] = (unsigned char)((random[6] & 0x0f) | 0x40);
    random[8] = (unsigned char)((random[8] & 0x3f) | 0x80);
    static const char digits[] = "0123456789abcdef";
    char *at = ret_id;
    for (size_t i = 0; i < sizeof random; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
        *at++ = digits[random[i] >> 4];
        *at++ = digits[random[i] & 0x0f];
    }
    *at = '\0';
}

struct invocation *invocation_create(struct text event) {
    struct invocation *invocation = calloc(1, sizeof *invocation);
    if (invocation == NULL) return NULL;
    make_request_id(invocation->request_id);
    buffer_text(&invocation->event, event);
    if (!invocation->event.failed) return invocation;
    invocation_free(invocation);
    return NULL;
}

struct invocation *invocation_of_changes(struct pending *pending) {
    struct invocation *invocation = invocation_create(TEXT_EMPTY);
    if (invocation != NULL) invocation->pending = pending;
    return invocation;
}

void invocation_free(struct invocation *invocation) {
    if (invocation == NULL) return;
    pending_free(invocation->pending);
    buffer_clear(&invocation->event);
    buffer_clear(&invocation->client_context);
    free(invocation);
}

const char *invocation_thing(const struct invocation *invocation) {
    return invocation->pending == NULL ? NULL : invocation->pending->newest->thing;
}

void invocation_write(const struct invocation *invocation, struct buffer *out) {
    if (invocation->pending != NULL)
        pending_write(invocation->pending, out);
    else
        buffer_text(out, buffer_view(&invocation->event));
}

void invocation_answer(struct invocation *invocation, const struct invoke_result *result) {
    void (*done)(void *, const struct invoke_result *) = invocation->done;
    invocation->done = NULL;
    if (done != NULL) done(invocation->context, result);
}

void invocations_add(struct invocations *list, struct invocation *invocation) {
    struct invocation **at = &list->first;
    while (*at != NULL) at = &(*at)->next;
    invocation->next = NULL;
    *at = invocation;
    list->length++;
}

void invocations_put_first(struct invocations *list, struct invocation *invocation) {
    invocation->next = list->first;
    list->first = invocation;
    list->length++;
}

void invocations_remove(struct invocations *list, struct invocation *invocation) {
    struct invocation **at = &list->first;
    while (*at != invocation) at = &(*at)->next;
    *at = invocation->next;
    invocation->next = NULL;
    list->length--;
}
