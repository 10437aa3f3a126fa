// Whatever is read is written back as the same value, and whatever is written can be read.
#include <json/json.h>

#include <stdlib.h>

static struct json_document *parse(struct text text) {
    struct json_document *document = NULL;
    struct json_limits limits = {.bytes_max = 1 << 20, .depth_max = 64};
    enum error error = json_parse(text, limits, &document, NULL);
    if (error != ERROR_NONE && document != NULL) abort();
    return document;
}

static void check_text(struct text text) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_put_text(&writer, text);
    CLEANUP(json_destroy_at) struct json_document *document = parse(buffer_view(&out));
    if (document == NULL) abort();
    if (text_is_utf8(text) && !text_equal(json_string(json_root(document)), text)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text text = {(const char *)data, size};
    if (size < 1000) check_text(text);
    CLEANUP(json_destroy_at) struct json_document *document = parse(text);
    if (document == NULL) return 0;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_put_value(&writer, json_root(document));
    CLEANUP(json_destroy_at) struct json_document *again = parse(buffer_view(&out));
    if (again == NULL || !json_equal(json_root(document), json_root(again))) abort();
    return 0;
}
