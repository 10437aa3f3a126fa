/// A message of the twin service, believed or not: what is accepted can be queued, joined and written as an event that
/// is JSON again.
#include "../src/change.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct function_trigger triggers[] = {
    {.twin = "m*", .path = "reported"}, {.twin = "*", .path = "reported/a/b"}, {.twin = "mps", .path = ""}};
static const char *const state[] = {"mine"};

static void check_event(const struct pending *pending) {
    CLEANUP(buffer_clear) struct buffer event = {0};
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    pending_write(pending, &event);
    struct json_limits limits = {4 * CHANGE_BYTES_MAX, 80};
    if (json_parse(buffer_view(&event), limits, &document, NULL)) abort();
    if (!json_equal(json_member(json_root(document), "current"), pending->newest->current)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct change_filter filter = {triggers, 3, state, 1};
    struct change *change = NULL;
    struct text message = {(const char *)data, size};
    if (change_read(TEXT("$aws.things.mps.shadow.update.documents"), message, &change, NULL)) return 0;
    (void)change_concerns(change, NULL, &filter);
    struct queue queue = {0};
    if (queue_add(&queue, change) || queue_add(&queue, change) || queue.length != 1) abort();
    change_unref(change);
    struct pending *pending = queue_take(&queue, NULL, NULL);
    check_event(pending);
    if (queue_put_back(&queue, pending)) abort();
    queue_clear(&queue);
    return 0;
}
