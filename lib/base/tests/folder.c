#include "folder.h"

#include <base/file.h>

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct folder folder_make(void) {
    struct folder folder = {"/tmp/splc-test-XXXXXX"};
    if (mkdtemp(folder.path) == NULL) abort();
    return folder;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *place) {
    (void)stat, (void)type, (void)place;
    return remove(path);
}

void folder_remove(struct folder *folder) {
    nftw(folder->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

char *folder_path(const struct folder *folder, const char *name) {
    char *path = file_join(folder->path, name);
    if (path == NULL) abort();
    return path;
}

int folder_count(const struct folder *folder) {
    DIR *open_folder = opendir(folder->path);
    if (open_folder == NULL) abort();
    int count = 0;
    for (const struct dirent *entry; (entry = readdir(open_folder)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) count++;
    closedir(open_folder);
    return count;
}
