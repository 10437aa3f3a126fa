#include <json/json.h>

#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

/// A `struct json` is a yyjson value and a `struct json_document` a yyjson document; nobody else needs to know.
static const yyjson_val *value_of(const struct json *value) {
    return (const yyjson_val *)value;
}

static yyjson_val *mutable_of(const struct json *value) {
    return (yyjson_val *)(uintptr_t)value; // yyjson's readers take pointers to non-const and change nothing
}

static const struct json *json_of(const yyjson_val *value) {
    return (const struct json *)value;
}

/* ---- Rules that yyjson leaves to its user: depth and duplicate members ---- */

struct check {
    struct text bytes;
    const char *pool; // yyjson's copy of the text: strings of the document point into it
    unsigned depth_max;
    struct problem *problem;
};

static enum error say_at(const struct check *check, size_t position, enum error error, const char *what) {
    size_t line = 0, column = 0, character = 0;
    if (!yyjson_locate_pos(check->bytes.data, check->bytes.length, position, &line, &column, &character))
        return problem_say(check->problem, error, "JSON: %s", what);
    return problem_say(check->problem, error, "JSON, line %zu, column %zu: %s", line, column, what);
}

/// Where the text first opens more containers than `depth_max`. Only called for valid JSON that is too deep.
static size_t position_too_deep(struct text bytes, unsigned depth_max) {
    unsigned depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < bytes.length; i++) {
        char byte = bytes.data[i];
        if (in_string && byte == '\\') i++;
        if (byte == '"') in_string = !in_string;
        if (in_string) continue;
        if ((byte == '{' || byte == '[') && ++depth > depth_max) return i;
        if (byte == '}' || byte == ']') depth--;
    }
    return bytes.length;
}

static enum error say_duplicate(const struct check *check, const yyjson_val *key) {
    const char *name = unsafe_yyjson_get_str((void *)(uintptr_t)key);
    size_t position = name >= check->pool ? (size_t)(name - check->pool) : check->bytes.length;
    char what[128];
    snprintf(what, sizeof what, "the member '%.80s' stands twice in one object", name);
    return say_at(check, position, ERROR_INVALID, what);
}

static int compare_names(const yyjson_val *a, const yyjson_val *b) {
    size_t a_length = unsafe_yyjson_get_len((void *)(uintptr_t)a);
    size_t b_length = unsafe_yyjson_get_len((void *)(uintptr_t)b);
    if (a_length != b_length) return a_length < b_length ? -1 : 1;
    return memcmp(unsafe_yyjson_get_str((void *)(uintptr_t)a), unsafe_yyjson_get_str((void *)(uintptr_t)b), a_length);
}

static int compare_names_at(const void *a, const void *b) {
    return compare_names(*(const yyjson_val *const *)a, *(const yyjson_val *const *)b);
}

/// The pairwise comparison is the fastest for the few members that objects have; past this it would be quadratic.
enum { MEMBERS_COMPARED_PAIRWISE = 24 };

static enum error check_members_sorted(const struct check *check, yyjson_val *object, size_t count) {
    CLEANUP(free_at) const yyjson_val **names = malloc(count * sizeof *names);
    if (names == NULL) return ERROR_NO_MEMORY;
    size_t index, max;
    yyjson_val *key, *value;
    yyjson_obj_foreach(object, index, max, key, value) names[index] = key;
    qsort(names, count, sizeof *names, compare_names_at);
    for (size_t i = 1; i < count; i++)
        if (compare_names(names[i - 1], names[i]) == 0) return say_duplicate(check, names[i]);
    return ERROR_NONE;
}

static enum error check_members(const struct check *check, yyjson_val *object) {
    const yyjson_val *names[MEMBERS_COMPARED_PAIRWISE];
    size_t count = unsafe_yyjson_get_len(object);
    if (count > MEMBERS_COMPARED_PAIRWISE) return check_members_sorted(check, object, count);
    size_t index, max;
    yyjson_val *key, *value;
    yyjson_obj_foreach(object, index, max, key, value) {
        names[index] = key;
        for (size_t i = 0; i < index; i++)
            if (compare_names(names[i], key) == 0) return say_duplicate(check, key);
    }
    return ERROR_NONE;
}

