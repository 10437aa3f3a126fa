#include "document.h"

#include "compile.h"

#include <stdlib.h>
#include <string.h>

const char *const section_names[SECTION_COUNT] = {"desired", "reported"};
const struct tree_node empty_object = {.bytes = sizeof(struct tree_node), .kind = TREE_OBJECT};

const struct tree_node *section_of(const struct tree_node *state, enum section section) {
    static const char *const keys[SECTION_COUNT] = {"\"desired\":", "\"reported\":"};
    if (state == NULL || state->kind != TREE_OBJECT) return NULL;
    for (const struct tree_node *child = NULL; (child = tree_next(state, child)) != NULL;)
        if (text_is(tree_name(child), keys[section])) return child;
    return NULL;
}

/* ---- Sharing ---- */

struct twin *twin_make(uint64_t version, const struct tree_node *tree) {
    size_t tree_bytes = tree == NULL ? sizeof *tree : tree->bytes;
    struct twin *twin = malloc(offsetof(struct twin, state) + tree_bytes);
    if (twin == NULL) return NULL;
    atomic_init(&twin->references, 1);
    twin->exists = tree != NULL;
    twin->version = version;
    twin->tree_bytes = tree_bytes;
    memcpy((char *)twin + offsetof(struct twin, state), tree == NULL ? &empty_object : tree, tree_bytes);
    return twin;
}

struct twin *twin_ref(struct twin *twin) {
    if (twin != NULL) atomic_fetch_add_explicit(&twin->references, 1, memory_order_relaxed);
    return twin;
}

void twin_unref(struct twin *twin) {
    if (twin == NULL) return;
    // Release and acquire: whoever frees sees what the others did with it before.
    if (atomic_fetch_sub_explicit(&twin->references, 1, memory_order_acq_rel) == 1) free(twin);
}

bool twin_exists(const struct twin *twin) {
    return twin != NULL && twin->exists;
}

uint64_t twin_version(const struct twin *twin) {
    return twin == NULL ? 0 : twin->version;
}

size_t twin_memory(const struct twin *twin) {
    return twin == NULL ? 0 : offsetof(struct twin, state) + twin->tree_bytes;
}

/* ---- Keeping ---- */

void twin_save(const struct twin *twin, struct buffer *out) {
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    json_key(&writer, "state");
    tree_write(&writer, &twin->state);
    json_key(&writer, "metadata");
    tree_write_times(&writer, &twin->state);
    json_close_object(&writer);
}

/// A document that this module wrote fits: most time stamps per byte of state has an array of digits.
static const struct json_limits saved_limits = {.bytes_max = 32 * TWIN_STATE_BYTES_MAX,
                                                .depth_max = TWIN_LEVELS_MAX + 8};

static enum error load_sections(const struct json *saved, struct buffer *out, struct problem *ret_problem) {
    const struct json *state = json_member(saved, "state"), *times = json_member(saved, "metadata");
    if (!json_is(state, JSON_OBJECT) || !json_is(times, JSON_OBJECT))
        return problem_say(ret_problem, ERROR_INVALID, "'state' and 'metadata' must be objects");
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        const struct json *section = json_member(state, section_names[i]);
        if (!json_exists(section)) continue;
        if (!json_is(section, JSON_OBJECT) || json_count(section) == 0)
            return problem_say(ret_problem, ERROR_INVALID, "'%s' must be an object with members", section_names[i]);
        const struct json *section_times = json_member(times, section_names[i]);
        if (compile_section(out, text_of(section_names[i]), section, section_times, 0) != COMPILE_GOOD)
            return problem_say(ret_problem, ERROR_INVALID, "'%s' is nested too deep or has a null in an array",
                               section_names[i]);
    }
    return ERROR_NONE;
}

enum error twin_load(struct text document, uint64_t version, struct twin **ret_twin, struct problem *ret_problem) {
    if (document.length == 0) {
        *ret_twin = twin_make(version, NULL);
        return *ret_twin == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
    }
    CLEANUP(json_destroy_at) struct json_document *saved = NULL;
    enum error error = json_parse(document, saved_limits, &saved, ret_problem);
    if (error) return error == ERROR_NO_MEMORY ? error : ERROR_INVALID;

    CLEANUP(buffer_clear) struct buffer tree = {0}, clean = {0};
    size_t begin = tree_begin(&tree, TEXT_EMPTY, TREE_OBJECT);
    error = load_sections(json_root(saved), &tree, ret_problem);
    if (error) return error;
    tree_end(&tree, begin);
    if (tree.failed) return ERROR_NO_MEMORY;
    tree_copy_without_nulls(&clean, tree_at(&tree, begin));
    if (clean.failed) return ERROR_NO_MEMORY;
    if (clean.length != tree.length) return problem_say(ret_problem, ERROR_INVALID, "a kept document has no null");
    *ret_twin = twin_make(version, tree_at(&clean, 0));
    return *ret_twin == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
}

/* ---- Names ---- */

static bool is_name(struct text name, size_t bytes_max) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-";
    if (name.length == 0 || name.length > bytes_max) return false;
    for (size_t i = 0; i < name.length; i++)
        if (memchr(letters, name.data[i], sizeof letters - 1) == NULL) return false;
    return true;
}

bool twin_is_thing_name(struct text name) {
    return is_name(name, TWIN_THING_NAME_BYTES_MAX);
}

bool twin_is_shadow_name(struct text name) {
    return is_name(name, TWIN_SHADOW_NAME_BYTES_MAX);
}
