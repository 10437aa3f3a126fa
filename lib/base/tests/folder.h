/// A folder of one test, gone with everything in it when the test ends:
/// `CLEANUP(folder_remove) struct folder folder = folder_make();`
#pragma once

struct folder {
    char path[64];
};

struct folder folder_make(void);
void folder_remove(struct folder *folder);

/// A path in the folder, for the caller to free.
char *folder_path(const struct folder *folder, const char *name);
int folder_count(const struct folder *folder); // entries, hidden ones too
