#include "words.h"

#include <json/json.h>

enum { WORD_BYTES_MAX = 64 * 1024 };

/// Objects and arrays are no arguments of methods: they stay texts, too.
static bool is_scalar(const struct json *value) {
    return !json_is(value, JSON_OBJECT) && !json_is(value, JSON_ARRAY);
}

void words_print(const char *const *words, size_t count, struct buffer *out) {
    struct json_writer writer = json_writer(out);
    json_open_array(&writer);
    for (size_t i = 0; i < count; i++) {
        CLEANUP(json_destroy_at) struct json_document *document = NULL;
        const struct json_limits limits = {WORD_BYTES_MAX, 1};
        enum error error = json_parse(text_of(words[i]), limits, &document, NULL);
        if (!error && is_scalar(json_root(document)))
            json_put_value(&writer, json_root(document));
        else
            json_put_string(&writer, words[i]);
    }
    json_close_array(&writer);
}
