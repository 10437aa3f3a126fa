#include "testing_internal.h"

#include <base/file.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "testing: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    abort();
}

char *testing_path(const char *folder, const char *name) {
    char *path = file_join(folder, name);
    if (path == NULL) fail("out of memory");
    return path;
}

char *testing_folder(void) {
    const char *parent = getenv("TMPDIR");
    char *folder = testing_path(parent == NULL ? "/tmp" : parent, "splc-test-XXXXXX");
    if (mkdtemp(folder) == NULL) fail("cannot make the folder %s", folder);
    return folder;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status, (void)type, (void)walk;
    return remove(path);
}

void testing_remove(const char *folder) {
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
