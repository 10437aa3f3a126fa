// Every sequence of data/shadow-vectors.json through the engine.
#include "vectors.h"

#include <base/map.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <twin/twin.h>

#include <cmocka.h>

/// Shadows by name, and a clock that only moves when a step waits.
struct engine {
    struct map *twins;
    struct twin_result result;
    uint64_t now_ms;
};

static enum twin_operation operation_of(const char *name) {
    static const char *const names[] = {[TWIN_GET] = "get", [TWIN_UPDATE] = "update", [TWIN_DELETE] = "delete"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0) return (enum twin_operation)i;
    fail_msg("unknown operation '%s'", name);
    return TWIN_GET;
}

static void exchange(void *context, const struct vector_request *request, struct buffer channels[CHANNEL_COUNT]) {
    struct engine *engine = context;
    engine->now_ms += request->wait_ms;
    CLEANUP(buffer_clear) struct buffer name = {0};
    buffer_text(&name, request->thing);
    if (request->shadow.length > 0) buffer_print(&name, "~%.*s", TEXT_ARG(request->shadow));

    struct twin *before = map_get(engine->twins, buffer_view(&name));
    struct twin_request twin_request = {
        .operation = operation_of(request->operation),
        .name = buffer_view(&name),
        .payload = request->payload,
        .time_s = engine->now_ms / 1000,
    };
    struct twin_result *result = &engine->result;
    twin_answer(before, &twin_request, result);
    buffer_text(&channels[result->error ? CHANNEL_REJECTED : CHANNEL_ACCEPTED], buffer_view(&result->answer));
    buffer_text(&channels[CHANNEL_DELTA], buffer_view(&result->delta));
    buffer_text(&channels[CHANNEL_DOCUMENTS], buffer_view(&result->documents));
    if (result->twin == NULL || result->twin == before) return;
    assert_int_equal(map_set(engine->twins, buffer_view(&name), twin_ref(result->twin)), ERROR_NONE);
    twin_unref(before);
}

static void forget_all(struct engine *engine) {
    size_t at = 0;
    struct text name;
    void *twin;
    while (map_next(engine->twins, &at, &name, &twin)) twin_unref(twin);
    map_destroy(engine->twins);
    twin_result_clear(&engine->result);
}

int main(void) {
    struct engine engine = {.twins = map_create(), .now_ms = 1700000000000};
    struct vector_system system = {exchange, &engine};
    size_t count = 0;
    struct CMUnitTest *tests = vectors_tests(TEST_DATA "/shadow-vectors.json", &system, &count);
    int failed = _cmocka_run_group_tests("shadow vectors", tests, count, NULL, NULL);
    if (count != 74) failed = EXIT_FAILURE; // a case that got lost would not be noticed otherwise
    vectors_free();
    forget_all(&engine);
    return failed;
}
