// Laws that hold for every update, tried with generated ones. The merge and the difference are written here a second
// time, on parsed JSON, as a model to compare with.
#include <json/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twin/twin.h>

#include <cmocka.h>

enum { ROUNDS = 4000, REQUEST_LEVELS = 4 };

/* ---- Generated requests ---- */

/// xorshift64: the same requests in every run.
static uint64_t random_state = UINT64_C(0x9E3779B97F4A7C15);
static unsigned random_below(unsigned limit) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % limit;
}

static void put_random_scalar(struct json_writer *writer) {
    static const char *const scalars[] = {"1",    "1.0",   "0",   "-2.5", "\"1\"", "\"\"", "\"\\u00e4 \\\"\"",
                                          "true", "false", "1e3", "1000"};
    json_put_raw(writer, text_of(scalars[random_below(sizeof scalars / sizeof scalars[0])]));
}

static void put_random_value(struct json_writer *writer, unsigned levels, bool in_array);

static void put_random_object(struct json_writer *writer, unsigned levels) {
    json_open_object(writer);
    static const char *const names[] = {"a", "b", "c", "\xC3\xA4\"", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (random_below(5) < 3) continue;
        json_key(writer, names[i]);
        put_random_value(writer, levels - 1, false);
    }
    json_close_object(writer);
}

static void put_random_array(struct json_writer *writer, unsigned levels) {
    json_open_array(writer);
    for (unsigned i = random_below(4); i > 0; i--) put_random_value(writer, levels - 1, true);
    json_close_array(writer);
}

static void put_random_value(struct json_writer *writer, unsigned levels, bool in_array) {
    unsigned choice = random_below(10);
    if (choice == 0 && !in_array) return json_put_null(writer);
    if (choice < 3 && levels > 0) return put_random_array(writer, levels);
    if (choice < 7 && levels > 0) return put_random_object(writer, levels);
    put_random_scalar(writer);
}

static void put_random_section(struct json_writer *writer, const char *name) {
    unsigned choice = random_below(12);
    if (choice < 4) return;
    json_key(writer, name);
    if (choice == 4) return json_put_null(writer);
    put_random_object(writer, REQUEST_LEVELS);
}

static void random_update(struct buffer *out) {
    buffer_reset(out);
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    json_key(&writer, "state");
    if (random_below(50) == 0) {
        json_put_null(&writer);
    } else {
        json_open_object(&writer);
        put_random_section(&writer, "desired");
        put_random_section(&writer, "reported");
        json_close_object(&writer);
    }
    json_close_object(&writer);
}

/* ---- The model: merge and difference on JSON ---- */

static struct json_document *parse(struct text text) {
    struct json_document *document = NULL;
    struct problem problem = {0};
    struct json_limits limits = {.bytes_max = 1 << 20, .depth_max = 64};
    enum error error = json_parse(text, limits, &document, &problem);
    if (error) fail_msg("%s: %.*s", problem.text, TEXT_ARG(text));
    return document;
}

static void model_put_new(struct json_writer *writer, const struct json *value) {
    bool is_object = json_is(value, JSON_OBJECT);
    if (!is_object && !json_is(value, JSON_ARRAY)) return json_put_value(writer, value);
    is_object ? json_open_object(writer) : json_open_array(writer);
    for (struct json_each each = json_each(value); json_next(&each);) {
        if (json_is(each.value, JSON_NULL)) continue;
        if (is_object) json_key_text(writer, each.name);
        model_put_new(writer, each.value);
    }
    is_object ? json_close_object(writer) : json_close_array(writer);
}

static void model_merge(struct json_writer *writer, const struct json *old, const struct json *patch) {
    if (!json_is(old, JSON_OBJECT) || !json_is(patch, JSON_OBJECT)) return model_put_new(writer, patch);
    json_open_object(writer);
    for (struct json_each each = json_each(old); json_next(&each);) {
        const struct json *change = json_member_text(patch, each.name);
        if (json_is(change, JSON_NULL)) continue;
        json_key_text(writer, each.name);
        json_exists(change) ? model_merge(writer, each.value, change) : json_put_value(writer, each.value);
    }
    for (struct json_each each = json_each(patch); json_next(&each);) {
        if (json_is(each.value, JSON_NULL) || json_exists(json_member_text(old, each.name))) continue;
        json_key_text(writer, each.name);
        model_put_new(writer, each.value);
    }
    json_close_object(writer);
}