static enum error check_value(const struct check *check, yyjson_val *value, unsigned depth) {
    if (!unsafe_yyjson_is_ctn(value)) return ERROR_NONE;
    if (depth >= check->depth_max) {
        size_t position = position_too_deep(check->bytes, check->depth_max);
        char what[64];
        snprintf(what, sizeof what, "nested deeper than %u levels", check->depth_max);
        return say_at(check, position, ERROR_TOO_LARGE, what);
    }
    if (unsafe_yyjson_is_obj(value)) {
        enum error error = check_members(check, value);
        if (error) return error;
    }
    for (struct json_each each = json_each(json_of(value)); json_next(&each);) {
        enum error error = check_value(check, mutable_of(each.value), depth + 1);
        if (error) return error;
    }
    return ERROR_NONE;
}

/* ---- Documents ---- */

enum error json_parse(struct text bytes, struct json_limits limits, struct json_document **ret_document,
                      struct problem *ret_problem) {
    if (bytes.length > limits.bytes_max)
        return problem_say(ret_problem, ERROR_TOO_LARGE, "JSON: %zu bytes, at most %zu are taken", bytes.length,
                           limits.bytes_max);
    if (bytes.length == 0) return problem_say(ret_problem, ERROR_INVALID, "JSON: the text is empty");

    unsigned depth_max = limits.depth_max < JSON_DEPTH_MAX ? limits.depth_max : JSON_DEPTH_MAX;
    struct check check = {.bytes = bytes, .depth_max = depth_max, .problem = ret_problem};
    yyjson_read_err failure;
    yyjson_doc *document =
        yyjson_read_opts((char *)(uintptr_t)bytes.data, bytes.length, YYJSON_READ_NOFLAG, NULL, &failure);
    if (document == NULL && failure.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return ERROR_NO_MEMORY;
    if (document == NULL) return say_at(&check, failure.pos, ERROR_INVALID, failure.msg);

    check.pool = document->str_pool;
    enum error error = check_value(&check, document->root, 0);
    if (error) {
        yyjson_doc_free(document);
        return error;
    }
    *ret_document = (struct json_document *)document;
    return ERROR_NONE;
}

void json_destroy(struct json_document *document) {
    yyjson_doc_free((yyjson_doc *)document);
}

const struct json *json_root(const struct json_document *document) {
    return json_of(((const yyjson_doc *)document)->root);
}

/* ---- Values ---- */

bool json_exists(const struct json *value) {
    return value != NULL;
}

/// An integer that int64_t holds; a larger one counts as real.
static bool is_integer(const yyjson_val *value) {
    yyjson_val *v = (yyjson_val *)(uintptr_t)value;
    return unsafe_yyjson_is_int(v) && (unsafe_yyjson_is_sint(v) || unsafe_yyjson_get_uint(v) <= INT64_MAX);
}

enum json_kind json_kind(const struct json *value) {
    const yyjson_val *v = value_of(value);
    switch (yyjson_get_type(mutable_of(value))) {
    case YYJSON_TYPE_BOOL: return JSON_BOOL;
    case YYJSON_TYPE_NUM: return is_integer(v) ? JSON_INTEGER : JSON_REAL;
    case YYJSON_TYPE_STR: return JSON_STRING;
    case YYJSON_TYPE_ARR: return JSON_ARRAY;
    case YYJSON_TYPE_OBJ: return JSON_OBJECT;
    default: return JSON_NULL;
    }
}

bool json_is(const struct json *value, enum json_kind kind) {
    return value != NULL && json_kind(value) == kind;
}

bool json_bool(const struct json *value) {
    return yyjson_get_bool(mutable_of(value));
}

int64_t json_integer(const struct json *value, int64_t otherwise) {
    yyjson_val *v = mutable_of(value);
    if (json_is(value, JSON_INTEGER)) return unsafe_yyjson_get_sint(v);
    if (!yyjson_is_real(v)) return otherwise;
    double real = unsafe_yyjson_get_real(v);
    // 2^63 is the first double that does not fit; -2^63 is the last that does.
    if (!(real >= -0x1p63 && real < 0x1p63)) return otherwise;
    int64_t whole = (int64_t)real;
    return (double)whole == real ? whole : otherwise;
}

double json_real(const struct json *value, double otherwise) {
    yyjson_val *v = mutable_of(value);
    return yyjson_is_num(v) ? yyjson_get_num(v) : otherwise;
}

struct text json_string(const struct json *value) {
    yyjson_val *v = mutable_of(value);
    if (!yyjson_is_str(v)) return TEXT_EMPTY;
    return (struct text){unsafe_yyjson_get_str(v), unsafe_yyjson_get_len(v)};
}

size_t json_count(const struct json *value) {
    yyjson_val *v = mutable_of(value);
    return yyjson_is_ctn(v) ? unsafe_yyjson_get_len(v) : 0;
}

const struct json *json_member(const struct json *object, const char *name) {
    return json_member_text(object, text_of(name));
}

const struct json *json_member_text(const struct json *object, struct text name) {
    return json_of(yyjson_obj_getn(mutable_of(object), name.length == 0 ? "" : name.data, name.length));
}

const struct json *json_path(const struct json *value, struct text path) {
    struct text step;
    while (value != NULL && text_split(&path, '/', &step)) value = json_member_text(value, step);
    return value;
}

const struct json *json_element(const struct json *array, size_t index) {
    return json_of(yyjson_arr_get(mutable_of(array), index));
}

/* ---- Walking ---- */

struct json_each json_each(const struct json *container) {
    size_t count = json_count(container);
    if (count == 0) return (struct json_each){0};
    return (struct json_each){
        .next_ = unsafe_yyjson_get_first(mutable_of(container)),
        .left_ = count,
        .object_ = unsafe_yyjson_is_obj(mutable_of(container)),
    };
}

bool json_next(struct json_each *each) {
    if (each->left_ == 0) return false;
    each->left_--;
    yyjson_val *value = mutable_of(each->next_);
    if (each->object_) {
        each->name = (struct text){unsafe_yyjson_get_str(value), unsafe_yyjson_get_len(value)};
        value++; // a member's value stands right behind its name
    }
    each->value = json_of(value);
    each->next_ = unsafe_yyjson_get_next(value);
    return true;
}

/* ---- Comparing ---- */

static bool numbers_equal(const struct json *a, const struct json *b) {
    yyjson_val *x = mutable_of(a), *y = mutable_of(b);
    if (!yyjson_is_real(x) && !yyjson_is_real(y)) {
        bool a_fits = is_integer(x), b_fits = is_integer(y);
        return a_fits == b_fits && unsafe_yyjson_get_uint(x) == unsafe_yyjson_get_uint(y);
    }
    if (yyjson_is_real(x) && yyjson_is_real(y)) return unsafe_yyjson_get_real(x) == unsafe_yyjson_get_real(y);
    // Integer and real: as doubles they could fall together although they differ, so the integer must survive the
    // way there and back.
    const struct json *integer = yyjson_is_real(x) ? b : a, *real = yyjson_is_real(x) ? a : b;
    if (!is_integer(value_of(integer))) return json_real(integer, 0) == json_real(real, 0);
    int64_t whole = json_integer(integer, 0);
    return json_integer(real, whole == 0) == whole;
}

static bool objects_equal(const struct json *a, const struct json *b) {
    if (json_count(a) != json_count(b)) return false;
    struct json_each in_b = json_each(b);
    for (struct json_each each = json_each(a); json_next(&each);) {
        // Most often both have the same order: look beside before searching.
        const struct json *other =
            json_next(&in_b) && text_equal(in_b.name, each.name) ? in_b.value : json_member_text(b, each.name);
        if (other == NULL || !json_equal(each.value, other)) return false;
    }
    return true;
}

static bool arrays_equal(const struct json *a, const struct json *b) {
    if (json_count(a) != json_count(b)) return false;
    struct json_each in_a = json_each(a), in_b = json_each(b);
    while (json_next(&in_a) && json_next(&in_b))
        if (!json_equal(in_a.value, in_b.value)) return false;
    return true;
}

bool json_equal(const struct json *a, const struct json *b) {
    if (yyjson_is_num(mutable_of(a)) && yyjson_is_num(mutable_of(b))) return numbers_equal(a, b);
    enum json_kind kind = json_kind(a);
    if (kind != json_kind(b)) return false;
    switch (kind) {
    case JSON_BOOL: return json_bool(a) == json_bool(b);
    case JSON_STRING: return text_equal(json_string(a), json_string(b));
    case JSON_ARRAY: return arrays_equal(a, b);
    case JSON_OBJECT: return objects_equal(a, b);
    default: return true;
    }
}
