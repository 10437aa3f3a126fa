#include "invocation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct invocation *invocation_create(struct text event) {
    struct invocation *invocation = calloc(1, sizeof *invocation);
    if (invocation == NULL) return NULL;
    uuid_make(invocation->request_id);
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