static void model_section(struct json_writer *writer, const char *name, const struct json *old,
                          const struct json *patch) {
    CLEANUP(buffer_clear) struct buffer merged = {0};
    struct json_writer section = json_writer(&merged);
    if (json_is(patch, JSON_NULL)) return;
    struct json_document *nothing = parse(TEXT("{}"));
    if (!json_exists(old)) old = json_root(nothing);
    json_exists(patch) ? model_merge(&section, old, patch) : json_put_value(&section, old);
    json_destroy(nothing);
    if (strcmp(merged.data, "{}") == 0) return;
    json_key(writer, name);
    json_put_raw(writer, buffer_view(&merged));
}

static struct json_document *model_state(const struct json *old, const struct json *patch) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_open_object(&writer);
    static const char *const names[] = {"desired", "reported"};
    for (size_t i = 0; i < 2 && json_is(patch, JSON_OBJECT); i++)
        model_section(&writer, names[i], json_member(old, names[i]), json_member(patch, names[i]));
    json_close_object(&writer);
    return parse(buffer_view(&out));
}

/// True when `delta` is exactly what `desired` has and `reported` lacks or has differently.
static bool is_difference(const struct json *delta, const struct json *desired, const struct json *reported) {
    size_t count = 0;
    for (struct json_each each = json_each(desired); json_next(&each);) {
        const struct json *other = json_member_text(reported, each.name);
        const struct json *differs = json_member_text(delta, each.name);
        bool both_objects = json_is(each.value, JSON_OBJECT) && json_is(other, JSON_OBJECT);
        bool equal = json_exists(other) && json_equal(each.value, other);
        if (!json_exists(differs) && !equal && !(both_objects && is_difference(NULL, each.value, other))) return false;
        if (!json_exists(differs)) continue;
        count++;
        if (equal) return false;
        if (both_objects && (json_count(differs) == 0 || !is_difference(differs, each.value, other))) return false;
        if (!both_objects && !json_equal(differs, each.value)) return false;
    }
    return count == json_count(delta);
}

/* ---- Metadata ---- */

static bool mirrors(const struct json *metadata, const struct json *state) {
    if (json_is(state, JSON_OBJECT) || json_is(state, JSON_ARRAY)) {
        if (json_kind(metadata) != json_kind(state) || json_count(metadata) != json_count(state)) return false;
        struct json_each in_metadata = json_each(metadata);
        for (struct json_each each = json_each(state); json_next(&each) && json_next(&in_metadata);)
            if (!text_equal(each.name, in_metadata.name) || !mirrors(in_metadata.value, each.value)) return false;
        return true;
    }
    return json_count(metadata) == 1 && json_is(json_member(metadata, "timestamp"), JSON_INTEGER);
}

static bool all_times_are(const struct json *times, int64_t time_s) {
    const struct json *leaf = json_member(times, "timestamp");
    if (json_is(leaf, JSON_INTEGER)) return json_integer(leaf, 0) == time_s;
    for (struct json_each each = json_each(times); json_next(&each);)
        if (!all_times_are(each.value, time_s)) return false;
    return true;
}

/// Leaves that the patch names have the time of the request, arrays as a whole; all others the one that they had.
static bool times_follow(const struct json *times, const struct json *old, const struct json *patch, int64_t now_s) {
    if (!json_exists(patch)) return json_equal(times, old);
    if (!json_is(patch, JSON_OBJECT)) return all_times_are(times, now_s);
    for (struct json_each each = json_each(times); json_next(&each);) {
        const struct json *change = json_member_text(patch, each.name);
        if (!times_follow(each.value, json_member_text(old, each.name), change, now_s)) return false;
    }
    return true;
}

/* ---- The laws ---- */

