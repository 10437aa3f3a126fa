#include "caex.h"

#include "findings.h"

#include <base/nearest.h>
#include <stdlib.h>

enum error caex_read(struct caex *caex, struct text bytes, struct model_findings *findings) {
    caex->findings = findings;
    caex->links_tail = &caex->links;
    caex_key_make(&caex->key);
    enum error error = caex_read_tree(caex, bytes);
    caex_intern_clear(caex);
    if (!error) error = caex_index_names(caex);
    if (!error) error = caex_resolve(caex);
    if (!error) caex_resolve_links(caex);
    return error;
}

void caex_clear(struct caex *caex) {
    caex_intern_clear(caex);
    arena_clear(&caex->arena);
    *caex = (struct caex){0};
}

enum error caex_create(struct text bytes, enum caex_mode mode, struct model_findings *findings, struct caex **ret_caex,
                       struct problem *ret_problem) {
    struct caex *caex = calloc(1, sizeof *caex);
    if (caex == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    caex->mode = mode;
    enum error error = caex_read(caex, bytes, findings);
    findings_sort(findings);
    caex->findings = NULL; // they are the caller's
    if (findings_failed(findings)) error = ERROR_NO_MEMORY;
    if (!error) {
        *ret_caex = caex;
        return ERROR_NONE;
    }
    caex_destroy(caex);
    if (error == ERROR_NO_MEMORY) return problem_say(ret_problem, error, "out of memory");
    return findings_say_first(findings, error, ret_problem);
}

void caex_destroy(struct caex *caex) {
    if (caex == NULL) return;
    caex_clear(caex);
    free(caex);
}

struct caex_node *caex_root(const struct caex *caex) {
    return caex->root;
}

struct text caex_version(const struct caex *caex) {
    return caex->version;
}

void caex_count(const struct caex *caex, size_t ret_counts[CAEX_KINDS]) {
    for (size_t kind = 0; kind < CAEX_KINDS; kind++) ret_counts[kind] = 0;
    for (const struct caex_node *node = caex->root; node != NULL;
         node = caex_walk(caex->root, (struct caex_node *)node))
        ret_counts[node->kind]++;
}

// ---------------------------------------------------------------- findings

enum { PATH_SHOWN_MAX = 512 }; // bytes of the path of an element

/// What stands in the middle of a path that is too long says least.
static struct text clip_path(struct buffer *path) {
    static const char gap[] = "...";
    enum { HALF = (PATH_SHOWN_MAX - (int)sizeof gap) / 2 };
    if (path->length <= PATH_SHOWN_MAX) return buffer_view(path);
    size_t start = caex_clip(buffer_view(path), HALF).length, end = path->length - HALF;
    while (end < path->length && ((unsigned char)path->data[end] & 0xC0) == 0x80) end++; // whole characters
    CLEANUP(buffer_clear) struct buffer clipped = {0};
    buffer_append(&clipped, path->data, start);
    buffer_string(&clipped, gap);
    buffer_append(&clipped, path->data + end, path->length - end);
    buffer_reset(path);
    buffer_text(path, buffer_view(&clipped));
    return buffer_view(path);
}

static void add(struct caex *caex, bool error, unsigned line, const struct caex_node *node, const char *format,
                va_list arguments) __attribute__((format(printf, 5, 0)));
static void add(struct caex *caex, bool error, unsigned line, const struct caex_node *node, const char *format,
                va_list arguments) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    bool kept = model_findings_count(caex->findings) < MODEL_FINDINGS_MAX; // of the others only the number counts
    if (node != NULL && kept) caex_path(node, &path);
    findings_add(caex->findings, error, line, clip_path(&path), format, arguments);
}

void caex_error(struct caex *caex, const struct caex_node *node, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(caex, caex->mode == CAEX_PLANT, node->line, node, format, arguments);
    va_end(arguments);
}

void caex_warning(struct caex *caex, const struct caex_node *node, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(caex, false, node->line, node, format, arguments);
    va_end(arguments);
}

void caex_error_in(struct caex *caex, const struct caex_node *node, unsigned line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(caex, caex->mode == CAEX_PLANT, line, node, format, arguments);
    va_end(arguments);
}

void caex_error_at(struct caex *caex, unsigned line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(caex, caex->mode == CAEX_PLANT, line, NULL, format, arguments);
    va_end(arguments);
}

void caex_fatal_in(struct caex *caex, const struct caex_node *node, unsigned line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(caex, true, line, node, format, arguments);
    va_end(arguments);
}

// ---------------------------------------------------------------- walking

struct caex_node *caex_walk(const struct caex_node *top, struct caex_node *node) {
    if (node->first != NULL) return node->first;
    while (node != top && node->next == NULL) node = node->parent;
    return node == top ? NULL : node->next;
}

static struct caex_node *of_kind(struct caex_node *node, enum caex_kind kind) {
    while (node != NULL && node->kind != kind) node = node->next;
    return node;
}

struct caex_node *caex_first(const struct caex_node *parent, enum caex_kind kind) {
    return of_kind(parent->first, kind);
}

struct caex_node *caex_next(const struct caex_node *node) {
    return of_kind(node->next, node->kind);
}

void caex_path(const struct caex_node *node, struct buffer *out) {
    if (node->parent == NULL) return; // the file
    caex_path(node->parent, out);
    if (node->name.length == 0) return; // roles, and what constraints consist of
    if (out->length > 0) buffer_byte(out, '/');
    buffer_text(out, node->name);
}

enum caex_family caex_family_of(enum caex_kind kind) {
    switch (kind) {
    case CAEX_INTERFACE_CLASS: return FAMILY_INTERFACE;
    case CAEX_ROLE_CLASS: return FAMILY_ROLE;
    case CAEX_UNIT_CLASS: return FAMILY_UNIT;
    case CAEX_TYPE: return FAMILY_TYPE;
    default: return FAMILY_NONE;
    }
}

bool caex_is_a(const struct caex_node *node, const struct caex_node *ancestor) {
    if (ancestor == NULL) return false;
    while (node != NULL && node != ancestor) node = node->base;
    return node != NULL;
}

enum { HINTS_MAX = 50 }; // each looks at many names; a file with more mistakes gets its first ones explained

const char *caex_hint(struct caex *caex, struct text word, const char *const *choices, size_t count) {
    if (caex->hints >= HINTS_MAX) return "";
    caex->hints++;
    const char *nearest = nearest_word(word, choices, count);
    if (nearest == NULL) return "";
    CLEANUP(buffer_clear) struct buffer hint = {0};
    buffer_print(&hint, "; did you mean '%s'?", nearest);
    struct text kept;
    return !hint.failed && arena_copy(&caex->arena, buffer_view(&hint), &kept) ? kept.data : "";
}

const char *caex_hint_child(struct caex *caex, struct text word, enum caex_kind kind,
                            const struct caex_node *const *parents, size_t count) {
    if (caex->hints >= HINTS_MAX) return ""; // before the siblings are counted: there may be many
    size_t names = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        for (struct caex_node *child = caex_first(parents[i], kind); child != NULL; child = caex_next(child)) names++;
    if (names == 0) return "";
    const char **choices = calloc(names, sizeof *choices);
    if (choices == NULL) return "";
    for (size_t i = 0; i < count; i++)
        for (struct caex_node *child = caex_first(parents[i], kind); child != NULL; child = caex_next(child))
            choices[at++] = child->name.data;
    const char *hint = caex_hint(caex, word, choices, names);
    free(choices);
    return hint;
}
