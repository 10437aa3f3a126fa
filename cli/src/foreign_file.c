#include "foreign_file.h"

#include "command.h"

#include <base/file.h>

#include <stdio.h>

bool foreign_file_load(const char *path, struct buffer *bytes, struct model_findings *findings) {
    struct problem problem = {""};
    if (file_read(path, MODEL_BYTES_MAX, bytes, &problem) == ERROR_NONE) return true;
    struct text fault = text_of(problem.text), name = text_of(path);
    if (text_starts_with(fault, name)) fault = text_from(fault, name.length + sizeof ": " - 1); // it is told with it
    model_findings_add(findings, true, 0, TEXT_EMPTY, "%.*s", TEXT_ARG(fault));
    return false;
}

struct caex *foreign_file_read(struct text bytes, struct model_findings *findings) {
    struct caex *caex = NULL;
    struct problem problem = {""};
    if (caex_create(bytes, CAEX_ANY, findings, &caex, &problem) == ERROR_NONE) return caex;
    if (model_findings_errors(findings) == 0) model_findings_add(findings, true, 0, TEXT_EMPTY, "%s", problem.text);
    return NULL;
}

struct caex *foreign_file_open(const char *path, struct buffer *bytes, struct model_findings *findings) {
    return foreign_file_load(path, bytes, findings) ? foreign_file_read(buffer_view(bytes), findings) : NULL;
}

void foreign_file_tell(const char *path, const struct model_findings *findings) {
    const struct model_finding *first = model_findings_at(findings, 0);
    if (model_findings_count(findings) == 1 && first->line == 0 && first->error) {
        refuse("%s: %.*s", path, TEXT_ARG(first->text));
        return;
    }
    CLEANUP(buffer_clear) struct buffer out = {0};
    model_findings_print(findings, path, &out);
    if (out.length > 0) fprintf(stderr, "%.*s", TEXT_ARG(buffer_view(&out)));
}

int foreign_file_refuse(const char *path, const struct model_findings *findings) {
    foreign_file_tell(path, findings);
    bool told = model_findings_count(findings) == 1 && model_findings_at(findings, 0)->line == 0;
    return told ? EXIT_REFUSED : refuse("%s cannot be read", path);
}

int foreign_file_put(const char *path, struct text content) {
    struct problem problem = {""};
    if (path != NULL) return file_write(path, content, 0644, &problem) ? refuse("%s", problem.text) : EXIT_DONE;
    fwrite(content.data, 1, content.length, stdout);
    return EXIT_DONE;
}
