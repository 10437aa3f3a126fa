// A sequence of requests, one a line: 'u', 'g' or 'd' and the payload. Whatever comes, an accepted update raises the
// version by one, everything else leaves the twin alone; all that is published is JSON; what is kept can be loaded.
#include <json/json.h>
#include <stdlib.h>
#include <string.h>
#include <twin/twin.h>

static struct json_document *parse(const struct buffer *text) {
    struct json_document *document = NULL;
    struct json_limits limits = {.bytes_max = 16 << 20, .depth_max = 64};
    if (json_parse(buffer_view(text), limits, &document, NULL) != ERROR_NONE) abort();
    return document;
}

static void check_published(const struct twin_result *result) {
    json_destroy(parse(&result->answer));
    if (result->delta.length > 0) json_destroy(parse(&result->delta));
    if (result->documents.length > 0) json_destroy(parse(&result->documents));
}

static void check_kept(const struct twin *twin) {
    CLEANUP(buffer_clear) struct buffer saved = {0}, again = {0};
    CLEANUP(twin_unref_at) struct twin *loaded = NULL;
    twin_save(twin, &saved);
    if (twin_load(buffer_view(&saved), twin_version(twin), &loaded, NULL) != ERROR_NONE) abort();
    twin_save(loaded, &again);
    if (!text_equal(buffer_view(&saved), buffer_view(&again))) abort();
}

static void check(const struct twin *before, const struct twin_request *request, const struct twin_result *result) {
    check_published(result);
    bool changes = !result->error && request->operation != TWIN_GET;
    if (twin_version(result->twin) != twin_version(before) + (changes ? 1 : 0)) abort();
    if (!changes && result->twin != before) abort();
    if (twin_exists(result->twin)) check_kept(result->twin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char letters[] = {[TWIN_GET] = 'g', [TWIN_UPDATE] = 'u', [TWIN_DELETE] = 'd'};
    struct twin *twin = NULL;
    struct twin_result result = {0};
    struct text rest = {(const char *)data, size}, line;
    for (uint64_t now_s = 1; text_split(&rest, '\n', &line); now_s++) {
        const char *letter = line.length == 0 ? NULL : memchr(letters, line.data[0], sizeof letters);
        if (letter == NULL) continue;
        struct twin_request request = {
            .operation = (enum twin_operation)(letter - letters),
            .name = TEXT("thing"),
            .payload = text_from(line, 1),
            .time_s = now_s,
        };
        twin_answer(twin, &request, &result);
        check(twin, &request, &result);
        twin_unref(twin);
        twin = twin_ref(result.twin);
    }
    twin_unref(twin);
    twin_result_clear(&result);
    return 0;
}