struct world {
    struct twin *twin;
    struct twin_result result;
    struct buffer request;
    uint64_t now_s;
};

static void send(struct world *world, struct text payload) {
    struct twin_request request = {
        .operation = TWIN_UPDATE, .name = TEXT("t"), .payload = payload, .time_s = ++world->now_s};
    twin_answer(world->twin, &request, &world->result);
}

static void accept(struct world *world) {
    twin_unref(world->twin);
    world->twin = twin_ref(world->result.twin);
}

static void each_update(void (*check)(struct world *world, struct json_document *before)) {
    random_state = UINT64_C(0x9E3779B97F4A7C15);
    struct world world = {.now_s = 1000};
    for (unsigned round = 0; round < ROUNDS; round++) {
        CLEANUP(buffer_clear) struct buffer saved = {0};
        if (world.twin != NULL) twin_save(world.twin, &saved);
        CLEANUP(json_destroy_at)
        struct json_document *before =
            parse(world.twin == NULL ? TEXT("{\"state\":{},\"metadata\":{}}") : buffer_view(&saved));
        random_update(&world.request);
        send(&world, buffer_view(&world.request));
        check(&world, before);
        if (!world.result.error) accept(&world);
    }
    assert_true(twin_version(world.twin) > ROUNDS / 2); // most requests were good
    twin_unref(world.twin);
    twin_result_clear(&world.result);
    buffer_clear(&world.request);
}

static const struct json *current(struct world *world, struct json_document **ret_documents) {
    *ret_documents = parse(buffer_view(&world->result.documents));
    return json_member(json_root(*ret_documents), "current");
}

static void check_merge(struct world *world, struct json_document *before) {
    if (world->result.error) return;
    CLEANUP(json_destroy_at) struct json_document *request = parse(buffer_view(&world->request));
    CLEANUP(json_destroy_at) struct json_document *documents = NULL;
    const struct json *state = json_member(current(world, &documents), "state");
    CLEANUP(json_destroy_at)
    struct json_document *model =
        model_state(json_member(json_root(before), "state"), json_member(json_root(request), "state"));
    assert_true(json_equal(state, json_root(model)));
}

static void the_state_is_the_merge_of_old_and_request(void **state) {
    (void)state;
    each_update(check_merge);
}

static void check_difference(struct world *world, struct json_document *before) {
    (void)before;
    if (world->result.error) return;
    CLEANUP(json_destroy_at) struct json_document *documents = NULL, *delta = NULL;
    const struct json *now = current(world, &documents);
    if (world->result.delta.length > 0) delta = parse(buffer_view(&world->result.delta));
    const struct json *changed = delta == NULL ? NULL : json_member(json_root(delta), "state");
    assert_true(is_difference(changed, json_path(now, TEXT("state/desired")), json_path(now, TEXT("state/reported"))));
    if (delta == NULL) return;
    assert_true(json_count(changed) > 0);
    assert_true(mirrors(json_member(json_root(delta), "metadata"), changed));
    assert_int_equal(json_integer(json_member(json_root(delta), "version"), 0), twin_version(world->result.twin));
}

static void the_delta_is_the_difference_between_desired_and_reported(void **state) {
    (void)state;
    each_update(check_difference);
}

/// Reporting a delta leaves none, except where an object is wanted in place of something else than an object.
static void check_resolution(struct world *world, struct json_document *before) {
    (void)before;
    if (world->result.error || world->result.delta.length == 0) return;
    accept(world);
    CLEANUP(json_destroy_at) struct json_document *delta = parse(buffer_view(&world->result.delta));
    CLEANUP(buffer_clear) struct buffer report = {0};
    struct json_writer writer = json_writer(&report);
    json_open_object(&writer);
    json_key(&writer, "state");
    json_open_object(&writer);
    json_key(&writer, "reported");
    json_put_value(&writer, json_member(json_root(delta), "state"));
    json_close_object(&writer);
    json_close_object(&writer);
    send(world, buffer_view(&report));
    assert_int_equal(world->result.error, ERROR_NONE);
    assert_int_equal(world->result.delta.length, 0);
}

