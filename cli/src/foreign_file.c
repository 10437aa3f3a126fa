#include "foreign_file.h"

#include "command.h"

#include <base/file.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool foreign_file_load(const char *path, size_t bytes_max, struct buffer *bytes) {
    struct problem problem = {""};
    if (file_read(path, bytes_max, bytes, &problem) == ERROR_NONE) return true;
    refuse("%s", problem.text);
    return false;
}

void foreign_file_tell(const char *path, const struct model_findings *findings) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    model_findings_print(findings, path, &out);
    if (out.length > 0) fprintf(stderr, "%.*s", TEXT_ARG(buffer_view(&out)));
}

struct caex *foreign_file_read(const char *path, struct text bytes, struct model_findings *findings) {
    struct caex *caex = NULL;
    struct problem problem = {""};
    if (caex_create(bytes, CAEX_ANY, findings, &caex, &problem) == ERROR_NONE) return caex;
    if (model_findings_count(findings) > 0) {
        foreign_file_tell(path, findings);
        refuse("%s is not AutomationML that can be read", path);
        return NULL;
    }
    refuse("%s: %s", path, problem.text);
    return NULL;
}

int foreign_file_put(const char *path, struct text content) {
    struct problem problem = {""};
    if (path != NULL) {
        if (file_write(path, content, 0644, &problem)) return refuse("%s", problem.text);
        return EXIT_DONE;
    }
    bool whole = fwrite(content.data, 1, content.length, stdout) == content.length && fflush(stdout) == 0;
    return whole ? EXIT_DONE : refuse("standard output: %s", strerror(errno));
}
