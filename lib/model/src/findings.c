#include "findings.h"

#include "arena.h"

#include <stdlib.h>

struct model_findings {
    struct model_finding *items;
    size_t count, capacity;
    size_t errors; // of all, also of those not kept
    size_t not_kept;
    struct arena texts;
    bool failed; // out of memory
};

struct model_findings *model_findings_create(void) {
    return calloc(1, sizeof(struct model_findings));
}

void model_findings_destroy(struct model_findings *findings) {
    if (findings == NULL) return;
    arena_clear(&findings->texts);
    free(findings->items);
    free(findings);
}

size_t model_findings_count(const struct model_findings *findings) {
    return findings->count;
}

size_t model_findings_errors(const struct model_findings *findings) {
    return findings->errors;
}

const struct model_finding *model_findings_at(const struct model_findings *findings, size_t index) {
    return index < findings->count ? &findings->items[index] : NULL;
}

bool findings_failed(const struct model_findings *findings) {
    return findings->failed;
}

static bool make_room(struct model_findings *findings) {
    if (findings->count < findings->capacity) return true;
    size_t capacity = findings->capacity == 0 ? 16 : findings->capacity * 2;
    struct model_finding *larger = reallocarray(findings->items, capacity, sizeof *larger);
    if (larger == NULL) return false;
    findings->items = larger;
    findings->capacity = capacity;
    return true;
}

void findings_add(struct model_findings *findings, bool error, unsigned line, struct text path, const char *format,
                  va_list arguments) {
    findings->errors += error;
    if (findings->count >= MODEL_FINDINGS_MAX) {
        findings->not_kept++;
        return;
    }
    struct model_finding finding = {.error = error, .line = line};
    CLEANUP(buffer_clear) struct buffer text = {0};
    buffer_vprint(&text, format, arguments);
    if (text.failed || !arena_copy(&findings->texts, buffer_view(&text), &finding.text) ||
        !arena_copy(&findings->texts, path, &finding.path) || !make_room(findings)) {
        findings->failed = true;
        return;
    }
    findings->items[findings->count++] = finding;
}

void model_findings_add(struct model_findings *findings, bool error, unsigned line, struct text path,
                        const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    findings_add(findings, error, line, path, format, arguments);
    va_end(arguments);
}

static int by_line(const void *a, const void *b) {
    const struct model_finding *first = a, *second = b;
    if (first->line != second->line) return first->line < second->line ? -1 : 1;
    return text_compare(first->text, second->text);
}

void findings_sort(struct model_findings *findings) {
    if (findings->count > 1) qsort(findings->items, findings->count, sizeof *findings->items, by_line);
}

void model_findings_print(const struct model_findings *findings, const char *file_name, struct buffer *out) {
    for (size_t i = 0; i < findings->count; i++) {
        const struct model_finding *finding = &findings->items[i];
        buffer_string(out, file_name);
        if (finding->line > 0) buffer_print(out, ":%u", finding->line);
        buffer_print(out, ": %s: ", finding->error ? "error" : "warning");
        if (finding->path.length > 0) buffer_print(out, "%.*s: ", TEXT_ARG(finding->path));
        buffer_text(out, finding->text);
        buffer_byte(out, '\n');
    }
    if (findings->not_kept > 0) buffer_print(out, "%s: and %zu more\n", file_name, findings->not_kept);
}

enum error findings_say_first(const struct model_findings *findings, enum error error, struct problem *ret_problem) {
    const struct model_finding *first = model_findings_at(findings, 0);
    for (size_t i = 1; first != NULL && !first->error; i++) first = model_findings_at(findings, i);
    if (first == NULL) return problem_say(ret_problem, error, "the model has errors");
    error_ignore(problem_say(ret_problem, error, "%.*s", TEXT_ARG(first->text)));
    if (first->path.length > 0) error_ignore(problem_prefix(ret_problem, error, "%.*s", TEXT_ARG(first->path)));
    if (first->line > 0) error_ignore(problem_prefix(ret_problem, error, "line %u", first->line));
    return error;
}