static void reporting_what_the_delta_says_leaves_no_delta(void **state) {
    (void)state;
    each_update(check_resolution);
}

static void check_metadata(struct world *world, struct json_document *before) {
    if (world->result.error) return;
    CLEANUP(json_destroy_at) struct json_document *documents = NULL;
    const struct json *now = current(world, &documents);
    assert_true(mirrors(json_member(now, "metadata"), json_member(now, "state")));
    CLEANUP(json_destroy_at) struct json_document *request = parse(buffer_view(&world->request));
    assert_true(times_follow(json_member(now, "metadata"), json_member(json_root(before), "metadata"),
                             json_member(json_root(request), "state"), (int64_t)world->now_s));
}

static void metadata_mirrors_the_state_and_moves_only_where_the_request_names_a_leaf(void **state) {
    (void)state;
    each_update(check_metadata);
}

static void check_version(struct world *world, struct json_document *before) {
    (void)before;
    assert_int_equal(twin_version(world->result.twin), twin_version(world->twin) + (world->result.error ? 0 : 1));
    if (world->result.error) assert_ptr_equal(world->result.twin, world->twin);
}

static void every_accepted_update_raises_the_version_by_one_and_no_other_does(void **state) {
    (void)state;
    each_update(check_version);
}

static void check_again(struct world *world, struct json_document *before) {
    (void)before;
    if (world->result.error) return;
    accept(world);
    CLEANUP(json_destroy_at) struct json_document *once = NULL, *twice = NULL;
    const struct json *first = json_member(current(world, &once), "state");
    send(world, buffer_view(&world->request));
    assert_int_equal(world->result.error, ERROR_NONE);
    assert_true(json_equal(first, json_member(current(world, &twice), "state")));
}

static void an_update_repeated_changes_nothing_more(void **state) {
    (void)state;
    each_update(check_again);
}

static void check_kept(struct world *world, struct json_document *before) {
    (void)before;
    if (world->result.error) return;
    CLEANUP(buffer_clear) struct buffer saved = {0}, again = {0};
    twin_save(world->result.twin, &saved);
    CLEANUP(twin_unref_at) struct twin *loaded = NULL;
    assert_int_equal(twin_load(buffer_view(&saved), 77, &loaded, NULL), ERROR_NONE);
    twin_save(loaded, &again);
    assert_string_equal(saved.data, again.data);
    assert_int_equal(twin_version(loaded), 77);
    assert_int_equal(twin_memory(loaded), twin_memory(world->result.twin));
}

static void what_is_saved_is_loaded_again_with_every_time(void **state) {
    (void)state;
    each_update(check_kept);
}

static void check_documents(struct world *world, struct json_document *before) {
    if (world->result.error) return;
    CLEANUP(json_destroy_at) struct json_document *documents = parse(buffer_view(&world->result.documents));
    const struct json *previous = json_member(json_root(documents), "previous");
    if (world->twin == NULL) {
        assert_true(json_is(previous, JSON_NULL));
        return;
    }
    assert_true(json_equal(json_member(previous, "state"), json_member(json_root(before), "state")));
    assert_true(json_equal(json_member(previous, "metadata"), json_member(json_root(before), "metadata")));
    assert_int_equal(json_integer(json_member(previous, "version"), 0), twin_version(world->twin));
}

static void documents_carry_the_version_before(void **state) {
    (void)state;
    each_update(check_documents);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_state_is_the_merge_of_old_and_request),
        cmocka_unit_test(the_delta_is_the_difference_between_desired_and_reported),
        cmocka_unit_test(reporting_what_the_delta_says_leaves_no_delta),
        cmocka_unit_test(metadata_mirrors_the_state_and_moves_only_where_the_request_names_a_leaf),
        cmocka_unit_test(every_accepted_update_raises_the_version_by_one_and_no_other_does),
        cmocka_unit_test(an_update_repeated_changes_nothing_more),
        cmocka_unit_test(what_is_saved_is_loaded_again_with_every_time),
        cmocka_unit_test(documents_carry_the_version_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
