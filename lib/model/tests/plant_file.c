#include "plant_file.h"

#include <base/file.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct text read_once(const char *path, struct buffer *file) {
    if (file->length == 0) {
        struct problem problem = {0};
        enum error error = file_read(path, 1024 * 1024, file, &problem);
        assert_string_equal(problem.text, "");
        assert_int_equal(error, ERROR_NONE);
    }
    return buffer_view(file);
}

struct text plant_file(void) {
    static struct buffer file; // the one copy
    return read_once(SOURCE_FOLDER "/plants/mps/plant.aml", &file);
}

struct text mixer_file(void) {
    static struct buffer file;
    return read_once(SOURCE_FOLDER "/plants/mixer/plant.aml", &file);
}

static size_t find_from(struct text text, size_t from, const char *find) {
    const char *found = memmem(text.data + from, text.length - from, find, strlen(find));
    if (found == NULL) fail_msg("'%s' does not stand in the file", find);
    return (size_t)(found - text.data);
}

size_t replace(struct text from, const char *after, const char *find, const char *with, struct buffer *out) {
    size_t start = after == NULL ? 0 : find_from(from, 0, after) + strlen(after);
    size_t at = find_from(from, start, find);
    buffer_append(out, from.data, at);
    buffer_string(out, with);
    buffer_text(out, text_from(from, at + strlen(find)));
    assert_false(out->failed);
    return at;
}

static unsigned line_at(struct text text, size_t offset) {
    unsigned line = 1;
    for (size_t i = 0; i < offset && i < text.length; i++) line += text.data[i] == '\n';
    return line;
}

static struct text line_text(struct text text, unsigned number) {
    struct text line = TEXT_EMPTY;
    for (unsigned i = 0; i < number; i++) text_split(&text, '\n', &line);
    return text_trim(line);
}

static bool contains(struct text text, const char *part) {
    return part[0] == '\0' || memmem(text.data, text.length, part, strlen(part)) != NULL;
}

static bool is_expected(const struct model_finding *finding, const struct mutant *mutant, struct text text,
                        unsigned changed) {
    if (finding->error == mutant->warning) return false;
    if (!text_is(finding->path, mutant->path) || !contains(finding->text, mutant->text)) return false;
    if (mutant->at == NULL) return finding->line == changed;
    if (mutant->at[0] == '\0') return finding->line == 0;
    return text_starts_with(line_text(text, finding->line), text_of(mutant->at));
}

static struct text (*plant_of_mutants)(void);

static void check(void **state) {
    const struct mutant *mutant = *state;
    CLEANUP(buffer_clear) struct buffer changed = {0}, out = {0};
    size_t at = replace(plant_of_mutants(), mutant->after, mutant->find, mutant->with, &changed);
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(plant_destroy_at) struct plant *plant = NULL;
    struct problem problem = {0};
    enum error error = model_read(buffer_view(&changed), findings, &plant, &problem);
    assert_int_equal(error, mutant->warning ? ERROR_NONE : ERROR_INVALID);
    assert_int_equal(plant != NULL, mutant->warning);
    assert_int_equal(problem.text[0] != '\0', !mutant->warning);
    unsigned line = line_at(buffer_view(&changed), at);
    for (size_t i = 0; i < model_findings_count(findings); i++)
        if (is_expected(model_findings_at(findings, i), mutant, buffer_view(&changed), line)) return;
    model_findings_print(findings, "plant.aml", &out);
    fail_msg("no finding at line %u, path '%s' with '%s' among these:\n%.*s", line, mutant->path, mutant->text,
             TEXT_ARG(buffer_view(&out)));
}

int run_mutants(const char *group, struct text (*plant)(void), const struct mutant *mutants, size_t count) {
    plant_of_mutants = plant;
    struct CMUnitTest *tests = calloc(count, sizeof *tests);
    if (tests == NULL) return EXIT_FAILURE;
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){mutants[i].name, check, NULL, NULL, (void *)&mutants[i]};
    int failed = _cmocka_run_group_tests(group, tests, count, NULL, NULL);
    free(tests);
    return failed;
}
